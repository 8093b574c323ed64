package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// zones have changes of an hour, of half an hour, of two, at midnight, on a Friday, and none.
func zones() []string {
	return []string{
		"America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Tehran", "Antarctica/Troll",
		"Pacific/Apia", "Asia/Kolkata", "Africa/Casablanca", "Pacific/Chatham", "UTC",
	}
}

func anyField(t *rapid.T, name string, low, high int) string {
	one := func(label string) string { return fmt.Sprint(rapid.IntRange(low, high).Draw(t, label)) }
	switch rapid.IntRange(0, 4).Draw(t, name+" kind") {
	case 0:
		return "*"
	case 1:
		return "*/" + fmt.Sprint(rapid.IntRange(2, max(2, (high-low)/2)).Draw(t, name+" step"))
	case 2:
		a, b := rapid.IntRange(low, high).Draw(t, name+" from"), rapid.IntRange(low, high).Draw(t, name+" to")
		return fmt.Sprintf("%d-%d", min(a, b), max(a, b))
	case 3:
		return one(name+" a") + "," + one(name+" b")
	}
	return one(name)
}

func anyTiming(t *rapid.T) Timing {
	fields := []string{anyField(t, "minute", 0, 59), anyField(t, "hour", 0, 23), "*", "*", "*"}
	if rapid.Bool().Draw(t, "days") {
		fields[2], fields[4] = anyField(t, "day", 1, 28), anyField(t, "weekday", 0, 7)
	}
	tm, err := ParseTiming(strings.Join(fields, " "), rapid.SampledFrom(zones()).Draw(t, "zone"), time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatalf("%v: %v", fields, err)
	}
	return tm
}

func anyInstant(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1262304000, 2524608000).Draw(t, "at"), 0).UTC() // 2010 to 2050
}

// Slots come in order, each has a name of its own, and asking one by one gives what asking for all gives.
func TestSlotsAreOrderedAndNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tm, from := anyTiming(t), anyInstant(t)
		until := from.Add(time.Duration(rapid.IntRange(1, 24*40).Draw(t, "hours")) * time.Hour)
		names, at, n := map[string]bool{}, from, 0
		for s := range tm.Between(from, until) {
			if !s.At.After(at) || s.At.After(until) {
				t.Fatalf("%s in %s: %s after %s", tm, tm.Zone, s.At, at)
			}
			if names[s.Name] {
				t.Fatalf("%s in %s: two slots are named %s", tm, tm.Zone, s.Name)
			}
			if n < 50 {
				if next, ok := tm.Next(at); !ok || next != s {
					t.Fatalf("%s in %s: after %s comes %v, Between says %v", tm, tm.Zone, at, next, s)
				}
			}
			names[s.Name], at = true, s.At
			if n++; n > 2000 {
				return
			}
		}
	})
}

// A cut anywhere changes nothing: what comes before and after it is what comes at all. Looks at the clock are such cuts.
func TestSlotsDoNotDependOnWhenItIsLooked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tm, from := anyTiming(t), anyInstant(t)
		until := from.Add(72 * time.Hour)
		cut := from.Add(time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(t, "cut")))
		var whole, parts []string
		for s := range tm.Between(from, until) {
			whole = append(whole, s.Name)
		}
		for _, part := range [][2]time.Time{{from, cut}, {cut, until}} {
			for s := range tm.Between(part[0], part[1]) {
				parts = append(parts, s.Name)
			}
		}
		if strings.Join(whole, " ") != strings.Join(parts, " ") {
			t.Fatalf("%s in %s, cut at %s:\n%v\n%v", tm, tm.Zone, cut, whole, parts)
		}
	})
}

// An expression of times of the day has each of its days: as many runs as the day has of its times, or one less for each that
// the clocks leave out and that meets another, and never none.
func TestFixedTimesRunEveryDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
		zone := rapid.SampledFrom(zones()).Draw(t, "zone")
		tm, err := ParseTiming(fmt.Sprintf("%d %d * * *", minute, hour), zone, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		day := anyInstant(t).In(tm.Zone)
		from := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, tm.Zone)
		days := map[string]int{}
		for s := range tm.Between(from, from.AddDate(0, 0, 40)) {
			days[s.Name[:10]]++
		}
		for i := 1; i < 40; i++ {
			d := from.AddDate(0, 0, i)
			if name := d.Format("2006-01-02"); days[name] != 1 && !(zone == "Pacific/Apia" && name == "2011-12-30") {
				t.Fatalf("%s in %s: %d runs on %s", tm, zone, days[name], name)
			}
		}
	})
}

// Whatever clock and looks there are, every slot has one verdict, and at most one of a look is run.
func TestEverySlotHasOneVerdict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tm, from := anyTiming(t), anyInstant(t)
		s := &Schedule{
			Expr: tm.String(), Zone: tm.Zone.String(), Considered: from, Grace: time.Duration(rapid.IntRange(1, 300).Draw(t, "grace")) * time.Minute,
			Overlap: rapid.SampledFrom([]Overlap{OverlapSkip, OverlapQueue}).Draw(t, "overlap"),
			CatchUp: rapid.SampledFrom([]CatchUp{CatchUpNone, CatchUpOnce}).Draw(t, "catch-up"),
		}
		decided := map[string]int{}
		now := from
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "minutes")) * time.Minute)
			l := Look{Now: now}
			if rapid.Bool().Draw(t, "busy") {
				l.Running = "2020-01-01T00:00"
			}
			run := 0
			for _, v := range s.Decide(tm, l) {
				decided[v.Name] += v.Slots
				switch v.State {
				case Claimed:
					if run++; now.Sub(v.At) > s.Grace || l.Running != "" {
						t.Fatalf("%s is run %s late, the grace is %s, running %q", v.Name, now.Sub(v.At), s.Grace, l.Running)
					}
				case Queued:
					run++
				default:
					if v.Reason == "" {
						t.Fatalf("%s is missed without a reason", v.Name)
					}
				}
			}
			if run > 1 {
				t.Fatalf("%d runs of one look", run)
			}
			s.Considered = now
		}
		all, sum := 0, 0
		for range tm.Between(from, now) {
			all++
		}
		for _, n := range decided {
			sum += n
		}
		if sum != all {
			t.Fatalf("%d slots, %d verdicts", all, sum)
		}
	})
}
