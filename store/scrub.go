package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Scrub brings the file to a state in which nothing is left of what was deleted or overwritten: neither in free pages nor
// in the log. ErrLocked says that somebody else is at work on the database: it stays owed.
func (s *Store) Scrub(ctx context.Context) (err error) {
	if err := s.w.do(ctx, opFunc(func(*txn) error { return nil })); err != nil { // what is under way is written first
		return err
	}
	debt, err := s.debt(ctx)
	if err != nil {
		return err
	}
	if err := vacuum(ctx, dsn(s.path, s.o, 8<<10)); err != nil || debt == "" {
		return err
	}
	return s.w.do(ctx, opFunc(func(tx *txn) error { // what was taken out meanwhile has made a debt of its own
		_, err := tx.exec(`DELETE FROM meta WHERE key = ? AND value = ?`, scrubKey, debt)
		return err
	}))
}

// scrubKey is where meta keeps that something was taken out which may still be in unused parts of the file.
const scrubKey = "scrub_owed"

// owe notes it, in the transaction that takes something out.
func (tx *txn) owe() error {
	_, err := tx.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`, scrubKey, randomID())
	return err
}

func (s *Store) debt(ctx context.Context) (value string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, scrubKey).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("asking whether the file is to be rewritten: %w", explain(err))
	}
	return value, nil
}

// Busy says that some process sends a campaign: nobody should rewrite the file in its way.
func (s *Store) Busy(ctx context.Context) (busy bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM campaigns WHERE lease_token IS NOT NULL AND lease_until > ?)`, s.now().UnixMilli()).Scan(&busy)
	if err != nil {
		return false, fmt.Errorf("asking whether a campaign is being sent: %w", explain(err))
	}
	return busy, nil
}

// OwesScrub says that people or campaigns were taken out and the file was not rewritten since: somebody was at work on it, or
// the program that did so has died.
func (s *Store) OwesScrub(ctx context.Context) (bool, error) {
	debt, err := s.debt(ctx)
	return debt != "", err
}

func vacuum(ctx context.Context, dsn string) (err error) {
	db, err := openPlain(dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, q := range []string{`PRAGMA secure_delete = ON`, `VACUUM`} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("scrubbing the database: %w", explain(err))
		}
	}
	var busy, log, done int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done); err != nil {
		return fmt.Errorf("emptying the log: %w", explain(err))
	}
	if busy != 0 {
		return fmt.Errorf("emptying the log: %w", ErrLocked)
	}
	return nil
}
