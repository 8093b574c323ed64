package store

import (
	"context"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// capped holds a queued recipient whose person has had as many messages as the campaign's caps allow: until they allow the
// next if that is within its validity, so that nobody loses a message that may still go today; else it is suppressed, which
// is a rule's result like an opt-out and nothing that a retry would mend. It is asked in the transaction that begins the
// attempt: there is one writer at a time, so two campaigns at once cannot both pass.
func (o *begin) capped(tx *txn, r *recipientRow) (bool, error) {
	if !o.b.Caps.On() {
		return false, nil
	}
	sent, err := tx.sentTo(r)
	if err != nil {
		return false, err
	}
	next, cap := o.b.Caps.Next(time.UnixMilli(tx.now), sent)
	if next.IsZero() {
		return false, nil
	}
	r.reason = fmt.Sprintf("frequency cap: %s; the next from %s", cap, next.UTC().Format("2006-01-02 15:04:05 UTC"))
	if end := o.b.Until; !end.IsZero() && !next.Before(end) {
		r.reason, r.notBefore = r.reason+", after its validity", 0
		return true, tx.move(r, r.sums().Rest(campaign.Suppressed))
	}
	r.notBefore = next.UnixMilli()
	return true, tx.put(r, campaign.Queued)
}

// sentTo is when the person of a recipient got other messages of the campaign's type, as far back as caps look.
func (tx *txn) sentTo(r *recipientRow) (sent []time.Time, err error) {
	campaigns, err := tx.recent(campaignOf(r.id))
	if err != nil {
		return nil, err
	}
	since, d := tx.now-campaign.CapWindow.Milliseconds(), row(1)
	for _, c := range campaigns {
		var ids []int64
		// Past what is pending: recipients are not inserted that way, and their rows are read through the cache.
		if err := tx.conn.each(d, func() error { ids = append(ids, integer(d[0])); return nil },
			`SELECT id FROM recipients WHERE campaign_id = ? AND phone = ?`, c, r.phone); err != nil {
			return nil, err
		}
		for _, id := range ids {
			if id == r.id {
				continue // a further attempt is no further message
			}
			at, err := tx.reached(id)
			if err != nil {
				return nil, err
			}
			if at > since {
				sent = append(sent, time.UnixMilli(at))
			}
		}
	}
	return sent, nil
}

// reached is when the last attempt of a recipient began that no carrier refused, 0 if there is none.
func (tx *txn) reached(id int64) (at int64, err error) {
	r, err := tx.recipient(id)
	if err != nil {
		return 0, err
	}
	for next := r.lastAttempt; next != 0; {
		a, err := tx.attempt(next)
		switch {
		case err != nil:
			return 0, err
		case a.state != campaign.AttemptRefused:
			return a.begunAt, nil
		}
		next = a.previous
	}
	return 0, nil
}

// recentCampaigns are those of the type and mode of a campaign that may have sent something since a moment: the rollup says
// so, or they are not at their end, and the rollup may lag behind by the transaction that is open.
const recentCampaigns = `SELECT c.id FROM campaigns c JOIN campaigns own ON own.id = ? WHERE c.type = own.type AND c.mode = own.mode
	AND (c.state NOT IN ('completed', 'incomplete', 'cancelled') OR EXISTS (SELECT 1 FROM attempt_counts a WHERE a.campaign_id = c.id AND a.hour >= ?))`

// recent remembers the campaigns that have to be looked at: their states change by statements that make the cache forget.
func (tx *txn) recent(campaignID int64) ([]int64, error) {
	if ids, ok := tx.cache.recent[campaignID]; ok {
		return ids, nil
	}
	d, ids := row(1), []int64{}
	if err := tx.conn.each(d, func() error { ids = append(ids, integer(d[0])); return nil },
		recentCampaigns, campaignID, (tx.now-campaign.CapWindow.Milliseconds())/hourMS); err != nil {
		return nil, err
	}
	if tx.cache.recent == nil {
		tx.cache.recent = map[int64][]int64{}
	}
	tx.cache.recent[campaignID] = ids
	return ids, nil
}

// AtCap finds the people who have had as many messages of a type as the caps allow, for a plan: one pass over what was sent
// lately. It takes a message's last attempt for all of them, so that Begin, which looks closer, has the last word.
func (s *Store) AtCap(ctx context.Context, mode campaign.Mode, kind campaign.MessageType, caps campaign.Caps) (map[uint64]bool, error) {
	most := func(n int) int {
		if n == 0 {
			return 1 << 30
		}
		return n
	}
	now := s.now().UnixMilli()
	day, week := now-(24*time.Hour).Milliseconds(), now-campaign.CapWindow.Milliseconds()
	found, phone := map[uint64]bool{}, uint64(0)
	err := eachRow(ctx, s.read, []any{&phone}, func() error { found[phone] = true; return nil },
		`SELECT r.phone FROM campaigns c JOIN recipients r ON r.id > c.id << 32 AND r.id < (c.id + 1) << 32 JOIN attempts a ON a.id = r.last_attempt
		WHERE c.mode = ? AND c.type = ? AND r.phone > 0 AND a.state <> 'refused' AND a.begun_at > ?
		AND EXISTS (SELECT 1 FROM attempt_counts n WHERE n.campaign_id = c.id AND n.hour >= ?)
		GROUP BY r.phone HAVING sum(a.begun_at > ?) >= ? OR count(*) >= ?`,
		string(mode), string(kind), week, week/hourMS, day, most(caps.Day), most(caps.Week))
	if err != nil {
		return nil, fmt.Errorf("reading who is at the frequency cap: %w", explain(err))
	}
	return found, nil
}
