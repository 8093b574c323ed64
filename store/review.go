package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
)

// Reply is a stored message from a person.
type Reply struct {
	ID         int64
	Carrier    string
	MessageID  string
	Phone      uint64
	From, To   string // as they came
	Text       string
	At         time.Time // by the carrier's clock
	ReceivedAt time.Time
	Verdict    optout.Verdict
	Campaign   string       // the last that wrote to the number
	Scope      optout.Scope // what a stop of it reaches
	Review     string       // open, accepted, dismissed; "" if none was needed
	Reviewer   string
	ReviewedAt time.Time
}

// EachInbound calls do for the messages of a number, or for all that wait for review if phone is 0, oldest first.
func (s *Store) EachInbound(ctx context.Context, phone uint64, do func(*Reply) error) error {
	where, args := `i.review = 'open'`, []any{}
	if phone != 0 {
		where, args = `i.phone = ?`, []any{int64(phone)}
	}
	err := s.eachInbound(ctx, do, where+` ORDER BY i.id`, args...)
	if err != nil {
		return fmt.Errorf("reading inbound messages: %w", explain(err))
	}
	return nil
}

func (s *Store) eachInbound(ctx context.Context, do func(*Reply) error, where string, args ...any) error {
	var r Reply
	var phone, sent, received, reviewed int64
	var action, scope string
	dest := []any{
		&r.ID, &r.Carrier, &r.MessageID, &phone, &r.From, &r.To, &r.Text, &sent, &received, &action, &r.Verdict.Word, &r.Verdict.Rule,
		&r.Verdict.Authority, &r.Verdict.Certainty, &r.Campaign, &scope, &r.Review, &r.Reviewer, &reviewed,
	}
	return eachRow(ctx, s.read, dest, func() error {
		r.Phone, r.At, r.ReceivedAt = uint64(phone), time.UnixMilli(sent), time.UnixMilli(received)
		r.Verdict.Action, r.Scope, r.ReviewedAt = optout.Action(action), optout.Scope(scope), time.Time{}
		if reviewed != 0 {
			r.ReviewedAt = time.UnixMilli(reviewed)
		}
		one := r
		return do(&one)
	}, `SELECT i.id, c.name, i.message_id, i.phone, i.sender, i.receiver, i.text, i.sent_at, i.received_at, i.action, i.word, i.rule, i.authority,
		i.certainty, coalesce(p.name, ''), i.scope, i.review, i.reviewer, coalesce(i.reviewed_at, 0)
		FROM inbound i JOIN carriers c ON c.id = i.carrier_id LEFT JOIN campaigns p ON p.id = i.campaign_id WHERE `+where, args...)
}

// ErrReviewed says that a reply does not wait for review (any more).
var ErrReviewed = errors.New("the reply does not wait for review")

// Review decides about a reply that was held: accepted, it is an opt-out of this scope ("" = the one it would have had);
// dismissed, the number is written to again. Recipients that were held meanwhile are queued again; resumed names their
// campaigns.
func (s *Store) Review(ctx context.Context, id int64, accept bool, scope optout.Scope, actor string) (resumed []string, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		resumed = nil
		d := row(4)
		found, err := tx.row(d, `SELECT phone, scope, review, text FROM inbound WHERE id = ?`, id)
		switch {
		case err != nil:
			return err
		case !found:
			return campaign.ErrNotFound
		case text(d[2]) != "open":
			return ErrReviewed
		}
		e := OptOut{
			Phone: uint64(integer(d[0])), Scope: optout.Scope(text(d[1])), Source: "inbound", Reason: "review dismissed", Actor: actor,
			Evidence: fmt.Sprintf("inbound %d: %q", id, text(d[3])),
		}
		verdict := "dismissed"
		if accept {
			verdict, e.Reason = "accepted", "stop"
			if scope != "" {
				e.Scope = scope
			}
			if e.Phone != 0 {
				if _, err := tx.addOptOut(e); err != nil {
					return err
				}
			}
		}
		if _, err := tx.exec(`UPDATE inbound SET review = ?, reviewer = ?, reviewed_at = ? WHERE id = ?`, verdict, actor, tx.now, id); err != nil {
			return err
		}
		if e.Phone == 0 {
			return nil
		}
		waiting, err := tx.ids(`SELECT id FROM inbound WHERE phone = ? AND review = 'open' LIMIT 1`, int64(e.Phone))
		if err != nil || len(waiting) > 0 {
			return err // another reply of theirs is still to be read
		}
		resumed, err = tx.release(e)
		return err
	}))
	return resumed, err
}

// closeReviews decides about all replies of a number by what the person has said since.
func (tx *txn) closeReviews(phone uint64, verdict string, e OptOut) error {
	n, err := tx.exec(`UPDATE inbound SET review = ?, reviewer = 'recipient', reviewed_at = ? WHERE phone = ? AND review = 'open' AND id < (
		SELECT max(id) FROM inbound WHERE phone = ?)`, verdict, tx.now, int64(phone), int64(phone))
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.release(e)
	return err
}

// release takes the holds off a number and queues again what they have kept back, unless an opt-out keeps it back now.
func (tx *txn) release(e OptOut) (resumed []string, err error) {
	type hold struct {
		scope optout.Scope
		event int64
	}
	var holds []hold
	d := row(2)
	if err := tx.each(d, func() error {
		holds = append(holds, hold{optout.Scope(text(d[0])), integer(d[1])})
		return nil
	}, `SELECT scope, event_id FROM optouts WHERE phone = ? AND scope LIKE 'hold:%'`, int64(e.Phone)); err != nil {
		return nil, err
	}
	for _, h := range holds {
		e.Scope = h.scope
		if _, err := tx.removeOptOut(e); err != nil {
			return nil, err
		}
		names, err := tx.requeueHeld(int64(e.Phone), heldBy(h.event))
		if err != nil {
			return nil, err
		}
		resumed = append(resumed, names...)
	}
	return resumed, nil
}

// requeueHeld queues the recipients again that were suppressed for a reason, in campaigns that may still be sent.
func (tx *txn) requeueHeld(phone int64, reason string) (names []string, err error) {
	campaigns, err := tx.ids(`SELECT id FROM campaigns WHERE state <> 'cancelled'`)
	if err != nil {
		return nil, err
	}
	d := row(1)
	for _, c := range campaigns {
		held, err := tx.ids(`SELECT id FROM recipients WHERE campaign_id = ? AND phone = ? AND state = 'suppressed' AND reason = ?`, c, phone, reason)
		if err != nil {
			return nil, err
		}
		queued, err := tx.requeueAll(phone, c, held)
		if err != nil {
			return nil, err
		}
		if !queued {
			continue
		}
		// Nobody sends it by itself: who looks at the campaign is to see that something is left to do.
		if _, err := tx.exec(`UPDATE campaigns SET state = 'incomplete' WHERE id = ? AND state IN ('completed', 'settling') AND lease_token IS NULL`, c); err != nil {
			return nil, err
		}
		if _, err := tx.row(d, `SELECT name FROM campaigns WHERE id = ?`, c); err != nil {
			return nil, err
		}
		names = append(names, text(d[0]))
	}
	return names, nil
}

// requeueAll queues recipients of one number in one campaign again, unless something else keeps them from being sent to.
func (tx *txn) requeueAll(phone, campaignID int64, held []int64) (queued bool, err error) {
	if len(held) == 0 {
		return false, nil
	}
	by, err := tx.blocked(phone, campaignID)
	if err != nil {
		return false, err
	}
	for _, id := range held {
		r, err := tx.recipient(id)
		if err != nil {
			return false, err
		}
		to := campaign.Queued
		if r.reason, r.notBefore = "review dismissed", 1; by != nil {
			r.reason, r.notBefore, to = by.reason(), 0, campaign.Suppressed
		}
		if err := tx.put(&r, to); err != nil {
			return false, err
		}
	}
	return by == nil, nil
}

// Event is one line of the audit chain of a number.
type Event struct {
	ID         int64
	Action     string // add, remove
	Scope      optout.Scope
	Source     string
	Reason     string
	Actor      string
	Evidence   string
	OccurredAt time.Time
	RecordedAt time.Time
}

// Events is the audit chain of a number, oldest first.
func (s *Store) Events(ctx context.Context, phone uint64) (all []Event, err error) {
	var e Event
	var scope string
	var at, recorded int64
	err = eachRow(ctx, s.read, []any{&e.ID, &e.Action, &scope, &e.Source, &e.Reason, &e.Actor, &e.Evidence, &at, &recorded}, func() error {
		e.Scope, e.OccurredAt, e.RecordedAt = optout.Scope(scope), time.UnixMilli(at), time.UnixMilli(recorded)
		all = append(all, e)
		return nil
	}, `SELECT id, action, scope, source, reason, actor, evidence, occurred_at, recorded_at FROM optout_events WHERE phone = ? ORDER BY id`, int64(phone))
	if err != nil {
		return nil, fmt.Errorf("reading the events of a number: %w", explain(err))
	}
	return all, nil
}

// Written is what a campaign has had to do with a number.
type Written struct {
	Campaign string
	State    campaign.State
	Reason   string
	LastSent time.Time // when its last attempt began, zero if it has none
}

// WrittenTo lists the campaigns with a number among their recipients, the newest first.
func (s *Store) WrittenTo(ctx context.Context, phone uint64) (all []Written, err error) {
	var ids []int64
	var id int64
	if err := eachRow(ctx, s.read, []any{&id}, func() error { ids = append(ids, id); return nil }, `SELECT id FROM campaigns ORDER BY id DESC`); err != nil {
		return nil, err
	}
	for _, id := range ids { // each by its index; one statement would go through all recipients
		var w Written
		var at int64
		err := s.read.QueryRowContext(ctx, `SELECT c.name, r.state, r.reason, coalesce((SELECT begun_at FROM attempts WHERE id = r.last_attempt), 0)
			FROM recipients r JOIN campaigns c ON c.id = r.campaign_id WHERE r.campaign_id = ? AND r.phone = ?`, id, int64(phone)).
			Scan(&w.Campaign, &w.State, &w.Reason, &at)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil:
			return nil, fmt.Errorf("reading recipients: %w", explain(err))
		}
		if at != 0 {
			w.LastSent = time.UnixMilli(at)
		}
		all = append(all, w)
	}
	return all, nil
}
