package routing

import "time"

// clock is time as the learned state sees it: seconds that only grow, and never jump. A wall clock that is set, or a
// machine that slept, must neither age what is known by years nor make a thousand receipts overdue at once.
type clock struct {
	last time.Time
	sec  float64
	deaf bool // receipts cannot come in: nothing grows older
}

// longestStep is the most that one step can be; dispatch looks in several times a second.
const longestStep = 10 * time.Second

func (c *clock) advance(now time.Time) float64 {
	if !c.last.IsZero() && !c.deaf {
		c.sec += min(max(now.Sub(c.last), 0), longestStep).Seconds()
	}
	c.last = now
	return c.sec
}
