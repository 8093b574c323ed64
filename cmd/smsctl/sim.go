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
	var o struct{ scenario, listen, truth string }
	serve := &cobra.Command{
		Use:   "serve",
		Short: "Serve simulated carriers over HTTP",
		Long: `Serve the simulated carriers of a scenario over HTTP, in the dialect of Twilio or of a small JSON gateway, with
latency, limits, outages and receipts that are late, lost, early or forged. What truly happened is in the truth log.`,
		Example: `smsctl sim serve --scenario testdata/scenarios/calm.yaml --listen 127.0.0.1:9100
smsctl sim serve --scenario testdata/scenarios/chaos.yaml --truth truth.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runSim(cmd.Context(), o.scenario, o.listen, o.truth)
		},
	}
	serve.Flags().StringVar(&o.scenario, "scenario", "", "what the carriers do, `FILE`")
	serve.Flags().StringVar(&o.listen, "listen", "127.0.0.1:9100", "`ADDRESS` to serve at")
	serve.Flags().StringVar(&o.truth, "truth", "", "append what truly happened to `FILE`, as JSON lines")
	_ = serve.MarkFlagRequired("scenario")
	exits(serve, exitInput, exitInterrupted, exitTerminated)
	return verbs(a, &cobra.Command{
		Use: "sim", Short: "Simulated carriers",
		Example: "smsctl sim serve --scenario testdata/scenarios/calm.yaml",
	}, serve)
}

// runSim serves until somebody stops it.
func (a *app) runSim(ctx context.Context, scenario, listen, truth string) (err error) {
	sc, err := sim.ReadScenario(scenario)
	if err != nil {
		return fail(exitInput, "sim.scenario", "%s", oneLine(err.Error())).at("%s", scenario).fix("see: go doc ./carriers/sim").because(err)
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
	err = sim.Serve(signals.drain, sim.ServerOptions{
		Scenario: sc, Listen: listen, TruthLog: log, Log: a.log(), Now: a.now,
		Ready: func(address string) { a.say("serving at http://%s", address) },
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return fail(exitError, "sim.serve", "%s", oneLine(err.Error())).at("%s", listen).fix("choose another address with --listen").because(err)
	}
	return nil
}
