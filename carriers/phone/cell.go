package phone

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxCell is the longest cell that is looked at; maxDigits is the longest number of E.164.
const (
	maxCell   = 250
	maxDigits = 15
)

// What spreadsheets and people make of numbers. The expressions run only on cells that are refused anyway.
var (
	scientific = regexp.MustCompile(`^[+-]?\d+([.,]\d+)?[eE][+-]?\d+$`)
	decimal    = regexp.MustCompile(`^\+?\d+[.,]\d{1,2}$`)
	extension  = regexp.MustCompile(`(?i)\d[\s,;.(-]*(ext(ension|n)?|x|#|int|anexo|доб|wew)[\s.:=]*\d{1,9}#?\)?$`)
)

// read takes the digits out of a cell, and the plus sign before them. What is neither digit nor punctuation of a number is
// refused: a letter that is skipped makes another number, and someone else gets the message.
func read(cell string) (dialled, error) {
	if d, plain := readPlain(cell); plain {
		return d, nil
	}
	if len(cell) > maxCell {
		return dialled{}, refuse(CodeTooLong, "the cell is longer than a number can be (%d bytes)", len(cell))
	}
	text := unwrap(strings.TrimSpace(strings.Map(plainRune, cell)))
	if text != "" && (text[0] == '=' || text[0] == '@') {
		return dialled{}, refuse(CodeFormula, "the cell holds a spreadsheet formula; export its value as text")
	}
	if len(text) >= 4 && strings.EqualFold(text[:4], "tel:") {
		text = text[4:]
	}
	d, clean := readPunctuated(text)
	switch {
	case !clean:
		return dialled{}, diagnose(text)
	case d.digits == "":
		return dialled{}, refuse(CodeEmpty, "the cell holds no number")
	case strings.ContainsRune(text, '.') && decimal.MatchString(text):
		return dialled{}, errDecimal
	case len(d.digits) > maxDigits && holdsTwo(text):
		return dialled{}, errMultiple
	}
	return d, nil
}

var (
	errDecimal  = refuse(CodeDecimal, "the cell holds a decimal quantity; re-export the column as Text")
	errMultiple = refuse(CodeMultiple, "the cell holds more than one number; give each its own row")
)

// readPlain reads what most cells are: digits, with or without a plus sign. It allocates nothing.
func readPlain(cell string) (d dialled, plain bool) {
	digits, plus := strings.CutPrefix(cell, "+")
	for i := range len(digits) {
		if digits[i]-'0' > 9 {
			return d, false
		}
	}
	return dialled{digits: digits, plus: plus}, digits != "" && len(digits) <= 2*maxDigits
}

// readPunctuated reads digits among the punctuation that people put into numbers.
func readPunctuated(text string) (d dialled, clean bool) {
	digits := make([]byte, 0, 2*maxDigits)
	for i := range len(text) {
		switch c := text[i]; c {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			digits = append(digits, c)
		case '+':
			if len(digits) > 0 {
				return d, false
			}
			d.plus = true
		case ' ', '-', '.', '/', '(', ')', '[', ']':
		default:
			return d, false
		}
	}
	d.digits = string(digits)
	return d, true
}

// plainRune maps the digits and the punctuation of all scripts to ASCII and drops invisible marks, which come along when
// numbers are copied from a web page or a chat.
func plainRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		return r
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return -1
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '−', r == 'ー':
		return '-'
	case unicode.Is(unicode.Nd, r):
		return '0' + digitValue(r)
	case r >= '！' && r <= '～': // full-width ASCII
		return r - '！' + '!'
	case r == '’', r == '‘', r == '“', r == '”', r == '´':
		return '\''
	default:
		return r
	}
}

// digitValue returns the value of a decimal digit of any script: Unicode keeps them in runs of ten from zero to nine.
func digitValue(r rune) rune {
	for _, run := range unicode.Nd.R16 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return (r - rune(run.Lo)) % 10
		}
	}
	for _, run := range unicode.Nd.R32 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return (r - rune(run.Lo)) % 10
		}
	}
	return 0
}

// unwrap takes off what only says "this is text": the apostrophe of a spreadsheet, quotes, and ="…".
func unwrap(text string) string {
	if inner, found := strings.CutPrefix(text, `="`); found && strings.HasSuffix(inner, `"`) {
		text = inner
	}
	return strings.Trim(text, `'" `)
}

// diagnose says what is wrong with a cell that holds something foreign.
func diagnose(text string) error {
	digits, letters := 0, 0
	foreign := rune(0)
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.IsLetter(r):
			letters++
		case foreign == 0 && !strings.ContainsRune(" -./()[]", r):
			foreign = r
		}
	}
	switch {
	case scientific.MatchString(text):
		return refuse(CodeSpreadsheet, "Excel lost digits; re-export the column as Text")
	case decimal.MatchString(text):
		return errDecimal
	case digits == 0:
		return refuse(CodeEmpty, "the cell holds no number")
	case extension.MatchString(text):
		return refuse(CodeExtension, "the number has an extension, and an extension takes no SMS")
	case holdsTwo(text):
		return errMultiple
	case letters > 0:
		return refuse(CodeLetters, "the cell holds letters; write the number in digits")
	case foreign == utf8.RuneError:
		return refuse(CodeInvalid, "the cell is not valid UTF-8")
	case foreign == '+':
		return refuse(CodeInvalid, "a plus sign stands inside the number")
	default:
		return refuse(CodeInvalid, "unexpected %q in the number", foreign)
	}
}

// holdsTwo reports whether text falls into two parts that could each be a number: at a sign that separates items, or, when
// there are too many digits for one number, at a space.
func holdsTwo(text string) bool {
	long := countDigits(text) > maxDigits
	for i, r := range text {
		if !strings.ContainsRune(",;|/&+\\", r) && !unicode.IsLetter(r) && (!long || r != ' ') {
			continue
		}
		if countDigits(text[:i]) >= 7 && countDigits(text[i:]) >= 7 {
			return true
		}
	}
	return false
}

func countDigits(text string) (n int) {
	for i := range len(text) {
		if text[i]-'0' <= 9 {
			n++
		}
	}
	return n
}
