package store

import (
	"database/sql/driver"
	"fmt"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// recipientRow is what a transaction needs to know of a recipient to move it.
type recipientRow struct {
	id, phone                   int64
	country, class, reason      string
	state                       campaign.State
	segments, notBefore         int64
	tries, counted, lastAttempt int64
	accepted, open, overdue     int64
	was                         campaign.State // when it was read
	wasClass                    string
}

// span is the range of the ids of a campaign's recipients, both ends excluded.
func span(campaignID int64) (lo, hi int64) { return campaignID << 32, (campaignID + 1) << 32 }

func campaignOf(recipientID int64) int64 { return recipientID >> 32 }

// recipient returns a copy of the row as the changes before this one have left it.
func (tx *txn) recipient(id int64) (recipientRow, error) {
	p, err := tx.storedRecipient(id)
	if err != nil {
		return recipientRow{}, err
	}
	r := p.row
	r.was, r.wasClass = r.state, r.class
	return r, nil
}

func (tx *txn) storedRecipient(id int64) (*stored[recipientRow], error) {
	if p := tx.cache.recipients.get(id); p != nil {
		return p, nil
	}
	var buf [13]driver.Value
	d := buf[:]
	found, err := tx.conn.row(d, `SELECT phone, country, class, reason, state, segments, not_before, tries, counted, last_attempt, accepted,
		open, overdue FROM recipients WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("recipient %d: %w", id, campaign.ErrNotFound)
	}
	r := recipientRow{
		id: id, phone: integer(d[0]), country: text(d[1]), class: text(d[2]), reason: text(d[3]), state: campaign.State(text(d[4])),
		segments: integer(d[5]), notBefore: integer(d[6]), tries: integer(d[7]), counted: integer(d[8]), lastAttempt: integer(d[9]),
		accepted: integer(d[10]), open: integer(d[11]), overdue: integer(d[12]),
	}
	p := &stored[recipientRow]{row: r, was: r}
	tx.cache.recipients.put(id, p)
	return p, nil
}

func (r *recipientRow) sums() campaign.Tries {
	return campaign.Tries{Accepted: int(r.accepted), Open: int(r.open), Overdue: int(r.overdue)}
}

// move writes the recipient back in the state to, which must be one that may follow, and keeps the rollup.
func (tx *txn) move(r *recipientRow, to campaign.State) error {
	if to != r.was && !r.was.CanBecome(to) {
		return fmt.Errorf("recipient %d: %s cannot become %s", r.id, r.was, to)
	}
	return tx.put(r, to)
}

// put is move without the transition table: a person's word (retry) may do what the program may not.
func (tx *txn) put(r *recipientRow, to campaign.State) error {
	r.state = to
	if to == campaign.Delivered || to == campaign.Awaiting || to == campaign.NoReceipt {
		r.class = ""
	}
	p, err := tx.storedRecipient(r.id)
	if err != nil {
		return err
	}
	if p.row.state != r.was {
		return fmt.Errorf("recipient %d: %w", r.id, campaign.ErrNotDue)
	}
	if r.was != r.state || r.wasClass != r.class {
		c := campaignOf(r.id)
		tx.tally.recipient(recipientCell{c, r.country, r.was, r.wasClass}, -1, -r.segments)
		tx.tally.recipient(recipientCell{c, r.country, r.state, r.class}, 1, r.segments)
		r.was, r.wasClass = r.state, r.class
	}
	p.row = *r
	if !p.pending {
		p.pending = true
		tx.pending.recipients = append(tx.pending.recipients, p)
	}
	return nil
}

func null(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// attemptRow is what a transaction needs to know of an attempt.
type attemptRow struct {
	id, recipient, previous, n, carrier, begunAt, segments, cost, byID int64
	state                                                              campaign.AttemptState
	class, code, status, detail, messageID, receipt                    string
	overdue, lastReceipt, endedAt, receiptAt                           int64
	why                                                                string // of a new one only
}

// attempt returns a copy of the row as the changes before this one have left it.
func (tx *txn) attempt(id int64) (attemptRow, error) {
	p, err := tx.storedAttempt(id)
	if err != nil {
		return attemptRow{}, err
	}
	return p.row, nil
}

func (tx *txn) storedAttempt(id int64) (*stored[attemptRow], error) {
	if p := tx.cache.attempts.get(id); p != nil {
		return p, nil
	}
	var buf [19]driver.Value
	d := buf[:]
	found, err := tx.conn.row(d, `SELECT recipient_id, previous, n, carrier_id, begun_at, segments, cost, by_id, state, class, code, status,
		detail, carrier_message_id, receipt, overdue, last_receipt, ended_at, receipt_at FROM attempts WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("attempt %d: %w", id, campaign.ErrNotFound)
	}
	a := attemptRow{
		id: id, recipient: integer(d[0]), previous: integer(d[1]), n: integer(d[2]), carrier: integer(d[3]), begunAt: integer(d[4]),
		segments: integer(d[5]), cost: integer(d[6]), byID: integer(d[7]), state: campaign.AttemptState(text(d[8])), class: text(d[9]),
		code: text(d[10]), status: text(d[11]), detail: text(d[12]), messageID: text(d[13]), receipt: text(d[14]),
		overdue: integer(d[15]), lastReceipt: integer(d[16]), endedAt: integer(d[17]), receiptAt: integer(d[18]),
	}
	p := &stored[attemptRow]{row: a, was: a}
	tx.cache.attempts.put(id, p)
	return p, nil
}

// addAttempt gives a new attempt its id.
func (tx *txn) addAttempt(a *attemptRow) error {
	if tx.cache.attemptID == 0 {
		id, err := tx.maxID(`SELECT max((SELECT coalesce(max(id), 0) FROM attempts), coalesce((SELECT id FROM id_floors WHERE name = 'attempts'), 0))`)
		if err != nil {
			return err
		}
		tx.cache.attemptID = id
	}
	tx.cache.attemptID++
	a.id = tx.cache.attemptID
	p := &stored[attemptRow]{row: *a, was: *a, fresh: true, pending: true}
	tx.cache.attempts.put(a.id, p)
	tx.pending.attempts = append(tx.pending.attempts, p)
	return nil
}

// maxID reads the last id of a table of which nothing is pending, else it would be known.
func (tx *txn) maxID(query string) (int64, error) {
	d := row(1)
	_, err := tx.conn.row(d, query)
	return integer(d[0]), err
}

// putAttempt writes an attempt back.
func (tx *txn) putAttempt(a *attemptRow) error {
	p, err := tx.storedAttempt(a.id)
	if err != nil {
		return err
	}
	p.row = *a
	if !p.pending {
		p.pending = true
		tx.pending.attempts = append(tx.pending.attempts, p)
	}
	return nil
}

func (tx *txn) setOverdue(attempt int64) error {
	a, err := tx.attempt(attempt)
	if err != nil {
		return err
	}
	a.overdue = 1
	return tx.putAttempt(&a)
}

// over says that nothing more is expected of an attempt: neither the carrier's answer nor a receipt.
func (a *attemptRow) over() bool {
	return a.endedAt != 0 && a.receipt == string(carriers.ReceiptDelivered)
}

func (a *attemptRow) cell(country string) attemptCell {
	return attemptCell{campaignOf(a.recipient), a.begunAt / hourMS, a.carrier, country, a.state, a.class, a.receipt}
}

func (a *attemptRow) amount() amount { return amount{1, a.segments, a.cost} }

func (m amount) negative() amount { return amount{-m.n, -m.segments, -m.cost} }

// receiptRow is a receipt that is to be inserted.
type receiptRow struct {
	phone                                    int64 // of one that is parked
	id, campaign, attempt, previous, carrier int64
	via                                      string
	rc                                       *carriers.Receipt
	receivedAt                               int64
	applied                                  bool
}

// addReceipt gives a new receipt its id.
func (tx *txn) addReceipt(r receiptRow) (int64, error) {
	if tx.cache.receiptID == 0 {
		id, err := tx.maxID(`SELECT max((SELECT coalesce(max(id), 0) FROM receipts), coalesce((SELECT id FROM id_floors WHERE name = 'receipts'), 0))`)
		if err != nil {
			return 0, err
		}
		tx.cache.receiptID = id
	}
	tx.cache.receiptID++
	r.id = tx.cache.receiptID
	tx.pending.receipts = append(tx.pending.receipts, r)
	return r.id, nil
}
