package lab

import (
	"math"
	"math/bits"

	"github.com/smsctl/smsctl/carriers"
)

// Policy chooses carriers in a world.
type Policy interface {
	// choose names a carrier and how long the message waits for its turn there; -1 means that it is to be asked again
	// after the wait.
	choose(now float64, m *message, tried uint64, behind int) (c int, wait float64)
	submitted(now float64, m *message, c int, refusal carriers.Class) // "" = it was taken
	receipt(now float64, m *message, c int, v verdict, took float64)
	silent(now float64, m *message, c int) // no receipt after patience seconds
	tick(now float64)
}

type verdict uint8

const (
	delivered verdict = iota
	undelivered
	nobody // the number does not exist
)

const (
	patience  = 300.0
	roundTrip = .15
	refusal   = .15 // until a submit fails
	tickEach  = .25
	roundEach = .05 // how often waiting messages are asked about
)

// Result is what a policy made of a world.
type Result struct {
	World, Policy string
	Seed          uint64
	Messages      int
	Gain          float64     // what the messages were worth, on average over chance
	Value         float64     // what they would have been worth had all arrived free of charge and at once
	Tenths        [10]float64 // the gain of each tenth of the messages
	Profit        float64     // value delivered in time less prices
	Finished      float64     // when the last message was taken
	Lost          []int       // messages that each incident's carrier got until it was noticed, -1 = never noticed
	Noticed       []float64
	FalseAlarms   int
	Submits       int

	// What the dice made of it.
	Accepted   int     // attempts that a carrier took
	Delivered  int     // messages that reached their handset
	OnTime     int     // in time
	Duplicates int     // copies beyond the first
	Cost       float64 // prices of what was taken
}

// job is a message on its way.
type job struct {
	m       message
	tried   uint64
	heard   uint64 // of the carriers that took it, those whose receipt has come
	tries   int8   // submits that a carrier took
	open    int16  // events to come, and whether it waits
	known   bool   // a receipt says delivered
	reached bool
	onTime  bool
}

const (
	mostTries  = 3    // attempts of a message, where it is sent again
	askFirst   = 10.0 // seconds after which silence is asked about
	askLater   = 30.0
	mostSilent = patience // after which silence means that the message is lost
)

// engine lets a world happen.
type engine struct {
	w      *World
	p      Policy
	heap   heap
	jobs   []job
	free   []int32
	lanes  map[lane]*queue
	order  []*queue
	waits  int
	round  bool
	res    Result
	resend bool // failed and silent messages go to another carrier
}

type lane struct {
	country, kind int
	tried         uint64
}

type queue struct {
	key  lane
	jobs []int32
}

// Run lets a policy send all of a world's messages. Only what no carrier took goes to another one, so that the first
// choice is measured.
func Run(w *World, p Policy, name string) Result { return play(w, p, name, false) }

// RunOn is Run as a campaign is sent: what failed or stays silent goes to another carrier.
func RunOn(w *World, p Policy, name string) Result { return play(w, p, name, true) }

func play(w *World, p Policy, name string, sendAgain bool) Result {
	e := &engine{w: w, p: p, lanes: map[lane]*queue{}, resend: sendAgain}
	e.res = Result{World: w.Kind, Policy: name, Seed: w.Seed, Messages: w.Messages}
	next := 0
	ticking := 0.0
	for next < w.Messages || e.heap.len() > 0 {
		at := math.Inf(1)
		if next < w.Messages {
			at = (float64(next) + w.uniform(next, -1, forArrival)) / w.Rate
		}
		if e.heap.len() > 0 {
			at = min(at, e.heap.at(0))
		}
		for ticking <= at {
			p.tick(ticking)
			ticking += tickEach
			if next == w.Messages && e.waits == 0 && at-ticking > 1000*tickEach {
				ticking = at
			}
		}
		if e.heap.len() > 0 && e.heap.at(0) <= at {
			e.happen(e.heap.pop())
			continue
		}
		id := e.job(job{m: w.message(next)})
		next++
		m := &e.jobs[id].m
		e.res.Value += w.value[m.kind]
		e.jobs[id].open++
		e.arrive(m.at, id)
		e.release(id)
	}
	if l, ok := p.(interface {
		noticed(w *World) (lost []int, after []float64, falseAlarms int)
	}); ok {
		e.res.Lost, e.res.Noticed, e.res.FalseAlarms = l.noticed(w)
	}
	return e.res
}

func (e *engine) job(j job) int32 {
	if n := len(e.free); n > 0 {
		id := e.free[n-1]
		e.free = e.free[:n-1]
		e.jobs[id] = j
		return id
	}
	e.jobs = append(e.jobs, j)
	return int32(len(e.jobs) - 1)
}

// push lets something happen to a message later.
func (e *engine) push(v event) {
	e.jobs[v.job].open++
	e.heap.push(v)
}

// release forgets a message to which nothing happens any more.
func (e *engine) release(id int32) {
	if e.jobs[id].open--; e.jobs[id].open == 0 {
		e.free = append(e.free, id)
	}
}

// enqueue lets a message wait.
func (e *engine) enqueue(q *queue, id int32) {
	e.jobs[id].open++
	q.jobs = append(q.jobs, id)
	e.waits++
}

// arrive gives a message to the policy, unless others like it wait already.
func (e *engine) arrive(now float64, id int32) {
	j := &e.jobs[id]
	key := lane{j.m.country, j.m.kind, j.tried}
	if e.waits > 0 {
		e.again(now)
		if q := e.lanes[key]; q != nil && len(q.jobs) > 0 {
			e.enqueue(q, id)
			return
		}
	}
	if e.try(now, id, 0) {
		return
	}
	q := e.lanes[key]
	if q == nil {
		q = &queue{key: key}
		e.lanes[key] = q
		e.order = append(e.order, q)
	}
	e.enqueue(q, id)
	e.ask(now)
}

// ask makes a round of questions happen soon.
func (e *engine) ask(now float64) {
	if !e.round {
		e.round = true
		e.heap.push(event{at: now + roundEach, what: askAgain})
	}
}

// again asks for every lane that waits.
func (e *engine) again(now float64) {
	for _, q := range e.order {
		for len(q.jobs) > 0 && e.try(now, q.jobs[0], len(q.jobs)-1) {
			id := q.jobs[0]
			q.jobs = q.jobs[1:]
			e.waits--
			e.release(id)
		}
	}
}

// try asks for one message and submits it.
func (e *engine) try(now float64, id int32, behind int) bool {
	j := &e.jobs[id]
	c, wait := e.p.choose(now, &j.m, j.tried, behind)
	if c < 0 {
		return false
	}
	if wait > 0 {
		e.push(event{at: now + wait, what: submit, job: id, carrier: int8(c)})
	} else {
		e.submit(now, id, c)
	}
	return true
}

func (e *engine) submit(now float64, id int32, c int) {
	e.res.Submits++
	m := &e.jobs[id].m
	refuses := e.w.refuses(now, m, c)
	if s, ok := e.w.scripted(c); ok {
		s.count++
	}
	if refuses {
		e.push(event{at: now + refusal, what: refused, job: id, carrier: int8(c)})
		return
	}
	e.res.Finished = max(e.res.Finished, now)
	gain := e.w.gain(now, m, c)
	e.res.Gain += gain
	e.res.Tenths[m.n*10/e.w.Messages] += gain
	e.res.Profit += e.w.value[m.kind]*e.w.quality(now, c, m.network, m.kind)*e.w.arrives(m, c) - e.w.price[c][m.country]
	e.res.Accepted++
	e.res.Cost += e.w.price[c][m.country]
	e.jobs[id].tries++
	e.push(event{at: now + roundTrip, what: accepted, job: id, carrier: int8(c)})
}

// happen is one event.
func (e *engine) happen(v event) {
	c := int(v.carrier)
	if v.what == askAgain {
		e.round = false
		if e.again(v.at); e.waits > 0 {
			e.ask(v.at)
		}
		return
	}
	m := e.jobs[v.job].m // a copy: jobs may move
	switch v.what {
	case submit:
		e.submit(v.at, v.job, c)
	case accepted:
		e.p.submitted(v.at, &m, c, "")
		e.fate(v.at, v.job, c)
	case refused:
		e.p.submitted(v.at, &m, c, e.w.refusal(v.at, &m, c))
		j := &e.jobs[v.job]
		again := j.tried>>c&1 == 1 // a policy that knows nobody better would ask for ever
		if j.tried |= 1 << c; !again && bits.OnesCount64(j.tried) < e.w.Carriers {
			e.arrive(v.at, v.job)
		}
	case delivers, fails, isDead:
		e.p.receipt(v.at, &m, c, verdict(v.what-delivers), float64(v.took))
		e.heard(v.at, v.job, c, v.what)
	case stays:
		e.p.silent(v.at, &m, c)
	case overdue:
		e.overdue(v, &m)
	}
	e.release(v.job)
}
