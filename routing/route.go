package routing

import "math"

// route is a carrier to a network.
type route struct {
	due, seen float64 // receipts that were due by the carrier's curve, and that came, ever
	finals    float64 // receipts
	permanent float64 // of those, the ones that call the number dead
	blind     bool    // it never sends receipts
}

const (
	blindDue      = 15
	blindShare    = .04
	blindDiscount = .97
	finalsMost    = 4000
)

// looksBlind says whether a route sends no receipts although its carrier does. What once had receipts is an outage.
func (r *route) looksBlind(a *account) bool {
	return r.due > blindDue && r.seen < blindShare*r.due && a.seen-r.seen > .5*(a.due-r.due) && a.due-r.due > blindDue
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
	acc.due -= rt.due
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
	m.news(c, m.countryName(to.country), "sends no receipts for "+m.places.networks[to.network])
}

const (
	deadPrior  = .03
	deadWorth  = 40
	deadOthers = 100  // receipts of other carriers before they say anything
	deadTimes  = .3   // of what the others see is suspiciously little
	deadTail   = 2e-6 // how unlikely it must be by chance: it is asked again and again, of every carrier in every country
	halfTrust  = .5
	luck       = 2.5 // standard deviations that a conversion rate may be off by luck
)

// judgeTrust looks for carriers that call everything delivered: numbers that are dead with everybody else are alive with
// them, or the people they deliver to never do what others' recipients do.
func (m *model) judgeTrust() {
	for c := range m.per {
		overall := m.deadElsewhere(c)
		everywhere := m.trustByDead(-1, c, overall)
		for k := range m.places.countries {
			g := &m.land[k*m.width()+c]
			was := g.trust
			g.trust = everywhere
			if everywhere == 1 {
				g.trust = m.trustByDead(k, c, overall)
			}
			if short := m.bestConversion(k) * g.claimed; g.converted+luck*math.Sqrt(g.converted+1) < short {
				g.trust = min(g.trust, (g.converted+1)/(short+1))
			}
			if was == 1 && g.trust < 1 {
				m.news(c, m.places.countries[k], "its receipts are not believed")
			}
		}
	}
}

// deadElsewhere is the share of dead numbers that the other carriers see on all networks together.
func (m *model) deadElsewhere(c int) float64 {
	finals, dead := float64(deadWorth), deadPrior*deadWorth
	for i := range m.route {
		if i%m.width() != c {
			finals += m.route[i].finals
			dead += m.route[i].permanent
		}
	}
	return dead / finals
}

// trustByDead compares a carrier's share of dead numbers with that of the others on the same networks: of one country,
// or of all if country < 0.
func (m *model) trustByDead(country, c int, overall float64) float64 {
	seen, expected, elsewhere := 0.0, 0.0, 0.0
	for n, of := range m.places.countryOf {
		if country >= 0 && int(of) != country {
			continue
		}
		own := &m.route[n*m.width()+c]
		finals, dead := 0.0, 0.0
		for o := range m.per {
			if o != c {
				finals += m.route[n*m.width()+o].finals
				dead += m.route[n*m.width()+o].permanent
			}
		}
		elsewhere += finals
		seen += own.permanent
		expected += own.finals * (dead + overall*deadWorth) / (finals + deadWorth)
	}
	if elsewhere >= deadOthers && seen < deadTimes*expected && poissonTail(seen, expected) < deadTail {
		return halfTrust
	}
	return 1
}

// poissonTail is the chance of at most k where mean are expected.
func poissonTail(k, mean float64) float64 {
	term := math.Exp(-mean)
	sum := term
	for i := 1.0; i <= k; i++ {
		term *= mean / i
		sum += term
	}
	return sum
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
