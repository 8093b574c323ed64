package main

import (
	"context"

	"github.com/smsctl/smsctl/campaign/schedule"
)

func (d *doctor) checkSchedules(ctx context.Context) {
	if d.session == nil {
		d.say(verdictSkip, "there is no database yet")
		return
	}
	all, err := d.session.store.Schedules(ctx, d.session.mode, d.flags.profile)
	if err != nil {
		d.say(verdictFail, "reading schedules: %v", err).remedy("smsctl db check")
		return
	}
	if len(all) == 0 {
		d.say(verdictOK, "no schedules")
		return
	}
	tick, err := d.session.store.LastTick(ctx)
	if err != nil {
		d.say(verdictFail, "reading the last look at the clock: %v", err).remedy("smsctl db check")
		return
	}
	bad := 0
	switch age := d.now().Sub(tick.At); {
	case tick.At.IsZero():
		bad++
		d.say(verdictWarn, "%s, and nobody has ever looked at the clock: nothing is sent", plural(len(all), "schedule")).
			remedy("smsctl serve, or smsctl schedule install --systemd, or --crontab")
	case age > deadTick:
		bad++
		d.say(verdictWarn, "nobody has looked at the clock for %s (%s, pid %d): nothing is sent", shortDuration(age), tick.By, tick.PID).
			remedy("smsctl serve, systemctl --user status smsctl-schedule.timer, or: crontab -l")
	}
	for _, sc := range all {
		bad += d.checkLastRun(ctx, sc)
	}
	if bad == 0 {
		d.say(verdictOK, "%s, the clock was looked at %s ago by %s", plural(len(all), "schedule"), shortDuration(d.now().Sub(tick.At)), tick.By)
	}
}

// checkLastRun warns of a schedule whose last run was not sent.
func (d *doctor) checkLastRun(ctx context.Context, sc *schedule.Schedule) (bad int) {
	runs, err := d.session.store.Runs(ctx, sc.ID, 1)
	if err != nil || len(runs) == 0 || sc.Paused != "" {
		return 0
	}
	if r := runs[0]; r.State == schedule.Missed || r.State == schedule.Failed {
		d.say(verdictWarn, "%s %s: %s", schedule.CampaignName(sc.Name, r.Slot), r.State, r.Reason).remedy("smsctl schedule show %s", sc.Name)
		return 1
	}
	return 0
}
