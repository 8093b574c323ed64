package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// DetailSchema names the JSON form of Detail.
const DetailSchema = "smsctl.message/1"

// Detail is everything that is known about one message: `message show`.
type Detail struct {
	Schema string `json:"schema"`
	Message
	Source   string    `json:"source"` // name of the CSV
	Text     string    `json:"text"`
	Ref      string    `json:"ref,omitempty"` // of the program that ordered it, by the API
	History  []Attempt `json:"attempt_list"`  // oldest first
	Receipts []Receipt `json:"receipts"`      // in the order in which they came
	Timeline []Event   `json:"timeline"`
}

// Receipt is what a carrier said about an attempt.
type Receipt struct {
	Attempt    int                   `json:"attempt"`
	Carrier    string                `json:"carrier"`
	Via        string                `json:"via"`
	State      carriers.ReceiptState `json:"state"`
	Class      carriers.Class        `json:"error_class"`
	Code       string                `json:"error_code"`
	Error      string                `json:"error_message"`
	CarrierAt  *time.Time            `json:"carrier_at"` // the carrier's own clock
	ReceivedAt time.Time             `json:"received_at"`
	Applied    bool                  `json:"applied"`    // it said more than was known
	MatchedAt  *time.Time            `json:"matched_at"` // set when it had to wait until its attempt was known
}

// Event is a moment in the life of a message.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Note string    `json:"note"`
}

// Tell makes the timeline of the attempts and receipts.
func (d *Detail) Tell() {
	events := []Event{{d.QueuedAt, "queued", "row " + fmt.Sprint(d.Row) + " of " + d.Source}}
	for i := range d.History {
		a := &d.History[i]
		events = append(events, Event{a.SubmittedAt, fmt.Sprintf("attempt %d", a.N), a.Carrier + ", our reference " + a.Ref})
		if a.FinishedAt != nil {
			events = append(events, Event{*a.FinishedAt, outcomeWord(a), join(a.Status, string(a.Class), a.Code, a.Error)})
		}
	}
	for i := range d.Receipts {
		r := &d.Receipts[i]
		note := join(r.Carrier, "by "+r.Via, string(r.Class), r.Code, r.Error)
		if r.MatchedAt != nil {
			events = append(events, Event{r.ReceivedAt, "receipt parked", r.Carrier + " said " + string(r.State) + " of a message that nobody knew yet"},
				Event{*r.MatchedAt, "receipt matched", fmt.Sprintf("to attempt %d, whose answer named the carrier's id", r.Attempt)})
			continue
		}
		if !r.Applied {
			note += ", kept, says nothing new"
		}
		events = append(events, Event{r.ReceivedAt, "receipt " + string(r.State), note})
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	d.Timeline = events
}

// outcomeWord says how an attempt ended. One whose answer was lost may have been settled by a receipt since.
func outcomeWord(a *Attempt) string {
	if a.Outcome == campaign.AttemptAccepted && a.Error != "" && a.Class == "" && a.ReceiptAt != nil {
		return "answered"
	}
	return string(a.Outcome)
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" }), ", ")
}

// Private is the detail with the numbers of people as p wants them, in the text of the message as well.
func (d *Detail) Private(p Privacy) *Detail {
	c := *d
	c.To = p.Number(d.To)
	c.Text = p.hideNumber(d.Text, d.To)
	return &c
}

// WriteText writes the drill-down of a message. The numbers are those of d: call Private first.
func (d *Detail) WriteText(out io.Writer, s Style) error {
	p := &page{Style: s}
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	clock := func(t time.Time) string { return t.In(p.Zone).Format("15:04:05.000") }
	p.items("", "   ", p.paint(Strong, "message "+d.ID), clean(d.Campaign), fmt.Sprintf("row %d of %s", d.Row, clean(d.Source)))
	p.line("")
	p.labelled("to", d.To+" ("+join(d.Country, d.Kind)+")", "from "+clean(d.Sender), plural(int64(d.Segments), "segment")+" "+d.Encoding,
		strings.TrimSpace(d.Currency+" "+d.Cost.String()))
	p.labelled("text", clean(d.Text))
	p.labelled("state", d.stateItems(p)...)
	p.line("")
	attempts := grid{heads: []string{">#", "CARRIER", "SUBMIT", "RESULT", ">TOOK", "CARRIER ID"}}
	for i := range d.History {
		a := &d.History[i]
		took := "--"
		if a.TookMS != nil {
			took = duration(float64(*a.TookMS))
		}
		attempts.rows = append(attempts.rows, []string{
			fmt.Sprint(a.N), clean(a.Carrier), clock(a.SubmittedAt), strings.ToUpper(string(a.Outcome)) + " " + clean(join(string(a.Class), a.Code)),
			took, orDash(clean(a.CarrierMessageID)),
		})
	}
	if len(d.History) > 0 {
		p.line(p.paint(Strong, "Attempts"))
		p.grid(attempts)
		p.line("")
	}
	p.line(p.paint(Strong, "Timeline") + "  " + d.QueuedAt.In(p.Zone).Format("2006-01-02 MST"))
	timeline := grid{heads: []string{"", "", ""}}
	for _, e := range d.Timeline {
		timeline.rows = append(timeline.rows, []string{clock(e.At), e.What, clean(e.Note)})
	}
	p.grid(timeline)
	d.writeWhy(p)
	_, err := io.WriteString(out, p.String())
	return err
}

func (d *Detail) stateItems(p *page) []string {
	items := []string{p.paint(Strong, strings.ToUpper(string(d.State)))}
	if d.FinalAt != nil {
		items = append(items, d.FinalAt.In(p.Zone).Format("2006-01-02 15:04:05.000 MST"))
		if d.FirstAttemptAt != nil {
			items = append(items, duration(float64(d.FinalAt.Sub(*d.FirstAttemptAt).Milliseconds()))+" after first submit")
		}
	}
	items = append(items, plural(int64(d.Attempts), "attempt"))
	if d.Rescued {
		items = append(items, "rescued by failover")
	}
	if d.Class != "" {
		t := d.Class.Traits()
		items = append(items, t.Title+": "+t.Advice)
	} else if d.Reason != "" {
		items = append(items, clean(d.Reason))
	}
	return items
}

// writeWhy shows the decisions as they were stored: what the router would say now may differ.
func (d *Detail) writeWhy(p *page) {
	for i := range d.History {
		a := &d.History[i]
		if a.Decision == nil {
			continue
		}
		p.line("")
		p.line(p.paint(Strong, fmt.Sprintf("Why %s for attempt %d", clean(a.Carrier), a.N)))
		a.Decision.write(p)
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
