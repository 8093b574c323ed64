package routing

import "math"

// ages are when an attempt is looked at, in seconds since its submit.
//
//nolint:gochecknoglobals // constants that the language has no word for
var ages = [...]float64{1.5, 3, 5, 8, 13, 22, 45, 100, 300, 900}

const (
	steps       = len(ages)
	cohortFull  = 4000 // attempts after which a cohort is halved
	priorWorth  = 8    // attempts that the prior curve is worth
	priorMedian = 9.0  // seconds until a receipt, where nothing is known
	priorSigma  = 1.2
	lastJudged  = .93 // the share of receipts after which silence says nothing more about an outage
	known       = .85 // the share of receipts that must be there when enough attempts have reached an age
	groupSize   = 100 // enough attempts
	groupsMost  = 50  // that are looked at
)

// curve is how fast a carrier's receipts come: of the attempts that reached age j, how many got their receipt in the
// interval before it.
type curve struct {
	sent, got [steps]float64
	share     [steps + 1]float64 // G: the share of all receipts that are there at ages[j-1]
	stale     int                // attempts since share was computed
	known     bool               // it has been trusted: an outage, which bends it, does not make it a guess again
	groups    []group            // until then
}

// group is some attempts that were sent one after the other: of those that reached age j, how many were delivered in the
// interval before it. If nearly all were delivered by an age, nearly all receipts come by then, whatever has become of
// what was sent later: an outage that begins before the curve is known must not pass for slowness.
type group struct{ sent, got [steps]float64 }

func newCurve() curve {
	var c curve
	c.refresh()
	return c
}

// priorShare is the log-normal prior at an age.
func priorShare(age float64) float64 {
	if age <= 0 {
		return 0
	}
	return .5 * math.Erfc(-math.Log(age/priorMedian)/(priorSigma*math.Sqrt2))
}

// reached counts an attempt at age j; got says that its receipt came in the interval that ends there.
func (c *curve) reached(j int, got bool, w float64) {
	if !c.known {
		if c.compare(j, got); c.known {
			return
		}
	}
	c.sent[j] += w
	if got {
		c.got[j] += w
	}
	if j == 0 && c.sent[0] > cohortFull {
		for i := range c.sent {
			c.sent[i], c.got[i] = c.sent[i]/2, c.got[i]/2
		}
	}
	if c.stale++; c.stale >= 64 || c.sent[j] < 200 {
		c.refresh()
	}
}

func (c *curve) refresh() {
	c.stale = 0
	sum, before := 0.0, 0.0
	for j, age := range ages {
		p := priorShare(age)
		// The prior expects no more in an interval than its share of those that are still open then: where nearly all receipts
		// come at once, nobody waits for as many again before the first attempts have grown old.
		due := (p - before) * min(1, max(0, 1-sum)/(1-before))
		sum += (c.got[j] + priorWorth*due) / (c.sent[j] + priorWorth)
		c.share[j+1], before = sum, p
	}
	for j := range c.share {
		c.share[j] /= sum
	}
	if c.known = c.known || c.ripe(); c.known {
		c.groups = nil
	}
}

// compare counts an attempt at age j in its group: attempts reach every age in the order in which they were sent. The
// first group that was delivered almost whole shows the curve.
func (c *curve) compare(j int, got bool) {
	at := 0
	for at < len(c.groups) && c.groups[at].sent[j] == groupSize {
		at++
	}
	if at == groupsMost {
		return
	}
	if at == len(c.groups) {
		c.groups = append(c.groups, group{})
	}
	g := &c.groups[at]
	g.sent[j]++
	g.got[j] += one(got)
	delivered := 0.0
	for _, n := range g.got[:j+1] {
		delivered += n
	}
	if g.sent[j] == groupSize && delivered >= known*groupSize {
		c.sent, c.got, c.known = g.sent, g.got, true
		c.refresh()
	}
}

// at is G at any age.
func (c *curve) at(age float64) float64 {
	before := 0.0
	for j, a := range ages {
		if age < a {
			return c.share[j] + (c.share[j+1]-c.share[j])*(age-before)/(a-before)
		}
		before = a
	}
	return 1
}

// quantile is the age at which a share of the receipts is there.
func (c *curve) quantile(p float64) float64 {
	before := 0.0
	for j, a := range ages {
		if lo, hi := c.share[j], c.share[j+1]; p <= hi {
			if hi == lo {
				return a
			}
			return before + (a-before)*(p-lo)/(hi-lo)
		}
		before = a
	}
	return ages[steps-1]
}

// interval is the index of the age that ends the interval in which age lies, steps if it is beyond the last.
func interval(age float64) int {
	for j, a := range ages {
		if age <= a {
			return j
		}
	}
	return steps
}

// trusted says whether the curve says what is normal.
func (c *curve) trusted() bool { return c.known }

// ripe says whether enough attempts have grown old enough for that.
func (c *curve) ripe() bool {
	for j := range ages {
		if c.share[j+1] >= known {
			return c.sent[j] >= groupSize
		}
	}
	return false
}
