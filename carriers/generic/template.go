package generic

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// escape appends s such that it stands for itself where the template stands.
type escape func(dst []byte, s string) []byte

// template is a string with placeholders, cut up once. Rendering appends: a value is never looked at again, so one that
// holds {{…}} comes out as it is.
type template struct {
	parts []part
	esc   escape
}

// part is a literal, escaped already, or a placeholder.
type part struct{ literal, name string }

// scope is what a template may speak of.
type scope struct {
	names   []string // placeholders; one that ends with a dot stands for all that begin so
	secrets map[string]string
}

// quoted reads a template that is a value as a whole, a form's or a JSON string: its own words are escaped as well.
func (s scope) quoted(text string, esc escape) (template, error) { return s.cut(text, esc, esc) }

// compile reads a template whose own words are syntax: an address, a written-out body.
func (s scope) compile(text string, esc escape) (template, error) { return s.cut(text, esc, escNone) }

// cut reads a template; own is the escaping of its own words. Secrets are values like any other.
func (s scope) cut(text string, esc, own escape) (template, error) {
	t := template{esc: esc}
	var literal []byte
	for text != "" {
		i := strings.IndexAny(text, "{$")
		switch {
		case i < 0:
			literal, text = own(literal, text), ""
		case strings.HasPrefix(text[i:], "{{"):
			literal = own(literal, text[:i])
			name, rest, ok := strings.Cut(text[i+2:], "}}")
			if !ok {
				return t, errors.New("a {{ without its }}")
			}
			name = strings.TrimSpace(name)
			if !s.knows(name) {
				return t, fmt.Errorf("there is no placeholder {{%s}} here: write one of {{%s}}", name, strings.Join(s.names, "}} {{"))
			}
			t.parts = append(t.literal(literal), part{name: name})
			literal, text = nil, rest
		case strings.HasPrefix(text[i:], "${"):
			literal = own(literal, text[:i])
			name, rest, ok := strings.Cut(text[i+2:], "}")
			if !ok {
				return t, errors.New("a ${ without its }")
			}
			value, known := s.secrets[name]
			if !known {
				return t, fmt.Errorf("there is no ${%s}: secrets has %s", name, s.secretNames())
			}
			literal, text = esc(literal, value), rest
		default:
			literal, text = own(literal, text[:i+1]), text[i+1:]
		}
	}
	t.parts = t.literal(literal)
	return t, nil
}

func (t template) literal(b []byte) []part {
	if len(b) == 0 {
		return t.parts
	}
	return append(t.parts, part{literal: string(b)})
}

func (s scope) knows(name string) bool {
	return slices.ContainsFunc(s.names, func(n string) bool {
		return n == name || strings.HasSuffix(n, ".") && strings.HasPrefix(name, n) && len(name) > len(n)
	})
}

func (s scope) secretNames() string {
	if len(s.secrets) == 0 {
		return "nothing"
	}
	return strings.Join(slices.Sorted(maps.Keys(s.secrets)), ", ")
}

// append renders the template behind dst.
func (t template) append(dst []byte, value func(string) string) []byte {
	for _, p := range t.parts {
		if p.name == "" {
			dst = append(dst, p.literal...)
		} else {
			dst = t.esc(dst, value(p.name))
		}
	}
	return dst
}

// static is the text of a template without placeholders.
func (t template) static() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].name == "":
		return t.parts[0].literal, true
	}
	return "", false
}

// lone is the name of the placeholder that is all of the template, "" if it is not.
func (t template) lone() string {
	if len(t.parts) == 1 {
		return t.parts[0].name
	}
	return ""
}

// uses says whether the placeholder occurs.
func (t template) uses(name string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.name == name })
}

const hexDigits = "0123456789ABCDEF"

// escURL is for addresses, queries and forms: all but the unreserved characters of RFC 3986, so that a plus stays one.
func escURL(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// escJSON is for the inside of a JSON string.
func escJSON(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r < 0x20 || r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			dst = utf8.AppendRune(dst, r) // invalid bytes have become U+FFFD by range
		}
	}
	return dst
}

// escXML is for text and attributes.
func escXML(dst []byte, s string) []byte {
	b := bytes.NewBuffer(dst)
	_ = xml.EscapeText(b, []byte(s)) // a buffer takes everything
	return b.Bytes()
}

// escNone is for plain text and headers.
func escNone(dst []byte, s string) []byte { return append(dst, s...) }
