package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

func pollKey(carrier string) string { return "polled:" + carrier }

// NotePoll keeps when a carrier was asked about all messages of which nothing final was known.
func (s *Store) NotePoll(ctx context.Context, carrier string, at time.Time) error {
	err := s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
			pollKey(carrier), strconv.FormatInt(at.UnixMilli(), 10))
		return err
	}))
	if err != nil {
		return fmt.Errorf("noting a poll: %w", err)
	}
	return nil
}

// LastPoll is when a carrier was asked last, zero if it never was.
func (s *Store) LastPoll(ctx context.Context, carrier string) (time.Time, error) {
	var text string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, pollKey(carrier)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when a carrier was polled: %w", explain(err))
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when a carrier was polled: %w", err)
	}
	return time.UnixMilli(ms), nil
}
