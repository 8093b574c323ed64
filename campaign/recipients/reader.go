package recipients

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Options are what the user knows better than the file shows.
type Options struct {
	Delimiter   rune   // 0: from the header
	Encoding    string // as browsers name it; "": from the byte order mark, else UTF-8
	PhoneColumn string // the column of the number; "": the one column with a usual name
	NoHeader    bool   // the first row is a recipient; columns are named column_1 and so on
	Limit       int    // rows to read, 0: all
}

// Row is one recipient as the file has it.
type Row struct {
	Line   int      // physical line on which the row begins
	Record int      // the how many-th row it is, header and blank rows not counted
	Cells  []string // in the order of Header; the caller's to keep
	Phone  string   // the cell of the number, as it is written
}

// Reader reads a list. It is for one goroutine.
type Reader struct {
	*header
	opts     Options
	encoding string

	src *guard
	buf *bufio.Reader
	csv *csv.Reader

	line  int // physical lines read
	rows  int
	blank int
	err   error // what ended the file

	slab []string // cells of the rows to come, allocated many rows at a time
}

// Open looks at the first 64 KiB and reads the header. Every error is a *FileError that says what to do, but for a
// failure of the program itself.
func Open(r io.Reader, o Options) (*Reader, error) {
	if o.Delimiter != 0 {
		if err := checkDelimiter(o.Delimiter); err != nil {
			return nil, err
		}
	}
	t, err := decode(r, o.Encoding)
	if err != nil {
		return nil, err
	}
	rd := &Reader{opts: o, encoding: t.encoding, src: &guard{text: t}}
	rd.buf = bufio.NewReaderSize(rd.src, sampleSize)
	if err := rd.openCSV(); err != nil {
		return nil, err
	}
	first, err := rd.firstRow()
	if err != nil {
		return nil, err
	}
	line := rd.line + 1
	if !o.NoHeader {
		rd.line += 1 + newlines(first)
	}
	rd.header, err = readHeader(first, line, o)
	return rd, err
}

// openCSV finds the delimiter and sets the parser up, at the header.
func (r *Reader) openCSV() error {
	if _, err := r.buf.Peek(1); err != nil {
		return r.emptyOr(err)
	}
	sample, err := r.buf.Peek(sampleSize)
	if err != nil && err != io.EOF {
		return err
	}
	delimiter, length := separatorLine(sample)
	if length > 0 {
		r.line++
		if _, err := r.buf.Discard(length); err != nil {
			return err
		}
	}
	if err := r.skipBlankLines(); err != nil {
		return r.emptyOr(err)
	}
	r.blank = 0 // above the header there are no rows, blank or not

	switch {
	case r.opts.Delimiter != 0:
		delimiter = r.opts.Delimiter
	case delimiter == 0:
		sample, _ = r.buf.Peek(r.buf.Buffered())
		if delimiter, err = findDelimiter(sample, r.line+1); err != nil {
			return err
		}
	default:
		if err := checkDelimiter(delimiter); err != nil {
			return err
		}
	}
	r.csv = newCSV(r.buf, delimiter)
	return nil
}

// newCSV is strict: a quote in the wrong place is the first sign of a row that went wrong.
func newCSV(r io.Reader, delimiter rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma = delimiter
	c.ReuseRecord = true
	c.FieldsPerRecord = -1
	return c
}

// firstRow is the header, or a look at the first recipient where there is no header.
func (r *Reader) firstRow() ([]string, error) {
	rows := r.csv
	if r.opts.NoHeader {
		sample, _ := r.buf.Peek(r.buf.Buffered())
		rows = newCSV(strings.NewReader(string(sample)), r.csv.Comma)
	}
	first, err := rows.Read()
	if err == nil {
		return slices.Clone(first), nil
	}
	var file *FileError
	if errors.As(err, &file) {
		return nil, err
	}
	return nil, &FileError{Code: "csv.bad_header", Line: r.line + 1, Where: atLine(r.line+1, -1, nil),
		What: "the header cannot be read: a quote in it is in the wrong place or never closed",
		Fix:  `put the whole name in quotes and write a quote inside it as ""`}
}

func (r *Reader) emptyOr(err error) error {
	if err == io.EOF {
		return &FileError{Code: "csv.empty", What: "the file is empty", Fix: "export the list again, with a header"}
	}
	return err
}

// Header is the names of the columns as the file has them.
func (r *Reader) Header() []string { return slices.Clone(r.names) }

// Columns is the same names as a message uses them.
func (r *Reader) Columns() []string { return slices.Clone(r.columns) }

// PhoneColumn is the position of the number in Header and Cells.
func (r *Reader) PhoneColumn() int { return r.phone }

// Column finds a column by the name that a message uses: by its own name first, else by the usual names of the same
// thing (first_name finds fname). It is -1 where there is none, or more than one.
func (r *Reader) Column(name string) int {
	name = Normalize(name)
	if i := slices.Index(r.columns, name); i >= 0 {
		return i
	}
	switch name {
	case "phone":
		return r.phone
	case "first_name":
		return r.known.FirstName.only()
	case "last_name":
		return r.known.LastName.only()
	case "zone":
		return r.known.Zone.only()
	}
	return -1
}

// Encoding is what the file was written in, such as utf-8 or windows-1252.
func (r *Reader) Encoding() string { return r.encoding }

// Delimiter is what stands between the cells.
func (r *Reader) Delimiter() rune { return r.csv.Comma }

// Rows counts the rows read so far, good and bad, without blank ones.
func (r *Reader) Rows() int { return r.rows }

// Blank counts the blank rows skipped so far.
func (r *Reader) Blank() int { return r.blank }

// Next gives the next row. After a *RowError reading goes on; io.EOF or a *FileError is the end, and stays.
func (r *Reader) Next() (Row, error) {
	for r.err == nil {
		if r.opts.Limit > 0 && r.rows >= r.opts.Limit {
			r.err = io.EOF
			break
		}
		if r.err = r.skipBlankLines(); r.err != nil {
			break
		}
		line := r.line + 1
		cells, err := r.csv.Read()
		if err != nil {
			return Row{}, r.broken(cells, line, err)
		}
		r.line += 1 + newlines(cells)
		if blankRow(cells) {
			r.blank++
			continue
		}
		r.rows++
		if err := r.unfit(cells, line); err != nil {
			return Row{}, err
		}
		kept := r.take(cells)
		return Row{Line: line, Record: r.rows, Cells: kept, Phone: kept[r.phone]}, nil
	}
	return Row{}, r.err
}

// skipBlankLines counts the empty lines that encoding/csv would pass over in silence. So it knows the line of each row
// without asking the parser, which has no answer after an error. It leaves the guard at the beginning of the row.
func (r *Reader) skipBlankLines() error {
	for {
		r.src.start = r.src.total - int64(r.buf.Buffered())
		next, err := r.buf.Peek(1)
		if err != nil {
			return err
		}
		if next[0] == '\r' { // of CR LF, or the last byte of the file
			if next, err = r.buf.Peek(2); err != nil && err != io.EOF {
				return err
			}
		}
		if end := string(next); end != "\n" && end != "\r\n" && end != "\r" {
			return nil
		}
		if _, err := r.buf.Discard(len(next)); err != nil {
			return err
		}
		r.line++
		r.blank++
	}
}

// take copies a row out of the parser's slice. The strings are the row's own already: the parser makes one for each
// row, of which the cells are parts.
func (r *Reader) take(cells []string) []string {
	const rowsAtOnce = 256
	if len(r.slab) < len(r.names) {
		r.slab = make([]string, rowsAtOnce*len(r.names))
	}
	kept := r.slab[:len(r.names):len(r.names)]
	r.slab = r.slab[len(r.names):]
	if r.keep == nil {
		copy(kept, cells)
	} else {
		for i, from := range r.keep {
			kept[i] = Unprotect(cells[from])
		}
	}
	return kept
}

// newlines counts the line ends inside the cells of a row.
func newlines(cells []string) int {
	n := 0
	for _, cell := range cells {
		if strings.IndexByte(cell, '\n') >= 0 {
			n += strings.Count(cell, "\n")
		}
	}
	return n
}

// blankRow reports whether nothing is written in a row, as in the rows that spreadsheets leave below a table.
func blankRow(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

var errRowTooLong = fmt.Errorf("row longer than %d bytes", maxRow)
