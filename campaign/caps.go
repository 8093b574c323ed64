package campaign

import (
	"fmt"
	"slices"
	"time"
)

// Caps are how many messages of a campaign's type a person may get from all campaigns together; 0 is no cap. A message
// counts once, however many attempts it took, from when its last attempt began that no carrier refused: what may have
// arrived counts.
type Caps struct {
	Day  int `json:"per_24h,omitempty" yaml:"per_24h"`
	Week int `json:"per_7d,omitempty" yaml:"per_7d"`
}

// On says that there is one at all.
func (c Caps) On() bool { return c.Day > 0 || c.Week > 0 }

// String says what they are.
func (c Caps) String() string {
	s := ""
	for _, cap := range c.each() {
		if cap.most > 0 {
			if s != "" {
				s += ", "
			}
			s += cap.String()
		}
	}
	return s
}

// CapWindow is as far back as a cap looks.
const CapWindow = 7 * 24 * time.Hour

// frequency is one cap.
type frequency struct {
	most int
	name string
	span time.Duration
}

// String is the cap in words.
func (f frequency) String() string {
	if f.most == 1 {
		return "1 message in " + f.name
	}
	return fmt.Sprintf("%d messages in %s", f.most, f.name)
}

func (c Caps) each() [2]frequency {
	return [...]frequency{{c.Day, "24 hours", 24 * time.Hour}, {c.Week, "7 days", CapWindow}}
}

// Next is the moment from which a person may get another message who got some at these moments, and the cap that it waits
// for; zero if that is now. The windows roll: each message counts for as long as the window is after it.
func (c Caps) Next(now time.Time, sent []time.Time) (next time.Time, why string) {
	slices.SortFunc(sent, func(a, b time.Time) int { return b.Compare(a) })
	for _, cap := range c.each() {
		if cap.most == 0 || len(sent) < cap.most {
			continue
		}
		if free := sent[cap.most-1].Add(cap.span); free.After(now) && free.After(next) {
			next, why = free, cap.String()
		}
	}
	return next, why
}
