package lab

import (
	"math"
	"math/rand/v2"

	"github.com/smsctl/smsctl/carriers"
)

// market is what every baseline knows: prices, limits and queues. Its score has the same terms as the router's; only
// the estimate of quality is theirs.
type market struct {
	w    *World
	next []float64 // when each limited carrier is free again
	lag  []float64 // mean seconds to delivery
	lagN []float64
	rnd  *rand.Rand
}

func newMarket(w *World) market {
	m := market{w: w, next: make([]float64, w.Carriers), rnd: rand.New(rand.NewPCG(w.Seed, 7))}
	m.lag, m.lagN = filled(w.Carriers, 5), filled(w.Carriers, 20)
	return m
}

func (k *market) wait(now float64, c int) float64 {
	if k.w.limit[c] == 0 {
		return 0
	}
	return max(0, k.next[c]-now)
}

// score is what a message is worth with a carrier that delivers in time with z.
func (k *market) score(now float64, m *message, c int, z, slow float64) float64 {
	v, wait := k.w.value[m.kind], k.wait(now, c)
	s := v*z - k.w.price[c][m.country] - v*wait/waitPrice - v*lambda*slow
	if m.kind == transactional && wait+now-m.at > waitPrice {
		s -= v
	}
	return s
}

// best takes the carrier with the highest score and a place in its queue.
func (k *market) best(now float64, m *message, tried uint64, z func(c int) float64) (int, float64) {
	at, top := -1, math.Inf(-1)
	for _, again := range []bool{false, true} {
		for c := range k.w.Carriers {
			if (tried>>c&1 == 1) != again || !k.w.exists(now, c) {
				continue
			}
			if s := k.score(now, m, c, z(c), min(k.lag[c], 90)/ttl[m.kind]); s > top {
				at, top = c, s
			}
		}
		if at >= 0 {
			break
		}
	}
	return k.take(now, at)
}

func (k *market) take(now float64, c int) (int, float64) {
	wait := k.wait(now, c)
	if l := k.w.limit[c]; l > 0 {
		k.next[c] = max(now, k.next[c]) + 1/l
	}
	return c, wait
}

func (k *market) submitted(float64, *message, int, carriers.Class) {}
func (k *market) silent(float64, *message, int)                    {}
func (k *market) tick(float64)                                     {}
func (k *market) receipt(_ float64, _ *message, c int, v verdict, took float64) {
	if v == delivered {
		k.lagN[c] = min(k.lagN[c]+1, 2000)
		k.lag[c] += (min(took, 90) - k.lag[c]) / k.lagN[c]
	}
}

// static is a perfect list: the true means at the beginning, and nothing learned; it knows at once when submits fail.
type static struct {
	market
	z func(m *message, c int) float64
}

// NewStatic is the list of the true means at the beginning; per country, if each country has its own.
func NewStatic(w *World, perCountry bool) Policy {
	s := &static{market: newMarket(w)}
	for c := range w.Carriers {
		s.lag[c] = w.slow[c][promotional] * ttl[promotional]
	}
	means := make([][2]float64, w.Carriers)
	in := make([][][2]float64, w.Carriers)
	for c := range means {
		in[c] = make([][2]float64, w.countries)
		for kind := range ttl {
			means[c][kind] = w.mean(c, kind) * w.inTime[c][kind]
			shares, before := make([]float64, w.countries), 0.0
			for n, net := range w.networks {
				share := w.traffic[n] - before
				before = w.traffic[n]
				shares[net.country] += share
				in[c][net.country][kind] += share * w.quality(0, c, n, kind) * w.inTime[c][kind]
			}
			for k := range shares {
				in[c][k][kind] /= shares[k]
			}
		}
	}
	s.z = func(m *message, c int) float64 { return means[c][m.kind] }
	if perCountry {
		s.z = func(m *message, c int) float64 { return in[c][m.country][m.kind] }
	}
	return s
}

func (s *static) choose(now float64, m *message, tried uint64, _ int) (int, float64) {
	for c := range s.w.Carriers {
		if s.w.down(now, c, m.country) || !s.w.exists(0, c) {
			tried |= 1 << c
		}
	}
	return s.best(now, m, tried, func(c int) float64 { return s.z(m, c) })
}

// turns gives carriers their turn, evenly or by the weights of their true means.
type turns struct {
	market
	weights []float64
	at      int
}

// NewTurns is round robin, or a weighted draw: the usual ways of spreading.
func NewTurns(w *World, weighted bool) Policy {
	t := &turns{market: newMarket(w)}
	if weighted {
		for c := range w.Carriers { // as somebody would set them who knows the failure rates of the beginning
			t.weights = append(t.weights, 1/(1.02-w.mean(c, promotional)))
		}
	}
	return t
}

func (t *turns) choose(now float64, _ *message, tried uint64, _ int) (int, float64) {
	for range 64 {
		c := t.at % t.w.Carriers
		t.at++
		if t.weights != nil {
			c = t.draw()
		}
		if t.w.exists(now, c) && tried>>c&1 == 0 {
			return t.take(now, c)
		}
	}
	return t.take(now, t.at%t.w.Carriers)
}

func (t *turns) draw() int {
	sum := 0.0
	for _, x := range t.weights {
		sum += x
	}
	u := t.rnd.Float64() * sum
	for c, x := range t.weights {
		if u -= x; u < 0 {
			return c
		}
	}
	return 0
}

// tabular learns one number for each carrier, country and type.
type tabular struct {
	market
	cells []tally
	keep  float64                // 1 - 1/memory
	ring  int                    // > 0: only the last so many outcomes count
	pick  func(x *tally) float64 // the estimate used for ranking
	stray func() bool            // whether to choose at random
}

// tally is a discounted count, or a ring of outcomes.
type tally struct {
	d, n float64
	last []bool
	at   int
}

func newTabular(w *World, memory float64) *tabular {
	t := &tabular{market: newMarket(w), keep: 1 - 1/memory, cells: make([]tally, w.Carriers*w.countries*2)}
	t.stray = func() bool { return false }
	t.pick = func(x *tally) float64 { return (x.d + 2*.93) / (x.n + 2) }
	return t
}

// NewGreedy chooses at random once in twenty, and otherwise what has done best in this country.
func NewGreedy(w *World) Policy {
	t := newTabular(w, 2000)
	t.stray = func() bool { return t.rnd.Float64() < .05 }
	return t
}

// NewThompson draws from a discounted Beta posterior for each country and type.
func NewThompson(w *World) Policy {
	t := newTabular(w, 2000)
	t.pick = func(x *tally) float64 {
		a, b := x.d+.93*2, x.n-x.d+.07*2
		mean := a / (a + b)
		return mean + math.Sqrt(mean*(1-mean)/(a+b+1))*t.rnd.NormFloat64()
	}
	return t
}

// NewSliding looks at the last 125 outcomes and hedges one in twenty, as payment routers do.
func NewSliding(w *World) Policy {
	t := newTabular(w, 125)
	t.ring = 125
	t.stray = func() bool { return t.rnd.Float64() < .05 }
	return t
}

func (t *tabular) cell(m *message, c int) *tally {
	return &t.cells[(m.country*2+m.kind)*t.w.Carriers+c]
}

func (t *tabular) choose(now float64, m *message, tried uint64, _ int) (int, float64) {
	if t.stray() {
		if c := t.rnd.IntN(t.w.Carriers); t.w.exists(now, c) && tried>>c&1 == 0 {
			return t.take(now, c)
		}
	}
	return t.best(now, m, tried, func(c int) float64 { return t.pick(t.cell(m, c)) })
}

func (t *tabular) learn(m *message, c int, y float64) {
	x := t.cell(m, c)
	if t.ring == 0 {
		x.d, x.n = x.d*t.keep+y, x.n*t.keep+1
		return
	}
	if len(x.last) < t.ring {
		x.last = append(x.last, y == 1)
		x.d, x.n = x.d+y, x.n+1
		return
	}
	if x.last[x.at] {
		x.d--
	}
	x.last[x.at] = y == 1
	x.d += y
	x.at = (x.at + 1) % t.ring
}

func (t *tabular) submitted(_ float64, m *message, c int, refusal carriers.Class) {
	if refusal != "" {
		t.learn(m, c, 0)
	}
}

func (t *tabular) receipt(now float64, m *message, c int, v verdict, took float64) {
	t.market.receipt(now, m, c, v, took)
	switch {
	case v == delivered && took <= ttl[m.kind]:
		t.learn(m, c, 1)
	case v != nobody:
		t.learn(m, c, 0)
	}
}

func (t *tabular) silent(_ float64, m *message, c int) { t.learn(m, c, 0) }
