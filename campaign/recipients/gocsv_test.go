package recipients

import (
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"github.com/gocarina/gocsv"
)

// What gocsv does by itself with the lists that people send, and what this package makes of them. The first half is
// there to fail when gocsv changes: then its place in this package may be reconsidered.

type person struct {
	Phone string `csv:"phone"`
	Name  string `csv:"name"`
}

// byGocsv reads one row in the plain way.
func byGocsv(t *testing.T, list string) (person, error) {
	t.Helper()
	um, err := gocsv.NewUnmarshaller(csv.NewReader(strings.NewReader(list)), person{})
	if err != nil {
		return person{}, err
	}
	row, err := um.Read()
	if err != nil {
		return person{}, err
	}
	return row.(person), nil
}

func TestGocsvTraps(t *testing.T) {
	for name, c := range map[string]struct {
		list  string
		alone func(person, error) bool // what gocsv does
		code  string                   // the error here; empty if the row is read
	}{
		"no known column gives empty structs": {"tel no,who\n1,Ana\n",
			func(p person, err error) bool { return p == person{} && err == nil }, "csv.no_phone_column"},
		"a semicolon gives empty structs": {"phone;name\n1;Ana\n",
			func(p person, err error) bool { return p == person{} && err == nil }, ""},
		"a header in capitals gives empty structs": {"PHONE,NAME\n1,Ana\n",
			func(p person, err error) bool { return p == person{} && err == nil }, ""},
		"of a header twice the last wins": {"phone,name,phone\n1,Ana,2\n",
			func(p person, err error) bool { return p.Phone == "2" && err == nil }, "csv.header_duplicate"},
		"a mark before a quoted header is an error": {"\ufeff\"phone\",\"name\"\n1,Ana\n",
			func(_ person, err error) bool { return err != nil }, ""},
		"a ragged row has no cells": {"phone,name\n1\n",
			func(p person, err error) bool { return p == person{} && err != nil }, "csv.ragged"},
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := byGocsv(t, c.list); !c.alone(p, err) {
				t.Errorf("gocsv alone gives %+v, %v", p, err)
			}
			got := readAll(t, c.list, Options{})
			code := ""
			switch {
			case got.end != nil:
				code = got.end.Code
			case len(got.bad) > 0:
				code = got.bad[0].Code
			case got.good[0].Phone != "1" || got.good[0].Cells[1] != "Ana":
				t.Errorf("got %+v", got.good)
			}
			if code != c.code {
				t.Errorf("got %q, want %q", code, c.code)
			}
		})
	}
}

func TestGocsvPanicsOnALongRow(t *testing.T) {
	rows := csv.NewReader(strings.NewReader("phone\n1,2\n"))
	rows.FieldsPerRecord = -1
	um, err := gocsv.NewUnmarshaller(rows, person{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("gocsv no longer panics")
		}
	}()
	_, _, err = um.ReadUnmatched()
	t.Error("no panic but", err)
}

// Lines, not records: what a person sees in the editor.
func TestLinesNotRecords(t *testing.T) {
	got := readAll(t, "phone,name\n\n1,\"a\nb\"\n2\n3,c\n", Options{})
	if len(got.bad) != 1 || got.bad[0].Line != 5 || got.bad[0].Record != 2 || got.good[1].Line != 6 {
		t.Errorf("%+v %+v", got.bad, got.good)
	}
}

// The price of a struct and a map for every row, beside BenchmarkReader.
func BenchmarkGocsvReadUnmatched(b *testing.B) {
	const rows = 20_000
	data, err := io.ReadAll(&rowsOf{n: rows})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		in := csv.NewReader(newChunks(data))
		in.ReuseRecord = true
		um, err := gocsv.NewUnmarshaller(in, person{})
		if err != nil {
			b.Fatal(err)
		}
		for range rows {
			if _, _, err := um.ReadUnmatched(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
