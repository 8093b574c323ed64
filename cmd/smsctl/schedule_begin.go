package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
	"github.com/smsctl/smsctl/carriers"
)

// runIdentity names the campaign of a slot: whoever finds it knows that the slot has been begun.
func runIdentity(sc *schedule.Schedule, slot string) string {
	return digest("schedule", sc.Mode, sc.Profile, fmt.Sprint(sc.ID), slot)
}

// begin makes the campaign of a slot that this process has claimed, and lets it run. What is wrong with the list, the
// message or the money is told and ends the run; an error of this function is one of the database.
func (e *scheduler) begin(ctx context.Context, sc *schedule.Schedule, slot string, lease campaign.Lease) error {
	r, err := e.store.Run(ctx, sc.ID, slot)
	if err != nil {
		return err
	}
	if r.Token != lease.Token || r.State != schedule.Claimed && r.State != schedule.Started {
		return nil // another process was faster
	}
	c, err := e.campaignOf(ctx, sc, r, lease)
	if err == nil {
		e.start(ctx, sc, r, c, lease, string(schedule.Started))
		return nil
	}
	if errors.Is(err, campaign.ErrExists) {
		err = e.nameTaken(ctx, sc, r)
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, campaign.ErrLeaseLost) || errors.Is(err, campaign.ErrLeased) {
		return ctx.Err() // this process is stopped, or another is at it: the run stays open
	}
	known := e.asCLIError(storeError(err, e.store.Path()))
	if known.Exit == exitLocked {
		return nil
	}
	r.State, r.Reason, r.Code, r.ExitCode = schedule.Failed, known.Error(), known.Code, int(known.Exit)
	if err := e.store.EndRun(ctx, r, lease.Token); err != nil && !errors.Is(err, campaign.ErrLeaseLost) {
		return err
	}
	e.tell(told{Schedule: sc, Run: *r, Verb: string(schedule.Failed), Err: known})
	return nil
}

// nameTaken says whose campaign has the name of the run: nil if another process is making it just now.
func (e *scheduler) nameTaken(ctx context.Context, sc *schedule.Schedule, r *schedule.Run) error {
	_, err := e.store.CampaignByIdentity(ctx, runIdentity(sc, r.Slot))
	if !errors.Is(err, campaign.ErrNotFound) {
		return err
	}
	name := schedule.CampaignName(sc.Name, r.Slot)
	return fail(exitInput, "campaign.exists", "there is a campaign %s that is not of this schedule", name).at("it was sent by hand").
		fix("smsctl campaign show %s", name)
}

// campaignOf imports the list of a run as it is now.
func (e *scheduler) campaignOf(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, lease campaign.Lease) (*campaign.Campaign, error) {
	o, err := readOptions(sc.Flags)
	if err != nil {
		return nil, err
	}
	o.name = schedule.CampaignName(sc.Name, r.Slot)
	s, err := e.with(ctx, o.carriers)
	if err != nil {
		return nil, err
	}
	l, err := e.openList(o)
	if err != nil {
		return nil, err
	}
	c, in, err := s.importRun(ctx, sc, r, o, l, lease)
	if err = errors.Join(err, l.close()); err != nil {
		return nil, err
	}
	if err := e.store.StartRun(ctx, r.ID, lease.Token, c.ID, in.Eligible()); err != nil {
		return nil, errors.Join(err, s.discard(c))
	}
	r.CampaignID, r.Recipients = c.ID, in.Eligible()
	ready, _, err := s.ready(ctx, c, lease)
	return ready, err
}

func (s *session) importRun(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, o *sendOptions, l *list, lease campaign.Lease,
) (*campaign.Campaign, *intake, error) {
	if err := s.refuseSample(l); err != nil {
		return nil, nil, err
	}
	c, err := s.newCampaign(o, l)
	if err != nil {
		return nil, nil, err
	}
	c.Identity, c.Settings.Schedule, c.Settings.Slot = runIdentity(sc, r.Slot), sc.Name, r.Slot
	if c.Ceiling == nil {
		return nil, nil, noCeiling(string(s.cfg.Currency))
	}
	in, err := s.prepare(ctx, o, l, c, lease)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(s.affordable(c, in), s.grown(ctx, sc, r, in.Eligible())); err != nil {
		return nil, nil, errors.Join(err, s.discard(c))
	}
	return c, in, nil
}

func noCeiling(currency string) error {
	return fail(exitUnconfirmed, "budget.needed", "a schedule needs a cost ceiling").at("neither --max-cost nor budget.campaign is set").
		fix("add --max-cost 50%s: it holds for each run", currency).with("flag", "--max-cost")
}

// grown refuses a list that is much longer than it was: something has gone wrong where it is made.
func (s *session) grown(ctx context.Context, sc *schedule.Schedule, r *schedule.Run, recipients int64) error {
	if sc.MaxGrowth == nil || r.Manual {
		return nil
	}
	was, since := sc.Expected, "when it was added"
	last, err := s.store.LastRun(ctx, sc.ID)
	if err != nil {
		return err
	}
	if last != nil {
		was, since = last.Recipients, last.Slot
	}
	if was == 0 || float64(recipients) <= float64(was)*(1+*sc.MaxGrowth) {
		return nil
	}
	return fail(exitGuard, "schedule.growth", "%s recipients are %.0f %% more than the %s of %s: nothing was sent", count(recipients),
		100*(float64(recipients)/float64(was)-1), count(was), since).at("--max-growth %.0f%%", 100**sc.MaxGrowth).
		fix("check the list, then: smsctl schedule run %s", sc.Name)
}

// readOptions are the flags of send that a schedule keeps.
func readOptions(flags []string) (*sendOptions, error) {
	o := &sendOptions{}
	f := pflag.NewFlagSet("send", pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	o.register(f)
	if err := f.Parse(flags); err != nil {
		return nil, fail(exitInput, "schedule.flags", "the schedule has a flag that this smsctl does not know").at("%v", err).
			fix("add it again with this version").because(err)
	}
	return o, o.check()
}

// with is the session with some of the carriers only; all are built once.
func (e *scheduler) with(ctx context.Context, only []string) (*session, error) {
	if e.carriers == nil {
		if err := e.useCarriers(ctx, nil); err != nil {
			return nil, err
		}
	}
	if len(only) == 0 {
		return e.session, nil
	}
	names := e.carrierNames()
	for _, want := range only {
		if !slices.Contains(names, want) {
			return nil, noCarrier(want, names)
		}
	}
	some := slices.DeleteFunc(slices.Clone(e.carriers), func(c carriers.Carrier) bool { return !slices.Contains(only, c.Info().Name) })
	return &session{app: e.app, cfg: e.cfg, mode: e.mode, store: e.store, carriers: some}, nil
}
