package recipients

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// delimiters are those that are looked for; any other must be named.
const delimiters = ",;\t|"

// separatorLine recognises the first line `sep=;` by which Excel is told the delimiter. It gives the delimiter and the
// length of the line, 0 if there is none.
func separatorLine(sample []byte) (rune, int) {
	end := bytes.IndexByte(sample, '\n')
	if end < 0 {
		return 0, 0
	}
	line := strings.TrimRight(string(sample[:end]), "\r")
	line = strings.TrimSuffix(strings.TrimPrefix(line, `"`), `"`)
	if len(line) < len("sep=;") || !strings.EqualFold(line[:4], "sep=") {
		return 0, 0
	}
	delimiter, size := utf8.DecodeRuneInString(line[4:])
	// Excel fills the line up with delimiters when it saves such a file.
	if strings.Trim(line[4+size:], string(delimiter)) != "" {
		return 0, 0
	}
	return delimiter, end + 1
}

// findDelimiter counts the delimiters of the first row outside quotes. The most frequent is it; a file of one column has
// none.
func findDelimiter(sample []byte, line int) (rune, error) {
	var counts [len(delimiters)]int
	quoted := false
scan:
	for _, b := range sample {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '\n':
			break scan
		default:
			if i := strings.IndexByte(delimiters, b); i >= 0 {
				counts[i]++
			}
		}
	}
	best, tie := 0, false
	for i := 1; i < len(counts); i++ {
		switch {
		case counts[i] > counts[best]:
			best, tie = i, false
		case counts[i] == counts[best]:
			tie = true
		}
	}
	if tie && counts[best] > 0 {
		var tied []string
		for i, n := range counts {
			if n == counts[best] {
				tied = append(tied, fmt.Sprintf("%q", delimiters[i:i+1]))
			}
		}
		return 0, &FileError{Code: "csv.delimiter_ambiguous", Line: line, Where: atLine(line, -1, nil),
			What: fmt.Sprintf("the first line has %s %d times each: the delimiter is not clear", strings.Join(tied, " and "), counts[best]),
			Fix:  "--delimiter with the right one, such as --delimiter " + tied[0]}
	}
	return rune(delimiters[best]), nil
}

// checkDelimiter refuses what encoding/csv could not tell from the data.
func checkDelimiter(d rune) error {
	if d == '"' || d == '\r' || d == '\n' || d == 0 || !utf8.ValidRune(d) || d == utf8.RuneError || unicode.IsLetter(d) || unicode.IsDigit(d) {
		return &FileError{Code: "csv.delimiter_invalid", What: fmt.Sprintf("%q cannot be the delimiter", d),
			Fix: `--delimiter with one character, such as "," ";" "|" or a tab`}
	}
	return nil
}
