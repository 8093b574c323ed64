package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

const dueColumns = `SELECT r.id, r.phone, r.country, r.ucs2, r.segments, r.counted, r.accepted, r.open, r.overdue, coalesce(r.last_attempt, 0), c.text,
	r.scheduled, r.zone FROM recipients r JOIN contents c ON c.recipient_id = r.id `

// Extent is the first and the last recipient of a campaign, 0 if it has none.
func (s *Store) Extent(ctx context.Context, campaignID int64) (first, last int64, err error) {
	lo, hi := span(campaignID)
	d := row(2)
	if err := s.run.each(ctx, d, func() error { first, last = integer(d[0]), integer(d[1]); return nil },
		`SELECT (SELECT min(id) FROM recipients WHERE id > ?1 AND id < ?2), (SELECT max(id) FROM recipients WHERE id > ?1 AND id < ?2)`, lo, hi); err != nil {
		return 0, 0, fmt.Errorf("reading due recipients: %w", explain(err))
	}
	return first, last, nil
}

// Fresh reads the recipients after the id `after`, up to and with `until` unless that is 0, that were never tried, in the
// order of their ids.
func (s *Store) Fresh(ctx context.Context, campaignID, after, until int64, limit int) ([]campaign.Due, error) {
	lo, hi := span(campaignID)
	if until > 0 {
		hi = min(hi, until+1)
	}
	return s.due(ctx, dueColumns+`WHERE r.id > ? AND r.id < ? AND r.state = 'queued' AND r.not_before = 0 ORDER BY r.id LIMIT ?`,
		max(lo, after), hi, limit)
}

// Again reads the recipients whose next attempt is due.
func (s *Store) Again(ctx context.Context, campaignID int64, now time.Time, limit int) ([]campaign.Due, error) {
	return s.due(ctx, dueColumns+`WHERE r.campaign_id = ? AND r.state = 'queued' AND r.not_before > 0 AND r.not_before <= ?
		ORDER BY r.not_before LIMIT ?`, campaignID, now.UnixMilli(), limit)
}

// NextDue is the moment for which the next of the recipients waits that wait for one.
func (s *Store) NextDue(ctx context.Context, campaignID int64) (at time.Time, ok bool, err error) {
	var next sql.NullInt64
	if err := s.read.QueryRowContext(ctx, `SELECT min(not_before) FROM recipients WHERE campaign_id = ? AND state = 'queued' AND not_before > 0`,
		campaignID).Scan(&next); err != nil {
		return time.Time{}, false, fmt.Errorf("reading due recipients: %w", explain(err))
	}
	return millis(next), next.Valid, nil
}

// when is a time that was stored; 0 is none.
func when(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// One reads a single queued recipient.
func (s *Store) One(ctx context.Context, id int64) (campaign.Due, error) {
	out, err := s.due(ctx, dueColumns+`WHERE r.id = ? AND r.state = 'queued'`, id)
	if err == nil && len(out) == 0 {
		err = campaign.ErrNotDue
	}
	if err != nil {
		return campaign.Due{}, err
	}
	return out[0], nil
}

func (s *Store) due(ctx context.Context, query string, args ...any) (out []campaign.Due, err error) {
	var last []int64
	d := row(13)
	if err := s.run.each(ctx, d, func() error {
		out = append(out, campaign.Due{
			ID: integer(d[0]), To: "+" + strconv.FormatInt(integer(d[1]), 10), Country: text(d[2]), UCS2: integer(d[3]) == 1,
			Segments: int(integer(d[4])), Counted: int(integer(d[5])), Text: text(d[10]), Scheduled: when(integer(d[11])), Zone: text(d[12]),
			Tries: campaign.Tries{Accepted: int(integer(d[6])), Open: int(integer(d[7])), Overdue: int(integer(d[8]))},
		})
		last = append(last, integer(d[9]))
		return nil
	}, query, args...); err != nil {
		return nil, fmt.Errorf("reading due recipients: %w", explain(err))
	}
	for i, attempt := range last {
		if out[i].Tried, err = s.tried(ctx, attempt); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tried walks a message's attempts back and names their carriers, oldest first.
func (s *Store) tried(ctx context.Context, attempt int64) (names []string, err error) {
	for attempt != 0 {
		var carrier int64
		err := s.read.QueryRowContext(ctx, `SELECT carrier_id, coalesce(previous, 0) FROM attempts WHERE id = ?`, attempt).Scan(&carrier, &attempt)
		if err != nil {
			return nil, fmt.Errorf("reading attempts: %w", explain(err))
		}
		name, err := s.carrierName(ctx, carrier)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Reverse(names)
	return names, nil
}

func (s *Store) carrierName(ctx context.Context, id int64) (string, error) {
	if name := s.names.of(id); name != "" {
		return name, nil
	}
	var name string
	if err := s.read.QueryRowContext(ctx, `SELECT name FROM carriers WHERE id = ?`, id).Scan(&name); err != nil {
		return "", fmt.Errorf("reading carriers: %w", explain(err))
	}
	s.names.put(name, id)
	return name, nil
}

// openColumns are what scanOpen reads; openState is what makes an attempt's fate unknown.
const (
	openColumns = `SELECT r.id, a.id, a.carrier_id, a.state, a.begun_at, a.carrier_message_id, r.phone, p.sender, c.text,
		r.country, r.state, a.id = r.last_attempt, r.counted, r.accepted, r.open, r.overdue, r.scheduled `
	openState   = `a.overdue = 0 AND (a.state IN ('ambiguous', 'sending') OR ` + silentState + `)`
	silentState = `a.state = 'accepted' AND a.receipt NOT IN ('delivered', 'undelivered', 'expired', 'failed', 'rejected', 'cancelled')`
)

// OpenAttempts reads the attempts of a campaign whose fate is not known, of the recipients after `after`, for whoever
// takes the campaign over: it must watch their receipts' deadlines and ask about the ambiguous ones. It returns the last
// recipient that it has looked at: `after` when there are no more.
func (s *Store) OpenAttempts(ctx context.Context, campaignID, after int64, limit int) (out []campaign.Open, last int64, err error) {
	return s.attemptsOf(ctx, campaignID, after, limit, `'awaiting', 'unknown'`, openState)
}

// SilentAttempts reads in the same way those that a carrier took and of which no final receipt has come, be it overdue.
func (s *Store) SilentAttempts(ctx context.Context, campaignID, after int64, limit int) (out []campaign.Open, last int64, err error) {
	return s.attemptsOf(ctx, campaignID, after, limit, `'awaiting', 'no_receipt'`, silentState)
}

func (s *Store) attemptsOf(ctx context.Context, campaignID, after int64, limit int, states, which string) (out []campaign.Open, last int64, err error) {
	lo, hi := span(campaignID)
	lo, last = max(lo, after), after
	page := `SELECT id, last_attempt FROM recipients WHERE id > ? AND id < ? AND state IN (` + states + `) ORDER BY id LIMIT ?`
	if err := s.read.QueryRowContext(ctx, `SELECT coalesce(max(id), ?) FROM (`+page+`)`, after, lo, hi, limit).Scan(&last); err != nil || last == after {
		return nil, after, openError(err)
	}
	// A message's attempts are a chain. Those before the last may be open too: it went on in doubt, or without a receipt.
	rows, err := s.read.QueryContext(ctx, `WITH RECURSIVE chain (recipient, attempt) AS (
		SELECT id, last_attempt FROM recipients WHERE id > ? AND id <= ? AND state IN (`+states+`)
		UNION ALL SELECT chain.recipient, b.previous FROM chain JOIN attempts b ON b.id = chain.attempt WHERE b.previous IS NOT NULL)
		`+openColumns+`FROM chain JOIN attempts a ON a.id = chain.attempt JOIN recipients r ON r.id = chain.recipient
		JOIN contents c ON c.recipient_id = r.id JOIN campaigns p ON p.id = r.campaign_id WHERE `+which+` ORDER BY a.id`, lo, last)
	if err != nil {
		return nil, after, openError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		o, err := s.scanOpen(ctx, rows)
		if err != nil {
			return nil, after, err
		}
		out = append(out, o)
	}
	return out, last, openError(rows.Err())
}

// OpenAttempt reads one attempt, which may not have ended yet; campaign.ErrNotDue says that its fate is known by now.
func (s *Store) OpenAttempt(ctx context.Context, id int64) (campaign.Open, error) {
	o, err := s.scanOpen(ctx, s.read.QueryRowContext(ctx, openColumns+`FROM attempts a JOIN recipients r ON r.id = a.recipient_id
		JOIN contents c ON c.recipient_id = r.id JOIN campaigns p ON p.id = r.campaign_id WHERE a.id = ? AND `+openState, id))
	if errors.Is(err, sql.ErrNoRows) {
		return campaign.Open{}, campaign.ErrNotDue
	}
	return o, err
}

func openError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reading open attempts: %w", explain(err))
}

func (s *Store) scanOpen(ctx context.Context, r scanner) (o campaign.Open, err error) {
	var carrier, begun, phone, scheduled int64
	if err := r.Scan(&o.Recipient, &o.Attempt, &carrier, &o.State, &begun, &o.Submitted.ID, &phone, &o.Submitted.From, &o.Submitted.Text,
		&o.Country, &o.Now, &o.Last, &o.Counted, &o.Tries.Accepted, &o.Tries.Open, &o.Tries.Overdue, &scheduled); err != nil {
		return o, err
	}
	o.BegunAt, o.Scheduled = time.UnixMilli(begun), when(scheduled)
	o.Submitted.Ref, o.Submitted.To, o.Submitted.At = s.ref(o.Attempt), e164(phone), o.BegunAt
	o.Carrier, err = s.carrierName(ctx, carrier)
	return o, err
}

// Overdue notes that an accepted attempt's receipt has not come in time, and makes of its recipient what was decided:
// queued for another attempt, or no_receipt. campaign.ErrNotDue says that a receipt came after all.
func (s *Store) Overdue(ctx context.Context, lease string, attempt int64, again bool, reason string, at time.Time) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		a, err := tx.attempt(attempt)
		if err != nil {
			return err
		}
		if err := tx.holds(campaignOf(a.recipient), lease); err != nil {
			return err
		}
		r, err := tx.recipient(a.recipient)
		if err != nil {
			return err
		}
		if a.state != campaign.AttemptAccepted || carriers.ReceiptState(a.receipt).Final() || a.overdue == 1 {
			return campaign.ErrNotDue
		}
		if err := tx.setOverdue(attempt); err != nil {
			return err
		}
		r.overdue++
		switch {
		case r.state != campaign.Awaiting:
			return tx.put(&r, r.state)
		case again && r.lastAttempt == a.id:
			r.reason, r.notBefore = reason, max(at.UnixMilli(), 1)
			return tx.move(&r, campaign.Queued)
		}
		r.reason = reason
		return tx.move(&r, r.sums().Rest(r.state))
	}))
}

// Resolve ends an ambiguous attempt by what a lookup proved or a policy decided, through the same code as an answer.
// campaign.ErrAnother says that the lookup has found what another attempt of the recipient has sent.
func (s *Store) Resolve(ctx context.Context, lease string, o campaign.Outcome) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if err := tx.holds(campaignOf(o.Recipient), lease); err != nil {
			return err
		}
		a, err := tx.attempt(o.Attempt)
		if err != nil {
			return err
		}
		if a.state != campaign.AttemptAmbiguous {
			return campaign.ErrNotDue
		}
		if err := tx.unclaimed(&a, o.Result.ID); err != nil {
			return err
		}
		return (&record{s: s, o: o}).apply(tx)
	}))
}

// unclaimed makes sure that no other attempt of the recipient is known by the carrier's id: a carrier that is searched by
// number and text finds all copies.
func (tx *txn) unclaimed(a *attemptRow, id string) error {
	if id == "" {
		return nil
	}
	r, err := tx.recipient(a.recipient)
	if err != nil {
		return err
	}
	for next := r.lastAttempt; next != 0; {
		other, err := tx.attempt(next)
		switch {
		case err != nil:
			return err
		case other.id != a.id && other.carrier == a.carrier && other.messageID == id:
			return campaign.ErrAnother
		}
		next = other.previous
	}
	return nil
}

// Phones is the set of a campaign's numbers.
func (s *Store) Phones(ctx context.Context, campaignID int64) (map[uint64]bool, error) {
	set := map[uint64]bool{}
	lo, hi := span(campaignID)
	var phone int64
	err := eachRow(ctx, s.read, []any{&phone}, func() error { set[uint64(phone)] = true; return nil },
		`SELECT phone FROM recipients WHERE id > ? AND id < ?`, lo, hi)
	return set, err
}
