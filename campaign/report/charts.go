package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/routing"
)

// funnelChart shows how rows become delivered messages, and what is lost on the way.
func (v *view) funnelChart() template.HTML {
	n := &v.Counts
	type stage struct {
		name, of string
		n, from  int64
		lost     []string
	}
	list := func(pairs ...any) (out []string) {
		for i := 0; i < len(pairs); i += 2 {
			if k, ok := pairs[i].(int64); ok && k > 0 {
				out = append(out, thousands(k)+" "+fmt.Sprint(pairs[i+1]))
			}
		}
		return out
	}
	stages := []stage{
		{"rows", "", n.Rows, n.Rows, nil},
		{"eligible", "of rows", n.Eligible, n.Rows, list(n.Invalid, "invalid", n.Duplicate, "duplicate", n.OptedOut, "opted out")},
		{"accepted", "of eligible", n.Accepted, n.Eligible, list(n.Failed, "failed", n.Expired, "expired", n.Unknown, "unknown", n.Cancelled, "cancelled",
			n.Suppressed, "suppressed", n.Queued, "queued", n.Sending, "sending")},
		{"delivered", "of accepted", n.Delivered, n.Accepted, list(n.Undelivered, "undelivered", n.Awaiting, "awaiting a receipt", n.NoReceipt, "without a receipt")},
	}
	const left, row, thick, room = 110.0, 66.0, 30.0, 210.0
	c := newCanvas("funnel", row*float64(len(stages))-8)
	scale := func(k int64) float64 {
		return float64(k) / float64(max(n.Rows, n.Eligible, 1)) * (chartWidth - left - room)
	}
	var desc []string
	for i, s := range stages {
		y := 4 + float64(i)*row
		c.text("end strong", left-14, y+thick/2+5, s.name)
		c.rect("lost", left+scale(s.n), y, scale(s.from)-scale(s.n), thick, strings.Join(s.lost, ", "))
		c.rect(fmt.Sprintf("f%d", i), left, y, max(scale(s.n), 2), thick, "")
		figure := thousands(s.n)
		if s.of != "" {
			figure += ", " + percent(RateOf(s.n, s.from)) + " " + s.of
		}
		c.text("strong", left+max(scale(s.from), scale(s.n), 2)+12, y+thick/2+5, figure)
		if len(s.lost) > 0 {
			c.text("muted", left, y+thick+17, "less "+strings.Join(s.lost, ", "))
		}
		desc = append(desc, s.name+" "+thousands(s.n))
	}
	return c.svg("From rows to delivered messages", strings.Join(desc, ", ")+".")
}

// steps is the series in at most so many steps.
type steps struct {
	t0      time.Time
	seconds float64 // of one
	n       int
	join    int // steps of the series in one of these
}

func (r *Report) steps(most int) steps {
	n := len(r.Series.Accepted)
	join := max((n+most-1)/most, 1)
	return steps{r.Series.T0, float64(r.Series.StepS) * float64(join), (n + join - 1) / join, join}
}

func (s steps) sum(points []int64) []float64 {
	out := make([]float64, s.n)
	for i, p := range points {
		if i/s.join < s.n {
			out[i/s.join] += float64(p)
		}
	}
	return out
}

func (s steps) start(i int) time.Time {
	return s.t0.Add(time.Duration(float64(i) * s.seconds * float64(time.Second)))
}
func (s steps) end() time.Time { return s.start(s.n) }

// x is where a time lies on an axis; false says that it is not on it.
func (s steps) x(t time.Time, left, width float64) (float64, bool) {
	share := t.Sub(s.t0).Seconds() / max(s.seconds*float64(s.n), 1e-9)
	return left + min(max(share, 0), 1)*width, share >= -1e-9 && share <= 1
}

func rate(n, seconds float64) string { return fmt.Sprintf("%.1f/s", n/max(seconds, 1e-9)) }

// timeChart shows accepted and refused attempts a second over time, with open breakers, the pauses and what people did.
func (v *view) timeChart() template.HTML {
	const left, top, bottom, height = 56.0, 26.0, 30.0, 290.0
	width, s := chartWidth-left-12, v.Report.steps(120)
	accepted, failed := s.sum(v.Series.Accepted), s.sum(v.Series.Failed)
	delivered := make([]float64, s.n)
	for _, l := range v.Lines {
		for i, n := range s.sum(l.Delivered) {
			delivered[i] += n
		}
	}
	high := 0.0
	for i := range s.n {
		high = max(high, (accepted[i]+failed[i])/s.seconds, delivered[i]/s.seconds)
	}
	c := newCanvas("time", height)
	grid := ticks(high, 4)
	high = grid[len(grid)-1]
	y := func(perSecond float64) float64 { return top + (1-perSecond/high)*(height-top-bottom) }
	for _, g := range grid {
		c.line("grid", left, y(g), left+width, y(g))
		c.text("end muted", left-8, y(g)+4, axisNumber(g))
	}
	c.text("markword", 0, 11, "a second")
	v.bands(c, s, left, top, width, height-bottom)
	for i := range v.Outages[:min(len(v.Outages), pageOutages)] {
		if o := &v.Outages[i]; o.Trouble == routing.TroubleBreaker {
			v.outageBand(c, o, s, left, width, top-5, 5)
		}
	}
	at, format := timeTicks(s.t0, s.end(), 8)
	for _, t := range at {
		if x, ok := s.x(t, left, width); ok {
			c.line("axis", x, height-bottom, x, height-bottom+5)
			c.text("mid muted", min(max(x, left+14), left+width-16), height-bottom+19, t.In(v.zone).Format(format))
		}
	}
	step := width / float64(s.n)
	thick := min(max(step-1.5, 1), 60)
	var line [][2]float64
	for i := range s.n {
		x := left + float64(i)*step + (step-thick)/2
		a, f := accepted[i]/s.seconds, failed[i]/s.seconds
		tip := s.start(i).In(v.zone).Format("15:04:05") + "  " + rate(accepted[i], s.seconds) + " accepted, " + rate(failed[i], s.seconds) + " refused, " +
			rate(delivered[i], s.seconds) + " delivered"
		c.rect("ok", x, y(a), thick, y(0)-y(a), tip)
		c.rect("bad", x, y(a+f), thick, y(a)-y(a+f), tip)
		line = append(line, [2]float64{left + (float64(i)+0.5)*step, y(delivered[i] / s.seconds)})
	}
	c.polyline("delivered", line)
	c.line("axis", left, y(0), left+width, y(0))
	if limit := v.Settings.Rate; limit > 0 && limit <= high {
		c.line("cap", left, y(limit), left+width, y(limit))
		c.text("end capword", left+width, y(limit)-4, "rate cap "+axisNumber(limit)+"/s")
	}
	return c.svg("Messages a second over time", fmt.Sprintf("From %s to %s: %s attempts accepted and %s refused; the best ten seconds had %.1f a second.",
		v.time(s.t0), v.time(s.end()), thousands(sumOf(v.Series.Accepted)), thousands(sumOf(v.Series.Failed)), v.Throughput.Peak))
}

// bands draws pauses, which last, and other controls, which are moments.
func (v *view) bands(c *canvas, s steps, left, top, width, bottom float64) {
	var paused time.Time
	shade := func(to time.Time) {
		a, _ := s.x(paused, left, width)
		b, _ := s.x(to, left, width)
		c.rect("pause", a, top, max(b-a, 1), bottom-top, "paused "+v.time(paused)+" to "+v.time(to))
		paused = time.Time{}
	}
	last := -1e9
	for _, h := range v.History {
		switch h.Action {
		case "pause":
			paused = h.At
		case "resume":
			if !paused.IsZero() {
				shade(h.At)
			}
		}
		x, on := s.x(h.At, left, width)
		if !on || h.Action == "create" || h.Action == "run" {
			continue
		}
		c.line("mark", x, top, x, bottom)
		if x-last > 70 {
			c.text("mid markword", min(max(x, left+24), left+width-24), top-6, clip(h.Action, 16))
			last = x
		}
	}
	if !paused.IsZero() && paused.Before(s.end()) {
		shade(s.end())
	}
}

func sumOf(points []int64) (n int64) {
	for _, p := range points {
		n += p
	}
	return n
}

// maxLines is how many carriers have a line of their own in a chart; a table has them all.
const maxLines = 8

// carrierChart has a strip for each carrier: attempts over time, below it the share that it took.
func (v *view) carrierChart() template.HTML {
	const left, row, tall = 176.0, 84.0, 46.0
	lines := v.Lines[:min(len(v.Lines), maxLines)]
	width, s := chartWidth-left-12, v.Report.steps(120)
	c := newCanvas("carriers", float64(len(lines))*row+26)
	high, best := 0.0, 0.0
	for _, l := range lines {
		a, f := s.sum(l.Accepted), s.sum(l.Failed)
		for i := range s.n {
			high = max(high, a[i]+f[i])
		}
		for _, x := range l.Scores {
			best = max(best, x.Value)
		}
	}
	step := width / float64(max(s.n, 1))
	thick := min(max(step-1, 1), 60)
	for k, l := range lines {
		y := float64(k)*row + 4
		a, f := s.sum(l.Accepted), s.sum(l.Failed)
		c.text("end strong", left-14, y+22, clip(l.Carrier, 22))
		c.text("end muted", left-14, y+40, thousands(sumOf(l.Accepted))+" accepted")
		c.text("end muted", left-14, y+57, percent(RateOf(sumOf(l.Accepted), sumOf(l.Accepted)+sumOf(l.Failed)))+" of answers")
		c.line("grid", left, y+tall, left+width, y+tall)
		var ok, bad columns
		for i := range s.n {
			x := left + float64(i)*step + (step-thick)/2
			up, down := a[i]/max(high, 1)*tall, f[i]/max(high, 1)*tall
			ok.add(x, y+tall-up, thick, up)
			bad.add(x, y+tall-up-down, thick, down)
		}
		c.columns(fmt.Sprintf("c%d", k), &ok)
		c.columns("bad", &bad)
		c.strip(s.n, left, y+tall+6, step, func(i int) string { return health(a[i], f[i]) })
		v.outagesOf(c, l.Carrier, s, left, width, y+tall+17)
		var score [][2]float64
		for _, p := range l.Scores {
			if x, ok := s.x(p.At, left, width); ok && best > 0 {
				score = append(score, [2]float64{x, y + tall - max(p.Value, 0)/best*tall})
			}
		}
		if len(score) > 0 {
			c.polyline("score", score)
		}
	}
	at, format := timeTicks(s.t0, s.end(), 8)
	bottom := float64(len(lines)) * row
	for _, t := range at {
		if x, ok := s.x(t, left, width); ok {
			c.text("mid muted", min(max(x, left+14), left+width-16), bottom+18, t.In(v.zone).Format(format))
		}
	}
	return c.svg("Each carrier over time", fmt.Sprintf("Accepted and refused attempts of %d carriers, the share of answers that were yes, and when a carrier was not used as usual.", len(lines)))
}

// strip draws a row of cells, those of one class that lie side by side as one.
func (c *canvas) strip(n int, left, y, step float64, class func(int) string) {
	for i := 0; i < n; {
		from := i
		for i < n && class(i) == class(from) {
			i++
		}
		c.rect(class(from), left+float64(from)*step, y, float64(i-from)*step, 8, "")
	}
}

// health is the colour of a share of accepted answers.
func health(ok, bad float64) string {
	switch share := ok / max(ok+bad, 1e-9); {
	case ok+bad == 0:
		return "h-none"
	case share >= 0.95:
		return "h-good"
	case share >= 0.5:
		return "h-warn"
	}
	return "h-bad"
}

// histogram draws a distribution over a logarithmic axis, with its quantiles.
func (v *view) histogram(id, title string, buckets []Bucket, q Quantiles) template.HTML {
	const left, top, bottom, height = 12.0, 30.0, 26.0, 190.0
	const growth, joined = 1.08, 4
	type column struct{ from, to, n float64 }
	var columns []column
	high, all := 0.0, int64(0)
	for _, b := range buckets {
		k := math.Floor(math.Log(max(b.UpTo, 1))/math.Log(growth)/joined + 1e-6)
		from, to := math.Pow(growth, k*joined), math.Pow(growth, (k+1)*joined)
		if n := len(columns); n > 0 && math.Abs(columns[n-1].from-from) < from/1e6 {
			columns[n-1].n += float64(b.N)
		} else {
			columns = append(columns, column{from, to, float64(b.N)})
		}
		high, all = max(high, columns[len(columns)-1].n), all+b.N
	}
	width := chartWidth - 2*left
	c := newCanvas(id, height)
	lo, hi := columns[0].from, max(columns[len(columns)-1].to, columns[0].from*10)
	x := func(ms float64) float64 { return left + math.Log(min(max(ms, lo), hi)/lo)/math.Log(hi/lo)*width }
	for _, b := range columns {
		h := b.n / high * (height - top - bottom)
		c.rect("ok", x(b.from)+0.5, height-bottom-h, max(x(b.to)-x(b.from)-1, 1), h,
			fmt.Sprintf("%s to %s: %s (%s)", duration(b.from), duration(b.to), thousands(int64(b.n)), percent(RateOf(int64(b.n), all))))
	}
	c.line("axis", left, height-bottom, left+width, height-bottom)
	labelled := -1e9
	for _, t := range latencyTicks() {
		if t < lo*0.999 || t > hi*1.001 || x(t)-labelled < 52 {
			continue
		}
		labelled = x(t)
		c.line("axis", x(t), height-bottom, x(t), height-bottom+5)
		c.text("mid muted", min(max(x(t), left+14), left+width-14), height-bottom+19, duration(t))
	}
	last := -1e9
	for _, p := range []struct {
		name string
		ms   *float64
	}{{"p50", q.P50}, {"p95", q.P95}, {"p99", q.P99}} {
		if p.ms == nil {
			continue
		}
		at := x(*p.ms)
		c.line("quantile", at, top-8, at, height-bottom)
		word := max(at, last+84)
		c.text("mid markword", min(max(word, left+40), left+width-40), top-14, p.name+" "+duration(*p.ms))
		last = word
	}
	return c.svg(title, fmt.Sprintf("%s samples; median %s, 95 %% within %s, 99 %% within %s.", thousands(q.N), ms(q.P50), ms(q.P95), ms(q.P99)))
}

// trendChart shows when attempts were refused.
func (v *view) trendChart() template.HTML {
	const left, height = 12.0, 74.0
	s := v.Report.steps(120)
	failed := s.sum(v.Series.Failed)
	high := 0.0
	for _, f := range failed {
		high = max(high, f)
	}
	c := newCanvas("trend", height)
	step := (chartWidth - 2*left) / float64(max(s.n, 1))
	thick := min(max(step-1, 1), 60)
	var d columns
	for i, f := range failed {
		d.add(left+float64(i)*step+(step-thick)/2, 48-f/max(high, 1)*44, thick, f/max(high, 1)*44)
	}
	c.columns("bad", &d)
	c.line("axis", left, 48, chartWidth-left, 48)
	c.text("muted", left, 66, s.start(0).In(v.zone).Format("2 Jan 15:04:05"))
	c.text("end muted", chartWidth-left, 66, s.end().In(v.zone).Format("2 Jan 15:04:05"))
	c.text("mid muted", chartWidth/2, 66, "at most "+rate(high, s.seconds))
	return c.svg("Refused attempts over time", fmt.Sprintf("%s attempts were refused.", thousands(sumOf(v.Series.Failed))))
}

// latencyTicks are round times in milliseconds, from a tick to three days.
func latencyTicks() []float64 {
	return []float64{
		1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 3e4, 6e4, 1.2e5, 3e5, 6e5, 1.8e6,
		3.6e6, 1.08e7, 2.16e7, 4.32e7, 8.64e7, 1.728e8, 2.592e8,
	}
}

// countryChart shows what became of the recipients of the largest countries.
func (v *view) countryChart(most int) template.HTML {
	var rows []bar
	for i := range v.Countries[:min(len(v.Countries), most)] {
		c := &v.Countries[i]
		rest := c.Eligible - c.Delivered - c.Undelivered - c.Failed
		rows = append(rows, bar{countryName(c.Country), []part{
			{"ok", float64(c.Delivered), thousands(c.Delivered) + " delivered"},
			{"warn", float64(c.Undelivered), thousands(c.Undelivered) + " undelivered"},
			{"bad", float64(c.Failed), thousands(c.Failed) + " failed"},
			{"open", float64(max(rest, 0)), thousands(rest) + " open, or not sent"},
		}, thousands(c.Eligible) + ", " + percent(c.Confirmed) + " confirmed"})
	}
	return bars("countries", "Recipients by country", "Delivered, undelivered, failed and open recipients of the largest countries.", rows)
}

func countryName(code string) string {
	if code == "" {
		return "none"
	}
	return code
}

// totals sums the spending by a key of it.
func totals(spent []Spent, key func(*Spent) string) []Spent {
	by := map[string]*Spent{}
	for i := range spent {
		s := &spent[i]
		t := by[key(s)]
		if t == nil {
			t = &Spent{Carrier: s.Carrier, Country: s.Country}
			by[key(s)] = t
		}
		t.Segments, t.Cost, t.Wasted = t.Segments+s.Segments, t.Cost+s.Cost, t.Wasted+s.Wasted
	}
	out := make([]Spent, 0, len(by))
	for _, t := range by {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Spent) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(a.Country, b.Country))
	})
	return out
}
