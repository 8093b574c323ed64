package text

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Missing says what becomes of a placeholder without a default whose field is missing or blank.
type Missing uint8

const (
	// Reject makes the row invalid.
	Reject Missing = iota
	// Empty leaves the place empty.
	Empty
)

// A MissingError is a row that has no value for a placeholder without a default.
type MissingError struct{ Name string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("field %q is missing or blank", e.Name)
}

// A Bound is a template whose names are resolved to the columns of a file. It may be used by many goroutines at once.
type Bound struct {
	pieces  []boundPiece
	missing Missing
}

type boundPiece struct {
	literal  string
	column   int // -1 for literal text
	template *piece
}

// Bind resolves the names of the template: to columns, and to vars, which are the same for every recipient. A name that is
// neither, or both, is a *SyntaxError; a var that is blank without a default, a *MissingError, if missing is Reject.
func (t *Template) Bind(columns []string, vars map[string]string, missing Missing) (*Bound, error) {
	b := &Bound{missing: missing}
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.name == "" {
			b.literal(p.literal)
			continue
		}
		column, err := p.findColumn(columns)
		if err != nil {
			return nil, err
		}
		value, isVar, err := p.findVar(vars)
		switch {
		case err != nil:
			return nil, err
		case isVar && column >= 0:
			return nil, p.fault("%q is a column and a variable; rename one", p.name)
		case isVar:
			text, err := p.append(nil, value, missing)
			if err != nil {
				return nil, err
			}
			b.literal(string(text))
		case column >= 0:
			b.pieces = append(b.pieces, boundPiece{column: column, template: p})
		default:
			return nil, p.unknown(columns, vars)
		}
	}
	return b, nil
}

// literal adds text, to the last piece where that is literal too.
func (b *Bound) literal(text string) {
	if n := len(b.pieces); n > 0 && b.pieces[n-1].column < 0 {
		b.pieces[n-1].literal += text
		return
	}
	b.pieces = append(b.pieces, boundPiece{literal: text, column: -1})
}

// Render returns the text for one row. The error is a *MissingError.
func (b *Bound) Render(cells []string) (string, error) {
	var room [640]byte
	text := room[:0]
	for i := range b.pieces {
		p := &b.pieces[i]
		if p.column < 0 {
			text = append(text, p.literal...)
			continue
		}
		value := ""
		if p.column < len(cells) {
			value = cells[p.column]
		}
		var err error
		if text, err = p.template.append(text, value, b.missing); err != nil {
			return "", err
		}
	}
	return string(text), nil
}

// append writes the value of a placeholder: cleaned, filtered, or its default.
func (p *piece) append(b []byte, value string, missing Missing) ([]byte, error) {
	value = clean(value)
	switch {
	case value != "" && len(p.filters) == 0:
		return append(b, value...), nil
	case value != "":
		for _, f := range p.filters[:len(p.filters)-1] {
			value = string(f.append(nil, value))
		}
		return p.filters[len(p.filters)-1].append(b, value), nil
	case p.hasDefault:
		return append(b, p.fallback...), nil
	case missing == Empty:
		return b, nil
	default:
		return nil, &MissingError{Name: p.name}
	}
}

// clean trims a value and turns every run of control characters and line breaks in it into one blank. Most values are
// clean, and stay as they are.
func clean(value string) string {
	value = strings.TrimSpace(value)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f {
			if strings.ContainsFunc(value[i:], breaks) {
				return strings.TrimSpace(squeeze(value))
			}
			break
		}
	}
	return value
}

func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func squeeze(value string) string {
	b := make([]byte, 0, len(value))
	broken := false
	for _, r := range value {
		if breaks(r) {
			broken = true
			continue
		}
		if broken {
			b = append(b, ' ')
			broken = false
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

// findColumn returns the index of the column that p names, -1 if there is none.
func (p *piece) findColumn(columns []string) (int, error) {
	found := -1
	for i, column := range columns {
		if fold(column) != p.folded {
			continue
		}
		if found >= 0 {
			return 0, p.fault("%q could be column %q or column %q", p.name, columns[found], column)
		}
		found = i
	}
	return found, nil
}

func (p *piece) findVar(vars map[string]string) (value string, found bool, err error) {
	for name, v := range vars {
		if fold(name) != p.folded {
			continue
		}
		if found {
			return "", false, p.fault("%q could be more than one variable", p.name)
		}
		value, found = v, true
	}
	return value, found, nil
}

// unknown says that nothing answers to the name of p, and what was probably meant.
func (p *piece) unknown(columns []string, vars map[string]string) error {
	names := append(slices.Clone(columns), slices.Sorted(maps.Keys(vars))...)
	if near := nearest(p.folded, names); near != "" {
		return p.fault("unknown field %q; did you mean %q?", p.name, near)
	}
	const shown = 12
	switch {
	case len(names) == 0:
		return p.fault("unknown field %q", p.name)
	case len(names) > shown:
		return p.fault("unknown field %q; there are %s and %d more", p.name, strings.Join(names[:shown], ", "), len(names)-shown)
	default:
		return p.fault("unknown field %q; there are %s", p.name, strings.Join(names, ", "))
	}
}

func (p *piece) fault(format string, args ...any) error {
	return &SyntaxError{Line: p.position.line, Column: p.position.column, Message: fmt.Sprintf(format, args...)}
}
