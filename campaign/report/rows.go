package report

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Row is a line of one of the tables: messages, attempts, failures, invalid, excluded and those of a Report.
type Row interface {
	// header names the CSV columns; all rows of a table have the same.
	header() []string
	// cells are the values in the header's order, with the numbers of people as p wants them.
	cells(p Privacy) []cell
	// private is the row for JSON, with the numbers of people as p wants them.
	private(p Privacy) any
}

// cell is a value of a CSV.
type cell struct {
	text string
	kind kind
}

// kind says what may stand in a cell. The zero kind is our own word or number, which cannot begin a formula.
type kind uint8

const (
	freeText kind = iota + 1 // somebody else's words: a formula to a spreadsheet perhaps
	listed                   // a cell of the list, which must come back the same when the file is sent again
)

func free(text string) cell { return cell{text, freeText} }

// Message is one eligible recipient with what its attempts came to.
type Message struct {
	CampaignID       string            `json:"campaign_id"`
	Campaign         string            `json:"campaign"`
	ID               string            `json:"message_id"`
	Row              int               `json:"row"` // physical line of the CSV
	To               string            `json:"to"`
	Country          string            `json:"country"`
	Kind             string            `json:"number_type"`
	State            campaign.State    `json:"state"`
	Class            carriers.Class    `json:"error_class"`
	Code             string            `json:"error_code"`
	Error            string            `json:"error_message"`
	Actionable       bool              `json:"actionable"`
	Reason           string            `json:"reason"`  // why it is in this state again
	Carrier          string            `json:"carrier"` // that took it, else the last one tried
	Attempts         int               `json:"attempts"`
	Rescued          bool              `json:"rescued"`
	Segments         int               `json:"segments"`
	Encoding         string            `json:"encoding"`
	Cost             Money             `json:"cost"`
	Currency         string            `json:"currency"`
	PriceSource      string            `json:"price_source"`
	QueuedAt         time.Time         `json:"queued_at"`
	FirstAttemptAt   *time.Time        `json:"first_attempt_at"`
	AcceptedAt       *time.Time        `json:"accepted_at"`
	FinalAt          *time.Time        `json:"final_at"`
	AcceptMS         *int64            `json:"accept_ms"`
	DLRMS            *int64            `json:"dlr_ms"`
	CarrierMessageID string            `json:"carrier_message_id"`
	Sender           string            `json:"sender"`
	Tags             map[string]string `json:"tags"`
}

func (*Message) header() []string {
	return strings.Split("campaign_id,campaign,message_id,row,to,country,number_type,state,error_class,error_code,error_message,actionable,"+
		"carrier,attempts,rescued,segments,encoding,cost,currency,price_source,queued_at,first_attempt_at,accepted_at,final_at,accept_ms,dlr_ms,"+
		"carrier_message_id,sender,tags", ",")
}

func (m *Message) cells(p Privacy) []cell {
	return []cell{
		{text: m.CampaignID}, free(m.Campaign), {text: m.ID}, {text: strconv.Itoa(m.Row)}, {text: p.Number(m.To)}, {text: m.Country},
		{text: m.Kind}, {text: string(m.State)}, {text: string(m.Class)}, free(m.Code), free(m.Error), {text: yesNo(m.Actionable)},
		free(m.Carrier), {text: strconv.Itoa(m.Attempts)}, {text: yesNo(m.Rescued)}, {text: strconv.Itoa(m.Segments)}, {text: m.Encoding},
		{text: m.Cost.String()}, {text: m.Currency}, {text: m.PriceSource}, {text: stamp(&m.QueuedAt)}, {text: stamp(m.FirstAttemptAt)},
		{text: stamp(m.AcceptedAt)}, {text: stamp(m.FinalAt)}, {text: number(m.AcceptMS)}, {text: number(m.DLRMS)},
		free(m.CarrierMessageID), free(m.Sender), free(tagList(m.Tags)),
	}
}

func (m *Message) private(p Privacy) any {
	c := *m
	c.To = p.Number(m.To)
	return &c
}

// Attempt is one try of one message on one carrier.
type Attempt struct {
	CampaignID       string                `json:"campaign_id"`
	MessageID        string                `json:"message_id"`
	N                int                   `json:"attempt"`
	Carrier          string                `json:"carrier"`
	Why              string                `json:"-"`   // the decision as it is stored
	Decision         *Decision             `json:"why"` // nil where none was stored
	SubmittedAt      time.Time             `json:"submitted_at"`
	FinishedAt       *time.Time            `json:"finished_at"`
	TookMS           *int64                `json:"took_ms"`
	Outcome          campaign.AttemptState `json:"outcome"`
	Class            carriers.Class        `json:"error_class"`
	Code             string                `json:"error_code"`
	Error            string                `json:"error_message"`
	Status           string                `json:"http_or_smpp_status"`
	CarrierMessageID string                `json:"carrier_message_id"`
	Ref              string                `json:"ref"` // ours, as the carrier knows it
	Receipt          carriers.ReceiptState `json:"receipt"`
	ReceiptAt        *time.Time            `json:"receipt_at"`
	Overdue          bool                  `json:"overdue"`
	Cost             Money                 `json:"cost"`
	Currency         string                `json:"currency"`
}

func (*Attempt) header() []string {
	return strings.Split("campaign_id,message_id,attempt,carrier,score,reason,candidates,submitted_at,finished_at,took_ms,outcome,error_class,"+
		"error_code,http_or_smpp_status,carrier_message_id,cost,currency", ",")
}

func (a *Attempt) cells(Privacy) []cell {
	score, reason, candidates := a.Decision.cells()
	return []cell{
		{text: a.CampaignID}, {text: a.MessageID}, {text: strconv.Itoa(a.N)}, free(a.Carrier), {text: score}, free(reason), free(candidates),
		{text: stamp(&a.SubmittedAt)}, {text: stamp(a.FinishedAt)}, {text: number(a.TookMS)}, {text: string(a.Outcome)},
		{text: string(a.Class)}, free(a.Code), free(a.Status), free(a.CarrierMessageID), {text: a.Cost.String()}, {text: a.Currency},
	}
}

func (a *Attempt) private(Privacy) any { return a }

// Failure is a recipient who did not get the message, as the row of the list that it was: the file can be edited and
// sent again.
type Failure struct {
	Columns []string `json:"-"` // the list's header
	Row     []string `json:"-"` // the list's cells
	To      string   `json:"-"` // to find the number among the cells

	State      campaign.State
	Class      carriers.Class
	Code       string
	Error      string
	Actionable bool
	MessageID  string
}

// ownPrefix marks the columns that smsctl adds to a list that it gives back; they are left out when it is read again.
const ownPrefix = "smsctl_"

func (f *Failure) header() []string {
	return append(slices.Clone(f.Columns), ownPrefix+"state", ownPrefix+"class", ownPrefix+"code", ownPrefix+"message",
		ownPrefix+"actionable", ownPrefix+"message_id")
}

func (f *Failure) cells(p Privacy) []cell {
	cells := make([]cell, 0, len(f.Row)+6)
	for _, v := range f.Row {
		cells = append(cells, cell{p.hideIn(v, f.To), listed})
	}
	return append(cells, cell{text: string(f.State)}, cell{text: string(f.Class)}, free(f.Code), free(f.Error),
		cell{text: yesNo(f.Actionable)}, cell{text: f.MessageID})
}

func (f *Failure) private(p Privacy) any { return object(f.header(), f.cells(p)) }

// Reject is a row of the list that was not sent to.
type Reject struct {
	Columns []string
	Reject  campaign.Reject
}

func (r *Reject) header() []string {
	return append([]string{
		ownPrefix + "line", ownPrefix + "record", ownPrefix + "column", ownPrefix + "value", ownPrefix + "code", ownPrefix + "message",
	}, r.Columns...)
}

func (r *Reject) cells(p Privacy) []cell {
	value := ""
	if i := slices.Index(r.Columns, r.Reject.Column); i >= 0 && i < len(r.Reject.Cells) {
		value = r.Reject.Cells[i]
	}
	cells := []cell{
		{text: strconv.Itoa(r.Reject.Line)}, {text: strconv.Itoa(r.Reject.Record)}, free(r.Reject.Column), free(p.hideDigits(value)),
		{text: r.Reject.Code}, free(p.hideDigits(r.Reject.Message)),
	}
	for _, v := range r.Reject.Cells {
		cells = append(cells, cell{p.hideDigits(v), listed})
	}
	return cells
}

func (r *Reject) private(p Privacy) any { return object(r.header(), r.cells(p)) }

// object is a row of changing columns as a JSON object in their order.
func object(header []string, cells []cell) any {
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range header {
		if i >= len(cells) {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(name) + ":" + quote(cells[i].text))
	}
	b.WriteByte('}')
	return json.RawMessage(b.String())
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string always marshals
		return `""`
	}
	return string(b)
}

func yesNo(b bool) string { return strconv.FormatBool(b) }

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// stampFormat is RFC 3339 with milliseconds: a fixed width sorts as text.
const stampFormat = "2006-01-02T15:04:05.000Z"

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(stampFormat)
}

func tagList(tags map[string]string) string {
	if len(tags) == 0 {
		return ""
	}
	list := make([]string, 0, len(tags))
	for k, v := range tags {
		list = append(list, k+"="+v)
	}
	slices.Sort(list)
	return strings.Join(list, ";")
}
