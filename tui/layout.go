package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/smsctl/smsctl/campaign"
)

// What is left out when rows are short, first to last: events down to one, countries, errors, the throughput, carriers
// beyond three. Progress and funnel stay.

func (d *dashboard) draw(m *Model) []string {
	switch {
	case d.snap == nil:
		return d.waiting()
	case m.tiny():
		return d.tiny(m)
	case d.zoom:
		return d.zoomed(m)
	case m.w >= 120 && m.h >= 25:
		return d.wide(m)
	case m.w >= 80 && m.h >= 22:
		return d.standard(m)
	}
	return d.compact(m)
}

func (d *dashboard) waiting() []string {
	text := "reading the campaign ..."
	if d.err != nil {
		text = clean(d.err.Error())
	}
	return []string{text}
}

// footer is the last line: the keys, or what has just become of one.
func (d *dashboard) footer(m *Model, keys string) string {
	switch {
	case m.notice != "":
		keys = m.said()
	case d.err != nil:
		keys = m.paint(bad, "cannot read the state: "+clean(d.err.Error()))
	}
	return m.bottom(keys, m.w)
}

// sheet collects the lines of a frame.
type sheet struct {
	m   *Model
	out []string
}

func (s *sheet) edge(title, hint string) { s.out = append(s.out, s.m.divider(title, hint, s.m.w)) }

func (s *sheet) rows(lines ...string) {
	for _, l := range lines {
		s.out = append(s.out, s.m.row(l, s.m.w))
	}
}

// fill makes the sheet n lines long.
func (s *sheet) fill(n int) {
	for len(s.out) < n {
		s.rows("")
	}
}

// head is the top of the frame. A long name gives way to what nobody may overlook: whether people are reached.
func (d *dashboard) head(m *Model) *sheet {
	s, c := &sheet{m: m}, d.snap.Campaign
	before, after, hint := "", "", d.mode(m)+"  "+clean(m.o.Profile)
	switch {
	case m.w >= 120:
		before, after, hint = "smsctl  ", "  "+c.PublicID, d.mode(m)+"  profile "+clean(m.o.Profile)+"   "+d.clock(m, "15:04:05 MST")
	case m.w >= 80:
		hint += "  " + d.clock(m, "15:04:05 MST")
	}
	name := ansi.Truncate(clean(c.Name), max(8, m.w-10-width(before+after+hint)), "…")
	s.out = append(s.out, m.top(before+m.paint(strong, name)+after, hint, m.w))
	return s
}

func (d *dashboard) handled() string {
	return count(d.snap.Counts.Handled()) + " / " + count(d.snap.Counts.Eligible)
}

func (d *dashboard) wide(m *Model) []string {
	s, w := d.head(m), m.w-4
	s.rows(d.progress(m, d.handled(), w),
		strings.Join([]string{
			"elapsed " + span(d.elapsed()), d.eta(m, true), "now " + speed(d.snap.Rate) + "/s  avg " + speed(d.average()) + "/s  cap " + d.cap(), d.money(),
		}, "   "))
	s.edge(d.funnelTitle(m), "recipients, always sums to "+count(d.snap.Counts.Eligible))
	s.rows(d.funnel(w)...)
	carriers := len(d.lines())
	left := m.h - len(s.out) - 1 - 2 - (2 + min(carriers, 3)) // footer, one event, carriers
	throughput := left >= 2
	if throughput {
		left -= 2
	}
	more := min(max(0, carriers-3), max(0, left))
	left -= more
	both := min(max(len(d.snap.Report.Errors), len(d.snap.Report.Countries), 1), max(5, left-min(12, max(4, len(d.snap.Events)))), 12)
	if both+1 > left {
		both = left - 1
	}
	if throughput {
		s.edge(m.mark(d, paneThroughput, "Throughput /s"), "last "+strings.TrimSuffix(span(d.seen()), "00s"))
		s.rows(d.throughput(m, w))
	}
	s.edge(m.mark(d, paneCarriers, "Carriers"), "s sort  enter about it  x drain  t test  b reset")
	s.rows(d.wideCarriers(m, 1+min(carriers, 3)+more)...)
	if both > 0 {
		d.sideBySide(m, s, both)
	}
	s.edge(m.mark(d, paneEvents, "Events"), d.eventHint())
	s.rows(d.events(m, m.h-1-len(s.out))...)
	s.fill(m.h - 1)
	return append(s.out, d.footer(m, d.keys(m)))
}

// sideBySide puts errors at the left and countries at the right.
func (d *dashboard) sideBySide(m *Model, s *sheet, height int) {
	w := m.w - 4
	left := w * 6 / 10
	s.edge(m.mark(d, paneErrors, fmt.Sprintf("Errors by class  %s", count(d.errorCount()))), m.mark(d, paneCountries, "Countries"))
	errs, countries := d.errors(m, height, left-2), d.countries(m, height, w-left)
	for i := range height {
		l, r := "", ""
		if i < len(errs) {
			l = errs[i]
		}
		if i < len(countries) {
			r = countries[i]
		}
		s.rows(fit(l, left) + r)
	}
}

// slot is what the standard layout shows where the wide one has errors and countries.
func (d *dashboard) slot(m *Model, s *sheet, height int) {
	const order = "tab: errors > countries > rate"
	switch d.focus {
	case paneCountries:
		s.edge(m.mark(d, paneCountries, "Countries"), order)
		s.rows(d.countries(m, height, m.w-6)...)
	case paneThroughput:
		s.edge(m.mark(d, paneThroughput, "Throughput /s"), order)
		s.rows(d.throughput(m, m.w-4))
		lat := d.snap.Report.Latency
		s.rows("answer  p50 "+quantile(lat.Accept.P50)+"  p95 "+quantile(lat.Accept.P95)+"  p99 "+quantile(lat.Accept.P99),
			"receipt p50 "+quantile(lat.DLR.P50)+"  p95 "+quantile(lat.DLR.P95)+"  p99 "+quantile(lat.DLR.P99))
	default:
		s.edge(m.mark(d, paneErrors, "Errors  "+count(d.errorCount())), order)
		s.rows(d.errors(m, height, m.w-6)...)
	}
}

func (d *dashboard) standard(m *Model) []string {
	s, w := d.head(m), m.w-4
	n := d.snap.Counts
	s.rows(d.progress(m, count(n.Handled())+"/"+count(n.Eligible)+"  "+d.eta(m, false), w),
		"now "+speed(d.snap.Rate)+"/s  cap "+d.cap()+"  elapsed "+span(d.elapsed())+"  "+d.money())
	s.edge(d.funnelTitle(m), "")
	s.rows(d.table(w, 4)...)
	carriers := len(d.lines())
	left := m.h - len(s.out) - 1 - 2 - (2 + min(carriers, 3))
	if left >= 1 {
		s.rows(d.sparkLine(m, w))
		left--
	}
	more := min(max(0, carriers-3), max(0, left))
	left -= more
	slot := min(max(1, left-4), 5, left-1)
	if m.h > 30 {
		slot = min(left-1, max(5, min(12, left/2)))
	}
	s.edge(m.mark(d, paneCarriers, "Carriers"), "enter about it  x drain")
	s.rows(d.standardCarriers(m, 1+min(carriers, 3)+more)...)
	if slot > 0 {
		at := len(s.out) + 1 + slot
		d.slot(m, s, slot)
		s.fill(at)
		s.out = s.out[:at]
	}
	s.edge(m.mark(d, paneEvents, "Events"), d.eventHint())
	s.rows(d.events(m, m.h-1-len(s.out))...)
	s.fill(m.h - 1)
	return append(s.out, d.footer(m, d.keys(m)))
}

// table is the funnel as a table of names and numbers: what is not accepted, then what is.
func (d *dashboard) table(w, across int) (lines []string) {
	e, a := d.funnelItems()
	accepted := e[2]
	upper, lower := slices.Delete(e, 2, 3), append([]string{accepted}, a...)
	for across > 2 && slices.ContainsFunc(append(slices.Clone(upper), lower...), func(s string) bool { return width(s) > w/across-2 }) {
		across--
	}
	cell := w / across
	for _, items := range [][]string{upper, lower} {
		row := ""
		for i, it := range items {
			if i > 0 && i%across == 0 {
				lines, row = append(lines, row), ""
			}
			name, n, _ := cutLast(it)
			row += name + right(n, cell-2-width(name)) + "  "
		}
		lines = append(lines, row)
	}
	return lines
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func (d *dashboard) sparkLine(m *Model, w int) string {
	values := make([]float64, len(d.snap.Samples))
	most := 0.0
	for i, s := range d.snap.Samples {
		values[i] = s.Accepted
		most = max(most, s.Accepted)
	}
	n := d.snap.Counts
	tail := "  " + speed(d.snap.Rate) + "/s   confirmed " + percent(n.Delivered, n.Delivered+n.Undelivered) +
		"   receipt p50 " + quantile(d.snap.Report.Latency.DLR.P50)
	return m.paint(good, spark(values, max(8, w-width(tail)), most)) + tail
}

func (d *dashboard) compact(m *Model) []string {
	s, w := d.head(m), m.w-4
	n := d.snap.Counts
	s.rows(d.progress(m, d.eta(m, false), w),
		count(n.Handled())+"/"+count(n.Eligible)+"  "+speed(d.snap.Rate)+"/s cap "+d.cap()+"  "+d.shortMoney())
	s.edge(d.funnelTitle(m), "")
	e, a := d.funnelItems()
	s.rows(flow(e, "  ", w)...)
	s.rows(flow(a, "  ", w)...)
	left := m.h - len(s.out) - 1 - 2 // footer, last event
	carriers := min(len(d.lines()), max(0, left-1))
	if carriers > 0 {
		s.edge(m.mark(d, paneCarriers, "Carriers"), "x drain")
		s.rows(d.compactCarriers(m, carriers)...)
		left -= carriers + 1
	}
	if slot := min(5, left-1); slot > 0 && len(d.snap.Report.Errors) > 0 && m.w >= 60 {
		s.edge(m.mark(d, paneErrors, "Errors  "+count(d.errorCount())), "")
		s.rows(d.errors(m, slot, w-2)...)
	}
	if left >= 0 {
		s.edge(m.mark(d, paneEvents, "Last event"), "")
		s.rows(d.events(m, m.h-1-len(s.out))...)
	}
	s.fill(m.h - 1)
	s.out = s.out[:m.h-1]
	return append(s.out, d.footer(m, d.keys(m)))
}

// tiny is all that fits into a window without room for panes.
func (d *dashboard) tiny(m *Model) []string {
	n := d.snap.Counts
	pct := int64(100)
	if n.Eligible > 0 {
		pct = 100 * n.Handled() / n.Eligible
	}
	second := fmt.Sprintf("window %dx%d; panes need 56x10", m.w, m.h)
	switch {
	case m.dialog != nil && m.dialog.short != "":
		second = m.dialog.short
	case m.help:
		second = "q quit  ? help  Ctrl-C stop"
	case m.notice != "":
		second = clean(m.notice)
	}
	return []string{
		fmt.Sprintf("%d%% %s/%s %.0f/s %s", pct, count(n.Handled()), count(n.Eligible), d.snap.Rate, d.eta(m, false)), second,
	}
}

// zoomed shows one pane and the progress line.
func (d *dashboard) zoomed(m *Model) []string {
	s, w := d.head(m), m.w-4
	s.rows(d.progress(m, d.handled()+"  "+d.eta(m, false), w))
	height := m.h - 4
	switch d.focus {
	case paneFunnel:
		s.edge(d.funnelTitle(m), "z back")
		s.rows(d.table(w, 2)...)
		for _, law := range d.snap.Counts.Laws() {
			s.rows("")
			s.rows(flow(strings.Fields(law.String()), " ", w)...)
		}
	case paneThroughput:
		s.edge(m.mark(d, paneThroughput, "Throughput /s"), "z back")
		s.rows(d.throughput(m, w))
	case paneCarriers:
		s.edge(m.mark(d, paneCarriers, "Carriers"), "z back")
		if m.w >= 120 {
			s.rows(d.wideCarriers(m, height)...)
		} else if m.w >= 80 {
			s.rows(d.standardCarriers(m, height)...)
		} else {
			s.rows(d.compactCarriers(m, height)...)
		}
	case paneErrors:
		s.edge(m.mark(d, paneErrors, "Errors  "+count(d.errorCount())), "z back  enter its messages")
		s.rows(d.errors(m, height, w-2)...)
	case paneCountries:
		s.edge(m.mark(d, paneCountries, "Countries"), "z back  enter its messages")
		s.rows(d.countries(m, height, w-2)...)
	case paneEvents:
		s.edge(m.mark(d, paneEvents, "Events"), d.eventHint())
		s.rows(d.events(m, height)...)
	}
	s.fill(m.h - 1)
	s.out = s.out[:m.h-1]
	return append(s.out, d.footer(m, d.keys(m)))
}

// keys is the footer: the keys that matter most where there is no room for all.
func (d *dashboard) keys(m *Model) string {
	pause := "space pause"
	if d.snap != nil && d.snap.Campaign.Desired == campaign.WantPause {
		pause = "space resume"
	}
	type item struct {
		text string
		min  int
		on   bool
	}
	var shown []string
	for _, it := range []item{
		{pause, 0, d.subject.Controls != nil}, {"+/- rate", 76, d.subject.Controls != nil}, {"tab panes", 0, true},
		{"m messages", 66, d.subject.Stories != nil}, {"d detach", 0, d.subject.Owner}, {"q quit", 0, true}, {"? help", 0, true},
	} {
		if it.on && m.w >= it.min {
			shown = append(shown, it.text)
		}
	}
	gap := "   "
	if m.w < 90 {
		gap = "  "
	}
	return strings.Join(shown, gap)
}

// average is messages a second over the time with somebody sending.
func (d *dashboard) average() float64 {
	if s := d.elapsed().Seconds(); s >= 1 {
		return float64(d.snap.Counts.Handled()) / s
	}
	return 0
}
