package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers/sim"
)

func newSimCommand(a *app) *cobra.Command {
	var o struct{ scenario, listen, smpp, secure, truth string }
	serve := &cobra.Command{
		Use:   "serve",
		Short: "Serve simulated carriers over HTTP and SMPP",
		Long: `Serve the simulated carriers of a scenario: over HTTP in the dialects of Twilio, of Vonage or of a small JSON gateway,
and over SMPP, with latency, limits, outages, lost answers, and receipts that are late, lost, early or forged. What truly
happened is in the truth log. The file is explained by smsctl help scenario.`,
		Example: `smsctl sim serve --scenario testdata/scenarios/calm.yaml --listen 127.0.0.1:9100
smsctl sim serve --scenario testdata/scenarios/chaos.yaml --truth truth.jsonl
smsctl sim serve --scenario testdata/scenarios/dialects.yaml --smpp 127.0.0.1:2775`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runSim(cmd.Context(), sim.ServerOptions{Listen: o.listen, SMPP: o.smpp, SMPPTLS: o.secure}, o.scenario, o.truth)
		},
	}
	serve.Flags().StringVar(&o.scenario, "scenario", "", "what the carriers do, `FILE`")
	serve.Flags().StringVar(&o.listen, "listen", "127.0.0.1:9100", "`ADDRESS` to serve HTTP at, and the truth")
	serve.Flags().StringVar(&o.smpp, "smpp", "127.0.0.1:2775", "`ADDRESS` to serve SMPP at, if a carrier speaks it")
	serve.Flags().StringVar(&o.secure, "smpp-tls", "", "`ADDRESS` to serve SMPP inside TLS at, with a certificate made for this run (default: nowhere)")
	serve.Flags().StringVar(&o.truth, "truth", "", "append what truly happened to `FILE`, as JSON lines")
	_ = serve.MarkFlagRequired("scenario")
	exits(serve, exitInput, exitInterrupted, exitTerminated)
	return verbs(a, &cobra.Command{
		Use: "sim", Short: "Simulated carriers",
		Example: "smsctl sim serve --scenario testdata/scenarios/calm.yaml",
	}, serve)
}

// runSim serves until somebody stops it.
func (a *app) runSim(ctx context.Context, o sim.ServerOptions, scenario, truth string) (err error) {
	sc, err := sim.ReadScenario(scenario)
	if err != nil {
		return fail(exitInput, "sim.scenario", "%s", oneLine(err.Error())).at("%s", scenario).fix("see: smsctl help scenario").because(err)
	}
	log := io.Discard
	if truth != "" {
		f, err := os.OpenFile(truth, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fail(exitError, "sim.truth", "the truth log cannot be written").at("%v", err).fix("name another file with --truth").because(err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		log = f
	}
	signals := watchSignals(ctx, func(int, os.Signal) {})
	defer signals.close()
	o.Scenario, o.TruthLog, o.Log, o.Now = sc, log, a.log(), a.now
	o.Ready = func(at sim.Addresses) {
		if at.SMPP != "" {
			a.say("serving SMPP at %s", at.SMPP)
		}
		if at.SMPPTLS != "" {
			a.say("serving SMPP inside TLS at %s, tls_fingerprint: %s", at.SMPPTLS, at.Fingerprint)
		}
		a.say("serving at http://%s", at.HTTP)
	}
	err = sim.Serve(signals.drain, o)
	if err != nil && !errors.Is(err, context.Canceled) {
		return fail(exitError, "sim.serve", "%s", oneLine(err.Error())).at("%s", o.Listen).
			fix("choose other addresses with --listen, --smpp and --smpp-tls").because(err)
	}
	return nil
}
