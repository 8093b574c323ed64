package schedule

import (
	"fmt"
	"iter"
	"time"
)

// Slot is one time at which a schedule is due.
type Slot struct {
	Name string    // the local time, which names the run: 2026-10-12T09:00; with its offset where the hour comes twice and this is the second
	At   time.Time // the instant
	Note string    // what the clocks have to do with it, "" on other days
}

// nameLayout is the local time of a slot.
const nameLayout = "2006-01-02T15:04"

// Timing is an expression in a zone.
type Timing struct {
	Cron
	Zone *time.Location
}

// never is how far ahead the next time is looked for. The longest wait there is, for the 29th of February, ends within
// eight years; whoever wants less than one run in five years does not want a schedule.
const never = 5

// ParseTiming reads an expression and a zone, and refuses those that are never due.
func ParseTiming(expr, zone string, now time.Time) (Timing, error) {
	c, err := ParseCron(expr)
	if err != nil {
		return Timing{}, err
	}
	if zone == "" || zone == "Local" {
		return Timing{}, fmt.Errorf("a schedule needs the name of its time zone, like Europe/London")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Timing{}, fmt.Errorf("there is no time zone %q: use a name of the IANA database, like Europe/London", zone)
	}
	t := Timing{c, loc}
	if _, ok := t.Next(now); !ok {
		return Timing{}, fmt.Errorf("%q is never due within %d years", expr, never)
	}
	return t, nil
}

// Next is the first slot after an instant; false if there is none within five years.
func (t Timing) Next(after time.Time) (Slot, bool) {
	for s := range t.Between(after, after.AddDate(never, 0, 0)) {
		return s, true
	}
	return Slot{}, false
}

// period is a stretch of time with one offset, and what its wall clock shows: [from, to) in instants, [open, shut) on the
// wall. before is where the wall clock of the period before has ended: later than open when the clocks went back, earlier when
// they went forward.
type period struct {
	from, to   time.Time
	open, shut time.Time
	before     time.Time // where the wall clock of the period before ended
	offset     time.Duration
}

// wallClock is an instant as its local clock shows it, written as UTC.
func wallClock(at time.Time, offset time.Duration) time.Time { return at.UTC().Add(offset) }

func offsetAt(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// horizon is how far a period reaches that has no end.
const horizon = 400 * 24 * time.Hour

// periodAt is the period that an instant lies in.
func (t Timing) periodAt(at time.Time) period {
	from, to := at.In(t.Zone).ZoneBounds()
	if !to.IsZero() && !to.After(at) {
		// Beyond the years that a zone's table lists, Go ends them a day early in leap years, for ever: 2040-12-31.
		from, to = at, at.Add(24*time.Hour)
	}
	p := period{from: from.UTC(), to: to.UTC(), offset: offsetAt(at, t.Zone)}
	if from.IsZero() {
		p.from = at.UTC()
	}
	if to.IsZero() {
		p.to = at.Add(horizon).UTC()
	}
	p.open, p.shut = wallClock(p.from, p.offset), wallClock(p.to, p.offset)
	p.before = p.open
	if !from.IsZero() {
		p.before = wallClock(p.from, offsetAt(p.from.Add(-time.Nanosecond), t.Zone))
	}
	return p
}

// Between are the slots after one instant and up to another, in their order.
func (t Timing) Between(after, until time.Time) iter.Seq[Slot] {
	return func(yield func(Slot) bool) {
		if !after.Before(until) {
			return
		}
		for p := t.periodAt(after); ; p = t.periodAt(p.to) {
			for s := range t.during(p, after, until) {
				if !s.At.After(after) {
					continue
				}
				if s.At.After(until) || !yield(s) {
					return
				}
			}
			if p.to.After(until) {
				return
			}
			after = p.to.Add(-time.Nanosecond) // a clock that is never changed has its one period again and again
		}
	}
}

// during are the slots of a period, as far as they may lie after one instant and up to another.
func (t Timing) during(p period, after, until time.Time) iter.Seq[Slot] {
	return func(yield func(Slot) bool) {
		if s, ok := t.afterGap(p); ok && !yield(s) {
			return
		}
		first := p.open
		if t.fixed && p.before.After(first) {
			first = p.before // the wall clock shows it for the second time
		}
		if w := wallClock(after, p.offset).Truncate(time.Minute); w.After(first) {
			first = w
		}
		last := p.shut
		if w := wallClock(until, p.offset).Add(time.Minute); w.Before(last) {
			last = w
		}
		for wall := range t.walls(first, last) {
			if !yield(t.slot(p, wall)) {
				return
			}
		}
	}
}

// afterGap is the run of the times that the clock has jumped over: at the first instant after them, if it is the same day
// and not a time of the expression anyhow.
func (t Timing) afterGap(p period) (Slot, bool) {
	if !t.fixed || !p.before.Before(p.open) {
		return Slot{}, false
	}
	for wall := range t.walls(p.before, p.open) {
		if wall.YearDay() != p.open.YearDay() || wall.Year() != p.open.Year() {
			continue
		}
		for range t.walls(p.open, p.open.Add(time.Minute)) {
			return Slot{}, false
		}
		return Slot{
			Name: p.open.Format(nameLayout), At: p.from,
			Note: fmt.Sprintf("the clocks go from %s to %s: %s does not exist", p.before.Format("15:04"), p.open.Format("15:04"), wall.Format("15:04")),
		}, true
	}
	return Slot{}, false
}

// slot is a time of a period's wall clock.
func (t Timing) slot(p period, wall time.Time) Slot {
	s := Slot{Name: wall.Format(nameLayout), At: wall.Add(-p.offset)}
	if wall.Before(p.before) {
		s.Name = s.At.In(t.Zone).Format(nameLayout + "-07:00")
		s.Note = wall.Format("15:04") + " for the second time: the clocks went back"
		return s
	}
	next := p.to.In(t.Zone)
	if back := p.shut.Sub(wallClock(p.to, offsetAt(next, t.Zone))); back > 0 && !wall.Before(p.shut.Add(-back)) {
		s.Note = wall.Format("15:04") + " comes twice: the clocks go back"
		if t.fixed {
			s.Note += ", it runs once"
		}
	}
	return s
}
