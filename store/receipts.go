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

// ApplyReceipts stores receipts of a carrier and raises the states of their messages. When it returns nil they are
// durable, matched or parked, and may be acknowledged. Every receipt becomes a row, applied or not.
func (s *Store) ApplyReceipts(ctx context.Context, carrier, via string, rs []carriers.Receipt) error {
	if err := s.w.do(ctx, &apply{s: s, carrier: carrier, via: via, rs: rs}); err != nil {
		return fmt.Errorf("storing receipts of %s: %w", carrier, err)
	}
	return nil
}

type apply struct {
	s            *Store
	carrier, via string
	rs           []carriers.Receipt
}

func (op *apply) apply(tx *txn) error {
	carrier, err := op.s.carrierID(tx, op.carrier)
	if err != nil {
		return err
	}
	for i := range op.rs {
		r := &op.rs[i]
		attempt, err := op.s.match(tx, carrier, r)
		if err != nil {
			return err
		}
		if attempt == 0 {
			if _, err := tx.insertReceipt(carrier, op.via, r, nil, false); err != nil {
				return err
			}
			continue
		}
		if r.Parts > 1 {
			whole, err := tx.whole(attempt, r)
			if err != nil {
				return err
			}
			r = &whole
		}
		if err := tx.applyReceipt(attempt, carrier, op.via, r); err != nil {
			return err
		}
	}
	return nil
}

// match finds the attempt that a receipt speaks of: by our own reference, or by the carrier's id where it sends no
// other. 0 is none; two that fit are none as well, because a wrong match is worse than a parked receipt.
func (s *Store) match(tx *txn, carrier int64, r *carriers.Receipt) (attempt int64, err error) {
	if id := s.attemptOf(r.Ref); id != 0 {
		a, err := tx.attempt(id)
		switch {
		case errors.Is(err, campaign.ErrNotFound):
			return 0, nil
		case err != nil || a.carrier != carrier:
			return 0, err
		}
		return id, nil
	}
	if r.ID == "" {
		return 0, nil
	}
	return tx.matchID(carrier, r)
}

// insertReceipt writes the row; a is nil for one that is parked.
func (tx *txn) insertReceipt(carrier int64, via string, rc *carriers.Receipt, a *attemptRow, applied bool) (int64, error) {
	r := receiptRow{carrier: carrier, via: via, rc: rc, receivedAt: tx.now, applied: applied}
	if a == nil {
		r.phone = numberOf(rc.To)
	} else {
		r.attempt, r.previous, r.campaign = a.id, a.lastReceipt, campaignOf(a.recipient)
	}
	return tx.addReceipt(r)
}

// applyReceipt raises what is known about an attempt and its message, never lowers it.
func (tx *txn) applyReceipt(attempt, carrier int64, via string, rc *carriers.Receipt) error {
	a, err := tx.attempt(attempt)
	if err != nil {
		return err
	}
	raises := rc.State.Rank() > carriers.ReceiptState(a.receipt).Rank()
	id, err := tx.insertReceipt(carrier, via, rc, &a, raises)
	if err != nil {
		return err
	}
	a.lastReceipt = id
	if !raises {
		return tx.putAttempt(&a)
	}
	return tx.raise(&a, rc)
}

// raise applies a receipt that says more than was known.
func (tx *txn) raise(a *attemptRow, rc *carriers.Receipt) error {
	if rc.Class == carriers.ClassRecipientOptedOut {
		if err := tx.carrierOptOut(a, rc.Code); err != nil {
			return err
		}
	}
	r, err := tx.recipient(a.recipient)
	if err != nil {
		return err
	}
	tx.tally.attempt(a.cell(r.country), a.amount().negative())
	if a.state == campaign.AttemptSending { // the answer will find it counted
		r.counted++
	}
	if a.state != campaign.AttemptAccepted { // whoever sends a receipt has taken the message
		a.state, a.class = campaign.AttemptAccepted, ""
		if err := tx.took(a, &r); err != nil {
			return err
		}
	}
	wasFinal := carriers.ReceiptState(a.receipt).Final()
	a.receipt = string(rc.State)
	if a.messageID == "" && rc.Parts < 2 {
		a.messageID = rc.ID
	}
	if rc.State.Final() && !wasFinal {
		r.open--
		r.overdue -= a.overdue
		a.overdue = 0
		tx.tally.latency(campaignOf(r.id), a.carrier, "receipt", tx.now-max(a.begunAt, a.endedAt))
	}
	a.class, a.receiptAt = string(rc.Class), tx.now
	if rc.Code != "" {
		a.code = rc.Code
	}
	if err := tx.putAttempt(a); err != nil {
		return err
	}
	tx.tally.attempt(a.cell(r.country), a.amount())
	return tx.raiseRecipient(&r, a, rc)
}

// raiseRecipient gives the message the state that its receipts have earned it.
func (tx *txn) raiseRecipient(r *recipientRow, a *attemptRow, rc *carriers.Receipt) error {
	switch {
	case rc.State == carriers.ReceiptDelivered:
		tx.tally.at(campaignOf(r.id), a.carrier, tx.now, seriesAmount{delivered: 1})
		r.notBefore, r.reason = 0, ""
		return tx.move(r, campaign.Delivered)
	case r.state == campaign.Delivered, r.state == campaign.Queued:
		return tx.put(r, r.state) // decided: only the sums change
	case r.lastAttempt != a.id && (r.state == campaign.Sending || r.state == campaign.Unknown):
		return tx.put(r, r.state) // it is the newer attempt that is under way or not known
	}
	r.reason = ""
	to := r.sums().Rest(r.state)
	if to == campaign.Awaiting && r.state != to {
		if err := tx.unsettle(campaignOf(r.id)); err != nil {
			return err
		}
	}
	if to == campaign.Undelivered {
		r.class, r.reason = string(rc.Class), rc.Detail
	}
	return tx.move(r, to)
}

// unsettle takes a campaign back that was completed: a receipt is awaited again, because one has come that says a message
// was taken which counted as refused. Whoever resumes the campaign follows it up.
func (tx *txn) unsettle(campaignID int64) error {
	_, err := tx.exec(`UPDATE campaigns SET state = 'settling', settled_at = NULL WHERE id = ? AND state = 'completed'`, campaignID)
	return err
}

// adoptParked applies the receipts that came before the answer which names the carrier's id, or those of its parts.
func (tx *txn) adoptParked(a *attemptRow, r *recipientRow, parts []string) error {
	if a.byID == 0 || a.messageID == "" {
		return nil
	}
	ids := parts
	if len(parts) < 2 {
		ids = []string{a.messageID}
	}
	var found []parked
	for _, id := range ids {
		if id == "" {
			continue
		}
		more, err := tx.parked(a.carrier, id, r.phone)
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return nil
	}
	if err := tx.put(r, r.state); err != nil { // with its new sums, for raise to read
		return err
	}
	for _, p := range found {
		var err error
		if p.rc.Parts = len(ids); p.rc.Parts > 1 {
			whole, err := tx.whole(a.id, &p.rc)
			if err != nil {
				return err
			}
			p.rc = whole
		}
		if p.id, err = tx.renumber(p.id); err != nil {
			return err
		}
		if err := tx.adopt(a.id, p.id, &p.rc); err != nil {
			return err
		}
	}
	fresh, err := tx.recipient(r.id)
	*r = fresh
	return err
}

// renumber makes a receipt the newest. Whoever follows the rows has passed it while it was parked, and must come to it now.
func (tx *txn) renumber(receipt int64) (int64, error) {
	if _, err := tx.exec(`UPDATE receipts SET id = (SELECT max(id) FROM receipts) + 1 WHERE id = ?`, receipt); err != nil {
		return 0, err
	}
	return tx.maxID(`SELECT max(id) FROM receipts`)
}

// parked is a receipt that waits for its message.
type parked struct {
	id int64
	rc carriers.Receipt
}

// parked are the receipts that wait under an id and do not speak of somebody else.
func (tx *txn) parked(carrier int64, id string, phone int64) (found []parked, err error) {
	d := row(7)
	err = tx.each(d, func() error {
		if to := integer(d[6]); to != 0 && !sameNumber(strconv.FormatInt(to, 10), phone) {
			return nil
		}
		found = append(found, parked{integer(d[0]), carriers.Receipt{
			State: carriers.ReceiptState(text(d[1])), Class: carriers.Class(text(d[2])), Code: text(d[3]), Detail: text(d[4]), ID: text(d[5]),
		}})
		return nil
	}, `SELECT id, state, class, code, detail, carrier_message_id, phone FROM receipts
		WHERE attempt_id IS NULL AND carrier_id = ? AND carrier_message_id = ? ORDER BY id`, carrier, id)
	return found, err
}

func (tx *txn) adopt(attempt, receipt int64, rc *carriers.Receipt) error {
	a, err := tx.attempt(attempt)
	if err != nil {
		return err
	}
	raises := rc.State.Rank() > carriers.ReceiptState(a.receipt).Rank()
	if _, err := tx.exec(`UPDATE receipts SET attempt_id = ?, campaign_id = ?, previous = ?, applied = ?, phone = 0, state = ?, class = ?,
		code = ?, detail = ? WHERE id = ?`, a.id, campaignOf(a.recipient), null(a.lastReceipt), boolInt(raises), string(rc.State),
		string(rc.Class), rc.Code, rc.Detail, receipt); err != nil {
		return err
	}
	a.lastReceipt = receipt
	if !raises {
		return tx.putAttempt(&a)
	}
	return tx.raise(&a, rc)
}

// Follow reads the final receipts of a campaign after the receipt row `after` that say more than was known, in their
// order, whoever wrote them: what a run may have to act on, and with delivered also what it can learn from. It also
// returns the last row it has looked at, at most limit rows on.
func (s *Store) Follow(ctx context.Context, campaignID, after int64, limit int, delivered bool) (out []campaign.Settled, last int64, err error) {
	d := row(14)
	if err := s.run.each(ctx, d[:1], func() error { last = min(integer(d[0]), after+int64(limit)); return nil },
		`SELECT max(id) FROM receipts`); err != nil {
		return nil, after, fmt.Errorf("following receipts: %w", explain(err))
	}
	if last <= after {
		return nil, after, nil
	}
	err = s.run.each(ctx, d, func() error {
		x := campaign.Settled{
			ID: integer(d[0]), Attempt: integer(d[1]), State: carriers.ReceiptState(text(d[2])), Class: carriers.Class(text(d[3])), Applied: true,
			Latency: time.Duration(integer(d[5])-integer(d[4])) * time.Millisecond, Carrier: s.names.of(integer(d[6])), Recipient: integer(d[7]),
			Counted: int(integer(d[8])), Now: campaign.State(text(d[9])), Country: text(d[10]), To: "+" + strconv.FormatInt(integer(d[11]), 10),
		}
		x.Took, x.Scheduled = x.Latency, when(integer(d[13]))
		if at := integer(d[12]); at >= integer(d[4]) && at < integer(d[5]) { // else the clocks differ, or it names none
			x.Took = time.Duration(at-integer(d[4])) * time.Millisecond
		}
		out = append(out, x)
		return nil
	}, `SELECT t.id, t.attempt_id, t.state, t.class, a.begun_at, t.received_at, a.carrier_id, a.recipient_id, r.counted, r.state, r.country, r.phone,
		coalesce(t.carrier_at, 0), r.scheduled FROM receipts t CROSS JOIN attempts a ON a.id = t.attempt_id CROSS JOIN recipients r ON r.id = a.recipient_id
		WHERE t.id > ? AND t.id <= ? AND t.campaign_id = ? AND t.applied = 1
		AND t.state IN ('undelivered', 'expired', 'failed', 'rejected', 'cancelled', ?) ORDER BY t.id`, after, last, campaignID, withDelivered(delivered))
	if err != nil {
		return nil, after, fmt.Errorf("following receipts: %w", explain(err))
	}
	return out, last, nil
}

func withDelivered(yes bool) string {
	if yes {
		return string(carriers.ReceiptDelivered)
	}
	return ""
}

// LastReceipt is the newest receipt row: where a runner starts to follow.
func (s *Store) LastReceipt(ctx context.Context) (id int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM receipts`).Scan(&id)
	return id, err
}
