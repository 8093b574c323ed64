package windows

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"

	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/carriers/phone"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, s, name string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", s, zone(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func gates(t testing.TB, o Options) *Gates {
	t.Helper()
	if o.Mode.On() && o.Book == nil {
		o.Book = rules.Shipped()
	}
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func window(t testing.TB, s string) *Window {
	t.Helper()
	w, err := ParseWindow(s)
	if err != nil {
		t.Fatal(err)
	}
	return &w
}

// people are numbers of places that are difficult, each in its own way.
var people = []struct{ number, country string }{
	{"+447912345678", "GB"}, {"+33612345678", "FR"}, {"+61412345678", "AU"}, {"+14165550123", "CA"}, {"+12125550123", "US"},
	{"+18505550123", "US"}, {"+15045550123", "US"}, {"+12145550123", "US"}, {"+79021234567", "RU"}, {"+27821234567", "ZA"},
	{"+919812345678", "IN"}, {"+34612345678", "ES"}, {"+5511961234567", "BR"}, {"+97433123456", "QA"}, {"+50499123456", "HN"},
	{"+525512345678", "MX"}, {"+905012345678", "TR"}, {"+56961234567", "CL"}, {"+97333123456", "BH"}, {"+353850123456", "IE"},
}

// allowed says by the rows alone, minute by minute, whether a promotional message may be with somebody at t: it shares no
// code with the gates but the data.
func allowed(book *rules.Book, m rules.Mode, country, state string, zones []*time.Location, w *Window, t time.Time) bool {
	for _, z := range zones {
		local := t.In(z)
		minute := rules.Clock(local.Hour()*60 + local.Minute())
		if w != nil && (minute < w.From || minute >= w.To) && minute+day >= w.To {
			return false
		}
		rows := book.HoursOf(country, "")
		if len(rows) == 0 {
			rows = book.HoursOf("*", "")
		}
		for _, set := range [][]rules.Hours{rows, book.HoursOf(country, state)} {
			if m.On() && len(set) > 0 && !anyRow(set, m, local, minute) {
				return false
			}
		}
	}
	return true
}

func anyRow(rows []rules.Hours, m rules.Mode, local time.Time, minute rules.Clock) bool {
	holiday := slices.ContainsFunc(rows, func(h rules.Hours) bool { return h.Holidays != rules.HolidaysOpen }) && feast(rows[0].Country, local)
	for i := range rows {
		from, to := rows[i].Between(m)
		if minute < from || minute >= to || holiday && rows[i].Holidays != rules.HolidaysOpen {
			continue
		}
		if rows[i].Days.Has(local.Weekday()) {
			return true
		}
	}
	return false
}

func feast(country string, local time.Time) bool {
	known := map[string][]*cal.Holiday{"FR": fr.Holidays, "US": us.Holidays, "ZA": za.Holidays}[country]
	a, b, _ := (&cal.Calendar{Holidays: known}).IsHoliday(time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC))
	return a || b
}

// At any instant of three years a gate is open exactly when the window and the rules say so in every zone in which the number
// may be; what is begun while it is open may arrive until it says; and what it calls the next opening is the first.
func TestGatesAgainstTheRules(t *testing.T) {
	t.Parallel()
	book := rules.Shipped()
	random := rand.New(rand.NewPCG(6, 2))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, mode := range []rules.Mode{rules.Off, rules.Provider, rules.Strict} {
		for _, w := range []*Window{nil, window(t, "09:30-17:00"), window(t, "20:00-02:00")} {
			if w == nil && !mode.On() {
				continue
			}
			g := gates(t, Options{Window: w, Zone: Recipient, Mode: mode, Book: book, Margin: 10 * time.Minute})
			for _, who := range people {
				gate, err := g.Of(who.number, who.country, "")
				if err != nil {
					t.Fatal(err)
				}
				place := phone.PlaceOf(who.number, who.country)
				var zones []*time.Location
				for _, name := range place.Zones {
					zones = append(zones, zone(t, name))
				}
				for range 2 {
					moment := start.Add(time.Duration(random.Int64N(int64(3 * 365 * 24 * time.Hour))))
					check(t, gate, moment, func(at time.Time) bool { return allowed(book, mode, who.country, place.State, zones, w, at) })
				}
			}
		}
	}
}

func check(t *testing.T, g *Gate, moment time.Time, allowed func(time.Time) bool) {
	t.Helper()
	arrives := true
	if g != nil {
		arrives, _ = g.arrive.at(moment)
	}
	if want := allowed(moment); arrives != want {
		t.Fatalf("%s at %s: %v, want %v", g.Why(), moment, arrives, want)
	}
	open, ends := g.Open(moment)
	if open {
		for after := moment; after.Before(ends) && after.Sub(moment) < 20*time.Hour; after = after.Add(67 * time.Minute) {
			if !allowed(after) {
				t.Fatalf("%s: open at %s until %s, but not at %s", g.Why(), moment, ends, after)
			}
		}
		if !ends.IsZero() && (allowed(ends) || !allowed(ends.Add(-time.Millisecond))) {
			t.Fatalf("%s: open at %s, but %s is not its end", g.Why(), moment, ends)
		}
	}
	next, ok := g.Next(moment)
	if open != next.Equal(moment) {
		t.Fatalf("%s at %s: open %v, next %s", g.Why(), moment, open, next)
	}
	if !ok {
		next = moment.Add(horizon)
	} else if is, _ := g.Open(next); !is {
		t.Fatalf("%s: not open at %s, its next opening after %s", g.Why(), next, moment)
	}
	for before := moment; before.Before(next) && !open; before = before.Add(97 * time.Minute) {
		if is, _ := (&Gate{begin: g.begin, arrive: g.arrive}).Open(before); is {
			t.Fatalf("%s: open at %s, before its next opening %s after %s", g.Why(), before, next, moment)
		}
	}
}

func TestOpenings(t *testing.T) {
	t.Parallel()
	all := gates(t, Options{Mode: rules.Provider, Margin: DefaultMargin})
	for _, c := range []struct {
		number, country, zone string
		from, want            string // by the clock of where
		where                 string
	}{
		{"+447912345678", "GB", "", "2026-11-28 23:00", "2026-11-29 08:00", "Europe/London"},
		{"+447912345678", "GB", "", "2026-11-28 20:49", "2026-11-28 20:49", "Europe/London"},
		{"+447912345678", "GB", "", "2026-11-28 20:50", "2026-11-29 08:00", "Europe/London"}, // the margin
		{"+33612345678", "FR", "", "2026-11-28 21:55", "2026-11-30 08:00", "Europe/Paris"},   // no Sundays
		{"+33612345678", "FR", "", "2026-07-13 22:00", "2026-07-15 08:00", "Europe/Paris"},   // nor 14 July
		{"+27821234567", "ZA", "", "2026-08-07 20:00", "2026-08-08 09:00", "Africa/Johannesburg"},
		{"+27821234567", "ZA", "", "2026-08-08 13:00", "2026-08-11 08:00", "Africa/Johannesburg"}, // 9 August is Sunday, kept on Monday
		{"+61412345678", "AU", "", "2026-07-01 08:00", "2026-07-01 10:00", "Australia/Sydney"},    // 08:00 in Perth
		{"+61412345678", "AU", "Australia/Sydney", "2026-07-01 08:00", "2026-07-01 08:00", "Australia/Sydney"},
		{"+18505550123", "US", "", "2026-07-01 08:30", "2026-07-01 09:00", "America/New_York"},                       // Pensacola is an hour behind
		{"+15045550123", "US", "", "2026-07-03 09:00", "2026-07-06 08:00", "America/Chicago"},                        // 4 July is kept on the 3rd, then Sunday
		{"+12145550123", "US", "America/Los_Angeles", "2026-07-05 08:00", "2026-07-05 12:00", "America/Los_Angeles"}, // a Sunday in Texas, whoever moved
		{"+97433123456", "QA", "", "2026-11-27 08:00", "2026-11-28 07:00", "Asia/Qatar"},                             // no Fridays
		{"+905012345678", "TR", "", "2026-11-28 20:30", "2026-11-29 08:00", "Europe/Istanbul"},                       // no hours known: everybody's
	} {
		gate, err := all.Of(c.number, c.country, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		next, ok := gate.Next(at(t, c.from, c.where))
		if got := next.In(zone(t, c.where)).Format("2006-01-02 15:04"); !ok || got != c.want {
			t.Errorf("%s from %s: %s, want %s (%s)", c.number, c.from, got, c.want, gate.Why())
		}
	}
}

// In no zone of Russia's eleven is a window open that is open in all the others; the hours of a country are.
func TestNoCommonOpening(t *testing.T) {
	t.Parallel()
	g := gates(t, Options{Window: window(t, "09:00-12:00"), Zone: Recipient, Margin: DefaultMargin})
	gate, err := g.Of("+79021234567", "RU", "")
	if err != nil {
		t.Fatal(err)
	}
	if next, ok := gate.Next(at(t, "2026-11-28 10:00", "UTC")); ok {
		t.Errorf("open at %s: %s", next, gate.Why())
	}
	if gate, err = g.Of("+79021234567", "RU", "Asia/Omsk"); err != nil {
		t.Fatal(err)
	}
	if _, ok := gate.Next(at(t, "2026-11-28 10:00", "UTC")); !ok {
		t.Error("its owner's zone is known, and yet there is no opening")
	}
	if _, err := g.Of("+18005550123", "US", ""); !errors.Is(err, ErrNoZone) {
		t.Errorf("a number of no place: %v", err)
	}
}

// Over the day on which the clocks are put forward the window is an hour shorter, and where they are put back an hour longer.
func TestChangesOfTheClocks(t *testing.T) {
	t.Parallel()
	g := gates(t, Options{Window: window(t, "00:30-04:30"), Zone: "Europe/London"})
	gate, err := g.Of("+4915123456789", "DE", "")
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]time.Duration{"2026-03-29 00:00": 3 * time.Hour, "2026-10-25 00:00": 5 * time.Hour, "2026-06-01 00:00": 4 * time.Hour} {
		start := at(t, from, "Europe/London")
		if got := gate.OpenFor(start, start.Add(12*time.Hour)); got != want {
			t.Errorf("open for %s on %s, want %s", got, from, want)
		}
	}
}

// Pacing counts open time only.
func TestAfter(t *testing.T) {
	t.Parallel()
	g := gates(t, Options{Window: window(t, "08:00-10:00"), Zone: "UTC"})
	gate, err := g.Of("+447912345678", "GB", "")
	if err != nil {
		t.Fatal(err)
	}
	start := at(t, "2026-11-28 09:00", "UTC")
	for d, want := range map[time.Duration]string{0: "28 09:00", 30 * time.Minute: "28 09:30", time.Hour: "29 08:00", 4 * time.Hour: "30 09:00"} {
		if got, ok := gate.After(start, d); !ok || got.Format("02 15:04") != want {
			t.Errorf("%s after %s: %s", d, start, got)
		}
	}
	if _, ok := gate.After(start, 100*time.Hour); ok {
		t.Error("a hundred hours of a window of two hours a day are more than the horizon holds")
	}
	var always *Gate
	if got, ok := always.After(start, time.Hour); !ok || !got.Equal(start.Add(time.Hour)) {
		t.Errorf("without a window: %s", got)
	}
}

// Numbers of one place share their gate, and nothing is looked up where it does not matter.
func TestGatesAreShared(t *testing.T) {
	t.Parallel()
	g := gates(t, Options{Window: window(t, "08:00-20:00"), Zone: Recipient})
	a, err1 := g.Of("+447912345678", "GB", "")
	b, err2 := g.Of("+447700900123", "GB", "")
	if a != b || a == nil || errors.Join(err1, err2) != nil {
		t.Errorf("two gates of Britain: %v, %v", err1, err2)
	}
	fixed := gates(t, Options{Window: window(t, "08:00-20:00"), Zone: "Europe/Paris"})
	if _, err := fixed.Of("+18005550123", "US", ""); err != nil || len(fixed.places) != 1 {
		t.Errorf("a window with a zone of its own asks where people are: %v", err)
	}
	if g := gates(t, Options{Window: window(t, "00:00-24:00"), Zone: Recipient}); g != nil {
		t.Error("a window of a whole day is one")
	}
	if gate, err := (*Gates)(nil).Of("+447912345678", "GB", ""); gate != nil || err != nil {
		t.Errorf("no gates: %v, %v", gate, err)
	}
}

func TestParseWindow(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"08:00-21:00": "08:00-21:00", " 20:00 - 02:30 ": "20:00-02:30", "00:00-24:00": "00:00-24:00"} {
		if w, err := ParseWindow(s); err != nil || w.String() != want {
			t.Errorf("%q: %s, %v", s, w, err)
		}
	}
	for _, s := range []string{"", "8-21", "08:00", "08:00-08:00", "25:00-26:00", "24:00-01:00", "08:00-21:60", "08:00–21:00"} {
		if _, err := ParseWindow(s); err == nil || !strings.Contains(err.Error(), "08:00-21:00") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestWall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		local, zone, want string
		err               error
	}{
		{"2026-07-01 09:00", "Europe/London", "2026-07-01T08:00:00Z", nil},
		{"2026-03-08T02:30", "America/New_York", "", ErrGap},
		{"2026-11-01T01:30", "America/New_York", "", ErrFold},
		{"2026-11-01T02:30", "America/New_York", "2026-11-01T07:30:00Z", nil},
		{"2024-09-08 00:00", "America/Santiago", "", ErrGap},
		{"2011-12-30 12:00", "Pacific/Apia", "", ErrGap}, // a day that was left out
		{"2026-11-01 12:00:30", "UTC", "2026-11-01T12:00:30Z", nil},
	} {
		w, err := ParseWall(c.local)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.In(zone(t, c.zone))
		if !errors.Is(err, c.err) || err == nil && got.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%s in %s: %s, %v", c.local, c.zone, got, err)
		}
	}
	if _, err := ParseWall("tomorrow"); err == nil {
		t.Error("tomorrow is a time")
	}
	w, _ := ParseWall("2026-07-01 09:00")
	if last, err := w.Last([]*time.Location{zone(t, "Australia/Sydney"), zone(t, "Australia/Perth")}); err != nil || last.UTC().Hour() != 1 {
		t.Errorf("nine o'clock has come in all of Australia at %s, %v", last, err)
	}
}

func TestHolidays(t *testing.T) {
	t.Parallel()
	own, err := ReadHolidays(strings.NewReader("country,date,name\nJO,2026-11-29,Test day\n"))
	if err != nil {
		t.Fatal(err)
	}
	g := gates(t, Options{Mode: rules.Provider, Holidays: own})
	gate, err := g.Of("+962791234567", "JO", "")
	if err != nil {
		t.Fatal(err)
	}
	if next, ok := gate.Next(at(t, "2026-11-28 22:00", "Asia/Amman")); !ok || next.In(zone(t, "Asia/Amman")).Day() != 30 {
		t.Errorf("a holiday of the file: open on %s", next)
	}
	if got := strings.Join(g.Uncharted([]string{"EG", "FR", "GB", "JO", "QA"}), " "); got != "EG QA" {
		t.Errorf("holidays are not known of %s", got)
	}
	for text, want := range map[string]string{"JO": "line 1", "country,date\nJO,20 March": "line 2", "Jordan,2026-03-20": "line 1"} {
		if _, err := ReadHolidays(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	g := gates(b, Options{Mode: rules.Provider, Margin: DefaultMargin})
	now := at(b, "2026-11-30 12:00", "UTC")
	for b.Loop() {
		gate, err := g.Of("+12125550123", "US", "")
		if err != nil {
			b.Fatal(err)
		}
		gate.Open(now)
	}
}
