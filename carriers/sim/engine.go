package sim

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/time/rate"

	"github.com/smsctl/smsctl/carriers"
)

// engine decides what becomes of the messages of one carrier. All that it remembers is how many submits it saw, since
// when, and how fast they come: the rest is a function of seed and reference.
type engine struct {
	name    string
	seed    uint64
	phases  []Phase
	base    Behaviour
	replies Replies
	epoch   *epoch
	submits atomic.Int64
	limit   atomic.Pointer[rate.Limiter]
	merged  sync.Map // set of phases that hold (uint64) → *Behaviour
}

// epoch is the moment of the first submit: phases count from there, so that a slow start of the program shifts nothing.
type epoch struct {
	once sync.Once
	t    time.Time
}

func (e *epoch) since(t time.Time) time.Duration {
	e.once.Do(func() { e.t = t })
	return t.Sub(e.t)
}

func newEngine(name string, m Model, ep *epoch) *engine {
	return &engine{name: name, seed: m.Seed, phases: m.Phases, base: m.Behaviour.over(defaults()), replies: m.Replies, epoch: ep}
}

// behaviour is what holds for m, the n-th submit.
func (e *engine) behaviour(m *carriers.Message, n int64, elapsed time.Duration) *Behaviour {
	if len(e.phases) == 0 {
		return &e.base
	}
	country := m.Country
	ask := func() string {
		if country == "" {
			country = countryOf(m.To)
		}
		return country
	}
	var held uint64
	for i := range e.phases {
		if e.phases[i].holds(n, elapsed, m, ask) {
			held |= 1 << i
		}
	}
	if held == 0 {
		return &e.base
	}
	if b, ok := e.merged.Load(held); ok {
		return b.(*Behaviour)
	}
	b := e.base
	for i := range e.phases {
		if held&(1<<i) != 0 {
			b = e.phases[i].over(b)
		}
	}
	kept, _ := e.merged.LoadOrStore(held, &b)
	return kept.(*Behaviour)
}

// fate is all that will ever happen to a message, decided when it is submitted. Times count from the submit.
type fate struct {
	refusal  *Refusal // the answer is this, not yes
	throttle bool     // that refusal is the rate limit's
	loss     Loss     // no answer comes, in this way
	taken    bool
	latency  time.Duration

	delivered bool          // the truth
	done      time.Duration // when it is so
	final     outcome       // what the carrier says once done, when asked
	plan      [4]planned    // receipts, in the order in which they were thought of
	planned   int
}

// outcome is a state with its reason.
type outcome struct {
	state carriers.ReceiptState
	class carriers.Class
	code  string
}

// planned is a receipt to come.
type planned struct {
	after time.Duration
	outcome
	badSignature bool
}

// overRate is what comes above the rate limit.
var overRate = Refusal{Class: carriers.ClassThrottled} //nolint:gochecknoglobals // constant

// submit decides a message's fate and counts it.
func (e *engine) submit(m *carriers.Message, now time.Time) fate {
	n := e.submits.Add(1) - 1
	b := e.behaviour(m, n, e.epoch.since(now))
	l := e.luck(m)
	f := fate{latency: b.Latency.at(l.draw(qLatency))}
	switch *b.Outage {
	case OutageRefuse:
		f.refusal = &Refusal{Class: carriers.ClassCarrierTransient}
		return f
	case OutageReset:
		f.loss = LossReset
		return f
	case OutageHang:
		f.loss = LossHang
		return f
	case OutageNone:
	}
	if !e.allow(*b.RateLimit, now) {
		f.refusal, f.throttle = &overRate, true
		return f
	}
	if l.draw(qAccept) >= *b.Accept {
		f.refusal = choose(b.Errors, l.draw(qRefusal), func(r *Refusal) float64 { return r.Share })
		if f.refusal == nil {
			f.refusal = &Refusal{Class: carriers.ClassCarrierTransient}
		}
		if !f.refusal.Taken {
			return f
		}
	} else if l.draw(qLostAnswer) < *b.LostAnswers {
		f.loss = *b.LostBy
	}
	f.taken = true
	e.future(&f, b, l, m)
	return f
}

// outage is how the carrier is down for somebody who only wants to connect. Phases that count messages say nothing of it:
// while nobody gets in, they would never end.
func (e *engine) outage(now time.Time) Outage {
	elapsed, down := e.epoch.since(now), *e.base.Outage
	for i := range e.phases {
		p := &e.phases[i]
		whole := p.After == 0 && p.For == 0 && len(p.Countries)+len(p.Prefixes)+len(p.Types) == 0
		if whole && p.Outage != nil && elapsed >= time.Duration(p.From) && (p.Until == 0 || elapsed < time.Duration(p.Until)) {
			down = *p.Outage
		}
	}
	return down
}

// recall is the future of a message that was submitted before this process began: what the carrier's base behaviour
// would have made of it.
func (e *engine) recall(m *carriers.Message) fate {
	l := e.luck(m)
	f := fate{taken: true, latency: e.base.Latency.at(l.draw(qLatency))}
	e.future(&f, &e.base, l, m)
	return f
}

// luck is the message's own. Without a reference its number and text are its name.
func (e *engine) luck(m *carriers.Message) luck {
	if m.Ref == "" {
		return luckOf(e.seed, e.name, m.To, m.Text)
	}
	return luckOf(e.seed, e.name, m.Ref)
}

// allow applies the rate limit with a quarter of a second's burst.
func (e *engine) allow(perSecond float64, now time.Time) bool {
	if perSecond <= 0 {
		return true
	}
	lim := e.limit.Load()
	if lim == nil {
		e.limit.CompareAndSwap(nil, rate.NewLimiter(rate.Limit(perSecond), burst(perSecond)))
		lim = e.limit.Load()
	}
	if lim.Limit() != rate.Limit(perSecond) {
		lim.SetLimitAt(now, rate.Limit(perSecond))
		lim.SetBurstAt(now, burst(perSecond))
	}
	return lim.AllowN(now, 1)
}

func burst(perSecond float64) int { return int(math.Ceil(perSecond / 4)) }

// choose picks an item in proportion to its share; nil if there is none.
func choose[T any](items []T, u float64, share func(*T) float64) *T {
	weight := func(i int) float64 {
		if s := share(&items[i]); s > 0 {
			return s
		}
		return 1
	}
	total := 0.0
	for i := range items {
		total += weight(i)
	}
	for i := range items {
		if u -= weight(i) / total; u < 0 || i == len(items)-1 {
			return &items[i]
		}
	}
	return nil
}

// countryOf finds the country of a number where the caller did not say; only phases with countries ask.
func countryOf(to string) string {
	n, err := phonenumbers.Parse(to, "")
	if err != nil {
		return ""
	}
	if region := phonenumbers.GetRegionCodeForNumber(n); region != "" {
		return region
	}
	return phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode())) // a number that nobody has yet
}
