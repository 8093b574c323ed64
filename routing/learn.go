package routing

import "time"

// follow watches an attempt from now on.
func (m *model) follow(now float64, key int64, c int, to cell, p float64) {
	acc, g := &m.per[c], m.ground(c, to)
	acc.sends.add(now, 1)
	if acc.mute {
		return
	}
	if _, twice := m.byKey[key]; twice {
		return
	}
	fl := flight{key: key, sent: now, p: float32(p), to: to, carrier: uint8(c), weight: 1, epoch: acc.alarm.epoch, here: g.alarm.epoch}
	fl.marks = m.tree.mark(now, c, to)
	if m.routeOf(c, to).blind {
		fl.state = unjudged
	} else {
		fl.state = windowed
		acc.window.awaiting++
		g.window.awaiting++
	}
	m.add(fl)
	if _, ok := m.byKey[key]; !ok {
		m.leave(&fl)
	}
}

func (m *model) leave(fl *flight) {
	if fl.state&windowed != 0 {
		fl.state &^= windowed
		m.per[fl.carrier].window.awaiting--
		m.ground(int(fl.carrier), fl.to).window.awaiting--
	}
}

// age moves every attempt on that has reached the next of ages.
func (m *model) age(now float64) {
	for j := range m.queue {
		q, due := &m.queue[j], longWait
		if j < steps {
			due = ages[j]
		}
		for q.size > 0 {
			id := q.first()
			fl := &m.slots[id]
			if fl.sent+due > now {
				break
			}
			q.pop()
			if j < steps {
				m.reach(now, j, fl)
			}
			if j < steps-1 && !m.thins(j, fl) || j == steps-1 && fl.state&over == 0 && len(m.byKey) < followMost/2 {
				m.queue[j+1].push(id)
			} else {
				m.leave(fl)
				m.drop(id)
			}
		}
	}
}

// stale says that the attempt was sent before its carrier came under suspicion: the alarm has spoken for it.
func (m *model) stale(fl *flight) bool {
	return fl.epoch != m.per[fl.carrier].alarm.epoch || fl.here != m.ground(int(fl.carrier), fl.to).alarm.epoch
}

// reach is an attempt's look into the letter box at age j.
func (m *model) reach(now float64, j int, fl *flight) {
	c := int(fl.carrier)
	acc, g, rt := &m.per[c], m.ground(c, fl.to), m.routeOf(c, fl.to)
	stale, got := m.stale(fl), int(fl.got) == j+1
	if rt.blind {
		fl.state |= unjudged
	}
	suspect := acc.alarm.suspect || g.alarm.suspect
	heard := !rt.blind && fl.state&unheard == 0
	if heard && (got || !stale && !suspect) { // an outage does not take back that receipts come from there
		g.reached(j, got, float32(fl.weight))
	}
	if heard && !stale && !suspect {
		guess := !acc.curve.known
		acc.curve.reached(j, got, float64(fl.weight))
		if guess && acc.curve.known {
			m.learnt(now, c)
		}
	}
	due, then := acc.curve.share[j], acc.curve.share[j+1]
	if due < lastJudged && fl.state&(lost|unjudged|unheard) == 0 && !stale {
		m.expect(now, fl, then-due, got)
	}
	if then >= lastJudged || rt.blind {
		m.leave(fl)
		if fl.state&over == 0 {
			m.judge(now, fl, false)
		}
	}
	if stale || fl.state&unjudged != 0 {
		return
	}
	if fl.state&(over|tried) == 0 && j >= steps-2 && (j == steps-1 || then >= .99) {
		fl.state |= tried
		acc.silent += float64(fl.weight)
		m.tree.correct(now, c, fl.to, &fl.marks, 0, float64(fl.weight))
		m.tree.updates++
	}
	if j == steps-1 {
		m.balance(now, fl)
	}
}

// expect tells everybody concerned that a share of a receipt was due, and whether the receipt came.
func (m *model) expect(now float64, fl *flight, x float64, came bool) {
	c := int(fl.carrier)
	acc, g, rt := &m.per[c], m.ground(c, fl.to), m.routeOf(c, fl.to)
	fl.owed += float32(x)
	rt.due, rt.at, g.at = rt.due+x, now, now
	if !rt.blind {
		acc.due += x
	}
	if rt.looksBlind(acc) {
		m.blind(now, c, fl.to)
		return
	}
	if acc.alarm.suspect || g.alarm.suspect {
		return // probes are judged one by one
	}
	p := float64(fl.p) * acc.calibration()
	acc.calibrate(float64(fl.p)*x, came)
	m.hush.expect(c, p*x)
	acc.scan.expect(fl.sent, p*x, came)
	g.alarm.expect(p, x, came && rt.seen > 0)
	acc.alarm.expect(p, x, came)
	here := g.alarm.over(alarmCountry) && rt.seen > 0
	all := acc.alarm.over(alarmCarrier) || acc.falls(now)
	if !here && !all || m.ours(now, c) {
		return
	}
	if !acc.curve.trusted() { // what seemed due by a curve that was a guess is held against nobody
		acc.alarm.absolve()
		g.alarm.absolve()
		return
	}
	if here {
		m.alarmed(now, c, fl.to.country)
	}
	if all {
		m.alarmed(now, c, -1)
	}
}

// judge lets the fate of an attempt that was sent under suspicion count for or against its carrier.
func (m *model) judge(now float64, fl *flight, delivered bool) {
	c := int(fl.carrier)
	acc, g := &m.per[c], m.ground(c, fl.to)
	if fl.state&(counted|unjudged) != 0 || m.stale(fl) || !acc.alarm.suspect && !g.alarm.suspect {
		return
	}
	fl.state |= counted
	if g.alarm.suspect {
		if v := g.alarm.judged(now, delivered); v != undecided {
			m.settle(now, c, fl.to.country, &g.alarm, v)
		}
	}
	if acc.alarm.suspect {
		if v := acc.alarm.judged(now, delivered); v != undecided {
			m.settle(now, c, -1, &acc.alarm, v)
		}
	}
}

// receipt learns from a final receipt; ttl is within which time it was worth something, by type.
func (m *model) receipt(now float64, rc *Receipt, ttl *[kinds]time.Duration) {
	took := max(rc.Took.Seconds(), 0)
	if m.hush.heard(now, m.single()) {
		m.absolve()
	}
	id, followed := m.byKey[rc.Attempt]
	if !followed {
		m.stray(now, rc, rc.Verdict == Delivered && rc.Took <= ttl[kindOf(rc.Type)])
		return
	}
	fl := &m.slots[id]
	if fl.state&over != 0 && (fl.state&lost == 0 || rc.Verdict != Delivered) {
		return // known already; only "delivered" beats a failure
	}
	inTime := rc.Verdict == Delivered && rc.Took <= ttl[fl.to.kind]
	c := int(fl.carrier)
	acc, g, rt := &m.per[c], m.ground(c, fl.to), m.routeOf(c, fl.to)
	if fl.state&over != 0 {
		if inTime && !m.stale(fl) && !rt.blind {
			m.tree.correct(now, c, fl.to, &fl.marks, 1, 0)
		}
		fl.state &^= lost
		return
	}
	m.leave(fl)
	fl.state |= over
	m.tally(now, c, fl.to, rc.Verdict)
	switch rc.Verdict {
	case Recipient:
		m.excuse(now, fl)
		return
	case Delivered:
		j := interval(now - fl.sent)
		fl.got = uint8(j + 1)
		most := acc.holds(now)
		acc.window.receipt(most)
		g.window.receipt(most)
		acc.delivered(now, took)
		g.claimed++
		m.judge(now, fl, true)
	case Undelivered:
		m.failed(now, fl)
	}
	if m.stale(fl) || rt.blind {
		return
	}
	m.outcome(now, fl, inTime)
}

// excuse takes back what was held against the carrier of a message that nobody could have delivered.
func (m *model) excuse(now float64, fl *flight) {
	c := int(fl.carrier)
	acc, g := &m.per[c], m.ground(c, fl.to)
	p := float64(fl.p) * acc.calibration()
	acc.alarm.giveBack(p, float64(fl.owed))
	acc.scan.giveBack(fl.sent, p*float64(fl.owed))
	g.alarm.giveBack(p, float64(fl.owed))
	if fl.state&tried != 0 && !m.stale(fl) {
		acc.silent = max(0, acc.silent-float64(fl.weight))
		m.tree.correct(now, c, fl.to, &fl.marks, 0, -float64(fl.weight))
	}
	fl.state |= unjudged
}

// failed takes a failure in: nothing more is due of it.
func (m *model) failed(now float64, fl *flight) {
	acc := &m.per[fl.carrier]
	fl.state |= lost
	if fl.state&tried == 0 {
		acc.told++
	}
	if j := interval(now - fl.sent); j < steps {
		acc.failAge[j]++
	}
	if rest := lastJudged - float64(fl.owed); rest > 0 && !m.stale(fl) && fl.state&unheard == 0 {
		m.expect(now, fl, rest, false)
	}
	m.judge(now, fl, false)
}

// stray is the receipt of an attempt that is not followed.
func (m *model) stray(now float64, rc *Receipt, inTime bool) {
	if rc.Carrier < 0 || rc.Carrier >= m.width() {
		return
	}
	to := m.at(rc.Country, rc.Network, kindOf(rc.Type))
	m.tally(now, rc.Carrier, to, rc.Verdict)
	switch {
	case rc.Verdict == Recipient || m.routeOf(rc.Carrier, to).blind || m.suspect(rc.Carrier, to):
	case rc.Age.Seconds() < ages[steps-1]:
		m.tree.learn(now, rc.Carrier, to, one(inTime), m.hiddenLoss(rc.Carrier, to.kind))
	}
}

// tally counts a receipt of any kind.
func (m *model) tally(now float64, c int, to cell, v Verdict) {
	rt, acc := m.routeOf(c, to), &m.per[c]
	rt.at, m.ground(c, to).at = now, now
	if rt.seen++; !rt.blind {
		acc.seen++
	}
	m.weighCandour(c, to, v == Recipient)
	rt.count(v == Recipient)
	for o := range m.elsewhere {
		if o != c {
			m.elsewhere[o].count(v == Recipient)
		}
	}
	if rt.blind && !rt.looksBlind(acc) {
		rt.blind = false
		acc.due, acc.seen = acc.due+rt.due, acc.seen+rt.seen
		m.news(c, Event{Country: m.countryName(to.country), Text: "receipts come after all from " + m.places.networks[to.network]})
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
