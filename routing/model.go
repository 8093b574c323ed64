package routing

import "time"

// model is all that is learned from receipts. It knows nothing of limits, breakers and prices.
type model struct {
	clock  clock
	places *places
	tree   *tree
	per    []account // by carrier
	land   []ground  // by country·carriers + carrier
	route  []route   // by network·carriers + carrier
	flights
	elsewhere []route // by carrier: the receipts of all others
	news      func(carrier int, e Event)
	hush      hush
	saved     float64 // when what was learned was written down last
	checked   float64 // when the slow checks were made last
	doubt     [kinds]float64
}

// account is what is known of a carrier beside its quality.
type account struct {
	curve  curve
	alarm  alarm
	scan   scan
	window window
	lag    float64 // mean seconds to delivery, of those in time, at most a minute and a half
	lagN   float64
	// receipts that came against those that the estimates promised: how far "delivered in time" and "a receipt soon"
	// are two things with this carrier
	came, promised float64
	// how its failures show
	silent, told float64
	failAge      [steps]float64
	hidden       [kinds]hidden
	candour      candour
	due, seen    float64 // receipts due and come, of any kind, on all routes
	sends        flow    // what it takes
	acks         flow    // what it delivers, as its receipts say
	mute         bool    // it sends no receipts
}

// ground is a carrier in a country.
type ground struct {
	alarm     alarm
	window    window
	sent, got [steps]float32 // its own cohort
	claimed   float64        // deliveries for which conversions are reported
	converted float64
	candour   candour
	at        float64 // when it changed last
	trust     float64 // what is left of its word: 1, or less
}

const (
	lagPrior   = 5.0
	lagWorth   = 20.0
	lagMost    = 90.0
	lagMemory  = 2000.0
	calibWorth = 100.0
	calibKeep  = 3000.0
	checkEach  = 5.0 // seconds between two looks at the slow things
)

func newModel(width int, news func(int, Event)) *model {
	m := &model{places: newPlaces(), tree: newTree(width), per: make([]account, width), elsewhere: make([]route, width), hush: newHush(width), news: news, flights: newFlights()}
	for i := range m.per {
		m.per[i] = account{curve: newCurve(), lag: lagPrior, lagN: lagWorth, window: newWindow()}
	}
	return m
}

func (m *model) width() int { return len(m.per) }

// at says where a message goes to.
func (m *model) at(country, network string, kind uint8) cell {
	to, isNew := m.places.find(country, network, kind)
	if isNew {
		countries, networks := len(m.places.countries), len(m.places.networks)
		m.tree.room(countries, networks)
		m.route = grown(m.route, networks*m.width())
		for len(m.land) < countries*m.width() {
			m.land = append(m.land, ground{trust: 1, window: newWindow()})
		}
	}
	return to
}

func (m *model) ground(c int, to cell) *ground { return &m.land[int(to.country)*m.width()+c] }
func (m *model) routeOf(c int, to cell) *route { return &m.route[int(to.network)*m.width()+c] }

// estimate is how likely carrier c delivers in time, by receipts alone.
func (m *model) estimate(now float64, c int, to cell) belief {
	if !m.routeOf(c, to).blind {
		return m.tree.estimate(now, c, to, levels)
	}
	b := m.tree.estimate(now, c, to, levels-1)
	b.mean *= blindDiscount
	return b
}

// suspect says whether receipts of a carrier have stopped, altogether or in this country.
func (m *model) suspect(c int, to cell) bool {
	return m.per[c].alarm.suspect || m.ground(c, to).alarm.suspect
}

// calibration is how many receipts come for each that the estimates promise.
func (a *account) calibration() float64 {
	return min(max((a.came+calibWorth)/(a.promised+calibWorth), .3), 1.05)
}

func (a *account) calibrate(promised float64, came bool) {
	if a.promised > calibKeep {
		a.came, a.promised = a.came/2, a.promised/2
	}
	if a.promised += promised; came {
		a.came++
	}
}

// falls says whether what was sent lately does not come back; that is its present rate then.
func (a *account) falls(now float64) bool {
	due, came, yes := a.scan.silent(now)
	if !yes || a.alarm.seen <= leastSeen {
		return false
	}
	a.alarm.due, a.alarm.came = due, came
	return true
}

// holds is how many attempts may await receipts at most: what the present rate brings while receipts are on their way.
func (a *account) holds(now float64) float64 {
	return windowTimes * a.sends.look(now) * a.curve.quantile(.5)
}

func (a *account) delivered(now, took float64) {
	a.acks.add(now, 1)
	a.lagN = min(a.lagN+1, lagMemory)
	a.lag += (min(took, lagMost) - a.lag) / a.lagN
}

// tick lets time pass: attempts grow older, and once in a while the slow questions are asked.
func (m *model) tick(now time.Time) float64 {
	t := m.clock.advance(now)
	m.age(t)
	if m.hush.over > 0 && t >= m.hush.over {
		m.hush.over = 0
		for c := range m.per {
			m.recount(t, c)
		}
	}
	if t-m.checked >= checkEach {
		m.checked = t
		m.judgeTrust()
		m.tree.refit(t, m.places.countryOf)
	}
	return t
}

// alarmed puts a carrier under suspicion, in a country or everywhere: what is known of it is set aside, and its present
// rate counts instead.
func (m *model) alarmed(now float64, c int, country int32) {
	acc := &m.per[c]
	a, w, top := &acc.alarm, &acc.window, 0
	if country >= 0 {
		g := &m.land[int(country)*m.width()+c]
		a, w, top = &g.alarm, &g.window, 2
	}
	rate := a.rate() / acc.calibration()
	before := m.usual(now, c, country)
	w.halve()
	for l := range a.past {
		a.past[l] = a.past[l][:0]
	}
	m.tree.within(c, country, m.places.countryOf, func(l, _ int, x *node) {
		x.touch(now)
		a.past[l] = append(a.past[l], *x)
		if x.n > 0 {
			x.scale(min(shrunk, keptTrials/x.n))
		}
		if l == top {
			x.d, x.n = topTrials*min(rate, .98), topTrials
		}
	})
	a.raise(now, before)
	acc.scan = scan{}
	const why = "receipts have stopped coming"
	m.news(c, Event{Country: m.countryName(country), Text: "suspect: " + why, Trouble: TroubleSilent, Why: why})
}

// usual is the share of receipts that came when all was well.
func (m *model) usual(now float64, c int, country int32) float64 {
	if country < 0 {
		d, n := m.tree.level[0][c].aged(now)
		return (d + rootKappa*m.tree.prior[c]) / (n + rootKappa)
	}
	best := 0.0
	for k := range uint8(kinds) {
		best = max(best, m.tree.estimate(now, c, cell{country: country, kind: k}, 3).mean)
	}
	return best
}

// settle ends a suspicion. What was known comes back if the carrier has recovered.
func (m *model) settle(now float64, c int, country int32, a *alarm, v verdict) {
	if v == recovered {
		top := 0
		if country >= 0 {
			top = 2
		}
		for k := 0; k < kinds && len(a.past[top]) == 0; k++ { // what it was is not known: it came with the memory
			x := &m.tree.level[top][m.tree.index(top, c, cell{country: max(country, 0), kind: uint8(k)})]
			x.d = max(x.d, x.n*a.before)
		}
		whole := &m.per[c].alarm // what it knew was noted down while the country was ill
		var i [levels]int
		m.tree.within(c, country, m.places.countryOf, func(l, place int, x *node) {
			if i[l] < len(a.past[l]) { // places met since then, at the end, keep what they have
				*x = a.past[l][i[l]]
				x.touch(now)
				x.scale(regained)
				if country >= 0 && whole.suspect && place < len(whole.past[l]) {
					whole.past[l][place] = *x
				}
			}
			i[l]++
		})
	}
	a.clear(now)
	text := map[verdict]string{recovered: "recovered", adopted: "weaker than before"}[v]
	m.news(c, Event{Country: m.countryName(country), Text: text, Trouble: TroubleSilent, Over: true})
}

func (m *model) countryName(country int32) string {
	if country < 0 {
		return ""
	}
	return m.places.countries[country]
}

// before is what the estimate was before the carrier came under suspicion, as far as it was noted down.
func (m *model) before(now float64, c int, to cell) float64 {
	here, whole := &m.ground(c, to).alarm, &m.per[c].alarm
	var put [levels * kinds]*node
	var kept [levels * kinds]node
	n := 0
	for l := range levels {
		for k := range uint8(kinds) {
			cl := cell{to.country, to.network, k}
			i := m.tree.index(l, c, cl)
			var old *node
			if whole.suspect && i/m.width() < len(whole.past[l]) {
				old = &whole.past[l][i/m.width()]
			}
			if p := m.placeWithin(l, cl); here.suspect && p >= 0 && p < len(here.past[l]) {
				old = &here.past[l][p]
			}
			if old != nil && (l > 0 || k == 0) {
				put[n], kept[n] = &m.tree.level[l][i], m.tree.level[l][i]
				*put[n] = *old
				n++
			}
		}
	}
	mean := m.tree.estimate(now, c, to, levels).mean
	for i := range n {
		*put[i] = kept[i]
	}
	switch {
	case n > 0:
		return mean
	case here.suspect:
		return here.before
	}
	return whole.before
}

// placeWithin is the position of a cell's node among those that a country's alarm has noted down, -1 if it is none.
func (m *model) placeWithin(l int, to cell) int {
	at := int(to.kind)
	switch {
	case l < 2:
		return -1
	case l == 3:
		for n := range to.network {
			if m.places.countryOf[n] == to.country {
				at += kinds
			}
		}
	}
	return at
}
