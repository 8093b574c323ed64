package routing

import "math"

// alarm watches one carrier, or one carrier in one country, for receipts that stop coming. Each attempt owes the share
// of a receipt that is due at its age; W is the log-likelihood that only half of what is due comes, gone that hardly any
// does: that shows sooner, and half an outage does not raise it.
type alarm struct {
	w, gone   float64
	seen      float64 // receipts due since the last alarm
	due, came float64 // of the last dozen due
	epoch     uint8   // grows with every alarm: what was sent before says nothing afterwards
	suspect   bool
	before    float64 // share that came when all was well
	inRow     int     // probes that were delivered, one after the other
	need      int     // so many of them end the suspicion
	since     float64 // of the last alarm or recovery
	tried     float64 // receipts due while suspect
	better    float64 // of those, the ones that came
	probeAt   float64 // the next probe
	probeGap  float64
	past      [levels][]node // the subtree as it was
}

const (
	alarmCarrier  = 9.0
	alarmCountry  = 11.0
	alarmGone     = .5  // more than these, for gone
	goneTo        = .2  // of what is due comes, where hardly any does
	leastSeen     = 40  // receipts due before an alarm can be
	recent        = 12  // receipts due that tell the present rate
	shrunk        = .03 // what an alarm leaves of the evidence
	keptTrials    = 2.0 // and at most of a node: many trials of better days would outvote what is happening
	topTrials     = 20  // what the present rate is worth after an alarm
	regained      = .7  // what a recovery gives back
	probeFirst    = 8.0
	probeGrowth   = 1.3
	probeMost     = 30.0
	probeMostHere = 60.0 // in a single country
	probeSoon     = 2.0  // once a probe has come back
	provedBy      = 3    // deliveries in a row that end the suspicion
	provedMost    = 12   // where it came back soon
	calmAfter     = 900  // seconds after which it did not come back soon
	adoptAfter    = 150  // receipts due after which the new level is what is normal
)

// expect adds a share x of an attempt that is delivered with p, and whether its receipt came.
func (a *alarm) expect(p, x float64, came bool) {
	y := 0.0
	if came {
		y = 1
	}
	fade := 1 - min(x, recent)/recent
	a.due, a.came = a.due*fade+x, a.came*fade+y
	a.seen += x
	a.w = max(0, a.w+.5*p*x-math.Ln2*y)
	a.gone = max(0, a.gone+(1-goneTo)*p*x+lnGone*y)
}

// over says whether that was too few for too long.
func (a *alarm) over(limit float64) bool {
	return (a.w > limit || a.gone > limit+alarmGone) && a.seen > leastSeen
}

// lnGone is ln goneTo.
const lnGone = -1.6094379124341003

// rate is the share that came lately.
func (a *alarm) rate() float64 { return min(max(a.came/max(a.due, 1), 0), .98) }

func (a *alarm) raise(now, before float64) {
	a.epoch++
	if a.need = min(2*a.need, provedMost); a.need == 0 || now-a.since > calmAfter {
		a.need = provedBy
	}
	a.since = now
	a.suspect, a.before, a.inRow, a.tried, a.better = true, before, 0, 0, 0
	a.probeAt, a.probeGap = now+probeFirst, probeFirst
	a.w, a.gone, a.seen = 0, 0, 0
}

func (a *alarm) clear(now float64) {
	a.suspect, a.since = false, now
	a.w, a.gone, a.seen, a.due, a.came = 0, 0, 0, 0, 0
}

// probed notes that a probe is on its way.
func (a *alarm) probed(now, most float64) {
	a.probeAt = now + a.probeGap
	a.probeGap = min(a.probeGap*probeGrowth, most)
}

// verdict of an attempt that was sent under suspicion.
type verdict uint8

const (
	undecided verdict = iota
	recovered
	adopted // this is what the carrier is like now
)

// judged adds the fate of an attempt that was sent since the alarm.
func (a *alarm) judged(now float64, delivered bool) verdict {
	a.tried++
	if !delivered {
		a.inRow = 0
	} else {
		a.better++
		a.inRow++
		a.probeGap, a.probeAt = probeFirst, min(a.probeAt, now+probeSoon)
	}
	switch {
	case a.inRow >= a.need:
		return recovered
	case a.tried >= adoptAfter && a.better/a.tried > .15:
		return adopted
	}
	return undecided
}

// giveBack takes back what was expected of an attempt that nobody could have delivered.
func (a *alarm) giveBack(p, owed float64) {
	if !a.suspect {
		a.w, a.gone = max(0, a.w-.5*p*owed), max(0, a.gone-(1-goneTo)*p*owed)
		a.seen, a.due = max(0, a.seen-owed), max(0, a.due-owed)
	}
}
