package store

import (
	"database/sql/driver"
	"fmt"

	"github.com/smsctl/smsctl/campaign"
)

// recipientRow is what a transaction needs to know of a recipient to move it.
type recipientRow struct {
	id, phone                   int64
	country, class, reason      string
	state                       campaign.State
	segments, notBefore         int64
	tries, counted, lastAttempt int64
	accepted, open, overdue     int64
	was                         campaign.State // as stored
	wasClass                    string
}

// span is the range of the ids of a campaign's recipients, both ends excluded.
func span(campaignID int64) (lo, hi int64) { return campaignID << 32, (campaignID + 1) << 32 }

func campaignOf(recipientID int64) int64 { return recipientID >> 32 }

func (tx *txn) recipient(id int64) (r recipientRow, err error) {
	var buf [14]driver.Value
	d := buf[:]
	found, err := tx.row(d, `SELECT phone, country, class, reason, state, segments, not_before, tries, counted, last_attempt, accepted,
		open, overdue, id FROM recipients WHERE id = ?`, id)
	if err != nil {
		return r, err
	}
	if !found {
		return r, fmt.Errorf("recipient %d: %w", id, campaign.ErrNotFound)
	}
	r = recipientRow{
		id: id, phone: integer(d[0]), country: text(d[1]), class: text(d[2]), reason: text(d[3]), state: campaign.State(text(d[4])),
		segments: integer(d[5]), notBefore: integer(d[6]), tries: integer(d[7]), counted: integer(d[8]), lastAttempt: integer(d[9]),
		accepted: integer(d[10]), open: integer(d[11]), overdue: integer(d[12]),
	}
	r.was, r.wasClass = r.state, r.class
	return r, nil
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
	n, err := tx.exec(`UPDATE recipients SET state = ?, class = ?, reason = ?, not_before = ?, tries = ?, counted = ?, last_attempt = ?,
		accepted = ?, open = ?, overdue = ? WHERE id = ? AND state = ?`,
		string(r.state), r.class, r.reason, r.notBefore, r.tries, r.counted, null(r.lastAttempt),
		r.accepted, r.open, r.overdue, r.id, string(r.was))
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("recipient %d: %w", r.id, campaign.ErrNotDue)
	}
	if r.was != r.state || r.wasClass != r.class {
		c := campaignOf(r.id)
		tx.tally.recipient(recipientCell{c, r.country, r.was, r.wasClass}, -1, -r.segments)
		tx.tally.recipient(recipientCell{c, r.country, r.state, r.class}, 1, r.segments)
		r.was, r.wasClass = r.state, r.class
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
	id, recipient, carrier, begunAt, segments, cost, byID int64
	state                                                 campaign.AttemptState
	class, messageID, receipt                             string
	overdue, lastReceipt, endedAt                         int64
}

func (tx *txn) attempt(id int64) (a attemptRow, err error) {
	var buf [13]driver.Value
	d := buf[:]
	found, err := tx.row(d, `SELECT recipient_id, carrier_id, begun_at, segments, cost, by_id, state, class, carrier_message_id, receipt,
		overdue, last_receipt, ended_at FROM attempts WHERE id = ?`, id)
	if err != nil {
		return a, err
	}
	if !found {
		return a, fmt.Errorf("attempt %d: %w", id, campaign.ErrNotFound)
	}
	return attemptRow{
		id: id, recipient: integer(d[0]), carrier: integer(d[1]), begunAt: integer(d[2]), segments: integer(d[3]), cost: integer(d[4]),
		byID: integer(d[5]), state: campaign.AttemptState(text(d[6])), class: text(d[7]), messageID: text(d[8]), receipt: text(d[9]),
		overdue: integer(d[10]), lastReceipt: integer(d[11]), endedAt: integer(d[12]),
	}, nil
}

func (a *attemptRow) cell(country string) attemptCell {
	return attemptCell{campaignOf(a.recipient), a.carrier, country, a.state, a.class, a.receipt}
}

func (a *attemptRow) amount() amount { return amount{1, a.segments, a.cost} }

func (m amount) negative() amount { return amount{-m.n, -m.segments, -m.cost} }
