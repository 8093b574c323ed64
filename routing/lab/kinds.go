package lab

import (
	"math"
	"math/rand/v2"
)

// Size is how large a world is.
type Size struct {
	Messages int
	Rate     float64 // messages a second; 0 = what the kind of world has
}

// Kinds are the thirteen kinds of world.
func Kinds() []string {
	return []string{
		"calm", "per-country", "hard-outage", "grey-outage", "grey-one-country", "degrading", "diurnal", "new-carrier",
		"capacity", "late-receipts", "forged-receipts", "cost", "mix",
	}
}

// FastKinds are those that say something about thousands of messages a second: the thirteen, and a carrier that is the
// cheapest and delivers nothing from the first message on.
func FastKinds() []string { return append(Kinds(), coldStart) }

const coldStart = "cold-start"

// calmRate is how many messages a second a world has whose kind says nothing else.
const calmRate = 28

// spreads are the standard deviations of the logits of quality.
type spreads struct{ carrier, country, network, kind float64 }

// New makes a world of a kind.
func New(kind string, size Size, seed uint64) *World {
	rnd := rand.New(rand.NewPCG(seed, 0x5ca1ab1e))
	s := spreads{.25, .2, .2, .1}
	if kind == "per-country" || kind == "mix" {
		s = spreads{.25, .5, .3, .1}
	}
	w := blank(kind, size, seed, rnd, s)
	span := float64(w.Messages) / w.Rate
	best := w.best()
	switch kind {
	case coldStart:
		for k := range w.price[best] {
			w.price[best][k] = .9
		}
		w.incidents = append(w.incidents, incident{best, -1, 0, span, false, .05})
	case "hard-outage":
		w.outage(rnd, best, -1, true, span, .12)
		w.outage(rnd, w.second(best), -1, true, span, .08)
	case "grey-outage":
		w.outage(rnd, best, -1, false, span, .2)
	case "grey-one-country":
		w.outage(rnd, best, 0, false, span, .4)
	case "degrading":
		w.drift[best] = ramp(.2*span, .7*span, -3)
	case "diurnal":
		w.diurnal(rnd, span)
	case "new-carrier":
		w.newcomer(rnd, span)
	case "capacity":
		w.limits(rnd)
	case "late-receipts":
		w.lateReceipts(rnd, best)
	case "forged-receipts":
		w.forges[best] = span * (.1 + .2*rnd.Float64())
	case "cost":
		w.prices(rnd)
	case "mix":
		w.mix(rnd, span, best)
	default:
		w.unseen(kind, rnd, span, best)
	}
	w.settle()
	return w
}

func blank(kind string, size Size, seed uint64, rnd *rand.Rand, s spreads) *World {
	w := &World{Kind: kind, Seed: seed, Messages: size.Messages, Rate: size.Rate, Carriers: 6, countries: 20, transactional: .4, offShare: offShare, value: [2]float64{20, 10}}
	if w.Rate == 0 {
		w.Rate = calmRate
		if kind == "diurnal" {
			w.Rate = float64(size.Messages) / 86400
		}
	}
	w.landscape(rnd)
	n := w.Carriers
	w.base, w.latency, w.report = make([]float64, n), make([]float64, n), make([]float64, n)
	w.silent, w.limit, w.from = make([]float64, n), make([]float64, n), make([]float64, n)
	w.drift, w.forges, w.blind = make([]func(float64) float64, n), filled(n, math.Inf(1)), map[[2]int]bool{}
	for c := range n {
		w.base[c] = 2.9 + s.carrier*rnd.NormFloat64()
		w.latency[c] = 2.5 + 5*rnd.Float64()
		w.report[c] = 1 + 7*rnd.Float64()
		w.silent[c] = .1 + .3*rnd.Float64()
		w.byCountry = append(w.byCountry, normals(rnd, w.countries, s.country))
		w.byNetwork = append(w.byNetwork, normals(rnd, len(w.networks), s.network))
		w.byType = append(w.byType, normals(rnd, 2, s.kind))
		w.price = append(w.price, filled(w.countries, 1))
	}
	return w
}

// landscape makes countries of different weight with one to five networks each.
func (w *World) landscape(rnd *rand.Rand) {
	total, weights := 0.0, []float64{}
	for k := range w.countries {
		share := 1 / float64(k+2)
		for range 1 + rnd.IntN(5) {
			part := share * (.3 + rnd.Float64())
			total += part
			weights = append(weights, part)
			w.networks = append(w.networks, network{k, .01 + .07*rnd.Float64()})
		}
	}
	sum := 0.0
	for _, part := range weights {
		sum += part / total
		w.traffic = append(w.traffic, sum)
	}
}

func normals(rnd *rand.Rand, n int, sigma float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = sigma * rnd.NormFloat64()
	}
	return out
}

func filled(n int, x float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x
	}
	return out
}

// mean is the average true quality of a carrier for a type at the beginning, over the world's traffic.
func (w *World) mean(c, kind int) float64 {
	sum, before := 0.0, 0.0
	for n := range w.networks {
		sum += (w.traffic[n] - before) * w.quality(0, c, n, kind)
		before = w.traffic[n]
	}
	return sum
}

func (w *World) best() int          { return w.rank(-1) }
func (w *World) second(but int) int { return w.rank(but) }

func (w *World) rank(but int) int {
	at := -1
	for c := range w.Carriers {
		if c != but && (at < 0 || w.mean(c, 0)+w.mean(c, 1) > w.mean(at, 0)+w.mean(at, 1)) {
			at = c
		}
	}
	return at
}

func ramp(from, to, by float64) func(float64) float64 {
	return func(t float64) float64 { return by * min(max((t-from)/(to-from), 0), 1) }
}

// outage takes a carrier out for a share of the time, not before a fifth of it has passed.
func (w *World) outage(rnd *rand.Rand, c, country int, hard bool, span, share float64) {
	from := span * (.2 + (.75-share)*rnd.Float64())
	w.incidents = append(w.incidents, incident{c, country, from, from + share*span, hard, .03 + .03*rnd.Float64()})
}

func (w *World) diurnal(rnd *rand.Rand, span float64) {
	for c := range w.Carriers {
		phase, height := 2*math.Pi*rnd.Float64(), .4+.5*rnd.Float64()
		w.drift[c] = func(t float64) float64 { return height * math.Sin(2*math.Pi*t/span+phase) }
	}
}

// newcomer makes the best carrier begin late.
func (w *World) newcomer(rnd *rand.Rand, span float64) {
	best := w.best()
	w.base[best] += .5
	w.from[best] = span * (.2 + .1*rnd.Float64())
}

// limits lets every carrier carry a part of the traffic only; together they can carry a third more than there is.
func (w *World) limits(rnd *rand.Rand) {
	total, parts := 0.0, make([]float64, w.Carriers)
	for c := range parts {
		parts[c] = .4 + rnd.Float64()
		total += parts[c]
	}
	for c := range parts {
		w.limit[c] = w.Rate * 1.33 * parts[c] / total
	}
	for c := range w.Carriers {
		w.base[c] += .4 * rnd.NormFloat64()
	}
}

// lateReceipts makes receipts of the best carrier late by minutes, and two carriers send none to some networks.
func (w *World) lateReceipts(rnd *rand.Rand, best int) {
	w.report[best] = 300 + 600*rnd.Float64()
	for _, c := range []int{best, w.second(best)} {
		for n := range w.networks {
			if rnd.Float64() < .2 {
				w.blind[[2]int{c, n}] = true
			}
		}
	}
}

func (w *World) prices(rnd *rand.Rand) {
	for c := range w.Carriers {
		level := .6 + .8*rnd.Float64()
		w.base[c] += .6 * (level - 1)
		for k := range w.countries {
			w.price[c][k] = level * (.8 + .4*rnd.Float64())
		}
	}
}

func (w *World) mix(rnd *rand.Rand, span float64, best int) {
	w.prices(rnd)
	w.outage(rnd, best, -1, false, span, .12)
	w.outage(rnd, w.second(best), -1, true, span, .1)
	w.outage(rnd, w.second(best), 1, false, span, .2)
	w.drift[(best+1)%w.Carriers] = ramp(.3*span, .8*span, -2)
	for n := range w.networks {
		if rnd.Float64() < .1 {
			w.blind[[2]int{(best + 2) % w.Carriers, n}] = true
		}
	}
	w.limit[best] = .6 * w.Rate
}

// Random makes a world in which anything may happen.
func Random(size Size, seed uint64) *World {
	rnd := rand.New(rand.NewPCG(seed, 0xd1ce))
	w := blank("random", size, seed, rnd, spreads{.15 + .3*rnd.Float64(), .5 * rnd.Float64(), .4 * rnd.Float64(), .15 * rnd.Float64()})
	span := float64(w.Messages) / w.Rate
	maybe := func(p float64, do func()) {
		if rnd.Float64() < p {
			do()
		}
	}
	any := func() int { return rnd.IntN(w.Carriers) }
	maybe(.4, func() { w.prices(rnd) })
	maybe(.3, func() { w.limits(rnd) })
	maybe(.4, func() { w.outage(rnd, w.best(), -1, false, span, .05+.2*rnd.Float64()) })
	maybe(.4, func() { w.outage(rnd, any(), -1, true, span, .05+.2*rnd.Float64()) })
	maybe(.4, func() { w.outage(rnd, any(), rnd.IntN(4), false, span, .1+.3*rnd.Float64()) })
	maybe(.3, func() { w.drift[any()] = ramp(.6*rnd.Float64()*span, span, -1-2*rnd.Float64()) })
	maybe(.2, func() { w.diurnal(rnd, span) })
	maybe(.2, func() { w.newcomer(rnd, span) })
	maybe(.2, func() { w.lateReceipts(rnd, any()) })
	maybe(.2, func() { w.forges[any()] = span * .6 * rnd.Float64(); w.conversions = .05 * float64(rnd.IntN(2)) })
	w.settle()
	return w
}
