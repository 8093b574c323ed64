package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

func springPlan(test func(context.Context, string) (string, error)) Approval {
	lines := []string{"  Input      customers.csv   25,120 rows", "  Send       24,000 messages, 26,880 segments", ""}
	for i := range 30 {
		lines = append(lines, fmt.Sprintf("  C%02d      %d", i, 1000-i))
	}
	return Approval{
		Title: "Plan spring-sale-2026 profile prod, LIVE carriers", Lines: lines, Want: "24000",
		Question: "Type 24000 to send 24,000 live messages (est EUR 967.68, ceiling 1100.00).", Test: test,
	}
}

// Only the number lets a campaign go, with commas or without; everything else sends nothing.
func TestApproval(t *testing.T) {
	for _, c := range []struct {
		keys string
		want Answer
	}{
		{"2 4 0 0 0 enter", Approved}, {"2 4 , 0 0 0 enter", Approved}, {"2 4 x backspace 0 0 0 enter", Approved},
		{"enter q", Declined}, {"2 4 0 0 enter esc", Declined}, {"y enter q", Declined}, {"down up esc", Declined},
		{"q", Declined}, {"2 ctrl+c", Interrupted}, {"t 2 4 0 0 0 enter esc q", Declined},
	} {
		m, answer := NewApproval(still(), springPlan(func(context.Context, string) (string, error) { return "", nil }))
		play(t, m, 100, 30, strings.Fields(c.keys)...)
		if got := answer(); got != c.want {
			t.Errorf("%q is answer %d, not %d", c.keys, got, c.want)
		}
	}
}

// A test goes to the number that was typed, what became of it is said, and until then nothing is decided.
func TestApprovalTest(t *testing.T) {
	release, to := make(chan struct{}), ""
	m, answer := NewApproval(still(), springPlan(func(_ context.Context, number string) (string, error) {
		to = number
		<-release
		return "", errors.New("no carrier took it")
	}))
	m.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	var under tea.Cmd
	for _, k := range append(append([]string{"t"}, strings.Split("+447700900123", "")...), "enter") {
		_, under = m.Update(keyOf(k))
	}
	for _, k := range []string{"2", "4", "0", "0", "0", "enter", "q"} {
		if _, cmd := m.Update(keyOf(k)); cmd != nil {
			t.Fatalf("%s while the test is under way", k)
		}
	}
	close(release)
	m.Update(under())
	if got := m.View(); to != "+447700900123" || !strings.Contains(got, "no carrier took it") {
		t.Errorf("to %q, and\n%s", to, got)
	}
	for _, k := range []string{"2", "4", "0", "0", "0", "enter"} {
		m.Update(keyOf(k))
	}
	if answer() != Approved {
		t.Errorf("answer %d after the test", answer())
	}
}

func TestApprovalFrames(t *testing.T) {
	for _, size := range sizes {
		m, _ := NewApproval(still(), springPlan(nil))
		golden(t, fmt.Sprintf("plan-%dx%d", size[0], size[1]), play(t, m, size[0], size[1], "~Plan"), size[0], size[1])
	}
}
