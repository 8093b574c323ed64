package campaign

import (
	"slices"
	"sync"
	"time"

	"github.com/smsctl/smsctl/routing"
)

// Outage is a time in which a carrier was not used as usual, everywhere or in one country.
type Outage struct {
	Carrier string
	Country string // "" = everywhere
	Trouble routing.Trouble
	Began   time.Time
	Ended   time.Time // zero while it goes on
	Times   int       // how often it began: a breaker that a probe does not close opens again
	Why     string    // the last time
	New     bool      // nothing was told of it before
}

// sameOutage is how soon after its end an outage that begins again is the same one: a report's steps are no finer.
const sameOutage = 10 * time.Second

// outages makes spells of what the router tells. A day of a carrier that is down is one of them, not thousands of events.
type outages struct {
	mu    sync.Mutex
	last  map[outageOf]*Outage
	fresh []*Outage // not stored yet as they are
}

type outageOf struct {
	carrier, country string
	trouble          routing.Trouble
}

func (o *outages) note(e routing.Event) {
	if e.Trouble == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	k := outageOf{e.Carrier, e.Country, e.Trouble}
	x := o.last[k]
	switch {
	case e.Over && (x == nil || !x.Ended.IsZero()):
		return
	case e.Over:
		x.Ended = e.At
	case x == nil || !x.Ended.IsZero() && e.At.Sub(x.Ended) >= sameOutage:
		x = &Outage{Carrier: e.Carrier, Country: e.Country, Trouble: e.Trouble, Began: e.At, Times: 1, Why: e.Why, New: true}
		if o.last == nil {
			o.last = map[outageOf]*Outage{}
		}
		o.last[k] = x
	default:
		x.Ended, x.Why = time.Time{}, e.Why
		x.Times++
	}
	if !slices.Contains(o.fresh, x) {
		o.fresh = append(o.fresh, x)
	}
}

// changed are those about which something new is known since the last call.
func (o *outages) changed() []Outage {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]Outage, 0, len(o.fresh))
	for _, x := range o.fresh {
		all = append(all, *x)
		x.New = false
	}
	o.fresh = nil
	return all
}

// remembered notes the carriers that earlier runs have left under suspicion: no event tells it again.
func (d *dispatch) remembered() {
	now := d.Now()
	for _, l := range d.router.Snapshot(now) {
		if l.Suspect {
			d.journal.outages.note(routing.Event{At: now, Carrier: l.Name, Trouble: routing.TroubleSilent, Why: "receipts had stopped coming before"})
		}
	}
}
