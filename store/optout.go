package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign/optout"
)

// OptOut is one event of the append-only list.
type OptOut struct {
	Phone      uint64
	Scope      optout.Scope
	Source     string // cli, import, api, inbound, carrier
	Reason     string // stop, complaint, manual …
	Actor      string
	Evidence   string // where it is written down: raw text, file and line, carrier code
	OccurredAt time.Time
}

// AddOptOuts records opt-outs and, in the same commit, suppresses the queued messages of every campaign to these
// numbers. It returns how many of the entries were not on the list before.
func (s *Store) AddOptOuts(ctx context.Context, events []OptOut) (added int, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		added = 0
		for part := range slices.Chunk(events, optOutRows) {
			n, err := tx.addOptOuts(part)
			if err != nil {
				return err
			}
			added += n
		}
		return nil
	}))
	return added, err
}

// optOutRows is how many entries of a long list go into one statement.
const optOutRows = 50

//nolint:gochecknoglobals // two constant statements
var (
	insertEvents = `INSERT INTO optout_events (phone, action, scope, source, reason, actor, evidence, occurred_at, recorded_at) VALUES ` +
		strings.TrimSuffix(strings.Repeat(`(?,'add',?,?,?,?,?,?,?),`, optOutRows), ",")
	insertOptOuts = `INSERT INTO optouts (phone, scope, event_id) VALUES ` +
		strings.TrimSuffix(strings.Repeat(`(?,?,?),`, optOutRows), ",") + ` ON CONFLICT DO NOTHING`
)

// addOptOuts adds some entries in two statements, or one by one if they are few.
func (tx *txn) addOptOuts(part []OptOut) (added int, err error) {
	if len(part) < optOutRows {
		for _, e := range part {
			isNew, err := tx.addOptOut(e)
			if err != nil {
				return added, err
			}
			if isNew {
				added++
			}
		}
		return added, nil
	}
	args := make([]any, 0, 8*optOutRows)
	for i := range part {
		e := &part[i]
		args = append(args, int64(e.Phone), string(e.Scope), e.Source, e.Reason, e.Actor, e.Evidence, tx.at(e.OccurredAt), tx.now)
	}
	last, err := tx.insert(insertEvents, args...)
	if err != nil {
		return 0, err
	}
	args = args[:0]
	phones := make([]int64, len(part))
	for i := range part {
		phones[i] = int64(part[i].Phone)
		args = append(args, phones[i], string(part[i].Scope), last-int64(len(part)-1-i))
	}
	n, err := tx.exec(insertOptOuts, args...)
	if err != nil || n == 0 {
		return 0, err
	}
	return int(n), tx.suppressAll(phones)
}

func (tx *txn) addOptOut(e OptOut) (isNew bool, err error) {
	id, err := tx.optOutEvent("add", e)
	if err != nil {
		return false, err
	}
	n, err := tx.exec(`INSERT INTO optouts (phone, scope, event_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, int64(e.Phone), string(e.Scope), id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.suppress(int64(e.Phone))
}

func (tx *txn) optOutEvent(action string, e OptOut) (int64, error) {
	return tx.insert(`INSERT INTO optout_events (phone, action, scope, source, reason, actor, evidence, occurred_at, recorded_at)
		VALUES (?,?,?,?,?,?,?,?,?)`, int64(e.Phone), action, string(e.Scope), e.Source, e.Reason, e.Actor, e.Evidence, tx.at(e.OccurredAt), tx.now)
}

// carrierOptOut believes a carrier that says that this person has told it to stop: the same holds for every carrier.
// It moves queued recipients, so it comes before the attempt's own is read.
func (tx *txn) carrierOptOut(a *attemptRow, code string) error {
	r, err := tx.recipient(a.recipient)
	if err != nil {
		return err
	}
	_, err = tx.addOptOut(OptOut{
		Phone: uint64(r.phone), Scope: optout.All, Source: "carrier", Reason: "stop", Actor: "carrier",
		Evidence: strings.TrimSpace(fmt.Sprintf("attempt %d %s", a.id, code)),
	})
	return err
}

// RemoveOptOut takes a number off the list for a scope, with a reason that stays in the events.
func (s *Store) RemoveOptOut(ctx context.Context, e OptOut) (removed bool, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		removed, err = tx.removeOptOut(e)
		return err
	}))
	return removed, err
}

func (tx *txn) removeOptOut(e OptOut) (removed bool, err error) {
	n, err := tx.exec(`DELETE FROM optouts WHERE phone = ? AND scope = ?`, int64(e.Phone), string(e.Scope))
	if err == nil && e.Source != "inbound" { // a START lifts what its sender has put there, and nobody knows who that is of a hash
		var hashed int64
		hashed, err = tx.removeHashes(int64(e.Phone), e.Scope)
		n += hashed
	}
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.optOutEvent("remove", e)
	return true, err
}

// OptedOut is a number on the list with the event that put it there.
type OptedOut struct {
	OptOut
	Event      int64
	RecordedAt time.Time
	HonouredAt time.Time // when it first kept a message from being sent; zero = never yet
	Hash       []byte    // of an entry without a number
	Kind       optout.HashKind
}

const optedOutQuery = `SELECT o.phone, o.scope, e.source, e.reason, e.actor, e.evidence, e.occurred_at, e.recorded_at, o.event_id, coalesce(o.honoured_at, 0)
	FROM optouts o JOIN optout_events e ON e.id = o.event_id `

// CheckOptOut returns the entries of a number; none means that it may be sent to.
func (s *Store) CheckOptOut(ctx context.Context, phone uint64) (out []OptedOut, err error) {
	err = s.eachOptOut(ctx, func(o OptedOut) error { out = append(out, o); return nil }, `WHERE o.phone = ? ORDER BY o.scope`, int64(phone))
	if err != nil {
		return nil, err
	}
	hashed, err := s.hashedEntries(ctx, phone)
	for _, h := range hashed {
		o := h.entry()
		o.Phone = phone
		out = append(out, o)
	}
	return out, err
}

// entry is a hashed opt-out as one of the list.
func (h *HashedOptOut) entry() OptedOut {
	return OptedOut{
		OptOut: OptOut{Scope: h.Scope, Source: "import", Reason: h.Reason, Actor: h.Actor, Evidence: h.Evidence, OccurredAt: h.OccurredAt},
		Hash:   h.Hash, Kind: h.Kind, RecordedAt: h.RecordedAt, HonouredAt: h.HonouredAt,
	}
}

// EachOptOut calls do for every entry of the list: by number, then the hashed ones.
func (s *Store) EachOptOut(ctx context.Context, do func(OptedOut) error) error {
	if err := s.eachOptOut(ctx, do, `WHERE o.phone > 0 ORDER BY o.phone, o.scope`); err != nil {
		return err
	}
	return s.EachHashedOptOut(ctx, func(h HashedOptOut) error { return do(h.entry()) }, nil)
}

func (s *Store) eachOptOut(ctx context.Context, do func(OptedOut) error, where string, args ...any) (err error) {
	rows, err := s.read.QueryContext(ctx, optedOutQuery+where, args...)
	if err != nil {
		return fmt.Errorf("reading the opt-out list: %w", explain(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var o OptedOut
		var at, recorded, honoured, phone int64
		if err := rows.Scan(&phone, &o.Scope, &o.Source, &o.Reason, &o.Actor, &o.Evidence, &at, &recorded, &o.Event, &honoured); err != nil {
			return err
		}
		o.Phone, o.OccurredAt, o.RecordedAt = uint64(phone), time.UnixMilli(at), time.UnixMilli(recorded)
		if honoured != 0 {
			o.HonouredAt = time.UnixMilli(honoured)
		}
		if err := do(o); err != nil {
			return err
		}
	}
	return rows.Err()
}

// CountOptOuts is the size of the list and the number of its last event: a plan pins both.
func (s *Store) CountOptOuts(ctx context.Context) (n, lastEvent int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM optouts WHERE phone > 0) + (SELECT count(*) FROM optout_hashes), (SELECT coalesce(max(id), 0) FROM optout_events)`).Scan(&n, &lastEvent)
	return n, lastEvent, err
}
