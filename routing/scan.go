package routing

import "math"

// scan looks for a moment since which what was sent does not come back. The alarm's own sums take receipts as they fall
// due, and in the first seconds of an outage most of those are of attempts from before it; here attempts are counted by
// when they were sent, so that the good ones of before do not hide the silence of the new ones.
type scan struct {
	cohorts [scanSpan]cohort // by second of the submit
	looked  float64
}

// cohort is what was sent in one second: the receipts due of it by now, and those that came.
type cohort struct {
	second    float64
	due, came float64
}

const (
	scanSpan  = 24  // seconds back
	scanEach  = .25 // seconds between two looks
	alarmScan = 3.5 // more than alarmCarrier: many moments are tried
)

func (s *scan) at(sent float64) *cohort {
	second := math.Floor(sent)
	c := &s.cohorts[int(second)%scanSpan]
	if second > c.second {
		*c = cohort{second: second}
	}
	if second < c.second {
		return nil // too long ago
	}
	return c
}

// expect adds what is due of an attempt, and whether its receipt came.
func (s *scan) expect(sent, due float64, came bool) {
	if c := s.at(sent); c != nil {
		c.due, c.came = c.due+due, c.came+one(came)
	}
}

// giveBack takes back what was due of an attempt that nobody could have delivered.
func (s *scan) giveBack(sent, due float64) {
	if c := s.at(sent); c != nil {
		c.due = max(0, c.due-due)
	}
}

// silent says whether there is a moment since which hardly anything came, and what was due and came since then.
func (s *scan) silent(now float64) (due, came float64, yes bool) {
	if now-s.looked < scanEach {
		return 0, 0, false
	}
	s.looked = now
	for second := math.Floor(now); second > now-scanSpan && second >= 0; second-- {
		c := &s.cohorts[int(second)%scanSpan]
		if c.second != second {
			continue
		}
		due, came = due+c.due, came+c.came
		if (1-goneTo)*due+lnGone*came > alarmCarrier+alarmScan {
			return due, came, true
		}
	}
	return 0, 0, false
}
