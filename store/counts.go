package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Counts reads the numbers of a campaign from the rollups, all of one moment.
func (s *Store) Counts(ctx context.Context, campaignID int64) (c campaign.Counts, err error) {
	err = s.snapshot(ctx, func(tx *sql.Tx) error {
		c, err = counts(ctx, tx, campaignID)
		return err
	})
	return c, err
}

// snapshot runs several reads on one moment of the database.
func (s *Store) snapshot(ctx context.Context, do func(tx *sql.Tx) error) (err error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("reading: %w", explain(err))
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	if err := do(tx); err != nil {
		return fmt.Errorf("reading: %w", explain(err))
	}
	return nil
}

// querier is a *sql.DB or a *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// eachRow scans every row of a query and hands it on.
func eachRow(ctx context.Context, q querier, dest []any, do func() error, query string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := do(); err != nil {
			return err
		}
	}
	return rows.Err()
}

func counts(ctx context.Context, q querier, campaignID int64) (c campaign.Counts, err error) {
	err = q.QueryRowContext(ctx, `SELECT rows, invalid, duplicate, opted_out FROM campaigns WHERE id = ?`, campaignID).
		Scan(&c.Rows, &c.Invalid, &c.Duplicate, &c.OptedOut)
	if errors.Is(err, sql.ErrNoRows) {
		return c, campaign.ErrNotFound
	}
	if err != nil {
		return c, err
	}
	var n, segments int64
	var state, class, name string
	if err := eachRow(ctx, q, []any{&state, &class, &n, &segments}, func() error {
		c.Eligible += n
		c.Segments += segments
		c.Add(campaign.State(state), n)
		if campaign.State(state) == campaign.Expired || campaign.State(state) == campaign.Failed && carriers.Class(class).Traits().Actionable {
			c.FailedActionable += n
		}
		return nil
	}, `SELECT state, class, sum(n), sum(segments) FROM recipient_counts WHERE campaign_id = ? GROUP BY state, class`, campaignID); err != nil {
		return c, err
	}
	if err := eachRow(ctx, q, []any{&state, &n}, func() error {
		c.Attempts += n
		switch campaign.AttemptState(state) {
		case campaign.AttemptAccepted:
			c.AcceptedAttempts += n
		case campaign.AttemptRefused:
			c.RefusedAttempts += n
		case campaign.AttemptAmbiguous:
			c.AmbiguousAttempts += n
		case campaign.AttemptSending:
			c.SendingAttempts += n
		}
		return nil
	}, `SELECT state, sum(n) FROM attempt_counts WHERE campaign_id = ? GROUP BY state`, campaignID); err != nil {
		return c, err
	}
	return c, eachRow(ctx, q, []any{&name, &n}, func() error {
		switch name {
		case "possible_duplicates":
			c.PossibleDuplicates = n
		case "failed_over":
			c.FailedOver = n
		case "rescued":
			c.Rescued = n
		}
		return nil
	}, `SELECT name, n FROM counters WHERE campaign_id = ?`, campaignID)
}

// Spent is what the attempts of a campaign cost so far: those in flight and the ambiguous ones count as billed.
func (s *Store) Spent(ctx context.Context, campaignID int64) (p carriers.Price, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(sum(cost), 0) FROM attempt_counts WHERE campaign_id = ?`, campaignID).Scan(&p)
	return p, err
}

// Sharers are the campaigns that are sent with this database at the moment.
func (s *Store) Sharers(ctx context.Context) (all []campaign.Sharer, err error) {
	var o campaign.Sharer
	err = eachRow(ctx, s.read, []any{&o.Campaign, &o.Type, &o.Queued, &o.Divisor}, func() error {
		all = append(all, o)
		return nil
	}, `SELECT id, type, EXISTS (SELECT 1 FROM recipient_counts r WHERE r.campaign_id = c.id AND r.state = 'queued' AND n > 0),
			coalesce((SELECT value ->> '$.share' FROM meta WHERE key = 'vitals:' || c.id), 0)
		FROM campaigns c WHERE lease_until > ? AND state IN ('running', 'draining')`, s.now().UnixMilli())
	if err != nil {
		err = fmt.Errorf("reading who else sends: %w", explain(err))
	}
	return all, err
}
