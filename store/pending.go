package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// pending is what a transaction has changed and not written yet. A row that several of its changes touch is written
// once, new rows go in together, and only the columns that differ are set: a statement costs some microseconds, and so
// does every eight of its parameters.
type pending struct {
	recipients []*stored[recipientRow]
	attempts   []*stored[attemptRow]
	receipts   []receiptRow
}

// settle writes what is pending.
func (tx *txn) settle() error {
	p := tx.pending
	if len(p.recipients)+len(p.attempts)+len(p.receipts) == 0 {
		return nil
	}
	tx.pending = pending{}
	var fresh []*stored[attemptRow]
	for _, a := range p.attempts {
		if a.fresh {
			fresh = append(fresh, a)
		}
	}
	if err := insertRows(tx, attemptsInto, fresh); err != nil {
		return err
	}
	for _, a := range p.attempts {
		if err := tx.tables.attempts.update(tx.conn, a.row.id, string(a.was.state), &a.row, &a.was); err != nil {
			return err
		}
		a.pending, a.fresh, a.was = false, false, a.row
		if a.row.over() {
			tx.cache.attempts.drop(a.row.id)
		}
	}
	for _, r := range p.recipients {
		if err := tx.tables.recipients.update(tx.conn, r.row.id, string(r.was.state), &r.row, &r.was); err != nil {
			return err
		}
		r.pending, r.was = false, r.row
		if r.row.state == campaign.Delivered {
			tx.cache.recipients.drop(r.row.id)
		}
	}
	return insertRows(tx, receiptsInto, p.receipts)
}

// tables are the tables whose rows change with every message. They belong to the writer.
type tables struct {
	recipients table[recipientRow]
	attempts   table[attemptRow]
}

// table sets columns of rows.
type table[T any] struct {
	name    string
	columns []column[T]
	updates map[uint64]string // by the set of columns that are to be set
	args    []any
}

// column is one that may change after the insert.
type column[T any] struct {
	name  string
	value func(*T) any
	same  func(a, b *T) bool
}

func newTables() *tables {
	return &tables{
		recipients: table[recipientRow]{name: "recipients", updates: map[uint64]string{}, columns: []column[recipientRow]{
			words("state", func(r *recipientRow) string { return string(r.state) }),
			words("class", func(r *recipientRow) string { return r.class }),
			words("reason", func(r *recipientRow) string { return r.reason }),
			number("not_before", func(r *recipientRow) int64 { return r.notBefore }),
			number("tries", func(r *recipientRow) int64 { return r.tries }),
			number("counted", func(r *recipientRow) int64 { return r.counted }),
			optional("last_attempt", func(r *recipientRow) int64 { return r.lastAttempt }),
			number("accepted", func(r *recipientRow) int64 { return r.accepted }),
			number("open", func(r *recipientRow) int64 { return r.open }),
			number("overdue", func(r *recipientRow) int64 { return r.overdue }),
		}},
		attempts: table[attemptRow]{name: "attempts", updates: map[uint64]string{}, columns: []column[attemptRow]{
			words("state", func(a *attemptRow) string { return string(a.state) }),
			words("class", func(a *attemptRow) string { return a.class }),
			words("code", func(a *attemptRow) string { return a.code }),
			words("status", func(a *attemptRow) string { return a.status }),
			words("detail", func(a *attemptRow) string { return a.detail }),
			words("carrier_message_id", func(a *attemptRow) string { return a.messageID }),
			number("cost", func(a *attemptRow) int64 { return a.cost }),
			optional("ended_at", func(a *attemptRow) int64 { return a.endedAt }),
			words("receipt", func(a *attemptRow) string { return a.receipt }),
			optional("receipt_at", func(a *attemptRow) int64 { return a.receiptAt }),
			optional("last_receipt", func(a *attemptRow) int64 { return a.lastReceipt }),
			number("overdue", func(a *attemptRow) int64 { return a.overdue }),
		}},
	}
}

func words[T any](name string, get func(*T) string) column[T] {
	return column[T]{name, func(r *T) any { return get(r) }, func(a, b *T) bool { return get(a) == get(b) }}
}

func number[T any](name string, get func(*T) int64) column[T] {
	return column[T]{name, func(r *T) any { return get(r) }, func(a, b *T) bool { return get(a) == get(b) }}
}

// optional is a number that is NULL in the database when it is 0.
func optional[T any](name string, get func(*T) int64) column[T] {
	return column[T]{name, func(r *T) any { return null(get(r)) }, func(a, b *T) bool { return get(a) == get(b) }}
}

// update sets what differs. It names the state in which the row must be, so that a row that is not as it is remembered
// is an error and never overwritten.
func (t *table[T]) update(c *conn, id int64, state string, is, was *T) error {
	set := uint64(0)
	t.args = t.args[:0]
	for i := range t.columns {
		if col := &t.columns[i]; !col.same(is, was) {
			set |= 1 << i
			t.args = append(t.args, col.value(is))
		}
	}
	if set == 0 {
		return nil
	}
	query, ok := t.updates[set]
	if !ok {
		query = t.query(set)
		t.updates[set] = query
	}
	n, err := c.exec(query, append(t.args, id, state)...)
	if err == nil && n != 1 {
		err = fmt.Errorf("%s %d: %w", strings.TrimSuffix(t.name, "s"), id, campaign.ErrNotDue)
	}
	return err
}

func (t *table[T]) query(set uint64) string {
	var names []string
	for i := range t.columns {
		if set&(1<<i) != 0 {
			names = append(names, t.columns[i].name+" = ?")
		}
	}
	return "UPDATE " + t.name + " SET " + strings.Join(names, ", ") + " WHERE id = ? AND state = ?"
}

// into is how rows of a kind are inserted: many at a time cost half.
type into[T any] struct {
	columns string
	params  string // of one row
	args    func(row *T, args []any) []any
}

//nolint:gochecknoglobals // constant statements
var (
	attemptsInto = into[*stored[attemptRow]]{
		columns: `attempts (id, recipient_id, previous, n, carrier_id, state, begun_at, by_id, segments, cost, why)`,
		params:  `(?,?,?,?,?,?,?,?,?,?,?)`,
		args: func(p **stored[attemptRow], args []any) []any {
			a := &(*p).was // what has changed since is set by what follows
			return append(args, a.id, a.recipient, null(a.previous), a.n, a.carrier, string(a.state), a.begunAt, a.byID, a.segments, a.cost, a.why)
		},
	}
	receiptsInto = into[receiptRow]{
		columns: `receipts (id, campaign_id, attempt_id, previous, carrier_id, via, ref, carrier_message_id, state, class, code, detail,
			carrier_at, received_at, applied, raw, phone)`,
		params: `(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		args: func(r *receiptRow, args []any) []any {
			return append(args, r.id, r.campaign, null(r.attempt), null(r.previous), r.carrier, r.via, r.rc.Ref, r.rc.ID, string(r.rc.State),
				string(r.rc.Class), r.rc.Code, r.rc.Detail, moment(r.rc.At), r.receivedAt, boolInt(r.applied), r.rc.Raw, r.phone)
		},
	}
)

// moment is how a time is stored that may not be known.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// insertRows inserts rows by statements of sixteen, four and one.
func insertRows[T any](tx *txn, in into[T], rows []T) error {
	args := make([]any, 0, 256)
	for n := 16; len(rows) > 0; {
		if len(rows) < n {
			n /= 4
			continue
		}
		args = args[:0]
		for i := range rows[:n] {
			args = in.args(&rows[i], args)
		}
		query := `INSERT INTO ` + in.columns + ` VALUES ` + strings.Repeat(in.params+",", n-1) + in.params
		if _, err := tx.conn.exec(query, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
