package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
)

// Filter chooses messages. Its zero value chooses all.
type Filter struct {
	States  []campaign.State
	Class   carriers.Class
	Carrier string // one of its attempts was made there
	Country string
	Phone   uint64
	One     int64 // only the recipient with this sequence; 0 = all
	Limit   int

	Since, Until time.Time // with an attempt that began in this time; a zero end is open
}

// EachMessage calls do for the messages of a campaign, in the order of the list and all of one moment. What it hands
// over is overwritten by the next. It needs the memory of one message, whatever the campaign's size.
func (s *Store) EachMessage(ctx context.Context, c *campaign.Campaign, f Filter, do func(*report.Message) error) error {
	var m report.Message
	return s.stories(ctx, c, f, func(st *story) error {
		st.message(&m)
		return do(&m)
	})
}

// EachAttempt calls do for the attempts of a campaign, message by message and oldest first.
func (s *Store) EachAttempt(ctx context.Context, c *campaign.Campaign, f Filter, do func(*report.Attempt) error) error {
	var a report.Attempt
	return s.stories(ctx, c, f, func(st *story) error {
		for i := range st.attempts {
			if !f.within(&st.attempts[i]) {
				continue
			}
			st.attempt(i, &a)
			if err := do(&a); err != nil {
				return err
			}
		}
		return nil
	})
}

// FailureStates are those of the failures table: nobody in them can get a second copy by being sent to again. The
// unknown ones are not among them for that reason.
func FailureStates() []campaign.State {
	return []campaign.State{campaign.Failed, campaign.Expired, campaign.Undelivered}
}

// EachFailure calls do for the recipients who did not get the message, as the rows of the list that they were.
// The filter's states are FailureStates unless it names some.
func (s *Store) EachFailure(ctx context.Context, c *campaign.Campaign, f Filter, do func(*report.Failure) error) error {
	if len(f.States) == 0 {
		f.States = FailureStates()
	}
	var m report.Message
	d := row(1)
	return s.stories(ctx, c, f, func(st *story) error {
		st.message(&m)
		fail := report.Failure{
			Columns: c.Columns, To: m.To, State: m.State, Class: m.Class, Code: m.Code, Error: m.Error, Actionable: m.Actionable, MessageID: m.ID,
		}
		if _, err := st.conn.row(d, `SELECT cells FROM contents WHERE recipient_id = ?`, st.id); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text(d[0])), &fail.Row); err != nil {
			return fmt.Errorf("reading line %d: %w", st.line, err)
		}
		return do(&fail)
	})
}

// EachReject calls do for the rows of the list that were not sent to: the invalid ones, or else those that are
// duplicates or opted out.
func (s *Store) EachReject(ctx context.Context, c *campaign.Campaign, invalid bool, do func(*report.Reject) error) error {
	return s.reading(ctx, func(conn *conn) error {
		in := "NOT IN"
		if !invalid {
			in = "IN"
		}
		d := row(6)
		return conn.each(d, func() error {
			r := report.Reject{Columns: c.Columns, Reject: campaign.Reject{
				Line: int(integer(d[0])), Record: int(integer(d[1])), Column: text(d[2]), Code: text(d[3]), Message: text(d[4]),
			}}
			if err := errors.Join(json.Unmarshal([]byte(text(d[5])), &r.Reject.Cells), ctx.Err()); err != nil {
				return err
			}
			return do(&r)
		}, `SELECT line, record, column, code, message, cells FROM rejects WHERE campaign_id = ? AND code `+in+` (?, ?) ORDER BY rowid`,
			c.ID, campaign.CodeDuplicate, campaign.CodeOptedOut)
	})
}

// reading gives a connection of its own to whoever reads millions of rows: database/sql costs as much a row as SQLite.
// Everything do reads is of one moment.
func (s *Store) reading(ctx context.Context, do func(*conn) error) (err error) {
	c, err := openConn(uri(s.path), append(pragmas(Options{BusyTimeout: 10 * time.Second}, 16<<10), "query_only(1)"))
	if err != nil {
		return fmt.Errorf("reading: %w", explain(err))
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if _, err := c.exec(`BEGIN`); err != nil {
		return fmt.Errorf("reading: %w", explain(err))
	}
	defer func() { _, _ = c.exec(`ROLLBACK`) }()
	if err := errors.Join(do(c), ctx.Err()); err != nil {
		return fmt.Errorf("reading: %w", explain(err))
	}
	return nil
}

// story is a recipient with its attempts, oldest first. A walk fills the same one again and again.
type story struct {
	conn     *conn
	of       *campaign.Campaign
	store    *Store
	carriers map[int64]string
	names    []string // of the carriers

	id, phone, line, segments    int64
	country, kind, class, reason string
	ucs2                         bool
	state                        campaign.State
	attempts                     []try
}

// try is an attempt as its row has it.
type try struct {
	id, previous, n, carrier, segments, cost             int64
	begunAt, endedAt, receiptAt, lastReceipt             int64
	state                                                campaign.AttemptState
	class, code, status, detail, messageID, receipt, why string
	overdue, byID                                        bool
}

const (
	storyColumns = `r.id, r.phone, r.line, r.segments, r.country, r.kind, r.class, r.reason, r.ucs2, r.state`
	tryColumns   = `a.id, a.previous, a.n, a.carrier_id, a.segments, a.cost, a.begun_at, a.ended_at, a.receipt_at, a.last_receipt,
		a.state, a.class, a.code, a.status, a.detail, a.carrier_message_id, a.receipt, a.why, a.overdue, a.by_id`
	storyWidth, tryWidth = 10, 20
)

// stories walks a campaign's recipients by id. The last attempt comes with the row; those before it, which few have, are
// read one by one.
func (s *Store) stories(ctx context.Context, c *campaign.Campaign, f Filter, do func(*story) error) error {
	where, args := f.where(c.ID)
	return s.reading(ctx, func(conn *conn) error {
		st := &story{conn: conn, of: c, store: s, carriers: map[int64]string{}}
		if err := st.loadCarriers(); err != nil {
			return err
		}
		d, left := row(storyWidth+tryWidth), f.Limit
		return conn.each(d, func() error {
			if err := errors.Join(st.read(d), ctx.Err()); err != nil || !f.match(st) {
				return err
			}
			if err := do(st); err != nil {
				return err
			}
			if left--; left == 0 {
				return io.EOF
			}
			return nil
		}, `SELECT `+storyColumns+`, `+tryColumns+` FROM recipients r LEFT JOIN attempts a ON a.id = r.last_attempt WHERE `+where+` ORDER BY r.id`, args...)
	})
}

// where is what SQL can choose by; match does the rest.
func (f Filter) where(campaignID int64) (string, []any) {
	lo, hi := span(campaignID)
	where, args := `r.id > ? AND r.id < ?`, []any{lo, hi}
	if f.Phone != 0 {
		where, args = `r.campaign_id = ? AND r.phone = ?`, []any{campaignID, int64(f.Phone)}
	}
	if f.One != 0 {
		where, args = `r.id = ?`, []any{lo | f.One}
	}
	if len(f.States) > 0 {
		where += ` AND r.state IN (?` + strings.Repeat(`,?`, len(f.States)-1) + `)`
		for _, s := range f.States {
			args = append(args, string(s))
		}
	}
	if f.Country != "" {
		where, args = where+` AND r.country = ?`, append(args, f.Country)
	}
	return where, args
}

func (f Filter) match(st *story) bool {
	if f.Class != "" && st.endClass() != f.Class {
		return false
	}
	if f.Carrier == "" && f.Since.IsZero() && f.Until.IsZero() {
		return true
	}
	return slices.ContainsFunc(st.attempts, func(t try) bool {
		return (f.Carrier == "" || st.carriers[t.carrier] == f.Carrier) && f.within(&t)
	})
}

// within says whether an attempt began in the filter's time.
func (f Filter) within(t *try) bool {
	return (f.Since.IsZero() || t.begunAt >= f.Since.UnixMilli()) && (f.Until.IsZero() || t.begunAt < f.Until.UnixMilli())
}

func (st *story) loadCarriers() error {
	d := row(2)
	return st.conn.each(d, func() error {
		st.carriers[integer(d[0])] = text(d[1])
		st.names = append(st.names, text(d[1]))
		return nil
	}, `SELECT id, name FROM carriers ORDER BY id`)
}

func (st *story) read(d []driver.Value) error {
	st.id, st.phone, st.line, st.segments = integer(d[0]), integer(d[1]), integer(d[2]), integer(d[3])
	st.country, st.kind, st.class, st.reason = text(d[4]), text(d[5]), text(d[6]), text(d[7])
	st.ucs2, st.state = integer(d[8]) == 1, campaign.State(text(d[9]))
	st.attempts = st.attempts[:0]
	if d[storyWidth] == nil {
		return nil
	}
	t := readTry(d[storyWidth:])
	st.attempts = append(st.attempts, t)
	if t.previous == 0 {
		return nil
	}
	before := row(tryWidth)
	for t.previous != 0 {
		found, err := st.conn.row(before, `SELECT `+tryColumns+` FROM attempts a WHERE a.id = ?`, t.previous)
		if err != nil {
			return err
		}
		if !found || len(st.attempts) > maxChain {
			return fmt.Errorf("the attempts of line %d are broken off at attempt %d: run smsctl db check", st.line, t.previous)
		}
		t = readTry(before)
		st.attempts = append(st.attempts, t)
	}
	slices.Reverse(st.attempts)
	return nil
}

// maxChain is more attempts than a message can have: a longer chain is a circle in a damaged file.
const maxChain = 100_000

func readTry(d []driver.Value) try {
	return try{
		id: integer(d[0]), previous: integer(d[1]), n: integer(d[2]), carrier: integer(d[3]), segments: integer(d[4]), cost: integer(d[5]),
		begunAt: integer(d[6]), endedAt: integer(d[7]), receiptAt: integer(d[8]), lastReceipt: integer(d[9]),
		state: campaign.AttemptState(text(d[10])), class: text(d[11]), code: text(d[12]), status: text(d[13]), detail: text(d[14]),
		messageID: text(d[15]), receipt: text(d[16]), why: text(d[17]), overdue: integer(d[18]) == 1, byID: integer(d[19]) == 1,
	}
}

// decisive is the attempt that the message's state rests on: the one that delivered it, else the last that a carrier
// took, else the last. -1 is none.
func (st *story) decisive() int {
	best := len(st.attempts) - 1
	for i, t := range st.attempts {
		if t.receipt == string(carriers.ReceiptDelivered) {
			return i
		}
		if t.state == campaign.AttemptAccepted {
			best = i
		}
	}
	return best
}

func (st *story) endClass() carriers.Class {
	if st.state == campaign.Queued {
		return carriers.Class(st.class)
	}
	return endClass(st.state, carriers.Class(st.class))
}

// rescued says whether the first carrier that took the message came after another one that had not.
func (st *story) rescued() bool {
	for i, t := range st.attempts {
		if t.state == campaign.AttemptAccepted {
			return slices.ContainsFunc(st.attempts[:i], func(before try) bool { return before.carrier != t.carrier })
		}
	}
	return false
}

// message makes the row of messages.csv.
func (st *story) message(m *report.Message) {
	c := st.of
	*m = report.Message{
		CampaignID: c.PublicID, Campaign: c.Name, ID: campaign.MessageID(c.PublicID, st.id), Row: int(st.line),
		To: e164(st.phone), Country: st.country, Kind: st.kind, State: st.state, Reason: st.reason,
		Attempts: len(st.attempts), Rescued: st.rescued(), Segments: int(st.segments), Encoding: "GSM-7", Currency: c.Currency,
		QueuedAt: c.CreatedAt, Sender: c.Sender, Tags: c.Tags, Class: st.endClass(),
	}
	if st.ucs2 {
		m.Encoding = "UCS-2"
	}
	if m.Class != "" {
		m.Actionable = m.Class.Traits().Actionable
	}
	i := st.decisive()
	if i < 0 {
		return
	}
	for _, t := range st.attempts {
		m.Cost += report.Money(t.cost)
	}
	m.PriceSource = "table"
	st.decided(m, &st.attempts[i])
}

// decided fills in what the decisive attempt tells.
func (st *story) decided(m *report.Message, t *try) {
	m.Carrier, m.CarrierMessageID = st.carriers[t.carrier], t.messageID
	m.FirstAttemptAt = timeOf(st.attempts[0].begunAt)
	if m.Class != "" {
		m.Code, m.Error = t.code, t.detail
		if m.Error == "" {
			m.Error = st.reason
		}
	}
	final := carriers.ReceiptState(t.receipt).Final()
	if t.state == campaign.AttemptAccepted {
		m.AcceptedAt = timeOf(max(t.endedAt, 0))
		if t.endedAt == 0 { // the receipt came, the answer never did
			m.AcceptedAt = timeOf(t.receiptAt)
		} else {
			m.AcceptMS = spanMS(t.begunAt, t.endedAt)
		}
	}
	switch {
	case final:
		m.FinalAt, m.DLRMS = timeOf(t.receiptAt), spanMS(max(t.begunAt, t.endedAt), t.receiptAt)
	case st.state == campaign.Failed:
		m.FinalAt = timeOf(t.endedAt)
	}
}

// attempt makes the row of attempts.csv.
func (st *story) attempt(i int, a *report.Attempt) {
	t := &st.attempts[i]
	*a = report.Attempt{
		CampaignID: st.of.PublicID, MessageID: campaign.MessageID(st.of.PublicID, st.id), N: int(t.n), Carrier: st.carriers[t.carrier],
		Why: t.why, Decision: report.ReadDecision(t.why, st.carriers[t.carrier], st.names), SubmittedAt: time.UnixMilli(t.begunAt).UTC(), FinishedAt: timeOf(t.endedAt), Outcome: t.state,
		Class: carriers.Class(t.class), Code: t.code, Error: t.detail, Status: t.status, CarrierMessageID: t.messageID,
		Ref: st.store.ref(t.id), Receipt: carriers.ReceiptState(t.receipt), ReceiptAt: timeOf(t.receiptAt), Overdue: t.overdue,
		Cost: report.Money(t.cost), Currency: st.of.Currency,
	}
	if t.endedAt != 0 {
		a.TookMS = spanMS(t.begunAt, t.endedAt)
	}
}

// timeOf is a stored time; nil for none.
func timeOf(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}

func spanMS(from, to int64) *int64 {
	d := max(to-from, 0) // a receipt may be older than the answer it waited for
	return &d
}
