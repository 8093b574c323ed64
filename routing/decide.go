package routing

import (
	"math"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// decision is the last one made, with everything that it rests on. It is overwritten by the next.
type decision struct {
	at      float64 // model time
	to      cell
	value   float64
	rows    []row
	chosen  int // -1 = none
	quiet   int // who would have been chosen without noise
	second  int // who scores next to the chosen one, -1 = nobody
	byNoise bool
	probe   bool           // the chosen one is suspect, and this asks whether it still is
	pool    int            // how many were candidates
	held    int            // how many only a person can bring back
	class   carriers.Class // what all of these say, "" of drained ones and where they differ
	sound   bool           // one that may take the message is well, if busy
}

// row is one carrier in a decision. The terms are in money and add up to the score.
type row struct {
	why     Reason
	suspect bool
	blind   bool
	belief
	noise float64 // standard deviations that were added to the mean
	trust float64
	worth float64 // weight · value · trust · mean
	luck  float64 // what the noise is worth
	price float64
	queue float64 // the price of waiting
	late  float64 // the price of the carrier's own slowness
	score float64 // of everything
	wait  time.Duration
}

// Reason says why a carrier was not a candidate.
type Reason uint8

// The reasons. Candidate is none.
const (
	Candidate Reason = iota
	Refused          // it will not take this message
	Tried            // there are others that were not asked yet
	Excluded         // by the config, or because it cannot send to this country
	Drained          // a person wants nothing to go there
	Down             // a person must act first
	Open             // its breaker
)

func (d *decision) begin(now time.Time, r *Router, q *Query) {
	d.at = r.model.tick(now)
	d.to = r.model.at(q.Country, q.Network, kindOf(q.Type))
	for known := len(r.offers) / max(1, len(r.lines)); known < len(r.model.places.countries); known++ {
		r.offersFor(r.model.places.countries[known])
	}
	d.value = r.value[d.to.kind]
	d.chosen, d.quiet, d.second, d.byNoise, d.probe = -1, -1, -1, false, false
	d.pool, d.held, d.class, d.sound = 0, 0, "", false
}

// sift says who is a candidate. Carriers not tried yet come first.
func (r *Router) sift(now time.Time, d *decision, q *Query) {
	fresh, open := 0, 0
	for i := range r.lines {
		d.rows[i] = row{}
		ln, row := &r.lines[i], &d.rows[i]
		switch {
		case q.Barred.Has(i):
			row.why = Refused
		case r.excludes(i, d.to, q.Country):
			row.why = Excluded
		case ln.cap == 0:
			row.why = Drained
			d.hold("")
		case ln.breaker.down != "":
			row.why = Down
			d.hold(ln.breaker.class)
		default:
			d.sound = d.sound || ln.breaker.span == 0
			if !q.Tried.Has(i) && ln.breaker.wait(now) == 0 {
				fresh++
			}
		}
	}
	for i := range r.lines {
		row := &d.rows[i]
		if row.why != Candidate {
			continue
		}
		if fresh > 0 && q.Tried.Has(i) { // one not tried yet is worth waiting for, unless it is ill
			row.why = Tried
			continue
		}
		row.wait = r.lines[i].free(now, r.share)
		if r.lines[i].breaker.wait(now) > 0 {
			row.why = Open
			open++
			continue
		}
		d.pool++
	}
	if d.pool > 0 || open == 0 {
		return
	}
	for i := range d.rows { // all are open: whichever closes first
		if d.rows[i].why == Open {
			d.rows[i].why = Candidate
			d.pool++
		}
	}
}

// hold counts a carrier that only a person can bring back, and what it says.
func (d *decision) hold(class carriers.Class) {
	if d.held++; d.held > 1 && class != d.class {
		class = ""
	}
	d.class = class
}

// pick scores the candidates and says which one it is to be.
func (r *Router) pick(d *decision, q *Query) int {
	switch {
	case d.pool == 1:
		return r.only(d, q)
	case !r.opts.Policy.learned():
		return r.byPolicy(d)
	}
	r.weigh(d, q)
	if i := r.dueForProbe(d); i >= 0 {
		d.probe, d.quiet = true, i
		return i
	}
	i := d.best(false)
	d.quiet = i
	if d.rows[i].wait == 0 && r.noise[d.to.kind].left(most[d.to.kind]) {
		if noisy := d.best(true); noisy != i {
			d.byNoise, d.second = true, i
			return noisy
		}
	}
	d.second = d.next(i)
	return i
}

// only is the decision where there is nothing to decide.
func (r *Router) only(d *decision, q *Query) int {
	for i := range d.rows {
		if d.rows[i].why == Candidate {
			d.rows[i].belief = r.model.estimate(d.at, i, d.to)
			r.terms(d, i, q)
			d.quiet = i
			return i
		}
	}
	return -1
}

// best is the candidate with the highest score. With noise it is one that is free: nobody is made to wait by chance.
func (d *decision) best(noisy bool) int {
	best, score := -1, math.Inf(-1)
	for i := range d.rows {
		row := &d.rows[i]
		if row.why != Candidate || noisy && row.wait > 0 {
			continue
		}
		s := row.score
		if noisy {
			s += row.luck
		}
		if s > score {
			best, score = i, s
		}
	}
	return best
}

// next is the best candidate but one.
func (d *decision) next(but int) int {
	best, score := -1, math.Inf(-1)
	for i := range d.rows {
		if row := &d.rows[i]; i != but && row.why == Candidate && row.score > score {
			best, score = i, row.score
		}
	}
	return best
}

// dueForProbe is a suspect carrier that may be asked whether it is well again. Advertisements ask first.
func (r *Router) dueForProbe(d *decision) int {
	for i := range d.rows {
		row := &d.rows[i]
		if row.why != Candidate || !row.suspect || row.wait > 0 {
			continue
		}
		due, gap := math.Inf(-1), 0.0
		if a := &r.model.per[i].alarm; a.suspect {
			due, gap = a.probeAt, a.probeGap
		}
		if a := &r.model.ground(i, d.to).alarm; a.suspect {
			due, gap = max(due, a.probeAt), a.probeGap
		}
		if d.to.kind == transactional {
			due += gap
		}
		if d.at >= due {
			return i
		}
	}
	return -1
}
