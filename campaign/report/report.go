// Package report is what smsctl says about a campaign: one model, smsctl.report/1, and the writers that show it as
// text, JSON, NDJSON, CSV, Markdown and HTML. The store fills the model; nothing here reads a database.
//
// A rate always stands with its denominator, and without one it is null: never 0 and never 100 %. Zero values are always
// present. Numbers are those of package campaign, in its words.
package report

import (
	"encoding/json"
	"math"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// Schema names the JSON form. Within a major version fields and enum values are only added.
const Schema = "smsctl.report/1"

// Report is the state of one campaign at one moment.
type Report struct {
	Schema      string    `json:"schema"`
	GeneratedAt time.Time `json:"generated_at"`
	Partial     bool      `json:"partial"` // the numbers may still change
	Campaign    Campaign  `json:"campaign"`
	Counts      Counts    `json:"counts"`
	Rates       Rates     `json:"rates"`
	Throughput  struct {
		Average float64 `json:"avg_per_s"`
		Peak    float64 `json:"peak_per_s"` // of the best ten seconds
	} `json:"throughput"`
	Latency    Latency   `json:"latency_ms"`
	Cost       Cost      `json:"cost"`
	Carriers   []Carrier `json:"carriers"`
	Countries  []Country `json:"countries"`
	Errors     []Error   `json:"errors"`
	Guards     []Guard   `json:"guards"`
	Series     Series    `json:"timeseries"`
	Outages    []Outage  `json:"outages"` // oldest first
	Reconciled bool      `json:"reconciled"`
	ExitCode   int       `json:"exit_code"`

	OutagesDropped int64 `json:"outages_dropped"` // later ones that nobody has kept
}

// Campaign names what the report is about.
type Campaign struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`
	State      campaign.Status      `json:"state"`
	Reason     *string              `json:"paused_reason"`
	Mode       campaign.Mode        `json:"mode"`
	Profile    string               `json:"profile"`
	Type       campaign.MessageType `json:"type"`
	Sender     string               `json:"sender"`
	Source     string               `json:"source"`
	CreatedAt  time.Time            `json:"created_at"`
	StartedAt  *time.Time           `json:"started_at"`
	FinishedAt *time.Time           `json:"finished_at"`
	SettledAt  *time.Time           `json:"settled_at"`
	ActiveS    float64              `json:"active_s"`
	CSVSHA     string               `json:"csv_sha256"`
	MessageSHA string               `json:"message_sha256"`
	Tags       map[string]string    `json:"tags"`
}

// Counts are campaign.Counts as the outside world names them.
type Counts struct {
	Rows               int64 `json:"rows"`
	Invalid            int64 `json:"invalid"`
	Duplicate          int64 `json:"duplicate"`
	OptedOut           int64 `json:"opted_out"`
	Eligible           int64 `json:"eligible"`
	Queued             int64 `json:"queued"`
	Sending            int64 `json:"sending"`
	Accepted           int64 `json:"accepted"`
	Failed             int64 `json:"failed"`
	FailedActionable   int64 `json:"failed_actionable"`
	Expired            int64 `json:"expired"`
	Unknown            int64 `json:"unknown"`
	Cancelled          int64 `json:"cancelled"`
	Suppressed         int64 `json:"suppressed"`
	Delivered          int64 `json:"delivered"`
	Undelivered        int64 `json:"undelivered"`
	Awaiting           int64 `json:"awaiting"`
	NoReceipt          int64 `json:"no_receipt"`
	PossibleDuplicates int64 `json:"possible_duplicates"`
	Attempts           int64 `json:"attempts"`
	AcceptedAttempts   int64 `json:"accepted_attempts"`
	RefusedAttempts    int64 `json:"refused_attempts"`
	AmbiguousAttempts  int64 `json:"ambiguous_attempts"`
	SendingAttempts    int64 `json:"sending_attempts"`
	FailedOver         int64 `json:"failed_over"`
	Rescued            int64 `json:"rescued"`
	Segments           int64 `json:"segments"`
	OptOutsAfter       int64 `json:"optouts_after"`
}

// Rate is a part of a whole.
type Rate struct {
	Value *float64 `json:"value"` // null when there is no whole
	Num   int64    `json:"num"`
	Den   int64    `json:"den"`
}

// RateOf is num of den.
func RateOf(num, den int64) Rate {
	r := Rate{Num: num, Den: den}
	if den != 0 {
		v := math.Round(1e6*float64(num)/float64(den)) / 1e6
		r.Value = &v
	}
	return r
}

// Rates are the shares that people compare campaigns by. The messages that are handled are the accepted, the failed and
// the unknown ones.
type Rates struct {
	Acceptance Rate `json:"acceptance"`       // accepted of handled
	Delivery   Rate `json:"delivery"`         // delivered of accepted: falls while receipts are open
	Confirmed  Rate `json:"confirmed"`        // delivered of those with a final receipt
	Coverage   Rate `json:"receipt_coverage"` // final receipts of accepted
	Failover   Rate `json:"failover"`         // tried on more than one carrier, of handled
	Failed     Rate `json:"failed"`           // failed of handled
}

// Quantiles describe a distribution in milliseconds; null without a sample.
type Quantiles struct {
	N   int64    `json:"n"`
	P50 *float64 `json:"p50"`
	P90 *float64 `json:"p90"`
	P95 *float64 `json:"p95"`
	P99 *float64 `json:"p99"`
	Max *float64 `json:"max"`
}

// Latency is how long carriers take: from submit to answer, and from the answer to the final receipt.
type Latency struct {
	Accept Quantiles `json:"accept"`
	DLR    Quantiles `json:"dlr"`
}

// Money is an amount in the campaign's currency; in JSON a decimal string, because a float would round it.
type Money carriers.Price

// String is the exact amount.
func (m Money) String() string { return carriers.Price(m).String() }

// MarshalJSON writes the amount as a decimal string.
func (m Money) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// UnmarshalJSON reads it: a saved plan has amounts.
func (m *Money) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	p, err := carriers.ParsePrice(text)
	*m = Money(p)
	return err
}

// Cost is what the campaign costs by the price table.
type Cost struct {
	Estimated    Money  `json:"estimated"`
	Actual       Money  `json:"actual"`
	Ceiling      *Money `json:"ceiling"`
	PerDelivered *Money `json:"per_delivered"`
	Currency     string `json:"currency"`
}

// Carrier is what one carrier did for the campaign, counted in attempts.
type Carrier struct {
	Name        string  `json:"name"`
	Attempts    int64   `json:"attempts"`
	Accepted    int64   `json:"accepted"`
	Refused     int64   `json:"refused"`
	Ambiguous   int64   `json:"ambiguous"`
	Sending     int64   `json:"sending"`
	Delivered   int64   `json:"delivered"`
	Undelivered int64   `json:"undelivered"`
	Rescued     int64   `json:"rescued"`
	Segments    int64   `json:"segments"` // of the attempts that it did not refuse
	Acceptance  Rate    `json:"acceptance"`
	Confirmed   Rate    `json:"confirmed"`
	Cost        Money   `json:"cost"`
	Latency     Latency `json:"latency_ms"`
}

// Country is what became of the recipients of one country.
type Country struct {
	Country      string `json:"country"` // ISO 3166, "" if none
	Eligible     int64  `json:"eligible"`
	Accepted     int64  `json:"accepted"`
	Delivered    int64  `json:"delivered"`
	Undelivered  int64  `json:"undelivered"`
	Failed       int64  `json:"failed"`
	Confirmed    Rate   `json:"confirmed"`
	Cost         Money  `json:"cost"`
	PerDelivered *Money `json:"per_delivered"`
}

// Error is a class of errors with the recipients who ended in it.
type Error struct {
	Class      carriers.Class `json:"class"`
	Title      string         `json:"title"`
	Party      carriers.Party `json:"party"`
	Retryable  bool           `json:"retryable"`
	Actionable bool           `json:"actionable"`
	Count      int64          `json:"count"`
	Advice     string         `json:"advice"`
}

// Guard is a threshold that stops a campaign, and how it stands.
type Guard struct {
	Expr   string  `json:"expr"`
	Value  float64 `json:"value"`
	Passed bool    `json:"passed"`
}

// Series is the campaign over time, in equal steps.
type Series struct {
	StepS     int64              `json:"step_s"`
	T0        time.Time          `json:"t0"`
	Accepted  []int64            `json:"accepted"`
	Failed    []int64            `json:"failed"`
	ByCarrier map[string][]int64 `json:"by_carrier"` // accepted
}

// Outage is a time in which a carrier was not used as usual.
type Outage struct {
	Carrier string          `json:"carrier"`
	Country string          `json:"country"` // "" = everywhere
	Trouble routing.Trouble `json:"trouble"`
	Began   time.Time       `json:"from"`
	Ended   *time.Time      `json:"to"`    // null while it goes on
	Times   int             `json:"times"` // how often it began: a breaker opens again when a probe fails
	Why     string          `json:"why"`
}

// New begins the report of a campaign with everything that follows from its row and its counts. What a backend knows
// beside them (cost, carriers, countries, errors, latencies, series) it fills in, and then calls Finish.
func New(c *campaign.Campaign, n campaign.Counts, now time.Time) *Report {
	r := &Report{
		Schema: Schema, GeneratedAt: utc(now), Campaign: about(c), Counts: countsOf(n),
		Partial:    partial(c.Status, n),
		Carriers:   []Carrier{},
		Countries:  []Country{},
		Errors:     []Error{},
		Guards:     []Guard{},
		Outages:    []Outage{},
		Series:     Series{StepS: 10, T0: utc(began(c)), Accepted: []int64{}, Failed: []int64{}, ByCarrier: map[string][]int64{}},
		Reconciled: n.Reconciled(),
		ExitCode:   ExitCode(n, c.Settings),
	}
	r.Cost.Estimated, r.Cost.Currency = Money(c.Estimate), c.Currency
	if c.Ceiling != nil {
		m := Money(*c.Ceiling)
		r.Cost.Ceiling = &m
	}
	accepted := n.Accepted()
	handled := accepted + n.Failed + n.Unknown
	r.Rates = Rates{
		Acceptance: RateOf(accepted, handled),
		Delivery:   RateOf(n.Delivered, accepted),
		Confirmed:  RateOf(n.Delivered, n.Delivered+n.Undelivered),
		Coverage:   RateOf(n.Delivered+n.Undelivered, accepted),
		Failover:   RateOf(n.FailedOver, handled),
		Failed:     RateOf(n.Failed, handled),
	}
	if r.Campaign.ActiveS > 0 {
		r.Throughput.Average = math.Round(10*float64(accepted)/r.Campaign.ActiveS) / 10
	}
	return r
}

// began is where the series starts while it is empty.
func began(c *campaign.Campaign) time.Time {
	if c.StartedAt.IsZero() {
		return c.CreatedAt
	}
	return c.StartedAt
}

// active is the time in which somebody was sending. A run shorter than a heartbeat has none on record, but has a
// beginning and an end.
func active(c *campaign.Campaign) time.Duration {
	if c.Active == 0 && !c.StartedAt.IsZero() && c.FinishedAt.After(c.StartedAt) {
		return c.FinishedAt.Sub(c.StartedAt)
	}
	return c.Active
}

// Finish derives what follows from what was filled in.
func (r *Report) Finish() {
	r.Cost.PerDelivered = each(r.Cost.Actual, r.Counts.Delivered)
	for i := range r.Carriers {
		c := &r.Carriers[i]
		c.Acceptance = RateOf(c.Accepted, c.Accepted+c.Refused+c.Ambiguous)
		c.Confirmed = RateOf(c.Delivered, c.Delivered+c.Undelivered)
	}
	for i := range r.Countries {
		c := &r.Countries[i]
		c.Confirmed = RateOf(c.Delivered, c.Delivered+c.Undelivered)
		c.PerDelivered = each(c.Cost, c.Delivered)
	}
}

func each(total Money, n int64) *Money {
	if n == 0 {
		return nil
	}
	m := (total + Money(n)/2) / Money(n)
	return &m
}

// ErrorOf describes n recipients who ended in a class.
func ErrorOf(class carriers.Class, n int64) Error {
	t := class.Traits()
	return Error{
		Class: t.Class, Title: t.Title, Party: t.Party, Retryable: t.RetrySame || t.RetryOther,
		Actionable: t.Actionable, Count: n, Advice: t.Advice,
	}
}

// Pending says whether messages or receipts are outstanding.
func (r *Report) Pending() bool {
	return r.Counts.Queued+r.Counts.Sending+r.Counts.Awaiting > 0
}

func partial(s campaign.Status, n campaign.Counts) bool {
	switch s {
	case campaign.Completed, campaign.Incomplete, campaign.Stopped:
		return n.Queued+n.Sending+n.Awaiting > 0
	}
	return true
}

func about(c *campaign.Campaign) Campaign {
	a := Campaign{
		ID: c.PublicID, Name: c.Name, State: c.Status, Mode: c.Mode, Profile: c.Profile, Type: c.Type, Sender: c.Sender, Source: c.Source,
		CreatedAt: utc(c.CreatedAt), StartedAt: utcOrNull(c.StartedAt), FinishedAt: utcOrNull(c.FinishedAt), SettledAt: utcOrNull(c.SettledAt),
		ActiveS: active(c).Seconds(), CSVSHA: c.SourceSHA, MessageSHA: c.MessageSHA, Tags: c.Tags,
	}
	if a.Tags == nil {
		a.Tags = map[string]string{}
	}
	if c.Reason != "" {
		a.Reason = &c.Reason
	}
	return a
}

func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func utcOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = utc(t)
	return &t
}

func countsOf(n campaign.Counts) Counts {
	return Counts{
		Rows: n.Rows, Invalid: n.Invalid, Duplicate: n.Duplicate, OptedOut: n.OptedOut, Eligible: n.Eligible,
		Queued: n.Queued, Sending: n.Sending, Accepted: n.Accepted(), Failed: n.Failed, FailedActionable: n.FailedActionable,
		Expired: n.Expired, Unknown: n.Unknown, Cancelled: n.Cancelled, Suppressed: n.Suppress,
		Delivered: n.Delivered, Undelivered: n.Undelivered, Awaiting: n.Awaiting, NoReceipt: n.NoReceipt,
		PossibleDuplicates: n.PossibleDuplicates, Attempts: n.Attempts, AcceptedAttempts: n.AcceptedAttempts,
		RefusedAttempts: n.RefusedAttempts, AmbiguousAttempts: n.AmbiguousAttempts, SendingAttempts: n.SendingAttempts,
		FailedOver: n.FailedOver, Rescued: n.Rescued, Segments: n.Segments,
	}
}
