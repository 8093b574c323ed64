package tui

import (
	"context"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// Timetable is the schedules.
type Timetable struct {
	Source   Schedules
	Controls ScheduleControls // nil when read only
}

// Schedules are read for the screen.
type Schedules interface {
	Schedules(ctx context.Context) ([]Schedule, error)
}

// ScheduleControls do what the commands do.
type ScheduleControls interface {
	Pause(ctx context.Context, name string) (string, error)
	Resume(ctx context.Context, name string) (string, error)
	Run(name string) tea.ExecCommand // has the terminal for itself until it has ended
}

// Schedule is a campaign that repeats.
type Schedule struct {
	Name, Cron, Zone string
	Paused           bool
	Next             string // local time, "" if it is never due again
	Last, Became     string // the slot of the last run, and what has become of it
	Text             string // everything about it
}

// timetable lists schedules, the one under the cursor below them.
type timetable struct {
	Timetable
	all    []Schedule
	loaded bool
	err    error
	at     int
}

// timed are the schedules at a moment, or that it is the moment to read them again.
type timed struct {
	of    *timetable
	again bool
	all   []Schedule
	err   error
}

// timetableTime is how long the schedules are shown as they were read.
const timetableTime = 2 * time.Second

func (t *timetable) heading() string { return "smsctl schedules" }

func (t *timetable) begin(m *Model) tea.Cmd { return t.fetch(m) }

func (t *timetable) fetch(m *Model) tea.Cmd {
	ctx := m.context()
	return func() tea.Msg {
		all, err := t.Source.Schedules(ctx)
		return timed{of: t, all: all, err: err}
	}
}

func (t *timetable) hear(m *Model, msg tea.Msg) tea.Cmd {
	in, ok := msg.(timed)
	switch {
	case !ok:
		if _, ok := msg.(told); ok { // something has just been done
			return t.fetch(m)
		}
		return nil
	case in.of != t:
		return nil
	case in.again:
		return t.fetch(m)
	}
	t.loaded, t.err = true, in.err
	if in.err == nil {
		t.all = in.all
	}
	if m.o.NextFrame(0) == nil { // a clock that stands still
		return nil
	}
	return tea.Tick(timetableTime, func(time.Time) tea.Msg { return timed{of: t, again: true} })
}

func (t *timetable) draw(m *Model) []string {
	if m.tiny() {
		return []string{count(int64(len(t.all))) + " schedules", "smsctl: window too small; q back"}
	}
	t.at = max(0, min(t.at, len(t.all)-1))
	s := &sheet{m: m}
	s.out = append(s.out, m.top(m.paint(strong, "schedules"), "profile "+clean(m.o.Profile), m.w))
	detail := t.detail(m)
	switch {
	case t.err != nil:
		s.rows(m.paint(bad, clean(t.err.Error())))
	case !t.loaded:
		s.rows("reading ...")
	case len(t.all) == 0:
		s.rows("There is no schedule yet.", "", "smsctl schedule add --help   says how to make one")
	default:
		s.rows(t.table(m, m.h-3-len(detail))...)
	}
	s.fill(m.h - 1 - len(detail))
	s.out = append(s.out[:m.h-1-len(detail)], detail...)
	keys := "enter all about it   space pause/resume   r run now   esc back   ? help"
	if m.w < 80 {
		keys = "enter about it  space pause/resume  r run  esc back"
	}
	if m.notice != "" {
		keys = m.said()
	}
	return append(s.out, m.bottom(keys, m.w))
}

func (t *timetable) table(m *Model, room int) []string {
	cols := []column{
		{head: "SCHEDULE"}, {head: "STATE", width: 7}, {head: "CRON", width: 16, min: 80}, {head: "ZONE", width: 18, min: 120},
		{head: "NEXT", width: 22}, {head: "LAST RUN", width: 19, min: 100}, {head: "BECAME", width: 7, min: 64},
	}
	cells := make([][]string, len(t.all))
	for i := range t.all {
		sc := &t.all[i]
		state, tone, next := "enabled", good, sc.Next
		if sc.Paused {
			state, tone, next = "paused", warn, "-"
		}
		cells[i] = []string{clean(sc.Name), m.paint(tone, state), clean(sc.Cron), clean(sc.Zone), orDash(next), orDash(sc.Last), m.paint(runTone(sc.Became), orDash(sc.Became))}
	}
	return m.grid(cols, cells, t.at, max(0, t.at-room+1), room, m.w-4)
}

func runTone(became string) tone {
	switch became {
	case "done":
		return good
	case "failed":
		return bad
	case "missed":
		return warn
	}
	return plain
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// detail is the schedule under the cursor, in at most half of the screen.
func (t *timetable) detail(m *Model) []string {
	if t.at >= len(t.all) || m.h < 14 {
		return nil
	}
	s := &sheet{m: m}
	sc := &t.all[t.at]
	s.edge(m.paint(strong, clean(sc.Name)), clean(sc.Cron+"  "+sc.Zone))
	lines := t.lines(sc, m.w-4)[1:] // the first says the same
	if room := m.h/2 - 1; len(lines) > room {
		lines = append(lines[:room-1:room-1], m.paint(faint, "enter shows the rest"))
	}
	s.rows(lines...)
	return s.out
}

// lines are everything about a schedule, folded under its labels.
func (t *timetable) lines(sc *Schedule, w int) (out []string) {
	const label = 7
	for l := range strings.SplitSeq(strings.TrimRight(sc.Text, "\n"), "\n") {
		if l = clean(l); width(l) > w {
			l = strings.ReplaceAll(ansi.Wrap(l, w-label, " "), "\n", "\n"+strings.Repeat(" ", label))
		}
		out = append(out, strings.Split(l, "\n")...)
	}
	return out
}

func (t *timetable) key(m *Model, k string) tea.Cmd {
	if at, ok := moved(k, t.at, len(t.all)-1, m.h/2); ok {
		t.at = at
		return nil
	}
	switch k {
	case "esc", "q", "backspace":
		return m.pop()
	case "ctrl+c":
		return m.below(t, k)
	default:
		if t.at < len(t.all) {
			return t.act(m, k, &t.all[t.at])
		}
	}
	return nil
}

// act does something with the schedule under the cursor. Each is asked for: it decides over messages of days to come.
func (t *timetable) act(m *Model, k string, sc *Schedule) tea.Cmd {
	name := sc.Name
	switch k {
	case "enter":
		text := *sc
		return m.push(&page{title: name, lines: func(m *Model) []string { return t.lines(&text, m.w-4) }})
	case " ", "r":
		if t.Controls == nil {
			m.notice = readOnly
			return nil
		}
	default:
		return nil
	}
	switch {
	case k == "r":
		m.confirm("Run "+clean(name)+" now?", []string{"It shows its plan, and asks before anything is sent."}, func() tea.Cmd { return t.run(name) })
	case sc.Paused:
		m.confirm("Resume "+clean(name)+"?", []string{"It runs again from the next time on.", "What was missed meanwhile stays so."},
			func() tea.Cmd { return t.steer(m, t.Controls.Resume, name) })
	default:
		m.confirm("Pause "+clean(name)+"?", []string{"Its runs are missed until it is resumed.", "What is being sent goes on."},
			func() tea.Cmd { return t.steer(m, t.Controls.Pause, name) })
	}
	return nil
}

func (t *timetable) steer(m *Model, do func(context.Context, string) (string, error), name string) tea.Cmd {
	ctx := m.context()
	return func() tea.Msg {
		text, err := do(ctx, name)
		return told{text, err}
	}
}

// run leaves the terminal to the run: it plans, asks and shows its campaign as it does from a shell.
func (t *timetable) run(name string) tea.Cmd {
	return tea.Exec(t.Controls.Run(name), func(err error) tea.Msg {
		if err != nil {
			return told{err: err}
		}
		return told{text: "the run of " + name + " has ended"}
	})
}
