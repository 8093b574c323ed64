package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// money is an amount with its currency. For people it is "EUR 1,100.00", in JSON {"amount":"1100.00","currency":"EUR"}.
type money struct {
	Amount   carriers.Price
	Currency string
}

func (m money) String() string {
	amount := m.Amount.String()
	whole, decimals, _ := strings.Cut(amount, ".")
	text := groupDigits(whole)
	if decimals != "" {
		text += "." + decimals
	}
	return m.Currency + " " + text
}

// MarshalJSON writes the amount as a decimal string: a float would round it.
func (m money) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"amount":%q,"currency":%q}`, m.Amount, m.Currency), nil
}

// share is a part of a whole; without a whole it is unknown, never 0 or 100 %.
type share struct{ Num, Den int64 }

func (s share) String() string {
	if s.Den == 0 {
		return "--"
	}
	return strconv.FormatFloat(100*float64(s.Num)/float64(s.Den), 'f', 1, 64) + " %"
}

// MarshalJSON writes {"value":0.97,"num":97,"den":100}, with a null value when den is 0.
func (s share) MarshalJSON() ([]byte, error) {
	value := "null"
	if s.Den != 0 {
		value = strconv.FormatFloat(float64(s.Num)/float64(s.Den), 'g', 6, 64)
	}
	return fmt.Appendf(nil, `{"value":%s,"num":%d,"den":%d}`, value, s.Num, s.Den), nil
}

// count is a number for people: 24,000.
func count(n int64) string { return groupDigits(strconv.FormatInt(n, 10)) }

func groupDigits(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// shortDuration is a duration for people, two units at most: 350ms, 3.6s, 6m11s, 2h05m, 3d04h.
func shortDuration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + shortDuration(-d)
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	case d < time.Minute-50*time.Millisecond:
		s := math.Round(d.Seconds()*10) / 10
		return strconv.FormatFloat(s, 'f', -1, 64) + "s"
	}
	d = d.Round(time.Second)
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// localTime is a time for people, in the zone of --tz and with its name.
func (a *app) localTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(a.zone).Format("2006-01-02 15:04:05 MST")
}

// utcTime is a time for machines.
func utcTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeFormat)
}
