package report

import (
	"fmt"
	"slices"

	"github.com/smsctl/smsctl/routing"
)

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
		{"suppressed", n.Suppressed, "an opt-out came after intake, or a frequency cap did not allow it in its validity"},
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
	if slices.ContainsFunc(v.Outages, func(o Outage) bool { return o.Trouble == routing.TroubleBreaker }) {
		s.Blocks[0].Legend = append(s.Blocks[0].Legend, legend{"o-breaker", "line on top: a carrier's breaker open"})
	}
	return s
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
