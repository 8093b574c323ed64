package carriers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Code is a row of a type's table: what a vendor's code means.
type Code struct {
	Code   string // as the vendor writes it, or "http/503" for a status without a code of its own
	Class  Class
	Note   string // the vendor's meaning in few words
	Source string // where that stands
}

// Codes is the table of one configured carrier: the type's own rows under the overrides of the config.
type Codes struct {
	rows map[string]Code
}

// LoadCodes reads a type's embedded codes.tsv (code, class, note, source; a header line, # for comments) and lays the
// config's `codes:` over it.
func LoadCodes(tsv string, overrides map[string]Class) (*Codes, error) {
	c := &Codes{rows: map[string]Code{}}
	header := true
	for i, line := range strings.Split(tsv, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if header {
			header = false
			if line != "code\tclass\tnote\tsource" {
				return nil, fmt.Errorf("codes.tsv:%d: the first line must be: code, class, note, source", i+1)
			}
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || f[0] == "" {
			return nil, fmt.Errorf("codes.tsv:%d: %d columns, want code, class, note, source", i+1, len(f))
		}
		row := Code{Code: f[0], Class: Class(f[1]), Note: f[2], Source: f[3]}
		if !row.Class.Known() {
			return nil, fmt.Errorf("codes.tsv:%d: class %q is not one of the classes", i+1, f[1])
		}
		if _, twice := c.rows[row.Code]; twice {
			return nil, fmt.Errorf("codes.tsv:%d: code %s stands twice", i+1, row.Code)
		}
		c.rows[row.Code] = row
	}
	for _, code := range slices.Sorted(maps.Keys(overrides)) {
		class := overrides[code]
		if err := CheckClass(class); err != nil {
			return nil, fmt.Errorf("codes: %s: %w", code, err)
		}
		c.rows[code] = Code{Code: code, Class: class, Note: c.rows[code].Note, Source: "config"}
	}
	return c, nil
}

// Class looks a code up.
func (c *Codes) Class(code string) (Class, bool) {
	row, ok := c.rows[code]
	return row.Class, ok
}

// All returns the rows in the order of their codes.
func (c *Codes) All() []Code {
	rows := make([]Code, 0, len(c.rows))
	for _, code := range slices.Sorted(maps.Keys(c.rows)) {
		rows = append(rows, c.rows[code])
	}
	return rows
}

// CheckClass says how to write a class that the config got wrong.
func CheckClass(class Class) error {
	if class != ClassNone && class.Known() {
		return nil
	}
	var names []string
	for _, t := range Classes() {
		names = append(names, string(t.Class))
	}
	return fmt.Errorf("%q is not a class: write one of %s", string(class), strings.Join(names, ", "))
}
