package text

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/smsctl/smsctl/carriers/gsm"
)

// Transliterate returns text in characters of GSM-7 only, and how many were replaced. It is all or nothing: if any character has
// no replacement, the message is UCS-2 either way, so the text comes back as it was, with 0. Accents that were written as
// marks of their own are joined with their letters first.
func Transliterate(text string) (string, int) {
	if isGSM(text) {
		return text, 0
	}
	composed := norm.NFC.String(text)
	replaced := utf8.RuneCountInString(text) - utf8.RuneCountInString(composed)
	if replaced <= 0 && composed != text {
		replaced = 1
	}
	table := replacements()
	var b strings.Builder
	b.Grow(len(composed))
	for _, r := range composed {
		if gsm.Septets(r) > 0 {
			b.WriteRune(r)
			continue
		}
		replacement, known := table[r]
		if !known {
			return text, 0
		}
		b.WriteString(replacement)
		replaced++
	}
	return b.String(), replaced
}

func isGSM(text string) bool {
	for _, r := range text {
		if gsm.Septets(r) == 0 {
			return false
		}
	}
	return true
}

//go:embed gsm7.tsv
var replacementsTSV string

// replacements is the table, read at first use. The table is part of the program, and a test reads it: it has no errors.
//
//nolint:gochecknoglobals // a table that nothing writes to
var replacements = sync.OnceValue(func() map[rune]string {
	table, _ := parseReplacements(replacementsTSV)
	return table
})

func parseReplacements(tsv string) (map[rune]string, error) {
	table := map[rune]string{}
	words := map[string]string{"nothing": "", "blank": " ", "newline": "\n"}
	for i, line := range strings.Split(strings.TrimSuffix(tsv, "\n"), "\n") {
		replacement, characters, tabbed := strings.Cut(line, "\t")
		if !tabbed {
			if strings.HasPrefix(line, "# ") {
				continue
			}
			return nil, fmt.Errorf("line %d: no tab", i+1)
		}
		if word, special := words[replacement]; special {
			replacement = word
		}
		for _, token := range strings.Split(characters, " ") {
			r, err := parseCharacter(token)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			if _, twice := table[r]; twice {
				return nil, fmt.Errorf("line %d: %U has a replacement already", i+1, r)
			}
			table[r] = replacement
		}
	}
	return table, nil
}

func parseCharacter(token string) (rune, error) {
	if code, escaped := strings.CutPrefix(token, "U+"); escaped {
		n, err := strconv.ParseUint(code, 16, 21)
		if err != nil {
			return 0, fmt.Errorf("character %q: %w", token, err)
		}
		return rune(n), nil
	}
	r, width := utf8.DecodeRuneInString(token)
	if width == 0 || width != len(token) {
		return 0, fmt.Errorf("%q is not one character", token)
	}
	return r, nil
}
