package tui

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// Approval is a plan that a person reads before anything is sent, and what must be typed to let it go.
type Approval struct {
	Title    string
	Lines    []string
	Question string
	Want     string                                                            // a count may be typed with commas
	Test     func(ctx context.Context, number string) (said string, err error) // nil: no test can be sent from here
}

// Answer is how a person left the plan.
type Answer int

// The answers.
const (
	Declined Answer = iota
	Approved
	Interrupted // Ctrl-C
)

// NewApproval is a model that shows a plan and asks; answer tells, once the screen is closed, how.
func NewApproval(o Options, a Approval) (m *Model, answer func() Answer) {
	p := &approval{Approval: a}
	return newModel(o, p), func() Answer { return p.answer }
}

// approval is the page of a plan.
type approval struct {
	Approval
	at      int
	typed   string
	problem string
	testing bool
	answer  Answer
}

func (p *approval) begin(*Model) tea.Cmd { return nil }
func (p *approval) heading() string      { return "smsctl " + clean(p.Title) }

func (p *approval) hear(_ *Model, msg tea.Msg) tea.Cmd {
	if _, ok := msg.(told); ok {
		p.testing = false
	}
	return nil
}

// send lets a test go beside the screen.
func (p *approval) send(m *Model, number string) tea.Cmd {
	p.testing = true
	m.notice = "the test is under way ..."
	ctx := m.context()
	return func() tea.Msg {
		said, err := p.Test(ctx, number)
		return told{said, err}
	}
}

func (p *approval) draw(m *Model) []string {
	if m.tiny() {
		return []string{fit(clean(p.Title), m.w), fmt.Sprintf("window %dx%d; needs 56x10; q leaves", m.w, m.h)}
	}
	asked := strings.Split(ansi.Wrap(clean(p.Question), m.w-4, ""), "\n")
	asked = append(asked, "> "+m.paint(strong, clean(p.typed))+"_")
	if p.problem != "" {
		asked = append(asked, m.paint(bad, p.problem))
	}
	room := max(1, m.h-3-len(asked))
	p.at = max(0, min(p.at, len(p.Lines)-room))
	hint := ""
	if len(p.Lines) > room {
		hint = count(int64(min(p.at+room, len(p.Lines)))) + " of " + count(int64(len(p.Lines))) + " lines"
	}
	s := &sheet{m: m}
	s.out = append(s.out, m.top(m.paint(strong, clean(p.Title)), hint, m.w))
	s.rows(p.Lines[p.at:min(len(p.Lines), p.at+room)]...)
	s.fill(1 + room)
	s.edge("", "")
	s.rows(asked...)
	keys := "enter send   up/down scroll   esc leave"
	if p.Test != nil {
		keys = "enter send   t test to yourself   up/down scroll   esc leave"
	}
	if m.notice != "" {
		keys = m.said()
	}
	return append(s.out, m.bottom(keys, m.w))
}

func (p *approval) key(m *Model, k string) tea.Cmd {
	p.problem = ""
	switch k {
	case "ctrl+c":
		p.answer = Interrupted
		return tea.Quit
	case "up":
		p.at--
	case "down":
		p.at++
	case "pgup":
		p.at -= m.h / 2
	case "pgdown":
		p.at += m.h / 2
	case "home":
		p.at = 0
	case "end":
		p.at = len(p.Lines)
	default:
		return p.typing(m, k)
	}
	return nil
}

// typing are the keys of the answer. While a test is under way nothing is decided.
func (p *approval) typing(m *Model, k string) tea.Cmd {
	switch {
	case p.testing:
		m.notice = "the test is under way ..."
	case k == "esc" || k == "q":
		return tea.Quit
	case k == "enter":
		if strings.NewReplacer(",", "", ".", "", " ", "").Replace(p.typed) == p.Want {
			p.answer = Approved
			return tea.Quit
		}
		p.problem = fmt.Sprintf("That is not %s: nothing was sent.", p.Want)
	case k == "t" && p.typed == "" && p.Test != nil:
		m.dialog = numberDialog("Send a test", []string{"The first message goes to you, as it would to the first recipient.", ""},
			func(number string) tea.Cmd { return p.send(m, number) })
	case k == "backspace" && p.typed != "":
		r := []rune(p.typed)
		p.typed = string(r[:len(r)-1])
	case len([]rune(k)) == 1:
		p.typed += k
	}
	return nil
}

// numberDialog asks for a phone number to send to.
func numberDialog(title string, lines []string, do func(number string) tea.Cmd) *dialog {
	d := &dialog{title: title, keys: "enter send   esc go back", prompt: "To number (like +447700900123):", typed: new(string), lines: lines}
	d.enter = func(text string) tea.Cmd {
		number := strings.TrimSpace(text)
		if len(number) < 4 || strings.Trim(number, "+0123456789 -().") != "" {
			d.problem = "Write a phone number with its country code."
			return nil
		}
		return do(number)
	}
	return d
}
