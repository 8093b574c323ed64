package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// Library is all campaigns, and what lies beside them.
type Library interface {
	Campaigns(ctx context.Context) ([]Entry, error)
	Open(id int64) Subject
	Table(ctx context.Context, t Table) (head []string, rows [][]string, err error)
}

// Table is something that is only looked at.
type Table string

// The tables.
const (
	Carriers Table = "carriers"
	OptOuts  Table = "opt-outs"
)

// Entry is one campaign in the browser.
type Entry struct {
	Campaign *campaign.Campaign
	Status   campaign.Status // as it is shown
	Alive    bool
	Counts   campaign.Counts
	Spent    report.Money
	Next     string // what a person would most likely do, as a command's verb
}

// browser lists campaigns.
type browser struct {
	library Library
	times   Timetable
	all     []Entry
	loaded  bool
	err     error
	at      int
	sort    int
	query   campaign.Query
	text    string // of the filter being typed
	typing  bool
	problem string
	paces   map[int64]*report.Pace
	readAt  time.Time
	now     func() time.Time
}

// browsed are the campaigns at a moment.
type browsed struct {
	of  *browser
	all []Entry
	err error
}

// browseTime is how often the list is read again.
const browseTime = time.Second

// NewBrowser is a model that shows all campaigns.
func NewBrowser(o Options, l Library, t Timetable, now func() time.Time) *Model {
	return newModel(o, &browser{library: l, times: t, now: now, paces: map[int64]*report.Pace{}})
}

func (b *browser) heading() string { return "smsctl" }

func (b *browser) begin(m *Model) tea.Cmd { return b.fetch(m) }

func (b *browser) fetch(m *Model) tea.Cmd {
	ctx := m.context()
	return func() tea.Msg {
		all, err := b.library.Campaigns(ctx)
		return browsed{b, all, err}
	}
}

// nextList is the moment to read the list again.
type nextList struct{}

func (b *browser) hear(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case browsed:
		if b.err = msg.err; msg.err == nil {
			b.all, b.loaded, b.readAt = msg.all, true, b.now()
			for i := range b.all {
				b.pace(&b.all[i]).Add(b.readAt, b.all[i].Counts.Handled())
			}
		}
		if m.o.NextFrame(0) == nil { // a clock that stands still
			return nil
		}
		return tea.Tick(browseTime, func(time.Time) tea.Msg { return nextList{} })
	case nextList:
		return b.fetch(m)
	}
	return nil
}

func (b *browser) pace(e *Entry) *report.Pace {
	p := b.paces[e.Campaign.ID]
	if p == nil {
		p = &report.Pace{}
		b.paces[e.Campaign.ID] = p
	}
	return p
}

// rows are the campaigns that the filter chooses.
func (b *browser) rows() (out []Entry) {
	for _, e := range b.all {
		if b.query.Match(campaign.QueryFacts{
			Campaign: e.Campaign, Status: e.Status, Counts: e.Counts, Spent: float64(e.Spent) / 1e6, Age: b.readAt.Sub(e.Campaign.CreatedAt),
		}) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(x, y Entry) int {
		switch b.sort % 4 {
		case 1:
			return cmp.Compare(x.Campaign.Name, y.Campaign.Name)
		case 2:
			return cmp.Compare(slices.Index(campaign.Statuses(), x.Status), slices.Index(campaign.Statuses(), y.Status))
		case 3:
			return cmp.Compare(y.Counts.Failed, x.Counts.Failed)
		}
		return 0
	})
	return out
}

func (b *browser) chosen() (Entry, bool) {
	rows := b.rows()
	if b.at >= len(rows) {
		return Entry{}, false
	}
	return rows[b.at], true
}

func (b *browser) draw(m *Model) []string {
	if m.tiny() {
		return []string{fmt.Sprintf("%d campaigns", len(b.all)), fmt.Sprintf("window %dx%d; needs 56x10", m.w, m.h)}
	}
	rows := b.rows()
	b.at = min(b.at, max(0, len(rows)-1))
	s := &sheet{m: m}
	s.out = append(s.out, m.top("smsctl ui", b.hint(m, len(rows)), m.w))
	detail := b.detail(m)
	room := m.h - 3 - len(detail)
	switch {
	case b.err != nil:
		s.rows(m.paint(bad, clean(b.err.Error())))
	case !b.loaded:
		s.rows("reading ...")
	case len(b.all) == 0:
		s.rows("There is no campaign yet.", "", `smsctl send --csv people.csv -m "Hi {{name}}" --simulate   starts one that reaches nobody`)
	case len(rows) == 0:
		s.rows("No campaign is like that: esc clears the filter.")
	default:
		s.rows(b.table(m, rows, room)...)
	}
	s.fill(m.h - 1 - len(detail))
	s.out = append(s.out[:m.h-1-len(detail)], detail...)
	keys := "enter open   space pause/resume   / filter   s sort   S schedules   C carriers   O opt-outs   ? help   q quit"
	if m.w < 120 {
		keys = "enter open  space pause/resume  / filter  S C O  ? help  q quit"
	}
	if m.w < 70 {
		keys = "enter open  space pause  / filter  S C O  ?  q quit"
	}
	if b.typing {
		keys = "/" + b.text + "_   " + m.paint(bad, b.problem)
	} else if m.notice != "" {
		keys = m.said()
	}
	return append(s.out, m.bottom(keys, m.w))
}

func (b *browser) hint(m *Model, shown int) string {
	hint := fmt.Sprintf("profile %s   %d of %d campaigns", clean(m.o.Profile), shown, len(b.all))
	if q := b.query.String(); q != "" {
		hint += "   filter: " + clean(q)
	}
	return hint
}

func (b *browser) table(m *Model, rows []Entry, room int) []string {
	cols := []column{
		{head: "CAMPAIGN"}, {head: "STATE", width: 10}, {head: "PROGRESS", width: 16, min: 110}, {width: 5, right: true},
		{head: "HANDLED/TOTAL", width: 17, right: true, min: 80}, {head: "CONF%", width: 5, right: true, min: 70}, {head: "FAILED", width: 7, right: true, min: 90},
		{head: "NEXT / AGE", width: 17, min: 64},
	}
	first := max(0, b.at-room+1)
	cells := make([][]string, len(rows))
	for i := first; i < len(rows) && i < first+room; i++ {
		e := &rows[i]
		n := e.Counts
		done := whole(n.Handled(), n.Eligible)
		cells[i] = []string{
			clean(e.Campaign.Name), m.paint(toneOf(e.Status), string(e.Status)), bar(n.Handled(), n.Eligible, 16), strings.ReplaceAll(done, " ", ""),
			count(n.Handled()) + "/" + count(n.Eligible), share(n.Delivered, n.Delivered+n.Undelivered), count(n.Failed + n.Expired), b.next(e),
		}
	}
	return m.grid(cols, cells, b.at, first, room, m.w-4)
}

func toneOf(st campaign.Status) tone {
	switch st {
	case campaign.Running, campaign.Completed, campaign.Settling:
		return good
	case campaign.Paused, campaign.Incomplete, campaign.Waiting, campaign.Stopped:
		return warn
	}
	return plain
}

// next is what comes, or how long ago it ended.
func (b *browser) next(e *Entry) string {
	n := e.Counts
	switch {
	case e.Status == campaign.Settling && n.Awaiting > 0:
		return count(n.Awaiting) + " receipts"
	case e.Alive:
		if left := b.pace(e).Left(n.Queued + n.Sending); left > 0 {
			return "ETA " + span(left)
		}
		return "ETA --"
	}
	at := e.Campaign.FinishedAt
	if at.IsZero() {
		at = e.Campaign.CreatedAt
	}
	age := max(0, b.readAt.Sub(at))
	if age > time.Minute {
		age -= age % time.Minute
	}
	return strings.TrimSpace(e.Next + " " + strings.TrimSuffix(strings.TrimSuffix(span(age), "00s"), "00m") + " ago")
}

// detail is the campaign under the cursor.
func (b *browser) detail(m *Model) []string {
	e, ok := b.chosen()
	if !ok || m.h < 14 {
		return nil
	}
	c, n := e.Campaign, e.Counts
	reason := c.Reason
	if reason == "" {
		reason = "-"
	}
	s := &sheet{m: m}
	name := ansi.Truncate(clean(c.Name), max(8, m.w-12-width(string(e.Status)+c.PublicID)), "…") // its state matters more
	s.edge(m.paint(strong, name)+"  "+string(e.Status), c.PublicID)
	s.rows("reason   " + clean(reason))
	states := flow([]string{
		"queued " + count(n.Queued), "accepted " + count(n.Accepted()), "delivered " + count(n.Delivered), "failed " + count(n.Failed+n.Expired),
		"unknown " + count(n.Unknown), c.Currency + " " + amount(e.Spent),
	}, "  ", m.w-13)
	for i, l := range states {
		s.rows(fit([]string{"states", ""}[min(i, 1)], 9) + l)
	}
	if n.Queued+n.Sending > 0 && !e.Alive {
		s.rows(fmt.Sprintf("resume   would send to %s remaining; %s already handled will not be contacted again", count(n.Queued+n.Sending), count(n.Handled())))
	} else {
		s.rows("message  " + clean(c.Template))
	}
	keys := "enter open   e errors   m messages   R report   c cancel"
	if or := "   or: smsctl campaign " + e.Next + " " + clean(c.Name); e.Next != "" && width(keys+or) <= m.w-13 {
		keys += or
	}
	s.rows("next     " + keys)
	return s.out
}
