package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/campaign/optout"
)

// Replies are the texts that answer STOP, START and HELP; "" answers nothing.
type Replies struct{ Stop, Start, Help string }

const (
	// confirmWithin is how late a confirmation may be: after that it is one message too many.
	confirmWithin = 5 * time.Minute
	// helpAgain is how long a number gets no second answer to HELP: two programs must not talk for ever.
	helpAgain = time.Hour
)

// answer queues what a message is answered with, in its own commit. A carrier that has taken it for a keyword of its own
// has answered it, and only what changes something is confirmed.
func (tx *txn) answer(carrier int64, in *Inbound, h *Heard, p *InboundPolicy) error {
	kind, text := "", ""
	switch h.Action {
	case optout.Stop, optout.StopAll:
		kind, text = "stop", p.Replies.Stop
	case optout.Start:
		kind, text = "start", p.Replies.Start
	case optout.Help:
		kind, text = "help", p.Replies.Help
	}
	until := tx.now
	if !in.At.IsZero() {
		until = min(until, in.At.UnixMilli())
	}
	until += confirmWithin.Milliseconds()
	if text == "" || in.Said != "" || until <= tx.now || kind != "help" && !h.Changed {
		return nil
	}
	if kind == "help" {
		d := row(1)
		again, err := tx.row(d, `SELECT 1 FROM replies WHERE phone = ? AND kind = 'help' AND queued_at > ?`, int64(in.Phone), tx.now-helpAgain.Milliseconds())
		if again || err != nil {
			return err
		}
	}
	_, err := tx.exec(`INSERT INTO replies (inbound_id, carrier_id, phone, sender, kind, text, state, until, queued_at) VALUES (?,?,?,?,?,?,'queued',?,?)`,
		h.ID, carrier, int64(in.Phone), in.To, kind, text, until, tx.now)
	return err
}

// DueReply is an answer that is to be sent.
type DueReply struct {
	ID      int64
	Ref     string // for the carrier: no attempt has it
	Inbound int64
	Carrier string
	To      string // E.164
	From    string // our number
	Kind    string
	Text    string
	Until   time.Time
}

// DueReplies reads the answers that wait.
func (s *Store) DueReplies(ctx context.Context) (all []DueReply, err error) {
	var r DueReply
	var phone, until int64
	err = eachRow(ctx, s.read, []any{&r.ID, &r.Inbound, &r.Carrier, &phone, &r.From, &r.Kind, &r.Text, &until}, func() error {
		r.Ref = "r0" + s.id + strconv.FormatInt(r.ID, 36)
		r.To, r.Until = fmt.Sprintf("+%d", phone), time.UnixMilli(until)
		all = append(all, r)
		return nil
	}, `SELECT r.id, r.inbound_id, c.name, r.phone, r.sender, r.kind, r.text, r.until FROM replies r JOIN carriers c ON c.id = r.carrier_id
		WHERE r.state = 'queued' ORDER BY r.id LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("reading replies: %w", explain(err))
	}
	return all, nil
}

// BeginReply claims an answer, so that it is sent once whoever dies; false says that somebody else has it, or that it is
// too late for it.
func (s *Store) BeginReply(ctx context.Context, id int64) (ours bool, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		if _, err := tx.conn.exec(`UPDATE replies SET state = 'expired', ended_at = ? WHERE id = ? AND state = 'queued' AND until <= ?`, tx.now, id, tx.now); err != nil {
			return err
		}
		n, err := tx.conn.exec(`UPDATE replies SET state = 'sending', begun_at = ? WHERE id = ? AND state = 'queued'`, tx.now, id)
		ours = n == 1
		return err
	}))
	return ours, err
}

// EndReply notes what became of an answer: accepted, refused or ambiguous.
func (s *Store) EndReply(ctx context.Context, id int64, state, detail string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.conn.exec(`UPDATE replies SET state = ?, detail = ?, ended_at = ? WHERE id = ? AND state = 'sending'`, state, detail, tx.now, id)
		return err
	}))
}

// SentReply is what an inbound message was answered with.
type SentReply struct {
	Inbound     int64
	Kind, State string
	Text        string
	At          time.Time
}

// RepliesTo lists the answers that a number has got.
func (s *Store) RepliesTo(ctx context.Context, phone uint64) (all []SentReply, err error) {
	var r SentReply
	var at int64
	err = eachRow(ctx, s.read, []any{&r.Inbound, &r.Kind, &r.State, &r.Text, &at}, func() error {
		r.At = time.UnixMilli(at)
		all = append(all, r)
		return nil
	}, `SELECT inbound_id, kind, state, text, coalesce(begun_at, queued_at) FROM replies WHERE phone = ? ORDER BY id`, int64(phone))
	if err != nil {
		return nil, fmt.Errorf("reading replies: %w", explain(err))
	}
	return all, nil
}
