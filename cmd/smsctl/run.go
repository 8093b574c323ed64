package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/tui"
)

// runOptions are the flags of every command that lets a campaign run.
type runOptions struct {
	wait         time.Duration
	noWait       bool
	drainTimeout time.Duration
	progress     string
	every        time.Duration
	reports      []string
	reconcile    bool // send nothing, only ask
	noBell       bool
	detach       bool // send in a worker
	signals      *interrupts
}

// defaultDrain is how long submits under way may take when a campaign is stopped.
const defaultDrain = 15 * time.Second

func (v *runOptions) register(f *pflag.FlagSet) {
	f.DurationVar(&v.wait, "wait", 0, "wait for receipts at most this `TIME` (default: until their deadlines)")
	f.BoolVar(&v.noWait, "no-wait", false, "return when nothing is left to send; receipts are not waited for")
	f.DurationVar(&v.drainTimeout, "drain-timeout", defaultDrain, "when stopped, let submits under way finish for this `TIME`")
	v.registerView(f)
	f.StringArrayVar(&v.reports, "report", nil, "write a report to `FILE` at the end, type from its extension; repeatable")
}

// registerView adds the flags of every command that shows a campaign.
func (v *runOptions) registerView(f *pflag.FlagSet) {
	f.Var(newEnum(&v.progress, viewAuto, viewAuto, viewTUI, viewPlain, viewNone), "progress", "auto (a screen on a terminal), tui, plain, none")
	f.DurationVar(&v.every, "interval", 0, "`TIME` between two lines of progress (default: 10s, 30s in CI)")
	f.BoolVar(&v.noBell, "no-bell", false, "do not ring when a screen closes because the campaign has ended")
}

// interval is how often something that takes long says how far it is: CI systems end jobs that are silent.
func (a *app) interval() time.Duration {
	if v := a.env.get("CI"); v != "" && v != "false" {
		return 30 * time.Second
	}
	return 10 * time.Second
}

// run lets a campaign run under its lease, with listener and progress, and ends with its summary.
func (s *session) run(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, v *runOptions) error {
	s.newLog(fileName(c.Name))
	p, err := s.newProgress(c, v)
	if err != nil {
		return s.giveBack(ctx, c, lease, err)
	}
	stopListening, callback, err := s.listen(ctx)
	if err != nil {
		return errors.Join(err, s.store.Release(ctx, c.ID, lease.Token, campaign.Paused, "the listener could not start"))
	}
	gates, err := s.gates(c)
	if err != nil {
		return s.giveBack(ctx, c, lease, errors.Join(err, stopListening()))
	}
	quotas, err := s.cfg.quotas(c)
	if err != nil {
		return s.giveBack(ctx, c, lease, errors.Join(err, stopListening()))
	}
	r := &campaign.Runner{
		Windows: gates, Quotas: quotas,
		Store: s.store, Campaign: c, Lease: lease.Token, Carriers: s.carriers, Routing: s.cfg.Routing.options(), Callback: callback, Hears: s.hears,
		Now: s.now, Log: s.log(),
		Notify: p.event, DrainTimeout: v.drainTimeout, NoWait: v.noWait, Wait: v.wait,
		Reconcile: v.reconcile,
	}
	collectAsUsual := s.collectRarely()
	defer collectAsUsual()
	p.begin()
	end, err := s.send(c, v, r, p)
	p.end()
	if stop := stopListening(); err == nil {
		err = stop
	}
	if err != nil {
		return s.broken(c, err)
	}
	if v.signals.detaching() && end.Cause == campaign.CauseInterrupted {
		return s.handOver(context.WithoutCancel(ctx), c, v, s.carrierNames())
	}
	if end.Cause != campaign.CauseInterrupted {
		if err := s.settleScrub(ctx); err != nil {
			s.log().Error("the database cannot be rewritten", "error", err)
		}
	}
	s.ring(v, end.Cause != campaign.CauseInterrupted)
	p.ended(end)
	return s.conclude(ctx, c, v, end)
}

// send lets the runner run under the view that was chosen. None of them can hold it up: a screen draws by itself, and
// lines and events go through buffers while it runs.
func (s *session) send(c *campaign.Campaign, v *runOptions, r *campaign.Runner, p *progress) (end campaign.End, err error) {
	if p.view != viewTUI {
		coupleOut, coupleErr := s.stdout.decouple(), s.stderr.decouple()
		defer coupleErr()
		defer coupleOut()
		return r.Run(v.signals.drain, v.signals.abort)
	}
	model := tui.NewDashboard(s.screenOptions(), s.subject(c, v.signals, r.Vitals))
	s.onScreen(context.WithoutCancel(v.signals.abort), model, func() { end, err = r.Run(v.signals.drain, v.signals.abort) })
	return end, err
}

func (s *session) carrierNames() []string {
	names := make([]string, len(s.carriers))
	for i, c := range s.carriers {
		names[i] = c.Info().Name
	}
	return names
}

// collectRarely lets garbage grow to some tens of megabytes while a campaign runs. What is alive is the few messages under
// way, and going through it whenever it has doubled takes a tenth of all there is to spend.
func (s *session) collectRarely() (restore func()) {
	if s.env.get("GOGC") != "" {
		return func() {}
	}
	was := debug.SetGCPercent(400)
	return func() { debug.SetGCPercent(was) }
}

// broken explains an end that nobody wanted: what is durable, and how to go on.
func (s *session) broken(c *campaign.Campaign, err error) error {
	if errors.Is(err, campaign.ErrLeaseLost) {
		return fail(exitLocked, "campaign.taken_over", "another process has taken campaign %s over", c.Name).
			at("this one was suspended or the machine slept").fix("smsctl campaign show %s", c.Name).because(err)
	}
	var known *cliError
	if err = storeError(err, s.store.Path()); errors.As(err, &known) {
		return err
	}
	return fail(exitError, "campaign.stopped", "campaign %s stopped: %s", c.Name, oneLine(err.Error())).
		at("everything sent so far is recorded").fix("smsctl campaign resume %s", c.Name).because(err)
}

// conclude prints the summary and turns the end into the exit code.
func (s *session) conclude(ctx context.Context, c *campaign.Campaign, v *runOptions, end campaign.End) error {
	fresh, err := s.store.Campaign(context.WithoutCancel(ctx), c.ID)
	if err != nil {
		return err
	}
	result := s.summary(context.WithoutCancel(ctx), fresh, v, end.Status)
	if code := v.signals.exitCode(); code != exitOK && end.Cause == campaign.CauseInterrupted {
		return exitWith(code)
	}
	switch end.Cause {
	case campaign.CauseBudget, campaign.CauseGuard:
		return s.paused(exitGuard, string(end.Cause)+".tripped", fresh, end)
	case campaign.CauseNoRoute:
		return s.paused(exitNoRoute, "carrier.none", fresh, end)
	case campaign.CauseAuth:
		return s.paused(exitConfig, "carrier.auth", fresh, end)
	}
	return result
}

func (s *session) paused(code exitCode, key string, c *campaign.Campaign, end campaign.End) error {
	return fail(code, key, "campaign %s is paused: %s", c.Name, end.Reason).at("nothing is lost, the rest is queued").
		fix("smsctl campaign resume %s", c.Name).with("campaign", c.PublicID)
}

// summary prints what became of the campaign so far and returns its exit code: as the last event of a JSON stream, else
// for people, on the normal screen.
func (s *session) summary(ctx context.Context, c *campaign.Campaign, v *runOptions, _ campaign.Status) error {
	r, err := s.store.Report(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, path := range v.reports {
		if err := s.writeReport(ctx, c, path); err != nil {
			return err
		}
	}
	code := exitCode(r.ExitCode)
	if s.wantsJSON() {
		stream, err := s.stream(c)
		if err != nil {
			return err
		}
		if err := stream.emit("summary", r); err != nil {
			return err
		}
		return exitWith(code)
	}
	if err := r.WriteText(s.stdout, s.reportStyle()); err != nil {
		return err
	}
	return exitWith(code)
}

// stream is the command's one JSON stream, begun when first needed.
func (s *session) stream(c *campaign.Campaign) (*events, error) {
	if s.out != nil {
		return s.out, nil
	}
	var err error
	s.out, err = s.newEvents(map[string]string{"campaign_id": c.PublicID, "campaign": c.Name})
	return s.out, err
}

// wish writes what a person wants of a campaign, with who and where from.
func (s *session) wish(ctx context.Context, c *campaign.Campaign, d campaign.Desired, action, detail string) error {
	return s.store.Wish(ctx, c.ID, s.wishOf(d, action, detail))
}

func (s *session) actor() string {
	for _, name := range []string{"SUDO_USER", "USER", "USERNAME"} {
		if v := s.env.get(name); v != "" {
			return v + "@" + hostname()
		}
	}
	return fmt.Sprintf("uid %d@%s", os.Getuid(), hostname())
}

func (s *session) wishOf(d campaign.Desired, action, detail string) store.Wish {
	return store.Wish{Actor: s.actor(), Action: action, Detail: detail, Desired: d}
}

// noteSignal says what happens to messages under way when somebody stops the program.
func (a *app) noteSignal(v *runOptions) func(int, os.Signal) {
	return func(n int, _ os.Signal) {
		if n == 1 && v.signals.detaching() {
			return
		}
		if n == 1 {
			a.warn("Stopping: no new messages. Submits under way may finish for up to %s. Once more to abort now.", shortDuration(v.drainTimeout))
			return
		}
		a.warn("Aborting: submits under way are marked unknown and will not be sent again on their own.")
	}
}

// reportStyle is how reports look on this stream.
func (s *session) reportStyle() report.Style {
	return report.Style{Width: s.stdout.width(), ASCII: s.ascii, Zone: s.zone}
}

// writeReport writes what `report -o FILE` would.
func (s *session) writeReport(ctx context.Context, c *campaign.Campaign, path string) error {
	o := reportOptions{out: path, table: "summary"}
	table, format, err := s.reportShape(&o)
	if err != nil {
		return err
	}
	r := reporter{session: s, o: &o, table: table, format: format}
	if err := r.find(ctx, []string{c.PublicID}); err != nil {
		return err
	}
	return r.write(ctx)
}
