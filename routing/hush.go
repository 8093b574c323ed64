package routing

// hush is how many receipts were due since the last one came, whoever it was from. When nobody is heard of, it is us
// who do not hear: a listener or a database that stalls makes every carrier look ill at once. Who is ill alone is
// silent while the others are heard.
type hush struct {
	due  []float64 // by carrier
	all  float64
	last float64 // when one came
	back float64 // when one came after a silence
	over float64 // when what was due before a silence is weighed again, 0 = never
}

// hushOthers is how many receipts must be due from the other carriers before the silence of all is ours. That of
// healthy ones would be broken in 997 of 1,000 cases.
const hushOthers = 6

// hushMost is for how many seconds that is believed. A longer stall is known from elsewhere ([Router.Deaf]), and if it is
// none, all are ill.
const hushMost = 15

// hushLeast is the silence, in seconds, below which it is nobody's. At thousands a second six receipts are due within
// milliseconds, and those that have come wait that long for their commit: what is held against a carrier must not be
// forgotten each time.
const hushLeast = .5

// hushShort is the silence, in seconds, in which nothing is lost: whoever wanted to tell us has waited. What was due
// before is weighed again once all of that is in, hushSettles seconds later.
const (
	hushShort   = 5
	hushSettles = 1
)

func newHush(width int) hush { return hush{due: make([]float64, width)} }

func (h *hush) expect(c int, due float64) { h.due[c], h.all = h.due[c]+due, h.all+due }

// ours says whether the silence of carrier c is everybody's; single, that all others are under suspicion.
func (h *hush) ours(now float64, c int, single bool) bool {
	others := h.all
	if !single {
		others -= h.due[c]
	}
	return others > hushOthers && h.lasts(now)
}

func (h *hush) lasts(now float64) bool { return now-h.last >= hushLeast && now-h.last < hushMost }

// heard ends the silence, and says whether it was everybody's.
func (h *hush) heard(now float64, single bool) (ours bool) {
	if h.all > hushOthers {
		most := 0
		for c := range h.due {
			if h.due[c] > h.due[most] {
				most = c
			}
		}
		ours = h.ours(now, most, single)
	}
	if ours && now-h.last < hushShort {
		h.over = now + hushSettles
	}
	if h.lasts(now) {
		h.back = now
	}
	if h.last = now; h.all > 0 {
		clear(h.due)
		h.all = 0
	}
	return ours
}

// single says whether all carriers but one are under suspicion. Nobody is left then whose receipts would tell its silence
// from ours, and nothing is won by being quick: there is nobody to go to instead.
func (m *model) single() bool {
	well := 0
	for c := range m.per {
		well += int(one(!m.per[c].alarm.suspect))
	}
	return well < 2 && m.width() > 1
}

// ours says whether a carrier's silence means nothing, or not yet: it is everybody's, or a moment ago it was and not all that
// waited meanwhile is in.
func (m *model) ours(now float64, c int) bool {
	return m.hush.over > 0 || m.hush.ours(now, c, m.single())
}

// absolve forgets what was held against anybody in a silence that was our own. Those under suspicion stay so.
func (m *model) absolve() {
	for c := range m.per {
		m.acquit(c)
	}
}

func (m *model) acquit(c int) {
	m.per[c].scan = scan{looked: m.per[c].scan.looked}
	m.per[c].alarm.absolve()
	for k := range m.places.countries {
		m.land[k*m.width()+c].alarm.absolve()
	}
}

// hears ends a time in which receipts could not come in.
func (m *model) hears() {
	m.absolve()
	m.hush.heard(m.clock.sec, m.single())
	for q, i := &m.queue[0], 0; i < q.size; i++ {
		m.slots[q.ring[(q.head+i)&(len(q.ring)-1)]].state |= unheard
	}
}

func (a *alarm) absolve() {
	a.w, a.gone, a.due, a.came = 0, 0, 0, 0
}
