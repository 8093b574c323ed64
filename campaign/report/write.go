package report

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"

	"github.com/smsctl/smsctl/campaign/recipients"
)

// Format is how rows are written.
type Format string

// The formats for programs; text is WriteText's.
const (
	JSON   Format = "json"   // one array
	NDJSON Format = "ndjson" // one object a line
	CSV    Format = "csv"    // RFC 4180, UTF-8, LF
)

// Options of the writers.
type Options struct {
	Privacy Privacy
	Excel   bool // CSV with byte order mark and CRLF, and cells protected from being run as formulas
}

// Writer writes rows of one table as they come, in constant memory.
type Writer struct {
	format Format
	o      Options
	out    *bufio.Writer
	csv    *csv.Writer
	json   *json.Encoder
	rows   int
	line   []string
}

// NewWriter begins a table. like is any row of it, for the header: a table without rows has one too.
func NewWriter(out io.Writer, f Format, like Row, o Options) (*Writer, error) {
	w := &Writer{format: f, o: o, out: bufio.NewWriterSize(out, 64<<10)}
	switch f {
	case CSV:
		return w, w.begin(like)
	case JSON, NDJSON:
		w.json = json.NewEncoder(w.out)
		w.json.SetEscapeHTML(false)
		if f == JSON {
			_, err := w.out.WriteString("[")
			return w, err
		}
		return w, nil
	}
	return nil, fmt.Errorf("format %q: rows are written as csv, json or ndjson", f)
}

func (w *Writer) begin(like Row) error {
	w.csv = csv.NewWriter(w.out)
	w.csv.UseCRLF = w.o.Excel
	if w.o.Excel {
		if _, err := w.out.WriteString("\ufeff"); err != nil {
			return err
		}
	}
	for _, name := range like.header() {
		w.line = append(w.line, w.protect(cell{name, listed}))
	}
	return w.csv.Write(w.line)
}

// Write adds a row.
func (w *Writer) Write(r Row) error {
	w.rows++
	switch w.format {
	case CSV:
		w.line = w.line[:0]
		for _, c := range r.cells(w.o.Privacy) {
			w.line = append(w.line, w.protect(c))
		}
		return w.csv.Write(w.line)
	case JSON:
		if w.rows > 1 {
			if _, err := w.out.WriteString(","); err != nil {
				return err
			}
		}
	}
	return w.json.Encode(r.private(w.o.Privacy))
}

// protect makes others' text safe for a spreadsheet where that was asked for. Else it is left as it is, but for what the
// reader of lists would take for protected: a list that we give back must come back the same.
func (w *Writer) protect(c cell) string {
	switch {
	case c.kind == 0:
		return c.text
	case w.o.Excel:
		return recipients.Protect(c.text)
	case c.kind == listed && recipients.Unprotect(c.text) != c.text:
		return "'" + c.text
	}
	return c.text
}

// Close completes the table; it does not close what it writes to.
func (w *Writer) Close() error {
	if w.csv != nil {
		w.csv.Flush()
		if err := w.csv.Error(); err != nil {
			return err
		}
	}
	if w.format == JSON {
		if _, err := w.out.WriteString("]\n"); err != nil {
			return err
		}
	}
	return w.out.Flush()
}
