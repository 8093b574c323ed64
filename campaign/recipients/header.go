package recipients

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/gocarina/gocsv"
)

// wellKnown are the columns that mean something to smsctl, and the names under which they come. gocsv reads the tags.
type wellKnown struct {
	Phone positions `csv:"phone,mobile,msisdn,to,number,phone_number,mobile_number,phonenumber,mobile_phone,cell,cellphone,cell_phone,tel,telephone,gsm,recipient,destination"`

	FirstName positions `csv:"first_name,firstname,fname,given_name,forename"`
	LastName  positions `csv:"last_name,lastname,lname,surname,family_name"`
	Zone      positions `csv:"zone,tz,timezone,time_zone"`
}

// positions are the columns under which a field was found. More than one is for the caller to judge: gocsv would take
// the last.
type positions struct{ columns []int }

// UnmarshalCSV is called by gocsv for every column that carries a name of the field.
func (p *positions) UnmarshalCSV(column string) error {
	i, err := strconv.Atoi(column)
	if err != nil {
		return fmt.Errorf("column position %q: %w", column, err)
	}
	p.columns = append(p.columns, i)
	return nil
}

// only is the column of the field, -1 if there is none or more than one.
func (p positions) only() int {
	if len(p.columns) == 1 {
		return p.columns[0]
	}
	return -1
}

// mapColumns lets gocsv map normalised names to fields. It hands gocsv a table of one row in which each cell holds the
// position of its column.
func mapColumns(names []string) (wellKnown, error) {
	var known wellKnown
	if len(names) == 0 {
		return known, nil // gocsv would find an empty file
	}
	at := make([]string, len(names))
	for i := range at {
		at[i] = strconv.Itoa(i)
	}
	var table bytes.Buffer
	w := csv.NewWriter(&table)
	if err := w.WriteAll([][]string{names, at}); err != nil {
		return known, fmt.Errorf("mapping the header: %w", err)
	}
	mapper, err := gocsv.NewUnmarshaller(csv.NewReader(&table), known)
	if err != nil {
		return known, fmt.Errorf("mapping the header: %w", err)
	}
	row, err := mapper.Read()
	if err != nil {
		return known, fmt.Errorf("mapping the header: %w", err)
	}
	return row.(wellKnown), nil
}

// header is the first line of a list, understood.
type header struct {
	names   []string // as the file has them, without the columns that smsctl wrote itself
	columns []string // the same, normalised
	keep    []int    // where they stand in a row of a file that smsctl gave back; nil of any other: all of the row
	width   int      // cells of a row
	phone   int      // index into names
	known   wellKnown
}

// ownPrefix marks the columns that smsctl adds to a list it gives back. They are no part of the list.
const ownPrefix = "smsctl_"

// readHeader checks the first row of a file, or makes a header up where there is none.
func readHeader(first []string, line int, o Options) (*header, error) {
	if len(first) > maxColumns {
		return nil, &FileError{Code: "csv.too_many_columns", Line: line, Where: atLine(line, -1, nil),
			What: fmt.Sprintf("%d columns, where %d are allowed", len(first), maxColumns),
			Fix:  "delete the columns that the message does not need; if there are not that many, check --delimiter"}
	}
	h := &header{width: len(first)}
	if o.NoHeader {
		h.nameColumns()
	} else {
		if err := refuseNoHeader(first, line, o); err != nil {
			return nil, err
		}
		if err := h.takeNames(first, line); err != nil {
			return nil, err
		}
	}
	var err error
	if h.known, err = mapColumns(h.columns); err != nil {
		return nil, err
	}
	if h.phone, err = h.findPhone(first, line, o); err != nil {
		return nil, err
	}
	return h, nil
}

// nameColumns makes names for a file without a header.
func (h *header) nameColumns() {
	for i := range h.width {
		h.names = append(h.names, fmt.Sprintf("column_%d", i+1))
	}
	h.columns = h.names
}

// takeNames normalises the names and refuses those that a message could not address.
func (h *header) takeNames(first []string, line int) error {
	seen := make(map[string]int, len(first))
	ours := slices.ContainsFunc(first, isOwn)
	for i, name := range first {
		if isOwn(name) {
			continue
		}
		if ours {
			name = Unprotect(name)
			h.keep = append(h.keep, i)
		}
		column := Normalize(name)
		if column == "" {
			return &FileError{Code: "csv.header_empty_name", Line: line, Where: fmt.Sprintf("line %d, column %d", line, i+1),
				What: "the column has no name", Fix: "name the column in the first line, or delete it"}
		}
		if other, twice := seen[column]; twice {
			return &FileError{Code: "csv.header_duplicate", Line: line, Where: fmt.Sprintf("line %d, columns %d and %d", line, other+1, i+1),
				What: fmt.Sprintf("%q and %q are the same name in a message: %s", first[other], name, column),
				Fix:  "rename or delete one of the columns"}
		}
		seen[column] = i
		h.names, h.columns = append(h.names, strings.TrimSpace(name)), append(h.columns, column)
	}
	return nil
}

// isOwn reports whether smsctl added the column when it gave the list back.
func isOwn(name string) bool { return strings.HasPrefix(Normalize(name), ownPrefix) }

// findPhone decides which column holds the number. It never picks one of two.
func (h *header) findPhone(first []string, line int, o Options) (int, error) {
	if o.PhoneColumn != "" {
		return h.named(o.PhoneColumn, line, o.NoHeader)
	}
	found := h.known.Phone.columns
	if o.NoHeader {
		found = nil
		for i, cell := range first {
			if looksLikeNumber(cell) {
				found = append(found, i)
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return -1, &FileError{Code: "csv.no_phone_column", Line: line, Where: atLine(line, -1, nil),
			What: "no column is known to hold the phone number; there are: " + list(h.names),
			Fix:  "--to-column NAME, or name the column phone; if the names look joined, check --delimiter"}
	}
	names := make([]string, len(found))
	for i, column := range found {
		names[i] = h.names[column]
	}
	return -1, &FileError{Code: "csv.phone_column_ambiguous", Line: line, Where: atLine(line, -1, nil),
		What: fmt.Sprintf("%d columns may hold the phone number: %s", len(names), list(names)),
		Fix:  fmt.Sprintf("--to-column %q", names[0])}
}

// named finds the column that the user named: as it is written, else as a message would name it. Where there is no
// header its position will do.
func (h *header) named(name string, line int, noHeader bool) (int, error) {
	for i := range h.names {
		if h.names[i] == name || noHeader && strconv.Itoa(i+1) == name {
			return i, nil
		}
	}
	for i := range h.columns {
		if h.columns[i] == Normalize(name) {
			return i, nil
		}
	}
	return -1, &FileError{Code: "csv.phone_column_unknown", Line: line, Where: atLine(line, -1, nil),
		What: fmt.Sprintf("there is no column %q; there are: %s", name, list(h.names)),
		Fix:  "--to-column with one of them; if they look joined, check --delimiter"}
}

// refuseNoHeader refuses a first line with a phone number in it, unless it names the column of the number as well: then
// it is a header with a date or a year in it.
func refuseNoHeader(first []string, line int, o Options) error {
	i := slices.IndexFunc(first, looksLikeNumber)
	if i < 0 || o.PhoneColumn != "" {
		return nil
	}
	columns := make([]string, len(first))
	for i, name := range first {
		columns[i] = Normalize(name)
	}
	known, err := mapColumns(columns)
	if err != nil || len(known.Phone.columns) > 0 {
		return err
	}
	return &FileError{Code: "csv.no_header", Line: line, Where: atLine(line, -1, nil),
		What: fmt.Sprintf("the file seems to have no header: its first line holds the number %q", first[i]),
		Fix:  "add a first line with the names of the columns, or --no-header"}
}

// looksLikeNumber reports whether a cell is a phone number rather than a name: 7 to 15 digits and nothing but what
// people write between them. Whether it is a valid one does not matter here.
func looksLikeNumber(cell string) bool {
	digits := 0
	for _, c := range strings.TrimPrefix(cell, "tel:") {
		switch {
		case unicode.IsDigit(c):
			digits++
		case unicode.IsSpace(c), unicode.Is(unicode.Cf, c), strings.ContainsRune("+-‐‑–./()'=", c):
		default:
			return false
		}
	}
	return digits >= 7 && digits <= 15
}
