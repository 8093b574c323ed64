package tui

import (
	"bytes"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// page is a text that can be scrolled.
type page struct {
	title  string
	keys   string
	lines  func(m *Model) []string
	at     int
	onKey  func(m *Model, k string) (tea.Cmd, bool)
	onHear func(m *Model, msg tea.Msg)
	onOpen func(m *Model) tea.Cmd
}

func (p *page) begin(m *Model) tea.Cmd {
	if p.onOpen == nil {
		return nil
	}
	return p.onOpen(m)
}

func (p *page) heading() string { return "smsctl " + clean(p.title) }

func (p *page) hear(m *Model, msg tea.Msg) tea.Cmd {
	if p.onHear != nil {
		p.onHear(m, msg)
	}
	return nil
}

func (p *page) draw(m *Model) []string {
	if m.tiny() {
		return []string{fit(clean(p.title), m.w), "smsctl: window too small; esc back"}
	}
	s := &sheet{m: m}
	lines := p.lines(m)
	room := m.h - 2
	p.at = min(p.at, max(0, len(lines)-room))
	hint := ""
	if len(lines) > room {
		hint = count(int64(min(p.at+room, len(lines)))) + " of " + count(int64(len(lines))) + " lines"
	}
	s.out = append(s.out, m.top(m.paint(strong, clean(p.title)), hint, m.w))
	s.rows(lines[p.at:min(len(lines), p.at+room)]...)
	s.fill(m.h - 1)
	keys := "up/down scroll   esc back   ? help"
	if p.keys != "" {
		keys = p.keys
	}
	if m.notice != "" {
		keys = m.said()
	}
	return append(s.out, m.bottom(keys, m.w))
}

func (p *page) key(m *Model, k string) tea.Cmd {
	if p.onKey != nil {
		if cmd, done := p.onKey(m, k); done {
			return cmd
		}
	}
	room := max(1, m.h-3)
	switch k {
	case "up", "k":
		p.at--
	case "down", "j", "enter":
		p.at++
	case "pgup", "b":
		p.at -= room
	case "pgdown", " ":
		p.at += room
	case "g", "home":
		p.at = 0
	case "G", "end":
		p.at = len(p.lines(m))
	case "esc", "q", "backspace":
		return m.pop()
	case "ctrl+c":
		return m.below(p, k)
	}
	p.at = max(0, p.at)
	return nil
}

// below hands a key to the panel under p: Ctrl-C means the same wherever it is pressed.
func (m *Model) below(p panel, k string) tea.Cmd {
	for i, q := range m.stack {
		if q == p && i > 0 {
			return m.stack[i-1].key(m, k)
		}
	}
	return tea.Quit
}

// textLines are what a writer of text has written, for a page.
func textLines(write func(b *bytes.Buffer) error) []string {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return []string{clean(err.Error())}
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return lines
}
