package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign/schedule"
	"github.com/smsctl/smsctl/carriers"
)

func newScheduleListCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "list", Short: "List schedules: when they are due next, and what became of the last run", Args: cobra.NoArgs,
		Example: "smsctl schedule list\nsmsctl schedule list --json --jq '.schedules[] | select(.last.state == \"missed\")'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSchedules(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.listSchedules(ctx) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func newScheduleShowCommand(a *app) *cobra.Command {
	var simulate bool
	runs := 5
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a schedule: the next five runs, the last ones, its rules", Args: cobra.ExactArgs(1),
		Example: "smsctl schedule show dunning\nsmsctl schedule show dunning --runs 50",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSchedules(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				sc, err := s.scheduleNamed(ctx, args[0])
				if err != nil {
					return err
				}
				return s.showSchedule(ctx, sc, runs)
			})
		},
	}
	cmd.Flags().IntVar(&runs, "runs", 5, "show the last `N` runs, those missed too; 0 is all")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked)
}

// nextShown is how many runs ahead are shown.
const nextShown = 5

// firstSlots are the next runs.
func firstSlots(t schedule.Timing, now time.Time) iter.Seq[schedule.Slot] {
	return func(yield func(schedule.Slot) bool) {
		for range nextShown {
			slot, ok := t.Next(now)
			if !ok || !yield(slot) {
				return
			}
			now = slot.At
		}
	}
}

// slotText is a slot for people: local time with its zone, and UTC.
func (s *session) slotText(t schedule.Timing, slot schedule.Slot) string {
	layout := "Mon _2 Jan 15:04 MST"
	if at := slot.At.In(t.Zone); at.Year() != s.now().In(t.Zone).Year() {
		layout = "Mon _2 Jan 2006 15:04 MST"
	}
	return fmt.Sprintf("%s   (%s UTC)", slot.At.In(t.Zone).Format(layout), slot.At.UTC().Format("15:04"))
}

// clockNote says that the clocks change between two runs, or what that does to the second.
func clockNote(t schedule.Timing, before, slot schedule.Slot) string {
	if slot.Note != "" || before.At.IsZero() {
		return slot.Note
	}
	_, was := before.At.In(t.Zone).Zone()
	_, is := slot.At.In(t.Zone).Zone()
	if was == is {
		return ""
	}
	from, _ := slot.At.In(t.Zone).ZoneBounds()
	return "clocks changed " + from.In(t.Zone).Format("Mon _2 Jan")
}

// scheduleView is a schedule for programs.
type scheduleView struct {
	Name       string     `json:"name"`
	State      string     `json:"state"` // enabled, paused
	Paused     string     `json:"paused_reason"`
	Cron       string     `json:"cron"`
	Zone       string     `json:"tz"`
	Next       []slotView `json:"next"`
	Last       *runView   `json:"last"`
	Overlap    string     `json:"overlap"`
	CatchUp    string     `json:"catch_up"`
	GraceS     float64    `json:"grace_s"` // 0: however late
	MaxGrowth  *float64   `json:"max_growth"`
	Ceiling    *money     `json:"ceiling"`
	Flags      []string   `json:"flags"`
	CreatedAt  string     `json:"created_at"`
	CreatedBy  string     `json:"created_by"`
	Considered string     `json:"considered_until"`
}

type slotView struct {
	Slot string `json:"slot"`
	At   string `json:"at"`
	Note string `json:"note"`
}

// runView is a run for programs.
type runView struct {
	Slot       string `json:"slot"`
	DueAt      string `json:"due_at"`
	State      string `json:"state"`
	Reason     string `json:"reason"`
	Code       string `json:"code"`
	ExitCode   int    `json:"exit_code"`
	Slots      int    `json:"slots"` // how many runs the row stands for
	Manual     bool   `json:"manual"`
	Campaign   string `json:"campaign"`
	Recipients int64  `json:"recipients"`
	Result     string `json:"result"`
	EndedAt    string `json:"ended_at"`
}

func (s *session) runView(ctx context.Context, sc *schedule.Schedule, r *schedule.Run) runView {
	v := runView{
		Slot: r.Slot, DueAt: utcTime(r.DueAt), State: string(r.State), Reason: r.Reason, Code: r.Code, ExitCode: r.ExitCode, Slots: r.Slots,
		Manual: r.Manual, Recipients: r.Recipients, EndedAt: utcTime(r.EndedAt), Result: r.Reason,
	}
	if r.CampaignID != 0 {
		v.Campaign, v.Result = schedule.CampaignName(sc.Name, r.Slot), s.resultOf(ctx, r.CampaignID)
	}
	return v
}

// resultOf is what a campaign has come to, in a few words.
func (s *session) resultOf(ctx context.Context, campaignID int64) string {
	r, err := s.store.Report(ctx, campaignID)
	if err != nil {
		return "its campaign is gone"
	}
	text := fmt.Sprintf("%s of %s sent, %s", count(r.Counts.Accepted), count(r.Counts.Eligible), money{carriers.Price(r.Cost.Actual), r.Cost.Currency})
	if r.Counts.Failed > 0 {
		text += fmt.Sprintf(", %s failed", count(r.Counts.Failed))
	}
	return text
}

func (s *session) scheduleView(ctx context.Context, sc *schedule.Schedule) (v scheduleView, t schedule.Timing, err error) {
	if t, err = sc.Timing(); err != nil {
		return v, t, err
	}
	v = scheduleView{
		Name: sc.Name, State: "enabled", Paused: sc.Paused, Cron: sc.Expr, Zone: sc.Zone, Next: []slotView{}, Overlap: string(sc.Overlap),
		CatchUp: string(sc.CatchUp), GraceS: sc.Grace.Seconds(), MaxGrowth: sc.MaxGrowth, Flags: sc.Flags, CreatedAt: utcTime(sc.CreatedAt),
		CreatedBy: sc.Actor, Considered: utcTime(sc.Considered),
	}
	if sc.Paused != "" {
		v.State = "paused"
	}
	o, err := readOptions(sc.Flags)
	if err != nil {
		return v, t, err
	}
	if p, err := s.ceiling(o); err == nil && p != nil {
		v.Ceiling = &money{*p, string(s.cfg.Currency)}
	}
	var before schedule.Slot
	for slot := range firstSlots(t, s.now()) {
		v.Next = append(v.Next, slotView{slot.Name, utcTime(slot.At), clockNote(t, before, slot)})
		before = slot
	}
	last, err := s.store.Runs(ctx, sc.ID, 1)
	if err == nil && len(last) > 0 {
		run := s.runView(ctx, sc, last[0])
		v.Last = &run
	}
	return v, t, err
}

func (s *session) listSchedules(ctx context.Context) error {
	all, err := s.store.Schedules(ctx, s.mode, s.flags.profile)
	if err != nil {
		return err
	}
	views := []scheduleView{}
	t, err := s.newTable(columns("name", "state", "cron", "tz", "next", "last", "last_state", "result"))
	if err != nil {
		return err
	}
	for _, sc := range all {
		v, timing, err := s.scheduleView(ctx, sc)
		if err != nil {
			return err
		}
		views = append(views, v)
		var next any
		if slot, ok := timing.Next(s.now()); ok && sc.Paused == "" {
			next = slot.At
		}
		var last runView
		if v.Last != nil {
			last = *v.Last
		}
		t.row(v.Name, v.State, v.Cron, v.Zone, next, last.Slot, last.State, last.Result)
	}
	return s.print(map[string]any{"schema": "smsctl.schedules/1", "schedules": views}, t.flush)
}

// showSchedule prints a schedule with its last runs, none of them for runs = 0 when it was just added.
func (s *session) showSchedule(ctx context.Context, sc *schedule.Schedule, runs int) error {
	v, t, err := s.scheduleView(ctx, sc)
	if err != nil {
		return err
	}
	past, err := s.pastRuns(ctx, sc, v, runs)
	if err != nil {
		return err
	}
	doc := struct {
		Schema string `json:"schema"`
		scheduleView
		Runs []runView `json:"runs"`
	}{"smsctl.schedule/1", v, past}
	return s.print(doc, func() error { return s.printf("%s", s.scheduleText(sc, t, v, past)) })
}

// pastRuns are the last so many runs; 0 is all.
func (s *session) pastRuns(ctx context.Context, sc *schedule.Schedule, v scheduleView, most int) ([]runView, error) {
	past := []runView{}
	if v.Last == nil {
		return past, nil
	}
	all, err := s.store.Runs(ctx, sc.ID, most)
	for _, r := range all {
		past = append(past, s.runView(ctx, sc, r))
	}
	return past, err
}

func (s *session) scheduleText(sc *schedule.Schedule, t schedule.Timing, v scheduleView, past []runView) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s   %s   %s   %s\n", v.Name, v.Cron, v.Zone, v.State)
	if v.Paused != "" {
		fmt.Fprintf(&b, "       %s\n", v.Paused)
	}
	label := "next"
	var before schedule.Slot
	for slot := range firstSlots(t, s.now()) {
		note := clockNote(t, before, slot)
		if before.At.IsZero() && note == "" {
			note = "in " + shortDuration(slot.At.Sub(s.now()))
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-6s %s   %s", label, s.slotText(t, slot), note), " ") + "\n")
		label, before = "", slot
	}
	label = "last"
	for _, r := range past {
		fmt.Fprintf(&b, "%-6s %-19s  %-8s %s\n", label, r.Slot, r.State, r.Result)
		label = ""
	}
	fmt.Fprintf(&b, "policy %s\n", policyText(sc, v))
	fmt.Fprintf(&b, "sends  %s\n", shellWords(v.Flags))
	return b.String()
}

// policyText is what happens when a run is not on time.
func policyText(sc *schedule.Schedule, v scheduleView) string {
	parts := []string{"overlap " + v.Overlap}
	switch {
	case sc.CatchUp == schedule.CatchUpOnce && sc.Grace == 0:
		parts = append(parts, "catch-up once")
	case sc.CatchUp == schedule.CatchUpOnce:
		parts = append(parts, "catch-up once within "+plainDuration(sc.Grace))
	default:
		parts = append(parts, "up to "+plainDuration(sc.Grace)+" late")
	}
	if v.Ceiling != nil {
		parts = append(parts, "ceiling "+v.Ceiling.String())
	}
	if sc.MaxGrowth != nil {
		parts = append(parts, fmt.Sprintf("growth limit %.0f %%", 100**sc.MaxGrowth))
	}
	return strings.Join(parts, ", ")
}

// plainDuration is a length as people write it in a flag: 2h, not 2h0m0s.
func plainDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
