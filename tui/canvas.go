package tui

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// width is how many cells a text takes.
func width(s string) int { return ansi.StringWidth(s) }

// clean takes out of a foreign text whatever could move the cursor or colour the screen.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// fit makes a text exactly n cells wide.
func fit(s string, n int) string {
	if n <= 0 {
		return ""
	}
	w := width(s)
	if w > n {
		s = ansi.Truncate(s, n, "…")
		w = width(s) // a wide character may not fit into the last cell
	}
	return s + strings.Repeat(" ", max(0, n-w))
}

// right is fit with the text at the right.
func right(s string, n int) string {
	if w := width(s); w < n {
		return strings.Repeat(" ", n-w) + s
	}
	return fit(s, n)
}

// edge is a horizontal line of a box with words in it: ┌─ title ───── hint ─┐.
func (m *Model) edge(open, end, title, hint string, w int) string {
	room := w - 4 // open, its line, the line before end, end
	if room < 1 {
		return fit(open+end, w)
	}
	if title != "" {
		title = " " + title + " "
	}
	if hint != "" {
		hint = " " + hint + " "
	}
	if width(title)+width(hint) > room-1 {
		if keep := room - 1 - width(title); keep < 8 && hint != "" {
			hint = ""
		} else if hint != "" {
			hint = ansi.Truncate(hint, keep, "… ")
		}
		if width(title) > room {
			title = ansi.Truncate(title, room, "… ")
		}
	}
	line := m.paint(faint, strings.Repeat("─", max(0, room-width(title)-width(hint))))
	return m.paint(faint, open+"─") + title + line + hint + m.paint(faint, "─"+end)
}

func (m *Model) top(title, hint string, w int) string { return m.edge("┌", "┐", title, hint, w) }
func (m *Model) divider(title, hint string, w int) string {
	return m.edge("├", "┤", title, hint, w)
}
func (m *Model) bottom(hint string, w int) string { return m.edge("└", "┘", hint, "", w) }

// row is a line between the sides of a box.
func (m *Model) row(content string, w int) string {
	return m.paint(faint, "│") + " " + fit(content, w-4) + " " + m.paint(faint, "│")
}

// box draws a window of its own.
func (m *Model) box(title, keys string, lines []string, w int) []string {
	out := []string{m.top(m.paint(strong, title), "", w)}
	for _, l := range lines {
		out = append(out, m.row(l, w))
	}
	return append(out, m.bottom(keys, w))
}

// over lays a window over the middle of a frame.
func over(frame, window []string) []string {
	if len(window) == 0 || len(frame) == 0 {
		return frame
	}
	w, inner := width(frame[0]), width(window[0])
	x, y := max(0, (w-inner)/2), max(0, (len(frame)-len(window))/2)
	out := append([]string(nil), frame...)
	for i, l := range window {
		if y+i < len(out) {
			under := out[y+i]
			out[y+i] = fit(ansi.Truncate(under, x, ""), x) + l + ansi.TruncateLeft(under, x+inner, "")
		}
	}
	return out
}

// column is one of a grid.
type column struct {
	head  string
	width int  // 0 takes what the others leave
	right bool // numbers
	min   int  // shown when the screen is at least that wide
}

// grid is a table with a cursor. Columns that the screen is too narrow for are left out.
func (m *Model) grid(cols []column, rows [][]string, cursor, first, height, w int) []string {
	rest := w - 2
	flex := 0
	for _, c := range cols {
		switch {
		case c.min > m.w:
		case c.width == 0:
			flex++
			rest--
		default:
			rest -= c.width + 1
		}
	}
	line := func(cell func(i int) string) string {
		var parts []string
		for i, c := range cols {
			n := c.width
			if n == 0 {
				n = max(4, (rest+1)/max(1, flex))
			}
			switch {
			case c.min > m.w:
			case c.right:
				parts = append(parts, right(cell(i), n))
			default:
				parts = append(parts, fit(cell(i), n))
			}
		}
		return strings.Join(parts, " ")
	}
	out := []string{m.paint(faint, "  "+line(func(i int) string { return cols[i].head }))}
	for i := first; i < len(rows) && i < first+height; i++ {
		mark, text := "  ", line(func(j int) string { return rows[i][j] })
		if i == cursor {
			mark, text = "› ", m.paint(chosen, text)
		}
		out = append(out, mark+text)
	}
	return out
}

// flow puts items side by side, on as many lines as that takes.
func flow(items []string, gap string, w int) (lines []string) {
	row := ""
	for _, it := range items {
		switch {
		case row == "":
			row = it
		case width(row)+width(gap)+width(it) > w:
			lines, row = append(lines, row), it
		default:
			row += gap + it
		}
	}
	if row == "" && len(lines) > 0 {
		return lines
	}
	return append(lines, row)
}
