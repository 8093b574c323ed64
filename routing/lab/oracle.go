package lab

import (
	"math"
	"math/bits"
	"slices"
)

// oracle knows everything but the dice: true quality, incidents, latency odds, queues, and what a place with a carrier
// is worth whose limit binds.
type oracle struct {
	market
	until  []float64   // the ends of the stretches in which nothing changes
	shadow [][]float64 // in each, the price of a place, per carrier
	turn   int         // the present one
}

// NewOracle is what nobody can beat.
func NewOracle(w *World) Policy {
	o := &oracle{market: newMarket(w)}
	o.auction()
	return o
}

func (o *oracle) worth(now float64, m *message, c int) float64 {
	w := o.w
	v := w.value[m.kind]
	if w.down(now, c, m.country) {
		return -v
	}
	return v*w.quality(now, c, m.network, m.kind)*w.arrives(m, c) - w.price[c][m.country] - v*lambda*w.slow[c][m.kind]
}

func (o *oracle) choose(now float64, m *message, tried uint64, _ int) (int, float64) {
	at, top := -1, math.Inf(-1)
	if bits.OnesCount64(tried) >= o.w.Carriers {
		tried = 0
	}
	for c := range o.w.Carriers {
		if tried>>c&1 == 1 || !o.w.exists(now, c) {
			continue
		}
		wait, v := o.wait(now, c), o.w.value[m.kind]
		s := o.worth(now+wait, m, c) - v*wait/waitPrice - o.place(now, c)
		if m.kind == transactional && wait > waitPrice {
			s -= v
		}
		if s > top {
			at, top = c, s
		}
	}
	if at < 0 { // those that are left do not exist yet
		return o.choose(now, m, 0, 0)
	}
	return o.take(now, at)
}

// auction finds what a place is worth where rates bind, anew for each stretch of time in which nothing happens to the
// carriers: in an outage the places of the others are dearer.
func (o *oracle) auction() {
	limited := false
	for _, l := range o.w.limit {
		limited = limited || l > 0
	}
	if !limited {
		return
	}
	o.until = o.w.turns()
	for i, to := range o.until {
		from := 0.0
		if i > 0 {
			from = o.until[i-1]
		}
		o.shadow = append(o.shadow, o.prices(int(from*o.w.Rate), int(to*o.w.Rate), max(samplesLeast, samples/len(o.until))))
	}
}

const (
	samples      = 4000
	samplesLeast = 1000
	slowTurns    = 12 // parts of a world in which carriers change slowly
)

// turns are the moments at which a carrier changes, and the end.
func (w *World) turns() []float64 {
	span := float64(w.Messages) / w.Rate
	at := []float64{span}
	for i := range w.incidents {
		at = append(at, w.incidents[i].from, w.incidents[i].to)
	}
	at = append(append(at, w.from...), w.forges...)
	if slices.ContainsFunc(w.drift, func(f func(float64) float64) bool { return f != nil }) {
		for i := range slowTurns {
			at = append(at, span*float64(i)/slowTurns)
		}
	}
	for i := range w.scripts {
		for _, s := range w.scripts[i].scenes {
			at = append(at, s.from, s.to)
		}
	}
	at = slices.DeleteFunc(at, func(t float64) bool { return t <= 0 || t > span })
	slices.Sort(at)
	return slices.Compact(at)
}

// prices raises the price of carriers that would get more of some messages than they can take, until nobody does.
func (o *oracle) prices(from, to, n int) []float64 {
	const rounds = 60
	price, step := make([]float64, o.w.Carriers), 20.0
	for range rounds {
		load := make([]float64, o.w.Carriers)
		for i := range n {
			m := o.w.message(from + i*(to-from)/n)
			at, top := -1, math.Inf(-1)
			for c := range o.w.Carriers {
				if !o.w.exists(m.at, c) {
					continue
				}
				if s := o.worth(m.at, &m, c) - price[c]; s > top {
					at, top = c, s
				}
			}
			load[at] += o.w.Rate / float64(n)
		}
		for c, l := range o.w.limit {
			if l > 0 {
				price[c] = max(0, price[c]+step*(load[c]-.98*l)/o.w.Rate)
			}
		}
		step *= .9
	}
	return price
}

// place is what a place with a carrier is worth at a moment.
func (o *oracle) place(now float64, c int) float64 {
	if len(o.shadow) == 0 {
		return 0
	}
	for o.turn < len(o.until)-1 && now >= o.until[o.turn] {
		o.turn++
	}
	return o.shadow[o.turn][c]
}
