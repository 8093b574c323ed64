package windows

import (
	"sync/atomic"
	"time"
)

// horizon is how far ahead an opening is looked for: longer than any run of holidays.
const horizon = 21 * 24 * time.Hour

// clause is one thing that must hold: hours by the clock of a zone.
type clause struct {
	zone  *time.Location
	hours *hours
}

// all are clauses that must hold together.
type all []clause

// at says whether all are open at t, and until when that surely holds.
func (a all) at(t time.Time) (open bool, until time.Time) {
	open = true
	var shut time.Time // no earlier opening than that: the latest of those that are closed
	for _, c := range a {
		is, to := c.hours.at(t.In(c.zone))
		if !is {
			open = false
			if to.After(shut) {
				shut = to
			}
		}
		if until.IsZero() || to.Before(until) {
			until = to
		}
	}
	if !open {
		return false, shut
	}
	return true, until
}

// turn returns when all have become other than they are at t, and whether that is before the horizon.
func (a all) turn(t time.Time) (open bool, at time.Time, ok bool) {
	open, at = a.at(t)
	for !at.After(t.Add(horizon)) {
		is, next := a.at(at)
		if is != open {
			return open, at, true
		}
		at = next
	}
	return open, at, false
}

// Gate is when somebody may be written to. A nil Gate is always open. It may be used by many goroutines at once.
type Gate struct {
	begin  all // messages may be begun
	arrive all // messages may arrive: the same, a margin longer
	why    string

	phase atomic.Pointer[phase] // the last answer
}

// phase is a time in which a gate does not change.
type phase struct {
	from, to time.Time // from until just before to
	open     bool
	ends     time.Time // of an open one: until when messages may arrive; zero: beyond the horizon
	never    bool      // closed beyond the horizon
}

// Why names the places and hours that the gate is made of.
func (g *Gate) Why() string {
	if g == nil {
		return "at any time"
	}
	return g.why
}

func (g *Gate) at(t time.Time) phase {
	if p := g.phase.Load(); p != nil && !t.Before(p.from) && t.Before(p.to) {
		return *p
	}
	open, to, ok := g.begin.turn(t)
	p := phase{from: t, to: to, open: open, never: !open && !ok}
	if open {
		if stay, ends, ok := g.arrive.turn(t); stay && ok {
			p.ends = ends
		}
	}
	g.phase.Store(&p)
	return p
}

// Open says whether a message may be begun at t, and until when it may arrive then; the zero time is without end.
func (g *Gate) Open(t time.Time) (open bool, ends time.Time) {
	if g == nil {
		return true, time.Time{}
	}
	p := g.at(t)
	return p.open, p.ends
}

// Next returns the first instant from t on at which a message may be begun; false: there is none for weeks.
func (g *Gate) Next(t time.Time) (time.Time, bool) {
	if g == nil {
		return t, true
	}
	p := g.at(t)
	if p.open {
		return t, true
	}
	return p.to, !p.never
}

// After returns the instant at which the gate has been open for d since t; false: not before the horizon.
func (g *Gate) After(t time.Time, d time.Duration) (time.Time, bool) {
	if g == nil {
		return t.Add(d), true
	}
	last := t.Add(horizon)
	for t.Before(last) {
		open, to, _ := g.begin.turn(t)
		if open {
			if left := to.Sub(t); d < left {
				return t.Add(d), true
			}
			d -= to.Sub(t)
		}
		t = to
	}
	return t, false
}

// OpenFor returns how long the gate is open from t until just before end.
func (g *Gate) OpenFor(t, end time.Time) (sum time.Duration) {
	if g == nil {
		return max(0, end.Sub(t))
	}
	for t.Before(end) {
		open, to, ok := g.begin.turn(t)
		if !ok || to.After(end) {
			to = end
		}
		if open {
			sum += to.Sub(t)
		}
		t = to
	}
	return sum
}
