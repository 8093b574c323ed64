package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/phone"
)

// CarrierStat is what became of attempts on a carrier that have something in common.
type CarrierStat struct {
	Carrier, Key, Currency                              string
	Attempts, Accepted, Refused, Throttled              int64 // refused without those that came too fast
	Ambiguous, Sending, Delivered, Undelivered, Overdue int64
	Segments                                            int64
	Cost                                                carriers.Price
}

// StatsBy is what attempts are grouped by, beside their carrier.
type StatsBy string

// The groups.
const (
	StatsTotal     StatsBy = ""
	StatsByCountry StatsBy = "country"
	StatsByNetwork StatsBy = "network"
	StatsByType    StatsBy = "type"
	StatsByHour    StatsBy = "hour" // the key is the hour's number since 1970
	StatsByClass   StatsBy = "class"
)

// CarrierStats sums attempts up that were begun since a moment, in whole hours; carrier narrows them to one. They come from
// the rollups, but for those by network, which no rollup knows: then the attempts are read.
func (s *Store) CarrierStats(ctx context.Context, since time.Time, carrier string, by StatsBy) (map[[2]string]*CarrierStat, error) {
	sums := stats{}
	hour := since.UnixMilli() / hourMS
	err := s.reading(ctx, func(c *conn) error {
		if by == StatsByNetwork {
			return sums.networks(ctx, s, c, hour, carrier)
		}
		key := map[StatsBy]string{
			StatsTotal: `''`, StatsByCountry: `a.country`, StatsByType: `p.type`, StatsByHour: `a.hour`, StatsByClass: `a.class`,
		}[by]
		d := row(9)
		return c.each(d, func() error {
			name := text(d[1])
			if by == StatsByHour {
				name = strconv.FormatInt(integer(d[1]), 10)
			}
			sums.at(text(d[0]), name, text(d[2])).add(text(d[3]), text(d[4]), text(d[5]), amount{integer(d[6]), integer(d[7]), integer(d[8])})
			return ctx.Err()
		}, `SELECT k.name, `+key+`, p.currency, a.state, a.class, a.receipt, sum(a.n), sum(a.segments), sum(a.cost)
			FROM attempt_counts a JOIN carriers k ON k.id = a.carrier_id JOIN campaigns p ON p.id = a.campaign_id
			WHERE a.hour >= ? AND (?2 = '' OR k.name = ?2) AND a.n > 0 GROUP BY 1, 2, 3, 4, 5, 6`, hour, carrier)
	})
	if err != nil {
		return nil, fmt.Errorf("summing up what went over the carriers: %w", err)
	}
	return sums, nil
}

// stats are sums by carrier and key.
type stats map[[2]string]*CarrierStat

func (s stats) at(carrier, key, currency string) *CarrierStat {
	x := s[[2]string{carrier, key}]
	if x == nil {
		x = &CarrierStat{Carrier: carrier, Key: key, Currency: currency}
		s[[2]string{carrier, key}] = x
	}
	if x.Currency != currency { // what cannot be added up is not shown
		x.Currency = ""
	}
	return x
}

func (x *CarrierStat) add(state, class, receipt string, a amount) {
	x.Attempts += a.n
	switch {
	case state == string(campaign.AttemptAccepted):
		x.Accepted += a.n
		x.Segments += a.segments
	case state == string(campaign.AttemptSending):
		x.Sending += a.n
	case state == string(campaign.AttemptAmbiguous):
		x.Ambiguous += a.n
		x.Segments += a.segments
	case class == string(carriers.ClassThrottled):
		x.Throttled += a.n
	default:
		x.Refused += a.n
	}
	switch rc := carriers.ReceiptState(receipt); {
	case rc == carriers.ReceiptDelivered:
		x.Delivered += a.n
	case rc.Final():
		x.Undelivered += a.n
	}
	x.Cost += carriers.Price(a.cost)
}

// networks reads the attempts. Numbers that differ in their last three digits only belong to the same range.
func (s stats) networks(ctx context.Context, st *Store, c *conn, hour int64, carrier string) error {
	last, err := st.lastAttempt(ctx)
	if err != nil {
		return err
	}
	first, err := attemptAt(ctx, st.read, last, time.UnixMilli(hour*hourMS).Add(-slack))
	if err != nil {
		return err
	}
	known := map[int64]string{}
	d := row(9)
	return c.each(d, func() error {
		number := integer(d[1])
		network, ok := known[number/1000]
		if !ok {
			network = phone.Network(phone.FromDigits(uint64(number)))
			known[number/1000] = network
		}
		s.at(text(d[0]), network, text(d[2])).add(text(d[3]), text(d[4]), text(d[5]), amount{1, integer(d[6]), integer(d[7])})
		return ctx.Err()
	}, `SELECT k.name, r.phone, p.currency, a.state, a.class, a.receipt, a.segments, a.cost FROM attempts a
		JOIN recipients r ON r.id = a.recipient_id JOIN carriers k ON k.id = a.carrier_id JOIN campaigns p ON p.id = r.campaign_id
		WHERE a.id > ? AND a.begun_at >= ? AND (?3 = '' OR k.name = ?3)`, first, hour*hourMS, carrier)
}

func (s *Store) lastAttempt(ctx context.Context) (id int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM attempts`).Scan(&id)
	return id, err
}
