package lab

import (
	"math"

	"github.com/smsctl/smsctl/carriers/sim"
)

// World is a market of carriers with its incidents. Everything in it follows from its seed: two policies that send the
// same message by the same carrier at the same moment see the same fate.
type World struct {
	Kind     string
	Seed     uint64
	Messages int
	Rate     float64 // messages a second
	Carriers int

	names         []string // of carriers and countries, where the scenario has some
	countryNames  []string
	scripts       []script // what carriers do, where a scenario file says it
	transactional float64  // share of messages
	offShare      float64  // of handsets

	countries   int
	networks    []network
	traffic     []float64 // cumulated share of each network
	base        []float64 // logits of quality, by carrier
	byCountry   [][]float64
	byNetwork   [][]float64
	byType      [][]float64
	drift       []func(t float64) float64 // added to the logit
	incidents   []incident
	latency     []float64 // median seconds to delivery
	report      []float64 // median seconds from delivery to the receipt
	silent      []float64 // share of failures without a receipt
	price       [][]float64
	limit       []float64       // messages a second, 0 = none
	from        []float64       // when a carrier begins to exist
	forges      []float64       // when a carrier begins to lose half and to call everything delivered
	blind       map[[2]int]bool // carrier and network
	conversions float64         // share of those who got a message that do what it asks for
	value       [2]float64
	inTime      [][2]float64 // chance that a delivery is in time, by carrier and type
	slow        [][2]float64 // mean share of the time to live that it takes
}

type network struct {
	country int
	dead    float64 // share of numbers that do not exist
}

// incident is a time in which a carrier is worse, everywhere or in one country.
type incident struct {
	carrier, country int // country -1 = everywhere
	from, to         float64
	hard             bool    // submits fail; otherwise messages vanish
	left             float64 // share of quality that is left
}

// Message types; the same positions as in routing.
const (
	transactional = iota
	promotional
)

const (
	reportSigma   = 1.1
	latencySigma  = .8
	offShare      = .04
	offMedian     = 900.0
	offSigma      = 1.0
	receiptLost   = .03
	greySilent    = .9
	forgedQuality = .5
	lambda        = .1
	waitPrice     = 60.0
)

var ttl = [2]float64{90, 4 * 3600} //nolint:gochecknoglobals // constants that the language has no word for

// message is one of a world's messages.
type message struct {
	at      float64
	network int
	country int
	kind    int
	dead    bool // the number does not exist
	off     bool // the handset is off
	n       int
}

func (w *World) hash(n, c, what int) uint64 {
	x := w.Seed*0x9e3779b97f4a7c15 ^ uint64(n)*0xbf58476d1ce4e5b9 ^ uint64(c+1)<<40 ^ uint64(what+1)*0x94d049bb133111eb
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is a number in (0, 1) that belongs to a message and a carrier.
func (w *World) uniform(n, c, what int) float64 {
	return (float64(w.hash(n, c, what)>>11) + .5) / (1 << 53)
}

func (w *World) normal(n, c, what int) float64 {
	return math.Sqrt(-2*math.Log(w.uniform(n, c, what))) * math.Cos(2*math.Pi*w.uniform(n, c, what+1))
}

func (w *World) logNormal(n, c, what int, median, sigma float64) float64 {
	return median * math.Exp(sigma*w.normal(n, c, what))
}

// What a random number of a message is for.
const (
	forNetwork = iota * 2
	forKind
	forDead
	forOff
	forDelivery
	forLatency
	forReport
	forSilence
	forLoss
	forConversion
	forOffTime
	forPolicy
	forArrival
	forAcceptance
	forForgery
	forLateness
)

// message makes the n-th message.
func (w *World) message(n int) message {
	m := message{n: n, at: (float64(n) + w.uniform(n, -1, forArrival)) / w.Rate, kind: promotional}
	u := w.uniform(n, -1, forNetwork)
	lo, hi := 0, len(w.traffic)-1
	for lo < hi {
		if mid := (lo + hi) / 2; w.traffic[mid] > u {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	m.network, m.country = lo, w.networks[lo].country
	if w.uniform(n, -1, forKind) < w.transactional {
		m.kind = transactional
	}
	m.dead = w.uniform(n, -1, forDead) < w.networks[lo].dead
	m.off = w.uniform(n, -1, forOff) < w.offShare
	return m
}

// quality is the true chance that a carrier delivers to a network, sooner or later.
func (w *World) quality(t float64, c, net, kind int) float64 {
	country := w.networks[net].country
	if s, ok := w.scripted(c); ok {
		return at(s, t, country, kind, deliverOf)
	}
	x := w.base[c] + w.byCountry[c][country] + w.byNetwork[c][net] + w.byType[c][kind]
	if w.drift[c] != nil {
		x += w.drift[c](t)
	}
	q := 1 / (1 + math.Exp(-x))
	if t >= w.forges[c] {
		q *= forgedQuality
	}
	if in := w.incident(t, c, country); in != nil && !in.hard {
		q *= in.left
	}
	return q
}

func (w *World) incident(t float64, c, country int) *incident {
	for i := range w.incidents {
		in := &w.incidents[i]
		if in.carrier == c && t >= in.from && t < in.to && (in.country < 0 || in.country == country) {
			return in
		}
	}
	return nil
}

// down says whether submits fail, most of them.
func (w *World) down(t float64, c, country int) bool {
	if s, ok := w.scripted(c); ok {
		return at(s, t, country, promotional, outageOf) != sim.OutageNone || at(s, t, country, promotional, acceptOf) < .5
	}
	in := w.incident(t, c, country)
	return in != nil && in.hard
}

func (w *World) exists(t float64, c int) bool { return t >= w.from[c] }

// arrives is the chance that a delivery of this message comes in time.
func (w *World) arrives(m *message, c int) float64 {
	switch {
	case m.dead:
		return 0
	case m.off && w.scripts != nil:
		return below(*w.scripts[0].always.HandsetOffFor, ttl[m.kind])
	case m.off:
		return logNormalBelow(ttl[m.kind], offMedian, offSigma)
	}
	return w.inTime[c][m.kind]
}

// gain is what a message that carrier c takes at t is worth on average, in money.
func (w *World) gain(t float64, m *message, c int) float64 {
	v := w.value[m.kind]
	wait := t - m.at
	g := v*w.quality(t, c, m.network, m.kind)*w.arrives(m, c) - w.price[c][m.country] - v*wait/waitPrice - v*lambda*w.slow[c][m.kind]
	if m.kind == transactional && wait > waitPrice {
		g -= v
	}
	return g
}

func logNormalBelow(x, median, sigma float64) float64 {
	return .5 * math.Erfc(-math.Log(x/median)/(sigma*math.Sqrt2))
}

// settle computes what does not change.
func (w *World) settle() {
	w.inTime, w.slow = make([][2]float64, w.Carriers), make([][2]float64, w.Carriers)
	for c := range w.inTime {
		for k := range ttl {
			if s, ok := w.scripted(c); ok {
				w.inTime[c][k] = below(*s.always.Delivery, ttl[k])
				w.slow[c][k] = meanBelow(*s.always.Delivery, 90) / ttl[k]
				continue
			}
			w.inTime[c][k] = logNormalBelow(ttl[k], w.latency[c], latencySigma)
			w.slow[c][k] = min(w.latency[c]*math.Exp(latencySigma*latencySigma/2), 90) / ttl[k]
		}
	}
}
