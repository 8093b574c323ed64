// Picture turns a screen that tmux has captured (capture-pane -e -p) into an SVG: README's picture of the dashboard is of a
// real one. `make picture` calls it.
//
// Every run of text is given the width of its cells, so that whatever monospaced font a reader has keeps the columns. Lines
// of boxes and blocks of bars are drawn and not written, because fonts leave gaps between them.
package main

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A cell of the picture, and what surrounds the screen.
const (
	cellWidth, cellHeight = 8.4, 17.0
	margin                = 14.0
	gap                   = 3.0 // above a bar: those of two lines do not touch
	background            = "#161b22"
	foreground            = "#d6dde4"
	dimmed                = 0.55 // opacity of what is faint
)

// palette are the 16 colours that a terminal's theme would choose.
var palette = [16]string{ //nolint:gochecknoglobals // a table
	"#484f58", "#ff7b72", "#56b870", "#d9a53c", "#6cb0ff", "#c49bff", "#45c0c9", "#d6dde4",
	"#6e7681", "#ffa198", "#7ee094", "#e8c36a", "#9cccff", "#dcc2ff", "#79d9e0", "#ffffff",
}

// look is how a cell is written.
type look struct {
	color       string
	bold, faint bool
}

// cell is one place of the screen; a wide character leaves the next one empty.
type cell struct {
	text string
	look look
}

func main() {
	if err := picture(os.Stdin, os.Stdout, strings.Join(os.Args[1:], " ")); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// picture reads a captured screen and writes it as an SVG with a title.
func picture(r io.Reader, w io.Writer, title string) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var rows [][]cell
	columns := 0
	for _, line := range strings.Split(strings.TrimRight(string(raw), "\n"), "\n") {
		row := cellsOf(line)
		columns = max(columns, len(row))
		rows = append(rows, row)
	}
	out := bufio.NewWriter(w)
	width, height := 2*margin+float64(columns)*cellWidth, 2*margin+float64(len(rows))*cellHeight
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(out, "<title>%s</title>\n", escape(title))
	fmt.Fprintf(out, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", background)
	fmt.Fprintf(out, `<g transform="translate(%.0f %.0f)" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" xml:space="preserve">`+"\n", margin, margin)
	for y, row := range rows {
		drawRow(out, row, y)
	}
	fmt.Fprint(out, "</g>\n</svg>\n")
	return out.Flush()
}

// cellsOf takes a line apart. tmux writes nothing but text and SGR sequences.
func cellsOf(line string) (row []cell) {
	var now look
	for state := byte(0); line != ""; {
		seq, width, n, next := ansi.DecodeSequence(line, state, nil)
		switch {
		case width > 0:
			row = append(row, cell{seq, now})
			for range width - 1 {
				row = append(row, cell{})
			}
		case strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m"):
			now = now.after(strings.Split(seq[2:len(seq)-1], ";"))
		}
		line, state = line[n:], next
	}
	return row
}

// after is the look after an SGR sequence. Only what our screens use is known.
func (l look) after(codes []string) look {
	for _, code := range codes {
		n, _ := strconv.Atoi(code) // "" is 0
		switch {
		case n == 0:
			l = look{}
		case n == 1:
			l.bold = true
		case n == 2:
			l.faint = true
		case n == 22:
			l.bold, l.faint = false, false
		case n == 39:
			l.color = ""
		case n >= 30 && n < 38:
			l.color = palette[n-30]
		case n >= 90 && n < 98:
			l.color = palette[n-82]
		}
	}
	return l
}

// drawRow draws shapes cell by cell and text in runs of one look.
func drawRow(w io.Writer, row []cell, y int) {
	top := float64(y) * cellHeight
	for x := 0; x < len(row); {
		c := row[x]
		if n := drawShape(w, row, x, top); n > 0 {
			x += n
			continue
		}
		text, end := c.text, x+1
		for end < len(row) && (row[end].text == "" || row[end].look == c.look && !isShape(row[end].text)) {
			text += row[end].text
			end++
		}
		if strings.TrimSpace(text) != "" {
			fmt.Fprintf(w, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
				float64(x)*cellWidth, top+cellHeight*0.76, float64(end-x)*cellWidth, c.look.attributes(), escape(text))
		}
		x = end
	}
}

func (l look) attributes() string {
	color := l.color
	if color == "" {
		color = foreground
	}
	out := fmt.Sprintf(` fill="%s"`, color)
	if l.bold {
		out += ` font-weight="bold"`
	}
	if l.faint {
		out += fmt.Sprintf(` opacity="%.2f"`, dimmed)
	}
	return out
}

// arms are the directions from a cell's middle in which a character of a box goes: left, right, up, down.
func arms(char string) string {
	return map[string]string{"─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "rud", "┤": "lud"}[char]
}

// eighths is how high a block of a bar or a sparkline is.
func eighths(char string) int {
	if i := strings.Index("▁▂▃▄▅▆▇█", char); i >= 0 && char != "" {
		return i/len("▁") + 1
	}
	return 0
}

func isShape(char string) bool { return arms(char) != "" || eighths(char) > 0 || char == "░" }

// drawShape draws what is no text and says how many cells that took.
func drawShape(w io.Writer, row []cell, x int, top float64) int {
	c, n := row[x], 1
	for x+n < len(row) && row[x+n] == c {
		n++
	}
	left, wide := float64(x)*cellWidth, float64(n)*cellWidth
	look := c.look.attributes()
	switch high := float64(eighths(c.text)) / 8 * (cellHeight - gap); {
	case high > 0:
		fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"%s/>`+"\n", left, top+cellHeight-high, wide, high, look)
	case c.text == "░":
		fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill-opacity="0.22"%s/>`+"\n", left, top+gap, wide, cellHeight-gap, look)
	case c.text == "─":
		fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="1"%s/>`+"\n", left, top+cellHeight/2, wide, look)
	case arms(c.text) != "":
		n = 1
		middle, half := left+cellWidth/2, top+cellHeight/2
		for _, arm := range arms(c.text) {
			switch arm {
			case 'l':
				fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="1"%s/>`+"\n", left, half, cellWidth/2, look)
			case 'r':
				fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="1"%s/>`+"\n", middle, half, cellWidth/2, look)
			case 'u':
				fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="1" height="%.1f"%s/>`+"\n", middle, top, cellHeight/2, look)
			case 'd':
				fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="1" height="%.1f"%s/>`+"\n", middle, half, cellHeight/2, look)
			}
		}
	default:
		return 0
	}
	return n
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}
