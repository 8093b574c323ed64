package campaign

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/routing"
)

// learning is what dispatch tells the router of what became of its choices, and asks it about silence. It belongs to
// dispatch's goroutine. With a single carrier there is none: there is nothing to learn for.
type learning struct {
	*dispatch
	byName    map[string]int
	early     map[int64][]Settled // by recipient: receipts that overtook the answer to their submit
	waits     map[direction]waited
	learnt    int64             // the last receipt row that the router knows of
	converted int64             // the last conversion that the router knows of
	saved     time.Time         // when what it has learned was stored last
	known     map[string][]byte // its records as this process read or wrote them last
	deaf      time.Time         // since when receipts cannot come in; zero = they can
	asked     time.Time         // when a silent message went last to a carrier under suspicion
}

// direction is a carrier in a country.
type direction struct {
	carrier int
	country string
}

// waited is how long receipts from somewhere are worth waiting for, as it was a moment ago.
type waited struct {
	at   time.Time
	wait time.Duration
}

const (
	// waitHolds is how long such a wait is taken for granted.
	waitHolds = time.Second
	// deafAfter is how long the watch may take for a look at the receipts before their absence says nothing: the database
	// stalls, or the machine was asleep.
	deafAfter = 2 * time.Second
	// deafLong is after how long receipts get their whole time anew: a shorter pause only delays them.
	deafLong = 10 * time.Second
	// saveEach is how often what was learned is stored.
	saveEach = 2 * time.Second
	// Silent messages that nobody else is well enough for wait patience times as long as a receipt, and are looked at so
	// often in that time; each askEach one of them goes to a carrier under suspicion.
	patience  = 2
	lookBacks = 20
	askEach   = 2 * time.Second
)

func newLearning(ctx context.Context, d *dispatch) (*learning, error) {
	if len(d.Carriers) == 1 {
		return nil, nil
	}
	l := &learning{dispatch: d, byName: map[string]int{}, early: map[int64][]Settled{}, waits: map[direction]waited{}, known: map[string][]byte{}}
	for i, c := range d.Carriers {
		l.byName[c.Info().Name] = i
	}
	return l, l.recall(ctx)
}

// recall gives the router what was learned before, and the receipts since then whose consequences are committed already.
func (l *learning) recall(ctx context.Context) error {
	now := l.Now()
	var err error
	if l.converted, err = l.Store.LastConversion(ctx); err != nil {
		return err
	}
	records, learnt, err := l.Store.Recall(ctx, l.Campaign.ID)
	if err != nil {
		return err
	}
	if err := l.router.Remember(now, records); err != nil {
		l.Log.Warn("what routing has learned is not all readable", slog.Any("error", err)) // it learns it again
	}
	l.changes(now)
	l.saved, l.learnt = now, learnt
	for learnt > 0 && learnt < l.Campaign.Followed {
		batch, last, err := l.Store.Follow(ctx, l.Campaign.ID, learnt, pageOfOpen, true)
		if err != nil {
			return err
		}
		l.arrived(now, batch)
		if last <= learnt {
			break
		}
		learnt = last
	}
	return nil
}

// save stores what the router has learned, once in a while and at the end.
func (l *learning) save(ctx context.Context, now time.Time, over bool) error {
	if l == nil || now.Sub(l.saved) < saveEach && !over {
		return nil
	}
	l.saved = now
	if err := l.Store.Remember(ctx, l.Campaign.ID, l.learnt, l.changes(now)); err != nil || over {
		return err
	}
	return l.convert(ctx, now)
}

// Conversion is that somebody did what a message asked for which a carrier called delivered.
type Conversion struct{ Carrier, Country string }

// Convert lets a router that knows the memory learn of conversions, and returns the records that change by them.
func Convert(router *routing.Router, cs []carriers.Carrier, all []Conversion, now time.Time) []routing.Record {
	known := map[string][]byte{}
	for _, r := range router.Changes(now) {
		known[r.Key] = r.Data
	}
	for _, c := range all {
		if i := slices.Index(names(cs), c.Carrier); i >= 0 {
			router.Converted(i, c.Country)
		}
	}
	records := router.Changes(now)
	for i := range records {
		records[i].Base = known[records[i].Key]
	}
	return records
}

// convert takes in the conversions that were reported meanwhile. Whoever reported them has put them into the memory.
func (l *learning) convert(ctx context.Context, now time.Time) error {
	all, last, err := l.Store.Conversions(ctx, l.converted)
	if l.converted = last; err != nil || len(all) == 0 {
		return err
	}
	for _, c := range all {
		if i, ok := l.byName[c.Carrier]; ok {
			l.router.Converted(i, c.Country)
		}
	}
	l.changes(now)
	return nil
}

// changes are the records that have changed, with what they were: others who learn meanwhile are not overwritten.
func (l *learning) changes(now time.Time) []routing.Record {
	records := l.router.Changes(now)
	for i := range records {
		r := &records[i]
		r.Base = l.known[r.Key]
		l.known[r.Key] = r.Data
	}
	return records
}

// pass lets time pass, as far as receipts could come in.
func (l *learning) pass(now time.Time) {
	if l == nil {
		return
	}
	deaf := now.Sub(l.watch.looked()) > deafAfter || l.Hears != nil && !l.Hears()
	switch {
	case deaf && l.deaf.IsZero():
		l.deaf = now
		l.router.Deaf(now, true)
	case !deaf && !l.deaf.IsZero():
		if now.Sub(l.deaf) > deafLong {
			l.watch.hears(now)
		}
		l.deaf = time.Time{}
		l.router.Deaf(now, false)
	}
	l.router.Tick(now)
}

// submitted follows an attempt that a carrier took, and says when a receipt should have come.
func (l *learning) submitted(now time.Time, res result) time.Time {
	ceiling := l.receiptWait(l.Carriers[res.carrier])
	taken := res.submit.Accepted == carriers.Yes
	if taken && !res.unasked {
		l.router.Await(now, res.attempt, res.ticket)
	}
	if len(l.early) > 0 {
		l.receipts(now, l.early[res.job.ID])
		delete(l.early, res.job.ID)
	}
	to := direction{res.carrier, res.job.Country}
	w, ok := l.waits[to]
	if taken && (!ok || now.Sub(w.at) > waitHolds) {
		w = waited{now, l.enough(l.router.Deadline(now, res.ticket, ceiling), ceiling)}
		l.waits[to] = w
	}
	if w.wait > 0 {
		ceiling = min(ceiling, w.wait)
	}
	return now.Add(ceiling)
}

// arrived takes in the final receipts that the watch has followed.
func (l *learning) arrived(now time.Time, batch []Settled) {
	for i := range batch {
		s := &batch[i]
		if s.ID <= l.learnt {
			continue // it was in the memory
		}
		l.learnt = s.ID
		if l.hand[s.Recipient] && !l.router.Follows(s.Attempt) {
			l.early[s.Recipient] = append(l.early[s.Recipient], *s)
			continue
		}
		l.receipts(now, batch[i:i+1])
	}
}

// receipts tells the router.
func (l *learning) receipts(now time.Time, batch []Settled) {
	for i := range batch {
		s := &batch[i]
		rc := routing.Receipt{Attempt: s.Attempt, Verdict: routing.VerdictOf(s.State, s.Class), Took: s.Took, Carrier: -1}
		if c, ok := l.byName[s.Carrier]; ok && !l.router.Follows(s.Attempt) { // of an earlier run
			rc.Carrier, rc.Country, rc.Network, rc.Type, rc.Age = c, s.Country, phone.Network(s.To), string(l.Campaign.Type), s.Latency
		}
		l.router.Receipt(now, rc)
	}
}

// elsewhere says whether a silent message is to go to another carrier now. Where nobody else is well, sending all round
// helps nobody; but that may be over in a moment, so they wait, and one now and then asks whether it is.
func (l *learning) elsewhere(now time.Time, carrier string, others []routing.Status) (again, hope bool) {
	ask := false
	for i := range others {
		switch o := &others[i]; {
		case o.Name == carrier || o.Drained || o.Breaker == "down":
		case o.Breaker == "closed" && !o.Suspect:
			return true, true
		default:
			hope = true
			ask = ask || o.Breaker == "closed"
		}
	}
	if ask = ask && now.Sub(l.asked) >= askEach; ask {
		l.asked = now
	}
	return ask, hope
}

// enough is how long silence must last: an advertisement is better late than twice, so it has all the time there is.
func (l *learning) enough(learned, ceiling time.Duration) time.Duration {
	if learned > 0 && l.Campaign.Type == Promotional {
		return ceiling
	}
	return learned
}

// inquiry asks what the silence of some attempts means.
type inquiry struct {
	open   []Open
	heard  time.Time // since when receipts could come in
	answer chan []silence
}

// silence is what is to be done about one: wait for so long, or else send the message again, if it says so.
type silence struct {
	wait  time.Duration
	again bool
}

// answer tells it. Silence counts only where the carrier is known to send receipts from that country, and as long as they
// could come in; and it must be more likely that the message is lost than that its receipt is late.
func (l *learning) answer(now time.Time, q inquiry) {
	out, others := make([]silence, len(q.open)), l.router.Snapshot(now)
	for i := range q.open {
		o := &q.open[i]
		c, ok := l.byName[o.Carrier]
		if !ok {
			continue // it has left the config: nobody knows
		}
		ceiling := l.receiptWait(l.Carriers[c])
		ticket := l.router.Ticket(c, o.Country, phone.Network(o.Submitted.To), string(l.Campaign.Type))
		age := now.Sub(later(o.BegunAt, q.heard))
		enough := l.enough(l.router.Deadline(now, ticket, ceiling), ceiling)
		switch {
		case !l.deaf.IsZero() && now.Sub(l.deaf) < ceiling:
			out[i].wait = deafAfter
		case !l.deaf.IsZero(): // for so long that nothing will be heard: it is held, and sent to nobody else
		case enough > 0 && age >= enough:
			var hope bool
			if out[i].again, hope = l.elsewhere(now, o.Carrier, others); !out[i].again && (age < ceiling || hope && age < patience*ceiling) {
				out[i].wait = max(ceiling/lookBacks, time.Second)
			}
		case age < ceiling:
			out[i].wait = ceiling - age
			if enough > 0 {
				out[i].wait = enough - age
			}
		}
	}
	q.answer <- out
}
