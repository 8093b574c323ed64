package routing

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Query is a message that needs a carrier.
type Query struct {
	Country  string
	Type     string
	Segments int
	Tried    Set // carriers that it was submitted to before
	Barred   Set // of those, the ones that will not take it later either
}

// Set is a set of carriers, by their position in the list the router was made from.
type Set uint64

// Has says whether carrier i is in the set.
func (s Set) Has(i int) bool { return s&(1<<i) != 0 }

// With is the set with carrier i.
func (s Set) With(i int) Set { return s | 1<<i }

// MaxCarriers is how many carriers one router can choose from.
const MaxCarriers = 64

// Choice is the router's answer. It has a carrier, or a time to ask again, or nothing: no carrier may take the message.
type Choice struct {
	Carrier int           // -1 = none now
	Wait    time.Duration // ask again then, or when a submit has ended
	NoRoute bool
	Down    bool           // every carrier that may take it is drained or ill; Carrier is then a try whether it still is
	Class   carriers.Class // with Down: what all of them say that wait for a person, if all do
	Why     string         // the decision, compact: stored with the attempt
}

// route is one carrier as the router sees it.
type route struct {
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

// Router chooses. It belongs to one goroutine.
type Router struct {
	routes []route
	order  []int // by weight, then as configured
	cap    limiter
	share  int // processes that share the carriers' limits
	events []Event
}

// Event is something about a carrier that people want to see.
type Event struct {
	At      time.Time
	Carrier string
	Kind    string // breaker, drain
	Text    string
}

// DefaultWindow is a carrier's window where the config names none.
const DefaultWindow = 64

// New makes a router of at most MaxCarriers carriers.
func New(infos []carriers.Info) *Router {
	r := &Router{share: 1, routes: make([]route, len(infos)), order: make([]int, len(infos))}
	for i, info := range infos {
		rt := route{info: info, weight: 1, window: DefaultWindow, cap: -1, dead: map[string]bool{}}
		if info.Common.Weight != nil {
			rt.weight = *info.Common.Weight
		}
		if info.Common.MaxInFlight > 0 {
			rt.window = info.Common.MaxInFlight
		}
		rt.limiter.rate = info.Common.MaxPerSecond
		r.routes[i], r.order[i] = rt, i
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return cmp.Compare(r.routes[b].weight, r.routes[a].weight) })
	return r
}

// Window is how many submits may be under way at once.
func (r *Router) Window() int {
	n := 0
	for i := range r.routes {
		n += r.routes[i].window
	}
	return n
}

// Choose picks a carrier and takes its place in the window and its share of the rate; the caller submits at once and
// calls Done.
func (r *Router) Choose(now time.Time, q Query) Choice {
	wait, best := time.Duration(math.MaxInt64), -1
	candidates, held, sound := 0, 0, false
	var class carriers.Class
	for _, fresh := range []bool{true, false} { // those not tried yet first
		for _, i := range r.order {
			rt := &r.routes[i]
			if q.Barred.Has(i) || q.Tried.Has(i) == fresh || rt.excludes(q) {
				continue
			}
			d, never := rt.wait(now, r.share)
			if never { // until a person acts: the message waits for that only if there is nothing else
				if held++; held == 1 || class == rt.breaker.class {
					class = rt.breaker.class // "" of a drained one
				} else {
					class = ""
				}
				continue
			}
			candidates++
			if d == 0 {
				best = i
				break
			}
			wait = min(wait, d)
			sound = sound || rt.breaker.state(now) == "closed"
		}
		// A carrier not tried yet is worth waiting for while it is only busy, not while it is ill.
		if best >= 0 || sound {
			break
		}
	}
	switch {
	case candidates+held == 0:
		return Choice{Carrier: -1, NoRoute: true}
	case best < 0:
		if candidates > 0 {
			class = ""
		}
		return Choice{Carrier: -1, Wait: min(wait, maxWait), Down: !sound, Class: class}
	}
	if d := r.cap.wait(now); d > 0 {
		return Choice{Carrier: -1, Wait: d}
	}
	return r.take(now, best, q)
}

// maxWait bounds how long a message is left aside: people change limits meanwhile.
const maxWait = 2 * time.Second

func (r *Router) take(now time.Time, i int, q Query) Choice {
	rt := &r.routes[i]
	ill := rt.breaker.state(now) != "closed"
	rt.inFlight++
	rt.limiter.take(now, q.Segments)
	r.cap.take(now, q.Segments)
	rt.breaker.submitted(now)
	return Choice{Carrier: i, Down: ill, Why: r.why(now, i, q)}
}

// why writes the decision down: every carrier that was not taken with the reason, the chosen one last.
func (r *Router) why(now time.Time, chosen int, q Query) string {
	var b strings.Builder
	for _, i := range r.order {
		if i == chosen {
			continue
		}
		if reason := r.routes[i].reason(now, i, q, r.share); reason != "" {
			b.WriteString(r.routes[i].info.Name)
			b.WriteByte(':')
			b.WriteString(reason)
			b.WriteByte(' ')
		}
	}
	b.WriteString(r.routes[chosen].info.Name)
	b.WriteString(":weight")
	return b.String()
}

// reason says why a route was passed over, "" when it only stands lower in the order.
func (rt *route) reason(now time.Time, i int, q Query, share int) string {
	switch {
	case q.Barred.Has(i):
		return "refused"
	case q.Tried.Has(i):
		return "tried"
	case rt.excludes(q):
		return "excluded"
	case rt.cap == 0:
		return "drained"
	}
	if s := rt.breaker.state(now); s != "closed" {
		return s
	}
	if d, _ := rt.wait(now, share); d > 0 {
		return "busy"
	}
	return ""
}

func (rt *route) excludes(q Query) bool {
	c := &rt.info.Common
	return len(c.Countries) > 0 && !slices.Contains(c.Countries, q.Country) ||
		slices.Contains(c.ExcludeCountries, q.Country) ||
		len(c.MessageTypes) > 0 && !slices.Contains(c.MessageTypes, q.Type) ||
		rt.dead[q.Country]
}

// wait says when the route could take a message; never, that a person must act first.
func (rt *route) wait(now time.Time, share int) (d time.Duration, never bool) {
	if rt.cap == 0 {
		return 0, true
	}
	d, never = rt.breaker.wait(now)
	if never {
		return 0, true
	}
	if rt.inFlight >= max(1, rt.window/share) {
		d = max(d, maxWait) // the end of a submit wakes dispatch
	}
	return max(d, rt.paused.Sub(now), rt.limiter.wait(now)), false
}

// Cancel gives a place back that was taken but not used.
func (r *Router) Cancel(i int) {
	r.routes[i].inFlight--
	r.routes[i].breaker.probing = false
}

// Done learns from the outcome of a submit.
func (r *Router) Done(now time.Time, i int, country string, res carriers.Result) {
	rt := &r.routes[i]
	rt.inFlight--
	if s := rt.breaker.done(now, res); s != "" {
		r.events = append(r.events, Event{now, rt.info.Name, "breaker", s})
	}
	if res.Accepted != carriers.No {
		return
	}
	if res.Class == carriers.ClassThrottled {
		until := now.Add(max(res.RetryAfter, throttlePause))
		if until.After(rt.paused) {
			rt.paused = until
		}
	}
	if reach := res.Class.Traits().Reach; (reach == carriers.ReachCountry || reach == carriers.ReachSender) && !rt.dead[country] {
		rt.dead[country] = true
		r.events = append(r.events, Event{now, rt.info.Name, "route", "no longer used for " + country + ": " + res.Class.Traits().Title})
	}
}

// throttlePause is how long a carrier is left alone that says "too fast" without saying how long.
const throttlePause = 200 * time.Millisecond

// SetCap limits the campaign as a whole, in segments a second; 0 lifts it.
func (r *Router) SetCap(now time.Time, rate float64) { r.cap.set(now, rate) }

// SetCarrierCaps limits or drains single carriers; those not named have their configured rate.
func (r *Router) SetCarrierCaps(now time.Time, caps map[string]float64) {
	for i := range r.routes {
		rt := &r.routes[i]
		was := rt.cap
		rt.cap = -1
		if c, ok := caps[rt.info.Name]; ok {
			rt.cap = c
		}
		if (was == 0) != (rt.cap == 0) {
			r.events = append(r.events, Event{now, rt.info.Name, "drain", map[bool]string{true: "drained", false: "undrained"}[rt.cap == 0]})
		}
		rt.limiter.set(now, r.rate(rt))
	}
}

// SetShare says between how many processes the carriers' limits are divided.
func (r *Router) SetShare(now time.Time, n int) {
	r.share = max(1, n)
	for i := range r.routes {
		r.routes[i].limiter.set(now, r.rate(&r.routes[i]))
	}
}

func (r *Router) rate(rt *route) float64 {
	rate := rt.info.Common.MaxPerSecond / float64(r.share)
	if rt.cap > 0 && (rate == 0 || rt.cap < rate) {
		rate = rt.cap
	}
	return rate
}

// Events returns what happened since the last call.
func (r *Router) Events() []Event {
	e := r.events
	r.events = nil
	return e
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
}

// Snapshot describes every carrier.
func (r *Router) Snapshot(now time.Time) []Status {
	out := make([]Status, len(r.routes))
	for i := range r.routes {
		rt := &r.routes[i]
		out[i] = Status{
			Name: rt.info.Name, Breaker: rt.breaker.state(now), Reason: rt.breaker.down, InFlight: rt.inFlight,
			Window: rt.window, Rate: rt.limiter.rate, Drained: rt.cap == 0,
		}
	}
	return out
}
