package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
)

// Dossier makes the report of a campaign with all that a page shows. What is in no rollup is counted by one pass over
// the campaign's recipients and one over its attempts: some seconds for a million.
func (s *Store) Dossier(ctx context.Context, campaignID int64) (d *report.Dossier, err error) {
	var c *campaign.Campaign
	err = s.snapshot(ctx, func(tx *sql.Tx) error {
		c, err = scanCampaign(tx.QueryRowContext(ctx, `SELECT `+campaignColumns+` FROM campaigns WHERE id = ?`, campaignID))
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
		d = &report.Dossier{Report: report.New(c, n, s.now()), Template: c.Template, Settings: c.Settings}
		b := binder{newFiller(ctx, tx, c, d.Report), d}
		return b.bind()
	})
	if err != nil {
		return nil, err
	}
	d.Failures, err = s.Messages(ctx, c, Filter{States: FailureStates(), Limit: report.MaxFailures})
	if err != nil {
		return nil, err
	}
	for _, invalid := range []bool{true, false} {
		if err := s.someRejects(ctx, c, invalid, d); err != nil {
			return nil, err
		}
	}
	history, err := s.History(ctx, campaignID)
	for _, h := range history {
		d.History = append(d.History, report.Control(h))
	}
	return d, err
}

// errEnough ends a walk that has what it wants.
var errEnough = errors.New("enough")

func (s *Store) someRejects(ctx context.Context, c *campaign.Campaign, invalid bool, d *report.Dossier) error {
	left := report.MaxExcluded / 2
	err := s.EachReject(ctx, c, invalid, func(r *report.Reject) error {
		if left--; left < 0 {
			return errEnough
		}
		d.Excluded = append(d.Excluded, *r)
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// binder fills a dossier: the report by its filler, and what lies beside it.
type binder struct {
	*filler
	d *report.Dossier
}

func (b *binder) bind() error {
	if err := b.fill(); err != nil {
		return err
	}
	for _, l := range b.lines {
		b.d.Lines = append(b.d.Lines, *l)
	}
	slices.SortFunc(b.d.Lines, func(x, y report.Line) int {
		return cmp.Or(cmp.Compare(sum(y.Accepted), sum(x.Accepted)), cmp.Compare(x.Carrier, y.Carrier))
	})
	b.spread()
	for _, part := range []func() error{b.spent, b.sizes, b.costly, b.exclusions, b.fromAttempts} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func sum(points []int64) (n int64) {
	for _, p := range points {
		n += p
	}
	return n
}

func (b *binder) spread() {
	add := func(name string, h map[string]histogram) {
		b.d.Spreads = append(b.d.Spreads, report.Spread{Carrier: name, Accept: h["accept"].buckets(), DLR: h["receipt"].buckets()})
	}
	if all := b.spreads[0]; all != nil {
		add("", all)
	}
	for _, id := range slices.Sorted(mapKeys(b.carriers)) {
		if h := b.spreads[id]; h != nil {
			add(b.carriers[id].Name, h)
		}
	}
}

func mapKeys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// buckets lists those that hold something, shortest first.
func (h histogram) buckets() []report.Bucket {
	var out []report.Bucket
	for _, i := range slices.Sorted(mapKeys(h)) {
		if h[i] > 0 {
			out = append(out, report.Bucket{UpTo: math.Pow(growth, float64(i)), N: h[i]})
		}
	}
	return out
}

// spent sums what was paid by carrier and country, and what of it bought nothing.
func (b *binder) spent() error {
	var name, country, state, receipt string
	var segments, cost int64
	type key struct{ carrier, country string }
	by := map[key]*report.Spent{}
	err := b.each([]any{&name, &country, &state, &receipt, &segments, &cost}, func() error {
		x := by[key{name, country}]
		if x == nil {
			x = &report.Spent{Carrier: name, Country: country}
			by[key{name, country}] = x
		}
		st, rc := campaign.AttemptState(state), carriers.ReceiptState(receipt)
		if st != campaign.AttemptRefused {
			x.Segments += segments
		}
		x.Cost += report.Money(cost)
		if st == campaign.AttemptAmbiguous || rc.Final() && rc != carriers.ReceiptDelivered {
			x.Wasted += report.Money(cost)
		}
		return nil
	}, `SELECT c.name, a.country, a.state, a.receipt, sum(a.segments), sum(a.cost) FROM attempt_counts a
		JOIN carriers c ON c.id = a.carrier_id WHERE a.campaign_id = ? GROUP BY 1, 2, 3, 4`, b.c.ID)
	for _, x := range by {
		if x.Cost != 0 || x.Segments != 0 {
			b.d.Spent = append(b.d.Spent, *x)
		}
	}
	slices.SortFunc(b.d.Spent, func(x, y report.Spent) int {
		return cmp.Or(cmp.Compare(y.Cost, x.Cost), cmp.Compare(y.Segments, x.Segments), cmp.Compare(x.Carrier, y.Carrier), cmp.Compare(x.Country, y.Country))
	})
	return err
}

// sizes counts the texts by their segments. Nearly all are alike, so only those that are not are sorted into groups.
func (b *binder) sizes() error {
	lo, hi := span(b.c.ID)
	rest := report.Size{Segments: 1, N: b.Counts.Eligible}
	var x report.Size
	if err := b.each([]any{&x.Segments, &x.UCS2, &x.N}, func() error {
		b.d.Sizes = append(b.d.Sizes, x)
		rest.N -= x.N
		return nil
	}, `SELECT segments, ucs2, count(*) FROM recipients WHERE id > ? AND id < ? AND (segments <> 1 OR ucs2 <> 0)
		GROUP BY 1, 2 ORDER BY 1, 2`, lo, hi); err != nil {
		return err
	}
	if rest.N > 0 {
		b.d.Sizes = slices.Insert(b.d.Sizes, 0, rest)
	}
	return nil
}

// costly finds the characters that made the first UCS-2 texts what they are.
func (b *binder) costly() error {
	if !slices.ContainsFunc(b.d.Sizes, func(s report.Size) bool { return s.UCS2 }) {
		return nil
	}
	inTemplate := gsm.Offenders(b.c.Template)
	count := map[rune]int{}
	lo, hi := span(b.c.ID)
	var body string
	err := b.each([]any{&body}, func() error {
		b.d.CostlyOf++
		for _, r := range gsm.Offenders(body) {
			count[r]++
		}
		return nil
	}, `SELECT c.text FROM recipients r JOIN contents c ON c.recipient_id = r.id WHERE r.id > ? AND r.id < ? AND r.ucs2 = 1
		ORDER BY r.id LIMIT ?`, lo, hi, report.MaxUCS2)
	for r, n := range count {
		b.d.Costly = append(b.d.Costly, report.Costly{Char: r, N: n, Template: slices.Contains(inTemplate, r)})
	}
	slices.SortFunc(b.d.Costly, func(x, y report.Costly) int { return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.Char, y.Char)) })
	return err
}

func (b *binder) exclusions() error {
	var x report.Exclusion
	return b.each([]any{&x.Code, &x.N}, func() error {
		b.d.Exclusions = append(b.d.Exclusions, x)
		return nil
	}, `SELECT code, count(*) FROM rejects WHERE campaign_id = ? GROUP BY code ORDER BY 2 DESC, 1`, b.c.ID)
}

// fromAttempts counts what no rollup has: carriers' own codes, and who followed whom.
func (b *binder) fromAttempts() error {
	first, last, err := b.attemptRange()
	if err != nil || first == 0 {
		return err
	}
	lo, hi := span(b.c.ID)
	var code report.Code
	if err := b.each([]any{&code.Carrier, &code.Class, &code.Code, &code.N}, func() error {
		if len(b.d.Codes) == report.MaxCodes {
			b.d.CodesCut = true
			return nil
		}
		b.d.Codes = append(b.d.Codes, code)
		return nil
	}, `SELECT c.name, a.class, a.code, a.n FROM (SELECT carrier_id, class, code, count(*) AS n FROM attempts
		WHERE id BETWEEN ? AND ? AND recipient_id > ? AND recipient_id < ? AND code <> '' AND class <> '' GROUP BY 1, 2, 3
		ORDER BY 4 DESC, 1, 2, 3 LIMIT ?) a JOIN carriers c ON c.id = a.carrier_id ORDER BY a.n DESC, 1, 2, 3`,
		first, last, lo, hi, report.MaxCodes+1); err != nil {
		return err
	}
	var m report.Move
	if err := b.each([]any{&m.From, &m.To, &m.N, &m.Cost, &m.Twice}, func() error {
		b.d.Moves = append(b.d.Moves, m)
		return nil
	}, `SELECT f.name, t.name, count(*), sum(a.cost), sum(CASE WHEN p.cost > 0 THEN a.cost ELSE 0 END) FROM attempts a
		JOIN attempts p ON p.id = a.previous JOIN carriers f ON f.id = p.carrier_id JOIN carriers t ON t.id = a.carrier_id
		WHERE a.id BETWEEN ? AND ? AND a.recipient_id > ? AND a.recipient_id < ? AND a.n > 1 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`,
		first, last, lo, hi); err != nil {
		return err
	}
	return b.scores(first, last)
}

// scores asks some attempts, evenly spread, for the score they were chosen by.
func (b *binder) scores(first, last int64) error {
	lo, hi := span(b.c.ID)
	step := max((last-first)/report.MaxScores, 1)
	var id, at int64
	var name, why string
	var names []string // of all carriers: decisions name those too that were passed over
	if err := b.each([]any{&name}, func() error {
		names = append(names, name)
		return nil
	}, `SELECT name FROM carriers ORDER BY id`); err != nil {
		return err
	}
	for next := first; next <= last; {
		id = 0
		if err := b.each([]any{&id, &at, &name, &why}, func() error {
			l := b.lines[name]
			if score, ok := report.NewScore(time.UnixMilli(at).UTC(), why, name, names); ok && l != nil {
				i := slices.IndexFunc(b.d.Lines, func(l report.Line) bool { return l.Carrier == name })
				b.d.Lines[i].Scores = append(b.d.Lines[i].Scores, score)
			}
			return nil
		}, `SELECT a.id, a.begun_at, c.name, a.why FROM attempts a CROSS JOIN carriers c ON c.id = a.carrier_id WHERE a.id BETWEEN ? AND ?
			AND a.recipient_id > ? AND a.recipient_id < ? ORDER BY a.id LIMIT 1`, next, min(next+step-1, last), lo, hi); err != nil {
			return err
		}
		next += step
	}
	return nil
}

// slack is how much earlier or later than the campaign's own times its attempts are looked for: clocks are set.
const slack = time.Hour

// attemptRange is where the campaign's attempts lie among those of all campaigns. Ids grow with time, so a search by
// time finds the ends without an index; first is 0 when there are none.
func (b *binder) attemptRange() (first, last int64, err error) {
	if b.Counts.Attempts == 0 {
		return 0, 0, nil
	}
	if err := b.q.QueryRowContext(b.ctx, `SELECT coalesce(max(id), 0) FROM attempts`).Scan(&last); err != nil {
		return 0, 0, err
	}
	from := b.c.CreatedAt
	if first, err = attemptAt(b.ctx, b.q, last, from.Add(-slack)); err != nil {
		return 0, 0, err
	}
	if end := b.ended(); !end.IsZero() {
		last, err = attemptAt(b.ctx, b.q, last, end.Add(slack))
	}
	return max(first, 1), last, err
}

// ended is after the last attempt that the campaign can have; zero while it can have more.
func (b *binder) ended() time.Time {
	switch b.c.Status {
	case campaign.Completed, campaign.Incomplete, campaign.Stopped, campaign.Settling:
		if b.c.SettledAt.After(b.c.FinishedAt) {
			return b.c.SettledAt
		}
		return b.c.FinishedAt
	}
	return time.Time{}
}

// attemptAt is the last id up to which attempts began before t.
func attemptAt(ctx context.Context, q querier, last int64, t time.Time) (int64, error) {
	lo, hi := int64(0), last // lo began before t, or is none
	for lo < hi {
		mid := lo + (hi-lo+1)/2
		var id, at int64
		err := q.QueryRowContext(ctx, `SELECT id, begun_at FROM attempts WHERE id >= ? ORDER BY id LIMIT 1`, mid).Scan(&id, &at)
		if errors.Is(err, sql.ErrNoRows) {
			hi = mid - 1
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("finding attempts by their time: %w", err)
		}
		if at < t.UnixMilli() && id <= hi {
			lo = max(id, mid)
		} else {
			hi = mid - 1
		}
	}
	return lo, nil
}
