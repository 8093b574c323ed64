package report

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// ComparisonSchema names the JSON form of a comparison.
const ComparisonSchema = "smsctl.comparison/1"

// Comparison holds one campaign against another.
type Comparison struct {
	Schema   string  `json:"schema"`
	Campaign string  `json:"campaign"`
	With     string  `json:"with"`
	Deltas   []Delta `json:"deltas"`
	Report   *Report `json:"report"`
	Other    *Report `json:"other"`
}

// Delta is one metric of both. N says of how many: a share of a handful differs by chance.
type Delta struct {
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"` // rate, count, ms, per_s, or the currency
	Value  *float64 `json:"value"`
	Other  *float64 `json:"other"`
	Delta  *float64 `json:"delta"` // of rates in the same unit, not in percent of each other
	N      int64    `json:"n"`
	OtherN int64    `json:"other_n"`
	Noise  bool     `json:"within_chance"` // the difference of two rates is less than two standard errors
}

// Compare lists how r differs from other.
func Compare(r, other *Report) *Comparison {
	c := &Comparison{Schema: ComparisonSchema, Campaign: r.Campaign.Name, With: other.Campaign.Name, Report: r, Other: other}
	rates := func(name string, a, b Rate) {
		d := Delta{Metric: name, Unit: "rate", Value: a.Value, Other: b.Value, Delta: minus(a.Value, b.Value), N: a.Den, OtherN: b.Den}
		d.Noise = d.Delta != nil && math.Abs(*d.Delta) < 2*math.Sqrt(variance(a)+variance(b))
		c.Deltas = append(c.Deltas, d)
	}
	numbers := func(name, unit string, a, b *float64, n, m int64) {
		c.Deltas = append(c.Deltas, Delta{Metric: name, Unit: unit, Value: a, Other: b, Delta: minus(a, b), N: n, OtherN: m})
	}
	count := func(n int64) *float64 { v := float64(n); return &v }
	numbers("eligible", "count", count(r.Counts.Eligible), count(other.Counts.Eligible), r.Counts.Rows, other.Counts.Rows)
	rates("acceptance", r.Rates.Acceptance, other.Rates.Acceptance)
	rates("delivery", r.Rates.Delivery, other.Rates.Delivery)
	rates("confirmed", r.Rates.Confirmed, other.Rates.Confirmed)
	rates("receipt_coverage", r.Rates.Coverage, other.Rates.Coverage)
	rates("failover", r.Rates.Failover, other.Rates.Failover)
	rates("failed", r.Rates.Failed, other.Rates.Failed)
	numbers("accept_p50", "ms", r.Latency.Accept.P50, other.Latency.Accept.P50, r.Latency.Accept.N, other.Latency.Accept.N)
	numbers("dlr_p50", "ms", r.Latency.DLR.P50, other.Latency.DLR.P50, r.Latency.DLR.N, other.Latency.DLR.N)
	numbers("dlr_p95", "ms", r.Latency.DLR.P95, other.Latency.DLR.P95, r.Latency.DLR.N, other.Latency.DLR.N)
	numbers("throughput", "per_s", &r.Throughput.Average, &other.Throughput.Average, r.Counts.Accepted, other.Counts.Accepted)
	numbers("cost", r.Cost.Currency, units(&r.Cost.Actual), units(&other.Cost.Actual), r.Counts.Segments, other.Counts.Segments)
	numbers("cost_per_delivered", r.Cost.Currency, units(r.Cost.PerDelivered), units(other.Cost.PerDelivered), r.Counts.Delivered, other.Counts.Delivered)
	if r.Cost.Currency != other.Cost.Currency { // two currencies have no difference
		for i := range c.Deltas {
			if strings.HasPrefix(c.Deltas[i].Metric, "cost") {
				c.Deltas[i].Delta = nil
			}
		}
	}
	return c
}

func minus(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	d := math.Round(1e6*(*a-*b)) / 1e6
	return &d
}

func units(m *Money) *float64 {
	if m == nil {
		return nil
	}
	v := float64(*m) / 1e6
	return &v
}

// variance of a measured share; that of one which is 0 or 1 is taken as if one more had gone the other way.
func variance(r Rate) float64 {
	n := float64(r.Den)
	p := (float64(r.Num) + 1) / (n + 2)
	return p * (1 - p) / max(n, 1)
}

// words are a delta for people: this, the other, the difference, and of how many.
func (d *Delta) words() []string {
	show := func(v *float64, signed bool) string {
		if v == nil {
			return "--"
		}
		sign := ""
		if signed && *v > 0 {
			sign = "+"
		}
		switch d.Unit {
		case "rate":
			if signed {
				return fmt.Sprintf("%s%.1f points", sign, 100**v)
			}
			return fmt.Sprintf("%.1f %%", 100**v)
		case "count":
			return sign + thousands(int64(*v))
		case "ms":
			if *v < 0 {
				return "-" + duration(-*v)
			}
			return sign + duration(*v)
		case "per_s":
			return fmt.Sprintf("%s%.1f/s", sign, *v)
		}
		return strings.TrimSpace(fmt.Sprintf("%s%.4f %s", sign, *v, d.Unit))
	}
	delta := show(d.Delta, true)
	if d.Noise && d.Delta != nil {
		delta += " (within chance)"
	}
	return []string{strings.ReplaceAll(d.Metric, "_", " "), show(d.Value, false), show(d.Other, false), delta, thousands(d.N), thousands(d.OtherN)}
}

func (c *Comparison) heads() []string {
	return []string{"Metric", ">This", ">Other", ">Difference", ">n", ">n of other"}
}

// WriteText writes the comparison as a table.
func (c *Comparison) WriteText(out io.Writer, s Style) error {
	p := &page{Style: s}
	p.items("", "  ", p.paint(Strong, clean(c.Campaign)), "compared with", p.paint(Strong, clean(c.With)))
	t := grid{}
	for _, h := range c.heads() {
		t.heads = append(t.heads, strings.ToUpper(h))
	}
	for i := range c.Deltas {
		t.rows = append(t.rows, c.Deltas[i].words())
	}
	p.grid(t)
	_, err := io.WriteString(out, p.String())
	return err
}

// comparedView is the comparison on the page; nil is none.
type comparedView struct {
	Name, Lead string
	Table      *htmlTable
}

func (v *view) compared() *comparedView {
	if v.o.Compare == nil {
		return nil
	}
	c := Compare(v.Report, v.o.Compare)
	t := &htmlTable{Caption: "This campaign against " + clip(c.With, 60), Heads: c.heads()}
	for i := range c.Deltas {
		t.Rows = append(t.Rows, c.Deltas[i].words())
	}
	return &comparedView{clip(c.With, 80), "A difference is within chance when it is smaller than two standard errors: too few to tell.", t}
}
