package store

import (
	"math"

	"github.com/smsctl/smsctl/campaign"
)

// tally collects what a transaction changes in the rollups, so that a batch pays once for each cell it touches.
type tally struct {
	recipients map[recipientCell]amount
	attempts   map[attemptCell]amount
	latencies  map[latencyCell]int64
	series     map[seriesCell]seriesAmount
	counters   map[counterCell]int64
}

type recipientCell struct {
	campaign int64
	country  string
	state    campaign.State
	class    string
}

type attemptCell struct {
	campaign, hour, carrier int64 // the hour in which it was begun
	country                 string
	state                   campaign.AttemptState
	class, receipt          string
}

const hourMS = 3_600_000

type amount struct{ n, segments, cost int64 }

type latencyCell struct {
	campaign, carrier int64
	kind              string
	bucket            int64
}

type seriesCell struct{ campaign, carrier, slot int64 }

type seriesAmount struct{ accepted, failed, delivered int64 }

type counterCell struct {
	campaign int64
	name     string
}

func (t *tally) recipient(c recipientCell, n, segments int64) {
	if t.recipients == nil {
		t.recipients = map[recipientCell]amount{}
	}
	a := t.recipients[c]
	t.recipients[c] = amount{n: a.n + n, segments: a.segments + segments}
}

func (t *tally) attempt(c attemptCell, d amount) {
	if t.attempts == nil {
		t.attempts = map[attemptCell]amount{}
	}
	a := t.attempts[c]
	t.attempts[c] = amount{a.n + d.n, a.segments + d.segments, a.cost + d.cost}
}

func (t *tally) latency(campaignID, carrierID int64, kind string, ms int64) {
	if t.latencies == nil {
		t.latencies = map[latencyCell]int64{}
	}
	t.latencies[latencyCell{campaignID, carrierID, kind, bucketOf(ms)}]++
}

func (t *tally) at(campaignID, carrierID, ms int64, d seriesAmount) {
	if t.series == nil {
		t.series = map[seriesCell]seriesAmount{}
	}
	c := seriesCell{campaignID, carrierID, ms / slotMS}
	a := t.series[c]
	t.series[c] = seriesAmount{a.accepted + d.accepted, a.failed + d.failed, a.delivered + d.delivered}
}

func (t *tally) count(campaignID int64, name string) {
	if t.counters == nil {
		t.counters = map[counterCell]int64{}
	}
	t.counters[counterCell{campaignID, name}]++
}

// slotMS is the width of a slot of the time series.
const slotMS = 10_000

// growth is the width of a latency bucket: a quantile read from the buckets is off by at most four percent.
const growth = 1.08

func bucketOf(ms int64) int64 {
	if ms < 1 {
		return 0
	}
	return 1 + int64(math.Log(float64(ms))/math.Log(growth))
}

func (t *tally) flush(tx *txn) error {
	for c, a := range t.recipients {
		if a == (amount{}) {
			continue
		}
		if _, err := tx.conn.exec(`INSERT INTO recipient_counts VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE
			SET n = n + excluded.n, segments = segments + excluded.segments`,
			c.campaign, c.country, string(c.state), c.class, a.n, a.segments); err != nil {
			return err
		}
	}
	for c, a := range t.attempts {
		if a == (amount{}) {
			continue
		}
		if _, err := tx.conn.exec(`INSERT INTO attempt_counts VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE
			SET n = n + excluded.n, segments = segments + excluded.segments, cost = cost + excluded.cost`,
			c.campaign, c.carrier, c.country, string(c.state), c.class, c.receipt, a.n, a.segments, a.cost, c.hour); err != nil {
			return err
		}
	}
	return t.flushRest(tx)
}

func (t *tally) flushRest(tx *txn) error {
	for c, n := range t.latencies {
		if _, err := tx.conn.exec(`INSERT INTO latencies VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET n = n + excluded.n`,
			c.campaign, c.carrier, c.kind, c.bucket, n); err != nil {
			return err
		}
	}
	for c, a := range t.series {
		if _, err := tx.conn.exec(`INSERT INTO series VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET accepted = accepted + excluded.accepted,
			failed = failed + excluded.failed, delivered = delivered + excluded.delivered`,
			c.campaign, c.carrier, c.slot, a.accepted, a.failed, a.delivered); err != nil {
			return err
		}
	}
	for c, n := range t.counters {
		if _, err := tx.conn.exec(`INSERT INTO counters VALUES (?,?,?) ON CONFLICT DO UPDATE SET n = n + excluded.n`,
			c.campaign, c.name, n); err != nil {
			return err
		}
	}
	return nil
}
