package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Prunable is a campaign that has ended long ago, with what of it would go.
type Prunable struct {
	ID         int64         `json:"-"`
	Name       string        `json:"name"`
	State      string        `json:"state"`
	EndedAt    time.Time     `json:"ended_at"`
	Recipients int64         `json:"recipients"`
	Attempts   int64         `json:"attempts"`
	Redacted   bool          `json:"redacted"` // by an earlier prune
	Rejects    string        `json:"rejects,omitempty"`
	Mode       campaign.Mode `json:"-"`
	Profile    string        `json:"-"`
}

// Prunable lists the campaigns of a mode and profile that ended before a moment and are nobody's any more, oldest first.
func (s *Store) Prunable(ctx context.Context, mode campaign.Mode, profile string, before time.Time) ([]Prunable, error) {
	list := []Prunable{}
	var p Prunable
	var ended int64
	var settings string
	dest := []any{&p.ID, &p.Name, &p.State, &ended, &p.Recipients, &p.Attempts, &p.Redacted, &settings}
	err := eachRow(ctx, s.read, dest, func() error {
		var set campaign.Settings
		if err := json.Unmarshal([]byte(settings), &set); err != nil {
			return err
		}
		p.EndedAt, p.Rejects = time.UnixMilli(ended).UTC(), set.Rejects
		list = append(list, p)
		return nil
	}, `SELECT id, name, state, ended, (SELECT coalesce(sum(n), 0) FROM recipient_counts r WHERE r.campaign_id = c.id),
		(SELECT coalesce(sum(n), 0) FROM attempt_counts a WHERE a.campaign_id = c.id),
		NOT EXISTS (SELECT 1 FROM recipients r WHERE r.campaign_id = c.id AND r.phone > 0), settings
		FROM (SELECT *, coalesce(settled_at, finished_at, created_at) AS ended FROM campaigns) AS c
		WHERE mode = ? AND profile = ? AND state IN ('completed', 'incomplete', 'cancelled') AND lease_token IS NULL AND ended < ? ORDER BY ended, id`,
		string(mode), profile, before.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("looking for old campaigns: %w", explain(err))
	}
	return list, nil
}

// pruneRows is how many rows one transaction of a prune changes, so that others at work on the database get their turn.
const pruneRows = 20_000

// Redact takes what leads to people out of campaigns that have ended: numbers, texts, rows of the list, what carriers have
// told. States, sums, prices, times and errors stay, so reports and db check say what they said before. What somebody
// wrote to opt out stays too: it is the proof of it. It can be broken off and done again. Scrub must follow.
// Receipts from before a moment that match no message lose the same, and so do schedules that were removed before it.
func (s *Store) Redact(ctx context.Context, ids []int64, before time.Time) error {
	if err := s.w.do(ctx, opFunc((*txn).owe)); err != nil {
		return fmt.Errorf("pruning: %w", explain(err))
	}
	for _, id := range ids {
		lo, hi := span(id)
		if err := s.byPages(ctx, lo, hi, `SELECT max(id) FROM (SELECT id FROM recipients WHERE id > ? AND id < ? ORDER BY id LIMIT ?)`,
			`UPDATE recipients SET phone = -id, zone = '' WHERE id > ? AND id <= ? AND phone > 0`,
			`UPDATE contents SET cells = '[]', text = '' WHERE recipient_id > ? AND recipient_id <= ?`); err != nil {
			return err
		}
	}
	err := s.ofCampaigns(ctx, ids, "attempts", `recipient_id >> 32`,
		`DELETE FROM attempt_parts WHERE attempt_id IN (SELECT id FROM attempts WHERE %s)`, `UPDATE attempts SET detail = '', carrier_message_id = '' WHERE %s`)
	if err != nil {
		return err
	}
	if err := s.ofCampaigns(ctx, ids, "receipts", `campaign_id`,
		`UPDATE receipts SET raw = NULL, ref = '', carrier_message_id = '', detail = '', phone = 0 WHERE %s`); err != nil {
		return err
	}
	if err := s.byPages(ctx, 0, 1<<62, `SELECT max(id) FROM (SELECT id FROM receipts WHERE id > ? AND id < ? ORDER BY id LIMIT ?)`,
		fmt.Sprintf(`UPDATE receipts SET raw = NULL, ref = '', carrier_message_id = '', detail = '', phone = 0
			WHERE id > ? AND id <= ? AND campaign_id = 0 AND received_at < %d`, before.UnixMilli())); err != nil {
		return err
	}
	if err := s.w.do(ctx, opFunc(func(tx *txn) error { return tx.pruneSchedules(before.UnixMilli(), false) })); err != nil {
		return fmt.Errorf("pruning: %w", explain(err))
	}
	return s.eachCampaign(ctx, ids,
		`UPDATE rejects SET cells = '[]', message = '' WHERE campaign_id = ?`,
		`UPDATE replies SET phone = 0, text = '', detail = '' WHERE inbound_id IN (SELECT id FROM inbound WHERE campaign_id = ? AND event_id IS NULL AND review <> 'open' AND action NOT IN ('stop', 'stop_all'))`,
		`UPDATE inbound SET phone = 0, sender = '', text = '', raw = NULL, message_id = '' WHERE campaign_id = ? AND event_id IS NULL AND review <> 'open'
			AND action NOT IN ('stop', 'stop_all')`,
		`DELETE FROM orders WHERE recipient_id >> 32 = ?`, // hashes of numbers and texts
		`UPDATE campaigns SET template = '' WHERE id = ? AND next_seq = 2`,
		`DELETE FROM meta WHERE key = 'vitals:' || ?`)
}

// Delete takes campaigns that have ended out of the database with all that belongs to them. The opt-outs that came of them
// stay. It can be broken off and done again. Scrub must follow.
func (s *Store) Delete(ctx context.Context, ids []int64, before time.Time) error {
	if err := s.Redact(ctx, ids, before); err != nil { // also what stays of them must not lead to anybody
		return err
	}
	if err := s.w.do(ctx, opFunc(func(tx *txn) error { // no id of theirs is given out again
		for _, table := range []string{"attempts", "receipts"} {
			if _, err := tx.exec(`INSERT INTO id_floors (name, id) SELECT '` + table + `', coalesce(max(id), 0) FROM ` + table + ` WHERE true
				ON CONFLICT DO UPDATE SET id = max(id, excluded.id)`); err != nil {
				return err
			}
		}
		return tx.pruneSchedules(before.UnixMilli(), true)
	})); err != nil {
		return err
	}
	if err := s.ofCampaigns(ctx, ids, "attempts", `recipient_id >> 32`, `DELETE FROM attempts WHERE %s`); err != nil {
		return err
	}
	if err := s.ofCampaigns(ctx, ids, "receipts", `campaign_id`, `DELETE FROM receipts WHERE %s`); err != nil {
		return err
	}
	for _, id := range ids {
		lo, hi := span(id)
		if err := s.byPages(ctx, lo, hi, `SELECT max(id) FROM (SELECT id FROM recipients WHERE id > ? AND id < ? ORDER BY id LIMIT ?)`,
			`DELETE FROM recipients WHERE id > ? AND id <= ?`, `DELETE FROM contents WHERE recipient_id > ? AND recipient_id <= ?`); err != nil {
			return err
		}
	}
	queries := []string{`UPDATE inbound SET campaign_id = 0 WHERE campaign_id = ?`, `DELETE FROM orders WHERE recipient_id >> 32 = ?`,
		`DELETE FROM conversions WHERE recipient_id >> 32 = ?`, `UPDATE schedule_runs SET campaign_id = NULL WHERE campaign_id = ?`}
	for _, table := range []string{"rejects", "controls", "recipient_counts", "attempt_counts", "latencies", "series", "counters", "routing_cursors", "outages"} {
		queries = append(queries, `DELETE FROM `+table+` WHERE campaign_id = ?`)
	}
	return s.eachCampaign(ctx, ids, append(queries, `DELETE FROM campaigns WHERE id = ?`)...)
}

// byPages runs statements over a range of ids, some thousands in each transaction. end finds where a page ends.
func (s *Store) byPages(ctx context.Context, lo, hi int64, end string, queries ...string) error {
	for {
		var last int64
		if err := s.w.do(ctx, opFunc(func(tx *txn) error {
			d := row(1)
			if _, err := tx.row(d, end, lo, hi, int64(pruneRows)); err != nil {
				return err
			}
			if last = integer(d[0]); last == 0 {
				return nil
			}
			for _, q := range queries {
				if _, err := tx.exec(q, lo, last); err != nil {
					return err
				}
			}
			return nil
		})); err != nil {
			return fmt.Errorf("pruning: %w", explain(err))
		}
		if last == 0 {
			return nil
		}
		lo = last
	}
}

// ofCampaigns runs statements over the rows of a table that belong to campaigns, in one pass over the table: it has no
// index by campaign. %s in a statement is where its rows are.
func (s *Store) ofCampaigns(ctx context.Context, ids []int64, table, campaignOf string, queries ...string) error {
	const few = 500 // an IN of constants is a list that SQLite looks up
	for part := range slices.Chunk(ids, few) {
		where := `id > ? AND id <= ? AND ` + campaignOf + ` IN (`
		for i, id := range part {
			if i > 0 {
				where += ","
			}
			where += fmt.Sprint(id)
		}
		where += `)`
		var filled []string
		for _, q := range queries {
			filled = append(filled, fmt.Sprintf(q, where))
		}
		if err := s.byPages(ctx, 0, 1<<62, `SELECT max(id) FROM (SELECT id FROM `+table+` WHERE id > ? AND id < ? ORDER BY id LIMIT ?)`, filled...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) eachCampaign(ctx context.Context, ids []int64, queries ...string) error {
	for _, id := range ids {
		if err := s.w.do(ctx, opFunc(func(tx *txn) error {
			for _, q := range queries {
				if _, err := tx.exec(q, id); err != nil {
					return err
				}
			}
			return nil
		})); err != nil {
			return fmt.Errorf("pruning: %w", explain(err))
		}
	}
	return nil
}
