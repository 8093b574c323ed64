package schedule

import (
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	cron "github.com/netresearch/go-cron"
)

// Cron is a cron expression of five fields, without a zone.
type Cron struct {
	text                          string
	minute, hour, dom, month, dow uint64 // a bit a value
	eitherDay                     bool   // day of month and day of week are both given: one of them is enough
	fixed                         bool   // it names times of the day; else it counts elapsed time
}

// names are the expressions that have one.
func names() map[string]string {
	return map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
		"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}
}

// shape is what a field may look like, with numbers or with names too: what the library forgives besides (an empty part of a
// list, a question mark, a zone in front) is refused here, and by its name.
func shape(word string) string {
	part := `(?:[*]|` + word + `(?:-` + word + `)?)(?:/[0-9]+)?`
	return `^` + part + `(?:,` + part + `)*$`
}

var (
	numbers = regexp.MustCompile(shape(`[0-9]+`))
	words   = regexp.MustCompile(shape(`(?:[0-9]+|[A-Za-z]{3})`))
)

// ParseCron reads five fields or an @name.
func ParseCron(text string) (Cron, error) {
	text = strings.Join(strings.Fields(text), " ")
	c := Cron{text: text}
	expr := text
	if strings.HasPrefix(text, "@") {
		var known bool
		if expr, known = names()[strings.ToLower(text)]; !known {
			return c, fmt.Errorf("%q is none of @hourly, @daily, @weekly, @monthly, @yearly", text)
		}
	}
	fields := strings.Fields(expr)
	if len(fields) != 5 {
		return c, fmt.Errorf("%q has %d fields, not five: minute, hour, day of month, month, day of week", text, len(fields))
	}
	for i, name := range []string{"minute", "hour", "day of month", "month", "day of week"} {
		wanted := numbers
		if i >= 3 {
			wanted = words
		}
		if !wanted.MatchString(fields[i]) {
			return c, fmt.Errorf("%q is no %s: use numbers, names like MON, ranges like 9-17, lists like 1,15, steps like */10", fields[i], name)
		}
	}
	if part := steppedAround(fields); part != "" {
		return c, fmt.Errorf("%q counts its steps over the end: write the values as a list", part)
	}
	parser, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	if err != nil {
		return c, err
	}
	parsed, err := parser.Parse(expr)
	if err != nil {
		return c, fmt.Errorf("%q: %w", text, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return c, fmt.Errorf("%q is no expression of five fields", text)
	}
	c.minute, c.hour, c.dom, c.month, c.dow = spec.Minute, spec.Hour, spec.Dom, spec.Month, spec.Dow
	c.eitherDay = fields[2] != "*" && fields[4] != "*"
	c.fixed = !strings.ContainsAny(fields[0]+fields[1], "*/")
	return c, nil
}

// String is the expression as it was given.
func (c Cron) String() string { return c.text }

// has says whether a set holds a value.
func has(set uint64, v int) bool { return set>>uint(v)&1 == 1 }

// onDay says whether the expression holds on the day of a wall clock.
func (c Cron) onDay(wall time.Time) bool {
	if !has(c.month, int(wall.Month())) {
		return false
	}
	dom, dow := has(c.dom, wall.Day()), has(c.dow, int(wall.Weekday()))
	if c.eitherDay {
		return dom || dow
	}
	return dom && dow
}

// walls are the times of the wall clock at which the expression holds, from one to before another. A wall clock is
// written as a time in UTC: every day of it has 24 hours.
func (c Cron) walls(from, to time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for day := from.Truncate(24 * time.Hour); day.Before(to); day = day.AddDate(0, 0, 1) {
			if !c.onDay(day) {
				continue
			}
			for h := range 24 {
				for m := 0; has(c.hour, h) && m < 60; m++ {
					if !has(c.minute, m) {
						continue
					}
					wall := day.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
					if !wall.Before(from) && wall.Before(to) && !yield(wall) {
						return
					}
				}
			}
		}
	}
}

// steppedAround finds a range that goes over the end, like 22-2, and has a step: what the step counts there differs from
// one cron to the next.
func steppedAround(fields []string) string {
	for _, f := range fields {
		for part := range strings.SplitSeq(f, ",") {
			bounds, _, stepped := strings.Cut(part, "/")
			from, to, ranged := strings.Cut(bounds, "-")
			if stepped && ranged && value(from) > value(to) {
				return part
			}
		}
	}
	return ""
}

// value is a number, or the place of a month's or day's name among its kind.
func value(word string) int {
	if n, err := strconv.Atoi(word); err == nil {
		return n
	}
	if i := strings.Index("sunmontuewedthufrisat", strings.ToLower(word)); i >= 0 {
		return i / 3
	}
	return strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(word)) / 3
}
