package routing

// learnt weighs a carrier when it has become known how fast its receipts come: by the guess too little, or too much, seemed
// due of it. Where we have heard nothing until a moment ago, what waited meanwhile must be in first.
func (m *model) learnt(now float64, c int) {
	if now-m.hush.back < hushSettles {
		m.hush.over = now + hushSettles
		return
	}
	m.recount(now, c)
}

// recount looks again at all that is under way with a carrier, for that reason or because we have heard nothing for a while.
// Where a campaign is over in seconds, all that tells of an outage may have been sent by then.
func (m *model) recount(now float64, c int) {
	acc := &m.per[c]
	switch {
	case !acc.curve.known || acc.alarm.suspect:
		return
	case m.ours(now, c):
		m.hush.over = now + hushSettles
		return
	}
	m.acquit(c)
	for j := steps - 1; j > 0; j-- { // the oldest first
		for q, i := &m.queue[j], 0; i < q.size; i++ {
			fl := &m.slots[q.ring[(q.head+i)&(len(q.ring)-1)]]
			if int(fl.carrier) == c && fl.state&(unjudged|unheard) == 0 && !m.stale(fl) && !m.routeOf(c, fl.to).blind && !m.ground(c, fl.to).alarm.suspect {
				m.reweigh(fl, j)
			}
		}
	}
	for k := range m.places.countries {
		if a := &m.land[k*m.width()+c].alarm; !a.suspect && a.over(alarmCountry) {
			m.alarmed(now, c, int32(k))
		}
	}
	if acc.alarm.over(alarmCarrier) || acc.falls(now) {
		m.alarmed(now, c, -1)
	}
}

// reweigh counts what was due by the last age that an attempt has reached, and whether the receipt has come, be it late.
func (m *model) reweigh(fl *flight, reached int) {
	acc, g, rt := &m.per[fl.carrier], m.ground(int(fl.carrier), fl.to), m.routeOf(int(fl.carrier), fl.to)
	x, came := acc.curve.share[reached], fl.got > 0
	if fl.state&lost != 0 {
		x = max(x, lastJudged)
	}
	more := x - float64(fl.owed)
	fl.owed, rt.due, acc.due = float32(x), rt.due+more, acc.due+more
	p := float64(fl.p) * acc.calibration()
	acc.scan.expect(fl.sent, p*x, came)
	acc.alarm.expect(p, x, came)
	g.alarm.expect(p, x, came && rt.seen > 0)
}
