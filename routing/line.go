package routing

import (
	"math"
	"slices"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// line is one carrier as far as submits go: what it may take, and how much now.
type line struct {
	info     carriers.Info
	weight   float64
	window   int
	limiter  limiter
	breaker  breaker
	cap      float64 // a person's limit, -1 = none, 0 = drained
	inFlight int
	paused   time.Time       // it asked to be left alone until then
	dead     map[string]bool // countries in which it cannot send
}

func newLine(info carriers.Info) line {
	ln := line{info: info, weight: 1, window: DefaultWindow, cap: -1, dead: map[string]bool{}}
	if w := info.Common.Weight; w != nil && finite(*w) {
		ln.weight = *w
	}
	if info.Common.MaxInFlight > 0 {
		ln.window = info.Common.MaxInFlight
	}
	if !finite(info.Common.MaxPerSecond) {
		ln.info.Common.MaxPerSecond = 0
	}
	ln.limiter.rate, ln.limiter.most = ln.info.Common.MaxPerSecond, ln.info.Common.MaxPerSecond
	return ln
}

// finite keeps what is no number, or no amount, out of all that is computed.
func finite(x float64) bool { return x >= 0 && x <= math.MaxFloat32 }

// offer is what the config says about a carrier in a country; an unknown price counts as the dearest known.
type offer struct {
	price    float64
	excluded [kinds]bool
}

// offersFor looks the config up when a country is met for the first time.
func (r *Router) offersFor(country string) {
	dearest := 0.0
	for i := range r.lines {
		if p, known := r.lines[i].info.Common.PriceFor(country); known {
			dearest = max(dearest, float64(p))
		}
	}
	for i := range r.lines {
		c := &r.lines[i].info.Common
		o := offer{price: dearest}
		if p, known := c.PriceFor(country); known {
			o.price = float64(p)
		}
		for k, name := range kindNames {
			o.excluded[k] = len(c.Countries) > 0 && !slices.Contains(c.Countries, country) ||
				slices.Contains(c.ExcludeCountries, country) || len(c.MessageTypes) > 0 && !slices.Contains(c.MessageTypes, name)
		}
		r.offers = append(r.offers, o)
	}
}

// offer is what line i has for a cell.
func (r *Router) offer(i int, to cell) *offer { return &r.offers[int(to.country)*len(r.lines)+i] }

// excludes says whether the config, or what the carrier has said, keeps a message away from it.
func (r *Router) excludes(i int, to cell, country string) bool {
	return r.offer(i, to).excluded[to.kind] || len(r.lines[i].dead) > 0 && r.lines[i].dead[country]
}

// free says when the line could take a message, as far as submits go.
func (ln *line) free(now time.Time, share float64) (d time.Duration) {
	d = ln.breaker.wait(now)
	if ln.inFlight >= max(1, int(float64(ln.window)/share)) {
		d = max(d, ln.slot()) // the end of a submit wakes dispatch
	}
	if !ln.paused.IsZero() {
		d = max(d, ln.paused.Sub(now))
	}
	return max(d, ln.limiter.wait(now))
}

// slot is roughly how long it takes until one of the submits under way ends.
func (ln *line) slot() time.Duration {
	return time.Duration(float64(time.Second) / max(1, ln.speed()))
}

// speed is how many segments a second it takes at present.
func (ln *line) speed() float64 {
	if ln.limiter.rate > 0 {
		return ln.limiter.rate
	}
	return max(ln.limiter.taken, float64(ln.window))
}

// down says that nothing goes this way until a person acts.
func (ln *line) down() bool { return ln.cap == 0 || ln.breaker.down != "" }

// SetCap limits the campaign as a whole, in segments a second; 0 lifts it.
func (r *Router) SetCap(now time.Time, rate float64) {
	if finite(rate) {
		r.cap.set(now, rate)
	}
}

// SetCarrierCaps limits or drains single carriers; those not named have their configured rate.
func (r *Router) SetCarrierCaps(now time.Time, caps map[string]float64) {
	for i := range r.lines {
		ln := &r.lines[i]
		was := ln.cap
		ln.cap = -1
		if c, ok := caps[ln.info.Name]; ok && finite(c) {
			ln.cap = c
		}
		if (was == 0) != (ln.cap == 0) {
			r.tell(now, i, Event{Kind: "drain", Text: map[bool]string{true: "drained", false: "undrained"}[ln.cap == 0], Trouble: TroubleDrained, Over: was == 0})
		}
		ln.limiter.set(now, r.rate(ln))
	}
}

// Reset closes a carrier's breaker because a person says that it is well again, or may be used again.
func (r *Router) Reset(now time.Time, name string) {
	for i := range r.lines {
		ln := &r.lines[i]
		if from := ln.breaker.state(now); ln.info.Name == name && from != stateClosed {
			ln.breaker = breaker{}
			r.tell(now, i, Event{Kind: "breaker", Text: "closed by hand", Trouble: TroubleBreaker, Over: true, From: from, To: stateClosed})
		}
	}
}

// SetShare says by how much the carriers' limits are divided, because other processes send too.
func (r *Router) SetShare(now time.Time, n float64) {
	r.share = max(1, n)
	for i := range r.lines {
		r.lines[i].limiter.set(now, r.rate(&r.lines[i]))
	}
}

// Yield lets each carrier whose rate is limited have one message at most until a moment: others send too and do not know
// yet that we do.
func (r *Router) Yield(now, until time.Time) {
	for i := range r.lines {
		r.lines[i].limiter.yieldTo(now, until)
	}
}

func (r *Router) rate(ln *line) float64 {
	rate := ln.info.Common.MaxPerSecond / r.share
	if ln.cap > 0 && (rate == 0 || ln.cap < rate) {
		rate = ln.cap
	}
	return rate
}

// Status is one carrier's line on the screen.
type Status struct {
	Name     string
	Breaker  string
	Reason   string
	InFlight int
	Window   int
	Rate     float64
	Drained  bool
	Suspect  bool    // its receipts have stopped coming
	Mean     float64 // the share of messages that it delivers in time, as learned
	Trials   float64 // what that rests on
	Awaiting int     // attempts that await a receipt
	Room     int     // how many may
}

// Snapshot describes every carrier.
func (r *Router) Snapshot(now time.Time) []Status {
	out := make([]Status, len(r.lines))
	for i := range r.lines {
		ln, acc := &r.lines[i], &r.model.per[i]
		b := r.model.tree.estimate(r.model.clock.sec, i, cell{}, 1)
		out[i] = Status{
			Name: ln.info.Name, Breaker: ln.breaker.state(now), Reason: ln.breaker.down, InFlight: ln.inFlight,
			Window: ln.window, Rate: ln.limiter.rate, Drained: ln.cap == 0,
			Suspect: acc.alarm.suspect, Mean: b.mean, Trials: b.here, Awaiting: acc.window.awaiting, Room: int(acc.window.size),
		}
	}
	return out
}
