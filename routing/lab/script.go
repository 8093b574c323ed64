package lab

import (
	"math"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/sim"
)

// script is a carrier as a scenario file describes it.
type script struct {
	always sim.Behaviour
	scenes []scene
	count  int64 // submits to it so far
}

// scene is a phase of it: when, for whom, and what is different.
type scene struct {
	from, to   float64
	after, end int64        // submits
	country    map[int]bool // nil = all
	kind       map[int]bool
	sim.Behaviour
}

func (s *scene) holds(t float64, n int64, country, kind int) bool {
	return t >= s.from && t < s.to && n >= s.after && n < s.end && (s.country == nil || s.country[country]) && (s.kind == nil || s.kind[kind])
}

// at is one of the keys of a behaviour as it is at a moment: the last phase that holds and says something wins.
func at[T any](s *script, t float64, country, kind int, key func(*sim.Behaviour) *T) T {
	for i := len(s.scenes) - 1; i >= 0; i-- {
		if x := &s.scenes[i]; x.holds(t, s.count, country, kind) {
			if v := key(&x.Behaviour); v != nil {
				return *v
			}
		}
	}
	return *key(&s.always)
}

func deliverOf(b *sim.Behaviour) *float64    { return b.Deliver }
func acceptOf(b *sim.Behaviour) *float64     { return b.Accept }
func outageOf(b *sim.Behaviour) *sim.Outage  { return b.Outage }
func silentOf(b *sim.Behaviour) *float64     { return b.SilentFailures }
func forgedOf(b *sim.Behaviour) *float64     { return b.ForgedReceipts }
func lostOf(b *sim.Behaviour) *float64       { return b.LostReceipts }
func lateOf(b *sim.Behaviour) *float64       { return b.LateReceipts }
func lateByOf(b *sim.Behaviour) *sim.Delay   { return b.LateBy }
func deliveryOf(b *sim.Behaviour) *sim.Delay { return b.Delivery }
func receiptOf(b *sim.Behaviour) *sim.Delay  { return b.ReceiptDelay }
func seconds(d sim.Delay, u float64) float64 { return d.Quantile(u).Seconds() }
func (w *World) scripted(c int) (*script, bool) {
	if w.scripts == nil {
		return nil, false
	}
	return &w.scripts[c], true
}

// below is the share of a delay that is shorter than x seconds.
func below(d sim.Delay, x float64) float64 {
	lo, hi := 0.0, 1.0
	if seconds(d, 1-1e-9) <= x {
		return 1
	}
	for range 40 {
		if mid := (lo + hi) / 2; seconds(d, mid) <= x {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// meanBelow is the mean of a delay of which no more than most counts.
func meanBelow(d sim.Delay, most float64) (sum float64) {
	const parts = 64
	for i := range parts {
		sum += min(seconds(d, (float64(i)+.5)/parts), most) / parts
	}
	return sum
}

// The fate of messages: what the built-in kinds make of their numbers, and scenario files of their behaviours.

// refuses says whether a carrier does not take a message.
func (w *World) refuses(t float64, m *message, c int) bool {
	s, ok := w.scripted(c)
	if !ok {
		return w.down(t, c, m.country)
	}
	return at(s, t, m.country, m.kind, outageOf) != sim.OutageNone || w.uniform(m.n, c, forAcceptance) >= at(s, t, m.country, m.kind, acceptOf)
}

// refusal is why a message was not taken: by the shares of the scenario's errors. An answer that leaves it open whether
// it was taken counts as a passing error, for here it is always known.
func (w *World) refusal(t float64, m *message, c int) carriers.Class {
	s, ok := w.scripted(c)
	if !ok || at(s, t, m.country, m.kind, outageOf) != sim.OutageNone {
		return carriers.ClassCarrierTransient
	}
	all := at(s, t, m.country, m.kind, errorsOf)
	sum := 0.0
	for i := range all {
		sum += shareOf(&all[i])
	}
	u := w.uniform(m.n, c, forAcceptance+1) * sum
	for i := range all {
		if u -= shareOf(&all[i]); u < 0 && all[i].Class != carriers.ClassAmbiguous {
			return all[i].Class
		}
	}
	return carriers.ClassCarrierTransient
}

func shareOf(r *sim.Refusal) float64 {
	if r.Share == 0 {
		return 1
	}
	return r.Share
}

func errorsOf(b *sim.Behaviour) *[]sim.Refusal {
	if b.Errors == nil {
		return nil
	}
	return &b.Errors
}

// forged says whether a carrier says delivered whatever becomes of a message.
func (w *World) forged(t float64, m *message, c int) bool {
	if s, ok := w.scripted(c); ok {
		return w.uniform(m.n, c, forForgery) < at(s, t, m.country, m.kind, forgedOf)
	}
	return t >= w.forges[c]
}

// took is how many seconds a delivery takes, were the handset on.
func (w *World) took(t float64, m *message, c int) float64 {
	if s, ok := w.scripted(c); ok {
		return seconds(at(s, t, m.country, m.kind, deliveryOf), w.uniform(m.n, c, forLatency))
	}
	return w.logNormal(m.n, c, forLatency, w.latency[c], latencySigma)
}

// off is how long the handset stays off.
func (w *World) off(m *message) float64 {
	if w.scripts != nil {
		return seconds(*w.scripts[0].always.HandsetOffFor, w.uniform(m.n, -1, forOffTime))
	}
	return w.logNormal(m.n, -1, forOffTime, offMedian, offSigma)
}

// lag is how many seconds later the receipt comes, infinite if it never does; failed ones often stay silent.
func (w *World) lag(t float64, m *message, c int, failed bool) float64 {
	s, ok := w.scripted(c)
	if !ok {
		silent := w.silent[c]
		if in := w.incident(t, c, m.country); in != nil {
			silent = greySilent
		}
		if w.blind[[2]int{c, m.network}] || w.uniform(m.n, c, forLoss) < receiptLost || failed && w.uniform(m.n, c, forSilence) < silent {
			return math.Inf(1)
		}
		return w.logNormal(m.n, c, forReport, w.report[c], reportSigma)
	}
	k, kind := m.country, m.kind
	if w.uniform(m.n, c, forLoss) < at(s, t, k, kind, lostOf) || failed && w.uniform(m.n, c, forSilence) < at(s, t, k, kind, silentOf) {
		return math.Inf(1)
	}
	lag := seconds(at(s, t, k, kind, receiptOf), w.uniform(m.n, c, forReport))
	if w.uniform(m.n, c, forLateness) < at(s, t, k, kind, lateOf) {
		lag += seconds(at(s, t, k, kind, lateByOf), w.uniform(m.n, c, forLateness+1))
	}
	return lag
}
