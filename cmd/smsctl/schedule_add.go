package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
)

// scheduleOptions are the flags of schedule add that are not those of send.
type scheduleOptions struct {
	cron, overlap, catchUp string
	grace                  time.Duration
	maxGrowth              string
}

func newScheduleAddCommand(a *app) *cobra.Command {
	var o sendOptions
	var so scheduleOptions
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a schedule: what send takes, and when", Args: cobra.ExactArgs(1),
		Long: `Add a schedule: what send takes, and when. The zone of --tz (or schedule.time_zone in the config) and a cost ceiling for each
run (--max-cost, or budget.campaign) are required. Now the list is only previewed; it need not be there yet.

--cron has five fields: minute, hour, day of month, month, day of week, with numbers, names, ranges (9-17), lists (1,15) and
steps (*/15); or it is @hourly, @daily, @weekly, @monthly, @yearly. If both days are given, one of them is enough.

A run that is found later than --grace after its time is missed, and its reason is kept. With --catch-up once the last of
several missed runs is made up for, however late it is, or within --grace if that is given.`,
		Example: `smsctl schedule add dunning --cron "0 9 * * MON" --tz Europe/London --csv due.csv -F dunning.txt --max-cost 80EUR
smsctl schedule add news --cron "30 17 1 * *" --tz Asia/Kolkata --csv news.csv -F news.txt --max-growth 50% --catch-up once --grace 2h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSchedules(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error { return s.addSchedule(ctx, args[0], &o, &so) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&so.cron, "cron", "", "when: five fields or an @name, `EXPR`")
	f.Var(newEnum(&so.overlap, string(schedule.OverlapSkip), string(schedule.OverlapSkip), string(schedule.OverlapQueue)), "overlap",
		"a run while the one before is not done: skip, or queue one")
	f.Var(newEnum(&so.catchUp, string(schedule.CatchUpNone), string(schedule.CatchUpNone), string(schedule.CatchUpOnce)), "catch-up",
		"runs that were missed: none, or once for all of them")
	f.DurationVar(&so.grace, "grace", 0, "a run may begin this `TIME` late (default 15m; with --catch-up once however late)")
	f.StringVar(&so.maxGrowth, "max-growth", "", "refuse a run with more than `P%` more recipients than the last")
	o.register(f)
	return exits(cmd, exitInput, exitGuard, exitUnconfirmed, exitNotFound, exitLocked, exitState)
}

// defaultGrace is how late a run may begin.
const defaultGrace = 15 * time.Minute

// scheduleName can stand in a campaign's name, a file's and a unit's.
var scheduleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// notScheduled are flags of send that make no sense for what is sent again and again.
func notScheduled() map[string]string {
	return map[string]string{
		"new": "each run is a new campaign anyway", "ref": "the same key is never sent to twice", "campaign": "each run is named NAME@TIME",
		"test-to": "nobody is there to look at it: try it with smsctl send", "at": "the time is --cron's", "pilot": "nobody is there to look at it",
	}
}

// newSchedule makes a schedule of the flags and holds them against each other.
func (s *session) newSchedule(name string, o *sendOptions, so *scheduleOptions) (*schedule.Schedule, schedule.Timing, error) {
	bad := func(format string, args ...any) *cliError { return fail(exitUsage, "usage.bad_value", format, args...) }
	if !scheduleName.MatchString(name) {
		return nil, schedule.Timing{}, bad("%q is no name of a schedule", name).at("it becomes part of names of campaigns and files").
			fix("use letters, digits, dot, dash and underscore")
	}
	if so.cron == "" {
		return nil, schedule.Timing{}, fail(exitUsage, "usage.required_flag", "a schedule needs to know when").at("--cron is missing").
			fix(`--cron "0 9 * * MON"`).with("flag", "--cron")
	}
	zone := cmp.Or(s.flags.tz, string(s.cfg.Schedule.TimeZone))
	if zone == "" {
		return nil, schedule.Timing{}, fail(exitUsage, "usage.required_flag", "a schedule needs its time zone").
			at("neither --tz nor schedule.time_zone is set").fix("--tz Europe/London").with("flag", "--tz")
	}
	timing, err := schedule.ParseTiming(so.cron, zone, s.now())
	if err != nil {
		return nil, timing, bad("%s", err).at("--cron %q --tz %s", so.cron, zone).fix(`--cron "0 9 * * MON" --tz Europe/London`)
	}
	sc := &schedule.Schedule{
		Name: name, Mode: string(s.mode), Profile: s.flags.profile, Expr: timing.String(), Zone: zone,
		Overlap: schedule.Overlap(so.overlap), CatchUp: schedule.CatchUp(so.catchUp), Grace: so.grace, Actor: s.actor(),
	}
	if sc.Grace == 0 && sc.CatchUp == schedule.CatchUpNone {
		sc.Grace = defaultGrace
	}
	if sc.Grace != 0 && sc.Grace < time.Minute {
		return nil, timing, bad("a grace of %s is too short: the clock is looked at once a minute", sc.Grace).at("--grace %s", so.grace).fix("--grace 15m")
	}
	if so.maxGrowth != "" {
		growth, err := parseGrowth(so.maxGrowth)
		if err != nil {
			return nil, timing, err
		}
		sc.MaxGrowth = &growth
	}
	if sc.Flags, err = o.scheduled(); err != nil {
		return nil, timing, err
	}
	return sc, timing, nil
}

// parseGrowth reads 50%; growth may be more than all there was.
func parseGrowth(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if !percent || err != nil || v < 0 || v > 100_000 {
		return 0, fail(exitUsage, "usage.bad_value", "%q is no growth", text).at("in --max-growth").fix("--max-growth 50%%")
	}
	return v / 100, nil
}

// scheduled are the flags as each run is given them: whoever looks at the clock may stand in another folder.
func (o *sendOptions) scheduled() ([]string, error) {
	var refused error
	o.flags.VisitAll(func(f *pflag.Flag) { // the command's own set has read them, as for a plan
		if why, no := notScheduled()[f.Name]; no && f.Changed && refused == nil {
			refused = fail(exitUsage, "usage.not_scheduled", "--%s is not for schedules: %s", f.Name, why).at("--%s %s", f.Name, f.Value).
				fix("leave it out").with("flag", "--"+f.Name)
		}
	})
	if refused == nil && o.csv == "-" {
		refused = fail(exitUsage, "usage.not_scheduled", "a schedule cannot read its list from standard input").at("--csv -").fix("name a file: it is read at each run")
	}
	if refused != nil {
		return nil, refused
	}
	for _, path := range []*string{&o.csv, &o.messageFile, &o.rejects} {
		if *path != "" {
			*path = absolute(*path)
		}
	}
	return o.given(), nil
}

func (s *session) addSchedule(ctx context.Context, name string, o *sendOptions, so *scheduleOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	sc, timing, err := s.newSchedule(name, o, so)
	if err != nil {
		return err
	}
	if err := s.useCarriers(ctx, o.carriers); err != nil {
		return err
	}
	if _, err := s.store.Schedule(ctx, s.mode, s.flags.profile, name); err == nil {
		return fail(exitState, "schedule.exists", "there is a schedule %s already", name).at("%s, profile %s", s.mode, s.flags.profile).
			fix("smsctl schedule remove %s, or choose another name", name)
	}
	ceiling, err := s.ceiling(o)
	if err != nil {
		return err
	}
	if ceiling == nil {
		return noCeiling(string(s.cfg.Currency))
	}
	if sc.Expected, err = s.preview(ctx, o); err != nil {
		return err
	}
	if s.mode == campaign.Live && !s.flags.yes {
		for slot := range firstSlots(timing, s.now()) {
			s.say("  %s", s.slotText(timing, slot))
		}
		if err := s.confirm(ctx, "Send this at all these times, each run for up to "+money{*ceiling, string(s.cfg.Currency)}.String()+", without asking again?"); err != nil {
			return err
		}
	}
	if err := s.store.AddSchedule(ctx, sc); err != nil {
		return err
	}
	if err := s.showSchedule(ctx, sc, 0); err != nil {
		return err
	}
	if tick, err := s.store.LastTick(ctx); err != nil || s.now().Sub(tick.At) < deadTick {
		return err
	}
	s.warn("Nobody looks at the clock yet: smsctl serve does, or see smsctl schedule install --systemd, or --crontab.")
	return nil
}

// deadTick is how long nobody may look at the clock before that is worth a warning.
const deadTick = 10 * time.Minute

// preview imports the list as plan does, if it is there, and returns how many would be sent to now.
func (s *session) preview(ctx context.Context, o *sendOptions) (recipients int64, err error) {
	for flag, path := range map[string]string{"--csv": o.csv, "-F": o.messageFile} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			s.warn("%s is not there yet (%s): it is read at each run, and a run without it fails.", path, flag)
			return 0, nil
		}
	}
	l, err := s.openList(o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := s.refuseSample(l); err != nil {
		return 0, err
	}
	c, in, err := s.scratch(ctx, o, l)
	if err != nil {
		return 0, err
	}
	if err := s.affordable(c, in); err != nil {
		return 0, err
	}
	if !s.wantsJSON() && !s.flags.quiet {
		if err := s.printPlan(s.stderr, o, l, c, in); err != nil {
			return 0, err
		}
	}
	return in.Eligible(), nil
}
