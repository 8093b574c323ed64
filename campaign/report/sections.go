package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// The lengths of the page's own tables.
const (
	pageCarriers  = 40
	pageCountries = 60
	pageSpent     = 60
	pageMatrix    = 10
	pageBars      = 15
	pageHistory   = 100
)

// sections makes the twelve parts of the page. Each says something even when there is nothing to show.
func (v *view) sections() []section {
	all := []section{
		v.funnel(), v.overTime(), v.carriers(), v.latency(), v.errors(), v.countries(),
		v.failover(), v.moneySection(), v.message(), v.exclusions(), v.failures(), v.audit(),
	}
	for i := range all {
		all[i].N = i + 1
	}
	return all
}

func folded(t *htmlTable) block { return block{Table: t, Folded: true} }

func (v *view) funnel() section {
	n := &v.Counts
	t := &htmlTable{Caption: "Every eligible recipient is in exactly one state", Heads: []string{"State", ">Recipients", ">Of eligible", "What it means"}}
	for _, row := range []struct {
		name string
		n    int64
		what string
	}{
		{"delivered", n.Delivered, "a final receipt says so"},
		{"undelivered", n.Undelivered, "a final receipt says that it was not"},
		{"awaiting", n.Awaiting, "accepted, no final receipt yet"},
		{"no_receipt", n.NoReceipt, "accepted, and the receipt never came"},
		{"failed", n.Failed, "no carrier may or would take it; " + thousands(n.FailedActionable-n.Expired) + " could be retried"},
		{"expired", n.Expired, "its validity ended before it could be sent"},
		{"unknown", n.Unknown, "the outcome of a submit is not known; never sent again on its own"},
		{"queued", n.Queued, "still to be sent"},
		{"sending", n.Sending, "an attempt is under way"},
		{"cancelled", n.Cancelled, "the campaign was cancelled first"},
		{"suppressed", n.Suppressed, "an opt-out came after intake"},
	} {
		t.Rows = append(t.Rows, []string{row.name, thousands(row.n), percent(RateOf(row.n, n.Eligible)), row.what})
	}
	t.Sum = []string{"eligible", thousands(n.Eligible), percent(RateOf(n.Eligible, n.Eligible)), ""}
	return section{ID: "funnel", Title: "Funnel", Lead: fmt.Sprintf("%s, %s eligible, %s accepted, %s delivered.",
		plural(n.Rows, "row"), thousands(n.Eligible), thousands(n.Accepted), thousands(n.Delivered)),
		Blocks: []block{{Chart: v.funnelChart()}, folded(t)}}
}

func (v *view) overTime() section {
	s := section{ID: "time", Title: "Time"}
	if len(v.Series.Accepted) == 0 {
		s.Lead = "No attempt has been answered yet."
		return s
	}
	st := v.Report.steps(120)
	s.Lead = fmt.Sprintf("%.1f accepted a second on average over %s of sending, %.1f in the best ten seconds.", v.Throughput.Average,
		duration(1000*v.Campaign.ActiveS), v.Throughput.Peak)
	t := &htmlTable{Caption: "Attempts in steps of " + duration(1000*st.seconds), Heads: []string{"From", ">Accepted", ">Refused"}}
	a, f := st.sum(v.Series.Accepted), st.sum(v.Series.Failed)
	for i := range st.n {
		t.Rows = append(t.Rows, []string{st.start(i).In(v.zone).Format("2 Jan 15:04:05"), thousands(int64(a[i])), thousands(int64(f[i]))})
	}
	s.Blocks = []block{{Chart: v.timeChart(), Legend: []legend{{"ok", "accepted"}, {"bad", "refused"}, {"delivered", "delivered"}, {"pause", "paused"}}}, folded(t)}
	return s
}

func (v *view) carriers() section {
	s := section{ID: "carriers", Title: "Carriers", Lead: "No carrier has been asked yet."}
	if len(v.Carriers) == 0 {
		return s
	}
	s.Lead = fmt.Sprintf("%s on %s.", plural(v.Counts.Attempts, "attempt"), plural(int64(len(v.Carriers)), "carrier"))
	t := &htmlTable{Caption: "Carriers, counted in attempts", Heads: []string{"Carrier", ">Attempts", ">Accepted", ">Accept %", ">Refused", ">No answer",
		">Delivered", ">Confirm %", ">Receipt p50", ">p95", ">Rescued", ">Cost"}}
	for i := range v.Carriers[:min(len(v.Carriers), pageCarriers)] {
		c := &v.Carriers[i]
		t.Rows = append(t.Rows, []string{clip(c.Name, 40), thousands(c.Attempts), thousands(c.Accepted), bare(c.Acceptance), thousands(c.Refused),
			thousands(c.Ambiguous), thousands(c.Delivered), bare(c.Confirmed), ms(c.Latency.DLR.P50), ms(c.Latency.DLR.P95), thousands(c.Rescued), amount(c.Cost)})
	}
	s.Blocks = append(s.Blocks, block{Table: t, Note: firstOf(len(v.Carriers), pageCarriers, "carriers")})
	if len(v.Lines) > 0 {
		legends := []legend{{"c0", "accepted"}, {"bad", "refused"}, {"h-good", "95 % and more of the answers were yes"}, {"h-warn", "half and more"}, {"h-bad", "less"}}
		if slices.ContainsFunc(v.Lines, func(l Line) bool { return len(l.Scores) > 0 }) {
			legends = append(legends, legend{"score", "score it was chosen by"})
		}
		s.Blocks = append(s.Blocks, block{Heading: "Over time", Chart: v.carrierChart(), Legend: legends,
			Note: firstOf(len(v.Lines), maxLines, "carriers")}, folded(v.carrierSteps()))
	}
	return s
}

// firstOf says that a list was cut; "" when it was not.
func firstOf(all, shown int, what string) string {
	if all <= shown {
		return ""
	}
	return fmt.Sprintf("The first %d of %s %s. All of them: smsctl report --table %s.", shown, thousands(int64(all)), what, what)
}

func (v *view) carrierSteps() *htmlTable {
	st := v.Report.steps(60)
	lines := v.Lines[:min(len(v.Lines), maxLines)]
	t := &htmlTable{Caption: "Accepted of answered attempts, in steps of " + duration(1000*st.seconds), Heads: []string{"From"}}
	for _, l := range lines {
		t.Heads = append(t.Heads, ">"+clip(l.Carrier, 24))
	}
	for i := range st.n {
		row := []string{st.start(i).In(v.zone).Format("2 Jan 15:04:05")}
		for _, l := range lines {
			a, f := st.sum(l.Accepted)[i], st.sum(l.Failed)[i]
			row = append(row, fmt.Sprintf("%s / %s", thousands(int64(a)), thousands(int64(a+f))))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v *view) latency() section {
	s := section{ID: "latency", Title: "Latency", Lead: "Nothing has been measured yet."}
	if len(v.Spreads) == 0 || len(v.Spreads[0].Accept)+len(v.Spreads[0].DLR) == 0 {
		return s
	}
	s.Lead = fmt.Sprintf("Half of the submits were answered within %s, half of the final receipts came within %s.", ms(v.Latency.Accept.P50), ms(v.Latency.DLR.P50))
	all := v.Spreads[0]
	if len(all.Accept) > 0 {
		s.Blocks = append(s.Blocks, block{Heading: "From submit to the carrier's answer", Chart: v.histogram("accept", "Time from submit to answer", all.Accept, v.Latency.Accept)})
	}
	if len(all.DLR) > 0 {
		s.Blocks = append(s.Blocks, block{Heading: "From the answer to the final receipt", Chart: v.histogram("dlr", "Time from answer to final receipt", all.DLR, v.Latency.DLR)})
	}
	t := &htmlTable{Caption: "Quantiles by carrier", Heads: []string{"Carrier", "What", ">n", ">p50", ">p90", ">p95", ">p99", ">max"}}
	add := func(name, what string, q Quantiles) {
		if q.N > 0 {
			t.Rows = append(t.Rows, []string{name, what, thousands(q.N), ms(q.P50), ms(q.P90), ms(q.P95), ms(q.P99), ms(q.Max)})
		}
	}
	add("all", "answer", v.Latency.Accept)
	add("all", "receipt", v.Latency.DLR)
	for i := range v.Carriers[:min(len(v.Carriers), pageCarriers)] {
		c := &v.Carriers[i]
		add(clip(c.Name, 40), "answer", c.Latency.Accept)
		add(clip(c.Name, 40), "receipt", c.Latency.DLR)
	}
	s.Blocks = append(s.Blocks, block{Table: t}, folded(v.bucketTable(all)))
	return s
}

func (v *view) bucketTable(all Spread) *htmlTable {
	t := &htmlTable{Caption: "The distributions", Heads: []string{"What", ">Up to", ">n"}}
	add := func(what string, buckets []Bucket) {
		var n int64
		for i, b := range buckets { // four of the store's buckets are one here: eight percent tell nobody anything
			if n += b.N; i%4 == 3 || i == len(buckets)-1 {
				t.Rows = append(t.Rows, []string{what, duration(b.UpTo), thousands(n)})
				n = 0
			}
		}
	}
	add("answer", all.Accept)
	add("receipt", all.DLR)
	return t
}

func (v *view) errors() section {
	s := section{ID: "errors", Title: "Errors", Lead: "No recipient has ended in an error."}
	var rows []bar
	t := &htmlTable{Caption: "Recipients by the class of the error they ended in", Heads: []string{"Class", ">Recipients", "Party", "Retry helps", "What to do"}}
	var all int64
	for i := range v.Errors {
		e := &v.Errors[i]
		all += e.Count
		rows = append(rows, bar{e.Title, []part{{"p-" + string(e.Party), float64(e.Count), ""}}, thousands(e.Count) + ", " + string(e.Party)})
		t.Rows = append(t.Rows, []string{e.Title, thousands(e.Count), string(e.Party), yes(e.Actionable), e.Advice})
	}
	if len(v.Errors) > 0 {
		s.Lead = fmt.Sprintf("%s ended in an error of %s; %s can still be retried.", plural(all, "recipient"),
			countOf(len(v.Errors), "class", "classes"), thousands(v.Counts.FailedActionable))
		s.Blocks = append(s.Blocks, block{Chart: bars("errors", "Recipients by class of error", "Each class with the number of recipients who ended in it.",
			rows[:min(len(rows), pageBars)]), Legend: []legend{{"p-recipient", "recipient"}, {"p-sender", "sender"}, {"p-carrier", "carrier"}, {"p-smsctl", "smsctl"}}},
			block{Table: t})
	}
	if sumOf(v.Series.Failed) > 0 {
		s.Blocks = append(s.Blocks, block{Heading: "Refused attempts over time", Chart: v.trendChart(), Note: "The numbers are in the table of section 2."})
	}
	if len(v.Codes) > 0 {
		c := &htmlTable{Caption: "What carriers answered", Heads: []string{"Carrier", "Code", "Class", ">Attempts"}}
		for _, x := range v.Codes {
			c.Rows = append(c.Rows, []string{clip(x.Carrier, 40), clip(x.Code, 60), x.Class.Traits().Title, thousands(x.N)})
		}
		b := block{Heading: "Carriers' own codes", Table: c}
		if v.CodesCut {
			b.Note = fmt.Sprintf("The %d most frequent.", MaxCodes)
		}
		s.Blocks = append(s.Blocks, b)
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (v *view) countries() section {
	s := section{ID: "countries", Title: "Countries", Lead: "There are no recipients."}
	if len(v.Countries) == 0 {
		return s
	}
	s.Lead = "Recipients of " + countOf(len(v.Countries), "country", "countries") + "."
	t := &htmlTable{Caption: "Countries", Heads: []string{"Country", ">Eligible", ">Accepted", ">Delivered", ">Undelivered", ">Failed", ">Confirm %", ">Cost", ">Per delivered"}}
	for i := range v.Countries[:min(len(v.Countries), pageCountries)] {
		c := &v.Countries[i]
		each := "--"
		if c.PerDelivered != nil {
			each = amount(*c.PerDelivered)
		}
		t.Rows = append(t.Rows, []string{countryName(c.Country), thousands(c.Eligible), thousands(c.Accepted), thousands(c.Delivered),
			thousands(c.Undelivered), thousands(c.Failed), bare(c.Confirmed), amount(c.Cost), each})
	}
	s.Blocks = []block{{Chart: v.countryChart(pageBars), Legend: []legend{{"ok", "delivered"}, {"warn", "undelivered"}, {"bad", "failed"}, {"open", "open, or not sent"}}},
		{Table: t, Note: firstOf(len(v.Countries), pageCountries, "countries")}}
	return s
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + many
}

func (v *view) failover() section {
	s := section{ID: "failover", Title: "Failover", Lead: "No message needed a second attempt."}
	if len(v.Moves) == 0 {
		return s
	}
	var n int64
	var cost, twice Money
	names := []string{}
	for _, m := range v.Moves {
		n, cost, twice = n+m.N, cost+m.Cost, twice+m.Twice
		for _, name := range []string{m.From, m.To} {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	s.Lead = fmt.Sprintf("%s followed an earlier one; %s went to another carrier, which rescued %s. They cost %s, of which %s for messages that were billed before.",
		plural(n, "attempt"), plural(v.Counts.FailedOver, "message"), thousands(v.Counts.Rescued), v.money(cost), v.money(twice))
	shown := names[:min(len(names), pageMatrix)]
	t := &htmlTable{Caption: "From the carrier in the row to the one in the column, in attempts", Heads: []string{"From \\ to"}}
	for _, to := range shown {
		t.Heads = append(t.Heads, ">"+clip(to, 24))
	}
	for _, from := range shown {
		row := []string{clip(from, 40)}
		for _, to := range shown {
			i := slices.IndexFunc(v.Moves, func(m Move) bool { return m.From == from && m.To == to })
			if i < 0 {
				row = append(row, "·")
				continue
			}
			row = append(row, thousands(v.Moves[i].N))
		}
		t.Rows = append(t.Rows, row)
	}
	s.Blocks = []block{{Table: t, Note: firstOf(len(names), pageMatrix, "carriers")}}
	return s
}

func (v *view) moneySection() section {
	s := section{ID: "money", Title: "Money"}
	c := &v.Cost
	s.Lead = fmt.Sprintf("%s of an estimated %s by the price table.", v.money(c.Actual), v.money(c.Estimated))
	rows := []bar{{"estimated", []part{{"open", float64(c.Estimated), ""}}, v.money(c.Estimated)}, {"actual", []part{{"ok", float64(c.Actual), ""}}, v.money(c.Actual)}}
	if c.Ceiling != nil {
		rows = append(rows, bar{"ceiling", []part{{"lost", float64(*c.Ceiling), ""}}, v.money(*c.Ceiling)})
	}
	byCarrier := totals(v.Spent, func(s *Spent) string { return s.Carrier })
	var wasted Money
	for i := range byCarrier[:min(len(byCarrier), pageBars)] {
		x := &byCarrier[i]
		rows = append(rows, bar{x.Carrier, []part{{"ok", float64(x.Cost - x.Wasted), ""}, {"bad", float64(x.Wasted), "wasted " + v.money(x.Wasted)}},
			v.money(x.Cost) + ", wasted " + amount(x.Wasted)})
	}
	for i := range byCarrier {
		wasted += byCarrier[i].Wasted
	}
	s.Lead += fmt.Sprintf(" %s was paid for messages that did not arrive, or of which that is not known.", v.money(wasted))
	t := &htmlTable{Caption: "By carrier and country", Heads: []string{"Carrier", "Country", ">Segments", ">Cost", ">Wasted", ">Wasted %"}}
	for i := range v.Spent[:min(len(v.Spent), pageSpent)] {
		x := &v.Spent[i]
		t.Rows = append(t.Rows, []string{clip(x.Carrier, 40), countryName(x.Country), thousands(x.Segments), amount(x.Cost), amount(x.Wasted),
			bare(RateOf(int64(x.Wasted), int64(x.Cost)))})
	}
	s.Blocks = []block{{Chart: bars("money", "Estimate, cost and ceiling, and the cost by carrier", s.Lead, rows),
		Legend: []legend{{"ok", "spent"}, {"bad", "of that wasted on messages that did not arrive"}}}}
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: t, Note: firstOf(len(v.Spent), pageSpent, "countries")})
	}
	return s
}

func (v *view) message() section {
	s := section{ID: "message", Title: "Message"}
	s.Lead = plural(v.Counts.Segments, "segment") + " for " + plural(v.Counts.Eligible, "recipient") + "."
	if v.Campaign.Sender != "" {
		s.Lead += " Sent as " + clip(v.Campaign.Sender, 20) + "."
	}
	s.Blocks = []block{{Pre: clipLines(v.Template, 2000)}}
	var rows []bar
	t := &htmlTable{Caption: "Segments of a message", Heads: []string{">Segments", "Encoding", ">Recipients", ">Share"}}
	for _, x := range v.Sizes[:min(len(v.Sizes), pageBars)] {
		encoding, class := "GSM-7", "ok"
		if x.UCS2 {
			encoding, class = "UCS-2", "warn"
		}
		share := percent(RateOf(x.N, v.Counts.Eligible))
		rows = append(rows, bar{plural(x.Segments, "segment") + ", " + encoding, []part{{class, float64(x.N), ""}}, thousands(x.N) + ", " + share})
		t.Rows = append(t.Rows, []string{strconv.FormatInt(x.Segments, 10), encoding, thousands(x.N), share})
	}
	if len(rows) > 0 {
		s.Blocks = append(s.Blocks, block{Heading: "Length", Chart: bars("sizes", "Recipients by segments and encoding", "How many segments the texts take.", rows),
			Legend: []legend{{"ok", "GSM-7, 160 characters in a segment"}, {"warn", "UCS-2, 70"}}}, folded(t))
	}
	if len(v.Costly) > 0 {
		c := &htmlTable{Caption: "Characters that are not in GSM-7", Heads: []string{"Character", "Code point", ">Messages", "Where"}}
		for _, x := range v.Costly[:min(len(v.Costly), pageBars)] {
			where := "in the data"
			if x.Template {
				where = "in the message"
			}
			c.Rows = append(c.Rows, []string{string(x.Char), fmt.Sprintf("U+%04X", x.Char), thousands(int64(x.N)), where})
		}
		s.Blocks = append(s.Blocks, block{Heading: "Characters that cost", Table: c,
			Note: fmt.Sprintf("Of the first %s in UCS-2. --transliterate writes most of them in GSM-7.", plural(int64(v.CostlyOf), "message"))})
	}
	return s
}

// clipLines keeps the lines of a text.
func clipLines(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func (v *view) exclusions() section {
	n := &v.Counts
	s := section{ID: "exclusions", Title: "Exclusions", Lead: "Every row of the list could be sent to."}
	out := n.Invalid + n.Duplicate + n.OptedOut
	if out == 0 {
		return s
	}
	s.Lead = fmt.Sprintf("%s were left out: %s invalid, %s duplicate, %s opted out.", plural(out, "row"), thousands(n.Invalid), thousands(n.Duplicate), thousands(n.OptedOut))
	var rows []bar
	for _, x := range v.Exclusions[:min(len(v.Exclusions), pageBars)] {
		rows = append(rows, bar{x.Code, []part{{"lost", float64(x.N), ""}}, thousands(x.N)})
	}
	if len(rows) > 0 {
		s.Blocks = append(s.Blocks, block{Chart: bars("exclusions", "Excluded rows by reason", "Each reason with the number of rows.", rows)})
	}
	t := &htmlTable{Caption: "Excluded rows", Heads: []string{">Row", "Reason", "Column", "Value", "Explanation"}}
	for i := range v.Excluded {
		r := &v.Excluded[i]
		cells := r.cells(v.o.Privacy)
		t.Rows = append(t.Rows, []string{cells[0].text, cells[4].text, clip(cells[2].text, 30), clip(cells[3].text, 40), clip(cells[5].text, 100)})
	}
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: t, Folded: true,
			Note: fmt.Sprintf("The first of %s. All of them: smsctl report %s --table invalid, and --table excluded.", plural(out, "row"), clip(shellWord(v.Campaign.Name), 80))})
	}
	return s
}

func (v *view) failures() section {
	s := section{ID: "failures", Title: "Failures", Lead: "Nobody who was sent to failed to get it, as far as is known."}
	all := v.Counts.Failed + v.Counts.Expired + v.Counts.Undelivered
	if len(v.Failures) == 0 {
		return s
	}
	s.Lead = fmt.Sprintf("%s did not get the message.", plural(all, "recipient"))
	t := &htmlTable{Caption: "Recipients who did not get it", Heads: []string{">Row", "To", "Country", "State", "Why", "Code", "Carrier", ">Attempts", "Message"}}
	for i := range v.Failures {
		m := &v.Failures[i]
		t.Rows = append(t.Rows, []string{strconv.Itoa(m.Row), v.o.Privacy.Number(m.To), countryName(m.Country), string(m.State), m.Class.Traits().Title,
			clip(m.Code, 24), clip(m.Carrier, 24), strconv.Itoa(m.Attempts), m.ID})
	}
	s.Blocks = []block{{Table: t, Note: fmt.Sprintf("The first %s of %s. The whole list, ready to be sent again: smsctl report %s --table failures -o failures.csv",
		thousands(int64(len(t.Rows))), thousands(all), clip(shellWord(v.Campaign.Name), 80))}}
	return s
}

func (v *view) audit() section {
	c := &v.Campaign
	s := section{ID: "audit", Title: "Audit", Lead: "Who did what, and what this page was made from."}
	facts := &htmlTable{Caption: "The campaign", Heads: []string{"What", "Value"}}
	add := func(what, value string) {
		if value != "" {
			facts.Rows = append(facts.Rows, []string{what, value})
		}
	}
	add("id", c.ID)
	add("type", string(c.Type))
	add("mode and profile", string(c.Mode)+", "+clip(c.Profile, 60))
	add("list", clip(c.Source, 120))
	add("SHA-256 of the list", c.CSVSHA)
	add("SHA-256 of the message", c.MessageSHA)
	add("guarantee", guarantee(v.Settings, c.Type))
	add("made", v.time(c.CreatedAt))
	if c.SettledAt != nil {
		add("settled", v.time(*c.SettledAt))
	}
	for _, k := range sortedKeys(c.Tags) {
		add("tag "+clip(k, 40), clip(c.Tags[k], 80))
	}
	add("page made", v.time(v.GeneratedAt)+" by smsctl "+v.o.Version)
	s.Blocks = append(s.Blocks, block{Table: facts})
	if len(v.History) > 0 {
		h := &htmlTable{Caption: "Who did what", Heads: []string{"When", "Who", "What", "Detail"}}
		from := max(len(v.History)-pageHistory, 0)
		for _, x := range v.History[from:] {
			h.Rows = append(h.Rows, []string{v.time(x.At), clip(x.Actor, 40), clip(x.Action, 40), clip(x.Detail, 120)})
		}
		b := block{Heading: "History", Table: h}
		if from > 0 {
			b.Note = fmt.Sprintf("The last %d of %s.", pageHistory, thousands(int64(len(v.History))))
		}
		s.Blocks = append(s.Blocks, b)
	}
	return section{ID: s.ID, Title: s.Title, Lead: s.Lead, Blocks: append(s.Blocks, block{Heading: "Definitions", Table: definitions()})}
}

func guarantee(s campaign.Settings, t campaign.MessageType) string {
	switch {
	case s.AtMostOnce:
		return "at most once"
	case t == campaign.Transactional:
		return "at least once"
	}
	return "at most once, but for a re-route after a missing receipt"
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	return keys
}

// definitions are the metrics' own words: nothing on the page is called just "sent".
func definitions() *htmlTable {
	t := &htmlTable{Caption: "What the words mean", Heads: []string{"Word", "Is", "Of"}}
	for _, d := range [][3]string{
		{"eligible", "rows less invalid, duplicate and opted out", ""},
		{"accepted", "a carrier took it and said so", "eligible"},
		{"acceptance rate", "accepted of accepted, failed and unknown", "handled"},
		{"delivery rate", "delivered of accepted; falls while receipts are open", "accepted"},
		{"confirmed rate", "delivered of delivered and undelivered", "final receipts"},
		{"receipt coverage", "delivered and undelivered of accepted", "accepted"},
		{"rescued", "accepted on a later carrier after an earlier one had not taken it", "handled"},
		{"unknown", "an attempt ended without an answer: it may have been sent, and is never sent again on its own", "eligible"},
		{"cost", "what the price table bills for attempts that were not refused, by segment", ""},
		{"the sums", "rows = invalid + duplicate + opted out + eligible; eligible = queued + sending + accepted + failed + expired + unknown + cancelled + suppressed; " +
			"accepted = delivered + undelivered + awaiting + no receipt", ""},
		{"party", "who can do something about an error: " + strings.Join([]string{string(carriers.PartyRecipient), string(carriers.PartySender),
			string(carriers.PartyCarrier), string(carriers.PartySmsctl)}, ", "), ""},
	} {
		t.Rows = append(t.Rows, d[:])
	}
	return t
}
