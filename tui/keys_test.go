package tui

import (
	"errors"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// stage is a dashboard of the spring campaign, of the process that sends it.
func stage(w *world, change ...func(*Subject)) *Model {
	s := Subject{Source: w, Controls: w, Stories: w, Owner: true}
	for _, c := range change {
		c(&s)
	}
	return NewDashboard(still(), s)
}

func watching(s *Subject) { s.Owner = false }
func looking(s *Subject)  { s.Owner, s.Controls = false, nil }

// What a key does to the campaign, and what it does not.
func TestActionKeys(t *testing.T) {
	paused := func(w *world) { w.snap.Campaign.Desired = campaign.WantPause }
	for _, c := range []struct {
		name   string
		keys   string
		setup  func(*world)
		change func(*Subject)
		want   string
	}{
		{"space pauses", "space", nil, nil, "[{pause  0}]"},
		{"space resumes", "space", paused, nil, "[{resume  0}]"},
		{"+ is ten percent more", "+", nil, nil, "[{rate  55}]"},
		{"- is ten percent less", "-", nil, nil, "[{rate  45.5}]"},
		{"a typed rate", "r 3 0 enter", nil, nil, "[{rate  30}]"},
		{"a typed rate with its unit", "r 7 . 5 / s enter", nil, nil, "[{rate  7.5}]"},
		{"none lifts the cap", "r n o n e enter", nil, nil, "[{rate  0}]"},
		{"a rate that is none", "r x enter", nil, nil, "[]"},
		{"esc leaves the rate", "r 3 esc", nil, nil, "[]"},
		{"drain asks", "x", nil, nil, "[]"},
		{"drain after yes", "x y", nil, nil, "[{drain twilio-main 0}]"},
		{"no drain after anything else", "x enter", nil, nil, "[]"},
		{"the carrier under the cursor", "down x y", nil, nil, "[{drain vonage-eu 0}]"},
		{"undrain", "x y", func(w *world) { w.snap.Vitals.Lines[0].Drained = true }, nil, "[{undrain twilio-main 0}]"},
		{"x only among the carriers", "6 x y", nil, nil, "[]"},
		{"a test goes to a number", "t " + letters("+447700900123") + " enter", nil, nil, "[{test twilio-main 0 +447700900123}]"},
		{"a test needs a number", "t a n n enter", nil, nil, "[]"},
		{"t only among the carriers", "4 t 1 2 3 4 5 enter", nil, nil, "[]"},
		{"a breaker that is not closed", "down down b y", nil, nil, "[{reset smpp-local 0}]"},
		{"reset asks", "down down b enter", nil, nil, "[]"},
		{"a closed breaker", "b y", nil, nil, "[]"},
		{"cancel needs the name", "c enter", nil, nil, "[]"},
		{"cancel by another name", "c s p r i n g enter", nil, nil, "[]"},
		{"cancel by its name", "c " + letters("spring-sale-2026") + " enter", nil, nil, "[{cancel  0}]"},
		{"letters in a dialog do nothing else", "c d x q R esc", nil, nil, "[]"},
		{"detach", "d", nil, nil, "[{detach  0}]"},
		{"detach is for who sends", "d", nil, watching, "[]"},
		{"q asks", "q", nil, nil, "[]"},
		{"q then detach", "q enter", nil, nil, "[{detach  0}]"},
		{"q then pause and quit", "q down enter", nil, nil, "[{interrupt  0}]"},
		{"q then stay", "q down down enter", nil, nil, "[]"},
		{"q then esc", "q esc", nil, nil, "[]"},
		{"Ctrl-C", "ctrl+c", nil, nil, "[{interrupt  0}]"},
		{"Ctrl-C through a dialog", "c ctrl+c", nil, nil, "[{interrupt  0}]"},
		{"report", "R", nil, nil, "[{report  0}]"},
		{"read only", "space + - r 3 enter c d x y R", nil, looking, "[]"},
		{"a filter has the keys", "/ space c d x q R", nil, nil, "[]"},
		{"help has the keys", "? space", nil, nil, "[]"},
		{"typed faster than read", "??r30 enter", nil, nil, "[{rate  30}]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{snap: spring()}
			if c.setup != nil {
				c.setup(w)
			}
			change := c.change
			if change == nil {
				change = func(*Subject) {}
			}
			var steps []string
			for k := range strings.FieldsSeq(c.keys) {
				if k == "space" {
					k = " "
				}
				steps = append(steps, k)
			}
			m := stage(w, change)
			play(t, m, 120, 30, append([]string{"~%"}, steps...)...)
			if got := w.comesTo(c.want); got != c.want {
				t.Errorf("%s: wished %s, not %s", c.keys, got, c.want)
			}
		})
	}
}

func letters(s string) string { return strings.Join(strings.Split(s, ""), " ") }

// What is pasted is text, never keys.
func TestPasteIsNoKeys(t *testing.T) {
	m := stage(&world{snap: spring()})
	m.w, m.h = 80, 24
	d := (*m.now()).(*dashboard)
	d.begin(m)
	d.snap = spring()
	if cmd := m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("dc"), Paste: true}); cmd != nil || m.dialog != nil {
		t.Error("a paste was taken for keys")
	}
	m.press(keyOf("c"))
	m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("spring-sale-2026"), Paste: true})
	if cmd := m.press(keyOf("enter")); cmd == nil || m.dialog != nil {
		t.Error("a name cannot be pasted")
	}
}

// Where the window is too small to show what a key does, only leaving is possible.
func TestKeysAreDeadInATinyWindow(t *testing.T) {
	w := &world{snap: spring()}
	frame := play(t, stage(w), 38, 6, "~%", " ", "+", "c", "d", "x", "y", "q")
	if got := w.wished(); got != "[]" || !strings.Contains(frame, "d detach, p pause & quit, esc stay") {
		t.Errorf("wished %s\n%s", got, frame)
	}
	checkSize(t, frame, 38, 6)
}

// A watcher's q and Ctrl-C close the view and nothing else.
func TestWatcherLeaves(t *testing.T) {
	for _, key := range []string{"q", "ctrl+c"} {
		w := &world{snap: spring()}
		play(t, stage(w, watching), 80, 24, "~%", key)
		if got := w.wished(); got != "[]" {
			t.Errorf("%s: wished %s", key, got)
		}
	}
}

// What became of a wish is said; a refusal too.
func TestNotices(t *testing.T) {
	w := &world{snap: spring(), refuse: errors.New("campaign spring is completed: it cannot be paused")}
	play(t, stage(w), 120, 30, "~%", " ", "~it cannot be paused")
	w.refuse = nil
	play(t, stage(w), 120, 30, "~%", " ", "~done: pause")
	play(t, stage(w, looking), 120, 30, "~%", " ", "~read only")
}

// From every number a few keys lead to the people behind it.
func TestDrillDown(t *testing.T) {
	w := &world{snap: spring()}
	frame := play(t, stage(w), 120, 30, "~%", "4", "down", "enter", "~msg_7f3k9q2a.1")
	golden(t, "messages-120x30", frame, 120, 30)
	if c := w.choices[0]; c.Class != carriers.ClassRecipientInvalid || c.Limit != mostMessages || len(c.States) != 4 {
		t.Errorf("asked for %+v", c)
	}
	frame = play(t, stage(w), 100, 30, "~%", "5", "enter", "~•••123", "down", "enter", "~Why")
	golden(t, "message-100x30", frame, 100, 30)
	if !strings.Contains(frame, "message msg_7f3k9q2a.2") || strings.Contains(frame, "7700900123") {
		t.Error(frame)
	}
	play(t, stage(w), 100, 30, "~%", "m", "~•••123", "enter", "~Why", "v", "~+447700900123", "n", "~q2a.2")
	golden(t, "carrier-80x24", play(t, stage(w), 80, 24, "~%", "down", "down", "enter", "~rescued"), 80, 24)
	play(t, stage(w), 80, 24, "~%", "enter", "~rescued", "m", "~•••123", "esc", "esc", "~Errors")
	if c := w.choices[len(w.choices)-1]; c.Carrier != "twilio-main" {
		t.Errorf("asked for %+v", c)
	}
}

// Dialogs, help, zoom, filter and levels as they look.
func TestWindows(t *testing.T) {
	for name, keys := range map[string][]string{
		"quit": {"q"}, "cancel": {"c", "x", "enter"}, "rate": {"r"}, "drain": {"x"}, "help": {"?"},
		"zoom-carriers": {"z"}, "zoom-funnel": {"1", "z"}, "zoom-countries": {"5", "z"}, "throughput": {"2"},
		"filter": {"/", "f", "r", ":", "enter"}, "loud": {"l"},
	} {
		t.Run(name, func(t *testing.T) {
			frame := play(t, stage(&world{snap: spring()}), 80, 24, append([]string{"~%"}, keys...)...)
			golden(t, name+"-80x24", frame, 80, 24)
		})
	}
}

// The state that cannot be read is said, and what was read last stays.
func TestReadFails(t *testing.T) {
	play(t, stage(&world{}), 80, 24, "~the disk is gone")
}

// With ASCII asked for there is nothing else, whatever names people use, and the widths are the same.
func TestASCII(t *testing.T) {
	o := still()
	o.ASCII = true
	for _, size := range sizes {
		for _, snap := range []*world{{snap: spring()}, {snap: strange()}} {
			frame := play(t, NewDashboard(o, Subject{Source: snap, Owner: true, Controls: snap}), size[0], size[1], "~%", "q")
			checkSize(t, frame, size[0], size[1])
			if !isASCII(frame) {
				t.Errorf("%v:\n%s", size, frame)
			}
		}
	}
	golden(t, "ascii-80x24", play(t, NewDashboard(o, Subject{Source: &world{snap: spring()}}), 80, 24, "~%"), 80, 24)
}

// Colours are the 16 of the terminal; without colour there is not one escape.
func TestColours(t *testing.T) {
	o := still()
	if frame := play(t, NewDashboard(o, Subject{Source: &world{snap: strange()}}), 120, 36, "~%"); strings.Contains(frame, "\x1b") {
		t.Error("an escape without colour")
	}
	o.Color = true
	frame := play(t, NewDashboard(o, Subject{Source: &world{snap: spring()}}), 120, 36, "~%")
	if !strings.Contains(frame, "\x1b[") || strings.Contains(frame, "38;5") || strings.Contains(frame, "38;2") {
		t.Error("colours beyond the 16")
	}
	checkSize(t, frame, 120, 36)
}

// A file at the end of a notice is a link where there are any, and takes no more room for it.
func TestNoticeLinks(t *testing.T) {
	m := NewDashboard(still(), Subject{})
	m.w, m.h = 80, 24
	for _, text := range []string{"The report is in /tmp/out/spring-report.html", "The report is in /tmp" + strings.Repeat("/out", 30)} {
		m.notice, m.o.Link = text, nil
		without := m.bottom(m.said(), m.w)
		m.o.Link = func(target, text string) string {
			return ansi.SetHyperlink("file://here"+target) + text + ansi.ResetHyperlink()
		}
		line := m.bottom(m.said(), m.w)
		if !strings.Contains(line, ansi.SetHyperlink("file://here/tmp/")[:16]) || strings.Count(line, "\x1b]8;") != 2 || ansi.Strip(line) != ansi.Strip(without) {
			t.Errorf("%q", line)
		}
	}
	if m.notice = "Paused by ana: 3/4"; strings.Contains(m.said(), "\x1b]8") {
		t.Errorf("%q", m.said())
	}
}
