package routing

import "math"

// route is a carrier to a network.
type route struct {
	due, seen float64 // receipts that were due by the carrier's curve, and that came, ever
	finals    float64 // receipts
	permanent float64 // of those, the ones that call the number dead
	blind     bool    // it never sends receipts
	at        float64 // when it changed last
}

const (
	blindDue      = 15
	blindShare    = .04
	blindDiscount = .97
	finalsMost    = 4000
)

// looksBlind says whether a route sends no receipts although its carrier does. What once had receipts is an outage.
func (r *route) looksBlind(a *account) bool {
	due, seen := a.due, a.seen // on all routes that are not blind
	if !r.blind {
		due, seen = due-r.due, seen-r.seen
	}
	return r.due > blindDue && r.seen < blindShare*r.due && due > blindDue && seen > .5*due
}

func (r *route) count(permanent bool) {
	if r.finals++; permanent {
		r.permanent++
	}
	if r.finals > finalsMost {
		r.finals, r.permanent = r.finals/2, r.permanent/2
	}
}

// blind takes a route out of the evidence: its silence says nothing.
func (m *model) blind(now float64, c int, to cell) {
	rt, acc := m.routeOf(c, to), &m.per[c]
	if rt.blind {
		return
	}
	rt.blind = true
	acc.due, acc.seen = max(0, acc.due-rt.due), max(0, acc.seen-rt.seen)
	for k := range uint8(kinds) {
		to.kind = k
		leaf := &m.tree.level[levels-1][m.tree.index(levels-1, c, to)]
		d, n := leaf.aged(now)
		leaf.d, leaf.n = 0, 0
		for l := range levels - 1 {
			x := &m.tree.level[l][m.tree.index(l, c, to)]
			x.touch(now)
			x.d, x.n = max(0, x.d-d), max(0, x.n-n)
		}
	}
	m.news(c, Event{Country: m.countryName(to.country), Text: "sends no receipts for " + m.places.networks[to.network]})
}

const (
	deadWorth  = 40  // receipts that the share on all networks is worth on one
	deadUnseen = 100 // receipts without a dead number that everybody is granted: nobody is suspected for lack of evidence
	deadFew    = .15 // of the dead numbers that others see: what a forger may still report
	deadAlarm  = 11.0
	deadPardon = 6.0
	halfTrust  = .5
	luck       = 2.5 // standard deviations that a conversion rate may be off by luck
)

// candour is a running test of whether a carrier reports dead numbers as the others do: the log-likelihood that it
// reports only a small part of them, and once it is distrusted, the other way round.
type candour struct {
	w        float64
	distrust bool
}

// saw adds a receipt: expected is how likely it was to call the number dead. It says whether the opinion has changed.
func (a *candour) saw(expected float64, dead bool) (changed bool) {
	step := (1-deadFew)*expected + math.Log(deadFew)*one(dead)
	limit := deadAlarm
	if a.distrust {
		step, limit = -step, deadPardon
	}
	if a.w = max(0, a.w+step); a.w < limit {
		return false
	}
	a.w, a.distrust = 0, !a.distrust
	return true
}

// weighCandour compares a receipt with what the other carriers see on the same network, so that carriers are not
// suspected for having the better networks.
func (m *model) weighCandour(c int, to cell, dead bool) {
	all := &m.elsewhere[c]
	finals, gone := float64(deadWorth), deadWorth*all.permanent/(all.finals+deadUnseen)
	row := m.route[int(to.network)*m.width():][:m.width()]
	for o := range row {
		if o != c {
			finals += row[o].finals
			gone += row[o].permanent
		}
	}
	here := m.ground(c, to).candour.saw(gone/finals, dead)
	if m.per[c].candour.saw(gone/finals, dead) || here {
		m.judgeTrust()
	}
}

// judgeTrust says how far a carrier's word counts: whether it reports dead numbers, and whether those to whom it says
// that it delivered do what others' recipients do.
func (m *model) judgeTrust() {
	for i := range m.land {
		c, k := i%m.width(), i/m.width()
		g := &m.land[i]
		was := g.trust
		g.trust = 1
		if g.candour.distrust || m.per[c].candour.distrust {
			g.trust = halfTrust
		}
		if short := m.bestConversion(k) * g.claimed; g.converted+luck*math.Sqrt(g.converted+1) < short {
			g.trust = min(g.trust, (g.converted+1)/(short+1))
		}
		if was == 1 && g.trust < 1 {
			m.news(c, Event{Country: m.places.countries[k], Text: "its receipts are not believed"})
		}
	}
}

// bestConversion is the lower bound of the best carrier's conversion rate in a country.
func (m *model) bestConversion(country int) (best float64) {
	for c := range m.per {
		g := &m.land[country*m.width()+c]
		if g.claimed > 0 {
			best = max(best, (g.converted-luck*math.Sqrt(g.converted+1))/g.claimed)
		}
	}
	return best
}
