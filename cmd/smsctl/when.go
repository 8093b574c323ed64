package main

import (
	"strconv"
	"strings"
	"time"
)

// timeWindow is --since and --until; a zero end is open.
type timeWindow struct{ since, until time.Time }

func (w timeWindow) empty() bool { return w.since.IsZero() && w.until.IsZero() }

func (w timeWindow) holds(t time.Time) bool {
	return !t.Before(w.since) && (w.until.IsZero() || t.Before(w.until))
}

// window reads the two flags.
func (a *app) window(since, until string) (w timeWindow, err error) {
	if w.since, err = a.moment("since", since); err != nil {
		return w, err
	}
	if w.until, err = a.moment("until", until); err != nil {
		return w, err
	}
	if !w.until.IsZero() && !w.since.Before(w.until) {
		return w, fail(exitUsage, "usage.bad_value", "--since is not before --until").at("%s, %s", since, until).fix("swap them")
	}
	return w, nil
}

// moment reads a time as people write it: so long ago, a day, or a time of a day, in the zone of --tz.
func (a *app) moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, ok := ago(text); ok {
		return a.now().Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, a.zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fail(exitUsage, "usage.bad_value", "--%s: %q is no time", flag, text).at("in: %s", a.commandPath()).
		fix("write 24h, 7d, 2026-10-09, 2026-10-09T08:00 or RFC 3339")
}

// ago reads a length of time, also in days.
func ago(text string) (time.Duration, bool) {
	if digits, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(digits, 64)
		return time.Duration(n * 24 * float64(time.Hour)), err == nil && n >= 0
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}
