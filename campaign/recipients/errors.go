package recipients

import (
	"fmt"
	"strings"
)

// FileError ends the reading of a file: nothing after it can be trusted.
type FileError struct {
	Code string // stable, such as csv.unclosed_quote
	What string // what is wrong, without the name of the file, which this package does not know
	Line int    // physical line, 0 if it is not about a line
	// Where is the place in words, such as `line 3, column 2 (phone)`; empty if it is the file as a whole.
	Where string
	Fix   string // what to do about it
	Err   error  // the cause, where there is one
}

// Error says what and where; the fix is for whoever prints to a person.
func (e *FileError) Error() string {
	s := e.What
	if e.Where != "" {
		s = e.Where + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause, such as the read error of the disk.
func (e *FileError) Unwrap() error { return e.Err }

// RowError is one row that cannot be used. Intake makes them too, for numbers it cannot send to.
type RowError struct {
	Line    int      // physical line on which the row begins
	Record  int      // the how many-th row it is, header and blank rows not counted
	Column  string   // the header of the cell at fault, empty if it is the row as a whole
	Value   string   // the cell at fault, or the row as it stands in the file where it cannot be taken apart
	Code    string   // stable, such as csv.ragged
	Message string   // what is wrong
	Fix     string   // what to do about it
	Cells   []string // the row as far as it could be read, in the order of Header
}

// Error says where and what.
func (e *RowError) Error() string {
	if e.Column != "" {
		return fmt.Sprintf("line %d, column %q: %s", e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

// atLine names a line, and a column of it by position and header where both are known.
func atLine(line, column int, header []string) string {
	where := fmt.Sprintf("line %d", line)
	if column >= 0 && column < len(header) {
		where += fmt.Sprintf(", column %d (%s)", column+1, header[column])
	}
	return where
}

// list names columns for a person; a header of hundreds is cut.
func list(names []string) string {
	const most = 20
	if len(names) == 0 {
		return "none"
	}
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return strings.Join(names, ", ") + more
}
