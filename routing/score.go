package routing

import (
	"math"
	"time"
)

// boldness is how many standard deviations of an estimate the noise is worth, by type.
//
//nolint:gochecknoglobals // constants that the language has no word for
var boldness = [kinds]float64{.2, .4}

// Boldness is how many standard deviations of an estimate the noise in decisions on a message type is worth.
func Boldness(messageType string) float64 { return boldness[kindOf(messageType)] }

const (
	waitPrice   = 60.0 // seconds of waiting that cost the whole value
	windowWaits = 30 * time.Second
)

// weigh gives every candidate its score.
func (r *Router) weigh(d *decision, q *Query) {
	suspects := 0
	for i := range d.rows {
		row := &d.rows[i]
		if row.why != Candidate {
			continue
		}
		row.belief = r.model.estimate(d.at, i, d.to)
		if row.suspect = r.model.suspect(i, d.to); row.suspect {
			suspects++
		}
	}
	message := q.Message
	if message == 0 {
		message = r.asked
	}
	blocked := r.windows(d, q)
	for i := range d.rows {
		row := &d.rows[i]
		if row.why != Candidate {
			continue
		}
		if suspects == d.pool { // when nobody is well, what was known before decides: no reshuffling
			row.mean = r.model.before(d.at, i, d.to)
		}
		if blocked {
			r.window(d, i)
		}
		r.terms(d, i, q)
		row.noise = boldness[d.to.kind] * normal(draw(r.opts.Seed, message, tries(q.Tried), i))
		row.luck = r.lines[i].weight * d.value * row.trust * row.noise * math.Sqrt(row.variance)
	}
}

func tries(s Set) (n int) {
	for ; s != 0; s &= s - 1 {
		n++
	}
	return n
}

// terms are what adds up to a score.
func (r *Router) terms(d *decision, i int, q *Query) {
	row, ln := &d.rows[i], &r.lines[i]
	row.trust = r.model.ground(i, d.to).trust
	row.blind = r.model.routeOf(i, d.to).blind
	row.worth = ln.weight * d.value * row.trust * row.mean
	row.price = r.offer(i, d.to).price * float64(max(1, q.Segments))
	wait := row.wait.Seconds()
	if wait > 0 || r.parked[i] > 0 {
		ahead := max(r.parked[i], r.parking[i]+float64(q.Behind))
		wait += ahead / ln.speed()
	}
	row.queue = d.value*wait/waitPrice + r.shadow[i]
	if d.to.kind == transactional && wait > waitPrice {
		row.queue += d.value
	}
	row.late = d.value * r.lambda * r.model.per[i].lag / r.ttl[d.to.kind].Seconds()
	row.score = row.worth - row.price - row.queue - row.late
}

// windows says whether the exposure windows hold messages back: not where there is no choice, and not for ever.
func (r *Router) windows(d *decision, q *Query) bool {
	if d.to.kind == promotional && q.Waited < windowWaits {
		return true
	}
	for i := range d.rows {
		if d.rows[i].why == Candidate && !r.fullFor(d, i) {
			return true
		}
	}
	return false
}

func (r *Router) fullFor(d *decision, i int) bool {
	acc, g := &r.model.per[i], r.model.ground(i, d.to)
	if acc.mute || !acc.window.full(0) && !g.window.full(0) || r.model.routeOf(i, d.to).blind {
		return false
	}
	all, here := r.floors(d, i)
	return acc.window.full(all) || g.window.full(here)
}

// window makes a candidate wait whose attempts await enough receipts already: until the next receipt is due.
func (r *Router) window(d *decision, i int) {
	if !r.fullFor(d, i) {
		return
	}
	acc := &r.model.per[i]
	beyond := max(float64(acc.window.awaiting)-acc.window.size, 0) + 1
	wait := min(beyond/max(acc.acks.look(d.at), leastAcks), windowWaits.Seconds())
	d.rows[i].wait = max(d.rows[i].wait, time.Duration(wait*float64(time.Second)), time.Millisecond)
}

const leastAcks = .01 // receipts a second that are hoped for at least

const (
	shadowGain = .012 // how fast a place's price follows the queue: shares of the value per second and second of queue
	shadowMost = .5   // of the value
	queueAim   = 1.0  // messages that may queue before a place gets dearer
)

// tariff sets the price of a place with each carrier whose rate binds. While messages queue for it the price climbs,
// until only those come for whom it is worth most, and the queue is gone: with a queue alone as the price, everybody
// would pay it in time.
func (r *Router) tariff(now time.Time, dt float64) {
	least, value := math.Inf(1), r.value[promotional]
	dt = min(max(dt, 0), 1)
	for i := range r.lines {
		ln := &r.lines[i]
		if ln.down() {
			continue
		}
		if ln.limiter.rate <= 0 {
			r.shadow[i], least = 0, 0
			continue
		}
		queue := max(r.parking[i], ln.limiter.wait(now).Seconds()*ln.limiter.rate) - queueAim
		r.shadow[i] += value * shadowGain * dt * queue / ln.limiter.rate
		r.shadow[i] = min(max(0, r.shadow[i]), shadowMost*value)
		least = min(least, r.shadow[i])
	}
	if least > 0 && !math.IsInf(least, 1) { // what all cost alike changes nothing
		for i := range r.shadow {
			r.shadow[i] = max(0, r.shadow[i]-least)
		}
	}
}
