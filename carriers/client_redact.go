package carriers

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	detailLimit = 200     // runes of a vendor's words that are kept
	rawLimit    = 4 << 10 // bytes of a receipt's payload that are kept
	shortSecret = 4       // shorter ones would tear ordinary words apart
)

// redactor takes secrets and phone numbers out of words that people will see.
type redactor struct {
	secrets *strings.Replacer
	number  *regexp.Regexp
}

func newRedactor(secrets []string) *redactor {
	var pairs []string
	for _, s := range secrets {
		if len(s) < shortSecret {
			continue
		}
		quoted, _ := json.Marshal(s) // a string always marshals
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), strings.Trim(string(quoted), `"`)} {
			pairs = append(pairs, form, "[redacted]")
		}
	}
	return &redactor{
		secrets: strings.NewReplacer(pairs...),
		number:  regexp.MustCompile(`\+\d(?:[ .()-]{0,2}\d){6,}|\d{7,}`),
	}
}

// line is s as one short line without secrets, numbers and control characters.
func (r *redactor) line(s string) string {
	if s == "" {
		return ""
	}
	s = r.secrets.Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = r.number.ReplaceAllStringFunc(s, maskNumber)
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }), " ")
	if utf8.RuneCountInString(s) > detailLimit {
		s = string([]rune(s)[:detailLimit-1]) + "…"
	}
	return s
}

// maskNumber keeps what tells numbers apart in a conversation with the carrier: the country and the last two digits.
func maskNumber(s string) string {
	const head, tail = 3, 2
	return s[:head] + strings.Repeat("*", len(s)-head-tail) + s[len(s)-tail:]
}

// RawPayload is the part of a receipt's payload that is kept with it, copied.
func RawPayload(b []byte) []byte {
	return append([]byte(nil), b[:min(len(b), rawLimit)]...)
}
