package text

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// A filter changes a value. It is a number and not a function, so that rendering keeps its buffer on the stack.
type filter uint8

const (
	upper filter = iota
	lower
	title
	trim
)

// filterNames are the filters as they are written, by their number.
func filterNames() []string {
	return []string{upper: "upper", lower: "lower", title: "title", trim: "trim"}
}

func filterNamed(name string) (filter, bool) {
	i := slices.Index(filterNames(), name)
	return filter(max(0, i)), i >= 0
}

// append adds the changed form of value to b.
func (f filter) append(b []byte, value string) []byte {
	switch f {
	case upper:
		return appendMapped(b, value, unicode.ToUpper)
	case lower:
		return appendMapped(b, value, unicode.ToLower)
	case title:
		return appendTitle(b, value)
	default: // values are trimmed anyway
		return append(b, value...)
	}
}

func appendMapped(b []byte, value string, change func(rune) rune) []byte {
	for _, r := range value {
		b = utf8.AppendRune(b, change(r))
	}
	return b
}

// appendTitle capitalises names as people write theirs: JEAN-LUC o'neill becomes Jean-Luc O'Neill. A word that has capitals
// and small letters already (McDonald, van der Berg's Berg) was written with care and stays.
func appendTitle(b []byte, value string) []byte {
	for start := 0; start < len(value); {
		end := start
		upper, lower := 0, 0
		for end < len(value) {
			r, width := utf8.DecodeRuneInString(value[end:])
			if end > start && (unicode.IsSpace(r) || r == '-') {
				break
			}
			if unicode.IsUpper(r) {
				upper++
			} else if unicode.IsLower(r) {
				lower++
			}
			end += width
		}
		if word := value[start:end]; upper > 0 && lower > 0 {
			b = append(b, word...)
		} else {
			b = appendCapitalised(b, word)
		}
		start = end
	}
	return b
}

// appendCapitalised writes one word with its first letter big, and the letter after an apostrophe too where only one stands
// before it (O'Neill, D'Arcy, but not it's).
func appendCapitalised(b []byte, word string) []byte {
	letters, big := 0, true
	for _, r := range word {
		switch {
		case unicode.IsLetter(r):
			if big {
				r = unicode.ToTitle(r)
			} else {
				r = unicode.ToLower(r)
			}
			letters++
			big = false
		case unicode.IsDigit(r):
			big = false
		case r == '\'' || r == '’':
			big = letters == 1
			letters = 0
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}
