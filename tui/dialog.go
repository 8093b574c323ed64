package tui

import (
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// dialog is a question over the screen. While it is open no key does anything else.
type dialog struct {
	title, keys string
	short       string // for a window without room
	lines       []string
	choices     []choice
	at          int
	typed       *string // text being typed; nil where there is nothing to type
	prompt      string
	yes         func() tea.Cmd            // of a y/N question
	enter       func(text string) tea.Cmd // of a text; nil result with a problem set keeps it open
	problem     string
}

type choice struct {
	key, name, what string
	do              func() tea.Cmd
}

func (d *dialog) press(m *Model, k tea.KeyMsg) tea.Cmd {
	name := k.String()
	switch {
	case name == "esc":
		m.dialog = nil
		return nil
	case d.typed != nil:
		return d.text(m, k)
	case d.yes != nil:
		m.dialog = nil
		if name == "y" || name == "Y" {
			return d.yes()
		}
		return nil
	}
	for i, c := range d.choices {
		if name == c.key || name == "enter" && i == d.at {
			m.dialog = nil
			return c.do()
		}
	}
	switch name {
	case "up", "k", "shift+tab":
		d.at = (d.at + len(d.choices) - 1) % len(d.choices)
	case "down", "j", "tab":
		d.at = (d.at + 1) % len(d.choices)
	}
	return nil
}

func (d *dialog) text(m *Model, k tea.KeyMsg) tea.Cmd {
	switch k.Type {
	case tea.KeyEnter:
		cmd := d.enter(*d.typed)
		if d.problem == "" {
			if m.dialog == d {
				m.dialog = nil
			}
		}
		return cmd
	case tea.KeyBackspace:
		if r := []rune(*d.typed); len(r) > 0 {
			*d.typed = string(r[:len(r)-1])
		}
	case tea.KeyCtrlU:
		*d.typed = ""
	case tea.KeyRunes, tea.KeySpace:
		*d.typed += clean(string(k.Runes))
	}
	d.problem = ""
	return nil
}

func (d *dialog) draw(m *Model) []string {
	w := min(m.w, 62)
	lines := append([]string(nil), d.lines...)
	for i, c := range d.choices {
		mark := "  "
		text := fit(c.name, 14) + c.what
		if i == d.at {
			mark, text = "› ", m.paint(chosen, text)
		}
		lines = append(lines, mark+text)
	}
	if d.typed != nil {
		typed := *d.typed
		for width(d.prompt+typed) > w-7 && typed != "" { // the end of it is what is being typed
			typed = string([]rune(typed)[1:])
		}
		lines = append(lines, d.prompt+" "+typed+"_")
		if d.problem != "" {
			lines = append(lines, m.paint(bad, d.problem))
		}
	}
	return m.box(d.title, d.keys, lines, w)
}

func (m *Model) confirm(title string, lines []string, yes func() tea.Cmd) {
	m.dialog = &dialog{title: title, keys: "y yes   any other key no", short: title + " y/N", lines: lines, yes: yes}
}

// cancelDialog asks for the campaign's name: what it does cannot be undone.
func cancelDialog(name string, handled, eligible, queued int64, do func() tea.Cmd) *dialog {
	d := &dialog{
		title: "Cancel " + clean(name) + "?", keys: "esc go back", prompt: "Type the campaign's name to cancel it:", typed: new(string),
		lines: []string{
			fmt.Sprintf("%s of %s recipients are already handled.", count(handled), count(eligible)),
			fmt.Sprintf("%s will NOT be sent. This cannot be undone.", count(queued)), "",
		},
	}
	d.enter = func(text string) tea.Cmd {
		if text != name {
			d.problem = "That is not its name; nothing was done."
			return nil
		}
		return do()
	}
	return d
}

func rateDialog(now string, do func(rate float64) tea.Cmd) *dialog {
	d := &dialog{
		title: "Rate cap", keys: "enter set   esc go back", prompt: "Segments a second (none lifts the cap):", typed: new(string),
		lines: []string{"Now: " + now, ""},
	}
	d.enter = func(text string) tea.Cmd {
		text = strings.TrimSuffix(strings.TrimSpace(text), "/s")
		if text == "none" {
			return do(0)
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v <= 0 || v > 1e6 {
			d.problem = "Write a number like 30, or none."
			return nil
		}
		return do(v)
	}
	return d
}

// quitDialog is what q asks where this process is the one that sends.
func quitDialog(queued, sending int64, wish func(Kind) tea.Cmd) *dialog {
	return &dialog{
		title: "Campaign is still sending", keys: "up/down choose   enter confirm   esc stay",
		short: "d detach, p pause & quit, esc stay",
		lines: []string{
			fmt.Sprintf("%s messages are queued, %s are under way.", count(queued), count(sending)), "",
		},
		choices: []choice{
			{"d", "Detach", "keep sending in the background", func() tea.Cmd { return wish(Detach) }},
			{"p", "Pause & quit", fmt.Sprintf("finish the %s under way, then stop", count(sending)), func() tea.Cmd { return wish(Interrupt) }},
			{"s", "Stay", "go back to the dashboard", func() tea.Cmd { return nil }},
		},
	}
}
