package store

import (
	"context"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Acquire takes a campaign's lease: it is free, or ran out, or gone says that its process is dead. Whoever gets it
// first turns what the former holder left in flight into ambiguous attempts: nobody will hear their answers.
// It returns how many those were.
func (s *Store) Acquire(ctx context.Context, campaignID int64, l campaign.Lease, gone func(campaign.Lease) bool) (left int64, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		left = 0
		d := row(5)
		found, err := tx.row(d, `SELECT lease_token, lease_host, lease_pid, lease_until, lease_at FROM campaigns WHERE id = ?`, campaignID)
		if err != nil {
			return err
		}
		if !found {
			return campaign.ErrNotFound
		}
		if d[0] != nil && integer(d[3]) > tx.now {
			holder := campaign.Lease{
				Token: text(d[0]), Host: text(d[1]), PID: int(integer(d[2])),
				Until: time.UnixMilli(integer(d[3])), At: time.UnixMilli(integer(d[4])),
			}
			if holder.Token != l.Token && (gone == nil || !gone(holder)) {
				return fmt.Errorf("%w: %s, pid %d, last seen %s", campaign.ErrLeased, holder.Host, holder.PID, holder.At.Format(time.TimeOnly))
			}
		}
		if left, err = tx.abandon(campaignID); err != nil {
			return err
		}
		if d[0] != nil { // its holder died before it could
			if err := tx.endOutages(campaignID, integer(d[4])); err != nil {
				return err
			}
		}
		_, err = tx.exec(`UPDATE campaigns SET lease_token = ?, lease_host = ?, lease_pid = ?, lease_at = ?, lease_until = ? WHERE id = ?`,
			l.Token, l.Host, int64(l.PID), tx.now, l.Until.UnixMilli(), campaignID)
		return err
	}))
	return left, err
}

// abandon makes ambiguous what was in flight. The recipients are few, at most the windows of the carriers, but they are
// found by a scan: an index of them would be paid for at every send. The rollups say when none is needed.
func (tx *txn) abandon(campaignID int64) (n int64, err error) {
	inFlight, err := tx.sendingAttempts(campaignID)
	if err != nil {
		return 0, err
	}
	for _, id := range inFlight {
		a, err := tx.attempt(id)
		if err != nil {
			return 0, err
		}
		r, err := tx.recipient(a.recipient)
		if err != nil {
			return 0, err
		}
		const reason = "the process ended before the answer"
		if err := tx.endAttempt(&a, r.country, campaign.AttemptAmbiguous, string(carriers.ClassAmbiguous), "", "", reason); err != nil {
			return 0, err
		}
		n++
		r.counted++
		to := r.state // delivered, when an earlier attempt was meanwhile
		if r.state == campaign.Sending {
			to, r.class, r.reason = campaign.Unknown, string(carriers.ClassAmbiguous), reason
		}
		if err := tx.move(&r, to); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// sendingAttempts lists the attempts of a campaign that are under way.
func (tx *txn) sendingAttempts(campaignID int64) (ids []int64, err error) {
	d := row(2)
	if _, err := tx.row(d, `SELECT (SELECT sum(n) FROM attempt_counts WHERE campaign_id = ?1 AND state = 'sending'),
		(SELECT sum(n) FROM recipient_counts WHERE campaign_id = ?1 AND state = 'sending')`, campaignID); err != nil {
		return nil, err
	}
	attempts, recipients := integer(d[0]), integer(d[1])
	if attempts == 0 {
		return nil, nil
	}
	query := `SELECT last_attempt, 0 FROM recipients WHERE id > ? AND id < ? AND state = 'sending'`
	if attempts != recipients { // some were delivered by an earlier attempt meanwhile
		query = `SELECT a.id, 0 FROM recipients r JOIN attempts a ON a.id = r.last_attempt WHERE r.id > ? AND r.id < ?
			AND r.state IN ('sending', 'delivered') AND a.state = 'sending'`
	}
	lo, hi := span(campaignID)
	err = tx.each(d, func() error {
		ids = append(ids, integer(d[0]))
		return nil
	}, query, lo, hi)
	return ids, err
}

// Heartbeat prolongs a lease and keeps how far its holder has come.
func (s *Store) Heartbeat(ctx context.Context, campaignID int64, token string, p campaign.Pulse) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err := tx.exec(`UPDATE campaigns SET lease_at = ?, lease_until = ?, active_ms = active_ms + ?,
			followed = max(followed, ?) WHERE id = ? AND lease_token = ?`,
			tx.now, p.Until.UnixMilli(), p.Active.Milliseconds(), p.Followed, campaignID, token)
		if err != nil {
			return err
		}
		if n == 0 {
			return campaign.ErrLeaseLost
		}
		if err := tx.outages(campaignID, p.Outages); err != nil {
			return err
		}
		return tx.publish(campaignID, p.Vitals)
	}))
}

// Release gives a lease back, with the status in which the campaign is left.
func (s *Store) Release(ctx context.Context, campaignID int64, token string, st campaign.Status, reason string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if err := tx.holds(campaignID, token); err != nil {
			return err
		}
		if collected, err := tx.collected(campaignID); err != nil {
			return err
		} else if collected > 0 && (st == campaign.Completed || st == campaign.Incomplete || st == campaign.Settling) {
			st, reason = campaign.Running, "" // orders came since the sums were read: whoever looks for work goes on
		}
		if st == campaign.Completed { // unless a message was released to be sent since the sums were read
			queued, err := tx.ids(`SELECT id FROM recipients WHERE campaign_id = ? AND state = 'queued' AND not_before > 0 LIMIT 1`, campaignID)
			if err != nil {
				return err
			}
			awaiting, err := tx.inState(campaignID, campaign.Awaiting)
			switch {
			case err != nil:
				return err
			case len(queued) > 0:
				st = campaign.Incomplete
			case awaiting > 0: // a receipt has just said that a refused message was taken
				st = campaign.Settling
			}
		}
		if err := tx.setStatus(campaignID, st, reason); err != nil {
			return err
		}
		if err := tx.endOutages(campaignID, tx.now); err != nil {
			return err
		}
		_, err := tx.exec(`UPDATE campaigns SET lease_token = NULL, lease_host = NULL, lease_pid = NULL, lease_at = NULL, lease_until = NULL
			WHERE id = ?`, campaignID)
		return err
	}))
}

// inState is how many recipients of a campaign are in a state, with what this transaction has not yet added to the sums.
func (tx *txn) inState(campaignID int64, st campaign.State) (n int64, err error) {
	d := row(1)
	if _, err := tx.row(d, `SELECT coalesce(sum(n), 0) FROM recipient_counts WHERE campaign_id = ? AND state = ?`, campaignID, string(st)); err != nil {
		return 0, err
	}
	n = integer(d[0])
	for c, a := range tx.tally.recipients {
		if c.campaign == campaignID && c.state == st {
			n += a.n
		}
	}
	return n, nil
}

// holds proves inside the transaction that the caller is still the one who may send. It is read once a transaction.
func (tx *txn) holds(campaignID int64, token string) error {
	held, ok := tx.leases[campaignID]
	if !ok {
		d := row(2)
		if _, err := tx.conn.row(d, `SELECT lease_token, lease_until FROM campaigns WHERE id = ?`, campaignID); err != nil {
			return err
		}
		// A lease that ran out but that nobody took is still ours: the row is the arbiter, not the clock.
		held = text(d[0])
		if tx.leases == nil {
			tx.leases = map[int64]string{}
		}
		tx.leases[campaignID] = held
	}
	if held != token {
		return campaign.ErrLeaseLost
	}
	return nil
}

// SetStatus moves the campaign under its lease.
func (s *Store) SetStatus(ctx context.Context, campaignID int64, token string, st campaign.Status, reason string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if err := tx.holds(campaignID, token); err != nil {
			return err
		}
		return tx.setStatus(campaignID, st, reason)
	}))
}

func (tx *txn) setStatus(campaignID int64, st campaign.Status, reason string) error {
	_, err := tx.exec(`UPDATE campaigns SET state = ?1, reason = ?2,
		started_at  = CASE WHEN ?1 = 'running' THEN coalesce(started_at, ?3) ELSE started_at END,
		finished_at = CASE WHEN ?1 IN ('settling', 'completed', 'incomplete', 'cancelled') THEN coalesce(finished_at, ?3)
		                   WHEN ?1 = 'running' THEN NULL ELSE finished_at END,
		settled_at  = CASE WHEN ?1 IN ('completed', 'incomplete', 'cancelled') THEN coalesce(settled_at, ?3)
		                   WHEN ?1 = 'running' THEN NULL ELSE settled_at END
		WHERE id = ?4`, string(st), reason, tx.now, campaignID)
	return err
}

// SetCeiling changes what a campaign may cost.
func (s *Store) SetCeiling(ctx context.Context, campaignID int64, p carriers.Price) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.exec(`UPDATE campaigns SET ceiling = ? WHERE id = ?`, int64(p), campaignID)
		return err
	}))
}

// SetValidUntil fixes when the validity of a campaign's messages ends: at its first run, and when it is retried.
func (s *Store) SetValidUntil(ctx context.Context, campaignID int64, until time.Time) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.exec(`UPDATE campaigns SET valid_until = ? WHERE id = ?`, until.UnixMilli(), campaignID)
		return err
	}))
}

// Wish writes what a person wants of a campaign; whoever holds its lease obeys within a quarter of a second.
func (s *Store) Wish(ctx context.Context, campaignID int64, w Wish) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if w.Desired != "" {
			if _, err := tx.exec(`UPDATE campaigns SET desired = ?, reason = CASE WHEN ? = 'pause' THEN ? ELSE reason END WHERE id = ?`,
				string(w.Desired), string(w.Desired), w.Detail, campaignID); err != nil {
				return err
			}
		}
		if w.SetRate {
			if _, err := tx.exec(`UPDATE campaigns SET rate_cap = ? WHERE id = ?`, w.Rate, campaignID); err != nil {
				return err
			}
		}
		if w.CarrierCaps != nil {
			if _, err := tx.exec(`UPDATE campaigns SET carrier_caps = ? WHERE id = ?`, encode(w.CarrierCaps, "{}"), campaignID); err != nil {
				return err
			}
		}
		return tx.control(campaignID, w.Actor, w.Action, w.Detail)
	}))
}

// Wish is a change of a campaign's desired state, with who wished it.
type Wish struct {
	Actor, Action, Detail string
	Desired               campaign.Desired   // "" leaves it
	SetRate               bool               // whether Rate is meant
	Rate                  *float64           // nil lifts the cap
	CarrierCaps           map[string]float64 // nil leaves them
}
