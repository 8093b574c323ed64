package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// page lays text out. What does not fit beside goes below.
type page struct {
	Style
	strings.Builder
	counts []countLine
}

type countLine struct {
	label, n, share string
	details         []string
}

func (p *page) line(s string) { p.WriteString(strings.TrimRight(s, " ") + "\n") }

func (p *page) paint(t Tone, s string) string {
	if p.Paint == nil {
		return s
	}
	return p.Paint(t, s)
}

func (p *page) sign(ok bool) string {
	switch {
	case p.ASCII && ok:
		return "ok"
	case p.ASCII:
		return "NO"
	case ok:
		return "✓"
	}
	return "✗"
}

// items puts pieces side by side, gap between them, and on a new line with the same indent where they do not fit. A
// piece that is too long by itself is broken between words.
func (p *page) items(indent, gap string, pieces ...string) {
	row, used := indent, width(indent)
	flush := func() {
		if strings.TrimSpace(row) != "" {
			p.line(row)
		}
		row, used = indent, width(indent)
	}
	for _, piece := range pieces {
		for i, part := range p.wrap(piece, len(indent)) {
			w := visible(part)
			separator := gap
			if used == len(indent) {
				separator = ""
			}
			if i > 0 || p.Width > 0 && used+len(separator)+w > p.Width {
				flush()
				separator = ""
			}
			row, used = row+separator+part, used+len(separator)+w
		}
	}
	flush()
}

// wrap breaks text between words so that each part fits behind the indent.
func (p *page) wrap(s string, indent int) []string {
	room := max(p.Width-indent, 12)
	if p.Width == 0 || visible(s) <= room {
		return []string{s}
	}
	var parts []string
	row := ""
	for _, word := range strings.Fields(s) {
		if row != "" && visible(row)+1+visible(word) > room {
			parts, row = append(parts, row), ""
		}
		if row != "" {
			row += " "
		}
		row += word
		for visible(row) > room && !strings.Contains(row, "\x1b") { // a word that is longer than the screen
			head, tail := cut(row, room)
			if head == "" {
				break
			}
			parts, row = append(parts, head), tail
		}
	}
	return append(parts, row)
}

// cut takes as many characters as fit into room.
func cut(s string, room int) (head, tail string) {
	used := 0
	for i, r := range s {
		w := width(string(r))
		if used+w > room {
			return s[:i], s[i:]
		}
		used += w
	}
	return s, ""
}

// visible is the width of text without its colours.
func visible(s string) int {
	for {
		from := strings.Index(s, "\x1b[")
		if from < 0 {
			return width(s)
		}
		n := strings.IndexByte(s[from:], 'm')
		if n < 0 {
			return width(s)
		}
		s = s[:from] + s[from+n+1:]
	}
}

// count adds a line of numbers; flushCounts aligns them all.
func (p *page) count(label string, n int64, share string, details []string) {
	p.counts = append(p.counts, countLine{label, thousands(n), share, details})
}

func (p *page) flushCounts() {
	digits := 0
	for _, c := range p.counts {
		digits = max(digits, len(c.n))
	}
	for _, c := range p.counts {
		head := fmt.Sprintf("  %-11s%*s   %7s", c.label, digits, c.n, c.share)
		indent := strings.Repeat(" ", visible(head)+4)
		if p.Width > 0 && p.Width < visible(indent)+20 {
			p.line(head)
			p.items("    ", "   ", c.details...)
			continue
		}
		var b page
		b.Style = p.Style
		b.items(indent, "   ", c.details...)
		if b.Len() == 0 {
			p.line(head)
			continue
		}
		p.WriteString(head + strings.TrimPrefix(b.String(), strings.Repeat(" ", visible(head))))
	}
	p.counts = nil
}

// labelled is a line of text beside a label.
func (p *page) labelled(label string, pieces ...string) {
	const column = 13
	var b page
	b.Style = p.Style
	if p.Width > 0 && p.Width < column+24 {
		p.line("  " + label)
		p.items("    ", "   ", pieces...)
		return
	}
	b.items(strings.Repeat(" ", column), "        ", pieces...)
	p.WriteString(fmt.Sprintf("  %-*s", column-2, label) + strings.TrimPrefix(b.String(), strings.Repeat(" ", column)))
}

// grid is a small table; heads that begin with ">" are aligned to the right. Without heads there is no header line.
type grid struct {
	heads []string
	rows  [][]string
}

func (p *page) grid(t grid) {
	right := make([]bool, len(t.heads))
	widths := make([]int, len(t.heads))
	total := 2 - 3
	header := false
	for i, h := range t.heads {
		right[i] = strings.HasPrefix(h, ">")
		t.heads[i] = strings.TrimPrefix(h, ">")
		header = header || t.heads[i] != ""
		widths[i] = width(t.heads[i])
		for _, row := range t.rows {
			widths[i] = max(widths[i], width(row[i]))
		}
		total += widths[i] + 3
	}
	last := len(widths) - 1
	if p.Width > 0 && total > p.Width {
		if room := p.Width - (total - widths[last]); !right[last] && room >= 30 {
			widths[last] = room
		} else {
			p.stacked(t, header)
			return
		}
	}
	if header {
		p.line(p.paint(Dim, gridLine(t.heads, widths, right)))
	}
	for _, row := range t.rows {
		parts := []string{row[last]}
		if !right[last] && p.Width > 0 {
			var b page
			b.Width = widths[last]
			parts = b.wrap(row[last], 0)
		}
		for i, part := range parts {
			cells := make([]string, len(row))
			if i == 0 {
				copy(cells, row)
			}
			cells[last] = part
			p.line(gridLine(cells, widths, right))
		}
	}
}

func gridLine(cells []string, widths []int, right []bool) string {
	var b strings.Builder
	b.WriteString("  ")
	for i, c := range cells {
		pad := strings.Repeat(" ", max(0, widths[i]-width(c)))
		if i > 0 {
			b.WriteString("   ")
		}
		if right[i] {
			b.WriteString(pad + c)
		} else {
			b.WriteString(c + pad)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// stacked is the grid on a screen too narrow for it: a block a row, every value with its name.
func (p *page) stacked(t grid, named bool) {
	for _, row := range t.rows {
		p.items("  ", " ", row[0])
		var pieces []string
		for i, v := range row[1:] {
			if named {
				v = strings.ToLower(t.heads[i+1]) + " " + v
			}
			pieces = append(pieces, v)
		}
		p.items("    ", "   ", pieces...)
	}
}

// thousands is a number for people: 24,000.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// percent is a rate for people; without a whole it is "--".
func percent(r Rate) string {
	if r.Value == nil {
		return "--"
	}
	return bare(r) + " %"
}

func bare(r Rate) string {
	if r.Value == nil {
		return "--"
	}
	return strconv.FormatFloat(100**r.Value, 'f', 1, 64)
}

// amount is money for people: two decimals, and four for the fractions of a cent that one message costs.
func amount(m Money) string {
	const unit = 1_000_000
	if m != 0 && m < unit && m > -unit {
		return strconv.FormatFloat(math.Round(float64(m)/100)/10_000, 'f', 4, 64)
	}
	cents := (m + 5_000) / 10_000
	return fmt.Sprintf("%s.%02d", thousands(int64(cents/100)), cents%100)
}

// ms is a duration in milliseconds for people.
func ms(v *float64) string {
	if v == nil {
		return "--"
	}
	return duration(*v)
}

// duration is for people, two units at most: 350ms, 3.6s, 17s, 9m34s, 2h05m, 3d04h.
func duration(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	case d < 9950*time.Millisecond:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
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
