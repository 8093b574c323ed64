package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/smsctl/smsctl/campaign"
)

func (b *browser) key(m *Model, k string) tea.Cmd {
	if b.typing && k != "ctrl+c" {
		b.typeFilter(k)
		return nil
	}
	if at, ok := moved(k, b.at, len(b.rows())-1, m.h/2); ok {
		b.at = at
		return nil
	}
	switch k {
	case "s":
		b.sort++
		m.notice = "sorted by " + []string{"age", "name", "state", "failures"}[b.sort%4]
	case "/":
		b.typing, b.text, b.problem = true, b.query.String(), ""
	case "esc":
		b.query, b.at = campaign.Query{}, 0
	case "S":
		return m.push(&timetable{Timetable: b.times})
	case "C":
		return m.push(tablePage(b.library, Carriers))
	case "O":
		return m.push(tablePage(b.library, OptOuts))
	case "q", "ctrl+c":
		return tea.Quit
	default:
		if e, ok := b.chosen(); ok {
			return b.act(m, k, e)
		}
	}
	return nil
}

// typeFilter takes a key of the filter; what is typed so far chooses at once.
func (b *browser) typeFilter(k string) {
	switch {
	case k == "enter":
		b.typing = b.problem != ""
	case k == "esc":
		b.typing, b.text, b.query, b.problem = false, "", campaign.Query{}, ""
		return
	case k == "backspace" && b.text != "":
		r := []rune(b.text)
		b.text = string(r[:len(r)-1])
	case len([]rune(k)) == 1:
		b.text += k
	}
	q, err := campaign.ParseQuery(b.text)
	if b.problem = ""; err != nil {
		b.problem = err.Error()
		return
	}
	b.query, b.at = q, 0
}

// act does something with the campaign under the cursor.
func (b *browser) act(m *Model, k string, e Entry) tea.Cmd {
	subject := b.library.Open(e.Campaign.ID)
	d := &dashboard{subject: subject}
	switch k {
	case "enter":
		return m.push(d)
	case "e":
		cmd := m.push(d)
		d.focus = paneErrors
		return cmd
	case "m":
		return m.push(&messageList{stories: subject.Stories, choice: Choice{Limit: mostMessages}, title: clean(e.Campaign.Name) + "  messages"})
	case "R":
		return m.wish(subject.Controls, Wish{Kind: Report})
	case "c":
		n := e.Counts
		m.dialog = cancelDialog(e.Campaign.Name, n.Handled(), n.Eligible, n.Queued, func() tea.Cmd { return m.wish(subject.Controls, Wish{Kind: Cancel}) })
	case " ":
		return b.pauseOrResume(m, subject, e)
	}
	return nil
}

// pauseOrResume pauses at once, because that can be undone; whoever resumes what nobody works on is asked first.
func (b *browser) pauseOrResume(m *Model, s Subject, e Entry) tea.Cmd {
	n := e.Counts
	switch {
	case e.Alive && e.Campaign.Desired == campaign.WantPause:
		return m.wish(s.Controls, Wish{Kind: Resume})
	case e.Alive:
		return m.wish(s.Controls, Wish{Kind: Pause})
	case n.Queued+n.Sending+n.Unknown+n.Awaiting == 0:
		m.notice = "nothing is left to send"
		return nil
	}
	m.confirm("Resume "+clean(e.Campaign.Name)+"?", []string{
		fmt.Sprintf("%s will be sent to in the background (%s).", count(n.Queued+n.Sending), strings.ToUpper(string(e.Campaign.Mode))),
		fmt.Sprintf("%s already handled will not be contacted again.", count(n.Handled())),
	}, func() tea.Cmd { return m.wish(s.Controls, Wish{Kind: Resume}) })
	return nil
}

// tabled is what a table holds.
type tabled struct {
	of   *page
	head []string
	rows [][]string
	err  error
}

// tablePage shows a table that is only looked at.
func tablePage(l Library, t Table) panel {
	p := &page{title: string(t)}
	var got *tabled
	p.onOpen = func(m *Model) tea.Cmd {
		ctx := m.context()
		return func() tea.Msg {
			head, rows, err := l.Table(ctx, t)
			return tabled{p, head, rows, err}
		}
	}
	p.onHear = func(_ *Model, msg tea.Msg) {
		if in, ok := msg.(tabled); ok && in.of == p {
			got = &in
		}
	}
	p.lines = func(m *Model) []string {
		switch {
		case got == nil:
			return []string{"reading ..."}
		case got.err != nil:
			return []string{m.paint(bad, clean(got.err.Error()))}
		case len(got.rows) == 0:
			return []string{"There are none."}
		}
		return align(append([][]string{got.head}, got.rows...))
	}
	return p
}

// align puts cells under each other.
func align(rows [][]string) []string {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], width(clean(c)))
		}
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		cells := slices.Clone(r)
		for j := range cells {
			cells[j] = fit(clean(cells[j]), widths[j])
		}
		out[i] = strings.Join(cells, "  ")
	}
	return out
}
