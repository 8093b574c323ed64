package report

import (
	"math"
	"time"
)

// Pace is a speed that does not jump: a moving average over about ten seconds of a number that only grows.
type Pace struct {
	began, at time.Time
	n         int64
	sum, norm float64
}

// paceTime is how far a pace looks back, and how long it knows nothing about the future.
const paceTime = 10 * time.Second

// Add tells the pace how far the number is.
func (p *Pace) Add(at time.Time, n int64) {
	if p.began.IsZero() {
		p.began, p.at, p.n = at, at, n
		return
	}
	dt := at.Sub(p.at).Seconds()
	if dt <= 0 {
		return
	}
	weight := 1 - math.Exp(-dt/paceTime.Seconds())
	p.sum += weight * (max(0, float64(n-p.n)/dt) - p.sum)
	p.norm += weight * (1 - p.norm) // without it the first seconds would read as if half of them had been idle
	p.at, p.n = at, n
}

// PerSecond is the speed now.
func (p *Pace) PerSecond() float64 {
	if p.norm == 0 {
		return 0
	}
	return p.sum / p.norm
}

// Left is how long the rest will take at this speed; 0 while that is not known.
func (p *Pace) Left(rest int64) time.Duration {
	speed := p.PerSecond()
	if rest <= 0 || speed < 0.01 || p.at.Sub(p.began) < paceTime {
		return 0
	}
	return time.Duration(float64(rest) / speed * float64(time.Second))
}
