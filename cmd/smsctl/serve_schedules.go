package main

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
)

const (
	// clockTick is how often the service sees what time it is; it looks at the schedules when a quarter of a minute has
	// begun (dueTick). So a run begins within its first second, and a clock that was set or a machine that slept is noticed.
	clockTick = time.Second
	// announced is how many runs are named when the service begins.
	announced = 3
)

// clerk begins the runs of schedules in the service. It makes their campaigns, and the keeper sends them like any others
// that nobody sends; a later look finds how they ended.
type clerk struct {
	*service
	stuck map[int64]string // runs that do not go on, and why: it is said once
}

// keepSchedules looks at the clock until ctx ends.
func (v *service) keepSchedules(ctx context.Context) error {
	k := &clerk{v, map[int64]string{}}
	e := &scheduler{session: v.quietly(), by: "serve", served: true, launch: k.launch, tell: k.hear}
	tick := time.NewTicker(clockTick)
	defer tick.Stop()
	for last := (time.Time{}); ; {
		if now := v.now().Truncate(dueTick); !now.Equal(last) {
			last = now
			if err := e.tick(ctx); err != nil && ctx.Err() == nil {
				v.log().Error("schedules cannot be looked at", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// launch leaves a campaign to the keeper. Its run stays open until it has ended.
func (k *clerk) launch(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, ended func(error)) {
	if err := k.store.Release(context.WithoutCancel(ctx), c.ID, lease.Token, left, ""); err != nil {
		ended(err)
		return
	}
	k.keeper.ring(0)
}

// hear writes down what becomes of a run.
func (k *clerk) hear(t told) {
	reason := k.reasonOf(t)
	if t.Verb == verbStuck && k.stuck[t.Run.ID] == reason {
		return
	}
	delete(k.stuck, t.Run.ID)
	if t.Verb == verbStuck {
		k.stuck[t.Run.ID] = reason
	}
	k.logRun(t, reason)
	if k.out == nil {
		return
	}
	if err := k.out.emit("run", k.runEvent(t, reason)); err != nil {
		k.log().Warn("an event was not written", "error", err)
	}
}

// reasonOf is why a run has come to what is told of it, in one line.
func (s *session) reasonOf(t told) string {
	switch {
	case t.Err != nil:
		return oneLine(t.Err.Error())
	case t.Verb == string(schedule.Done):
		return oneLine(s.resultOf(context.Background(), t.Run.CampaignID))
	}
	return oneLine(t.Run.Reason)
}

func (s *session) logRun(t told, reason string) {
	level := slog.LevelInfo
	if codeOf(t) != exitOK {
		level = slog.LevelWarn
	}
	s.log().Log(context.Background(), level, "run", "run", schedule.CampaignName(t.Schedule.Name, t.Run.Slot), "state", t.Verb, "reason", reason)
}

// runEvent is what is told of a run in a JSON stream.
func (s *session) runEvent(t told, reason string) map[string]any {
	return map[string]any{
		"schedule": t.Schedule.Name, "slot": t.Run.Slot, "campaign": schedule.CampaignName(t.Schedule.Name, t.Run.Slot), "state": t.Verb,
		"reason": s.hide(reason), "due_at": utcTime(t.Run.DueAt), "code": t.Run.Code, "exit_code": codeOf(t), "recipients": t.Run.Recipients,
	}
}

// nextRun is a run that is to come.
type nextRun struct {
	Schedule string `json:"schedule"`
	slotView
	at   time.Time
	text string
}

// nextRuns are the first runs to come of all schedules that are not paused.
func (v *service) nextRuns(ctx context.Context) ([]nextRun, error) {
	runs := []nextRun{}
	if v.o.noScheduler {
		return runs, nil
	}
	all, err := v.store.Schedules(ctx, v.mode, v.flags.profile)
	if err != nil {
		return nil, err
	}
	for _, sc := range all {
		t, err := sc.Timing()
		if err != nil || sc.Paused != "" {
			continue // the first look at the clock says what is wrong
		}
		for slot := range firstSlots(t, v.now()) {
			runs = append(runs, nextRun{sc.Name, slotView{slot.Name, utcTime(slot.At), slot.Note}, slot.At, v.slotText(t, slot)})
		}
	}
	slices.SortStableFunc(runs, func(a, b nextRun) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.Schedule, b.Schedule)) })
	return runs[:min(announced, len(runs))], nil
}

// announceRuns names the next runs for people.
func (v *service) announceRuns(runs []nextRun) error {
	label := "next"
	for _, r := range runs {
		if err := v.printf("%-10s %-14s %s\n", label, r.Schedule, r.text); err != nil {
			return err
		}
		label = ""
	}
	switch {
	case v.o.noScheduler:
		return v.printf("%-10s none: --no-scheduler\n", label)
	case len(runs) == 0:
		return v.printf("%-10s no run of a schedule\n", label)
	}
	return nil
}
