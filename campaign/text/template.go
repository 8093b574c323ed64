package text

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Template is a parsed message text. It is not changed by use.
type Template struct {
	pieces []piece
}

// A piece is literal text, or a placeholder.
type piece struct {
	literal string

	name       string // as written; "" for literal text
	folded     string
	filters    []filter
	fallback   string
	hasDefault bool
	position   position
}

type position struct{ line, column int }

// A SyntaxError is a fault in a template, or a name in it that nothing answers to.
type SyntaxError struct {
	Line, Column int // from 1; columns count characters
	Message      string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("message line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Parse reads a template. The error is a *SyntaxError.
func Parse(source string) (*Template, error) {
	t := &Template{}
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			t.pieces = append(t.pieces, piece{literal: literal.String()})
			literal.Reset()
		}
	}
	for at := 0; at < len(source); {
		open := strings.Index(source[at:], "{{")
		if open < 0 {
			literal.WriteString(source[at:])
			break
		}
		open += at
		before, escaped := unescape(source[at:open])
		literal.WriteString(before)
		if escaped {
			literal.WriteString("{{")
			at = open + 2
			continue
		}
		flush()
		p, length, err := parsePlaceholder(source, open)
		if err != nil {
			return nil, err
		}
		t.pieces = append(t.pieces, p)
		at = open + length
	}
	flush()
	return t, nil
}

// unescape looks at the backslashes before two braces: an odd one out makes them literal, and each pair is one backslash.
func unescape(before string) (kept string, escaped bool) {
	bare := strings.TrimRight(before, `\`)
	slashes := len(before) - len(bare)
	return before[:len(bare)+slashes/2], slashes%2 == 1
}

// parsePlaceholder reads the placeholder whose braces open at open, and tells how long it is.
func parsePlaceholder(source string, open int) (piece, int, error) {
	p := piece{position: locate(source, open)}
	fault := func(format string, args ...any) (piece, int, error) { return piece{}, 0, p.fault(format, args...) }
	inside, _, closed := strings.Cut(source[open+2:], "}}")
	if again := strings.Index(inside, "{{"); !closed || again >= 0 {
		return fault(`"{{" is not closed by "}}"; write \{{ for literal braces`)
	}
	before, fallback, hasDefault := strings.Cut(inside, "|")
	parts := strings.Split(before, ":")
	name := strings.TrimSpace(parts[0])
	p.name, p.folded, p.fallback, p.hasDefault = name, fold(name), strings.TrimSpace(fallback), hasDefault
	switch {
	case strings.HasPrefix(name, "."):
		return fault("%q is the way of Go templates; here it is {{%s}}", "{{"+inside+"}}", strings.TrimSpace(strings.TrimLeft(inside, " .")))
	case strings.ContainsAny(inside, "{}"):
		return fault(`a brace inside of "{{%s}}"`, inside)
	case p.folded == "":
		return fault(`"{{%s}}" names no field`, inside)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fault(`"{{" is not closed by "}}" on its line`)
	}
	for _, part := range parts[1:] {
		f, known := filterNamed(strings.TrimSpace(part))
		if !known {
			return fault("unknown filter %q; there are %s", strings.TrimSpace(part), strings.Join(filterNames(), ", "))
		}
		p.filters = append(p.filters, f)
	}
	return p, len("{{") + len(inside) + len("}}"), nil
}

// locate turns an offset into a line and a column.
func locate(source string, offset int) position {
	before := source[:offset]
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return position{line: strings.Count(before, "\n") + 1, column: utf8.RuneCountInString(before[lineStart:]) + 1}
}

// Names returns the names that the template uses, as first written, each once.
func (t *Template) Names() []string {
	var names, folded []string
	for _, p := range t.pieces {
		if p.name != "" && !slices.Contains(folded, p.folded) {
			names, folded = append(names, p.name), append(folded, p.folded)
		}
	}
	return names
}
