package windows

import (
	"errors"
	"fmt"
	"time"
)

// The ways in which a local time is not one instant.
var (
	ErrGap  = errors.New("the clocks are put forward over this time: it does not exist")
	ErrFold = errors.New("the clocks are put back over this time: it comes twice")
)

// Wall is a date and time of day as a clock on a wall shows it, kept as if it were UTC.
type Wall struct{ utc time.Time }

// ParseWall reads 2026-10-12 09:00, with a T or a space, with or without seconds.
func ParseWall(s string) (Wall, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return Wall{t}, nil
		}
	}
	return Wall{}, fmt.Errorf("%q is no date and time: write 2026-10-12T09:00, or with its offset 2026-10-12T09:00:00+01:00", s)
}

// String writes it as it is read.
func (w Wall) String() string { return w.utc.Format("2006-01-02 15:04") }

// In returns the instant at which a clock in the zone shows the time, or ErrGap or ErrFold.
func (w Wall) In(zone *time.Location) (time.Time, error) {
	var found []time.Time
	// Offsets in force around that time: no zone changes its clocks twice within two days.
	for _, near := range []time.Time{w.utc.Add(-36 * time.Hour), w.utc.Add(36 * time.Hour)} {
		_, offset := near.In(zone).Zone()
		t := w.utc.Add(-time.Duration(offset) * time.Second)
		if _, is := t.In(zone).Zone(); is == offset && (len(found) == 0 || !found[0].Equal(t)) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return time.Time{}, ErrGap
	case 1:
		return found[0], nil
	}
	return time.Time{}, ErrFold
}

// Last returns the latest instant at which a clock in one of the zones shows the time: from then on it has come in all of them.
func (w Wall) Last(zones []*time.Location) (last time.Time, err error) {
	for _, z := range zones {
		t, err := w.In(z)
		if err != nil {
			return time.Time{}, fmt.Errorf("%s in %s: %w", w, z, err)
		}
		if t.After(last) {
			last = t
		}
	}
	return last, nil
}
