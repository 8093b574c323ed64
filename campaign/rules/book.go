package rules

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

//go:embed quiet_hours.csv
var hoursCSV string

//go:embed alpha_senders.csv
var sendersCSV string

// Book is all the rules. It is read only, and safe for concurrent use.
type Book struct {
	Hours   []Hours // in the order of the file: a country's rows together
	senders map[string]Senders
	labels  map[string]Label
}

// Shipped reads the rules that come with the program: some hundred rows, so keep what it returns.
func Shipped() *Book {
	hours, labels, err1 := readHours(hoursCSV)
	senders, err2 := readSenders(sendersCSV)
	if err := errors.Join(err1, err2); err != nil {
		panic("rules of the program: " + err.Error()) // a test reads them
	}
	return &Book{Hours: hours, senders: senders, labels: labels}
}

// eachRow calls do for each row below a header that must be as given.
func eachRow(text, header string, do func(fields []string) error) error {
	r := csv.NewReader(strings.NewReader(text))
	first, err := r.Read()
	if err != nil {
		return err
	}
	if want := strings.Fields(header); !slices.Equal(first, want) {
		return fmt.Errorf("the columns are %v, want %v", first, want)
	}
	for {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(f)
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}
