package windows

import (
	"fmt"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign/rules"
)

// day is the length of a day in minutes, as a clock on the wall counts it.
const day = 24 * 60

// span is a part of a day in minutes since midnight; to is above 24 hours if it lasts into the next day.
type span struct{ from, to int }

// hours is a week by a clock on the wall.
type hours struct {
	days     [7][]span
	feast    []span                                         // on public holidays, if holidays tell them apart
	holidays func(year int, month time.Month, day int) bool // nil: days like any other
}

// Window is a time of day that a person has chosen, every day.
type Window struct{ From, To rules.Clock } // To is above 24 hours if it lasts past midnight

// ParseWindow reads 08:00-21:00. A window that ends before it begins lasts past midnight.
func ParseWindow(s string) (Window, error) {
	from, to, ok := strings.Cut(strings.TrimSpace(s), "-")
	a, err1 := clock(strings.TrimSpace(from))
	b, err2 := clock(strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil || a == b || a == day {
		return Window{}, fmt.Errorf("%q is no window: write its beginning and its end by a 24-hour clock, like 08:00-21:00", s)
	}
	if b < a {
		b += day
	}
	return Window{a, b}, nil
}

// clock reads 08:00; 24:00 is the end of the day.
func clock(s string) (rules.Clock, error) {
	if s == "24:00" {
		return day, nil
	}
	t, err := time.Parse("15:04", s)
	return rules.Clock(t.Hour()*60 + t.Minute()), err
}

// String writes the window as it is read.
func (w Window) String() string { return w.From.String() + "-" + w.end().String() }

func (w Window) end() rules.Clock {
	if w.To > day {
		return w.To - day
	}
	return w.To
}

// daily is the same window every day; nil when it is always open.
func daily(w Window) *hours {
	if w.From == 0 && w.To >= day {
		return nil
	}
	h := &hours{}
	for i := range h.days {
		h.days[i] = []span{{int(w.From), int(w.To)}}
	}
	return h
}

// official makes hours of a country's or a state's rows; nil when they are always open.
func official(rows []rules.Hours, m rules.Mode, holidays func(int, time.Month, int) bool) *hours {
	h := &hours{}
	special := false
	for i := range rows {
		from, to := rows[i].Between(m)
		s := span{int(from), int(to)}
		for d := range h.days {
			if rows[i].Days.Has(time.Weekday(d)) {
				h.days[d] = append(h.days[d], s)
			}
		}
		if rows[i].Feast {
			h.feast = append(h.feast, s)
		}
		special = special || rows[i].Holidays != rules.HolidaysOpen
	}
	if special {
		h.holidays = holidays
	}
	for _, spans := range h.days {
		if h.holidays != nil || len(spans) != 1 || spans[0].from > 0 || spans[0].to < day {
			return h
		}
	}
	return nil
}

// narrowed ends every span earlier by margin, or by a quarter of the span if that is less: whatever is begun in it has time
// to arrive in it.
func (h *hours) narrowed(margin time.Duration) *hours {
	out := &hours{holidays: h.holidays, feast: cut(h.feast, margin)}
	for d := range h.days {
		out.days[d] = cut(h.days[d], margin)
	}
	return out
}

func cut(spans []span, margin time.Duration) []span {
	out := make([]span, len(spans))
	for i, s := range spans {
		out[i] = span{s.from, s.to - min(int(margin/time.Minute), (s.to-s.from)/4)}
	}
	return out
}

// of returns the spans that begin on a date.
func (h *hours) of(t time.Time) []span {
	if h.holidays != nil && h.holidays(t.Date()) {
		return h.feast
	}
	return h.days[t.Weekday()]
}

// at says whether the hours are open at t, which is in their zone, and until when that surely holds. It is exact across
// changes of the clocks: between two of them the clock on the wall runs like any other.
func (h *hours) at(t time.Time) (open bool, until time.Time) {
	midnight := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second +
		time.Duration(t.Nanosecond())
	next := day
	yesterday := time.Date(t.Year(), t.Month(), t.Day()-1, 12, 0, 0, 0, time.UTC) // only its date counts
	look := func(spans []span, shift int) {
		for _, s := range spans {
			from, to := time.Duration(s.from-shift)*time.Minute, time.Duration(s.to-shift)*time.Minute
			switch {
			case from <= midnight && midnight < to:
				if !open {
					open, next = true, day
				}
				next = min(next, s.to-shift)
			case !open && from > midnight:
				next = min(next, s.from-shift)
			}
		}
	}
	look(h.of(yesterday), day)
	look(h.of(t), 0)
	until = t.Add(time.Duration(next)*time.Minute - midnight)
	if _, change := t.ZoneBounds(); !change.IsZero() && change.Before(until) {
		until = change
	}
	return open, until
}
