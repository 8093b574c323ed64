package store

import (
	"context"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// overQuota counts the segments of an attempt for the day of its sender, unless that would go over its cap. One statement in
// the transaction that begins the attempt: no two processes can both take the last of a day.
func (o *begin) overQuota(tx *txn, r *recipientRow) (bool, error) {
	q := o.b.Quota
	if q == nil {
		return false, nil
	}
	if r.segments > q.Segments {
		return true, nil
	}
	n, err := tx.conn.exec(`INSERT INTO sender_days (sender, day, segments) VALUES (?1, ?2, ?3)
		ON CONFLICT DO UPDATE SET segments = segments + ?3 WHERE segments + ?3 <= ?4`,
		q.Sender, q.Day(time.UnixMilli(tx.now)), r.segments, q.Segments)
	return n == 0, err
}

// giveBack takes the segments of a refused attempt off the day in which it began. An attempt whose outcome is not known
// keeps them: it may have been sent.
func (tx *txn) giveBack(q *campaign.Quota, a *attemptRow) error {
	if q == nil {
		return nil
	}
	_, err := tx.conn.exec(`UPDATE sender_days SET segments = segments - ? WHERE sender = ? AND day = ?`,
		a.segments, q.Sender, q.Day(time.UnixMilli(a.begunAt)))
	return err
}

// SenderDay is how many segments a sender has sent in the present day of its cap.
func (s *Store) SenderDay(ctx context.Context, q *campaign.Quota) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(sum(segments), 0) FROM sender_days WHERE sender = ? AND day = ?`,
		q.Sender, q.Day(s.now())).Scan(&n)
	if err != nil {
		err = fmt.Errorf("reading what a sender has sent: %w", explain(err))
	}
	return n, err
}
