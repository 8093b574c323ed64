package tui

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// messageList are messages of a campaign: those behind a number of the dashboard.
type messageList struct {
	stories Stories
	choice  Choice
	title   string
	all     []report.Message
	loaded  bool
	err     error
	at      int
	state   int // 0 = as chosen, else of campaign.States
}

// listed are the messages of a list, or why there are none.
type listed struct {
	of  *messageList
	all []report.Message
	err error
}

// mostMessages is how many a list holds: a person looks at some, a program takes the report's tables.
const mostMessages = 1000

func (d *dashboard) messages(m *Model, c Choice, title string) tea.Cmd {
	if d.subject.Stories == nil || d.snap == nil {
		return nil
	}
	c.Limit = mostMessages
	return m.push(&messageList{stories: d.subject.Stories, choice: c, title: clean(d.snap.Campaign.Name) + "  " + title})
}

// open is what enter does on a line of the dashboard.
func (d *dashboard) open(m *Model) tea.Cmd {
	if d.snap == nil {
		return nil
	}
	i := d.cursor[d.focus]
	switch d.focus {
	case paneCarriers:
		if lines := d.lines(); i < len(lines) {
			return m.push(d.aboutCarrier(lines[i].name))
		}
	case paneErrors:
		if rows := d.errorRows(); i < len(rows) {
			e := rows[i]
			c := Choice{Class: e.Class, States: []campaign.State{campaign.Failed, campaign.Expired, campaign.Undelivered, campaign.Unknown}}
			return d.messages(m, c, e.Title)
		}
	case paneCountries:
		if rows := d.countryRows(); i < len(rows) {
			return d.messages(m, Choice{Country: rows[i].Country}, rows[i].Country)
		}
	case paneFunnel:
		return d.messages(m, Choice{}, "messages")
	}
	return nil
}

func (d *dashboard) aboutCarrier(name string) panel {
	p := &page{title: "carrier " + name, lines: func(m *Model) []string { return d.carrierPage(m, name) }}
	p.onKey = func(m *Model, k string) (tea.Cmd, bool) {
		switch k {
		case "m":
			return d.messages(m, Choice{Carrier: name}, "by "+clean(name)), true
		case "x", "t", "b":
			if d.subject.Controls != nil {
				d.focus = paneCarriers
				d.cursor[paneCarriers] = slices.IndexFunc(d.lines(), func(l line) bool { return l.name == name })
				d.steerCarrier(m, k)
			}
			return nil, true
		}
		return nil, false
	}
	return p
}

func (l *messageList) heading() string { return "smsctl " + l.title }

func (l *messageList) begin(m *Model) tea.Cmd {
	ctx, c := m.context(), l.choice
	if l.state > 0 {
		c.States = []campaign.State{campaign.States()[l.state-1]}
	}
	return func() tea.Msg {
		all, err := l.stories.Messages(ctx, c)
		return listed{l, all, err}
	}
}

func (l *messageList) hear(_ *Model, msg tea.Msg) tea.Cmd {
	if got, ok := msg.(listed); ok && got.of == l {
		l.all, l.err, l.loaded = got.all, got.err, true
		l.at = min(l.at, max(0, len(l.all)-1))
	}
	return nil
}

func (l *messageList) draw(m *Model) []string {
	if m.tiny() {
		return []string{fit(l.title, m.w), "smsctl: window too small; esc back"}
	}
	s := &sheet{m: m}
	hint := count(int64(len(l.all))) + " messages"
	if len(l.all) == l.choice.Limit {
		hint = "the first " + hint
	}
	if l.state > 0 {
		hint = string(campaign.States()[l.state-1]) + " only   " + hint
	}
	s.out = append(s.out, m.top(m.paint(strong, l.title), hint, m.w))
	switch {
	case l.err != nil:
		s.rows(m.paint(bad, clean(l.err.Error())))
	case !l.loaded:
		s.rows("reading ...")
	case len(l.all) == 0:
		s.rows("There are none.")
	default:
		s.rows(l.table(m)...)
	}
	s.fill(m.h - 1)
	keys := "enter open   s next state   g G first, last   y copy id   esc back"
	if m.notice != "" {
		keys = m.said()
	}
	return append(s.out, m.bottom(keys, m.w))
}

func (l *messageList) table(m *Model) []string {
	cols := []column{
		{head: "ROW", width: 9, right: true}, {head: "TO", width: 20}, {head: "CC", width: 3, min: 80}, {head: "STATE", width: 12},
		{head: "TRIES", width: 5, right: true, min: 80}, {head: "CARRIER"}, {head: "CLASS", width: 22, min: 100}, {head: "ID", width: 24, min: 120},
	}
	room := m.h - 3
	first := max(0, l.at-room+1)
	rows := make([][]string, len(l.all))
	for i := first; i < len(l.all) && i < first+room; i++ {
		g := &l.all[i]
		rows[i] = []string{
			count(int64(g.Row)), clean(g.To), g.Country, string(g.State), fmt.Sprint(g.Attempts), clean(g.Carrier), string(g.Class), g.ID,
		}
	}
	return m.grid(cols, rows, l.at, first, room, m.w-4)
}

func (l *messageList) key(m *Model, k string) tea.Cmd {
	if at, ok := moved(k, l.at, len(l.all)-1, m.h-3); ok {
		l.at = at
		return nil
	}
	switch k {
	case "s":
		l.state = (l.state + 1) % (len(campaign.States()) + 1)
		return l.begin(m)
	case "y":
		if l.at < len(l.all) {
			m.copy(l.all[l.at].ID)
		}
	case "enter":
		if l.at < len(l.all) {
			return m.push(newStory(l))
		}
	case "esc", "q":
		return m.pop()
	case "ctrl+c":
		return m.below(l, k)
	}
	return nil
}

// copy puts a text on the clipboard of the terminal, if it takes one.
func (m *Model) copy(text string) {
	if m.o.Copy == nil {
		m.notice = text
		return
	}
	m.o.Copy(text)
	m.notice = "copied " + text
}

// story is everything about one message, as `message show` tells it.
type story struct {
	page
	list   *messageList
	detail *report.Detail
	err    error
	reveal bool
}

// heard is a message's detail.
type heard struct {
	of     *story
	detail *report.Detail
	err    error
}

func newStory(l *messageList) *story {
	s := &story{list: l}
	s.title = "message"
	s.keys = "n/p next/prev   y copy id   v show number (audited)   esc back   ? help"
	s.lines = s.text
	return s
}

func (s *story) begin(m *Model) tea.Cmd {
	ctx, id, reveal, of := m.context(), s.list.all[s.list.at].ID, s.reveal, s
	s.title = "message " + id
	return func() tea.Msg {
		d, err := of.list.stories.Message(ctx, id, reveal)
		return heard{of, d, err}
	}
}

func (s *story) hear(_ *Model, msg tea.Msg) tea.Cmd {
	if got, ok := msg.(heard); ok && got.of == s {
		s.detail, s.err = got.detail, got.err
	}
	return nil
}

func (s *story) text(m *Model) []string {
	switch {
	case s.err != nil:
		return []string{m.paint(bad, clean(s.err.Error()))}
	case s.detail == nil:
		return []string{"reading ..."}
	}
	return textLines(func(b *bytes.Buffer) error {
		return s.detail.WriteText(b, report.Style{Width: m.w - 4, ASCII: m.ascii, Zone: m.o.Zone})
	})
}

func (s *story) key(m *Model, k string) tea.Cmd {
	switch k {
	case "n":
		s.list.at = min(len(s.list.all)-1, s.list.at+1)
	case "p":
		s.list.at = max(0, s.list.at-1)
	case "y":
		m.copy(strings.TrimPrefix(s.title, "message "))
		return nil
	case "v":
		s.reveal = true
		return s.begin(m)
	case "ctrl+c":
		return m.below(s, k)
	default:
		return s.page.key(m, k)
	}
	s.reveal, s.at, s.detail = false, 0, nil
	return s.begin(m)
}
