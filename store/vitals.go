package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/smsctl/smsctl/campaign"
)

// vitalsKey is where meta keeps what the process that sends a campaign has told last.
func vitalsKey(campaignID int64) string { return fmt.Sprintf("vitals:%d", campaignID) }

// publish keeps what the holder of a lease tells the screens of other processes. It is read by nobody else.
func (tx *txn) publish(campaignID int64, l *campaign.Vitals) error {
	if l == nil {
		return nil
	}
	doc, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`, vitalsKey(campaignID), string(doc))
	return err
}

// Vitals are what the process that sends a campaign, or did last, has told; nil if none ever has.
func (s *Store) Vitals(ctx context.Context, campaignID int64) (*campaign.Vitals, error) {
	var doc string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, vitalsKey(campaignID)).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is going on: %w", explain(err))
	}
	l := &campaign.Vitals{}
	if err := json.Unmarshal([]byte(doc), l); err != nil {
		return nil, fmt.Errorf("reading what is going on: %w", err)
	}
	return l, nil
}
