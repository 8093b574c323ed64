package recipients

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// sampleSize is how much of a file is looked at before anything is decided about it.
const sampleSize = 64 << 10

// marks are the byte order marks. UTF-32 must come before UTF-16LE, with which it begins.
//
//nolint:gochecknoglobals // a table that nothing writes to
var marks = [...]struct{ bytes, name string }{
	{"\xff\xfe\x00\x00", "utf-32le"},
	{"\x00\x00\xfe\xff", "utf-32be"},
	{"\xef\xbb\xbf", "utf-8"},
	{"\xff\xfe", "utf-16le"},
	{"\xfe\xff", "utf-16be"},
}

// foreign are files that people send in place of a CSV, by their first bytes.
//
//nolint:gochecknoglobals // a table that nothing writes to
var foreign = [...]struct{ magic, what, fix string }{
	{"PK\x03\x04", "this is a spreadsheet or zip archive, not CSV", `open it and save it as "CSV UTF-8"`},
	{"\xd0\xcf\x11\xe0", "this is an old Excel workbook, not CSV", `open it and save it as "CSV UTF-8"`},
	{"\x1f\x8b", "this file is compressed with gzip", "gunzip -c FILE | smsctl send --csv -"},
	{"%PDF", "this is a PDF, not CSV", "export the list as CSV"},
	{"SQLite format 3\x00", "this is a SQLite database, not CSV", "export the list as CSV"},
}

// text is a file as UTF-8 without a byte order mark and with LF or CRLF line ends.
type text struct {
	*bufio.Reader
	encoding string // the name of what it was
	mark     int    // bytes of the byte order mark that was dropped
	decoded  bool   // it was not UTF-8: U+FFFD stands for what could not be decoded
}

// decode finds the encoding of r. A byte order mark decides, even against a name given by the user: nothing else begins
// with those bytes. Without a mark and without a name it is UTF-8.
func decode(r io.Reader, name string) (*text, error) {
	raw := bufio.NewReaderSize(r, sampleSize)
	sample, err := raw.Peek(sampleSize)
	if err != nil && err != io.EOF {
		return nil, readError(err)
	}
	for _, f := range foreign {
		if bytes.HasPrefix(sample, []byte(f.magic)) {
			return nil, &FileError{Code: "csv.not_csv", What: f.what, Fix: f.fix}
		}
	}
	t := &text{Reader: raw}
	for _, m := range marks {
		if bytes.HasPrefix(sample, []byte(m.bytes)) {
			name, t.mark = m.name, len(m.bytes)
			break
		}
	}
	if name == "" {
		if guess := nulPattern(sample); guess != "" {
			return nil, &FileError{Code: "csv.utf16_without_bom", Line: 1, Where: "line 1",
				What: fmt.Sprintf("this looks like %s without a byte order mark", strings.ToUpper(guess)),
				Fix:  "--encoding " + guess + `, or save the file as "CSV UTF-8"`}
		}
		name = "utf-8"
	}
	enc, canonical, err := lookup(name)
	if err != nil {
		return nil, err
	}
	t.encoding = canonical
	if _, err := raw.Discard(t.mark); err != nil {
		return nil, readError(err)
	}
	if enc != nil {
		t.decoded = true
		t.Reader = bufio.NewReaderSize(enc.NewDecoder().Reader(raw), sampleSize)
	}
	return t, t.joinLoneCR()
}

// lookup resolves the name of an encoding as browsers do: iso-8859-1 is windows-1252 there, as it is in practice.
// UTF-8 needs no decoder and gives nil.
func lookup(name string) (encoding.Encoding, string, error) {
	enc, err := htmlindex.Get(strings.ToLower(strings.TrimSpace(name)))
	if err != nil {
		return nil, "", &FileError{Code: "csv.encoding_unknown", What: fmt.Sprintf("the encoding %q is not known", name),
			Fix: "--encoding utf-8, utf-16le, utf-16be, windows-1252, iso-8859-2, shift_jis, gb18030 …; or save the file as UTF-8"}
	}
	canonical, err := htmlindex.Name(enc)
	if err != nil {
		canonical = strings.ToLower(name)
	}
	if canonical == "utf-8" {
		return nil, canonical, nil
	}
	return enc, canonical, nil
}

// nulPattern recognises UTF-16 by the zero half of its Latin letters, delimiters and line ends.
func nulPattern(sample []byte) string {
	var zero [2]int
	for i, b := range sample {
		if b == 0 {
			zero[i%2]++
		}
	}
	half := len(sample) / 2
	switch {
	case half == 0:
		return ""
	case zero[1] > half/4 && zero[0] <= zero[1]/8:
		return "utf-16le"
	case zero[0] > half/4 && zero[1] <= zero[0]/8:
		return "utf-16be"
	}
	return ""
}

// joinLoneCR turns the line ends of old Macintosh files into LF; encoding/csv would read such a file as one long
// header. Only a file without a single LF at its beginning is one.
func (t *text) joinLoneCR() error {
	sample, err := t.Peek(sampleSize)
	if err != nil && err != io.EOF {
		return readError(err)
	}
	if bytes.IndexByte(sample, '\r') >= 0 && bytes.IndexByte(sample, '\n') < 0 {
		t.Reader = bufio.NewReaderSize(crReader{t.Reader}, sampleSize)
	}
	return nil
}

// crReader reads CR as LF.
type crReader struct{ r io.Reader }

func (c crReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

func readError(err error) *FileError {
	return &FileError{Code: "csv.read", What: "reading the list", Fix: "check the disk or the program that writes into the pipe", Err: err}
}
