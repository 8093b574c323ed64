package store

import (
	"context"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Drain says who took a carrier out of use, and why.
type Drain struct {
	Carrier, Actor, Reason string
	At                     time.Time
}

// DrainCarrier takes a carrier out of use in all campaigns: what is under way ends, nothing new is given to it.
func (s *Store) DrainCarrier(ctx context.Context, carrier, actor, reason string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.exec(`INSERT INTO carrier_drains (carrier, at, actor, reason) VALUES (?,?,?,?)
			ON CONFLICT DO UPDATE SET actor = excluded.actor, reason = excluded.reason`, carrier, tx.now, actor, reason)
		return err
	}))
}

// UndrainCarrier takes it back into use.
func (s *Store) UndrainCarrier(ctx context.Context, carrier string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.exec(`DELETE FROM carrier_drains WHERE carrier = ?`, carrier)
		return err
	}))
}

// Drains are the carriers out of use, by name.
func (s *Store) Drains(ctx context.Context) ([]Drain, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT carrier, actor, reason, at FROM carrier_drains ORDER BY carrier`)
	if err != nil {
		return nil, fmt.Errorf("reading the drained carriers: %w", explain(err))
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var all []Drain
	for rows.Next() {
		var d Drain
		var at int64
		if err := rows.Scan(&d.Carrier, &d.Actor, &d.Reason, &at); err != nil {
			return nil, fmt.Errorf("reading the drained carriers: %w", err)
		}
		d.At = time.UnixMilli(at)
		all = append(all, d)
	}
	return all, rows.Err()
}

// PriceList is what was imported for a carrier.
type PriceList struct {
	Carrier, Source, Currency, Actor string
	At                               time.Time
	Prices                           map[string]carriers.Price // by country, "*" for the rest
}

// ImportPrices replaces the list of a carrier. At is when it is done.
func (s *Store) ImportPrices(ctx context.Context, l PriceList) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if _, err := tx.exec(`DELETE FROM carrier_prices WHERE carrier = ?`, l.Carrier); err != nil {
			return err
		}
		for country, p := range l.Prices {
			if _, err := tx.exec(`INSERT INTO carrier_prices (carrier, country, price) VALUES (?,?,?)`, l.Carrier, country, int64(p)); err != nil {
				return err
			}
		}
		_, err := tx.exec(`INSERT OR REPLACE INTO carrier_price_lists (carrier, at, source, currency, actor) VALUES (?,?,?,?,?)`,
			l.Carrier, tx.now, l.Source, l.Currency, l.Actor)
		return err
	}))
}

// PriceLists are the imported lists, by carrier.
func (s *Store) PriceLists(ctx context.Context) (map[string]PriceList, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT l.carrier, l.at, l.source, l.currency, l.actor, p.country, p.price
		FROM carrier_price_lists l JOIN carrier_prices p ON p.carrier = l.carrier`)
	if err != nil {
		return nil, fmt.Errorf("reading the price lists: %w", explain(err))
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	all := map[string]PriceList{}
	for rows.Next() {
		l, country := PriceList{}, ""
		var at, price int64
		if err := rows.Scan(&l.Carrier, &at, &l.Source, &l.Currency, &l.Actor, &country, &price); err != nil {
			return nil, fmt.Errorf("reading the price lists: %w", err)
		}
		if known, ok := all[l.Carrier]; ok {
			l = known
		} else {
			l.At, l.Prices = time.UnixMilli(at), map[string]carriers.Price{}
		}
		l.Prices[country] = carriers.Price(price)
		all[l.Carrier] = l
	}
	return all, rows.Err()
}

// Traffic is what went over a carrier in some time, all campaigns together.
type Traffic struct {
	Accepted, Failed, Delivered int64
	Last                        time.Time // the newest of them
}

// Traffic sums up by carrier what happened since a moment.
func (s *Store) Traffic(ctx context.Context, since time.Time) (map[string]Traffic, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT c.name, sum(s.accepted), sum(s.failed), sum(s.delivered), max(s.slot)
		FROM series s JOIN carriers c ON c.id = s.carrier_id WHERE s.slot >= ? GROUP BY c.name`, since.UnixMilli()/slotMS)
	if err != nil {
		return nil, fmt.Errorf("reading the traffic: %w", explain(err))
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	all := map[string]Traffic{}
	for rows.Next() {
		var t Traffic
		var name string
		var slot int64
		if err := rows.Scan(&name, &t.Accepted, &t.Failed, &t.Delivered, &slot); err != nil {
			return nil, fmt.Errorf("reading the traffic: %w", err)
		}
		t.Last = time.UnixMilli(slot * slotMS)
		all[name] = t
	}
	return all, rows.Err()
}
