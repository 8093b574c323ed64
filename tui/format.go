package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign/report"
)

// count is a number for people: 24,000.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// share is a part of a whole in percent; without a whole it is not known.
func share(num, den int64) string {
	if den == 0 {
		return "--"
	}
	return strconv.FormatFloat(100*float64(num)/float64(den), 'f', 1, 64)
}

func percent(num, den int64) string {
	if den == 0 {
		return "--"
	}
	return share(num, den) + " %"
}

// speed is messages a second, always of about the same width.
func speed(v float64) string {
	if v >= 1000 {
		return count(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// limit is a rate as people write it: 50, 7.5.
func limit(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

// span is a duration in two units at most: 3.6s, 6m11s, 2h05m, 3d04h.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(max(0, d.Milliseconds()), 10) + "ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64) + "s"
	}
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// quantile is a latency, "--" without a sample.
func quantile(ms *float64) string {
	if ms == nil {
		return "--"
	}
	return span(time.Duration(*ms * float64(time.Millisecond)))
}

// amount is money for people, with two decimals at least and no more than it has.
func amount(m report.Money) string {
	whole, decimals, _ := strings.Cut(m.String(), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return m.String()
	}
	for len(decimals) < 2 {
		decimals += "0"
	}
	return count(n) + "." + decimals[:2]
}

// bar is a progress bar of n cells.
func bar(num, den int64, n int) string {
	full := 0
	if den > 0 {
		full = int(float64(n) * float64(num) / float64(den))
	}
	full = min(max(full, 0), max(n, 0))
	return strings.Repeat("█", full) + strings.Repeat("░", max(0, n-full))
}

// gauge is a bar that only shows how long it is.
func gauge(n, most int64, room int) string {
	if most <= 0 || n <= 0 {
		return ""
	}
	return strings.Repeat("█", max(1, int(float64(room)*float64(n)/float64(most))))
}

// spark draws the last samples as block heights, never as dots: those are characters on a Braille display.
func spark(samples []float64, n int, top float64) string {
	heights := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for i := range n {
		from, to := i*len(samples)/n, (i+1)*len(samples)/n
		if len(samples) < n { // a young campaign fills the line from the left
			if i >= len(samples) {
				b.WriteByte(' ')
				continue
			}
			from, to = i, i+1
		}
		sum := 0.0
		for _, v := range samples[from:to] {
			sum += v
		}
		level := 0
		if top > 0 {
			level = int(math.Round(sum / float64(to-from) / top * float64(len(heights)-1)))
		}
		b.WriteRune(heights[min(max(level, 0), len(heights)-1)])
	}
	return b.String()
}
