package campaign

import (
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/routing"
)

// Taken is an attempt that some carrier took, and what it has said of it since.
type Taken struct {
	Attempt   int64
	Carrier   string
	Country   string
	To        string
	Type      MessageType
	At        time.Time
	State     carriers.ReceiptState
	Class     carriers.Class
	ReceiptAt time.Time // zero = none
	Converted bool      // the recipient did what the message asked for
}

// Replay lets a router live through the past, attempt by attempt in the order in which they were begun, and learn from it
// as if it had been there.
type Replay struct {
	router  *routing.Router
	byName  map[string]int
	due     timetable[Taken]
	now     time.Time
	Skipped int // of carriers that have left the config
}

// NewReplay makes one for a router of these carriers.
func NewReplay(router *routing.Router, cs []carriers.Carrier) *Replay {
	r := &Replay{router: router, byName: map[string]int{}}
	for i, c := range cs {
		r.byName[c.Info().Name] = i
	}
	return r
}

// Add is the next attempt.
func (r *Replay) Add(t Taken) {
	c, ok := r.byName[t.Carrier]
	if !ok {
		r.Skipped++
		return
	}
	r.pass(t.At)
	r.router.Await(r.now, t.Attempt, r.router.Ticket(c, t.Country, phone.Network(t.To), string(t.Type)))
	if t.State.Final() && !t.ReceiptAt.IsZero() {
		r.due.add(later(t.ReceiptAt, r.now), t)
	}
}

// End lets the time until now pass.
func (r *Replay) End(now time.Time) []routing.Record {
	r.pass(now)
	return r.router.Changes(r.now)
}

// pass brings the router up to a moment, through the receipts that came before it.
func (r *Replay) pass(until time.Time) {
	for at, ok := r.due.next(); ok && !at.After(until); at, ok = r.due.next() {
		t, _ := r.due.due(at)
		r.tick(at)
		r.router.Receipt(r.now, routing.Receipt{Attempt: t.Attempt, Verdict: routing.VerdictOf(t.State, t.Class), Took: t.ReceiptAt.Sub(t.At), Carrier: -1})
		if t.Converted && t.State == carriers.ReceiptDelivered {
			r.router.Converted(r.byName[t.Carrier], t.Country)
		}
	}
	r.tick(until)
}

// tick lets time pass in steps that the router takes for time, not for a clock that was set.
func (r *Replay) tick(until time.Time) {
	if r.now.IsZero() {
		r.now = until
	}
	for r.now.Before(until) {
		r.now = r.now.Add(min(until.Sub(r.now), replayStep))
		r.router.Tick(r.now)
	}
}

const replayStep = 10 * time.Second
