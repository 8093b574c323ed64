package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// stalled is how long nothing may happen before the header says so.
const stalled = 30 * time.Second

// state is the campaign's state as the header names it; a pause always carries who or what.
func (d *dashboard) state() (string, tone) {
	c, s := d.snap.Campaign, d.snap
	word := strings.ToUpper(string(c.Status))
	switch {
	case d.leaving != "" && s.Alive:
		return d.leaving, warn
	case c.Status == campaign.Running && !s.Alive:
		return "STALLED nobody works on it", bad
	case c.Status == campaign.Running && c.Desired == campaign.WantPause:
		return "PAUSING " + clean(c.Reason), warn
	case c.Status == campaign.Running && c.Desired == campaign.WantCancel:
		return "CANCELLING", warn
	case c.Status == campaign.Running && s.Idle >= stalled && s.Counts.Queued+s.Counts.Sending > 0:
		return "STALLED no progress for " + span(s.Idle), bad
	case c.Status == campaign.Paused || c.Status == campaign.Waiting:
		if c.Reason != "" {
			word += " " + clean(c.Reason)
		}
		return word, warn
	case c.Status == campaign.Incomplete, c.Status == campaign.Stopped:
		return word, warn
	}
	return word, good
}

// mode says whether people are reached, which nobody may overlook.
func (d *dashboard) mode(m *Model) string {
	mode := strings.ToUpper(string(d.snap.Campaign.Mode))
	if d.snap.Campaign.Mode == campaign.Live {
		return m.paint(bad, mode)
	}
	return m.paint(accent, mode)
}

func (d *dashboard) clock(m *Model, layout string) string {
	return d.snap.At.In(m.o.Zone).Format(layout)
}

// progress is the line that never drops: state, bar, percent, numbers.
func (d *dashboard) progress(m *Model, tail string, w int) string {
	n := d.snap.Counts
	word, tone := d.state()
	tail = fit(share(n.Handled(), n.Eligible)+" %", 8) + " " + tail
	if n.Eligible == 0 {
		tail = "nobody to send to"
	}
	if keep := w - width(tail) - 14; width(word) > keep {
		word = fit(word, max(8, keep))
	}
	return m.paint(tone, word) + " " + bar(n.Handled(), n.Eligible, max(4, w-width(word)-width(tail)-3)) + "  " + tail
}

func (d *dashboard) eta(m *Model, long bool) string {
	left := d.snap.Left
	if left <= 0 {
		return "ETA --"
	}
	if !long {
		return "ETA " + span(left)
	}
	return "ETA " + span(left) + " (" + d.snap.At.Add(left).In(m.o.Zone).Format("15:04:05") + ")"
}

// money is what was spent, of what, and where it ends.
func (d *dashboard) money() string {
	c := d.snap.Report.Cost
	text := c.Currency + " " + amount(d.snap.Spent) + " of est " + amount(c.Estimated)
	if c.Ceiling != nil {
		text += " (max " + amount(*c.Ceiling) + ")"
	}
	return text
}

// shortMoney is money where there is little room.
func (d *dashboard) shortMoney() string {
	c := d.snap.Report.Cost
	most := c.Estimated
	if c.Ceiling != nil {
		most = *c.Ceiling
	}
	return c.Currency + " " + amount(d.snap.Spent) + "/" + amount(most)
}

// funnelItems are the two sums that always hold; states in which nobody is are left out, but for the usual ones.
func (d *dashboard) funnelItems() (eligible, accepted []string) {
	n := d.snap.Counts
	add := func(list []string, name string, v int64, always bool) []string {
		if v == 0 && !always {
			return list
		}
		return append(list, name+" "+count(v))
	}
	eligible = add(eligible, "queued", n.Queued, true)
	eligible = add(eligible, "sending", n.Sending, true)
	eligible = add(eligible, "accepted", n.Accepted(), true)
	eligible = add(eligible, "failed", n.Failed, true)
	eligible = add(eligible, "unknown", n.Unknown, true)
	eligible = add(eligible, "expired", n.Expired, false)
	eligible = add(eligible, "cancelled", n.Cancelled, false)
	eligible = add(eligible, "suppressed", n.Suppress, false)
	accepted = add(accepted, "delivered", n.Delivered, true)
	accepted = add(accepted, "undelivered", n.Undelivered, true)
	accepted = add(accepted, "awaiting", n.Awaiting, true)
	accepted = add(accepted, "no receipt", n.NoReceipt, false)
	return eligible, accepted
}

// funnel writes the sums as sums.
func (d *dashboard) funnel(w int) []string {
	n := d.snap.Counts
	e, a := d.funnelItems()
	sum := func(name string, total int64, parts []string, tail string) []string {
		items := []string{name + " " + count(total) + " = " + parts[0]}
		for _, p := range parts[1:] {
			items = append(items, "+ "+p)
		}
		if tail != "" {
			items = append(items, "  "+tail)
		}
		return flow(items, " ", w)
	}
	return append(sum("eligible", n.Eligible, e, ""),
		sum("accepted", n.Accepted(), a, "confirmed "+percent(n.Delivered, n.Delivered+n.Undelivered))...)
}

// funnelTitle says it loudly if the numbers are wrong: better than a pretty wrong number.
func (d *dashboard) funnelTitle(m *Model) string {
	if d.snap.Counts.Reconciled() {
		return m.mark(d, paneFunnel, "Funnel")
	}
	return m.paint(bad, "Funnel DOES NOT ADD UP, please report")
}

// mark names a pane; the one that has the keys is marked.
func (m *Model) mark(d *dashboard, p pane, name string) string {
	if m.w >= 120 {
		name = fmt.Sprintf("%d %s", p, name)
	}
	if d.focus == p {
		return m.paint(strong, "› "+name)
	}
	return name
}

// throughput is the last five minutes as a line.
func (d *dashboard) throughput(m *Model, w int) string {
	accepted, failed := make([]float64, len(d.snap.Samples)), make([]float64, len(d.snap.Samples))
	most := 0.0
	for i, s := range d.snap.Samples {
		accepted[i], failed[i] = s.Accepted, s.Failed
		most = max(most, s.Accepted, s.Failed)
	}
	last := 0.0
	if i := len(failed) - 1; i >= 0 {
		for _, v := range failed[max(0, i-9):] {
			last += v
		}
		last /= float64(min(10, len(failed)))
	}
	lat := d.snap.Report.Latency.DLR
	tail := "receipts p50 " + quantile(lat.P50) + " p95 " + quantile(lat.P95)
	room := w - width(tail) - 42
	if room < 16 {
		return spark(accepted, max(8, w-10), most) + " " + speed(d.snap.Rate) + "/s"
	}
	big := room * 2 / 3
	return "accepted " + m.paint(good, spark(accepted, big, most)) + " " + right(speed(d.snap.Rate), 7) +
		"   failed " + m.paint(bad, spark(failed, room-big, most)) + " " + right(speed(last), 6) + "   " + tail
}

// errorRows are the classes, most frequent first.
func (d *dashboard) errorRows() []report.Error {
	all := slices.Clone(d.snap.Report.Errors)
	if d.sort[paneErrors]%2 == 1 {
		slices.SortStableFunc(all, func(a, b report.Error) int { return cmp.Compare(a.Party, b.Party) })
	}
	return all
}

func (d *dashboard) errorCount() (n int64) {
	for _, e := range d.snap.Report.Errors {
		n += e.Count
	}
	return n
}

func (d *dashboard) errors(m *Model, height, w int) []string {
	rows := d.errorRows()
	if len(rows) == 0 {
		return []string{m.paint(faint, "none so far")}
	}
	most := int64(0)
	for _, e := range rows {
		most = max(most, e.Count)
	}
	var out []string
	for i := d.first(paneErrors, height); i < len(rows) && len(out) < height; i++ {
		e := rows[i]
		text := fit(e.Title, max(12, w-38)) + right(count(e.Count), 8) + " " + fit(m.paint(warn, gauge(e.Count, most, 12)), 13) + " " + string(e.Party)
		out = append(out, d.pick(m, paneErrors, i, text))
	}
	return out
}

// countryRows are the countries, largest first.
func (d *dashboard) countryRows() []report.Country {
	all := slices.Clone(d.snap.Report.Countries)
	if d.sort[paneCountries]%2 == 1 {
		slices.SortStableFunc(all, func(a, b report.Country) int { return cmp.Compare(rateOf(a.Confirmed), rateOf(b.Confirmed)) })
	}
	return all
}

func (d *dashboard) countries(m *Model, height, w int) []string {
	rows := d.countryRows()
	var out []string
	for i := d.first(paneCountries, height); i < len(rows) && len(out) < height; i++ {
		c := rows[i]
		name := c.Country
		if name == "" {
			name = "??"
		}
		done := c.Accepted + c.Failed
		tail := right(percent(c.Confirmed.Num, c.Confirmed.Den), 8)
		numbers := right(count(done)+"/"+count(c.Eligible), 15)
		text := fit(clean(name), 4) + numbers + "  " + bar(done, c.Eligible, max(4, w-33)) + " " + tail
		out = append(out, d.pick(m, paneCountries, i, text))
	}
	return out
}

// pick marks the line under the cursor.
func (d *dashboard) pick(m *Model, p pane, i int, text string) string {
	if d.focus != p {
		return text
	}
	if d.cursor[p] == i {
		return "› " + m.paint(chosen, text)
	}
	return "  " + text
}

// first is the first line shown so that the cursor is on the screen.
func (d *dashboard) first(p pane, height int) int {
	if d.focus != p {
		return 0
	}
	d.cursor[p] = min(d.cursor[p], max(0, d.length(p)-1))
	return max(0, d.cursor[p]-height+1)
}

// length is how many lines a pane has.
func (d *dashboard) length(p pane) int {
	if d.snap == nil {
		return 0
	}
	switch p {
	case paneCarriers:
		return len(d.lines())
	case paneErrors:
		return len(d.snap.Report.Errors)
	case paneCountries:
		return len(d.snap.Report.Countries)
	case paneEvents:
		return len(d.eventRows())
	}
	return 0
}

func (d *dashboard) eventRows() []campaign.Told {
	if !d.loud && d.filter == "" {
		return d.snap.Events
	}
	var out []campaign.Told
	for _, e := range d.snap.Events {
		if (!d.loud || e.Loud) && strings.Contains(strings.ToLower(e.String()), strings.ToLower(d.filter)) {
			out = append(out, e)
		}
	}
	return out
}

func (d *dashboard) eventHint() string {
	switch {
	case d.typing:
		return "/" + d.filter + "_   enter keep  esc clear"
	case d.filter != "":
		return "filter: " + clean(d.filter)
	case d.loud:
		return "warnings only   l level  / filter"
	}
	return "all   l level  / filter"
}

func (d *dashboard) events(m *Model, height int) []string {
	rows := d.eventRows()
	var out []string
	for i := d.first(paneEvents, height); i < len(rows) && len(out) < height; i++ {
		e := rows[i]
		tone := plain
		if e.Loud {
			tone = warn
		}
		text := e.At.In(m.o.Zone).Format("15:04:05") + "  " + fit(e.Kind, 8) + " " + clean(e.Text)
		out = append(out, d.pick(m, paneEvents, i, m.paint(tone, text)))
	}
	return out
}

// seen is how far the throughput looks back.
func (d *dashboard) seen() time.Duration { return time.Duration(len(d.snap.Samples)) * time.Second }
