package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/smsctl/smsctl/campaign"
)

type serveOptions struct {
	dlrAddr, publicURL, metricsAddr string
	noWorkers, noScheduler          bool
	drainTimeout                    time.Duration
	grafana                         bool
}

func newServeCommand(a *app) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use: "serve", Short: "Run as a service: an API, schedules, receipts, campaigns in the background, health and metrics", Args: cobra.NoArgs,
		Long: `Run as a service, in the foreground and without a screen, until it is stopped. It listens for receipts and inbound
messages, holds the carriers' own connections, and takes up every campaign that is meant to be sent and that nobody
sends: detached ones, those whose process has died, and those that it has left itself when it was stopped. It looks at
the clock and begins the runs of schedules that are due. Others may send and look at the clock beside it: they share its
listener and the carriers' limits, and each run is sent once.

With api.listen other programs send by it: one message or a list, answered 2xx when it is durable; the contract is at
/v1/openapi.json.

/healthz, /readyz and /metrics (Prometheus) are at serve.metrics. Under systemd it tells when it is ready, and that it
is alive (Type=notify, WatchdogSec). Stopped by Ctrl-C or SIGTERM, it lets submits under way finish; a second one cuts
them off. See: smsctl help service.`,
		Example: `smsctl serve
smsctl serve --dlr-addr 127.0.0.1:8025 --public-url https://sms.example.com
smsctl serve --grafana > dashboard.json      # for Grafana: Dashboards, New, Import`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.grafana {
				return a.printf("%s", grafanaDashboard)
			}
			return a.serve(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.dlrAddr, "dlr-addr", "", "listen for receipts at this `ADDRESS` (default: receipts.listen)")
	f.StringVar(&o.publicURL, "public-url", "", "that listener's `URL` as carriers reach it (default: receipts.public_url)")
	f.StringVar(&o.metricsAddr, "metrics-addr", "", "`ADDRESS` of /metrics, /healthz and /readyz, or none (default: serve.metrics)")
	f.BoolVar(&o.noScheduler, "no-scheduler", false, "begin no runs of schedules")
	f.BoolVar(&o.noWorkers, "no-workers", false, "take up no campaigns")
	f.DurationVar(&o.drainTimeout, "drain-timeout", defaultDrain, "when stopped, let submits under way finish for this `TIME`")
	f.BoolVar(&o.grafana, "grafana", false, "print a dashboard for Grafana and exit")
	return exits(cmd, exitLocked, exitInterrupted, exitTerminated)
}

// service is a running `serve`.
type service struct {
	*session
	o       *serveOptions
	signals *interrupts
	keeper  *keeper
	orders  *orders // nil without api.listen
	health  *health
	metrics *metrics
	notify  notifier
}

// serve runs until a signal comes. What was begun first ends last: the store, the listener, the carriers' connections,
// the campaigns, the ways in.
func (a *app) serve(ctx context.Context, o *serveOptions) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if cfg.simulated() {
		return fail(exitConfig, "serve.no_config", "serve needs a config: a service must know its carriers and addresses").
			at("no config file").fix("smsctl init, then smsctl serve --config FILE")
	}
	if err := o.apply(cfg); err != nil {
		return err
	}
	return a.withSession(ctx, false, func(ctx context.Context, s *session) error {
		s.newLog("serve")
		if err := s.useCarriers(ctx, nil); err != nil {
			return err
		}
		v := &service{session: s, o: o, health: newHealth(s.now), notify: newNotifier(s.env)}
		v.signals = watchSignals(ctx, v.noteSignal)
		defer v.signals.close()
		if err := v.run(ctx); err != nil {
			return err
		}
		return exitWith(v.signals.exitCode())
	})
}

// apply puts the flags over the config.
func (o *serveOptions) apply(cfg *config) error {
	bad := func(flag, value string, err error, fix string) error {
		return fail(exitUsage, "usage.bad_value", "--%s: %s", flag, err).at("--%s %s", flag, value).fix("--%s %s", flag, fix)
	}
	if o.dlrAddr != "" {
		if err := cfg.Receipts.Listen.UnmarshalText([]byte(o.dlrAddr)); err != nil {
			return bad("dlr-addr", o.dlrAddr, err, defaultListen)
		}
	}
	if o.publicURL != "" {
		if err := cfg.Receipts.PublicURL.UnmarshalText([]byte(o.publicURL)); err != nil {
			return bad("public-url", o.publicURL, err, "https://sms.example.com")
		}
	}
	if o.metricsAddr != "" {
		if err := cfg.Serve.Metrics.UnmarshalText([]byte(o.metricsAddr)); err != nil {
			return bad("metrics-addr", o.metricsAddr, err, defaultMetrics)
		}
	}
	return nil
}

func (v *service) noteSignal(n int, _ os.Signal) {
	if n == 1 {
		v.health.stopping()
		v.notify.say("STOPPING=1")
		v.warn("Stopping: nothing new. Submits under way may finish for up to %s. Once more to abort now.", shortDuration(v.o.drainTimeout))
		return
	}
	v.warn("Aborting: submits under way are marked unknown and will not be sent again on their own.")
}

// run begins everything in the order of what needs what, and waits.
func (v *service) run(ctx context.Context) (err error) {
	collectAsUsual := v.collectRarely()
	defer collectAsUsual()
	held := context.WithoutCancel(ctx) // what must outlast the campaigns
	stopListening, callback, err := v.listen(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopListening()) }()
	stopSessions := v.holdSessions(held)
	defer stopSessions()

	v.keeper = newKeeper(v, callback)
	v.metrics = newMetrics(v)
	g, gctx := errgroup.WithContext(v.signals.drain)
	stopOps, err := v.serveOps(held)
	if err != nil {
		return err
	}
	defer stopOps()
	stopAPI, err := v.serveAPI(held)
	if err != nil {
		return err
	}
	if err := v.announceService(ctx); err != nil {
		stopAPI()
		return err
	}
	g.Go(func() error { return ended(v.health.watch(gctx, v)) })
	g.Go(func() error { return v.keeper.run(gctx, v.signals.abort) })
	if !v.o.noScheduler {
		g.Go(func() error { return v.keepSchedules(gctx) })
	}
	g.Go(func() error { return v.keepScrubbed(gctx) })
	if v.orders != nil {
		g.Go(func() error { return v.orders.keep(gctx) })
	}
	g.Go(func() error { <-gctx.Done(); stopAPI(); return nil }) // first of all: nothing new comes in
	v.notify.say("READY=1")
	err = g.Wait()
	return errors.Join(err, v.conclude())
}

// ended is nil for a part that stopped because it was told to.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// conclude says how the service ended.
func (v *service) conclude() error {
	if v.wantsJSON() {
		return v.out.emit("summary", map[string]any{"campaigns": v.keeper.taken.Load(), "uptime_s": v.health.uptime().Seconds()})
	}
	v.say("Stopped. Nothing is lost: the next smsctl serve goes on.")
	return nil
}

// left is in which state a campaign is left when the service stops: as one that the next service takes up.
const left = campaign.Running
