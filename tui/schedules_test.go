package tui

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// agenda is a timetable of a few schedules.
type agenda struct {
	mu   sync.Mutex
	all  []Schedule
	done []string
	err  error
}

func (a *agenda) Schedules(context.Context) ([]Schedule, error) { return a.all, a.err }

func (a *agenda) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = append(a.done, what)
}

func (a *agenda) Pause(_ context.Context, name string) (string, error) {
	a.note("pause " + name)
	return name + " is paused: its runs are missed", nil
}

func (a *agenda) Resume(_ context.Context, name string) (string, error) {
	a.note("resume " + name)
	return "", errors.New("schedule " + name + " is gone")
}

func (a *agenda) Run(name string) tea.ExecCommand { return handRun{a, name} }

// handRun is a run that has ended at once.
type handRun struct {
	of   *agenda
	name string
}

func (r handRun) Run() error        { r.of.note("run " + r.name); return nil }
func (handRun) SetStdin(io.Reader)  {}
func (handRun) SetStdout(io.Writer) {}
func (handRun) SetStderr(io.Writer) {}

func diary() *agenda {
	text := func(name, cron, zone, state, rest string) string {
		return name + "   " + cron + "   " + zone + "   " + state + "\n" + rest
	}
	const dunning = `next   Mon 12 Oct 09:00 BST   (08:00 UTC)   in 2d 18h
       Mon 19 Oct 09:00 BST   (08:00 UTC)
       Mon 26 Oct 09:00 GMT   (09:00 UTC)   clocks changed Sun 25 Oct
       Mon  2 Nov 09:00 GMT   (09:00 UTC)
       Mon  9 Nov 09:00 GMT   (09:00 UTC)
last   2026-10-05T09:00     done     1,204 of 1,204 sent, EUR 48.55
       2026-09-28T09:00     missed   nobody looked at the clock
policy overlap skip, catch-up once within 2h, ceiling EUR 80.00, growth limit 50 %
sends  --csv /srv/due.csv -F /srv/dunning.txt --max-cost 80EUR
`
	return &agenda{all: []Schedule{
		{Name: "dunning-weekly", Cron: "0 9 * * MON", Zone: "Europe/London", Next: "Mon 12 Oct 09:00 BST", Last: "2026-10-05T09:00", Became: "done",
			Text: text("dunning-weekly", "0 9 * * MON", "Europe/London", "enabled", dunning)},
		{Name: "春のリマインダー🎉 für alle Kundinnen und Kunden", Cron: "*/15 8-20 * * 1-5", Zone: "America/Argentina/Buenos_Aires", Next: "Fri  9 Oct 10:15 -03",
			Last: "2026-10-09T10:00", Became: "failed", Text: text("春のリマインダー🎉", "*/15 8-20 * * 1-5", "America/Argentina/Buenos_Aires", "enabled", "last   the list is gone\n")},
		{Name: "birthdays", Cron: "0 10 * * *", Zone: "Europe/Berlin", Paused: true, Next: "Sat 10 Oct 10:00 CEST",
			Text: text("birthdays", "0 10 * * *", "Europe/Berlin", "paused", "       paused by ana@box: new texts\nnext   Sat 10 Oct 10:00 CEST   (08:00 UTC)   in 18h52m\n")},
	}}
}

func times() Timetable { a := diary(); return Timetable{a, a} }

func TestScheduleFrames(t *testing.T) {
	for name, c := range map[string]struct {
		w, h int
		keys []string
	}{
		"schedules-80x24": {80, 24, nil}, "schedules-60x20": {60, 20, nil}, "schedules-120x36": {120, 36, nil}, "schedules-38x6": {38, 6, nil},
		"schedules-200x50": {200, 50, nil}, "schedules-paused-80x24": {80, 24, []string{"G"}}, "schedules-run-80x24": {80, 24, []string{"r"}},
		"schedules-all-80x24": {80, 24, []string{"enter"}}, "schedules-help-80x24": {80, 24, []string{"?"}}, "schedules-help-60x20": {60, 20, []string{"?"}},
	} {
		t.Run(name, func(t *testing.T) {
			keys := []string{"~campaigns", "S", "~dunning"}
			if c.w == 38 { // where nobody sees what keys do, S does nothing
				keys = []string{"~campaigns"}
			}
			golden(t, name, play(t, browse(library()), c.w, c.h, append(keys, c.keys...)...), c.w, c.h)
		})
	}
}

// Nothing is done to a schedule that was not confirmed, and everything is that was.
func TestScheduleKeys(t *testing.T) {
	for _, c := range []struct{ keys, want, says string }{
		{"space", "", ""},
		{"space n", "", ""},
		{"space y ~its_runs_are_missed", "pause dunning-weekly", "is paused"},
		{"G space y ~gone", "resume birthdays", "schedule birthdays is gone"},
		{"r enter", "", ""},
		{"space esc esc", "", "campaigns"},
		{"x c d R", "", ""},
	} {
		a := diary()
		steps := []string{"~campaigns", "S", "~dunning"}
		for k := range strings.FieldsSeq(c.keys) {
			if k = strings.ReplaceAll(k, "space", " "); strings.HasPrefix(k, "~") {
				k = strings.ReplaceAll(k, "_", " ")
			}
			steps = append(steps, k)
		}
		frame := play(t, NewBrowser(still(), library(), Timetable{a, a}, noon), 120, 30, steps...)
		if got := strings.Join(a.done, ", "); got != c.want || !strings.Contains(frame, c.says) {
			t.Errorf("%s: did %q, not %q\n%s", c.keys, got, c.want, frame)
		}
	}
	a := diary()
	frame := play(t, NewBrowser(still(), library(), Timetable{Source: a}, noon), 120, 30, "~campaigns", "S", "~dunning", "r", "y", " ")
	if len(a.done) > 0 || !strings.Contains(frame, "read only") {
		t.Errorf("read only: %v\n%s", a.done, frame)
	}
	play(t, NewBrowser(still(), library(), Timetable{Source: &agenda{}}, noon), 80, 24, "~campaigns", "S", "~There is no schedule yet")
	play(t, NewBrowser(still(), library(), Timetable{Source: &agenda{err: errors.New("schedules need a config")}}, noon), 80, 24, "~campaigns", "S", "~need a config")
}

// The schedules, too, are never drawn wider than the window.
func TestSchedulesFit(t *testing.T) {
	m := browse(library())
	p := &timetable{Timetable: times()}
	m.push(p)
	var model tea.Model = m
	model, _ = model.Update(timed{of: p, all: diary().all})
	for w := 20; w <= 210; w += 9 {
		for h := 2; h <= 60; h += 5 {
			m.w, m.h, p.at = w, h, h%3
			checkSize(t, model.View(), w, h)
		}
	}
}
