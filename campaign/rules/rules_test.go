package rules

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHours(t *testing.T) {
	t.Parallel()
	b := Shipped()
	if len(b.Hours) < 50 {
		t.Fatalf("%d rows", len(b.Hours))
	}
	for _, h := range b.Hours {
		if h.Source == "" || !strings.ContainsAny(h.Certainty, "ABC") {
			t.Errorf("%s %s has no source or certainty", h.Country, h.State)
		}
		if h.State != "" && h.Country != "US" {
			t.Errorf("%s has states", h.Country)
		}
	}
	for _, c := range []struct {
		country, state string
		rows           int
		day            time.Weekday // of the first row
		on             bool
		open, close    string
		strict         string
		holidays       Holidays
	}{
		{"US", "", 1, time.Sunday, true, "08:00", "21:00", "08:00-21:00", HolidaysOpen},
		{"US", "FL", 1, time.Sunday, true, "08:00", "20:00", "08:00-20:00", HolidaysOpen},
		{"US", "TX", 2, time.Sunday, false, "09:00", "21:00", "09:00-21:00", HolidaysOpen},
		{"US", "AL", 1, time.Sunday, false, "08:00", "20:00", "08:00-20:00", HolidaysClosed},
		{"FR", "", 1, time.Sunday, false, "08:00", "22:00", "08:00-20:00", HolidaysClosed},
		{"AE", "", 1, time.Friday, true, "07:00", "21:00", "09:00-18:00", HolidaysOpen},
		{"ZA", "", 2, time.Saturday, false, "08:00", "20:00", "08:00-20:00", HolidaysClosed},
		{"QA", "", 1, time.Friday, false, "07:00", "21:00", "07:00-21:00", HolidaysClosed},
		{"EG", "", 1, time.Saturday, false, "09:00", "21:00", "09:00-21:00", HolidaysClosed},
		{"BH", "", 1, time.Monday, true, "00:00", "24:00", "00:00-24:00", HolidaysOpen},
		{"MX", "", 2, time.Friday, false, "08:00", "20:00", "08:00-20:00", HolidaysOpen},
		{"HN", "", 2, time.Saturday, false, "07:00", "21:00", "07:00-21:00", HolidaysOther},
		{Anywhere, "", 1, time.Sunday, true, "08:00", "20:00", "08:00-20:00", HolidaysOpen},
	} {
		rows := b.HoursOf(c.country, c.state)
		if len(rows) != c.rows {
			t.Errorf("%s %s: %d rows, want %d", c.country, c.state, len(rows), c.rows)
			continue
		}
		h := rows[0]
		open, close := h.Between(Provider)
		so, sc := h.Between(Strict)
		if h.Days.Has(c.day) != c.on || open.String() != c.open || close.String() != c.close || so.String()+"-"+sc.String() != c.strict || h.Holidays != c.holidays {
			t.Errorf("%s %s: %+v", c.country, c.state, h)
		}
	}
	if rows := b.HoursOf("HN", ""); !rows[1].Feast || rows[0].Feast || !rows[1].Days.Has(time.Sunday) || rows[1].Days.Has(time.Monday) {
		t.Errorf("the holidays of HN: %+v", rows)
	}
	for _, unknown := range []string{"TR", "PL", "DK", ""} {
		if rows := b.HoursOf(unknown, ""); len(rows) != 0 {
			t.Errorf("%s has hours: %+v", unknown, rows)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"Mo-Su": "every day", "Mo-Sa": "Mon-Sat", "Su-Th": "Sun-Thu", "Sa-Th": "Sat-Thu", "Su": "Sun", "Fr-Su": "Fri-Sun"} {
		if d, err := parseDays(text); err != nil || d.String() != want {
			t.Errorf("%s is %s (%v), want %s", text, d, err, want)
		}
	}
}

func TestSenders(t *testing.T) {
	t.Parallel()
	b := Shipped()
	no := strings.Fields(`AR BE BR BS CA CG CL CN CO CR DO EC FM GT GU HU KN KR KY LC LR MC MH MX MY MZ NI NZ PE PR PY SV TM US UY VE VI ZA`)
	registered := strings.Fields(`AE BY EG IN JO KW LK PH QA RU SA TH TR VN`)
	for country, s := range b.senders {
		want := AlphaYes
		switch {
		case slices.Contains(no, country):
			want = AlphaNo
		case slices.Contains(registered, country):
			want = AlphaRegistered
		}
		if s.Alpha != want {
			t.Errorf("%s: %s, want %s", country, s.Alpha, want)
		}
	}
	if s, ok := b.SendersOf("US"); !ok || !s.LongCodes || !s.ShortCodes || !s.TwoWay || s.Name != "United States" || s.Certainty != "B" {
		t.Errorf("US: %+v", s)
	}
	if _, ok := b.SendersOf("XX"); ok {
		t.Error("XX is a country")
	}
}

// What is wrong in the data is named with its line.
func TestBadData(t *testing.T) {
	t.Parallel()
	const head = "iso,subdivision,days,start,end,strict_start,strict_end,holidays,alpha_sender,footer_or_label,must_start,must_hold,other,source,certainty\n"
	for text, want := range map[string]string{
		"": "EOF", "iso\n": "the columns are",
		head + "GB,,Mo-Xx,08:00,21:00,,,allowed,,,,,,s,A\n":        `line 2: days are "Mo-Xx"`,
		head + "GB,,Mo,21:00,08:00,,,allowed,,,,,,s,A\n":           "are no hours",
		head + "GB,,Mo,08:00,21:00,07:00,,allowed,,,,,,s,A\n":      "are no hours",
		head + "GB,,Mo,8,21:00,,,allowed,,,,,,s,A\n":               `"8" is no time of day`,
		head + "GB,,Mo,08:00,24:01,,,allowed,,,,,,s,A\n":           `"24:01" is no time of day`,
		head + "GB,,Mo,08:00,21:00,,,perhaps,,,,,,s,A\n":           `holidays are "perhaps"`,
		head + "GB,,Mo,08:00,21:00,,,allowed,,,,,,s,A\nGB,short\n": "line 3",
		head + "GB,,Mo,08:00,21:00,,,allowed,,x,(,,,s,A\n":         "missing closing )",
	} {
		if _, _, err := readHours(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestMode(t *testing.T) {
	t.Parallel()
	var m Mode
	if m.On() || m.UnmarshalText([]byte("provider")) != nil || !m.On() || m.UnmarshalText([]byte("lax")) == nil {
		t.Error("modes are not read")
	}
}
