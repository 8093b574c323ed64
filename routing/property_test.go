package routing

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/smsctl/smsctl/carriers"
)

// campaign draws random operations and plays them to routers, all of them to each.
type campaign struct {
	t       *rapid.T
	routers []*Router
	now     time.Time
	n       int64
	open    []int64
	wild    bool // clocks jump, and numbers are absurd
}

func drawInfos(t *rapid.T) []carriers.Info {
	infos := make([]carriers.Info, rapid.IntRange(1, 5).Draw(t, "carriers"))
	for i := range infos {
		infos[i].Name = string(rune('a' + i))
		c := &infos[i].Common
		c.MaxInFlight = rapid.SampledFrom([]int{1, 5, 1000}).Draw(t, "window")
		c.MaxPerSecond = rapid.SampledFrom([]float64{0, 0, 2, 50}).Draw(t, "rate")
		if w := rapid.SampledFrom([]float64{1, 1, 1, .5, 2}).Draw(t, "weight"); w != 1 {
			c.Weight = &w
		}
		if rapid.Bool().Draw(t, "priced") {
			c.Price = map[string]carriers.Price{"*": carriers.Price(rapid.IntRange(1000, 100000).Draw(t, "price"))}
		}
	}
	return infos
}

func (c *campaign) query() Query {
	return Query{
		Message: uint64(c.n), Country: rapid.SampledFrom([]string{"GB", "DE", ""}).Draw(c.t, "country"),
		Network: rapid.SampledFrom([]string{"", "one", "two"}).Draw(c.t, "network"), Segments: rapid.IntRange(0, 3).Draw(c.t, "segments"),
		Type: rapid.SampledFrom(kindNames[:]).Draw(c.t, "type"), Tried: Set(rapid.Uint64Range(0, 3).Draw(c.t, "tried")),
		Behind: rapid.IntRange(0, 50).Draw(c.t, "behind"),
	}
}

func (c *campaign) step() {
	c.n++
	span := int64(3 * time.Second)
	if c.wild && rapid.IntRange(0, 9).Draw(c.t, "jump") == 0 {
		c.now = c.now.Add(time.Duration(rapid.Int64Range(-1<<60, 1<<60).Draw(c.t, "by")))
	}
	c.now = c.now.Add(time.Duration(rapid.Int64Range(0, span).Draw(c.t, "later")))
	switch rapid.IntRange(0, 3).Draw(c.t, "what") {
	case 0:
		for _, r := range c.routers {
			r.Tick(c.now)
		}
	case 1, 2:
		c.submit()
	case 3:
		c.receive()
	}
}

func (c *campaign) submit() {
	q := c.query()
	res := rapid.SampledFrom([]carriers.Result{
		carriers.Accept("", ""), carriers.Accept("", ""), carriers.Accept("", ""), transient, throttled, carriers.Ambiguous("", "", ""),
	}).Draw(c.t, "result")
	for _, r := range c.routers {
		x := r.Choose(c.now, q)
		if x.Carrier < 0 {
			continue
		}
		r.Done(c.now, x.Carrier, q.Country, res)
		if res.Accepted == carriers.Yes {
			r.Await(c.now, c.n, x.Ticket)
		}
	}
	c.open = append(c.open, c.n)
}

func (c *campaign) receive() {
	rc := Receipt{
		Attempt: rapid.Int64Range(0, c.n+1).Draw(c.t, "attempt"), Verdict: Verdict(rapid.IntRange(0, 2).Draw(c.t, "verdict")),
		Took: time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(c.t, "took")), Country: "GB",
	}
	if c.wild {
		rc.Took = time.Duration(rapid.Int64().Draw(c.t, "absurd"))
		rc.Age, rc.Carrier = time.Duration(rapid.Int64().Draw(c.t, "age")), rapid.IntRange(-2, 9).Draw(c.t, "carrier")
	}
	for _, r := range c.routers {
		r.Receipt(c.now, rc)
	}
}

func TestReplaysBitForBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		infos := drawInfos(t)
		c := &campaign{t: t, now: at, routers: []*Router{New(infos, Options{Seed: 3}), New(infos, Options{Seed: 3})}}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			c.step()
			a, b := c.routers[0], c.routers[1]
			if a.Why() != b.Why() || fmt.Sprint(a.Snapshot(c.now)) != fmt.Sprint(b.Snapshot(c.now)) {
				t.Fatalf("two routers that saw the same differ:\n%s\n%s", a.Why(), b.Why())
			}
		}
		x, y := c.routers[0].Changes(c.now), c.routers[1].Changes(c.now)
		if !slices.EqualFunc(x, y, func(a, b Record) bool { return a.Key == b.Key && string(a.Data) == string(b.Data) }) {
			t.Fatal("and so does what they learned")
		}
	})
}

func TestNothingAbsurdGetsIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		infos := drawInfos(t)
		c := &campaign{t: t, now: at, wild: true, routers: []*Router{New(infos, Options{})}}
		r := c.routers[0]
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			c.step()
		}
		for _, x := range r.Explain(c.now, c.query()).Candidates {
			if x.Reason != Candidate {
				continue
			}
			for _, v := range []float64{x.Mean, x.SD, x.Here, x.Above, x.Trust, x.Worth, x.Price, x.Queue, x.Late, x.Score} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%+v", x)
				}
			}
			if x.Mean < 0 || x.Mean > 1 || x.Here < 0 || x.Here > float64(c.n)*2 || x.SD > .5 {
				t.Fatalf("%+v", x)
			}
		}
		for i := range r.lines {
			if a := r.model.per[i].window.awaiting; a < 0 || a > int(c.n) {
				t.Fatalf("%d attempts await a receipt of %d", a, c.n)
			}
		}
		for _, rec := range r.Changes(c.now) {
			if _, _, err := unpack(c.now, rec.Data); err != nil {
				t.Fatalf("%q: %v", rec.Key, err)
			}
		}
	})
}

func TestTheBetterOneIsNeverRankedBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		infos := drawInfos(t)
		c := &campaign{t: t, now: at, routers: []*Router{New(infos, Options{})}}
		for range rapid.IntRange(0, 150).Draw(t, "steps") {
			c.step()
		}
		d := c.routers[0].Explain(c.now, c.query())
		for i, x := range d.Candidates {
			if sum := x.Worth - x.Price - x.Queue - x.Late; math.Abs(sum-x.Score) > 1e-6*d.Value {
				t.Fatalf("the terms add up to %v, the score is %v", sum, x.Score)
			}
			for _, y := range d.Candidates[i+1:] {
				if x.Reason == Candidate && y.Reason == Candidate {
					ranked(t, x, y)
					ranked(t, y, x)
				}
			}
			if x.Chosen && !d.ByNoise && !d.Probe {
				for _, y := range d.Candidates {
					if y.Reason == Candidate && y.Score > x.Score {
						t.Fatalf("%+v was chosen, %+v scores more", x, y)
					}
				}
			}
		}
	})
}

func ranked(t *rapid.T, x, y Candidacy) {
	if x.Mean >= y.Mean && x.Trust >= y.Trust && x.Weight >= y.Weight && x.Price <= y.Price && x.Queue <= y.Queue && x.Late <= y.Late && x.Score < y.Score {
		t.Fatalf("better on every term, and ranked below:\n%+v\n%+v", x, y)
	}
}

func TestWeightsOfTheExcludedDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		infos := drawInfos(t)
		out := rapid.IntRange(0, len(infos)-1).Draw(t, "out")
		infos[out].Common.Countries = []string{"FR"}
		other := slices.Clone(infos)
		w := rapid.Float64Range(0, 100).Draw(t, "other weight")
		other[out].Common.Weight = &w
		c := &campaign{t: t, now: at, routers: []*Router{New(infos, Options{}), New(other, Options{})}}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			c.step()
			a, b := c.routers[0].last, c.routers[1].last
			if a.chosen != b.chosen {
				t.Fatalf("%d is chosen, or %d, by the weight of one that is excluded", a.chosen, b.chosen)
			}
		}
	})
}

func TestNoiseIsRationed(t *testing.T) {
	r, ask := market(t, 0)
	var byNoise [kinds][]bool
	for i := range 12000 {
		now := at.Add(time.Duration(i) * 20 * time.Millisecond)
		q := ask(i)
		if c := send(r, now, int64(i+1), q); c.Carrier >= 0 {
			byNoise[kindOf(q.Type)] = append(byNoise[kindOf(q.Type)], r.last.byNoise)
		}
		r.Receipt(now, Receipt{Attempt: int64(i - 300), Verdict: Verdict(draw(4, uint64(i), 0, 0) % 11 / 10), Took: time.Second})
	}
	for k := range byNoise {
		sum, most, all := 0, 0, 0
		for i, b := range byNoise[k] {
			sum += int(one(b))
			all += int(one(b))
			if i >= rationSpan {
				sum -= int(one(byNoise[k][i-rationSpan]))
			}
			most = max(most, sum)
		}
		if limit := [kinds]int{20, 50}[k]; most > limit || all == 0 {
			t.Errorf("%s: %d of 1,000 decisions by noise (%d of %d in all)", kindNames[k], most, all, len(byNoise[k]))
		}
	}
}
