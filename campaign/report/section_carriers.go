package report

import (
	"fmt"
	"slices"
)

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
		legends = append(legends, v.outageLegends()...)
		s.Blocks = append(s.Blocks, block{Heading: "Over time", Chart: v.carrierChart(), Legend: legends,
			Note: firstOf(len(v.Lines), maxLines, "carriers")}, folded(v.carrierSteps()))
	}
	if len(v.Outages) > 0 {
		s.Blocks = append(s.Blocks, block{Heading: "Not used as usual", Table: v.outageTable(), Note: v.firstOutages(pageOutages)})
	}
	return s
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
