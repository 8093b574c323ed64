package recipients

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRows(t *testing.T) {
	for name, c := range map[string]struct {
		rows  string // below the header phone,name
		want  [][]string
		lines []int
		blank int
	}{
		"plain":                {"1,Ana\n2,Bo\n", [][]string{{"1", "Ana"}, {"2", "Bo"}}, []int{2, 3}, 0},
		"no last line end":     {"1,Ana\n2,Bo", [][]string{{"1", "Ana"}, {"2", "Bo"}}, []int{2, 3}, 0},
		"CRLF":                 {"1,Ana\r\n2,Bo\r\n", [][]string{{"1", "Ana"}, {"2", "Bo"}}, []int{2, 3}, 0},
		"empty cells":          {"1,\n,Bo\n", [][]string{{"1", ""}, {"", "Bo"}}, []int{2, 3}, 0},
		"blank lines":          {"\n1,Ana\n\r\n\n2,Bo\n\n", [][]string{{"1", "Ana"}, {"2", "Bo"}}, []int{3, 6}, 4},
		"blank rows":           {",\n1,Ana\n , \u00a0\n\"\",\n2,Bo\n,", [][]string{{"1", "Ana"}, {"2", "Bo"}}, []int{3, 6}, 4},
		"a line of spaces":     {"  \n1,Ana\n\t\n", [][]string{{"1", "Ana"}}, []int{3}, 2},
		"blank rows too long":  {",,,,\n1,Ana\n", [][]string{{"1", "Ana"}}, []int{3}, 1},
		"quoted":               {"\"1\",\"Doe, \"\"J\"\"\"\n", [][]string{{"1", `Doe, "J"`}}, []int{2}, 0},
		"line end in a cell":   {"1,\"a\nb\"\n2,\"c\r\nd\"\n3,e\n", [][]string{{"1", "a\nb"}, {"2", "c\nd"}, {"3", "e"}}, []int{2, 4, 6}, 0},
		"blank line in a cell": {"1,\"a\n\nb\"\n\n2,c\n", [][]string{{"1", "a\n\nb"}, {"2", "c"}}, []int{2, 6}, 1},
		"spaces are kept":      {" 1 , Ana \n", [][]string{{" 1 ", " Ana "}}, []int{2}, 0},
		"CR inside":            {"1,A\rna\n", [][]string{{"1", "A\rna"}}, []int{2}, 0},
		"CR at the end":        {"1,Ana\n\r", [][]string{{"1", "Ana"}}, []int{2}, 1},
		"hash is no comment":   {"#1,Ana\n", [][]string{{"#1", "Ana"}}, []int{2}, 0},
		"none":                 {"", nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, "phone,name\n"+c.rows, Options{})
			if got.end != nil || len(got.bad) > 0 {
				t.Fatalf("%v %v", got.end, got.bad)
			}
			if !slices.EqualFunc(got.cells(), c.want, slices.Equal) {
				t.Errorf("got %q, want %q", got.cells(), c.want)
			}
			for i, row := range got.good {
				if row.Line != c.lines[i] || row.Record != i+1 || row.Phone != row.Cells[0] {
					t.Errorf("row %d is %+v, want line %d", i, row, c.lines[i])
				}
			}
			if got.Rows() != len(c.want) || got.Blank() != c.blank {
				t.Errorf("%d rows, %d blank; want %d, %d", got.Rows(), got.Blank(), len(c.want), c.blank)
			}
		})
	}
}

func TestBadRows(t *testing.T) {
	long := strings.Repeat("x", maxField+1)
	for name, c := range map[string]struct {
		row     string // between two good rows, below the header phone,name,city
		code    string
		column  string
		message string
		cells   []string
		value   string
	}{
		"too few":   {"1,Ana", "csv.ragged", "", "expected 3 cells as in the header, got 2", []string{"1", "Ana"}, "1,Ana"},
		"too many":  {"1,Doe, Ana,Leeds", "csv.ragged", "", "expected 3 cells as in the header, got 4", []string{"1", "Doe", " Ana", "Leeds"}, "1,Doe, Ana,Leeds"},
		"one":       {"1", "csv.ragged", "", "got 1", []string{"1"}, "1"},
		"more than": {"1,2,3,", "csv.ragged", "", "got 4", []string{"1", "2", "3", ""}, "1,2,3,"},
		"over lines": {"1,\"a\nb\"", "csv.ragged", "", "got 2; the row runs from line 3 to line 4: is a quote left open?",
			[]string{"1", "a\nb"}, "1,\"a\nb\""},
		"bare quote": {`1,Ana "A" B,Leeds`, "csv.bare_quote", "name", "a quote in the wrong place, at byte 7 of line 3",
			[]string{"1", `Ana "A" B`, "Leeds"}, `1,Ana "A" B,Leeds`},
		"coordinates": {`1,Ana,6°36'27.0"N`, "csv.bare_quote", "city", "at byte 17 of line 3",
			[]string{"1", "Ana", `6°36'27.0"N`}, `1,Ana,6°36'27.0"N`},
		"quotes in quotes": {`1,"Ana "A" B",Leeds`, "csv.bare_quote", "name", "at byte 8 of line 3",
			[]string{"1", `Ana "A" B`, "Leeds"}, `1,"Ana "A" B",Leeds`},
		"beyond header": {`1,2,3,4"`, "csv.bare_quote", "", "at byte 8 of line 3", []string{"1", "2", "3", `4"`}, `1,2,3,4"`},
		"on a later line": {"1,\"a\nb\",c\"", "csv.bare_quote", "city", "at byte 5 of line 4",
			[]string{"1", "a\nb", `c"`}, "1,\"a\nb\",c\""},
		"long cell": {"1," + long + ",Leeds", "csv.field_too_long", "name", "65537 bytes, where 65536", []string{"1", long, "Leeds"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, "phone,name,city\n8,good,row\n"+c.row+"\n9,good,row\n", Options{})
			if got.end != nil || len(got.bad) != 1 || len(got.good) != 2 {
				t.Fatalf("%d good, %v, %v", len(got.good), got.bad, got.end)
			}
			bad := got.bad[0]
			if bad.Code != c.code || bad.Column != c.column || bad.Line != 3 || bad.Record != 2 || bad.Value != c.value {
				t.Errorf("got %+v", bad)
			}
			if !strings.Contains(bad.Message, c.message) || bad.Fix == "" {
				t.Errorf("message %q, fix %q, want %q", bad.Message, bad.Fix, c.message)
			}
			if !slices.Equal(bad.Cells, c.cells) {
				t.Errorf("cells %.60q, want %.60q", bad.Cells, c.cells)
			}
			// Reading goes on at the right line.
			if want := 4 + strings.Count(c.row, "\n"); got.good[1].Line != want || got.good[1].Record != 3 || got.Rows() != 3 {
				t.Errorf("then %+v of %d, want line %d", got.good[1], got.Rows(), want)
			}
		})
	}
}

func TestUnclosedQuotes(t *testing.T) {
	rest := strings.Repeat("7,Bo,York\n", 1000)
	for name, c := range map[string]struct {
		rows  string // below the header phone,name,city
		where string
		words []string
	}{
		"to the end":         {"1,\"Ana,Leeds\n" + rest, "line 2, column 2 (name)", []string{"line 100", "close the quote on line 2"}},
		"first cell":         {"\"1,Ana,Leeds\n" + rest, "line 2, column 1 (phone)", nil},
		"after blank lines":  {"\n\n1,\"Ana,Leeds\n" + rest, "line 4, column 2 (name)", nil},
		"after a line end":   {"1,\"A\nB\",\"Leeds\n" + rest, "line 3, column 3 (city)", nil},
		"on the last line":   {"1,Ana,\"Leeds", "line 2, column 3 (city)", nil},
		"last, with an end":  {"1,Ana,\"Leeds\n", "line 2, column 3 (city)", nil},
		"last, with quotes":  {"1,Ana,\"Leeds \"\"x\"\"", "line 2, column 3 (city)", nil},
		"text behind it":     {"1,\"Ana\" B,Leeds\n" + rest, "line 2, column 2 (name)", []string{`right before the next ','`}},
		"text, first cell":   {"\"1\"x,Ana,Leeds\n" + rest, "line 2, column 1 (phone)", nil},
		"after a bare one":   {"1,Bo \"B\" C,\"two\n7,Not a row,York\nlines\"\n", "line 2, column 3 (city)", nil},
		"met another quote":  {"1,\"Ana,Leeds\n2,\"Bo,York\"\n" + rest, "line 2, column 2 (name)", []string{"line 3"}},
		"longer than a row":  {"1,Ana,\"Leeds\n" + strings.Repeat(rest, 200), "line 2, column 3 (city)", []string{"1048576", "quote left open on line 2"}},
		"longer, first cell": {"\n\"1,Ana,Leeds\n" + strings.Repeat(rest, 200), "line 3, column 1 (phone)", nil},
		"a row without end":  {"1,Ana," + strings.Repeat("x", 3*maxRow), "line 2, column 3 (city)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, "phone,name,city\n"+c.rows, Options{})
			code := "csv.unclosed_quote"
			if strings.Contains(name, "longer") || strings.Contains(name, "without end") {
				code = "csv.row_too_long"
			}
			wantFileError(t, got.end, code, c.where, c.words...)
		})
	}
}

// A row is too long by what it holds, not by what stands before it.
func TestLongRowsAndLongGaps(t *testing.T) {
	var wide strings.Builder // 20 cells of 50 kB: each allowed, the row too
	wide.WriteString("1")
	for range 20 {
		wide.WriteString("," + strings.Repeat("x", 50_000))
	}
	header := "phone"
	for i := range 20 {
		header += fmt.Sprintf(",c%d", i)
	}
	for _, gap := range []string{"", strings.Repeat("\n", 3*maxRow), strings.Repeat("\r\n", maxRow)} {
		got := readAll(t, header+"\n"+wide.String()+"\n"+gap+wide.String()+"\n"+wide.String()+"\n", Options{})
		if got.end != nil || len(got.good) != 3 || got.Blank() != strings.Count(gap, "\n") {
			t.Errorf("%d rows, %v, %v, %d blank", len(got.good), got.bad, got.end, got.Blank())
		}
	}
}

func TestNoHeader(t *testing.T) {
	got := readAll(t, "\nAna,+447700900123\nBo,+447700900124\n", Options{NoHeader: true})
	if want := [][]string{{"Ana", "+447700900123"}, {"Bo", "+447700900124"}}; !slices.EqualFunc(got.cells(), want, slices.Equal) {
		t.Fatalf("got %q, %v", got.cells(), got.end)
	}
	if got.good[0].Line != 2 || got.good[0].Record != 1 || got.good[0].Phone != "+447700900123" || got.Columns()[1] != "column_2" {
		t.Errorf("got %+v of %q", got.good[0], got.Columns())
	}
}

func TestLimit(t *testing.T) {
	got := readAll(t, "phone\n1\n\n2,x\n3\n4\n", Options{Limit: 3})
	if got.end != nil || len(got.good) != 2 || len(got.bad) != 1 || got.Rows() != 3 {
		t.Errorf("%v %v %v", got.good, got.bad, got.end)
	}
}

// What the reader gave is the caller's: later rows must not write into it, nor may growing it reach the next row.
func TestCellsAreKept(t *testing.T) {
	got := readAll(t, "phone,name\n1,Ana\n2,Bo\n3,Cy\n", Options{})
	_ = append(got.good[0].Cells, "overflow")
	if want := [][]string{{"1", "Ana"}, {"2", "Bo"}, {"3", "Cy"}}; !slices.EqualFunc(got.cells(), want, slices.Equal) {
		t.Errorf("got %q", got.cells())
	}
}

// A list of any length takes the memory of its longest row.
func TestConstantMemory(t *testing.T) {
	rd, err := Open(&rowsOf{n: 300_000}, Options{}) // 15 MB
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for {
		if _, err := rd.Next(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 {
		t.Errorf("%d bytes more after 300,000 rows", grown)
	}
	if rd.Rows() != 300_000 {
		t.Errorf("%d rows", rd.Rows())
	}
}
