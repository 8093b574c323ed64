package routing

import (
	"math"
	"time"
)

const (
	sureEnough   = .5  // transactional: send again when it is less likely than that that it was delivered
	sureEnoughAd = .15 // promotional: a duplicate annoys more than a late advertisement
	suspectMost  = .2  // what a suspect carrier's estimate is capped at
	suspectMute  = .5  // and the share of its failures that stay silent is taken for at least that: what is told is told at once
	ownCohort    = 30  // attempts in a country that the carrier's curve is worth
	silentPrior  = 2.0 // of silentWorth failures, so many stay silent
	silentWorth  = 8.0
)

func (g *ground) reached(j int, got bool, w float32) {
	if g.sent[j] += w; got {
		g.got[j] += w
	}
	if j == 0 && g.sent[0] > cohortFull {
		for i := range g.sent {
			g.sent[i], g.got[i] = g.sent[i]/2, g.got[i]/2
		}
	}
}

// curveIn is a carrier's curve in one country: its own cohort, filled up with the carrier's.
func (m *model) curveIn(c int, to cell) curve {
	acc, g := &m.per[c], m.ground(c, to)
	var own curve
	sum := 0.0
	for j := range ages {
		f := acc.curve.share[j+1] - acc.curve.share[j]
		sum += (float64(g.got[j]) + ownCohort*f) / (float64(g.sent[j]) + ownCohort)
		own.share[j+1] = sum
	}
	for j := range own.share {
		own.share[j] /= sum
	}
	return own
}

// stillComing is how likely an attempt was delivered that has been silent for so long.
func (m *model) stillComing(q float64, c int, own *curve, age, mute float64) float64 {
	acc := &m.per[c]
	s := max(mute, (acc.silent+silentPrior)/(acc.silent+acc.told+silentWorth))
	failures, early := silentWorth, silentWorth*own.at(age)
	for j, n := range acc.failAge {
		failures += n
		if ages[j] <= age {
			early += n
		}
	}
	late := q * (1 - own.at(age))
	return late / (late + (1-q)*(s+(1-s)*(1-early/failures)))
}

// deadline is how long a receipt is worth waiting for, 0 where its silence until the ceiling says nothing.
func (m *model) deadline(now float64, c int, to cell, ceiling time.Duration) time.Duration {
	if m.per[c].mute || m.routeOf(c, to).blind || !m.sends(c, to) {
		return 0
	}
	q, mute := m.estimate(now, c, to).mean, 0.0
	if m.suspect(c, to) {
		q, mute = min(q, suspectMost), suspectMute
	}
	own, last := m.curveIn(c, to), min(ceiling.Seconds(), ages[steps-1])
	for age := min(leastWait, last); ; age = min(age*1.1, last) {
		if m.stillComing(q, c, &own, age, mute) < m.doubt[to.kind] {
			return time.Duration(math.Round(age*1000)) * time.Millisecond
		}
		if age == last {
			return 0
		}
	}
}

// leastWait is how long a receipt is always waited for, in seconds.
const leastWait = 3.0

// sends says whether a carrier is known to send receipts from a country. A few are not enough: a question that was
// answered once says nothing of those that nobody asked about.
func (m *model) sends(c int, to cell) bool {
	g := m.ground(c, to)
	came := 0.0
	for _, n := range g.got {
		came += float64(n)
	}
	return g.claimed >= leastCame && came > cameShare*float64(g.sent[0])
}

const (
	leastCame = 3
	cameShare = .2 // of the attempts that are old enough for any
)
