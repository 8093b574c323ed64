package tui

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/exp/teatest"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// update says that the golden frames are to be written anew: teatest has defined the flag.
func update() bool { return flag.Lookup("update").Value.String() == "true" }

// patience is how long a test waits for the program's loop: long, because machines are busy.
const patience = 60 * time.Second

// still are options for a clock that stands still: no frame comes by itself.
func still() Options {
	return Options{Profile: "prod", Zone: time.FixedZone("BST", 3600), NextFrame: func(time.Duration) tea.Cmd { return nil }}
}

// play runs a model in a terminal of w by h and returns its last frame. A step is a key; one that begins with ~ waits
// until the terminal has shown the rest of it.
func play(t *testing.T, m *Model, w, h int, steps ...string) string {
	t.Helper()
	m.o.Retitle = func(string) tea.Cmd { return nil } // Bubble Tea's own race with the compressor that teatest puts behind it
	tm := teatest.NewTestModel(t, m, teatest.WithInitialTermSize(w, h))
	for _, step := range steps {
		if text, ok := strings.CutPrefix(step, "~"); ok {
			teatest.WaitFor(t, tm.Output(), func(out []byte) bool { return bytes.Contains(out, []byte(text)) },
				teatest.WithDuration(patience), teatest.WithCheckInterval(2*time.Millisecond))
			continue
		}
		tm.Send(keyOf(step))
	}
	tm.Send(Over{})
	return tm.FinalModel(t, teatest.WithFinalTimeout(patience)).View()
}

func keyOf(name string) tea.KeyMsg {
	for _, k := range []struct {
		name string
		key  tea.KeyType
	}{
		{"enter", tea.KeyEnter}, {"esc", tea.KeyEsc}, {"tab", tea.KeyTab}, {"up", tea.KeyUp}, {"down", tea.KeyDown},
		{"ctrl+c", tea.KeyCtrlC}, {"backspace", tea.KeyBackspace}, {" ", tea.KeySpace},
	} {
		if k.name == name {
			return tea.KeyMsg{Type: k.key, Runes: []rune(strings.Repeat(" ", min(1, strings.Count(name, " "))))}
		}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// golden holds a frame against the one that was looked at, and against the terminal's size.
func golden(t *testing.T, name, frame string, w, h int) {
	t.Helper()
	checkSize(t, frame, w, h)
	path := filepath.Join("..", "testdata", "golden", "tui", name+".txt")
	if update() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(frame+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := frame + "\n"; got != string(want) {
		t.Errorf("%s is not as it was looked at (go test ./tui -update writes it anew):\n%s\nwas:\n%s", name, got, want)
	}
}

// checkSize fails where a line is not exactly as wide as the terminal, or a frame is higher.
func checkSize(t *testing.T, frame string, w, h int) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	if len(lines) > h {
		t.Errorf("%d lines in a window of %d", len(lines), h)
	}
	for _, l := range lines {
		if got := width(l); got != w {
			t.Errorf("%d cells in a window of %d: %q", got, w, l)
		}
	}
}

// sizes are those of the contract.
var sizes = [][2]int{{38, 6}, {40, 8}, {60, 20}, {80, 24}, {120, 36}, {200, 50}}

func TestDashboardFrames(t *testing.T) {
	for name, snap := range map[string]func() *report.Snapshot{"spring": spring, "strange": strange, "crowded": crowded} {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), func(t *testing.T) {
				m := NewDashboard(still(), Subject{Source: &world{snap: snap()}, Owner: true, Controls: &world{}, Stories: &world{}})
				golden(t, fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), play(t, m, size[0], size[1], "~%"), size[0], size[1])
			})
		}
	}
}

// Whatever the size of the window, no line is wider than it, no frame higher, and progress and funnel are there.
func TestEverySizeFits(t *testing.T) {
	for _, snap := range []*report.Snapshot{spring(), strange(), crowded()} {
		for _, focus := range []pane{paneFunnel, paneThroughput, paneCarriers, paneErrors, paneCountries, paneEvents} {
			for _, w := range []int{20, 38, 55, 56, 57, 67, 79, 80, 81, 97, 119, 120, 121, 163, 210} { // where layouts change, and between
				for _, h := range []int{2, 6, 9, 10, 11, 14, 17, 21, 22, 24, 25, 26, 30, 41, 60} {
					for _, zoom := range []bool{false, true} {
						d := &dashboard{subject: Subject{Source: &world{snap: snap}}, snap: snap, focus: focus, zoom: zoom, cursor: map[pane]int{}, sort: map[pane]int{}}
						m := newModel(still(), d)
						m.w, m.h = w, h
						frame := m.View()
						checkSize(t, frame, w, h)
						if !strings.Contains(frame, "64%") && !strings.Contains(frame, "65.") && !strings.Contains(frame, "64.") {
							t.Fatalf("no progress at %dx%d:\n%s", w, h, frame)
						}
						if !m.tiny() && !zoom && !strings.Contains(frame, "8,412") {
							t.Fatalf("no funnel at %dx%d:\n%s", w, h, frame)
						}
						if t.Failed() {
							t.FailNow()
						}
					}
				}
			}
		}
	}
}

// A sum that does not close is said loudly.
func TestFunnelThatDoesNotAddUp(t *testing.T) {
	snap := spring()
	snap.Counts.Failed--
	for _, size := range sizes[2:] {
		frame := play(t, NewDashboard(still(), Subject{Source: &world{snap: snap}}), size[0], size[1], "~%")
		if !strings.Contains(frame, "Funnel DOES NOT ADD UP, please report") {
			t.Errorf("%v:\n%s", size, frame)
		}
	}
}

// The header names every state, and a pause says who and why.
func TestHeaderStates(t *testing.T) {
	for _, c := range []struct {
		change func(*report.Snapshot)
		want   string
	}{
		{func(*report.Snapshot) {}, "RUNNING"},
		{func(s *report.Snapshot) { s.Alive = false }, "STALLED nobody works on it"},
		{func(s *report.Snapshot) { s.Idle = 45 * time.Second }, "STALLED no progress for 45s"},
		{func(s *report.Snapshot) {
			s.Campaign.Status, s.Campaign.Reason = campaign.Paused, "paused by ana@host: lunch"
		}, "PAUSED paused by ana@host: lunch"},
		{func(s *report.Snapshot) { s.Campaign.Desired, s.Campaign.Reason = campaign.WantPause, "paused by ana" }, "PAUSING paused by ana"},
		{func(s *report.Snapshot) {
			s.Campaign.Status, s.Campaign.Reason = campaign.Waiting, "window opens 08:00"
		}, "WAITING window opens 08:00"},
		{func(s *report.Snapshot) { s.Campaign.Status = campaign.Settling }, "SETTLING"},
		{func(s *report.Snapshot) { s.Campaign.Status = campaign.Completed }, "COMPLETED"},
		{func(s *report.Snapshot) { s.Campaign.Status = campaign.Stopped }, "CANCELLED"},
	} {
		s := spring()
		c.change(s)
		if frame := play(t, NewDashboard(still(), Subject{Source: &world{snap: s}}), 120, 30, "~%"); !strings.Contains(frame, c.want) {
			t.Errorf("no %q in\n%s", c.want, frame)
		}
	}
}
