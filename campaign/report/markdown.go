package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteMarkdown writes the report for an issue, a chat or a wiki.
func (r *Report) WriteMarkdown(out io.Writer, zone *time.Location) error {
	if zone == nil {
		zone = time.UTC
	}
	m := &markdown{}
	n := &r.Counts
	m.line("# %s: %s", mdText(r.Campaign.Name), r.Campaign.State)
	facts := []string{"`" + r.Campaign.ID + "`", string(r.Campaign.Mode), "profile " + mdText(r.Campaign.Profile)}
	if r.Campaign.StartedAt != nil {
		facts = append(facts, "started "+r.Campaign.StartedAt.In(zone).Format("2006-01-02 15:04:05 MST"))
	}
	if r.Campaign.ActiveS > 0 {
		facts = append(facts, duration(1000*r.Campaign.ActiveS)+" of sending", fmt.Sprintf("%.1f/s", r.Throughput.Average))
	}
	m.line("%s", strings.Join(facts, ", "))
	if r.Partial {
		m.line("**PARTIAL as of %s**: the numbers may still change.", r.GeneratedAt.In(zone).Format("2006-01-02 15:04:05 MST"))
	}
	m.table([]string{"", ">recipients", ">share"}, [][]string{
		{"rows", thousands(n.Rows), ""},
		{"eligible", thousands(n.Eligible), percent(RateOf(n.Eligible, n.Rows)) + " of rows"},
		{"accepted", thousands(n.Accepted), percent(RateOf(n.Accepted, n.Eligible)) + " of eligible"},
		{"delivered", thousands(n.Delivered), percent(r.Rates.Delivery) + " of accepted"},
		{"undelivered", thousands(n.Undelivered), ""},
		{"awaiting", thousands(n.Awaiting), ""},
		{"no receipt", thousands(n.NoReceipt), ""},
		{"failed", thousands(n.Failed), thousands(n.FailedActionable) + " can be retried"},
		{"expired", thousands(n.Expired), ""},
		{"unknown", thousands(n.Unknown), ""},
		{"queued and sending", thousands(n.Queued + n.Sending), ""},
		{"cancelled and suppressed", thousands(n.Cancelled + n.Suppressed), ""},
	})
	m.line("Confirmed %s of %s; cost %s for %s; %s.", percent(r.Rates.Confirmed), plural(r.Rates.Confirmed.Den, "final receipt"), r.money(r.Cost.Actual),
		plural(n.Segments, "segment"), reconciles(r))
	r.markdownTables(m)
	r.markdownOutages(m, zone)
	_, err := io.WriteString(out, m.String())
	return err
}

func reconciles(r *Report) string {
	if r.Reconciled {
		return "reconciles to " + thousands(r.Counts.Eligible)
	}
	return "**does not reconcile**"
}

func (r *Report) markdownTables(m *markdown) {
	if len(r.Carriers) > 0 {
		m.line("## Carriers")
		var rows [][]string
		for i := range r.Carriers {
			c := &r.Carriers[i]
			rows = append(rows, []string{c.Name, thousands(c.Attempts), thousands(c.Accepted), bare(c.Acceptance), bare(c.Confirmed),
				ms(c.Latency.DLR.P50) + " / " + ms(c.Latency.DLR.P95), amount(c.Cost), thousands(c.Rescued)})
		}
		m.table([]string{"carrier", ">attempts", ">accepted", ">accept %", ">confirm %", ">receipt p50 / p95", ">cost", ">rescued"}, rows)
	}
	if len(r.Countries) > 0 {
		m.line("## Countries")
		var rows [][]string
		for i := range r.Countries {
			c := &r.Countries[i]
			rows = append(rows, []string{countryName(c.Country), thousands(c.Eligible), thousands(c.Accepted), thousands(c.Delivered), bare(c.Confirmed), amount(c.Cost)})
		}
		m.table([]string{"country", ">eligible", ">accepted", ">delivered", ">confirm %", ">cost"}, rows)
	}
	if len(r.Errors) > 0 {
		m.line("## Errors")
		var rows [][]string
		for _, e := range r.Errors {
			rows = append(rows, []string{e.Title, thousands(e.Count), string(e.Party), e.Advice})
		}
		m.table([]string{"class", ">recipients", "party", "what to do"}, rows)
	}
}

// markdownOutages lists the first of them: a chat is no page.
func (r *Report) markdownOutages(m *markdown, zone *time.Location) {
	if len(r.Outages) == 0 {
		return
	}
	const most = 20
	m.line("## Carriers not used as usual")
	var rows [][]string
	for i := range r.Outages[:min(len(r.Outages), most)] {
		o := &r.Outages[i]
		_, word := o.style()
		lasted := duration(float64(o.until(r.GeneratedAt).Sub(o.Began).Milliseconds()))
		if o.Ended == nil {
			lasted += ", goes on"
		}
		rows = append(rows, []string{o.Carrier, o.where(), word, o.Began.In(zone).Format("2006-01-02 15:04:05 MST"), lasted, fmt.Sprint(o.Times), o.Why})
	}
	m.table([]string{"carrier", "where", "what", "from", ">lasted", ">times", "why"}, rows)
	if note := r.firstOutages(most); note != "" {
		m.line("%s", note)
	}
}

// WriteMarkdown writes the comparison.
func (c *Comparison) WriteMarkdown(out io.Writer) error {
	m := &markdown{}
	m.line("# %s compared with %s", mdText(c.Campaign), mdText(c.With))
	var rows [][]string
	for i := range c.Deltas {
		rows = append(rows, c.Deltas[i].words())
	}
	m.table(c.heads(), rows)
	_, err := io.WriteString(out, m.String())
	return err
}

// markdown lays paragraphs and tables out, a blank line between them.
type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) {
	if m.Len() > 0 {
		m.WriteByte('\n')
	}
	fmt.Fprintf(m, format+"\n", args...)
}

func (m *markdown) table(heads []string, rows [][]string) {
	m.WriteByte('\n')
	rule := make([]string, len(heads))
	words := make([]string, len(heads))
	for i, h := range heads {
		words[i], rule[i] = strings.TrimPrefix(h, ">"), "---"
		if words[i] != h {
			rule[i] = "---:"
		}
	}
	fmt.Fprintf(m, "| %s |\n| %s |\n", strings.Join(words, " | "), strings.Join(rule, " | "))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = mdText(c)
		}
		fmt.Fprintf(m, "| %s |\n", strings.Join(cells, " | "))
	}
}

// mdText keeps others' text from being markup.
func mdText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`, "#", `\#`).Replace(clean(s))
}
