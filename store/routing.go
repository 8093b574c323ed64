package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// Enrol makes carriers known by their names, whether or not any attempt is made on them: decisions name those too that
// were passed over.
func (s *Store) Enrol(ctx context.Context, carriers []string) error {
	missing := false
	for _, name := range carriers {
		_, known := s.names.id(name)
		missing = missing || !known
	}
	if !missing {
		return nil
	}
	if err := s.w.do(ctx, opFunc(func(tx *txn) error {
		for _, name := range carriers {
			if _, err := s.carrierID(tx, name); err != nil {
				return err
			}
		}
		return nil
	})); err != nil {
		return fmt.Errorf("enrolling carriers: %w", err)
	}
	return nil
}

// Remember stores what routing has learned, and the last receipt row of the campaign that is in it, with the outcomes
// that wait for their commit. It does not wait. What another process has learned meanwhile is kept.
func (s *Store) Remember(ctx context.Context, campaignID, receipt int64, records []routing.Record) error {
	return s.w.put(ctx, request{op: opFunc(func(tx *txn) error {
		d := row(1)
		for _, r := range records {
			found, err := tx.row(d, `SELECT data FROM routing WHERE key = ?`, r.Key)
			if err != nil {
				return err
			}
			data := r.Data
			if found {
				data = routing.Merge(r.Key, r.Base, r.Data, []byte(text(d[0])))
			}
			if _, err := tx.exec(`INSERT INTO routing (key, data) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET data = excluded.data`,
				r.Key, data); err != nil {
				return err
			}
		}
		if campaignID == 0 { // it learned from no receipts
			return nil
		}
		_, err := tx.exec(`INSERT INTO routing_cursors (campaign_id, receipt_id) VALUES (?, ?)
			ON CONFLICT (campaign_id) DO UPDATE SET receipt_id = max(receipt_id, excluded.receipt_id)`, campaignID, receipt)
		return err
	})})
}

// Recall reads what routing has learned so far, and the last receipt row of the campaign that is in it.
func (s *Store) Recall(ctx context.Context, campaignID int64) (records []routing.Record, receipt int64, err error) {
	var r routing.Record
	if err := eachRow(ctx, s.read, []any{&r.Key, &r.Data}, func() error {
		records = append(records, routing.Record{Key: r.Key, Data: slices.Clone(r.Data)})
		return nil
	}, `SELECT key, data FROM routing ORDER BY key`); err != nil {
		return nil, 0, fmt.Errorf("reading what routing has learned: %w", explain(err))
	}
	err = eachRow(ctx, s.read, []any{&receipt}, func() error { return nil }, `SELECT receipt_id FROM routing_cursors WHERE campaign_id = ?`, campaignID)
	return records, receipt, err
}

// RelearnWith replaces what routing has learned by records made of every attempt there is. Campaigns that run meanwhile
// write theirs over it.
func (s *Store) RelearnWith(ctx context.Context, records []routing.Record) error {
	if err := s.w.do(ctx, opFunc(func(tx *txn) error {
		if _, err := tx.exec(`DELETE FROM routing`); err != nil {
			return err
		}
		for _, r := range records {
			if _, err := tx.exec(`INSERT INTO routing (key, data) VALUES (?, ?)`, r.Key, r.Data); err != nil {
				return err
			}
		}
		_, err := tx.exec(`INSERT INTO routing_cursors (campaign_id, receipt_id) SELECT id, (SELECT coalesce(max(id), 0) FROM receipts) FROM campaigns WHERE true
			ON CONFLICT (campaign_id) DO UPDATE SET receipt_id = excluded.receipt_id`)
		return err
	})); err != nil {
		return fmt.Errorf("storing what routing has learned: %w", err)
	}
	return nil
}

// EachTaken calls do for every attempt that some carrier took, in the order in which they were begun.
func (s *Store) EachTaken(ctx context.Context, since time.Time, do func(campaign.Taken) error) error {
	names := map[int64]string{}
	return s.reading(ctx, func(c *conn) error {
		d := row(2)
		if err := c.each(d, func() error {
			names[integer(d[0])] = text(d[1])
			return nil
		}, `SELECT id, name FROM carriers`); err != nil {
			return err
		}
		v := row(10)
		return c.each(v, func() error {
			t := campaign.Taken{
				Attempt: integer(v[0]), Carrier: names[integer(v[1])], At: time.UnixMilli(integer(v[2])), State: carriers.ReceiptState(text(v[3])),
				Class: carriers.Class(text(v[4])), Country: text(v[6]), To: e164(integer(v[7])), Type: campaign.MessageType(text(v[8])),
				Converted: integer(v[9]) == 1,
			}
			if at := integer(v[5]); at > 0 {
				t.ReceiptAt = time.UnixMilli(at)
			}
			return errors.Join(do(t), ctx.Err())
		}, `SELECT a.id, a.carrier_id, a.begun_at, a.receipt, a.class, coalesce(a.receipt_at, 0), r.country, r.phone, p.type,
			EXISTS (SELECT 1 FROM conversions v WHERE v.attempt_id = a.id) FROM attempts a JOIN recipients r ON r.id = a.recipient_id JOIN campaigns p ON p.id = r.campaign_id
			WHERE a.state = 'accepted' AND a.begun_at >= ? ORDER BY a.id`, since.UnixMilli())
	})
}
