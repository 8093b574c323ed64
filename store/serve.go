package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/smsctl/smsctl/campaign"
)

// Unattended lists the campaigns of a mode and profile that are meant to be sent or followed, whoever holds them:
// transactional ones first, then the oldest. Those that collect orders are tried again when they have paused by
// themselves: programs go on ordering.
func (s *Store) Unattended(ctx context.Context, mode campaign.Mode, profile string) (_ []*campaign.Campaign, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+campaignColumns+` FROM campaigns WHERE mode = ? AND profile = ?
		AND desired <> 'pause' AND (state IN ('running', 'draining', 'settling', 'waiting') OR state = 'paused' AND identity LIKE '`+campaign.Standing+`%') ORDER BY type = 'transactional' DESC, id`, string(mode), profile)
	if err != nil {
		return nil, fmt.Errorf("looking for campaigns that nobody sends: %w", explain(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []*campaign.Campaign
	for rows.Next() {
		c, err := scanCampaign(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Writable proves that the database takes changes: it makes none durably.
func (s *Store) Writable(ctx context.Context) error {
	return s.w.do(ctx, opFunc(func(*txn) error { return nil }))
}

// Totals are the rollups over all campaigns, for those who watch a service.
type Totals struct {
	Recipients map[campaign.State]int64
	Campaigns  map[campaign.Status]int64
	Attempts   []AttemptTotal
	Latencies  []LatencyTotal
	Receipts   int64 // rows of receipts, applied or not
	OptOuts    int64
}

// AttemptTotal is how many attempts on a carrier ended so.
type AttemptTotal struct {
	Carrier  string
	State    campaign.AttemptState
	Class    string
	Receipt  string
	N        int64
	Segments int64
	Cost     int64 // micros
}

// LatencyTotal is how long a carrier takes to accept or to report, in the campaigns that are under way.
type LatencyTotal struct {
	Carrier, Kind string
	Buckets       []LatencyBucket
}

// LatencyBucket counts what took up to some milliseconds and longer than the bucket before.
type LatencyBucket struct {
	UpToMS float64
	N      int64
}

// Totals reads them.
func (s *Store) Totals(ctx context.Context) (t Totals, err error) {
	t.Recipients, t.Campaigns = map[campaign.State]int64{}, map[campaign.Status]int64{}
	var state campaign.State
	var status campaign.Status
	var n int64
	var a AttemptTotal
	err = errors.Join(
		eachRow(ctx, s.read, []any{&state, &n}, func() error { t.Recipients[state] = n; return nil },
			`SELECT state, sum(n) FROM recipient_counts GROUP BY state`),
		eachRow(ctx, s.read, []any{&status, &n}, func() error { t.Campaigns[status] = n; return nil },
			`SELECT state, count(*) FROM campaigns GROUP BY state`),
		eachRow(ctx, s.read, []any{&a.Carrier, &a.State, &a.Class, &a.Receipt, &a.N, &a.Segments, &a.Cost},
			func() error { t.Attempts = append(t.Attempts, a); return nil },
			`SELECT c.name, a.state, a.class, a.receipt, sum(a.n), sum(a.segments), sum(a.cost) FROM attempt_counts a
			JOIN carriers c ON c.id = a.carrier_id GROUP BY c.name, a.state, a.class, a.receipt HAVING sum(a.n) <> 0`),
		s.read.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM receipts`).Scan(&t.Receipts),
		s.read.QueryRowContext(ctx, `SELECT count(*) FROM optouts`).Scan(&t.OptOuts),
		s.latencyTotals(ctx, &t),
	)
	if err != nil {
		return t, fmt.Errorf("reading the totals: %w", explain(err))
	}
	return t, nil
}

func (s *Store) latencyTotals(ctx context.Context, t *Totals) error {
	var carrier, kind string
	var bucket, n int64
	return eachRow(ctx, s.read, []any{&carrier, &kind, &bucket, &n}, func() error {
		if last := len(t.Latencies) - 1; last < 0 || t.Latencies[last].Carrier != carrier || t.Latencies[last].Kind != kind {
			t.Latencies = append(t.Latencies, LatencyTotal{Carrier: carrier, Kind: kind})
		}
		l := &t.Latencies[len(t.Latencies)-1]
		l.Buckets = append(l.Buckets, LatencyBucket{UpToMS: math.Pow(growth, float64(bucket)), N: n})
		return nil
	}, `SELECT c.name, l.kind, l.bucket, sum(l.n) FROM latencies l JOIN carriers c ON c.id = l.carrier_id
		WHERE l.campaign_id IN (SELECT id FROM campaigns WHERE state IN ('running', 'draining', 'settling'))
		GROUP BY c.name, l.kind, l.bucket ORDER BY c.name, l.kind, l.bucket`)
}
