package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Group is the recipients of a campaign in one state who share a class of errors.
type Group struct {
	State    campaign.State
	Class    carriers.Class
	N        int64
	Segments int64
}

// Groups lists what became of the recipients, by state and class, from the rollup.
func (s *Store) Groups(ctx context.Context, campaignID int64) (out []Group, err error) {
	var g Group
	err = eachRow(ctx, s.read, []any{&g.State, &g.Class, &g.N, &g.Segments}, func() error {
		if g.N > 0 {
			out = append(out, g)
		}
		return nil
	}, `SELECT state, class, sum(n), sum(segments) FROM recipient_counts WHERE campaign_id = ? GROUP BY state, class`, campaignID)
	return out, err
}

// Retry queues recipients again by a person's word: those in one of the groups. Their attempts so far stay on record,
// but max_attempts counts anew. It returns how many there were.
func (s *Store) Retry(ctx context.Context, campaignID int64, lease, actor string, groups []Group) (n int64, err error) {
	lo, hi := span(campaignID)
	for {
		ids, last, err := s.groupIDs(ctx, lo, hi, groups)
		if err != nil {
			return n, err
		}
		if last == 0 {
			return n, s.w.do(ctx, opFunc(func(tx *txn) error { return tx.control(campaignID, actor, "retry", fmt.Sprintf("%d recipients", n)) }))
		}
		if err := s.requeueAll(ctx, campaignID, lease, ids); err != nil {
			return n, err
		}
		n, lo = n+int64(len(ids)), last
	}
}

func (s *Store) requeueAll(ctx context.Context, campaignID int64, lease string, ids []int64) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if err := tx.holds(campaignID, lease); err != nil {
			return err
		}
		for _, id := range ids {
			r, err := tx.recipient(id)
			if err != nil {
				return err
			}
			if !r.state.Retryable() && r.state != campaign.Unknown {
				continue // a receipt was faster
			}
			r.counted, r.notBefore, r.reason = 0, 1, "retried"
			if err := tx.put(&r, campaign.Queued); err != nil {
				return err
			}
		}
		return nil
	}))
}

// groupIDs reads a page of recipients and keeps those of the groups; last 0 is the end.
func (s *Store) groupIDs(ctx context.Context, lo, hi int64, groups []Group) (ids []int64, last int64, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, state, class FROM recipients WHERE id > ? AND id < ? AND phone > 0
		AND state IN ('failed', 'expired', 'undelivered', 'unknown') ORDER BY id LIMIT 2000`, lo, hi)
	if err != nil {
		return nil, 0, fmt.Errorf("reading recipients: %w", explain(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var g Group
		if err := rows.Scan(&last, &g.State, &g.Class); err != nil {
			return nil, 0, err
		}
		for _, want := range groups {
			if want.State == g.State && want.Class == g.Class {
				ids = append(ids, last)
				break
			}
		}
	}
	return ids, last, rows.Err()
}
