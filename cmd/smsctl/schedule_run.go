package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
)

func newScheduleRunCommand(a *app) *cobra.Command {
	var v runOptions
	var due, simulate bool
	cmd := &cobra.Command{
		Use: "run [NAME]", Short: "Send what is due (--due), or one schedule now", Args: cobra.MaximumNArgs(1),
		Long: `Send what is due (--due), or one schedule now.

--due looks at the clock once: it sends every run whose time has come, says why others were missed, goes on with what a
process has left that is gone, and returns when all of that has ended. Any number of processes may do so at any time: each
run is sent once. It prints a line for each thing that becomes of a run and nothing otherwise, and exits with the worst
code, 3 if a run was missed. Meant for cron and systemd: smsctl schedule install.

With a NAME it is a run of its own, NAME@ and the time in seconds, whatever --cron says. --max-growth does not hold for it.`,
		Example: "smsctl schedule run --due\nsmsctl schedule run dunning",
		RunE: func(cmd *cobra.Command, args []string) error {
			if due == (len(args) == 1) {
				return fail(exitUsage, "usage.run_what", "say what to run: a schedule's name, or --due").at("%d names, --due=%t", len(args), due).
					fix("smsctl schedule run --due")
			}
			if due && (len(v.reports) > 0 || v.progress != viewAuto) {
				return fail(exitUsage, "usage.due_has_no_view", "--due prints a line for each run, and no other view").at("--progress or --report was given").
					fix("smsctl report NAME@TIME -o FILE, when it has ended")
			}
			return a.withSchedules(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				if due {
					return s.runDue(ctx, &v)
				}
				return s.runByHand(ctx, args[0], &v)
			})
		},
	}
	cmd.Flags().BoolVar(&due, "due", false, "everything whose time has come, of all schedules")
	v.register(cmd.Flags())
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitInput, exitGuard, exitNoRoute, exitUnconfirmed, exitNotFound, exitLocked, exitState, exitInterrupted, exitTerminated)
}

// runByHand sends a schedule now, on the screen, as send does.
func (s *session) runByHand(ctx context.Context, name string, v *runOptions) error {
	if _, err := s.chooseView(v.progress); err != nil {
		return err
	}
	sc, err := s.scheduleNamed(ctx, name)
	if err != nil {
		return err
	}
	o, err := readOptions(sc.Flags)
	if err != nil {
		return err
	}
	if err := s.useCarriers(ctx, o.carriers); err != nil {
		return err
	}
	if err := s.mayAsk(o); err != nil {
		return err
	}
	if err := s.notBusy(ctx, sc); err != nil {
		return err
	}
	v.signals = watchSignals(ctx, s.noteSignal(v))
	defer v.signals.close()
	now := s.now().In(mustLoad(sc))
	lease := s.newLease()
	slot := schedule.Slot{Name: now.Format("2006-01-02T15:04:05"), At: now}
	claimed, err := s.store.RunByHand(ctx, sc, schedule.Verdict{Slot: slot, State: schedule.Claimed, Reason: "by " + s.actor(), Slots: 1}, lease)
	if err != nil {
		return err
	}
	if !claimed {
		return fail(exitLocked, "schedule.busy", "a run of %s has been started this second", name).at("%s", slot.Name).fix("smsctl schedule show %s", name)
	}
	r, err := s.store.Run(ctx, sc.ID, slot.Name)
	if err != nil {
		return err
	}
	c, err := s.handRun(v.signals.drain, sc, r, o, lease)
	if err != nil {
		known := s.asCLIError(err)
		r.State, r.Reason, r.Code, r.ExitCode = schedule.Failed, known.Error(), known.Code, int(known.Exit)
		return errors.Join(err, s.store.EndRun(context.WithoutCancel(ctx), r, lease.Token))
	}
	err = s.run(ctx, c, lease, v)
	e := &scheduler{session: s, tell: func(told) {}}
	return errors.Join(err, e.ended(context.WithoutCancel(ctx), sc, r, c.ID))
}

// handRun imports the list, shows the plan and asks.
func (s *session) handRun(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, o *sendOptions, lease campaign.Lease) (_ *campaign.Campaign, err error) {
	o.name = schedule.CampaignName(sc.Name, r.Slot)
	l, err := s.openList(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	c, in, err := s.importRun(ctx, sc, r, o, l, lease)
	if err != nil {
		return nil, err
	}
	if !s.wantsJSON() && !s.flags.quiet {
		if err := s.printPlan(s.stderr, o, l, c, in); err != nil {
			return nil, errors.Join(err, s.discard(c))
		}
	}
	err = s.whileHolding(ctx, c, lease, func() error { return s.confirmSend(ctx, in.Eligible(), in.cost) })
	if err == nil {
		err = s.store.StartRun(ctx, r.ID, lease.Token, c.ID, in.Eligible())
	}
	if err != nil {
		return nil, errors.Join(err, s.discard(c))
	}
	c, _, err = s.ready(ctx, c, lease)
	return c, err
}

// notBusy refuses a run while another of the schedule is not done.
func (s *session) notBusy(ctx context.Context, sc *schedule.Schedule) error {
	open, err := s.store.OpenRuns(ctx, sc.ID)
	if err != nil || len(open) == 0 {
		return err
	}
	r := open[0]
	c, err := s.store.CampaignByIdentity(ctx, runIdentity(sc, r.Slot))
	if err == nil && final(c.Status) {
		return nil // the next look at the clock closes it
	}
	name := schedule.CampaignName(sc.Name, r.Slot)
	return fail(exitState, "schedule.busy", "%s is not done: nothing was sent", name).at("%s since %s", r.State, s.localTime(r.ClaimedAt)).
		fix("wait for it, or: smsctl campaign cancel %s", name)
}

func mustLoad(sc *schedule.Schedule) *time.Location {
	if t, err := sc.Timing(); err == nil {
		return t.Zone
	}
	return time.UTC
}
