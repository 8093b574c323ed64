package recipients

import (
	"slices"
	"strings"
	"testing"
)

// The cases of two public suites for CSV parsers, csv-spectrum 2.0.0 and csv-test-data, written anew with a phone column:
// what they are about is the shape of the file, not its words.
func TestPublicSuites(t *testing.T) {
	const header = "phone,b,c\n"
	row := func(cells ...string) []string { return cells }
	for name, c := range map[string]struct {
		input string
		want  [][]string
		code  string // of the first bad row, or of the file
		blank int
	}{
		"spectrum/comma in quotes":     {"first,phone,zip\nJohn,1,\"Anytown, WW\"\n", [][]string{row("John", "1", "Anytown, WW")}, "", 0},
		"spectrum/empty":               {header + "1,\"\",\"\"\n2,3,4\n", [][]string{row("1", "", ""), row("2", "3", "4")}, "", 0},
		"spectrum/empty crlf":          {crlf(header + "1,\"\",\"\"\n2,3,4\n"), [][]string{row("1", "", ""), row("2", "3", "4")}, "", 0},
		"spectrum/escaped quotes":      {"phone,b\n1,\"ha \"\"ha\"\" ha\"\n3,4\n", [][]string{row("1", `ha "ha" ha`), row("3", "4")}, "", 0},
		"spectrum/json":                {"phone,val\n1,\"{\"\"type\"\": \"\"Point\"\", \"\"at\"\": [102.0, 0.5]}\"\n", [][]string{row("1", `{"type": "Point", "at": [102.0, 0.5]}`)}, "", 0},
		"spectrum/location":            {"phone,lat\n1,6°36'27.0\"N\n2,x\n", [][]string{row("2", "x")}, "csv.bare_quote", 0},
		"spectrum/newlines":            {header + "1,2,3\n\"Once upon \na time\",5,6\n", [][]string{row("1", "2", "3"), row("Once upon \na time", "5", "6")}, "", 0},
		"spectrum/newlines crlf":       {crlf(header + "1,2,3\n\"Once upon \na time\",5,6\n"), [][]string{row("1", "2", "3"), row("Once upon \na time", "5", "6")}, "", 0},
		"spectrum/quotes and newlines": {"phone,b\n1,\"ha \n\"\"ha\"\" \nha\"\n3,4\n", [][]string{row("1", "ha \n\"ha\" \nha"), row("3", "4")}, "", 0},
		"spectrum/simple":              {header + "1,2,3\n", [][]string{row("1", "2", "3")}, "", 0},
		"spectrum/simple crlf":         {crlf(header + "1,2,3\n"), [][]string{row("1", "2", "3")}, "", 0},
		"spectrum/utf8":                {header + "1,2,3\n4,5,ʤ\n", [][]string{row("1", "2", "3"), row("4", "5", "ʤ")}, "", 0},

		"data/all empty":           {header + ",,\n,,\n", nil, "", 2},
		"data/empty field":         {header + "1,,3\n", [][]string{row("1", "", "3")}, "", 0},
		"data/empty one column":    {"phone\n\n1\n\n", [][]string{row("1")}, "", 2},
		"data/header no rows":      {header, nil, "", 0},
		"data/header simple":       {header + "1,2,3\n", [][]string{row("1", "2", "3")}, "", 0},
		"data/leading space":       {header + "1, 2, 3\n", [][]string{row("1", " 2", " 3")}, "", 0},
		"data/trailing space":      {header + "1,2 ,3 \n", [][]string{row("1", "2 ", "3 ")}, "", 0},
		"data/one column":          {"phone\n1\n2\n", [][]string{row("1"), row("2")}, "", 0},
		"data/quotes empty":        {header + "1,\"\",3\n", [][]string{row("1", "", "3")}, "", 0},
		"data/quotes with comma":   {header + "1,\"2,\",3\n", [][]string{row("1", "2,", "3")}, "", 0},
		"data/quotes with escaped": {header + "1,\"2 \"\"two\"\"\",3\n", [][]string{row("1", `2 "two"`, "3")}, "", 0},
		"data/quotes with newline": {header + "1,\"2\n\",3\n", [][]string{row("1", "2\n", "3")}, "", 0},
		"data/quotes with space":   {header + "1,\" 2 \",3\n", [][]string{row("1", " 2 ", "3")}, "", 0},
		"data/simple crlf":         {crlf(header + "1,2,3\n"), [][]string{row("1", "2", "3")}, "", 0},
		"data/trailing newline":    {header + "1,2,3\n\n", [][]string{row("1", "2", "3")}, "", 1},
		"data/no trailing newline": {header + "1,2,3", [][]string{row("1", "2", "3")}, "", 0},
		"data/one trailing crlf":   {"phone\r\n1\r\n\r\n", [][]string{row("1")}, "", 1},
		"data/utf8":                {header + "1,Привет,世界\n", [][]string{row("1", "Привет", "世界")}, "", 0},

		"data/bad header less fields":  {"phone,b\n1,2,3\n", nil, "csv.ragged", 0},
		"data/bad header more fields":  {"phone,b,c,d\n1,2,3\n", nil, "csv.ragged", 0},
		"data/bad header no header":    {"", nil, "csv.empty", 0},
		"data/bad header wrong header": {"a,b,c\n1,2,3\n", nil, "csv.no_phone_column", 0},
		"data/bad missing quote":       {header + "1,\"2,3\n4,5,6\n", nil, "csv.unclosed_quote", 0},
		"data/bad unescaped quote":     {header + "1,2\"2,3\n4,5,6\n", [][]string{row("4", "5", "6")}, "csv.bare_quote", 0},
		"data/bad quotes unescaped":    {header + "1,\"2\"2\",3\n4,5,6\n", [][]string{row("4", "5", "6")}, "csv.bare_quote", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, c.input, Options{})
			code := ""
			if got.end != nil {
				code = got.end.Code
			} else if len(got.bad) > 0 {
				code = got.bad[0].Code
			}
			if code != c.code {
				t.Fatalf("got %q, want %q: %v %v", code, c.code, got.end, got.bad)
			}
			if !slices.EqualFunc(got.cells(), c.want, slices.Equal) {
				t.Errorf("got %q, want %q", got.cells(), c.want)
			}
			if got.Reader != nil && got.Blank() != c.blank {
				t.Errorf("%d blank, want %d", got.Blank(), c.blank)
			}
		})
	}
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
