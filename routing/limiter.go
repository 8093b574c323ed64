package routing

import "time"

// limiter spaces segments evenly. It may run into debt by one message, so that a message of many segments passes and
// those after it wait; nothing is saved up but the slack that hides the timer's jitter. A carrier that says "too fast"
// lowers the rate, and the rate climbs back by itself.
type limiter struct {
	rate  float64   // segments a second; 0 = no limit
	most  float64   // as configured, or as a person wants it; 0 = no limit
	next  time.Time // when the next segment is due
	since time.Time // of the last throttling or climb
	taken float64   // segments in the last second or so
	at    time.Time
	yield time.Time // until then one message passes
}

const (
	slack         = 20 * time.Millisecond
	throttleTo    = .7          // of the rate that was too fast
	throttleEach  = time.Second // answers to messages already under way say nothing new
	climbEach     = time.Second
	climbBy       = .05 // of the configured rate, or of the present one where there is no limit
	leastRate     = .5
	unlimitedFrom = 2.0 // times the rate at which it was throttled: then it counts as unlimited again
)

func (l *limiter) wait(now time.Time) time.Duration {
	if l.rate <= 0 {
		return 0
	}
	return max(0, l.next.Sub(now))
}

func (l *limiter) take(now time.Time, segments int) {
	if dt := now.Sub(l.at).Seconds(); dt > 0 {
		l.taken *= max(0, 1-dt)
		l.at = now
	}
	l.taken += float64(segments)
	if l.rate <= 0 {
		return
	}
	l.climb(now)
	if floor := now.Add(-slack); l.next.Before(floor) {
		l.next = floor
	}
	l.next = l.next.Add(time.Duration(float64(segments) / l.rate * float64(time.Second)))
	if l.next.Before(l.yield) {
		l.next = l.yield
	}
}

// yieldTo lets one message pass until a moment, which may be now.
func (l *limiter) yieldTo(now, until time.Time) {
	if soon := now.Add(time.Duration(float64(time.Second) / max(l.rate, leastRate))); l.next.Equal(l.yield) && l.next.After(soon) {
		l.next = soon
	}
	l.yield = until
}

// set changes the configured rate; debt made under a slower one is forgiven beyond a second.
func (l *limiter) set(now time.Time, most float64) {
	if most == l.most {
		return
	}
	if l.most = most; l.rate == 0 || most == 0 || l.rate > most || l.since.IsZero() {
		l.rate = most
	}
	if cap := now.Add(time.Second); l.next.After(cap) {
		l.next = cap
	}
}

// throttled lowers the rate below the one that was too fast.
func (l *limiter) throttled(now time.Time) {
	if now.Sub(l.since) < throttleEach && !l.since.IsZero() {
		return
	}
	l.since = now
	rate := l.rate
	if rate <= 0 {
		rate = l.taken
	}
	l.rate = max(leastRate, rate*throttleTo)
}

// climb raises a lowered rate step by step.
func (l *limiter) climb(now time.Time) {
	if l.rate == l.most || now.Sub(l.since) < climbEach {
		return
	}
	l.since = now
	if l.most > 0 {
		l.rate = min(l.most, l.rate+climbBy*l.most)
		return
	}
	l.rate += max(1, climbBy*l.rate)
	if l.rate > unlimitedFrom*max(l.taken, leastRate) {
		l.rate = 0 // the limit does not bind any more
	}
}
