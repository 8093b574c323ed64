package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
	"github.com/smsctl/smsctl/store"
)

// scheduler runs what is due. One look at the clock is tick: any number of processes may look at any time, and each slot
// is run once.
//
//	slot ──Decide──> missed (with its reason), queued, or
//	     claimed ──import──> started (its campaign exists) ──launch──> done
//
// Every arrow is a commit. A process that dies leaves the run where it was: the next look finds the claim of a process
// that is gone and goes on from there. What was imported but not started is imported again, what was started is resumed
// by its rows, and the campaign's name is taken once: none of it can be sent twice.
type scheduler struct {
	*session
	by     string // who looks at the clock, for doctor
	served bool   // launch leaves campaigns to somebody who goes on with them by himself, whatever dies

	// launch lets a campaign run that is ready to be sent, under its lease, and returns at once. ended is called when the
	// run has ended, from any goroutine; whoever gives the campaign to somebody else does not call it, and a later look
	// finds how it ended.
	launch func(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, ended func(error))
	// tell is called with everything that becomes of a run, from any goroutine.
	tell func(told)
}

// told is what has become of a run.
type told struct {
	Schedule *schedule.Schedule
	Run      schedule.Run
	Verb     string // a state, or one of the words below
	Err      error  // why it failed or does not go on
}

// What is told of a run beside its states.
const (
	verbResumed     = "resumed"
	verbInterrupted = "interrupted" // with its process: the next look goes on
	verbStuck       = "stuck"
)

// tick decides about every slot that has come, and begins what is to be run. It returns when all of that has been handed
// to launch; an error is one of the database, what happens to a run is told.
func (e *scheduler) tick(ctx context.Context) error {
	if err := e.store.Ticked(ctx, store.Tick{At: e.now().UTC(), By: e.by, PID: e.newLease().PID}); err != nil {
		return err
	}
	all, err := e.store.Schedules(ctx, e.mode, e.flags.profile)
	if err != nil {
		return err
	}
	var errs []error
	for _, sc := range all { // what is wrong with one does not hold the others up
		if err := e.look(ctx, sc); err != nil {
			errs = append(errs, fmt.Errorf("schedule %s: %w", sc.Name, err))
		}
	}
	return errors.Join(errs...)
}

// look is a tick of one schedule.
func (e *scheduler) look(ctx context.Context, sc *schedule.Schedule) error {
	timing, err := sc.Timing()
	if err != nil {
		return err // it was checked when it was added: the zone has gone from the system
	}
	look, err := e.survey(ctx, sc)
	if err != nil {
		return err
	}
	now := e.now()
	look.Now = now
	lease := e.newLease()
	verdicts := sc.Decide(timing, look)
	decided, err := e.store.Decided(ctx, sc, now, verdicts, lease)
	if err != nil || !decided {
		return err
	}
	for _, v := range verdicts {
		run := schedule.Run{ScheduleID: sc.ID, Slot: v.Name, DueAt: v.At, State: v.State, Reason: v.Reason, Slots: v.Slots}
		switch v.State {
		case schedule.Claimed:
			if err := e.begin(ctx, sc, v.Name, lease); err != nil {
				return err
			}
		case schedule.Queued:
			e.tell(told{Schedule: sc, Run: run, Verb: "queued"})
		default:
			e.tell(told{Schedule: sc, Run: run, Verb: "missed"})
		}
	}
	return nil
}

// survey goes through the runs that are not decided: it takes over what a process has left behind, closes what has ended,
// and says what is in the way of the next.
func (e *scheduler) survey(ctx context.Context, sc *schedule.Schedule) (look schedule.Look, err error) {
	runs, err := e.store.OpenRuns(ctx, sc.ID)
	if err != nil {
		return look, err
	}
	for _, r := range runs {
		switch {
		case r.State == schedule.Queued && look.Running != "":
			look.Waiting = r.Slot
		case r.State == schedule.Queued:
			look.Running, err = r.Slot, e.fromQueue(ctx, sc, r)
		default:
			var busy bool
			if busy, err = e.visit(ctx, sc, r); busy {
				look.Running = r.Slot
			}
		}
		if err != nil {
			return look, err
		}
	}
	return look, nil
}

// fromQueue begins a run whose time has come when the one before was not done.
func (e *scheduler) fromQueue(ctx context.Context, sc *schedule.Schedule, r *schedule.Run) error {
	if sc.Paused != "" {
		return e.end(ctx, sc, r, "", schedule.Missed, sc.Paused)
	}
	lease := e.newLease()
	if claimed, err := e.store.ClaimRun(ctx, r, lease); err != nil || !claimed {
		return err
	}
	return e.begin(ctx, sc, r.Slot, lease)
}

// end closes a run.
func (e *scheduler) end(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, token string, state schedule.RunState, reason string) error {
	r.State, r.Reason = state, reason
	err := e.store.EndRun(ctx, r, token)
	if errors.Is(err, campaign.ErrLeaseLost) {
		return nil // another process was faster
	}
	if err == nil {
		e.tell(told{Schedule: sc, Run: *r, Verb: string(state)})
	}
	return err
}

// claimTime is how long a claim holds without a campaign: what is done meanwhile is reading the list's header. A process
// that takes longer and wakes up again finds the campaign's name taken.
const claimTime = 2 * time.Minute

// claimant says whether the process that has claimed a run may still be at it.
func (e *scheduler) claimant(r *schedule.Run) bool {
	return e.now().Sub(r.ClaimedAt) < claimTime && !gone(campaign.Lease{Host: r.Host, PID: r.PID})
}

// visit looks at a run that some process has taken. It returns whether the run is in the way of the next.
func (e *scheduler) visit(ctx context.Context, sc *schedule.Schedule, r *schedule.Run) (busy bool, err error) {
	c, err := e.store.CampaignByIdentity(ctx, runIdentity(sc, r.Slot))
	if errors.Is(err, campaign.ErrNotFound) {
		if e.claimant(r) {
			return true, nil
		}
		return e.takeOver(ctx, sc, r, nil)
	}
	switch {
	case err != nil:
		return false, err
	case e.alive(c):
		return e.sending(ctx, c)
	case c.Status == campaign.Importing:
		return e.takeOver(ctx, sc, r, c)
	case c.Status == campaign.Completed, c.Status == campaign.Incomplete, c.Status == campaign.Stopped:
		return false, e.conclude(ctx, sc, r, c)
	case c.Status == campaign.Waiting && c.Desired == campaign.WantRun:
		if at, ok, err := e.store.NextDue(ctx, c.ID); err != nil || ok && at.After(e.now()) {
			return true, err
		}
	case c.Desired != campaign.WantRun, c.Status == campaign.Paused:
		e.tell(told{Schedule: sc, Run: *r, Verb: verbStuck, Err: e.standing(c)})
		return true, nil
	case c.Status == campaign.Planned && c.StartedAt.IsZero():
		return e.takeOver(ctx, sc, r, c)
	case e.served && c.Status != campaign.Planned:
		return e.sending(ctx, c)
	}
	return true, e.goOn(ctx, sc, r, c)
}

// sending says whether a campaign that somebody has in hand, or will have, is in the way of the next run. One of which
// everything is sent is not: receipts may be waited for for days.
func (e *scheduler) sending(ctx context.Context, c *campaign.Campaign) (bool, error) {
	if c.Status != campaign.Running && c.Status != campaign.Settling {
		return true, nil
	}
	n, err := e.store.Counts(ctx, c.ID)
	return err != nil || n.Queued+n.Sending > 0, err
}

// takeOver begins a run again that a process has left before anything was sent, unless it is too late for that now.
func (e *scheduler) takeOver(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, c *campaign.Campaign) (busy bool, err error) {
	late := e.now().Sub(r.BegunAt)
	lease := e.newLease()
	if claimed, err := e.store.ClaimRun(ctx, r, lease); err != nil || !claimed {
		return true, err
	}
	if c != nil {
		err := e.takeOverImport(ctx, c, lease)
		if errors.Is(err, campaign.ErrLeased) || errors.Is(err, campaign.ErrState) {
			return true, nil // somebody was faster
		}
		if err != nil {
			return true, err
		}
	}
	if r.Manual || sc.TooLate(late) {
		return false, e.end(ctx, sc, r, lease.Token, schedule.Missed,
			fmt.Sprintf("its process ended before anything was sent, which was found %s later", late.Round(time.Second)))
	}
	return true, e.begin(ctx, sc, r.Slot, lease)
}

// goOn resumes a campaign whose process is gone.
func (e *scheduler) goOn(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, c *campaign.Campaign) error {
	lease := e.newLease()
	if _, err := e.store.Acquire(ctx, c.ID, lease, gone); err != nil {
		if errors.Is(err, campaign.ErrLeased) {
			return nil
		}
		return err
	}
	claimed, err := e.store.ClaimRun(ctx, r, lease)
	if err == nil && claimed {
		r.Token, r.CampaignID = lease.Token, c.ID
		err = e.store.StartRun(ctx, r.ID, lease.Token, c.ID, r.Recipients)
	}
	if err != nil || !claimed {
		return e.giveBack(ctx, c, lease, err)
	}
	if _, err := e.with(ctx, c.Settings.Carriers); err != nil {
		return e.giveBack(ctx, c, lease, err)
	}
	ready, lease, err := e.ready(ctx, c, lease)
	if err != nil {
		return e.giveBack(ctx, c, lease, err)
	}
	e.start(ctx, sc, r, ready, lease, verbResumed)
	return nil
}

// start hands a campaign over to be run, and closes its run when it has ended.
func (e *scheduler) start(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, c *campaign.Campaign, lease campaign.Lease, verb string) {
	r.State = schedule.Started
	e.tell(told{Schedule: sc, Run: *r, Verb: verb})
	e.launch(ctx, c, lease, func(err error) {
		r.Token = lease.Token
		if err == nil {
			err = e.ended(context.WithoutCancel(ctx), sc, r, c.ID)
		}
		if err != nil { // the run is still open: the next look goes on with it
			e.tell(told{Schedule: sc, Run: *r, Verb: verbStuck, Err: err})
		}
	})
}

// ended looks how a campaign has ended that this process had, and closes its run, unless it is to go on.
func (e *scheduler) ended(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, campaignID int64) error {
	c, err := e.store.Campaign(ctx, campaignID)
	if err != nil {
		return err
	}
	switch {
	case final(c.Status):
		return e.conclude(ctx, sc, r, c)
	case c.Status == campaign.Waiting: // nobody was to wait: a later look goes on
		r.Reason = c.Reason
		e.tell(told{Schedule: sc, Run: *r, Verb: string(campaign.Waiting)})
		return nil
	}
	if c.Status == left {
		e.tell(told{Schedule: sc, Run: *r, Verb: verbInterrupted})
		return nil
	}
	e.tell(told{Schedule: sc, Run: *r, Verb: verbStuck, Err: e.standing(c)})
	return nil
}

// standing is why a campaign does not go on by itself.
func (e *scheduler) standing(c *campaign.Campaign) error {
	reason := c.Reason
	if reason == "" {
		reason = "by a person's wish"
	}
	return fail(exitGuard, "schedule.stuck", "campaign %s is %s: %s", c.Name, c.Status, reason).
		at("the next runs wait for it or are missed").fix("smsctl campaign resume %s, or smsctl campaign cancel %s", c.Name, c.Name)
}

// conclude closes the run of a campaign that has ended.
func (e *scheduler) conclude(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, c *campaign.Campaign) error {
	rep, err := e.store.Report(ctx, c.ID)
	if err != nil {
		return err
	}
	r.CampaignID, r.ExitCode = c.ID, rep.ExitCode
	return e.end(ctx, sc, r, r.Token, schedule.Done, string(c.Status))
}
