package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
)

func newScheduleCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use: "schedule", Aliases: []string{"schedules"}, Short: "Send a campaign again and again, at times of a cron expression",
		Long: `Send a campaign again and again, at times of a cron expression. The list and the message are read at each run, which is a
campaign of its own, NAME@2026-10-12T09:00. Somebody has to look at the clock: smsctl serve, or smsctl schedule run --due each
minute, by cron or systemd (smsctl schedule install). Several may.

A time that a change of the clocks leaves out is run at the first instant after it; one that comes twice is run once. An
expression with a star or a step in its minutes or hours counts elapsed time instead.`,
		Example: `smsctl schedule add dunning --cron "0 9 * * MON" --tz Europe/London --csv due.csv -F dunning.txt --max-cost 80EUR
smsctl schedule show dunning
smsctl schedule install --systemd`,
	},
		newScheduleAddCommand(a), newScheduleListCommand(a), newScheduleShowCommand(a), newScheduleRunCommand(a), newSchedulePauseCommand(a),
		newScheduleResumeCommand(a), newScheduleRemoveCommand(a), newScheduleInstallCommand(a))
}

// withSchedules is withSession for commands of schedules, which need a config of their own: they spend money while nobody
// looks.
func (a *app) withSchedules(ctx context.Context, simulate bool, do func(context.Context, *session) error) error {
	cfg, err := a.config()
	if err == nil {
		err = cfg.schedulable()
	}
	if err != nil {
		return err
	}
	return a.withSession(ctx, simulate, do)
}

func (c *config) schedulable() error {
	if !c.simulated() {
		return nil
	}
	return fail(exitConfig, "schedule.no_config", "schedules need a config").at("there is none, only the built-in simulated carriers").fix("smsctl init")
}

// scheduleNamed finds one by its name, or says which are there.
func (s *session) scheduleNamed(ctx context.Context, name string) (*schedule.Schedule, error) {
	sc, err := s.store.Schedule(ctx, s.mode, s.flags.profile, name)
	if !errors.Is(err, campaign.ErrNotFound) {
		return sc, err
	}
	all, err := s.store.Schedules(ctx, s.mode, s.flags.profile)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	e := fail(exitNotFound, "schedule.not_found", "there is no schedule %q", name).
		at("%s schedules of profile %s: %s", s.mode, s.flags.profile, orNone(names)).fix("smsctl schedule list")
	if near := nearest(name, names); near != "" {
		e.fix("did you mean %s?   all: smsctl schedule list", near)
	}
	return nil, e
}

func newSchedulePauseCommand(a *app) *cobra.Command {
	var reason string
	var simulate bool
	cmd := &cobra.Command{
		Use: "pause NAME", Short: "Begin no more runs; what is being sent goes on", Args: cobra.ExactArgs(1),
		Example: `smsctl schedule pause dunning --reason "new prices on Monday"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSchedules(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				text, err := s.pauseSchedule(ctx, args[0], reason)
				return s.toldSchedule(args[0], "pause", text, err)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, `TEXT`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked, exitState)
}

// pauseSchedule says what it has done, for a line and for the browser.
func (s *session) pauseSchedule(ctx context.Context, name, reason string) (string, error) {
	sc, err := s.scheduleNamed(ctx, name)
	if err != nil {
		return "", err
	}
	if sc.Paused != "" {
		return "", fail(exitState, "schedule.paused", "schedule %s is paused already", name).at("%s", sc.Paused).fix("smsctl schedule resume %s", name)
	}
	text := "paused by " + s.actor()
	if reason = strings.TrimSpace(reason); reason != "" {
		text += ": " + reason
	}
	return fmt.Sprintf("%s is paused: its runs are missed until smsctl schedule resume %s.", name, name), s.store.PauseSchedule(ctx, sc.ID, text)
}

func newScheduleResumeCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "resume NAME", Short: "Begin runs again, from the next on", Args: cobra.ExactArgs(1), Example: "smsctl schedule resume dunning",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSchedules(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				text, err := s.resumeSchedule(ctx, args[0])
				return s.toldSchedule(args[0], "resume", text, err)
			})
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked, exitState)
}

func (s *session) resumeSchedule(ctx context.Context, name string) (string, error) {
	sc, err := s.scheduleNamed(ctx, name)
	if err != nil {
		return "", err
	}
	timing, err := sc.Timing()
	if err != nil {
		return "", err
	}
	if sc.Paused == "" {
		return "", fail(exitState, "schedule.running", "schedule %s is not paused", name).at("%s %s", sc.Expr, sc.Zone).fix("smsctl schedule show %s", name)
	}
	now := s.now() // what has come meanwhile is missed because of the pause, also if nobody has looked since
	if _, err := s.store.Decided(ctx, sc, now, sc.Decide(timing, schedule.Look{Now: now}), s.newLease()); err != nil {
		return "", err
	}
	next, _ := timing.Next(now)
	return fmt.Sprintf("%s goes on. Next: %s", name, s.slotText(timing, next)), s.store.PauseSchedule(ctx, sc.ID, "")
}

func newScheduleRemoveCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "Take a schedule away; the campaigns of its runs stay", Args: cobra.ExactArgs(1), Example: "smsctl schedule remove dunning",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSchedules(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.removeSchedule(ctx, args[0]) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitUnconfirmed, exitNotFound, exitLocked)
}

func (s *session) removeSchedule(ctx context.Context, name string) error {
	sc, err := s.scheduleNamed(ctx, name)
	if err != nil {
		return err
	}
	if err := s.confirmTyped(ctx, "Type the schedule's name to remove it:", name); err != nil {
		return err
	}
	err = s.store.RemoveSchedule(ctx, sc.ID, "the schedule was removed by "+s.actor())
	return s.toldSchedule(name, "remove", fmt.Sprintf("%s is removed. What it has sent stays: smsctl campaign list %s@", name, name), err)
}

// toldSchedule answers a control in the form that was asked for.
func (s *session) toldSchedule(name, action, text string, err error) error {
	if err != nil {
		return err
	}
	return s.print(map[string]any{"schema": "smsctl.schedule_control/1", "schedule": name, "action": action, "message": text},
		func() error { return s.printf("%s\n", text) })
}
