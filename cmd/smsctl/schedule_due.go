package main

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
	"github.com/smsctl/smsctl/carriers"
)

// dueTick is how often a look at the clock is repeated while campaigns run that the first has begun: a systemd unit that
// is still active is not started again.
const dueTick = 15 * time.Second

// crew are campaigns that one process sends side by side, under one listener.
type crew struct {
	*session
	drain, abort context.Context //nolint:containedctx // of the process, given once
	v            *runOptions

	callback func(carrier, ref string) string
	stop     func() error  // ends the listener; nil before the first campaign
	ended    chan struct{} // one of them has: rings once for several
	all      sync.WaitGroup
	mu       sync.Mutex
	n        int
}

// launch is the scheduler's: the campaign is sent by this process.
func (w *crew) launch(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, ended func(error)) {
	if w.stop == nil {
		stop, callback, err := w.listen(context.WithoutCancel(ctx))
		if err != nil {
			ended(w.giveBack(ctx, c, lease, err))
			return
		}
		w.stop, w.callback = stop, callback
	}
	log := w.logTo(fileName(c.Name))
	w.count(1)
	w.all.Go(func() {
		ended(w.attend(c, lease, log))
		w.count(-1)
	})
}

func (w *crew) count(by int) (now int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n += by; by < 0 {
		select {
		case w.ended <- struct{}{}:
		default: // it rings already
		}
	}
	return w.n
}

// attend sends one campaign to its end.
func (w *crew) attend(c *campaign.Campaign, lease campaign.Lease, log *slog.Logger) error {
	gates, err := w.gates(c)
	if err != nil {
		return w.giveBack(context.WithoutCancel(w.drain), c, lease, err)
	}
	quotas, err := w.cfg.quotas(c)
	if err != nil {
		return w.giveBack(context.WithoutCancel(w.drain), c, lease, err)
	}
	r := &campaign.Runner{
		Windows: gates, Quotas: quotas, Interrupted: left, // whoever looks next, or serve, goes on
		Store: w.store, Campaign: c, Lease: lease.Token, Carriers: namedCarriers(w.carriers, c.Settings.Carriers), Routing: w.cfg.Routing.options(),
		Callback: w.callback, Hears: w.hears, Now: w.now, Log: log, DrainTimeout: w.v.drainTimeout, NoWait: w.v.noWait, Wait: w.v.wait,
		Notify: func(e campaign.Event) { log.LogAttrs(context.Background(), slog.LevelInfo, e.Kind, e.Attrs...) },
	}
	if _, err := r.Run(w.drain, w.abort); err != nil {
		return w.broken(c, err)
	}
	return nil
}

// namedCarriers are those of some names, all for none.
func namedCarriers(all []carriers.Carrier, names []string) []carriers.Carrier {
	if len(names) == 0 {
		return all
	}
	var some []carriers.Carrier
	for _, c := range all {
		for _, name := range names {
			if c.Info().Name == name {
				some = append(some, c)
			}
		}
	}
	return some
}

// runDue looks at the clock, sends what is due, and stays until that has ended; meanwhile it looks again.
func (s *session) runDue(ctx context.Context, v *runOptions) (err error) {
	v.signals = watchSignals(ctx, s.noteSignal(v))
	defer v.signals.close()
	w := &crew{session: s, drain: v.signals.drain, abort: v.signals.abort, v: v, ended: make(chan struct{}, 1)}
	out, err := s.newDueReport()
	if err != nil {
		return err
	}
	e := &scheduler{session: s, by: "schedule run --due", launch: w.launch, tell: out.tell}
	for {
		if err := e.tick(v.signals.drain); err != nil && v.signals.drain.Err() == nil {
			out.failed(err)
		}
		if w.count(0) == 0 || v.signals.drain.Err() != nil {
			break
		}
		select {
		case <-w.ended:
		case <-time.After(dueTick):
		case <-v.signals.drain.Done():
		}
	}
	w.all.Wait()
	if w.stop != nil {
		if err := w.stop(); err != nil {
			out.failed(err)
		}
	}
	if code := v.signals.exitCode(); code != exitOK {
		out.worst(code)
	}
	return out.end()
}

// dueReport prints a line for everything that becomes of a run, and keeps the worst exit code.
type dueReport struct {
	*session
	out  *events // nil without --json
	mu   sync.Mutex
	code exitCode
	err  error // of writing, or of the database
}

func (s *session) newDueReport() (*dueReport, error) {
	d := &dueReport{session: s}
	if !s.wantsJSON() {
		return d, nil
	}
	var err error
	d.out, err = s.newEvents(map[string]any{"profile": s.flags.profile, "mode": s.mode})
	return d, err
}

// severity orders exit codes for a command that has several: what needs somebody comes before what comes right by itself.
func severity(c exitCode) int {
	for i, code := range []exitCode{exitOK, exitPending, exitPartial, exitLocked, exitNoRoute, exitGuard, exitUnconfirmed, exitState, exitNotFound,
		exitInput, exitUsage, exitConfig, exitError, exitTerminated, exitInterrupted} {
		if c == code {
			return i
		}
	}
	return int(exitError)
}

func (d *dueReport) worst(c exitCode) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if severity(c) > severity(d.code) {
		d.code = c
	}
}

func (d *dueReport) failed(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = cmp.Or(d.err, err)
}

// codeOf is what a run that has come so far ends the command with. A missed run is a partial result, unless it was missed
// because somebody wants that.
func codeOf(t told) exitCode {
	switch {
	case t.Verb == verbStuck:
		return exitGuard
	case t.Verb == string(schedule.Missed) && t.Schedule.Paused == "":
		return exitPartial
	}
	return exitCode(t.Run.ExitCode)
}

func (d *dueReport) tell(t told) {
	d.worst(codeOf(t))
	reason := d.reasonOf(t)
	d.logRun(t, reason)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.out != nil {
		d.err = cmp.Or(d.err, d.out.emit("run", d.runEvent(t, reason)))
		return
	}
	name := schedule.CampaignName(t.Schedule.Name, t.Run.Slot)
	d.err = cmp.Or(d.err, d.printf("%s  %-32s  %-8s  %s\n", d.now().In(d.zone).Format(time.DateTime), name, t.Verb, d.hide(reason)))
}

func (d *dueReport) end() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	if d.out != nil {
		if err := d.out.emit("summary", map[string]any{"exit_code": d.code}); err != nil {
			return err
		}
	}
	return exitWith(d.code)
}
