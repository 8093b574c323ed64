package routing

import "time"

// limiter spaces segments evenly. It may run into debt by one message, so that a message of many segments passes and
// those after it wait; nothing is saved up but the slack that hides the timer's jitter.
type limiter struct {
	rate float64   // segments a second; 0 = no limit
	next time.Time // when the next segment is due
}

const slack = 20 * time.Millisecond

func (l *limiter) wait(now time.Time) time.Duration {
	if l.rate <= 0 {
		return 0
	}
	return max(0, l.next.Sub(now))
}

func (l *limiter) take(now time.Time, segments int) {
	if l.rate <= 0 {
		return
	}
	if floor := now.Add(-slack); l.next.Before(floor) {
		l.next = floor
	}
	l.next = l.next.Add(time.Duration(float64(segments) / l.rate * float64(time.Second)))
}

// set changes the rate; debt made under a slower one is forgiven beyond a second.
func (l *limiter) set(now time.Time, rate float64) {
	if rate == l.rate {
		return
	}
	l.rate = rate
	if cap := now.Add(time.Second); l.next.After(cap) {
		l.next = cap
	}
}
