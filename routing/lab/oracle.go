package lab

import (
	"math"
	"math/bits"
)

// oracle knows everything but the dice: true quality, incidents, latency odds, queues, and what a place with a carrier
// is worth whose limit binds.
type oracle struct {
	market
	shadow []float64 // price of a place, per carrier
}

// NewOracle is what nobody can beat.
func NewOracle(w *World) Policy {
	o := &oracle{market: newMarket(w), shadow: make([]float64, w.Carriers)}
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
		s := o.worth(now+wait, m, c) - v*wait/waitPrice - o.shadow[c]
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

// auction raises the price of carriers that get more than they can take, until nobody does.
func (o *oracle) auction() {
	limited := false
	for _, l := range o.w.limit {
		limited = limited || l > 0
	}
	if !limited {
		return
	}
	const samples, rounds = 4000, 60
	step := .5
	for range rounds {
		load := make([]float64, o.w.Carriers)
		for i := range samples {
			n := i * o.w.Messages / samples
			m := o.w.message(n)
			at, top := -1, math.Inf(-1)
			for c := range o.w.Carriers {
				if !o.w.exists(m.at, c) {
					continue
				}
				if s := o.worth(m.at, &m, c) - o.shadow[c]; s > top {
					at, top = c, s
				}
			}
			load[at] += o.w.Rate / samples
		}
		for c, l := range o.w.limit {
			if l > 0 {
				o.shadow[c] = max(0, o.shadow[c]+step*(load[c]-.98*l)/o.w.Rate)
			}
		}
		step *= .96
	}
}
