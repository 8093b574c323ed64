package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/routing"
)

// line is a carrier on the screen: what it did for the campaign, and, while somebody sends, how it stands.
type line struct {
	name   string
	did    report.Carrier
	status *routing.Status // nil when nobody works on the campaign
	speed  float64
	share  int64 // accepted attempts of all carriers
}

func (l *line) drained() bool { return l.status != nil && l.status.Drained }

// state is one word about the carrier.
func (l *line) state() (string, tone) {
	switch {
	case l.status == nil:
		return "-", faint
	case l.status.Breaker == "down":
		return "down", bad
	case l.status.Drained:
		return "drained", warn
	case l.status.Breaker == "open":
		return "ill", bad
	case l.status.Breaker == "half-open":
		return "degraded", warn
	case l.status.Suspect:
		return "silent", warn
	}
	return "ok", good
}

func (l *line) breaker() string {
	if l.status == nil {
		return "-"
	}
	return l.status.Breaker
}

// score is the share of messages that the carrier delivers in time, as the router has learned it.
func (l *line) score() string {
	if l.status == nil || l.status.Trials <= 0 {
		return "-"
	}
	return strconv.FormatFloat(l.status.Mean, 'f', 2, 64)
}

func (l *line) pace() string {
	if l.status == nil || l.status.Rate <= 0 {
		return speed(l.speed)
	}
	return speed(l.speed) + "/" + limit(l.status.Rate)
}

func (l *line) inFlight() string {
	if l.status == nil {
		return "-"
	}
	return count(int64(l.status.InFlight))
}

func (l *line) latency() string {
	return quantile(l.did.Latency.DLR.P50) + " / " + quantile(l.did.Latency.DLR.P95)
}

// lines joins the carriers that are configured with those that the campaign has used.
func (d *dashboard) lines() []line {
	var out []line
	at := map[string]int{}
	total := int64(0)
	for _, c := range d.snap.Report.Carriers {
		at[c.Name] = len(out)
		out = append(out, line{name: c.Name, did: c, speed: d.snap.Speeds[c.Name]})
		total += c.Accepted
	}
	if v := d.snap.Vitals; v != nil && d.snap.Alive {
		for i := range v.Lines {
			st := &v.Lines[i]
			j, known := at[st.Name]
			if !known {
				j = len(out)
				out = append(out, line{name: st.Name, did: report.Carrier{Name: st.Name}})
			}
			out[j].status = st
		}
	}
	for i := range out {
		out[i].share = total
	}
	slices.SortStableFunc(out, func(a, b line) int {
		switch d.sort[paneCarriers] % 3 {
		case 1:
			return cmp.Compare(a.name, b.name)
		case 2:
			return cmp.Compare(rateOf(a.did.Acceptance), rateOf(b.did.Acceptance))
		}
		return cmp.Or(cmp.Compare(b.did.Accepted, a.did.Accepted), cmp.Compare(a.name, b.name))
	})
	return out
}

func rateOf(r report.Rate) float64 {
	if r.Value == nil {
		return 2 // unknown ones last
	}
	return *r.Value
}

// wideCarriers are the carriers with every column.
func (d *dashboard) wideCarriers(m *Model, height int) []string {
	cols := []column{
		{head: "NAME"}, {head: "STATE", width: 8}, {head: "BREAKER", width: 9}, {head: "SCORE", width: 5, right: true},
		{head: "TPS/LIMIT", width: 10, right: true},
		{head: "IN-FL", width: 5, right: true}, {head: "ATTEMPTS", width: 9, right: true}, {head: "ACCEPT%", width: 7, right: true},
		{head: "CONFIRM%", width: 8, right: true}, {head: "DLR p50 / p95", width: 15, right: true},
		{head: "COST " + d.snap.Report.Cost.Currency, width: 10, right: true}, {head: "SHARE", width: 6, right: true},
	}
	return d.carrierGrid(m, cols, height, func(l *line) []string {
		state, tone := l.state()
		return []string{
			clean(l.name), m.paint(tone, state), l.breaker(), l.score(), l.pace(), l.inFlight(), count(l.did.Attempts),
			share(l.did.Acceptance.Num, l.did.Acceptance.Den), share(l.did.Confirmed.Num, l.did.Confirmed.Den), l.latency(),
			amount(l.did.Cost), whole(l.did.Accepted, l.share),
		}
	})
}

// standardCarriers are the carriers in 76 columns.
func (d *dashboard) standardCarriers(m *Model, height int) []string {
	cols := []column{
		{head: "NAME"}, {head: "STATE", width: 8}, {head: "BRKR", width: 9}, {head: "SCORE", width: 5, right: true},
		{head: "TPS/LIM", width: 10, right: true}, {head: "IN-FL", width: 5, right: true}, {head: "ACC%", width: 5, right: true}, {head: "CNF%", width: 5, right: true},
		{head: "DLR50", width: 6, right: true}, {head: "COST", width: 9, right: true, min: 96},
	}
	return d.carrierGrid(m, cols, height, func(l *line) []string {
		state, tone := l.state()
		return []string{
			clean(l.name), m.paint(tone, state), l.breaker(), l.score(), l.pace(), l.inFlight(), share(l.did.Acceptance.Num, l.did.Acceptance.Den),
			share(l.did.Confirmed.Num, l.did.Confirmed.Den), quantile(l.did.Latency.DLR.P50), amount(l.did.Cost),
		}
	})
}

// compactCarriers are the carriers in 52 columns, without a head.
func (d *dashboard) compactCarriers(m *Model, height int) []string {
	cols := []column{{}, {width: 9}, {width: 10, right: true}, {width: 7, right: true}}
	out := d.carrierGrid(m, cols, height+1, func(l *line) []string {
		state, tone := l.state()
		return []string{clean(l.name), m.paint(tone, state), l.pace(), percent(l.did.Acceptance.Num, l.did.Acceptance.Den)}
	})
	return out[1:]
}

// carrierGrid shows at most height lines, the head among them, and says how many carriers are not shown.
func (d *dashboard) carrierGrid(m *Model, cols []column, height int, cells func(*line) []string) []string {
	lines := d.lines()
	rows := make([][]string, len(lines))
	for i := range lines {
		rows[i] = cells(&lines[i])
	}
	room := max(1, height-1)
	hidden := 0
	if len(rows) > room {
		room = max(1, room-1)
		hidden = len(rows) - room
	}
	cursor := -1
	if d.focus == paneCarriers {
		cursor = min(d.cursor[paneCarriers], len(rows)-1)
	}
	first := max(0, cursor-room+1)
	out := m.grid(cols, rows, cursor, first, room, m.w-4)
	if hidden > 0 {
		out = append(out, m.paint(faint, fmt.Sprintf("  +%d more", hidden)))
	}
	return out
}

func whole(num, den int64) string {
	if den == 0 {
		return "--"
	}
	return strconv.FormatInt((200*num+den)/(2*den), 10) + " %"
}

// carrierPage is everything that is known about one carrier.
func (d *dashboard) carrierPage(m *Model, name string) []string {
	var l *line
	all := d.lines()
	for i := range all {
		if all[i].name == name {
			l = &all[i]
		}
	}
	if l == nil {
		return []string{"The campaign does not use " + clean(name) + "."}
	}
	c, cur := l.did, d.snap.Report.Cost.Currency
	state, tone := l.state()
	out := []string{"state      " + m.paint(tone, state)}
	if st := l.status; st != nil {
		room := "no limit of its own"
		if st.Rate > 0 {
			room = "limit " + limit(st.Rate) + " segments/s"
		}
		out = append(out, "breaker    "+st.Breaker,
			fmt.Sprintf("score      %s of its messages delivered in time, as learned from about %.0f", l.score(), st.Trials),
			fmt.Sprintf("speed      %s/s, %s", speed(l.speed), room),
			fmt.Sprintf("in flight  %d of a window of %d", st.InFlight, st.Window),
			fmt.Sprintf("receipts   %s awaited", count(int64(st.Awaiting))))
		if st.Suspect {
			out = append(out, "silent     its receipts have stopped coming")
		}
		if st.Reason != "" {
			out = append(out, "waits for  a person: "+clean(st.Reason))
		}
	}
	return append(out,
		fmt.Sprintf("attempts   %s: accepted %s, refused %s, ambiguous %s, sending %s", count(c.Attempts), count(c.Accepted), count(c.Refused), count(c.Ambiguous), count(c.Sending)),
		fmt.Sprintf("accepted   %s of %s answered", percent(c.Acceptance.Num, c.Acceptance.Den), count(c.Acceptance.Den)),
		fmt.Sprintf("confirmed  %s of %s final receipts; delivered %s, undelivered %s", percent(c.Confirmed.Num, c.Confirmed.Den), count(c.Confirmed.Den), count(c.Delivered), count(c.Undelivered)),
		fmt.Sprintf("answer     p50 %s  p95 %s  p99 %s  (%s samples)", quantile(c.Latency.Accept.P50), quantile(c.Latency.Accept.P95), quantile(c.Latency.Accept.P99), count(c.Latency.Accept.N)),
		fmt.Sprintf("receipt    p50 %s  p95 %s  p99 %s  (%s samples)", quantile(c.Latency.DLR.P50), quantile(c.Latency.DLR.P95), quantile(c.Latency.DLR.P99), count(c.Latency.DLR.N)),
		fmt.Sprintf("rescued    %s that another carrier had failed", count(c.Rescued)),
		fmt.Sprintf("cost       %s %s for %s segments", cur, amount(c.Cost), count(c.Segments)), "",
		"x drain or undrain   b reset breaker   t test message   m its messages")
}
