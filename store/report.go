package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
)

// Report makes the report of a campaign from the rollups, all of one moment: a million messages cost what ten do.
func (s *Store) Report(ctx context.Context, campaignID int64) (r *report.Report, err error) {
	err = s.snapshot(ctx, func(tx *sql.Tx) error {
		c, err := scanCampaign(tx.QueryRowContext(ctx, `SELECT `+campaignColumns+` FROM campaigns WHERE id = ?`, campaignID))
		if errors.Is(err, sql.ErrNoRows) {
			return campaign.ErrNotFound
		}
		if err != nil {
			return err
		}
		n, err := counts(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		r = report.New(c, n, s.now())
		return newFiller(ctx, tx, c, r).fill()
	})
	return r, err
}

// filler reads the parts of a report that are not in the counts.
type filler struct {
	*report.Report
	lines     map[string]*report.Line
	spreads   map[int64]map[string]histogram // by carrier, 0 is all
	c         *campaign.Campaign
	q         querier
	ctx       context.Context //nolint:containedctx // lives as long as one call of Report
	carriers  map[int64]*report.Carrier
	countries map[string]*report.Country
}

func newFiller(ctx context.Context, q querier, c *campaign.Campaign, r *report.Report) *filler {
	return &filler{
		Report: r, c: c, q: q, ctx: ctx, carriers: map[int64]*report.Carrier{}, countries: map[string]*report.Country{},
		lines: map[string]*report.Line{}, spreads: map[int64]map[string]histogram{},
	}
}

func (f *filler) fill() error {
	for _, part := range []func() error{f.recipients, f.attempts, f.rescued, f.latencies, f.series, f.outages, f.optOutsAfter} {
		if err := part(); err != nil {
			return err
		}
	}
	for _, c := range f.carriers {
		f.Carriers = append(f.Carriers, *c)
	}
	slices.SortFunc(f.Carriers, func(a, b report.Carrier) int {
		return cmp.Or(cmp.Compare(b.Accepted, a.Accepted), cmp.Compare(a.Name, b.Name))
	})
	for _, c := range f.countries {
		f.Countries = append(f.Countries, *c)
	}
	slices.SortFunc(f.Countries, func(a, b report.Country) int {
		return cmp.Or(cmp.Compare(b.Eligible, a.Eligible), cmp.Compare(a.Country, b.Country))
	})
	f.Finish()
	return nil
}

func (f *filler) each(dest []any, do func() error, query string, args ...any) error {
	return eachRow(f.ctx, f.q, dest, do, query, args...)
}

func (f *filler) country(name string) *report.Country {
	c := f.countries[name]
	if c == nil {
		c = &report.Country{Country: name}
		f.countries[name] = c
	}
	return c
}

// recipients fills in the countries and the classes in which recipients ended.
func (f *filler) recipients() error {
	var country, state, class string
	var n int64
	classes := map[carriers.Class]int64{}
	if err := f.each([]any{&country, &state, &class, &n}, func() error {
		if n == 0 {
			return nil
		}
		c := f.country(country)
		c.Eligible += n
		st := campaign.State(state)
		if st.Accepted() {
			c.Accepted += n
		}
		switch st {
		case campaign.Delivered:
			c.Delivered += n
		case campaign.Undelivered:
			c.Undelivered += n
		case campaign.Failed:
			c.Failed += n
		}
		if end := endClass(st, carriers.Class(class)); end != "" {
			classes[end] += n
		}
		return nil
	}, `SELECT country, state, class, n FROM recipient_counts WHERE campaign_id = ?`, f.c.ID); err != nil {
		return err
	}
	for class, n := range classes {
		f.Errors = append(f.Errors, report.ErrorOf(class, n))
	}
	slices.SortFunc(f.Errors, func(a, b report.Error) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class))
	})
	return nil
}

// endClass is the class that explains why a recipient in this state did not get the message, "" for all who may have.
func endClass(s campaign.State, class carriers.Class) carriers.Class {
	switch s {
	case campaign.Expired:
		return carriers.ClassExpired
	case campaign.Unknown:
		return carriers.ClassAmbiguous
	case campaign.Failed, campaign.Undelivered:
		if class == "" {
			return carriers.ClassUnknown
		}
		return class
	}
	return ""
}

func (f *filler) attempts() error {
	var id, n, segments, cost int64
	var name, country, state, receipt string
	return f.each([]any{&id, &name, &country, &state, &receipt, &n, &segments, &cost}, func() error {
		c := f.carriers[id]
		if c == nil {
			c = &report.Carrier{Name: name}
			f.carriers[id] = c
		}
		c.Attempts += n
		c.Cost += report.Money(cost)
		f.country(country).Cost += report.Money(cost)
		f.Cost.Actual += report.Money(cost)
		switch campaign.AttemptState(state) {
		case campaign.AttemptAccepted:
			c.Accepted += n
		case campaign.AttemptRefused:
			c.Refused += n
			segments = 0
		case campaign.AttemptAmbiguous:
			c.Ambiguous += n
		case campaign.AttemptSending:
			c.Sending += n
		}
		c.Segments += segments
		switch rc := carriers.ReceiptState(receipt); {
		case rc == carriers.ReceiptDelivered:
			c.Delivered += n
		case rc.Final():
			c.Undelivered += n
		}
		return nil
	}, `SELECT a.carrier_id, c.name, a.country, a.state, a.receipt, sum(a.n), sum(a.segments), sum(a.cost) FROM attempt_counts a
		JOIN carriers c ON c.id = a.carrier_id WHERE a.campaign_id = ? GROUP BY 1, 3, 4, 5`, f.c.ID)
}

// rescuedBy is the name of the counter of a carrier's rescues.
func rescuedBy(carrier int64) string { return "rescued:" + strconv.FormatInt(carrier, 10) }

func (f *filler) rescued() error {
	var name string
	var n int64
	return f.each([]any{&name, &n}, func() error {
		id, err := strconv.ParseInt(strings.TrimPrefix(name, "rescued:"), 10, 64)
		if c := f.carriers[id]; err == nil && c != nil {
			c.Rescued = n
		}
		return nil
	}, `SELECT name, n FROM counters WHERE campaign_id = ? AND name LIKE 'rescued:%'`, f.c.ID)
}

func (f *filler) latencies() error {
	var carrier, bucket, n int64
	var kind string
	all := map[string]histogram{"accept": {}, "receipt": {}}
	by := map[int64]map[string]histogram{}
	if err := f.each([]any{&carrier, &kind, &bucket, &n}, func() error {
		if by[carrier] == nil {
			by[carrier] = map[string]histogram{"accept": {}, "receipt": {}}
		}
		by[carrier][kind][bucket] += n
		all[kind][bucket] += n
		return nil
	}, `SELECT carrier_id, kind, bucket, n FROM latencies WHERE campaign_id = ?`, f.c.ID); err != nil {
		return err
	}
	f.Latency, f.spreads = latencyOf(all), by
	f.spreads[0] = all
	for id, h := range by {
		if c := f.carriers[id]; c != nil && id != 0 {
			c.Latency = latencyOf(h)
		}
	}
	return nil
}

func latencyOf(h map[string]histogram) report.Latency {
	return report.Latency{Accept: h["accept"].quantiles(), DLR: h["receipt"].quantiles()}
}

// histogram counts samples by bucket.
type histogram map[int64]int64

func (h histogram) quantiles() (q report.Quantiles) {
	buckets := make([]int64, 0, len(h))
	for b, n := range h {
		if n > 0 {
			buckets, q.N = append(buckets, b), q.N+n
		}
	}
	if q.N == 0 {
		return q
	}
	slices.Sort(buckets)
	at := func(p float64) *float64 {
		rank := p * float64(q.N)
		for _, b := range buckets {
			if n := float64(h[b]); rank > n && b != buckets[len(buckets)-1] {
				rank -= n
				continue
			}
			return within(b, rank/float64(h[b]))
		}
		return nil
	}
	q.P50, q.P90, q.P95, q.P99, q.Max = at(0.5), at(0.9), at(0.95), at(0.99), within(buckets[len(buckets)-1], 1)
	return q
}

// within is the value at a share of a bucket, whose samples are taken to lie evenly over its logarithm.
func within(bucket int64, share float64) *float64 {
	v := share
	if bucket > 0 {
		v = math.Pow(growth, float64(bucket-1)+min(share, 1))
	}
	v = math.Round(v)
	return &v
}

// maxPoints bounds the series: more than a wide screen or a page shows says nothing.
const maxPoints = 360

// series reads the slots of ten seconds and joins them to at most maxPoints equal steps.
func (f *filler) series() error {
	type slot struct {
		at, accepted, failed, delivered int64
		carrier                         string
	}
	var slots []slot
	var s slot
	if err := f.each([]any{&s.at, &s.accepted, &s.failed, &s.delivered, &s.carrier}, func() error {
		slots = append(slots, s)
		return nil
	}, `SELECT s.slot, s.accepted, s.failed, s.delivered, c.name FROM series s JOIN carriers c ON c.id = s.carrier_id
		WHERE s.campaign_id = ? AND s.slot <= (SELECT max(slot) FROM series WHERE campaign_id = ?1 AND accepted + failed > 0)
		ORDER BY s.slot`, f.c.ID); err != nil || len(slots) == 0 {
		return err
	}
	first, span := slots[0].at, slots[len(slots)-1].at-slots[0].at+1
	width := int64(1)
	for _, w := range []int64{1, 2, 3, 6, 12, 30, 60, 180, 360, 1080, 2160, 8640} {
		if width = w; span <= w*maxPoints {
			break
		}
	}
	n := (span + width - 1) / width
	f.Series.StepS, f.Series.Accepted, f.Series.Failed = width*slotMS/1000, make([]int64, n), make([]int64, n)
	f.Series.T0 = time.UnixMilli(first * slotMS).UTC()
	var peak, in, at int64
	for _, s := range slots {
		i := (s.at - first) / width
		f.Series.Accepted[i] += s.accepted
		f.Series.Failed[i] += s.failed
		line := f.line(s.carrier, n)
		line.Accepted[i] += s.accepted
		line.Failed[i] += s.failed
		line.Delivered[i] += s.delivered
		if s.at != at {
			at, in = s.at, 0
		}
		in += s.accepted
		peak = max(peak, in)
	}
	f.Throughput.Peak = float64(peak) * 1000 / slotMS
	return nil
}

// line is a carrier's line of the series, which has its accepted attempts too.
func (f *filler) line(carrier string, points int64) *report.Line {
	l := f.lines[carrier]
	if l == nil {
		l = &report.Line{Carrier: carrier, Accepted: make([]int64, points), Failed: make([]int64, points), Delivered: make([]int64, points)}
		f.lines[carrier], f.Series.ByCarrier[carrier] = l, l.Accepted
	}
	return l
}

// optOutsAfter counts the people of the campaign who opted out within 72 h of getting it. What an import brought or a
// carrier reported was decided before.
func (f *filler) optOutsAfter() error {
	if f.c.StartedAt.IsZero() {
		return nil
	}
	const window = 72 * 60 * 60 * 1000
	return f.q.QueryRowContext(f.ctx, `SELECT count(DISTINCT e.phone) FROM optout_events e
		CROSS JOIN recipients r ON r.campaign_id = ?1 AND r.phone = e.phone CROSS JOIN attempts a ON a.id = r.last_attempt
		WHERE e.action = 'add' AND e.source NOT IN ('import', 'carrier') AND e.recorded_at >= ?2
		AND r.accepted > 0 AND e.recorded_at BETWEEN a.begun_at AND a.begun_at + ?3`,
		f.c.ID, f.c.StartedAt.UnixMilli(), window).Scan(&f.Counts.OptOutsAfter)
}
