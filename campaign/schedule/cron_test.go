package schedule

import (
	"strings"
	"testing"
	"time"
)

func TestParseCron(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{
		{"@daily", "0 0 * * *"}, {"@Weekly", "0 0 * * 7"}, {"0 9 * * MON-FRI", "0 9 * * 1-5"}, {"0 9 * * fri-sun", "0 9 * * 0,5,6"},
		{"0 22-2 * * *", "0 0,1,2,22,23 * * *"}, {" 5/15  *\t* * * ", "5,20,35,50 * * * *"}, {"0 0 * JAN,dec *", "0 0 * 1,12 *"},
	} {
		a, err := ParseCron(same[0])
		if err != nil {
			t.Fatal(err)
		}
		b, err := ParseCron(same[1])
		if err != nil {
			t.Fatal(err)
		}
		star := uint64(1) << 63
		for _, bits := range [][2]uint64{{a.minute, b.minute}, {a.hour, b.hour}, {a.dom, b.dom}, {a.month, b.month}, {a.dow, b.dow}} {
			if bits[0]&^star != bits[1]&^star {
				t.Errorf("%s is not %s: %b, %b", same[0], same[1], bits[0], bits[1])
			}
		}
	}
	for text, complaint := range map[string]string{
		"": "0 fields", "* * * *": "4 fields", "* * * * * *": "6 fields", "60 * * * *": "above maximum", "* 24 * * *": "above maximum",
		"* * 0 * *": "below minimum", "* * * 13 *": "above maximum", "* * * * 8": "above maximum", "*/0 * * * *": "positive", "a * * * *": "no minute",
		"1,,2 * * * *": "no minute", ", * * * *": "no minute", "? * * * *": "no minute", "-1 * * * *": "no minute", "* * L * *": "no day of month", "* * 15W * *": "no day of month", "* * * * MOO": "parse",
		"* * * * MON#1": "no day of week", "@every 5m": "none of @hourly", "@reboot": "none of", "TZ=UTC * * * * *": "6 fields",
		"CRON_TZ=UTC * * * *": "no minute", "* 22-2/2 * * *": "over the end", "1-2-3 * * * *": "no minute", "1/2/3 * * * *": "no minute",
	} {
		if _, err := ParseCron(text); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%q: %v, not %q", text, err, complaint)
		}
	}
	now := time.Date(2026, 10, 9, 0, 0, 0, 0, time.UTC)
	for _, bad := range [][2]string{{"0 9 31 2 *", "UTC"}, {"0 9 30 FEB *", "UTC"}, {"0 9 * * *", ""}, {"0 9 * * *", "Local"}, {"0 9 * * *", "Europe/Londn"}} {
		if _, err := ParseTiming(bad[0], bad[1], now); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	tm, err := ParseTiming("0 9 29 2 *", "UTC", now)
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := tm.Next(now); s.Name != "2028-02-29T09:00" {
		t.Errorf("%+v", s)
	}
}

// Whatever is taken for an expression has runs that can be counted, and is taken again as it prints itself.
func FuzzParseCron(f *testing.F) {
	for _, text := range []string{"0 9 * * MON", "*/15 0-6/2 1,15 JAN-MAR 0-7", "@monthly", "22-2 5 * * fri-mon", "TZ=UTC 1 2 3 4 5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCron(text)
		if err != nil {
			return
		}
		if again, err := ParseCron(c.String()); err != nil || again != c {
			t.Fatalf("%q prints itself as %q: %v", text, c, err)
		}
		from := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
		n, last := 0, from
		for s := range (Timing{c, time.UTC}).Between(from, from.AddDate(0, 0, 3)) {
			if n++; !s.At.After(last) || s.At.Second() != 0 || n > 3*1440+1 {
				t.Fatalf("%q: run %d at %s after %s", text, n, s.At, last)
			}
			last = s.At
		}
	})
}
