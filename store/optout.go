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
// numbers. It returns how many of the numbers were not on the list before.
func (s *Store) AddOptOuts(ctx context.Context, events []OptOut) (added int, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		added = 0
		for _, e := range events {
			isNew, err := tx.addOptOut(e)
			if err != nil {
				return err
			}
			if isNew {
				added++
			}
		}
		return nil
	}))
	return added, err
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
	at := tx.now
	if !e.OccurredAt.IsZero() {
		at = e.OccurredAt.UnixMilli()
	}
	return tx.insert(`INSERT INTO optout_events (phone, action, scope, source, reason, actor, evidence, occurred_at, recorded_at)
		VALUES (?,?,?,?,?,?,?,?,?)`, int64(e.Phone), action, string(e.Scope), e.Source, e.Reason, e.Actor, e.Evidence, at, tx.now)
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
}

const optedOutQuery = `SELECT o.phone, o.scope, e.source, e.reason, e.actor, e.evidence, e.occurred_at, e.recorded_at, o.event_id, coalesce(o.honoured_at, 0)
	FROM optouts o JOIN optout_events e ON e.id = o.event_id `

// CheckOptOut returns the entries of a number; none means that it may be sent to.
func (s *Store) CheckOptOut(ctx context.Context, phone uint64) (out []OptedOut, err error) {
	err = s.eachOptOut(ctx, func(o OptedOut) error { out = append(out, o); return nil }, `WHERE o.phone = ? ORDER BY o.scope`, int64(phone))
	return out, err
}

// EachOptOut calls do for every entry of the list, by number.
func (s *Store) EachOptOut(ctx context.Context, do func(OptedOut) error) error {
	return s.eachOptOut(ctx, do, `ORDER BY o.phone, o.scope`)
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
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM optouts), (SELECT coalesce(max(id), 0) FROM optout_events)`).Scan(&n, &lastEvent)
	return n, lastEvent, err
}

// OptOutSet is the opt-out list as intake asks it: a million numbers are eight megabytes, and a look-up costs less than
// a statement by far. Begin asks the database itself.
type OptOutSet []uint64

// OptOuts loads the numbers to which a message must not go. A number whose reply waits for review is not among them: it
// is held in the moment of sending, and may be released before.
func (s *Store) OptOuts(ctx context.Context, t optout.Target) (set OptOutSet, err error) {
	scopes := t.Scopes()
	args := make([]any, len(scopes))
	for i, scope := range scopes {
		args[i] = string(scope)
	}
	where := `scope COLLATE NOCASE IN (?` + strings.Repeat(",?", len(args)-1) + `)`
	if t.AnyBrand() {
		where += ` OR scope LIKE 'brand:%'`
	}
	var phone int64
	err = eachRow(ctx, s.read, []any{&phone}, func() error { set = append(set, uint64(phone)); return nil },
		`SELECT DISTINCT phone FROM optouts WHERE `+where+` ORDER BY phone`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the opt-out list: %w", explain(err))
	}
	return set, nil
}

// Has says whether a number is in the set.
func (s OptOutSet) Has(phone uint64) bool {
	_, found := slices.BinarySearch(s, phone)
	return found
}
