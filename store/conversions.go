package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Conversion says that somebody did what a message asked for.
type Conversion struct {
	Phone    uint64 // whom it was sent to
	Sequence int64  // or of which recipient it is, instead
	At       time.Time
	Source   string // the file and line, or the command

	Is Converted // what became of the report
}

// Converted is what became of the report of a conversion.
type Converted uint8

// The ends of a report.
const (
	NobodysConversion Converted = iota // the campaign has no such recipient
	UnsentConversion                   // no carrier has taken a message to them
	KnownConversion                    // it was reported before
	NewConversion
)

// Convert keeps conversions of a campaign, and says of each what became of it.
func (s *Store) Convert(ctx context.Context, campaignID int64, actor string, all []Conversion) error {
	ids, err := s.recipientsOf(ctx, campaignID, all)
	if err != nil {
		return err
	}
	const batch = 1000
	for from := 0; from < len(all); from += batch {
		to := min(from+batch, len(all))
		if err := s.w.do(ctx, opFunc(func(tx *txn) error {
			for i := from; i < to; i++ {
				if all[i].Is = NobodysConversion; ids[i] == 0 {
					continue
				}
				var err error
				if all[i].Is, err = tx.convert(ids[i], actor, &all[i]); err != nil {
					return err
				}
			}
			return nil
		})); err != nil {
			return fmt.Errorf("storing conversions: %w", err)
		}
	}
	return nil
}

// recipientsOf finds the recipients by one walk through the campaign: their numbers have no index.
func (s *Store) recipientsOf(ctx context.Context, campaignID int64, all []Conversion) ([]int64, error) {
	ids, wanted := make([]int64, len(all)), map[int64][]int{}
	for i := range all {
		if all[i].Phone == 0 {
			ids[i] = campaignID<<32 | all[i].Sequence
			continue
		}
		wanted[int64(all[i].Phone)] = append(wanted[int64(all[i].Phone)], i)
	}
	if len(wanted) == 0 {
		return ids, nil
	}
	lo, hi := span(campaignID)
	d := row(2)
	return ids, s.reading(ctx, func(c *conn) error {
		return c.each(d, func() error {
			for _, i := range wanted[integer(d[1])] {
				ids[i] = integer(d[0])
			}
			return ctx.Err()
		}, `SELECT id, phone FROM recipients WHERE id > ? AND id < ?`, lo, hi)
	})
}

func (tx *txn) convert(recipient int64, actor string, c *Conversion) (Converted, error) {
	r, err := tx.recipient(recipient)
	if errors.Is(err, campaign.ErrNotFound) {
		return NobodysConversion, nil
	}
	if err != nil {
		return 0, err
	}
	best := int64(0) // the attempt that reached them, as far as it is known
	for id := r.lastAttempt; id != 0; {
		a, err := tx.attempt(id)
		if err != nil {
			return 0, err
		}
		if a.state == campaign.AttemptAccepted && (best == 0 || a.receipt == string(carriers.ReceiptDelivered)) {
			best = id
		}
		id = a.previous
	}
	if best == 0 {
		return UnsentConversion, nil
	}
	n, err := tx.exec(`INSERT INTO conversions (recipient_id, attempt_id, at, source, actor, recorded_at) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
		recipient, best, c.At.UnixMilli(), c.Source, actor, tx.now)
	if n == 0 || err != nil {
		return KnownConversion, err
	}
	return NewConversion, nil
}

// Conversions are those kept after one, in their order, and the last of them.
func (s *Store) Conversions(ctx context.Context, after int64) (all []campaign.Conversion, last int64, err error) {
	last = after
	var c campaign.Conversion
	err = eachRow(ctx, s.read, []any{&last, &c.Carrier, &c.Country}, func() error { all = append(all, c); return nil },
		`SELECT v.id, k.name, r.country FROM conversions v JOIN attempts a ON a.id = v.attempt_id JOIN carriers k ON k.id = a.carrier_id
			JOIN recipients r ON r.id = v.recipient_id WHERE v.id > ? AND a.receipt = 'delivered' ORDER BY v.id`, after)
	if err != nil {
		return nil, after, fmt.Errorf("reading conversions: %w", explain(err))
	}
	return all, last, nil
}

// LastConversion is the newest one.
func (s *Store) LastConversion(ctx context.Context) (id int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM conversions`).Scan(&id)
	return id, err
}
