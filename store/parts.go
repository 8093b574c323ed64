package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// addParts remembers the carrier's ids of the parts of a long message.
func (tx *txn) addParts(a *attemptRow, ids []string) error {
	if len(ids) < 2 {
		return nil
	}
	for _, id := range ids {
		if err := tx.addPart(a, id, len(ids)); err != nil {
			return err
		}
	}
	return nil
}

func (tx *txn) addPart(a *attemptRow, id string, total int) error {
	if id == "" {
		return nil // it was not taken, or nobody knows its id
	}
	_, err := tx.conn.exec(`INSERT INTO attempt_parts (carrier_id, part_id, attempt_id, total) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		a.carrier, id, a.id, total)
	return err
}

// whole makes a receipt of a part one of its message: delivered when all parts are, failed with the first that fails.
func (tx *txn) whole(attempt int64, rc *carriers.Receipt) (carriers.Receipt, error) {
	a, err := tx.attempt(attempt)
	if err != nil {
		return *rc, err
	}
	if err := tx.addPart(&a, rc.ID, rc.Parts); err != nil {
		return *rc, err
	}
	type part struct {
		id    string
		state carriers.ReceiptState
	}
	var parts []part
	d := row(2)
	if err := tx.conn.each(d, func() error {
		parts = append(parts, part{text(d[0]), carriers.ReceiptState(text(d[1]))})
		return nil
	}, `SELECT part_id, receipt FROM attempt_parts WHERE attempt_id = ?`, a.id); err != nil {
		return *rc, err
	}
	delivered, failed := 0, 0
	for _, p := range parts {
		if p.id == rc.ID && rc.State.Rank() > p.state.Rank() {
			p.state = rc.State
			if _, err := tx.conn.exec(`UPDATE attempt_parts SET receipt = ? WHERE carrier_id = ? AND part_id = ? AND attempt_id = ?`,
				string(p.state), a.carrier, p.id, a.id); err != nil {
				return *rc, err
			}
		}
		switch {
		case p.state == carriers.ReceiptDelivered:
			delivered++
		case p.state.Final():
			failed++
		}
	}
	return together(*rc, delivered, failed), nil
}

// together is what a receipt of a part says of the message.
func together(rc carriers.Receipt, delivered, failed int) carriers.Receipt {
	switch {
	case delivered >= rc.Parts:
		rc.State, rc.Class, rc.Code, rc.Detail = carriers.ReceiptDelivered, "", "", fmt.Sprintf("all %d parts", rc.Parts)
	case failed > 0:
		if !rc.State.Final() || rc.State == carriers.ReceiptDelivered {
			rc.Class = carriers.ClassUnknown
		}
		rc.State, rc.Detail = carriers.ReceiptFailed, fmt.Sprintf("partial %d/%d: %s", delivered, rc.Parts, rc.Detail)
	case delivered > 0:
		rc.State, rc.Class, rc.Code = carriers.ReceiptSent, "", ""
		rc.Detail = fmt.Sprintf("%d of %d parts delivered", delivered, rc.Parts)
	}
	return rc
}

// matchID finds the attempt that a carrier's id speaks of: a message's own, or one of its parts', of which the receipt then
// has the number. 0 is none. Ids come again, so whom the receipt speaks of must fit; and two that fit are none as well.
func (tx *txn) matchID(carrier int64, r *carriers.Receipt) (attempt int64, err error) {
	attempt, err = tx.only(r.To, `SELECT id, 0 FROM attempts WHERE by_id = 1 AND carrier_message_id <> '' AND carrier_id = ? AND carrier_message_id = ?
		LIMIT 4`, nil, carrier, r.ID)
	if attempt != 0 || err != nil {
		return attempt, err
	}
	total := 0
	attempt, err = tx.only(r.To, `SELECT attempt_id, total FROM attempt_parts WHERE carrier_id = ? AND part_id = ? LIMIT 4`, &total, carrier, r.ID)
	if attempt != 0 && err == nil {
		r.Parts = total
	}
	return attempt, err
}

// only is the one attempt of a query that is a message to somebody.
func (tx *txn) only(to, query string, total *int, args ...any) (attempt int64, err error) {
	var found [][2]int64
	d := row(2)
	if err := tx.each(d, func() error {
		found = append(found, [2]int64{integer(d[0]), integer(d[1])})
		return nil
	}, query, args...); err != nil {
		return 0, err
	}
	n := 0
	for _, f := range found {
		fits, err := tx.isTo(f[0], to)
		if err != nil {
			return 0, err
		}
		if fits {
			attempt = f[0]
			if n++; total != nil {
				*total = int(f[1])
			}
		}
	}
	if n != 1 {
		return 0, nil
	}
	return attempt, nil
}

// isTo says whether an attempt went to a number, as far as the receipt says one.
func (tx *txn) isTo(attempt int64, to string) (bool, error) {
	if to == "" {
		return true, nil
	}
	a, err := tx.attempt(attempt)
	if err != nil {
		return false, err
	}
	r, err := tx.recipient(a.recipient)
	if errors.Is(err, campaign.ErrNotFound) {
		return true, nil
	}
	return err == nil && sameNumber(to, r.phone), err
}

// sameNumber compares what counts: carriers write numbers with and without prefixes, and some hide digits.
func sameNumber(to string, phone int64) bool {
	to = strings.TrimPrefix(to, "+")
	if len(to) < 8 || strings.Trim(to, "0123456789") != "" || phone == 0 {
		return true // it says nothing
	}
	digits := strconv.FormatInt(phone, 10)
	return to[len(to)-8:] == digits[max(0, len(digits)-8):]
}

// numberOf is whom a receipt speaks of, 0 where it does not say in a way that can be read again.
func numberOf(to string) int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(to, "+"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
