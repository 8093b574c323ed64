package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Begin commits an attempt: when it returns, the row that says "about to send" is durable. It claims the recipient, so
// no two processes can hold the same one; it looks once more at the opt-out list, so that an opt-out wins every race up
// to this commit, and at the caps.
func (s *Store) Begin(ctx context.Context, b campaign.Start) (campaign.Started, error) {
	o := &begin{s: s, b: b}
	if err := s.w.do(ctx, o); err != nil {
		return campaign.Started{}, fmt.Errorf("beginning an attempt: %w", err)
	}
	switch {
	case o.optedOut:
		return campaign.Started{}, campaign.ErrOptedOut
	case o.shut:
		return campaign.Started{}, campaign.ErrShut
	case o.held:
		return campaign.Started{}, campaign.ErrHeld
	case o.full:
		return campaign.Started{}, campaign.ErrFull
	}
	return campaign.Started{Attempt: o.id, Ref: s.ref(o.id)}, nil
}

type begin struct {
	s        *Store
	b        campaign.Start
	id       int64
	optedOut bool
	shut     bool
	held     bool
	full     bool
}

func (o *begin) apply(tx *txn) error {
	o.id, o.optedOut, o.held = 0, false, false
	if o.shut = !o.b.Before.IsZero() && tx.now >= o.b.Before.UnixMilli(); o.shut {
		return nil
	}
	if err := tx.holds(campaignOf(o.b.Recipient), o.b.Lease); err != nil {
		return err
	}
	r, err := tx.recipient(o.b.Recipient)
	if err != nil {
		return err
	}
	if r.state != campaign.Queued {
		return campaign.ErrNotDue
	}
	if by, err := tx.blocked(r.phone, campaignOf(r.id)); err != nil || by != nil {
		if err == nil {
			o.optedOut = true
			err = tx.hold(&r, by)
		}
		return err
	}
	if o.held, err = o.capped(tx, &r); err != nil || o.held {
		return err
	}
	if o.full, err = o.overQuota(tx, &r); err != nil || o.full {
		return err
	}
	return o.insert(tx, &r)
}

func (o *begin) insert(tx *txn, r *recipientRow) error {
	carrier, err := o.s.carrierID(tx, o.b.Carrier)
	if err != nil {
		return err
	}
	if err := tx.countAgain(r, carrier); err != nil {
		return err
	}
	r.tries++
	a := attemptRow{
		recipient: r.id, previous: r.lastAttempt, n: r.tries, carrier: carrier, state: campaign.AttemptSending, begunAt: tx.now,
		byID: boolInt(o.b.ByID), segments: r.segments, cost: int64(o.b.Cost), why: o.b.Why,
	}
	if err := tx.addAttempt(&a); err != nil {
		return err
	}
	o.id, r.lastAttempt = a.id, a.id
	tx.tally.attempt(a.cell(r.country), a.amount())
	return tx.move(r, campaign.Sending)
}

// countAgain counts what a further attempt of a message is: a failover, once, when it goes to a second carrier; a
// possible duplicate while an earlier copy may still arrive.
func (tx *txn) countAgain(r *recipientRow, carrier int64) error {
	first, over, doubt := int64(0), false, r.open > 0
	for id := r.lastAttempt; id != 0; {
		a, err := tx.attempt(id)
		if err != nil {
			return err
		}
		if first == 0 {
			first = a.carrier
		}
		over = over || a.carrier != first
		doubt = doubt || a.state == campaign.AttemptAmbiguous
		id = a.previous
	}
	if doubt {
		tx.tally.count(campaignOf(r.id), "possible_duplicates")
	}
	if first != 0 && first != carrier && !over {
		tx.tally.count(campaignOf(r.id), "failed_over")
	}
	return nil
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// ref is the name of an attempt that travels to the carrier and comes back: the database's id and the attempt's.
func (s *Store) ref(attempt int64) string { return s.id + strconv.FormatInt(attempt, 36) }

// attemptOf reads a ref; 0 for one of another database or none at all.
func (s *Store) attemptOf(ref string) int64 {
	if len(ref) <= len(s.id) || ref[:len(s.id)] != s.id {
		return 0
	}
	n, err := strconv.ParseInt(ref[len(s.id):], 36, 64)
	if err != nil || n <= 0 {
		return 0
	}
	return n
}

// Record queues an outcome. It returns at once unless the queue is full: whatever a crash takes with it was committed
// as an attempt and ends ambiguous. A full disk or a lock only delays it; an error that stays is returned by Close.
func (s *Store) Record(ctx context.Context, o campaign.Outcome) error {
	return s.w.put(ctx, request{op: &record{s: s, o: o}})
}

// RecordNow is Record that returns when the outcome is durable.
func (s *Store) RecordNow(ctx context.Context, o campaign.Outcome) error {
	return s.w.do(ctx, &record{s: s, o: o})
}

type record struct {
	s *Store
	o campaign.Outcome
}

func (op *record) apply(tx *txn) error {
	o := &op.o
	a, err := tx.attempt(o.Attempt)
	if err != nil {
		return err
	}
	if o.OptOut {
		if err := tx.carrierOptOut(&a, o.Result.Code); err != nil {
			return err
		}
	}
	r, err := tx.recipient(a.recipient)
	if err != nil {
		return err
	}
	if o.Counted && a.state == campaign.AttemptSending { // else it was counted by what has settled it
		r.counted++
	}
	if err := op.attempt(tx, &a, &r); err != nil {
		return err
	}
	if r.lastAttempt == a.id && (r.state == campaign.Sending || r.state == campaign.Unknown) {
		return op.recipient(tx, &r)
	}
	switch r.state {
	case campaign.Queued, campaign.Sending, campaign.Unknown, campaign.Delivered:
		return tx.put(&r, r.state) // a receipt or a newer attempt has decided; only the sums change
	}
	return tx.move(&r, r.sums().Rest(r.state)) // an answer that comes after all was given up
}

// attempt ends the attempt, unless a receipt has already proved more than the answer says.
func (op *record) attempt(tx *txn, a *attemptRow, r *recipientRow) error {
	res := &op.o.Result
	switch {
	case a.receipt != "" || a.state == campaign.AttemptAccepted:
		return tx.nameAttempt(a, res)
	case a.state == campaign.AttemptAmbiguous && res.Accepted == carriers.Unknown:
		return nil // a policy's decision, not a new fact
	case res.Accepted == carriers.Yes:
		a.messageID = res.ID
		if err := tx.endAttempt(a, r.country, campaign.AttemptAccepted, "", "", res.Status, res.Detail); err != nil {
			return err
		}
		if err := tx.took(a, r); err != nil {
			return err
		}
		if err := tx.addParts(a, res.Parts); err != nil {
			return err
		}
		return tx.adoptParked(a, r, res.Parts)
	case res.Accepted == carriers.No:
		if err := tx.giveBack(op.o.Unused, a); err != nil {
			return err
		}
		return tx.endAttempt(a, r.country, campaign.AttemptRefused, string(res.Class), res.Code, res.Status, res.Detail)
	}
	return tx.endAttempt(a, r.country, campaign.AttemptAmbiguous, string(carriers.ClassAmbiguous), res.Code, res.Status, res.Detail)
}

// took counts an attempt that a carrier turns out to have taken: in its answer, or in a receipt before that. The first
// of a message that comes after a try on another carrier has rescued it.
func (tx *txn) took(a *attemptRow, r *recipientRow) error {
	r.accepted++
	r.open++
	if r.accepted > 1 || r.tries == 1 {
		return nil
	}
	for id := a.previous; id != 0; {
		before, err := tx.attempt(id)
		if err != nil {
			return err
		}
		if before.carrier != a.carrier {
			tx.tally.count(campaignOf(r.id), "rescued")
			tx.tally.count(campaignOf(r.id), rescuedBy(a.carrier))
			return nil
		}
		id = before.previous
	}
	return nil
}

// nameAttempt adds what the answer knows to an attempt that a receipt has settled first.
func (tx *txn) nameAttempt(a *attemptRow, res *carriers.Result) error {
	if res.ID != "" {
		a.messageID = res.ID
	}
	if a.endedAt == 0 {
		a.endedAt = tx.now
	}
	a.status = res.Status
	if err := tx.addParts(a, res.Parts); err != nil {
		return err
	}
	return tx.putAttempt(a)
}

// endAttempt writes an attempt's end and keeps the rollups.
func (tx *txn) endAttempt(a *attemptRow, country string, to campaign.AttemptState, class, code, status, detail string) error {
	tx.tally.attempt(a.cell(country), a.amount().negative())
	a.state, a.class, a.endedAt = to, class, tx.now
	a.code, a.status, a.detail = code, status, detail
	if to == campaign.AttemptRefused {
		a.cost = 0
	}
	if err := tx.putAttempt(a); err != nil {
		return err
	}
	tx.tally.attempt(a.cell(country), a.amount())
	c := campaignOf(a.recipient)
	switch {
	case to == campaign.AttemptAccepted:
		tx.tally.latency(c, a.carrier, "accept", tx.now-a.begunAt)
		tx.tally.at(c, a.carrier, tx.now, seriesAmount{accepted: 1})
	case class != string(carriers.ClassThrottled): // "too fast" is about us, and the message goes there all the same
		tx.tally.at(c, a.carrier, tx.now, seriesAmount{failed: 1})
	}
	return nil
}

// recipient moves the recipient to what dispatch decided, as far as its other attempts allow that.
func (op *record) recipient(tx *txn, r *recipientRow) error {
	o := &op.o
	r.reason, r.notBefore = o.Reason, 0
	r.class = string(o.Result.Class)
	to := o.Next
	switch to {
	case campaign.Queued:
		r.notBefore = max(o.NotBefore.UnixMilli(), 1)
	case campaign.Failed, campaign.Expired, campaign.Cancelled, campaign.Suppressed:
		to = r.sums().Rest(to)
	case campaign.Awaiting:
		to = r.sums().Rest(to)
	case campaign.NoReceipt: // a carrier that sends no receipts: there is nothing to wait for
		r.overdue++
		if err := tx.setOverdue(o.Attempt); err != nil {
			return err
		}
		to = r.sums().Rest(to)
	}
	return tx.move(r, to)
}

// Requeue queues a recipient again by the program's decision: a receipt that says undelivered, or none in time. It is
// refused with campaign.ErrNotDue when the recipient is not in the state in which that was decided.
func (s *Store) Requeue(ctx context.Context, lease string, recipient int64, from campaign.State, reason string, at time.Time) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if err := tx.holds(campaignOf(recipient), lease); err != nil {
			return err
		}
		r, err := tx.recipient(recipient)
		if err != nil {
			return err
		}
		if r.state != from {
			return campaign.ErrNotDue
		}
		r.reason, r.notBefore = reason, max(at.UnixMilli(), 1)
		return tx.move(&r, campaign.Queued)
	}))
}

// End gives queued recipients a final state: their validity is over, or the campaign was cancelled, or no carrier may
// take them. It returns the states they got, because an accepted attempt forbids some.
func (s *Store) End(ctx context.Context, lease string, ids []int64, to campaign.State, class carriers.Class, reason string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		for _, id := range ids {
			if err := tx.holds(campaignOf(id), lease); err != nil {
				return err
			}
			r, err := tx.recipient(id)
			if err != nil {
				return err
			}
			if r.state != campaign.Queued {
				continue
			}
			if r.reason, r.notBefore = reason, 0; class != "" {
				r.class = string(class)
			}
			if err := tx.move(&r, r.sums().Rest(to)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Postpone makes queued recipients wait for a moment.
func (s *Store) Postpone(ctx context.Context, lease string, delays []campaign.Delay) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		for _, d := range delays {
			if err := tx.holds(campaignOf(d.Recipient), lease); err != nil {
				return err
			}
			r, err := tx.recipient(d.Recipient)
			if err != nil {
				return err
			}
			if r.state != campaign.Queued {
				continue
			}
			r.reason, r.notBefore = d.Reason, max(d.Until.UnixMilli(), 1)
			if err := tx.put(&r, campaign.Queued); err != nil {
				return err
			}
		}
		return nil
	}))
}

// CancelQueued cancels every queued recipient of the campaign, some thousands in each transaction.
func (s *Store) CancelQueued(ctx context.Context, campaignID int64, lease string) (n int64, err error) {
	lo, hi := span(campaignID)
	for {
		ids, last, err := s.queuedIDs(ctx, lo, hi)
		if err != nil || len(ids) == 0 {
			return n, err
		}
		if err := s.End(ctx, lease, ids, campaign.Cancelled, "", "campaign cancelled"); err != nil {
			return n, err
		}
		n, lo = n+int64(len(ids)), last
	}
}

func (s *Store) queuedIDs(ctx context.Context, lo, hi int64) (ids []int64, last int64, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id FROM recipients WHERE id > ? AND id < ? AND state = 'queued' ORDER BY id LIMIT 2000`, lo, hi)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(&last); err != nil {
			return nil, 0, err
		}
		ids = append(ids, last)
	}
	return ids, last, rows.Err()
}
