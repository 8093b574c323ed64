package campaign

import (
	"sync"
	"time"
)

// pace lets questions through at a tenth of a carrier's rate.
type pace struct {
	mu    sync.Mutex
	every time.Duration
	next  time.Time
	until time.Time // it rests
}

func newPace(perSecond float64) *pace {
	if perSecond <= 0 {
		perSecond = 500
	}
	return &pace{every: time.Duration(float64(time.Second) * 10 / perSecond)}
}

func (p *pace) allow(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.After(now.Add(time.Second)) { // some may come at once
		return false
	}
	p.next = later(p.next, now).Add(p.every)
	return true
}

// free is the next moment from at on at which a question may be asked.
func (p *pace) free(at time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return later(p.next, at)
}

// turn is the next moment from at on at which a question may be asked, and takes it.
func (p *pace) turn(at time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	at = later(p.next, at)
	p.next = at.Add(p.every)
	return at
}

// rest leaves a carrier alone that did not answer: one that hangs must not hold up the questions to the others.
func (p *pace) rest(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = now.Add(pollRest)
	p.next = later(p.next, p.until)
}

func (p *pace) rests(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.until)
}

const pollRest = 30 * time.Second
