package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Anywhere is the country of the rows that hold where a country has none of its own.
const Anywhere = "*"

// Hours is a row of quiet_hours.csv: when promotional messages may arrive, by the clock of whoever gets them.
type Hours struct {
	Country  string // ISO 3166, or [Anywhere]
	State    string // of the US, "" for the whole country
	Days     Days
	Holidays Holidays
	Feast    bool // the row holds on public holidays too, whatever day they fall on
	Known    bool // false: the country has a row because no hours were found

	Open, Close             Clock // from Open until just before Close
	StrictOpen, StrictClose Clock // the narrower where sources differ, else the same

	AlphaSender string // as it stands in the data
	Note        string
	Source      string
	Certainty   string
}

// Between returns the hours that a mode asks for.
func (h *Hours) Between(m Mode) (open, close Clock) {
	if m == Strict {
		return h.StrictOpen, h.StrictClose
	}
	return h.Open, h.Close
}

// Holidays is what a row says of public holidays.
type Holidays string

// What rows say of public holidays.
const (
	HolidaysOpen   Holidays = "open"   // days like any other
	HolidaysClosed Holidays = "closed" // nothing may arrive
	HolidaysOther  Holidays = "other"  // another row of the country holds on them: [Hours.Feast]
)

// Days is a set of weekdays.
type Days uint8

// Has says whether a day is among them.
func (d Days) Has(day time.Weekday) bool { return d&(1<<day) != 0 }

// EveryDay is the whole week.
const EveryDay Days = 1<<7 - 1

// String writes the days as spans: "Mon-Sat", "Sun-Thu".
func (d Days) String() string {
	if d == EveryDay {
		return "every day"
	}
	var spans []string
	for i := range 7 {
		first := time.Weekday(i)
		if !d.Has(first) || d.Has((first+6)%7) {
			continue
		}
		last := first
		for d.Has((last + 1) % 7) {
			last = (last + 1) % 7
		}
		span := first.String()[:3]
		if last != first {
			span += "-" + last.String()[:3]
		}
		spans = append(spans, span)
	}
	return strings.Join(spans, ", ")
}

// Clock is a time of day in minutes since midnight; 1440 is the end of the day.
type Clock int

// String writes it as 08:00.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// HoursOf returns the rows of a country, or of a state of the US without those of the whole country; where there are none,
// or hours are not known, it returns none. A day on which none of a country's rows holds is closed.
func (b *Book) HoursOf(country, state string) []Hours {
	var found []Hours
	for _, h := range b.Hours {
		if h.Country == country && h.State == state && h.Known {
			found = append(found, h)
		}
	}
	return found
}

const hoursColumns = "iso subdivision days start end strict_start strict_end holidays alpha_sender footer_or_label must_start must_hold other source certainty"

func readHours(csv string) ([]Hours, map[string]Label, error) {
	var all []Hours
	labels := map[string]Label{}
	err := eachRow(csv, hoursColumns, func(f []string) error {
		h := Hours{Country: f[0], State: f[1], Known: f[3] != "", AlphaSender: f[8], Note: f[12], Source: f[13], Certainty: f[14]}
		all = append(all, h)
		if f[9] != "" {
			l := Label{Says: f[9], Source: f[13], Certainty: f[14], start: f[10], hold: f[11]}
			if _, err := l.needs("brand"); err != nil {
				return err
			}
			labels[h.Country] = l
		}
		return all[len(all)-1].read(f[2:8])
	})
	return all, labels, err
}

// read reads the columns from days to holidays.
func (h *Hours) read(f []string) (err error) {
	if !h.Known {
		return nil
	}
	days, feast := strings.CutSuffix(f[0], "+holidays")
	if h.Days, err = parseDays(days); err != nil {
		return err
	}
	h.Feast = feast
	for i, to := range []*Clock{&h.Open, &h.Close, &h.StrictOpen, &h.StrictClose} {
		text := f[1+i]
		if i > 1 && text == "" {
			text = f[1+i-2]
		}
		if *to, err = parseClock(text); err != nil {
			return err
		}
	}
	if h.Open >= h.Close || h.StrictOpen < h.Open || h.StrictClose > h.Close || h.StrictOpen >= h.StrictClose {
		return fmt.Errorf("%s-%s, in strict mode %s-%s, are no hours", h.Open, h.Close, h.StrictOpen, h.StrictClose)
	}
	switch f[5] {
	case "allowed":
		h.Holidays = HolidaysOpen
	case "blocked":
		h.Holidays = HolidaysClosed
	case "see next row":
		h.Holidays = HolidaysOther
	default:
		return fmt.Errorf("holidays are %q", f[5])
	}
	return nil
}

func parseDays(text string) (d Days, err error) {
	from, to, span := strings.Cut(text, "-")
	if !span {
		to = from
	}
	first, last := weekday(from), weekday(to)
	if first < 0 || last < 0 {
		return 0, fmt.Errorf("days are %q", text)
	}
	for day := first; ; day = (day + 1) % 7 {
		d |= 1 << day
		if day == last {
			return d, nil
		}
	}
}

func weekday(short string) time.Weekday {
	for i := range 7 {
		if day := time.Weekday(i); day.String()[:2] == short {
			return day
		}
	}
	return -1
}

func parseClock(text string) (Clock, error) {
	h, m, ok := strings.Cut(text, ":")
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hours < 0 || minutes < 0 || minutes > 59 || hours*60+minutes > 24*60 {
		return 0, fmt.Errorf("%q is no time of day", text)
	}
	return Clock(hours*60 + minutes), nil
}
