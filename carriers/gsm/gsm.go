// Package gsm knows how a text becomes SMS: in which encoding, in how many segments, and where it is cut.
//
// A text whose characters are all of the GSM 7-bit alphabet is sent in GSM-7: 160 septets in one segment, 153 in each of several.
// Any other character, one is enough, makes the whole text UCS-2: 70 UTF-16 units, 67 in each of several. What belongs
// together is never cut: an escape and its septet, a surrogate pair, and, as long as it fits into a segment, a grapheme cluster, which is
// what a reader takes for one character (a flag, a family, e and its accent, CR LF).
//
// National language shift tables are left out: HTTP gateways do not offer them, so an estimate must not count on them.
package gsm

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Encoding is the alphabet of a message.
type Encoding uint8

// The two alphabets.
const (
	GSM7 Encoding = iota
	UCS2
)

// String returns the name that people and reports use.
func (e Encoding) String() string {
	if e == UCS2 {
		return "UCS-2"
	}
	return "GSM-7"
}

// Capacity returns how many units a segment holds: alone, or as one of several, where a header takes its share.
func (e Encoding) Capacity(several bool) int {
	switch {
	case e == GSM7 && !several:
		return 160
	case e == GSM7:
		return 153
	case !several:
		return 70
	default:
		return 67
	}
}

// Size is what a text takes to send. A unit is a septet of GSM-7 or a UTF-16 unit of UCS-2.
type Size struct {
	Encoding   Encoding
	Segments   int // 0 for the empty text, which cannot be sent
	Units      int // of the whole text
	PerSegment int // how many units a segment holds, as the text has one or several
}

// Measure returns the size of text. It does not allocate.
func Measure(text string) Size {
	size := Size{}
	size.Encoding, size.Units = count(text)
	single := size.Encoding.Capacity(false)
	if size.Units <= single {
		size.PerSegment = single
		size.Segments = min(1, size.Units)
		return size
	}
	size.PerSegment = size.Encoding.Capacity(true)
	for rest := text; rest != ""; size.Segments++ {
		rest = rest[cut(rest, size.Encoding):]
	}
	return size
}

// Split returns the texts of the segments of text; joined they are text again. The empty text has none.
func Split(text string) []string {
	size := Measure(text)
	switch size.Segments {
	case 0:
		return nil
	case 1:
		return []string{text}
	}
	segments := make([]string, 0, size.Segments)
	for rest := text; rest != ""; {
		end := cut(rest, size.Encoding)
		segments = append(segments, rest[:end])
		rest = rest[end:]
	}
	return segments
}

// Offenders returns the characters that keep text from being GSM-7, each once, in the order in which they first occur.
func Offenders(text string) []rune {
	var found []rune
	seen := map[rune]bool{}
	for _, r := range text {
		if Septets(r) == 0 && !seen[r] {
			seen[r] = true
			found = append(found, r)
		}
	}
	return found
}

// count returns the encoding and the units of all of text.
func count(text string) (Encoding, int) {
	septets := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			n := alphabet.low[c].septets
			if n == 0 {
				return UCS2, utf16Units(text)
			}
			septets += int(n)
			i++
			continue
		}
		r, width := utf8.DecodeRuneInString(text[i:])
		n := Septets(r)
		if n == 0 {
			return UCS2, utf16Units(text)
		}
		septets += n
		i += width
	}
	return GSM7, septets
}

func utf16Units(text string) (units int) {
	for _, r := range text {
		units += utf16Width(r)
	}
	return units
}

func utf16Width(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// cut returns the length in bytes of the next of several segments of text, which is not empty.
func cut(text string, e Encoding) int {
	capacity := e.Capacity(true)
	used, end := 0, 0
	for end < len(text) {
		n, units := nextCluster(text[end:], e)
		if units > capacity { // no segment can hold the cluster: cut it between its code points
			_, n = utf8.DecodeRuneInString(text[end:])
			units = unitsOf(text[end:end+n], e)
		}
		if used+units > capacity {
			break
		}
		used += units
		end += n
	}
	return end
}

func unitsOf(text string, e Encoding) (units int) {
	if e == UCS2 {
		return utf16Units(text)
	}
	for _, r := range text {
		units += Septets(r)
	}
	return units
}

// nextCluster returns the length in bytes and in units of the grapheme cluster that text begins with. Between two plain
// characters there is always a border, and most characters are plain.
func nextCluster(text string, e Encoding) (n, units int) {
	if len(text) > 1 && plainASCII(text[0]) && plainASCII(text[1]) {
		if e == GSM7 {
			return 1, int(alphabet.low[text[0]].septets)
		}
		return 1, 1
	}
	r, n := utf8.DecodeRuneInString(text)
	if n < len(text) {
		if next, _ := utf8.DecodeRuneInString(text[n:]); !plain(r) || !plain(next) {
			cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
			n = len(cluster)
		}
	}
	return n, unitsOf(text[:n], e)
}

func plainASCII(c byte) bool { return c >= ' ' && c < 0x7f }

// plain reports whether r is of a block of which Unicode gives every character the grapheme break property Other: the letters of Europe,
// of Arabic and of CJK, digits and punctuation, but no control, no mark, no emoji and no Hangul.
func plain(r rune) bool {
	switch {
	case r < 0x300:
		return r >= ' ' && r != 0x7f && (r < 0x80 || r >= 0xa0) && r != 0xad
	case r < 0x530:
		return r >= 0x370 && (r < 0x483 || r > 0x489)
	case r < 0x2000:
		return r >= 0x620 && r < 0x64b
	default:
		return r >= 0x2010 && r < 0x2028 || r >= 0x3041 && r < 0x3097 || r >= 0x30a1 && r < 0x30fb || r >= 0x4e00 && r < 0xa000
	}
}
