package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Wake is a campaign that nobody works on and that is to go on: at once, or when the moment comes for which the first of
// its recipients waits.
type Wake struct {
	Campaign int64
	Name     string
	At       time.Time
}

// Wakes lists the campaigns of a mode and profile that wait for a moment and that whoever works for all (serve) is to run:
// those that were left waiting, and those whose process died while sending. What a person has paused, stopped or not yet
// begun is not among them. The earliest is first.
func (s *Store) Wakes(ctx context.Context, mode campaign.Mode, profile string) (out []Wake, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT c.id, c.name,
		(SELECT min(r.not_before) FROM recipients r WHERE r.campaign_id = c.id AND r.state = 'queued' AND r.not_before > 0),
		c.state IN ('running', 'draining') FROM campaigns c WHERE c.mode = ? AND c.profile = ? AND c.desired = 'run' AND c.state IN ('waiting', 'scheduled', 'running', 'draining')
		AND (c.lease_token IS NULL OR c.lease_until <= ?) ORDER BY 3, 1`, string(mode), profile, s.now().UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("reading due campaigns: %w", explain(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var w Wake
		var at sql.NullInt64
		var died bool
		if err := rows.Scan(&w.Campaign, &w.Name, &at, &died); err != nil {
			return nil, err
		}
		if w.At = millis(at); died || !at.Valid {
			w.At = time.Time{}
		}
		out = append(out, w)
	}
	return out, rows.Err()
}
