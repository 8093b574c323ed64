package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// ScopeAll is the scope of an opt-out from everything.
const ScopeAll = "all"

// ScopeSender is the scope of an opt-out from one sender's messages.
func ScopeSender(sender string) string { return "sender:" + sender }

// OptOut is one event of the append-only list.
type OptOut struct {
	Phone      uint64
	Scope      string // ScopeAll or ScopeSender(…)
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
	n, err := tx.exec(`INSERT INTO optouts (phone, scope, event_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, int64(e.Phone), e.Scope, id)
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
		VALUES (?,?,?,?,?,?,?,?,?)`, int64(e.Phone), action, e.Scope, e.Source, e.Reason, e.Actor, e.Evidence, at, tx.now)
}

// suppress takes a number out of the queue of every campaign that may still send to it.
func (tx *txn) suppress(phone int64) error {
	var campaigns []int64
	d := row(1)
	if err := tx.each(d, func() error {
		campaigns = append(campaigns, integer(d[0]))
		return nil
	}, `SELECT id FROM campaigns WHERE state NOT IN ('completed', 'cancelled')`); err != nil {
		return err
	}
	for _, c := range campaigns {
		found, err := tx.row(d, `SELECT id FROM recipients WHERE campaign_id = ? AND phone = ? AND state = 'queued'`, c, phone)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if blocked, err := tx.optedOut(phone, c); err != nil || blocked == 0 {
			if err != nil {
				return err
			}
			continue
		}
		r, err := tx.recipient(integer(d[0]))
		if err != nil {
			return err
		}
		r.reason, r.notBefore = "opted out", 0
		if err := tx.move(&r, r.sums().Rest(campaign.Suppressed)); err != nil {
			return err
		}
	}
	return nil
}

// optedOut returns the event that forbids sending this campaign's messages to a number, 0 if there is none.
func (tx *txn) optedOut(phone, campaignID int64) (event int64, err error) {
	if any, err := tx.anyOptOuts(); err != nil || !any {
		return 0, err
	}
	sender, err := tx.senderOf(campaignID)
	if err != nil {
		return 0, err
	}
	d := row(2)
	err = tx.conn.each(d, func() error {
		if scope := text(d[0]); scope == ScopeAll || scope == ScopeSender(sender) {
			event = integer(d[1])
		}
		return nil
	}, `SELECT scope, event_id FROM optouts WHERE phone = ?`, phone)
	return event, err
}

// anyOptOuts spares the question about each number where the list is empty.
func (tx *txn) anyOptOuts() (bool, error) {
	if tx.cache.optOuts == notAsked {
		d := row(1)
		found, err := tx.conn.row(d, `SELECT 1 FROM optouts LIMIT 1`)
		if err != nil {
			return false, err
		}
		tx.cache.optOuts = no
		if found {
			tx.cache.optOuts = yes
		}
	}
	return tx.cache.optOuts == yes, nil
}

func (tx *txn) senderOf(campaignID int64) (string, error) {
	if s, ok := tx.cache.senders[campaignID]; ok {
		return s, nil
	}
	d := row(1)
	if _, err := tx.conn.row(d, `SELECT sender FROM campaigns WHERE id = ?`, campaignID); err != nil {
		return "", err
	}
	if tx.cache.senders == nil {
		tx.cache.senders = map[int64]string{}
	}
	tx.cache.senders[campaignID] = text(d[0])
	return text(d[0]), nil
}

// carrierOptOut believes a carrier that says that this person has told it to stop: the same holds for every carrier.
// It moves queued recipients, so it comes before the attempt's own is read.
func (tx *txn) carrierOptOut(a *attemptRow) error {
	r, err := tx.recipient(a.recipient)
	if err != nil {
		return err
	}
	_, err = tx.addOptOut(OptOut{
		Phone: uint64(r.phone), Scope: ScopeAll, Source: "carrier", Reason: "stop", Actor: "carrier",
		Evidence: fmt.Sprintf("attempt %d", a.id),
	})
	return err
}

// RemoveOptOut takes a number off the list for a scope, with a reason that stays in the events.
func (s *Store) RemoveOptOut(ctx context.Context, e OptOut) (removed bool, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err := tx.exec(`DELETE FROM optouts WHERE phone = ? AND scope = ?`, int64(e.Phone), e.Scope)
		if err != nil || n == 0 {
			removed = false
			return err
		}
		removed = true
		_, err = tx.optOutEvent("remove", e)
		return err
	}))
	return removed, err
}

// OptedOut is a number on the list with the event that put it there.
type OptedOut struct {
	OptOut
	RecordedAt time.Time
}

const optedOutQuery = `SELECT o.phone, o.scope, e.source, e.reason, e.actor, e.evidence, e.occurred_at, e.recorded_at
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
		var at, recorded, phone int64
		if err := rows.Scan(&phone, &o.Scope, &o.Source, &o.Reason, &o.Actor, &o.Evidence, &at, &recorded); err != nil {
			return err
		}
		o.Phone, o.OccurredAt, o.RecordedAt = uint64(phone), time.UnixMilli(at), time.UnixMilli(recorded)
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

// OptOuts loads the numbers to which nothing from this sender may go.
func (s *Store) OptOuts(ctx context.Context, sender string) (set OptOutSet, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT DISTINCT phone FROM optouts WHERE scope IN ('all', ?) ORDER BY phone`, ScopeSender(sender))
	if err != nil {
		return nil, fmt.Errorf("reading the opt-out list: %w", explain(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var phone int64
		if err := rows.Scan(&phone); err != nil {
			return nil, err
		}
		set = append(set, uint64(phone))
	}
	return set, rows.Err()
}

// Has says whether a number is in the set.
func (s OptOutSet) Has(phone uint64) bool {
	_, found := slices.BinarySearch(s, phone)
	return found
}
