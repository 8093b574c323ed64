package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Kept is a receipt as its row has it.
type Kept struct {
	Row      int64 // its id in the database
	Carrier  string
	Via      string // callback, session, poll, lookup
	Orphan   bool   // it matches no attempt
	At       time.Time
	Campaign int64 // 0 of an orphan
	carriers.Receipt
}

const keptColumns = `id, carrier_id, via, attempt_id, received_at, campaign_id, ref, carrier_message_id, state, class, code, detail, raw, phone,
	(SELECT name FROM carriers c WHERE c.id = receipts.carrier_id)`

const keptWidth = 15

// EachReceipt calls do for the receipts that came since a moment, oldest first; orphans narrows them to those that match
// nothing. io.EOF from do ends it.
func (s *Store) EachReceipt(ctx context.Context, since time.Time, orphans bool, do func(*Kept) error) error {
	where := ``
	if orphans {
		where = ` AND attempt_id IS NULL`
	}
	return s.reading(ctx, func(c *conn) error {
		d := row(keptWidth)
		return c.each(d, func() error {
			k := readKept(d)
			return errors.Join(do(&k), ctx.Err())
		}, `SELECT `+keptColumns+` FROM receipts WHERE received_at >= ?`+where+` ORDER BY id`, since.UnixMilli())
	})
}

// ReceiptsAfter calls do for the receipt rows after one, in their order.
func (s *Store) ReceiptsAfter(ctx context.Context, after int64, do func(*Kept) error) error {
	d := row(keptWidth)
	err := s.run.each(ctx, d, func() error {
		k := readKept(d)
		return do(&k)
	}, `SELECT `+keptColumns+` FROM receipts WHERE id > ? ORDER BY id`, after)
	if err != nil {
		return fmt.Errorf("following receipts: %w", explain(err))
	}
	return nil
}

func readKept(d []driver.Value) Kept {
	k := Kept{
		Row: integer(d[0]), Carrier: text(d[14]), Via: text(d[2]), Orphan: d[3] == nil, At: time.UnixMilli(integer(d[4])), Campaign: integer(d[5]),
		Receipt: carriers.Receipt{
			Ref: text(d[6]), ID: text(d[7]), State: carriers.ReceiptState(text(d[8])), Class: carriers.Class(text(d[9])), Code: text(d[10]),
			Detail: text(d[11]),
		},
	}
	k.Raw = []byte(text(d[12]))
	if n := integer(d[13]); n != 0 {
		k.To = fmt.Sprintf("+%d", n)
	}
	return k
}

// Replayed is what a replay made of a receipt.
type Replayed uint8

// The ends of a replay.
const (
	Unchanged Replayed = iota // it means what it meant
	Retold                    // it means something else, and nothing follows from that for its message
	Raised                    // its message is known better now
	Matched                   // it has found its attempt
)

// Replay stores what a kept receipt means now. Nothing is done twice: of a receipt that means what its row says nothing
// follows, and what is known of a message is only ever raised. Nothing is sent because of it either: it comes too late
// for the run that might have.
func (s *Store) Replay(ctx context.Context, id int64, now carriers.Receipt) (did Replayed, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		did, err = s.replay(tx, id, now)
		return err
	}))
	if err != nil {
		return did, fmt.Errorf("replaying receipt %d: %w", id, err)
	}
	return did, nil
}

func (s *Store) replay(tx *txn, id int64, now carriers.Receipt) (Replayed, error) {
	d := row(keptWidth)
	found, err := tx.row(d, `SELECT `+keptColumns+` FROM receipts WHERE id = ?`, id)
	if err != nil || !found {
		return Unchanged, err
	}
	was, carrier, attempt := readKept(d), integer(d[1]), integer(d[3])
	if was.Orphan {
		if now.To == "" {
			now.To = was.To
		}
		if attempt, err = s.match(tx, carrier, &now); err != nil {
			return Unchanged, err
		}
		if attempt != 0 {
			return Matched, tx.adopt(attempt, id, &now)
		}
	}
	if news, err := tx.newsOfPart(attempt, carrier, &now); err != nil || !news {
		return Unchanged, err
	}
	if was.State == now.State && was.Class == now.Class && was.Code == now.Code && was.Detail == now.Detail ||
		now.State.Rank() < was.State.Rank() {
		return Unchanged, nil
	}
	if _, err := tx.exec(`UPDATE receipts SET state = ?, class = ?, code = ?, detail = ? WHERE id = ?`,
		string(now.State), string(now.Class), now.Code, now.Detail, id); err != nil || attempt == 0 {
		return Retold, err
	}
	return tx.retell(attempt, id, &now)
}

// newsOfPart makes what is said of a part, now that it is read anew, a receipt of its message. It is no news if no more was
// said than the part is known for: then the message must not be taken for delivered because one of its parts was.
func (tx *txn) newsOfPart(attempt, carrier int64, now *carriers.Receipt) (news bool, err error) {
	d := row(2)
	found, err := tx.row(d, `SELECT total, receipt FROM attempt_parts WHERE carrier_id = ? AND part_id = ? AND attempt_id = ? AND total > 1`,
		carrier, now.ID, attempt)
	if err != nil || !found {
		return true, err
	}
	if now.State.Rank() <= carriers.ReceiptState(text(d[1])).Rank() {
		return false, nil
	}
	now.Parts = int(integer(d[0]))
	*now, err = tx.whole(attempt, now)
	return true, err
}

// retell draws the consequences of a receipt whose row has changed: for the receipts after it, and for its attempt if it
// is the one that says most.
func (tx *txn) retell(attempt, id int64, now *carriers.Receipt) (Replayed, error) {
	a, err := tx.attempt(attempt)
	if err != nil {
		return Unchanged, err
	}
	first, err := tx.reapply(&a)
	if err != nil || first != id || a.receipt == string(carriers.ReceiptDelivered) {
		return Retold, err
	}
	return Raised, tx.raise(&a, now)
}

// reapply marks anew which receipts of an attempt said more than those before them, and returns the last of these.
func (tx *txn) reapply(a *attemptRow) (said int64, err error) {
	type one struct{ id, rank int64 }
	var chain []one
	d := row(2)
	for id := a.lastReceipt; id != 0; id = integer(d[0]) {
		found, err := tx.row(d, `SELECT previous, state FROM receipts WHERE id = ?`, id)
		if err != nil || !found {
			return 0, err
		}
		chain = append(chain, one{id, int64(carriers.ReceiptState(text(d[1])).Rank())})
	}
	slices.Reverse(chain)
	best := int64(0)
	for _, c := range chain {
		if c.rank > best {
			best, said = c.rank, c.id
		}
		if _, err := tx.exec(`UPDATE receipts SET applied = ? WHERE id = ?`, boolInt(said == c.id), c.id); err != nil {
			return 0, err
		}
	}
	return said, nil
}

// Alike finds the ids of a carrier's attempts that are the same number as the id of an orphan in another spelling.
func (s *Store) Alike(ctx context.Context, k *Kept) (ids []string, err error) {
	for _, other := range spellings(k.Receipt.ID) {
		n := 0
		if err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM attempts a JOIN carriers c ON c.id = a.carrier_id
			WHERE a.by_id = 1 AND a.carrier_message_id <> '' AND c.name = ? AND a.carrier_message_id = ?`, k.Carrier, other).Scan(&n); err != nil {
			return nil, fmt.Errorf("looking for the attempt of a receipt: %w", explain(err))
		}
		if n > 0 {
			ids = append(ids, other)
		}
	}
	return ids, nil
}

// spellings are the other ways to write a number that is an id: without leading zeros, in hex, in decimal.
func spellings(id string) (others []string) {
	add := func(s string) {
		if s != "" && s != id && !slices.Contains(others, s) {
			others = append(others, s)
		}
	}
	add(strings.TrimLeft(id, "0"))
	if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		hex := strconv.FormatUint(n, 16)
		add(hex)
		add(strings.ToUpper(hex))
		add(fmt.Sprintf("%08x", n))
		add(fmt.Sprintf("%08X", n))
	}
	if n, err := strconv.ParseUint(id, 16, 64); err == nil {
		add(strconv.FormatUint(n, 10))
	}
	return others
}
