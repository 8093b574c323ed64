package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// chartWidth is the width of every chart in its own units; the page scales it.
const chartWidth = 960.0

// canvas collects the shapes of one chart. Colours are classes of the page's style sheet, so that light, dark and print
// each have their own. Whatever text comes in is escaped here and nowhere else.
type canvas struct {
	strings.Builder
	height float64
	id     string
}

func newCanvas(id string, height float64) *canvas { return &canvas{id: id, height: height} }

// svg closes the chart: a title and a description for those who cannot see it.
func (c *canvas) svg(title, desc string) template.HTML {
	return template.HTML(fmt.Sprintf( //nolint:gosec // every text in it went through html.EscapeString
		`<svg viewBox="0 0 %s %s" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		num(chartWidth), num(c.height), c.id, c.id, c.id, html.EscapeString(title), c.id, html.EscapeString(desc), c.String()))
}

// num is a coordinate: a tenth of a unit is finer than anyone sees.
func num(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// rect draws a box; tip is shown when the pointer rests on it.
func (c *canvas) rect(class string, x, y, w, h float64, tip string) {
	if w <= 0 || h <= 0 {
		return
	}
	fmt.Fprintf(c, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"`, class, num(x), num(y), num(w), num(h))
	if tip == "" {
		c.WriteString(`/>`)
		return
	}
	fmt.Fprintf(c, `><title>%s</title></rect>`, html.EscapeString(tip))
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(c, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, num(x1), num(y1), num(x2), num(y2))
}

// columns are boxes of one colour, drawn as one shape: a tenth of the bytes.
type columns struct{ strings.Builder }

func (d *columns) add(x, y, w, h float64) {
	if h > 0 {
		fmt.Fprintf(d, "M%s %sh%sv%sh-%sz", num(x), num(y), num(w), num(h), num(w))
	}
}

func (c *canvas) columns(class string, d *columns) {
	if d.Len() > 0 {
		fmt.Fprintf(c, `<path class="%s" d="%s"/>`, class, d.String())
	}
}

// text writes at a base line; the class says where it is anchored: start unless it has "end" or "mid".
func (c *canvas) text(class string, x, y float64, s string) {
	fmt.Fprintf(c, `<text class="%s" x="%s" y="%s">%s</text>`, class, num(x), num(y), html.EscapeString(clean(s)))
}

// polyline joins points; one alone becomes a dot.
func (c *canvas) polyline(class string, points [][2]float64) {
	if len(points) == 1 {
		fmt.Fprintf(c, `<circle class="%s dot" cx="%s" cy="%s" r="3"/>`, class, num(points[0][0]), num(points[0][1]))
		return
	}
	fmt.Fprintf(c, `<polyline class="%s" points="`, class)
	for i, p := range points {
		if i > 0 {
			c.WriteByte(' ')
		}
		c.WriteString(num(p[0]) + "," + num(p[1]))
	}
	c.WriteString(`"/>`)
}

// ticks are at most n+1 round values from 0 to the first that is not below high.
func ticks(high float64, n int) []float64 {
	if high <= 0 {
		return []float64{0, 1}
	}
	raw := high / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*step >= raw {
			step *= f
			break
		}
	}
	var out []float64
	for v := 0.0; ; v += step {
		out = append(out, v)
		if v >= high-step*1e-9 {
			return out
		}
	}
}

// axisNumber is a number for an axis: 950, 12k, 1.5M.
func axisNumber(v float64) string {
	switch {
	case v >= 999_500:
		return strconv.FormatFloat(math.Round(v/1e5)/10, 'f', -1, 64) + "M"
	case v >= 9_950:
		return strconv.FormatFloat(math.Round(v/1e3), 'f', -1, 64) + "k"
	case v >= 10 || v == math.Trunc(v):
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// timeTicks are round times between two, with the form that tells them apart.
func timeTicks(from, to time.Time, n int) (at []time.Time, format string) {
	span := to.Sub(from)
	steps := []time.Duration{
		10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour,
		30 * 24 * time.Hour, 365 * 24 * time.Hour,
	}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if span <= s*time.Duration(n) {
			step = s
			break
		}
	}
	switch {
	case step < time.Minute:
		format = "15:04:05"
	case span < 20*time.Hour:
		format = "15:04"
	case step < 24*time.Hour:
		format = "2 Jan 15:04"
	default:
		format = "2 Jan"
	}
	for t := from.Truncate(step); !t.After(to); t = t.Add(step) {
		if !t.Before(from) {
			at = append(at, t)
		}
	}
	return at, format
}

// bar is a row of a chart of horizontal bars, with its parts one behind the other.
type bar struct {
	label string
	parts []part
	note  string // behind the bar
}

type part struct {
	class string
	v     float64
	tip   string
}

func (b bar) total() (v float64) {
	for _, p := range b.parts {
		v += p.v
	}
	return v
}

// bars draws horizontal bars on one scale.
func bars(id, title, desc string, rows []bar) template.HTML {
	const left, row, thick, room = 210.0, 30.0, 18.0, 230.0
	c := newCanvas(id, float64(len(rows))*row+6)
	high := 0.0
	for _, b := range rows {
		high = max(high, b.total())
	}
	for i, b := range rows {
		y := 6 + float64(i)*row
		c.text("end", left-12, y+thick/2+4.5, clip(b.label, 30))
		x := left
		for _, p := range b.parts {
			w := 0.0
			if high > 0 {
				w = p.v / high * (chartWidth - left - room)
			}
			if p.v > 0 {
				w = max(w, 1.5)
			}
			c.rect(p.class, x, y, w, thick, p.tip)
			x += w
		}
		if x == left {
			c.line("axis", left, y, left, y+thick)
		}
		c.text("muted", x+10, y+thick/2+4.5, clip(b.note, 36))
	}
	return c.svg(title, desc)
}

// clip shortens what somebody else wrote: a page is read as a whole and bounded in size.
func clip(s string, n int) string {
	s = clean(s)
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
