package recipients

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Rejects writes the rows that could not be used to a file that can be mended and sent again:
//
//	smsctl_line,smsctl_record,smsctl_column,smsctl_value,smsctl_code,smsctl_message, and the columns of the list
//
// The columns in front are left out when the file is read again. They stand in front so that a row with too many or too
// few cells keeps exactly those: sent again without being mended it is refused again, and never read with its cells in
// the wrong columns.
//
// The file is made with the first row, for the owner alone to read, and gets its name in Close: whoever sees it sees it
// whole.
type Rejects struct {
	path      string
	header    []string
	delimiter rune

	file  *os.File
	csv   *csv.Writer
	count int
	row   []string
}

//nolint:gochecknoglobals // a table that nothing writes to
var rejectColumns = [...]string{"line", "record", "column", "value", "code", "message"}

// NewRejects prepares the rejects of a list with this header, written with its delimiter so that the spreadsheet that
// made the one opens the other. Nothing is created yet.
func NewRejects(path string, header []string, delimiter rune) *Rejects {
	return &Rejects{path: path, header: header, delimiter: delimiter}
}

// Count is the number of rows written.
func (r *Rejects) Count() int { return r.count }

// Write adds a row.
func (r *Rejects) Write(e *RowError) error {
	if r.file == nil {
		if err := r.create(); err != nil {
			return err
		}
	}
	message := e.Message
	if e.Fix != "" {
		message += ". Fix: " + e.Fix
	}
	r.row = append(r.row[:0], strconv.Itoa(e.Line), strconv.Itoa(e.Record),
		Protect(e.Column), Protect(e.Value), e.Code, Protect(message))
	for _, cell := range e.Cells {
		r.row = append(r.row, Protect(cell))
	}
	if err := r.csv.Write(r.row); err != nil {
		return fmt.Errorf("writing the rejects: %w", err)
	}
	r.count++
	return nil
}

// create makes the file under a name of its own, readable by the owner only: it holds numbers of people.
func (r *Rejects) create() error {
	file, err := os.CreateTemp(filepath.Dir(r.path), "."+filepath.Base(r.path)+".*")
	if err != nil {
		return fmt.Errorf("creating the rejects file: %w", err)
	}
	r.file, r.csv = file, csv.NewWriter(file)
	r.csv.Comma = r.delimiter
	for _, name := range rejectColumns {
		r.row = append(r.row, ownPrefix+name)
	}
	for _, name := range r.header {
		r.row = append(r.row, Protect(name))
	}
	if err := r.csv.Write(r.row); err != nil {
		return fmt.Errorf("writing the rejects: %w", err)
	}
	return nil
}

// Close gives the file its name. Where nothing was written there is no file. On an error nothing is left behind, and a
// file of an earlier run stays as it was.
func (r *Rejects) Close() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	r.csv.Flush()
	err := errors.Join(r.csv.Error(), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), r.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the rejects to %s: %w", r.path, err), os.Remove(file.Name()))
	}
	return nil
}
