package campaign

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Whoever asks again at the moment that Next names is let through, and never has more in a window than the cap.
func TestCapsRoll(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		caps := Caps{Day: dice.IntN(4), Week: dice.IntN(9)}
		now := time.Date(2026, 10, 9, 13, 1, 0, 0, time.UTC)
		var sent []time.Time
		for range 60 {
			now = now.Add(time.Duration(dice.Int64N(int64(20 * time.Hour))))
			next, why := caps.Next(now, sent)
			if !next.IsZero() {
				if !next.After(now) || why == "" {
					t.Fatalf("%+v: %s at %s, %q", caps, next, now, why)
				}
				if at, _ := caps.Next(next.Add(-time.Millisecond), sent); at.IsZero() {
					t.Fatalf("%+v lets one through before %s", caps, next)
				}
				if at, why := caps.Next(next, sent); !at.IsZero() {
					t.Fatalf("%+v: at %s it is %s, %s", caps, next, at, why)
				}
				now = next
			}
			sent = append(sent, now)
			for _, w := range caps.each() {
				n := 0
				for _, at := range sent {
					if at.After(now.Add(-w.span)) {
						n++
					}
				}
				if w.most > 0 && n > w.most {
					t.Fatalf("%+v: %d messages in %s", caps, n, w.name)
				}
			}
		}
	}
}
