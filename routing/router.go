package routing

import (
	"slices"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Query is a message that needs a carrier.
type Query struct {
	Message  uint64 // the same whenever it is asked for: the noise in a decision follows from it; 0 = not given
	Country  string
	Network  string // as far as the number tells
	Type     string
	Segments int
	Behind   int           // messages that wait behind this one for the same carriers
	Waited   time.Duration // how long a window has held it up
	Tried    Set           // carriers that it was submitted to before
	Barred   Set           // of those, the ones that will not take it later either
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
	Wait    time.Duration // ask again then, or when a submit has ended or a receipt has come
	NoRoute bool
	Down    bool           // every carrier that may take it is drained or ill; Carrier is then a try whether it still is
	Class   carriers.Class // with Down: what all of them say that wait for a person, if all do
	Ticket  Ticket         // for Await
}

// Ticket is what the router wants back with the attempt that follows from a choice.
type Ticket struct {
	to      cell
	carrier int
	mean    float64
}

// Options are what people want of routing. The zero value is the default.
type Options struct {
	Seed          uint64
	Value         [2]carriers.Price // what a delivered message is worth, transactional and promotional; 0 = by the prices
	LatencyWeight *float64          // λ; nil = 0.1
	Doubt         [2]float64        // a silent message goes to another carrier once it was less likely delivered than that; 0 = .5 and .15
	TTL           [2]time.Duration  // how late a message is worth nothing; 0 = 90 s and 4 h
	Policy        Policy            // how a carrier is picked; "" = by what was learned
}

// Router chooses. It belongs to one goroutine.
type Router struct {
	opts    Options
	lines   []line
	model   *model
	offers  []offer // by country·lines + line
	value   [kinds]float64
	ttl     [kinds]time.Duration
	lambda  float64
	noise   [kinds]ration
	asked   uint64 // decisions, where messages have no number
	cap     limiter
	share   float64 // by how much the carriers' limits are divided
	round   time.Time
	parked  []float64 // messages that wait for each carrier: of the last round of questions
	parking []float64 // and of this one
	shadow  []float64 // what a place with a carrier is worth whose rate does not suffice
	demand  demand
	turns   []float64 // what each carrier has to its credit where they take turns
	last    decision
	events  []Event
}

// Event is something about a carrier that people want to see.
type Event struct {
	At      time.Time
	Carrier string
	Country string // "" = everywhere
	Kind    string // breaker, drain, route
	Text    string
	Trouble Trouble // what it begins, begins again, or ends
	Over    bool    // it ends it
	Why     string  // it begins

	From, To string    // a breaker's states before and after
	RetryAt  time.Time // when one that is open lets a message try it
}

// Trouble is why a carrier is not used as usual for a while; "" is nothing that lasts.
type Trouble string

// The troubles.
const (
	TroubleBreaker Trouble = "breaker" // too many errors in a row, or a person must act
	TroubleSilent  Trouble = "silent"  // its receipts have stopped coming: what awaits one is worth a look
	TroubleDropped Trouble = "dropped" // it refuses a country, or the sender there
	TroubleDrained Trouble = "drained" // somebody wanted it
)

// DefaultWindow is a carrier's window where the config names none.
const DefaultWindow = 64

// New makes a router of at most MaxCarriers carriers.
func New(infos []carriers.Info, o Options) *Router {
	n := len(infos)
	r := &Router{
		opts: o, share: 1, lines: make([]line, n), parked: make([]float64, n), parking: make([]float64, n), shadow: make([]float64, n), lambda: .1,
		ttl: [kinds]time.Duration{90 * time.Second, 4 * time.Hour},
	}
	if o.Policy == RoundRobin || o.Policy == Weighted {
		r.turns = make([]float64, n)
	}
	r.model = newModel(n, r.news)
	r.last.rows = make([]row, n)
	for i, info := range infos {
		r.lines[i] = newLine(info)
		e := info.Common.Receipts.Expected
		r.model.per[i].mute = e != nil && !*e
	}
	for k := range r.ttl {
		if o.TTL[k] > 0 {
			r.ttl[k] = o.TTL[k]
		}
		r.value[k] = float64(o.Value[k])
		if o.Value[k] <= 0 {
			r.value[k] = worth[k] * medianPrice(infos)
		}
	}
	r.model.doubt = [kinds]float64{sureEnough, sureEnoughAd}
	for k, p := range o.Doubt {
		if p > 0 && finite(p) {
			r.model.doubt[k] = p
		}
	}
	if w := o.LatencyWeight; w != nil && finite(*w) {
		r.lambda = *w
	}
	return r
}

// worth is the default value of a delivered message, in prices of a message.
//
//nolint:gochecknoglobals // constants that the language has no word for
var worth = [kinds]float64{20, 10}

// medianPrice is the middle of the carriers' prices; without prices a delivered message is worth one unit.
func medianPrice(infos []carriers.Info) float64 {
	var all []carriers.Price
	for i := range infos {
		for _, p := range infos[i].Common.Price {
			if p > 0 {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		return 1e6 / worth[promotional]
	}
	slices.Sort(all)
	return float64(all[len(all)/2])
}

// Window is how many submits may be under way at once.
func (r *Router) Window() int {
	n := 0
	for i := range r.lines {
		n += r.lines[i].window
	}
	return n
}

// maxWait bounds how long a message is left aside: people change limits meanwhile.
const maxWait = 2 * time.Second

// Choose picks a carrier and takes its place in the window and its share of the rate; the caller submits at once and
// calls Done.
func (r *Router) Choose(now time.Time, q Query) Choice {
	r.newRound(now)
	r.asked++
	d := &r.last
	d.begin(now, r, &q)
	switch r.sift(now, d, &q); {
	case d.pool == 0 && d.held == 0:
		return Choice{Carrier: -1, NoRoute: true}
	case d.pool == 0:
		return Choice{Carrier: -1, Wait: maxWait, Down: true, Class: d.class}
	}
	if w := r.cap.wait(now); w > 0 {
		return Choice{Carrier: -1, Wait: w}
	}
	i := r.pick(d, &q)
	row := &d.rows[i]
	if row.wait > 0 {
		r.parking[i] += float64(1 + q.Behind)
		return Choice{Carrier: -1, Wait: min(row.wait, maxWait), Down: !d.sound}
	}
	return r.take(now, i, q.Segments)
}

func (r *Router) take(now time.Time, i, segments int) Choice {
	d, ln := &r.last, &r.lines[i]
	d.chosen = i
	ill := ln.breaker.state(now) != stateClosed
	r.demand.took(d.at, d.to)
	if !d.probe {
		r.noise[d.to.kind].note(d.byNoise)
	} else {
		r.probed(d, i)
	}
	ln.inFlight++
	ln.limiter.take(now, segments)
	r.cap.take(now, segments)
	if ln.breaker.submitted(now) {
		r.tell(now, i, Event{Kind: "breaker", Text: "half-open: one message tries it", From: stateOpen, To: stateHalfOpen})
	}
	return Choice{Carrier: i, Down: ill, Ticket: Ticket{d.to, i, d.rows[i].mean}}
}

func (r *Router) probed(d *decision, i int) {
	if a := &r.model.per[i].alarm; a.suspect {
		a.probed(d.at, probeMost)
	}
	if a := &r.model.ground(i, d.to).alarm; a.suspect {
		a.probed(d.at, probeMostHere)
	}
}

// newRound forgets what waited for whom when a new round of questions begins: whoever still waits will ask again.
func (r *Router) newRound(now time.Time) {
	if !now.Equal(r.round) {
		r.tariff(now, now.Sub(r.round).Seconds())
		r.round = now
		r.parked, r.parking = r.parking, r.parked
		clear(r.parking)
		queued := 0.0
		for _, n := range r.parked {
			queued += n
		}
		r.demand.wait(r.model.clock.sec, queued)
	}
}

// Cancel gives a place back that was taken but not used.
func (r *Router) Cancel(i int) {
	r.lines[i].inFlight--
	r.lines[i].breaker.probing = false
}

// Done learns from the outcome of a submit.
func (r *Router) Done(now time.Time, i int, country string, res carriers.Result) {
	ln := &r.lines[i]
	ln.inFlight--
	from := ln.breaker.state(now)
	if s := ln.breaker.done(now, res); s != "" {
		r.turned(now, i, from, s, res.Class.Traits().Title)
	}
	if res.Accepted != carriers.No {
		return
	}
	if res.Class == carriers.ClassThrottled {
		ln.limiter.throttled(now)
		if until := now.Add(max(res.RetryAfter, throttlePause)); until.After(ln.paused) {
			ln.paused = until
		}
	}
	if reach := res.Class.Traits().Reach; (reach == carriers.ReachCountry || reach == carriers.ReachSender) && !ln.dead[country] {
		ln.dead[country] = true
		why := res.Class.Traits().Title
		r.tell(now, i, Event{Kind: "route", Country: country, Text: "no longer used for " + country + ": " + why, Trouble: TroubleDropped, Why: why})
	}
}

// turned tells what an outcome has made of a carrier's breaker.
func (r *Router) turned(now time.Time, i int, from, text, why string) {
	b := &r.lines[i].breaker
	e := Event{Kind: "breaker", Text: text, Trouble: TroubleBreaker, Why: why, From: from, To: b.state(now)}
	switch e.To {
	case stateClosed:
		e.Over = true
	case stateOpen:
		e.RetryAt = b.open
	case stateDown:
		e.Why = text
	}
	r.tell(now, i, e)
}

// throttlePause is how long a carrier is left alone that says "too fast" without saying how long.
const throttlePause = 200 * time.Millisecond

// Await follows an attempt that a carrier took, until its receipt comes.
func (r *Router) Await(now time.Time, attempt int64, t Ticket) {
	r.model.follow(r.model.tick(now), attempt, t.carrier, t.to, t.mean)
}

// Follows says whether an attempt is followed: its receipt need not say where it went.
func (r *Router) Follows(attempt int64) bool {
	_, ok := r.model.byKey[attempt]
	return ok
}

// Receipt learns from a final receipt.
func (r *Router) Receipt(now time.Time, rc Receipt) {
	r.model.receipt(r.model.tick(now), &rc, &r.ttl)
}

// Tick lets time pass: silence is noticed. It is to be called several times a second.
func (r *Router) Tick(now time.Time) { r.model.tick(now) }

// Deaf says that receipts cannot come in at present: their silence means nothing. Nor does that of the time since the
// last look, which is when it began.
func (r *Router) Deaf(now time.Time, deaf bool) {
	if r.model.clock.deaf && !deaf {
		r.model.hears()
	}
	r.model.clock.deaf = r.model.clock.deaf || deaf
	r.model.tick(now)
	r.model.clock.deaf = deaf
}

// Converted notes that somebody did what a delivered message asked for.
func (r *Router) Converted(carrier int, country string) {
	if carrier >= 0 && carrier < len(r.lines) {
		g := r.model.ground(carrier, r.model.at(country, "", 0))
		g.converted++
		g.at = r.model.clock.sec
		r.model.judgeTrust()
	}
}

// Ticket is that of an attempt of an earlier run, or of one that was not awaited at once.
func (r *Router) Ticket(carrier int, country, network, messageType string) Ticket {
	to := r.model.at(country, network, kindOf(messageType))
	return Ticket{to, carrier, r.model.estimate(r.model.clock.sec, carrier, to).mean}
}

// Deadline is how long the receipt of an attempt is worth waiting for before the message goes to another carrier: until
// it is more likely lost than late. 0 says that silence until the ceiling is no evidence: that carrier is not known to
// send receipts from there, or they may well come later. It shortens when the carrier comes under suspicion.
func (r *Router) Deadline(now time.Time, t Ticket, ceiling time.Duration) time.Duration {
	return r.model.deadline(r.model.tick(now), t.carrier, t.to, ceiling)
}

func (r *Router) news(carrier int, e Event) {
	if e.Kind = "route"; e.Country != "" {
		e.Text = e.Country + ": " + e.Text
	}
	r.tell(r.model.clock.last, carrier, e)
}

func (r *Router) tell(now time.Time, i int, e Event) {
	e.At, e.Carrier = now, r.lines[i].info.Name
	r.events = append(r.events, e)
}

// Events returns what happened since the last call.
func (r *Router) Events() []Event {
	e := r.events
	r.events = nil
	return e
}
