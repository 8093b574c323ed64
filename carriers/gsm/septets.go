package gsm

import (
	"fmt"
	"strings"
)

// Encode returns the septets of text, one a byte, not packed: what SMPP calls the SMSC default alphabet. A text that is not
// GSM-7 is an error.
func Encode(text string) ([]byte, error) {
	septets := make([]byte, 0, len(text))
	for at, r := range text {
		e := alphabet.entry(r)
		switch e.septets {
		case 1:
			septets = append(septets, e.code)
		case 2:
			septets = append(septets, escape, e.code)
		default:
			return nil, fmt.Errorf("%q at byte %d is no character of GSM-7", r, at)
		}
	}
	return septets, nil
}

// Decode returns the text of unpacked septets. As the standard asks of a receiver, an escape before a septet that the
// extension table does not have is shown as the character of the basic alphabet, and an escape at the end as a space. A byte
// over 0x7f is an error.
func Decode(septets []byte) (string, error) {
	var b strings.Builder
	b.Grow(len(septets))
	escaped := false
	for at, c := range septets {
		switch {
		case c > 0x7f:
			return "", fmt.Errorf("byte %d is 0x%02x, no septet", at, c)
		case c == escape:
			if escaped { // reserved for another table: a space
				b.WriteByte(' ')
			}
			escaped = !escaped
		case escaped && alphabet.extended[c] != 0:
			b.WriteRune(alphabet.extended[c])
			escaped = false
		default:
			b.WriteRune(alphabet.runes[c])
			escaped = false
		}
	}
	if escaped {
		b.WriteByte(' ')
	}
	return b.String(), nil
}
