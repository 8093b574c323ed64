package schedule

import (
	"testing"
	"time"
)

// The changes that rules.md of the design measured other crons with, and some that are stranger.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expr, zone, from string
		want             []string // the instant and the name of each run
	}{
		{"30 2 * * *", "America/New_York", "2024-03-09T12:00:00Z", []string{"2024-03-10T07:00:00Z 2024-03-10T03:00", "2024-03-11T06:30:00Z 2024-03-11T02:30"}},
		{"30 1 * * *", "America/New_York", "2024-11-02T12:00:00Z", []string{"2024-11-03T05:30:00Z 2024-11-03T01:30", "2024-11-04T06:30:00Z 2024-11-04T01:30"}},
		{"0 0 * * *", "America/Santiago", "2024-09-07T12:00:00Z", []string{"2024-09-08T04:00:00Z 2024-09-08T01:00", "2024-09-09T03:00:00Z 2024-09-09T00:00"}},
		// Times that meet at the end of the gap are one run; so is one that is due there anyhow.
		{"15,45 2 * * *", "America/New_York", "2024-03-10T05:00:00Z", []string{"2024-03-10T07:00:00Z 2024-03-10T03:00", "2024-03-11T06:15:00Z 2024-03-11T02:15"}},
		{"0 2,3 * * *", "America/New_York", "2024-03-10T05:00:00Z", []string{"2024-03-10T07:00:00Z 2024-03-10T03:00", "2024-03-11T06:00:00Z 2024-03-11T02:00"}},
		// What counts elapsed time goes on through both.
		{"*/30 2 * * *", "America/New_York", "2024-03-10T05:00:00Z", []string{"2024-03-11T06:00:00Z 2024-03-11T02:00"}},
		{"0 * * * *", "America/New_York", "2024-11-03T04:30:00Z", []string{
			"2024-11-03T05:00:00Z 2024-11-03T01:00", "2024-11-03T06:00:00Z 2024-11-03T01:00-05:00", "2024-11-03T07:00:00Z 2024-11-03T02:00"}},
		// Half an hour, and two hours.
		{"45 1 * * *", "Australia/Lord_Howe", "2024-04-06T00:00:00Z", []string{"2024-04-06T14:45:00Z 2024-04-07T01:45", "2024-04-07T15:15:00Z 2024-04-08T01:45"}},
		{"15 2 * * *", "Australia/Lord_Howe", "2024-10-05T00:00:00Z", []string{"2024-10-05T15:30:00Z 2024-10-06T02:30", "2024-10-06T15:15:00Z 2024-10-07T02:15"}},
		{"30 1 * * *", "Antarctica/Troll", "2024-03-30T12:00:00Z", []string{"2024-03-31T01:00:00Z 2024-03-31T03:00", "2024-03-31T23:30:00Z 2024-04-01T01:30"}},
		// A day that an island has not had is no day of a run.
		{"0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", []string{"2011-12-29T22:00:00Z 2011-12-29T12:00", "2011-12-30T22:00:00Z 2011-12-31T12:00"}},
	} {
		tm, err := ParseTiming(c.expr, c.zone, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range c.want {
			s, ok := tm.Next(at)
			if !ok {
				t.Fatalf("%s in %s: nothing after %s", c.expr, c.zone, at)
			}
			got, at = append(got, s.At.Format(time.RFC3339)+" "+s.Name), s.At
		}
		for i := range c.want {
			if got[i] != c.want[i] {
				t.Errorf("%s in %s, run %d: %s, not %s", c.expr, c.zone, i, got[i], c.want[i])
			}
		}
	}
}

// A zone whose clock never changes has one endless period: it is gone through in pieces, which meet.
func TestNoClockChanges(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Asia/Kolkata"} {
		tm, err := ParseTiming("0 0 * * *", zone, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2024, 1, 1, 0, 0, 0, 0, tm.Zone)
		n, last := 0, from
		for s := range tm.Between(from, from.AddDate(5, 0, 0)) {
			if n++; s.At.Sub(last) != 24*time.Hour {
				t.Fatalf("%s: %s after %s", zone, s.At, last)
			}
			last = s.At
		}
		if n != 1827 {
			t.Errorf("%s: %d days in five years", zone, n)
		}
	}
}

// The last day of a leap year far ahead ends, too.
func TestTheLastDayOfALeapYear(t *testing.T) {
	t.Parallel()
	for _, zone := range zones() {
		tm, err := ParseTiming("30 9 * * *", zone, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		from, n, last := time.Date(2039, 12, 31, 23, 0, 0, 0, time.UTC), 0, ""
		for s := range tm.Between(from, from.AddDate(5, 0, 0)) {
			if s.Name <= last {
				t.Fatalf("%s: %s after %s", zone, s.Name, last)
			}
			n, last = n+1, s.Name
		}
		if n < 1826 || n > 1828 {
			t.Errorf("%s: %d runs in five years", zone, n)
		}
	}
}
