package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"
)

// column is one column of a table. Its name is what --fields and JSON call it; the header shows it in capitals.
type column struct {
	name  string
	right bool // numbers
}

// columns makes a table's columns of their names; a name that starts with ">" is aligned to the right.
func columns(names ...string) []column {
	cols := make([]column, len(names))
	for i, n := range names {
		cols[i] = column{strings.TrimPrefix(n, ">"), strings.HasPrefix(n, ">")}
	}
	return cols
}

// table collects rows and writes them aligned for people, or tab-separated for programs: then nothing is cut, numbers
// have no commas and times are UTC.
type table struct {
	a     *app
	cols  []column
	shown []int // indexes into cols, in the order of --fields
	plain bool
	rows  [][]string
}

// newTable checks --fields against the columns.
func (a *app) newTable(cols []column) (*table, error) {
	t := &table{a: a, cols: cols, plain: a.flags.plain || !a.stdout.tty}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
		t.shown = append(t.shown, i)
	}
	if len(a.flags.fields) == 0 {
		return t, nil
	}
	t.shown = t.shown[:0]
	for _, field := range a.flags.fields {
		i := slices.Index(names, field)
		if i < 0 {
			fix := a.commandPath() + " --fields " + strings.Join(names, ",")
			if near := nearest(field, names); near != "" {
				fix = "did you mean " + near + "?   all: --fields " + strings.Join(names, ",")
			}
			return nil, fail(exitUsage, "usage.unknown_field", "unknown field %q", field).
				at("valid fields: %s", strings.Join(names, ", ")).fix("%s", fix).with("field", field).with("valid", names)
		}
		t.shown = append(t.shown, i)
	}
	return t, nil
}

// row adds a row with one value a column: text, numbers, times, durations, money, shares.
func (t *table) row(values ...any) {
	cells := make([]string, len(t.shown))
	for i, col := range t.shown {
		cells[i] = t.cell(values[col])
	}
	t.rows = append(t.rows, cells)
}

func (t *table) cell(value any) string {
	switch v := value.(type) {
	case nil:
		return t.empty()
	case string:
		if v == "" {
			return t.empty()
		}
		return cleanCell(v)
	case int:
		return t.number(int64(v))
	case int64:
		return t.number(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		if t.plain {
			return utcTime(v)
		}
		return t.a.localTime(v)
	case time.Duration:
		if t.plain {
			return strconv.FormatFloat(v.Seconds(), 'f', 3, 64)
		}
		return shortDuration(v)
	case money:
		if t.plain {
			return v.Amount.String()
		}
		return v.String()
	}
	return cleanCell(fmt.Sprint(value))
}

func (t *table) number(n int64) string {
	if t.plain {
		return strconv.FormatInt(n, 10)
	}
	return count(n)
}

func (t *table) empty() string {
	if t.plain {
		return ""
	}
	return "-"
}

// cleanCell keeps a value in its cell and its control characters (an ESC in a CSV) out of the terminal.
func cleanCell(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// flush writes the table to stdout.
func (t *table) flush() error {
	header := make([]string, len(t.shown))
	for i, col := range t.shown {
		header[i] = strings.ToUpper(strings.ReplaceAll(t.cols[col].name, "_", " "))
		if t.plain {
			header[i] = t.cols[col].name
		}
	}
	var b strings.Builder
	if t.plain {
		if !t.a.flags.noHeader {
			b.WriteString(strings.Join(header, "\t") + "\n")
		}
		for _, r := range t.rows {
			b.WriteString(strings.Join(r, "\t") + "\n")
		}
		_, err := t.a.stdout.Write([]byte(b.String()))
		return err
	}
	widths := t.widths(header)
	if !t.a.flags.noHeader {
		b.WriteString(t.a.stdout.paint(bold, t.line(header, widths)) + "\n")
	}
	for _, r := range t.rows {
		b.WriteString(t.line(r, widths) + "\n")
	}
	return t.a.printf("%s", b.String())
}

const columnGap = 2

// widths fits the columns into the terminal by narrowing the widest text column.
func (t *table) widths(header []string) []int {
	widths := make([]int, len(header))
	total := -columnGap
	for i := range header {
		if !t.a.flags.noHeader {
			widths[i] = uniseg.StringWidth(header[i])
		}
		for _, r := range t.rows {
			widths[i] = max(widths[i], uniseg.StringWidth(r[i]))
		}
		total += widths[i] + columnGap
	}
	terminal := 0
	if t.a.stdout.width != nil {
		terminal = t.a.stdout.width()
	}
	widest := -1
	for i := range widths {
		if !t.cols[t.shown[i]].right && (widest < 0 || widths[i] > widths[widest]) {
			widest = i
		}
	}
	if over := total - terminal; terminal > 0 && over > 0 && widest >= 0 {
		widths[widest] = max(widths[widest]-over, 8)
	}
	return widths
}

func (t *table) line(cells []string, widths []int) string {
	var b strings.Builder
	for i, cell := range cells {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", columnGap))
		}
		cell = fit(cell, widths[i])
		pad := strings.Repeat(" ", max(0, widths[i]-uniseg.StringWidth(cell)))
		if t.cols[t.shown[i]].right {
			b.WriteString(pad + cell)
		} else {
			b.WriteString(cell + pad)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// fit cuts text to a width in terminal cells, by whole characters as people see them.
func fit(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var b strings.Builder
	used := 0
	for graphemes := uniseg.NewGraphemes(text); graphemes.Next(); {
		if used+graphemes.Width() > width-1 {
			break
		}
		used += graphemes.Width()
		b.WriteString(graphemes.Str())
	}
	return b.String() + "…"
}
