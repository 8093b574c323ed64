package recipients

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// unfit judges a row that could be parsed: does it have the cells of the header, and is it of a size that any list has?
func (r *Reader) unfit(cells []string, line int) error {
	if len(cells) != r.width {
		return r.ragged(cells, line)
	}
	size := 0
	for _, cell := range cells {
		size += len(cell)
	}
	if size > maxField {
		return r.oversized(cells, line, size)
	}
	return nil
}

// ragged is a row with too many or too few cells. Which of them are in the wrong column nobody can say.
func (r *Reader) ragged(cells []string, line int) error {
	bad := &RowError{Line: line, Record: r.rows, Code: "csv.ragged", Cells: r.visible(cells), Value: r.raw(),
		Message: fmt.Sprintf("expected %d cells as in the header, got %d", r.width, len(cells)),
		Fix:     fmt.Sprintf("put cells that contain %q in quotes, and give every row a cell for each column", r.csv.Comma)}
	if last := line + newlines(cells); last > line {
		bad.Message += fmt.Sprintf("; the row runs from line %d to line %d: is a quote left open?", line, last)
	}
	return bad
}

// oversized is a row that may still be good: it is the single cell that must not be too long, and the whole row.
func (r *Reader) oversized(cells []string, line, size int) error {
	for i, name := range r.names {
		if n := len(cells[r.physical(i)]); n > maxField {
			return &RowError{Line: line, Record: r.rows, Code: "csv.field_too_long", Column: name, Cells: r.visible(cells),
				Message: fmt.Sprintf("the cell has %d bytes, where %d are allowed", n, maxField),
				Fix:     "shorten the cell; if it runs over several lines, look for a quote left open"}
		}
	}
	if size > maxRow {
		return &RowError{Line: line, Record: r.rows, Code: "csv.row_too_long", Cells: r.visible(cells),
			Message: fmt.Sprintf("the row has %d bytes, where %d are allowed", size, maxRow),
			Fix:     "delete the columns that the message does not need"}
	}
	return nil
}

// broken judges an error of the parser. A quote in the wrong place spoils its row; a quote that stays open spoils the
// file, for nobody can say which rows it swallowed.
func (r *Reader) broken(before []string, line int, err error) error {
	var syntax *csv.ParseError
	var file *FileError
	switch {
	case err == io.EOF, errors.As(err, &file):
		r.err = err
	case errors.Is(err, errRowTooLong):
		r.err = r.tooLong(before, line)
	case errors.As(err, &syntax):
		return r.misquoted(before, line, syntax)
	default:
		r.err = readError(err)
	}
	return r.err
}

// misquoted judges a row with a quote where none may be. before are the cells before the one at fault. encoding/csv goes
// on with the next line, which is only right if no quote of this one is open: else that line is the rest of a cell, and
// might be read as somebody's row.
func (r *Reader) misquoted(before []string, line int, syntax *csv.ParseError) error {
	end := line + syntax.Line - syntax.StartLine
	raw := r.raw()
	cells, open := patient(raw, r.csv.Comma)
	switch {
	case errors.Is(syntax, csv.ErrQuote) && (open || end > line):
		r.err = r.unclosed(before, line, end)
		return r.err
	case open:
		r.err = r.unclosed(cells[:max(len(cells)-1, 0)], line, end)
		return r.err
	}
	r.rows++
	r.line = end
	bad := &RowError{Line: line, Record: r.rows, Code: "csv.bare_quote", Value: raw, Cells: r.visible(cells),
		Message: fmt.Sprintf("a quote in the wrong place, at byte %d of line %d", syntax.Column, end),
		Fix:     `put the whole cell in quotes and write a quote inside it as ""`}
	if i := r.shown(len(before)); i >= 0 {
		bad.Column = r.names[i]
	}
	return bad
}

// patient takes a row apart whose quotes are in the wrong places, for the rejects file, where a person looks at it before
// it is sent. It reports whether a quote is open at the end, in the last cell then.
func patient(row string, delimiter rune) (cells []string, open bool) {
	const next = "next row"
	p := newCSV(strings.NewReader(row+"\n"+next), delimiter)
	p.LazyQuotes, p.ReuseRecord = true, false
	cells, err := p.Read()
	if err != nil {
		return nil, true
	}
	after, err := p.Read()
	return cells, err != nil || len(after) != 1 || after[0] != next
}

// unclosed is the end of the file. before are the cells before the one with the quote.
func (r *Reader) unclosed(before []string, line, end int) *FileError {
	opened := line + newlines(before)
	e := &FileError{Code: "csv.unclosed_quote", Line: opened, Where: atLine(opened, r.shown(len(before)), r.names),
		What: "a quote is opened and not closed",
		Fix:  fmt.Sprintf(`close the quote on line %d right before the next %q, or write it as "" inside a quoted cell`, opened, r.csv.Comma)}
	if end > opened {
		e.What += fmt.Sprintf(": all up to line %d was read as one cell", end)
	}
	return e
}

// tooLong is the end of the file too: the rest of the row was never read. The cell that did not end, if the parser
// counts it as read, is the one too long to be one.
func (r *Reader) tooLong(before []string, line int) *FileError {
	if n := len(before); n > 0 && len(before[n-1]) > maxField {
		before = before[:n-1]
	}
	opened := line + newlines(before)
	return &FileError{Code: "csv.row_too_long", Line: opened, Where: atLine(opened, r.shown(len(before)), r.names),
		What: fmt.Sprintf("the row that begins on line %d is longer than %d bytes", line, maxRow),
		Fix:  fmt.Sprintf("look for a quote left open on line %d; if there is none, delete the columns that the message does not need", opened)}
}

// raw is the row as it stands in the file, without its line end.
func (r *Reader) raw() string {
	return strings.TrimRight(string(r.src.raw(r.buf.Buffered())), "\r\n")
}

// visible copies the cells of the list, without those that smsctl added, and with any beyond the header.
func (r *Reader) visible(cells []string) []string {
	if r.keep == nil {
		return append([]string(nil), cells...)
	}
	var kept []string
	for _, from := range r.keep {
		if from < len(cells) {
			kept = append(kept, Unprotect(cells[from]))
		}
	}
	if len(cells) > r.width {
		kept = append(kept, cells[r.width:]...)
	}
	return kept
}

// physical is where the i-th column of the list stands in a row.
func (r *Reader) physical(i int) int {
	if r.keep == nil {
		return i
	}
	return r.keep[i]
}

// shown is the reverse: the column of the list at a place in the row, -1 if that is none.
func (r *Reader) shown(place int) int {
	for i := range r.names {
		if r.physical(i) == place {
			return i
		}
	}
	return -1
}
