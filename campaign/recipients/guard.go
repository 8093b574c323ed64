package recipients

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Limits of one list. They bound memory: without them one quote left open would read a whole file into one cell.
const (
	maxColumns = 500
	maxField   = 64 << 10
	maxRow     = 1 << 20
)

// guard stands between the file and encoding/csv, which takes NUL bytes, broken UTF-8 and rows of any length without
// a word. It also remembers what it passed on last, so that a row that cannot be parsed can be shown as it is.
type guard struct {
	text *text
	err  error

	tail  []byte // the beginning of a character whose rest is in the next chunk
	lines int    // line ends passed on
	total int64  // bytes passed on
	start int64  // where the row begins that is being read

	recent []byte // the last bytes passed on, at least two samples of them
}

func (g *guard) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	// The buffer above asks for more only when it holds no whole line: all since start is one row.
	if g.total-g.start > maxRow {
		g.err = errRowTooLong
		return 0, g.err
	}
	n, err := g.text.Read(p)
	if n > 0 {
		if g.err = g.check(p[:n]); g.err != nil {
			return 0, g.err
		}
		g.lines += bytes.Count(p[:n], []byte{'\n'})
		g.total += int64(n)
		g.remember(p[:n])
	}
	switch {
	case err == io.EOF && len(g.tail) > 0:
		g.err = g.invalid(g.tail[0], 0, -len(g.tail))
	case err == io.EOF:
		g.err = io.EOF
	case err != nil:
		g.err = readError(err)
	}
	return n, g.err
}

// remember keeps the end of what was passed on. Moving it only when twice as much has come makes it one copy a byte.
func (g *guard) remember(p []byte) {
	const keep = 2 * sampleSize
	g.recent = append(g.recent, p...)
	if len(g.recent) > 2*keep {
		n := copy(g.recent, g.recent[len(g.recent)-keep:])
		g.recent = g.recent[:n]
	}
}

// raw is what was passed on from the mark up to the last unread bytes; empty if that is too long ago.
func (g *guard) raw(unread int) []byte {
	from, to := g.start-g.total+int64(len(g.recent)), len(g.recent)-unread
	if from < 0 || to < int(from) {
		return nil
	}
	return g.recent[from:to]
}

// check refuses NUL bytes and what is not UTF-8. A character cut in two by the end of the chunk is checked with the
// next one.
func (g *guard) check(p []byte) error {
	if i := bytes.IndexByte(p, 0); i >= 0 {
		line := g.lines + bytes.Count(p[:i], []byte{'\n'}) + 1
		return &FileError{Code: "csv.nul_byte", Line: line, Where: g.where(line, i),
			What: "the file contains a NUL byte: it is binary, damaged, or in another encoding",
			Fix:  `export the list again as "CSV UTF-8", or name its encoding with --encoding`}
	}
	rest := p
	for len(g.tail) > 0 && len(rest) > 0 && !utf8.FullRune(g.tail) {
		g.tail = append(g.tail, rest[0])
		rest = rest[1:]
	}
	if len(g.tail) > 0 && utf8.FullRune(g.tail) {
		if !g.sound(g.tail) {
			return g.invalid(g.tail[0], 0, len(p)-len(rest)-len(g.tail))
		}
		g.tail = g.tail[:0]
	}
	whole := len(rest) - cutRune(rest)
	if !g.sound(rest[:whole]) {
		i := 0
		for {
			_, size := utf8.DecodeRune(rest[i:whole])
			if !g.sound(rest[i : i+size]) {
				break
			}
			i += size
		}
		return g.invalid(rest[i], bytes.Count(rest[:i], []byte{'\n'}), len(p)-len(rest)+i)
	}
	g.tail = append(g.tail, rest[whole:]...)
	return nil
}

// sound reports whether b is UTF-8, and of a decoded file, whether the decoder could make sense of all of it.
func (g *guard) sound(b []byte) bool {
	return utf8.Valid(b) && !(g.text.decoded && bytes.Contains(b, []byte("\ufffd")))
}

// cutRune is the length of the unfinished character at the end of b.
func cutRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if utf8.FullRune(b[len(b)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

// invalid describes the byte bad, which stands lines line ends and skip bytes after what was passed on.
func (g *guard) invalid(bad byte, lines, skip int) error {
	e := &FileError{Code: "csv.invalid_encoding", Line: g.lines + lines + 1, Where: g.where(g.lines+lines+1, skip)}
	if g.text.decoded {
		e.What = "there are bytes that " + g.text.encoding + " does not have"
		e.Fix = `check --encoding, or save the file as "CSV UTF-8"`
		return e
	}
	e.What = fmt.Sprintf("this is not UTF-8: byte 0x%02X, which would be %q in windows-1252", bad, charmap.Windows1252.DecodeByte(bad))
	e.Fix = `--encoding windows-1252 if it comes from Excel on Windows, or save the file as "CSV UTF-8"`
	return e
}

// where counts bytes as an editor does, from 1 and with the byte order mark. Of a decoded file they are not known.
func (g *guard) where(line, skip int) string {
	if g.text.decoded {
		return fmt.Sprintf("line %d", line)
	}
	return fmt.Sprintf("line %d, byte %d of the file", line, g.total+int64(g.text.mark+skip)+1)
}
