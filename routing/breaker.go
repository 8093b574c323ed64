package routing

import (
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// breaker keeps messages away from a carrier that fails: closed, open until a moment, then half-open with one probe.
type breaker struct {
	errors  int           // in a row
	invalid int           // malformed requests in a row
	open    time.Time     // until then nothing goes
	span    time.Duration // of the last opening
	probing bool          // half-open, and the one probe is under way
	tried   bool          // one has been since it was opened last
	down    string        // a person must act; why
	class   carriers.Class
}

const (
	breakAfter   = 3 // errors in a row
	invalidAfter = 10
	openFirst    = 5 * time.Second
	openMost     = time.Minute
	openGrowth   = 1.5
	quotaSpan    = 10 * time.Minute
)

// wait says how long the breaker holds messages back; a carrier that is down waits for a person instead.
func (b *breaker) wait(now time.Time) time.Duration {
	switch {
	case now.Before(b.open):
		return b.open.Sub(now)
	case b.span > 0 && b.probing:
		return probeWait
	}
	return 0
}

// probeWait is when to look again while a probe is under way; its answer wakes dispatch earlier.
const probeWait = time.Second

// submitted says whether that was the first probe since it was opened.
func (b *breaker) submitted(now time.Time) bool {
	if b.span == 0 || now.Before(b.open) {
		return false
	}
	first := !b.tried
	b.probing, b.tried = true, true
	return first
}

// done learns from an outcome and says what changed, in words for people; "" is nothing.
func (b *breaker) done(now time.Time, r carriers.Result) string {
	t := r.Class.Traits()
	switch {
	case r.Accepted == carriers.Yes, r.Accepted == carriers.No && t.Reach == carriers.ReachMessage:
		return b.ok(now)
	case r.Class == carriers.ClassThrottled:
		b.probing = false
		return ""
	case r.Class == carriers.ClassQuotaExhausted:
		b.span, b.open, b.probing, b.tried = quotaSpan, now.Add(quotaSpan), false, false
		return "open for 10m0s: " + t.Title
	case t.Reach == carriers.ReachAccount:
		return b.giveUp(r.Class, t.Title)
	case r.Class == carriers.ClassRequestInvalid:
		if b.invalid++; b.invalid >= invalidAfter {
			return b.giveUp(r.Class, t.Title)
		}
		return ""
	case t.Reach == carriers.ReachSender, t.Reach == carriers.ReachCountry, r.Class == carriers.ClassUnknown:
		return b.ok(now) // it answered, and knows its mind
	}
	return b.failed(now, t.Title)
}

// ok closes the breaker, unless it has opened since that submit was made: answers from before prove nothing.
func (b *breaker) ok(now time.Time) string {
	if now.Before(b.open) {
		return ""
	}
	was := b.span > 0
	b.errors, b.invalid, b.span, b.probing, b.tried, b.open = 0, 0, 0, false, false, time.Time{}
	if was {
		return stateClosed
	}
	return ""
}

func (b *breaker) giveUp(c carriers.Class, title string) string {
	if b.down != "" {
		return ""
	}
	b.down, b.class = title, c
	return "down until somebody acts: " + title
}

func (b *breaker) failed(now time.Time, title string) string {
	if b.errors++; b.errors < breakAfter && !b.probing || now.Before(b.open) {
		return ""
	}
	b.span = min(max(openFirst, time.Duration(float64(b.span)*openGrowth)), openMost)
	b.open, b.probing, b.tried = now.Add(b.span), false, false
	return "open for " + b.span.Round(100*time.Millisecond).String() + ": " + title
}

// The states of a breaker.
const (
	stateClosed   = "closed"
	stateOpen     = "open"
	stateHalfOpen = "half-open"
	stateDown     = "down"
)

func (b *breaker) state(now time.Time) string {
	switch {
	case b.down != "":
		return stateDown
	case now.Before(b.open):
		return stateOpen
	case b.span > 0:
		return stateHalfOpen
	}
	return stateClosed
}
