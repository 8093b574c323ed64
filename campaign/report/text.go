package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/smsctl/smsctl/campaign"
)

// Tone is what a piece of text means; the caller gives it a colour, or none.
type Tone uint8

// The tones. Each is also a word on the screen: colour never says anything alone.
const (
	Strong Tone = iota + 1 // headings and the campaign's name
	Good
	Bad
	Dim
)

// Style is what the writer of text must know of the screen.
type Style struct {
	Width int                       // columns; 0 is unlimited
	ASCII bool                      // no character beyond ASCII of our own
	Zone  *time.Location            // of times; nil is UTC
	Paint func(Tone, string) string // nil paints nothing
}

// WriteText writes the summary of a campaign: what `send` leaves behind and what `report` prints. Lines keep to the
// width of the screen as long as that is 30 columns or more; narrow screens get more lines, never less content.
func (r *Report) WriteText(out io.Writer, s Style) error {
	p := &page{Style: s}
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	r.writeHead(p)
	r.writeCounts(p)
	r.writeMoney(p)
	r.writeErrors(p)
	r.writeCarriers(p)
	r.writeNext(p)
	_, err := io.WriteString(out, p.String())
	return err
}

func (r *Report) writeHead(p *page) {
	state := strings.ToUpper(string(r.Campaign.State))
	title := []string{p.paint(Strong, clean(r.Campaign.Name)), p.paint(stateTone(r.Campaign.State), state)}
	if r.Campaign.Mode != campaign.Live {
		title = append(title, strings.ToUpper(string(r.Campaign.Mode)))
	}
	recipients := plural(r.Counts.Eligible, "recipient")
	if r.Campaign.ActiveS > 0 {
		recipients += " in " + duration(1000*r.Campaign.ActiveS)
		if r.Throughput.Average > 0 {
			recipients += fmt.Sprintf(", %.1f/s average", r.Throughput.Average)
		}
	}
	p.items("", "  ", append(title, recipients)...)
	if r.Campaign.Reason != nil && *r.Campaign.Reason != "" {
		p.items("  ", "  ", "because: "+clean(*r.Campaign.Reason))
	}
	if r.Partial {
		p.items("  ", "  ", "PARTIAL as of "+r.GeneratedAt.In(p.Zone).Format("2006-01-02 15:04:05 MST")+": the numbers may still change")
	}
	p.line("")
}

func stateTone(s campaign.Status) Tone {
	switch s {
	case campaign.Completed, campaign.Settling:
		return Good
	case campaign.Incomplete, campaign.Stopped, campaign.Paused:
		return Bad
	}
	return Strong
}

func (r *Report) writeCounts(p *page) {
	n := &r.Counts
	if n.Invalid+n.Duplicate+n.OptedOut > 0 {
		p.count("rows", n.Rows, "", []string{thousands(n.Invalid) + " invalid", thousands(n.Duplicate) + " duplicate", thousands(n.OptedOut) + " opted out"})
	}
	share := func(v int64) string { return percent(RateOf(v, n.Eligible)) }
	details := []string{"delivered " + thousands(n.Delivered), "undelivered " + thousands(n.Undelivered), "awaiting " + thousands(n.Awaiting)}
	if n.NoReceipt > 0 {
		details = append(details, "no receipt "+thousands(n.NoReceipt))
	}
	p.count("accepted", n.Accepted, share(n.Accepted), details)
	recipient := n.Failed + n.Expired - n.FailedActionable
	p.count("failed", n.Failed, share(n.Failed), split(n.Failed, recipient, n.FailedActionable-n.Expired))
	for _, c := range []struct {
		label string
		n     int64
		note  string
	}{
		{"expired", n.Expired, "validity over before it could be sent"},
		{"unknown", n.Unknown, "submit outcome not known, not resent"},
		{"queued", n.Queued, "still to send"},
		{"sending", n.Sending, "under way"},
		{"cancelled", n.Cancelled, "not sent"},
		{"suppressed", n.Suppressed, "opted out after intake, or over a frequency cap: not sent"},
	} {
		if c.n > 0 {
			p.count(c.label, c.n, share(c.n), []string{c.note})
		}
	}
	p.flushCounts()
	if n.Accepted > 0 {
		final := n.Delivered + n.Undelivered
		p.labelled("confirmed", percent(r.Rates.Confirmed)+" of "+plural(final, "receipt"),
			"delivered so far "+percent(r.Rates.Delivery)+" of accepted",
			"receipt time p50 "+ms(r.Latency.DLR.P50)+" p95 "+ms(r.Latency.DLR.P95))
	}
	if n.PossibleDuplicates > 0 {
		p.labelled("warning", plural(n.PossibleDuplicates, "message")+" may have arrived twice: sent again when no answer or receipt came")
	}
}

func split(failed, recipient, actionable int64) []string {
	if failed == 0 {
		return nil
	}
	return []string{thousands(max(recipient, 0)) + " recipient, " + thousands(max(actionable, 0)) + " actionable"}
}

func (r *Report) writeMoney(p *page) {
	items := []string{r.money(r.Cost.Actual) + ", " + plural(r.Counts.Segments, "segment")}
	if r.Cost.PerDelivered != nil {
		items = append(items, r.money(*r.Cost.PerDelivered)+" per delivered message")
	}
	p.labelled("cost", items...)
	p.line("")
	verdict := p.paint(Good, p.sign(true)) + " reconciles to " + thousands(r.Counts.Eligible)
	if !r.Reconciled {
		verdict = p.paint(Bad, p.sign(false)) + " DOES NOT RECONCILE: run smsctl db check"
	}
	var checks []string
	for _, g := range r.Guards {
		tone := Good
		if !g.Passed {
			tone = Bad
		}
		checks = append(checks, p.paint(tone, p.sign(g.Passed))+" "+clean(g.Expr))
	}
	if c := r.Cost.Ceiling; c != nil {
		ok := r.Cost.Actual <= *c
		tone, relation := Good, " <= "
		if !ok {
			tone, relation = Bad, " > "
		}
		checks = append(checks, p.paint(tone, p.sign(ok))+" cost "+amount(r.Cost.Actual)+relation+amount(*c))
	}
	p.items("  ", "      ", append(checks, verdict)...)
}

func (r *Report) writeErrors(p *page) {
	if len(r.Errors) == 0 {
		return
	}
	p.line("")
	t := grid{heads: []string{"ERROR", ">RECIPIENTS", "PARTY", "WHAT TO DO"}}
	for _, e := range r.Errors {
		t.rows = append(t.rows, []string{e.Title, thousands(e.Count), string(e.Party), e.Advice})
	}
	p.grid(t)
}

func (r *Report) writeCarriers(p *page) {
	if len(r.Carriers) == 0 {
		return
	}
	p.line("")
	t := grid{heads: []string{"CARRIER", ">ACCEPTED", ">ACCEPT%", ">CONFIRM%", ">DLR P50/P95", ">" + r.Cost.Currency, ">RESCUED"}}
	if r.Cost.Currency == "" {
		t.heads[5] = ">COST"
	}
	for i := range r.Carriers {
		c := &r.Carriers[i]
		t.rows = append(t.rows, []string{
			clean(c.Name), thousands(c.Accepted), bare(c.Acceptance), bare(c.Confirmed), ms(c.Latency.DLR.P50) + " / " + ms(c.Latency.DLR.P95),
			amount(c.Cost), thousands(c.Rescued),
		})
	}
	p.grid(t)
}

// writeNext names the commands that continue from here.
func (r *Report) writeNext(p *page) {
	name := shellWord(r.Campaign.Name)
	var t grid
	add := func(command, note string) { t.rows = append(t.rows, []string{"smsctl " + command, note}) }
	n := &r.Counts
	switch r.Campaign.State {
	case campaign.Paused, campaign.Waiting, campaign.Planned:
		if n.Queued > 0 {
			add("campaign resume "+name, thousands(n.Queued)+" to send")
		}
	case campaign.Running, campaign.Draining, campaign.Scheduled, campaign.Importing:
		add("campaign show "+name, "how it goes on")
	case campaign.Stopped:
	default:
		if n.FailedActionable > 0 {
			add("campaign retry "+name, plural(n.FailedActionable, "message")+r.estimateOf(n.FailedActionable))
		}
	}
	if n.Unknown > 0 {
		add("campaign reconcile "+name, thousands(n.Unknown)+" unknown")
	}
	if n.Failed+n.Expired+n.Undelivered > 0 {
		add("report "+name+" --table failures -o failures.csv", "who did not get it")
	}
	if len(t.rows) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(Strong, "Next"))
	t.heads = []string{"", ""}
	p.grid(t)
}

func (r *Report) estimateOf(n int64) string {
	if r.Counts.Eligible == 0 || r.Cost.Estimated == 0 {
		return ""
	}
	return ", est " + r.money(r.Cost.Estimated*Money(n)/Money(r.Counts.Eligible))
}

func (r *Report) money(m Money) string { return strings.TrimSpace(r.Cost.Currency + " " + amount(m)) }

// clean keeps control characters of names out of the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

func shellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@:+/") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(clean(s), "'", `'\''`) + "'"
}

func width(s string) int { return uniseg.StringWidth(s) }
