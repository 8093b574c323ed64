package lab

import (
	"math"
	"math/bits"
)

// Policy chooses carriers in a world.
type Policy interface {
	// choose names a carrier and how long the message waits for its turn there; -1 means that it is to be asked again
	// after the wait.
	choose(now float64, m *message, tried uint64, behind int) (c int, wait float64)
	submitted(now float64, m *message, c int, failed bool)
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
	Early         int // messages for the worst carrier in the first minute
}

// job is a message that waits.
type job struct {
	m     message
	tried uint64
}

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
	tapped func(now float64, m *message, c int)
}

type lane struct {
	country, kind int
	tried         uint64
}

type queue struct {
	key  lane
	jobs []int32
}

// Run lets a policy send all of a world's messages.
func Run(w *World, p Policy, name string) Result { return tapRun(w, p, name, nil) }

func tapRun(w *World, p Policy, name string, tapped func(now float64, m *message, c int)) Result {
	e := &engine{w: w, p: p, lanes: map[lane]*queue{}, tapped: tapped}
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
		e.arrive(m.at, id)
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

// arrive gives a message to the policy, unless others like it wait already.
func (e *engine) arrive(now float64, id int32) {
	j := &e.jobs[id]
	key := lane{j.m.country, j.m.kind, j.tried}
	if e.waits > 0 {
		e.again(now)
		if q := e.lanes[key]; q != nil && len(q.jobs) > 0 {
			q.jobs = append(q.jobs, id)
			e.waits++
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
	q.jobs = append(q.jobs, id)
	e.waits++
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
			q.jobs = q.jobs[1:]
			e.waits--
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
		e.heap.push(event{at: now + wait, what: submit, job: id, carrier: int8(c)})
	} else {
		e.submit(now, id, c)
	}
	return true
}

func (e *engine) submit(now float64, id int32, c int) {
	e.res.Submits++
	m := &e.jobs[id].m
	if e.tapped != nil {
		e.tapped(now, m, c)
	}
	if e.w.down(now, c, m.country) {
		e.heap.push(event{at: now + refusal, what: refused, job: id, carrier: int8(c)})
		return
	}
	e.res.Finished = max(e.res.Finished, now)
	gain := e.w.gain(now, m, c)
	e.res.Gain += gain
	e.res.Tenths[m.n*10/e.w.Messages] += gain
	e.res.Profit += e.w.value[m.kind]*e.w.quality(now, c, m.network, m.kind)*e.w.arrives(m, c) - e.w.price[c][m.country]
	e.heap.push(event{at: now + roundTrip, what: accepted, job: id, carrier: int8(c)})
}

// happen is one event.
func (e *engine) happen(v event) {
	c := int(v.carrier)
	switch v.what {
	case askAgain:
		e.round = false
		if e.again(v.at); e.waits > 0 {
			e.ask(v.at)
		}
		return
	case submit:
		e.submit(v.at, v.job, c)
		return
	}
	j := &e.jobs[v.job]
	switch v.what {
	case accepted:
		e.p.submitted(v.at, &j.m, c, false)
		e.fate(v.at, v.job, c)
	case refused:
		e.p.submitted(v.at, &j.m, c, true)
		if j.tried |= 1 << c; bits.OnesCount64(j.tried) < e.w.Carriers {
			e.arrive(v.at, v.job)
		}
	case delivers, fails, isDead:
		e.p.receipt(v.at, &j.m, c, verdict(v.what-delivers), float64(v.took))
		e.free = append(e.free, v.job)
	case stays:
		e.p.silent(v.at, &j.m, c)
		if v.took < 0 { // no receipt follows
			e.free = append(e.free, v.job)
		}
	}
}

// fate decides what becomes of a message that was taken, and which receipts come.
func (e *engine) fate(now float64, id int32, c int) {
	w, m := e.w, &e.jobs[id].m
	n := m.n
	at := now - roundTrip
	reaches := !m.dead && w.uniform(n, c, forDelivery) < w.quality(at, c, m.network, m.kind)
	took := w.logNormal(n, c, forLatency, w.latency[c], latencySigma)
	if m.off {
		took += w.logNormal(n, -1, forOffTime, offMedian, offSigma)
	}
	lag := w.logNormal(n, c, forReport, w.report[c], reportSigma)
	what := delivers
	switch {
	case at >= w.forges[c]:
		took = w.logNormal(n, c, forLatency, w.latency[c], latencySigma)
	case m.dead:
		what = isDead
	case !reaches:
		what = fails
	}
	silent := w.silent[c]
	if in := w.incident(at, c, m.country); in != nil {
		silent = greySilent
	}
	if reaches && w.conversions > 0 && w.uniform(n, c, forConversion) < w.conversions {
		if p, ok := e.p.(interface {
			converted(m *message, c int)
		}); ok {
			p.converted(m, c)
		}
	}
	receiptAt := now + took + lag
	none := w.blind[[2]int{c, m.network}] || w.uniform(n, c, forLoss) < receiptLost ||
		what == fails && w.uniform(n, c, forSilence) < silent
	if none {
		e.heap.push(event{at: now + patience, what: stays, job: id, carrier: int8(c), took: -1})
		return
	}
	if took+lag > patience {
		e.heap.push(event{at: now + patience, what: stays, job: id, carrier: int8(c), took: 1})
	}
	e.heap.push(event{at: receiptAt, what: what, job: id, carrier: int8(c), took: float32(took)})
}
