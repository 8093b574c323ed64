package gsm

// The GSM 7-bit default alphabet of 3GPP TS 23.038, by septet. Septet 0x1B is the escape to the extension table and is no character.
const (
	basic = "@£$¥èéùìòÇ\nØø\rÅå" +
		"Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" +
		" !\"#¤%&'()*+,-./" +
		"0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNO" +
		"PQRSTUVWXYZÄÖÑÜ§" +
		"¿abcdefghijklmno" +
		"pqrstuvwxyzäöñüà"
	escape = 0x1b
)

// extension lists the characters that take two septets, the escape and one more, each followed by the basic character that
// has the same septet.
const extension = "\f\n^Λ{(})\\/[<~=]>|¡€e"

// An entry is how a character is written: nothing, a septet, or the escape and a septet.
type entry struct {
	septets uint8
	code    byte
}

// tables are the alphabet turned round. Every character but a dozen Greek ones and the euro sign lies below U+0100.
type tables struct {
	low   [256]entry
	greek [greekLast - greekFirst + 1]entry
	euro  entry

	runes    [128]rune // by septet
	extended [128]rune // by septet after an escape; 0 where there is none
}

const (
	greekFirst, greekLast = 'Γ', 'Ω'
	euroSign              = '€'
)

// alphabet is computed once from the constants above and never changes.
//
//nolint:gochecknoglobals // a table that nothing writes to
var alphabet = newTables()

func newTables() *tables {
	t := &tables{}
	septet := 0
	for _, r := range basic {
		t.runes[septet] = r
		if septet != escape {
			*t.slot(r) = entry{septets: 1, code: byte(septet)}
		}
		septet++
	}
	pairs := []rune(extension)
	for i := 0; i < len(pairs); i += 2 {
		code := t.entry(pairs[i+1]).code
		t.extended[code] = pairs[i]
		*t.slot(pairs[i]) = entry{septets: 2, code: code}
	}
	return t
}

// slot returns where the entry of r is kept; r must be a character of the alphabet.
func (t *tables) slot(r rune) *entry {
	switch {
	case r < 256:
		return &t.low[r]
	case r == euroSign:
		return &t.euro
	default:
		return &t.greek[r-greekFirst]
	}
}

func (t *tables) entry(r rune) entry {
	switch {
	case r < 0:
		return entry{}
	case r < 256:
		return t.low[r]
	case r >= greekFirst && r <= greekLast:
		return t.greek[r-greekFirst]
	case r == euroSign:
		return t.euro
	default:
		return entry{}
	}
}

// Septets returns how many septets r takes in GSM-7: 1, 2 for the characters of the extension table, or 0 if GSM-7 has no r.
func Septets(r rune) int { return int(alphabet.entry(r).septets) }
