package tui

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"github.com/rivo/uniseg"
)

// tone is what a piece of text means; the terminal's own 16 colours decide how it looks, on light and on dark.
type tone int

const (
	plain tone = iota
	strong
	faint
	good
	bad
	warn
	chosen // the line under the cursor
	accent
)

// theme draws: with colours or without, with box characters or in ASCII.
type theme struct {
	ascii  bool
	styles map[tone]lipgloss.Style
}

func newTheme(color, ascii bool) theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.Ascii)
	if color {
		r.SetColorProfile(termenv.ANSI)
	}
	s := r.NewStyle
	return theme{ascii: ascii, styles: map[tone]lipgloss.Style{
		strong: s().Bold(true), faint: s().Faint(true), good: s().Foreground(lipgloss.Color("2")),
		bad: s().Foreground(lipgloss.Color("1")).Bold(true), warn: s().Foreground(lipgloss.Color("3")),
		chosen: s().Bold(true), accent: s().Foreground(lipgloss.Color("6")),
	}}
}

func (t theme) paint(n tone, text string) string {
	style, ok := t.styles[n]
	if !ok || text == "" {
		return text
	}
	return style.Render(text)
}

// last is the final touch on a frame's line: only ASCII where nothing else can be shown, with the same width.
func (t theme) last(line string) string {
	if !t.ascii {
		return line
	}
	line = toASCII(line)
	if isASCII(line) {
		return line
	}
	var b strings.Builder
	for g := uniseg.NewGraphemes(line); g.Next(); {
		if c := g.Str(); isASCII(c) {
			b.WriteString(c)
		} else {
			b.WriteString(strings.Repeat("?", ansi.StringWidth(c)))
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// toASCII replaces what we draw with by characters of the same width.
func toASCII(s string) string {
	return strings.NewReplacer(
		"─", "-", "│", "|", "┌", "+", "┐", "+", "└", "+", "┘", "+", "├", "+", "┤", "+",
		"█", "#", "░", ".", "▁", "_", "▂", ".", "▃", ":", "▄", "-", "▅", "=", "▆", "+", "▇", "*",
		"›", ">", "…", "~", "•", "*", "·", "-", "✓", "v", "✗", "x", "→", ">", "–", "-", "⏎", "/",
	).Replace(s)
}
