package lab

import (
	"math"
	"math/bits"
)

func (e *engine) heard(now float64, id int32, c int, what occasion) {
	j := &e.jobs[id]
	j.heard |= 1 << c
	switch what {
	case delivers:
		j.known = true
	case fails:
		e.elsewhere(now, id, c)
	}
}

// elsewhere sends a message by another carrier, if that is of use.
func (e *engine) elsewhere(now float64, id int32, c int) {
	j := &e.jobs[id]
	j.tried |= 1 << c
	if !e.resend || j.known || j.tries >= mostTries || now-j.m.at >= ttl[j.m.kind] || bits.OnesCount64(j.tried) >= e.w.Carriers {
		return
	}
	e.arrive(now, id)
}

// patient is a policy that knows how long silence is worth waiting for; the others wait for mostSilent.
type patient interface {
	// deadline is how old an attempt is to become before silence means that it is lost; 0 = that cannot be told yet.
	deadline(now float64, m *message, c int) float64
}

// overdue asks whether a silent message is to be given up.
func (e *engine) overdue(v event, m *message) {
	c, j := int(v.carrier), &e.jobs[v.job]
	if j.heard>>c&1 == 1 || j.known {
		return
	}
	age := float64(v.took)
	p, ok := e.p.(patient)
	if !ok {
		e.elsewhere(v.at, v.job, c)
		return
	}
	switch d := p.deadline(v.at, m, c); {
	case d > 0 && d <= age+.01: // ages are rounded
		e.elsewhere(v.at, v.job, c)
	case age < mostSilent:
		next := min(age+askLater, mostSilent)
		if d > 0 {
			next = min(next, d+.01)
		}
		v.at, v.took = v.at+next-age, float32(next)
		e.push(v)
	}
}

// fate decides what becomes of a message that was taken, and which receipts come.
func (e *engine) fate(now float64, id int32, c int) {
	w, j := e.w, &e.jobs[id]
	m := &j.m
	at := now - roundTrip
	reaches := !m.dead && w.uniform(m.n, c, forDelivery) < w.quality(at, c, m.network, m.kind)
	took := w.took(at, m, c)
	said := took // by the receipt
	if m.off {
		took += w.off(m)
	}
	what := delivers
	switch {
	case w.forged(at, m, c):
	case m.dead:
		said, what = took, isDead
	case !reaches:
		said, what = took, fails
	default:
		said = took
	}
	if reaches {
		e.reaches(j, at+took)
		if w.conversions > 0 && w.uniform(m.n, c, forConversion) < w.conversions {
			if p, ok := e.p.(interface {
				converted(m *message, c int)
			}); ok {
				p.converted(m, c)
			}
		}
	}
	lag := w.lag(at, m, c, what == fails)
	if said+lag > patience {
		e.push(event{at: now + patience, what: stays, job: id, carrier: int8(c)})
	}
	if !math.IsInf(lag, 1) {
		e.push(event{at: now + said + lag, what: what, job: id, carrier: int8(c), took: float32(said)})
	}
	if e.resend {
		first := mostSilent
		if _, ok := e.p.(patient); ok {
			first = askFirst
		}
		e.push(event{at: now + first, what: overdue, job: id, carrier: int8(c), took: float32(first)})
	}
}

// reaches is a copy that comes to its handset.
func (e *engine) reaches(j *job, at float64) {
	if j.reached {
		e.res.Duplicates++
	} else {
		e.res.Delivered++
	}
	j.reached = true
	if !j.onTime && at <= j.m.at+ttl[j.m.kind] {
		j.onTime = true
		e.res.OnTime++
	}
}
