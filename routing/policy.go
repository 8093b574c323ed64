package routing

import "slices"

// Policy is how a carrier is picked among those that may take a message. All obey limits, windows, breakers and drains, and
// under each the router learns what comes of it; only the default follows what was learned.
type Policy string

// The policies. The empty one is the default.
const (
	Learned          Policy = "router"             // the highest score
	Static           Policy = "static"             // the first of the list that is well and free
	StaticPerCountry Policy = "static-per-country" // the cheapest in the country that is well and free
	RoundRobin       Policy = "round-robin"        // each its turn
	Weighted         Policy = "weighted"           // turns by the carriers' weights
)

// Policies are all of them.
func Policies() []Policy { return []Policy{Learned, Static, StaticPerCountry, RoundRobin, Weighted} }

// Known says whether a policy is one of the list.
func (p Policy) Known() bool { return slices.Contains(Policies(), p) }

// learned says whether the score decides.
func (p Policy) learned() bool { return p == "" || p == Learned }

// byPolicy picks without a look at what was learned. A carrier that is busy is passed over as long as another is free.
func (r *Router) byPolicy(d *decision) int {
	best := -1
	for i := range d.rows {
		if d.rows[i].why == Candidate && (best < 0 || r.before(d, i, best)) {
			best = i
		}
	}
	if d.rows[best].wait == 0 && len(r.turns) > 0 {
		r.turn(d, best)
	}
	d.quiet = best
	d.rows[best].belief = r.model.estimate(d.at, best, d.to)
	return best
}

// before says whether one candidate comes before another.
func (r *Router) before(d *decision, i, other int) bool {
	a, b := &d.rows[i], &d.rows[other]
	switch {
	case (a.wait == 0) != (b.wait == 0):
		return a.wait == 0
	case a.wait > 0:
		return a.wait < b.wait
	case r.opts.Policy == StaticPerCountry:
		return r.offer(i, d.to).price < r.offer(other, d.to).price
	case len(r.turns) > 0:
		return r.turns[i]+r.gain(i) > r.turns[other]+r.gain(other)
	}
	return false
}

// turn spreads evenly by weight: whoever is free gains its weight, and whoever is taken pays what all have gained.
func (r *Router) turn(d *decision, taken int) {
	sum := 0.0
	for i := range d.rows {
		if d.rows[i].why == Candidate && d.rows[i].wait == 0 {
			r.turns[i] += r.gain(i)
			sum += r.gain(i)
		}
	}
	r.turns[taken] -= sum
}

// gain is what a carrier gains each turn.
func (r *Router) gain(i int) float64 {
	if r.opts.Policy == Weighted {
		return r.lines[i].weight
	}
	return 1
}
