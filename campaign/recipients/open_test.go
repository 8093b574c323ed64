package recipients

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

const accents = "name,phone\r\nJörg,+4915112345678\r\nZoë Ørsted,+4520123456\r\n"

func encoded(t *testing.T, name string) string {
	t.Helper()
	var s string
	var err error
	switch name {
	case "utf-8":
		return accents
	case "utf-8 bom":
		return "\ufeff" + accents
	case "utf-16le":
		s, err = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(accents)
	case "utf-16be":
		s, err = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(accents)
	case "utf-16le bom":
		s, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(accents)
	case "utf-16be bom":
		s, err = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(accents)
	case "windows-1252":
		s, err = charmap.Windows1252.NewEncoder().String(accents)
	}
	if err != nil || s == "" {
		t.Fatalf("encoding %s: %v", name, err)
	}
	return s
}

func TestEncodings(t *testing.T) {
	for _, c := range []struct{ input, option, want string }{
		{"utf-8", "", "utf-8"},
		{"utf-8", "UTF8", "utf-8"},
		{"utf-8 bom", "", "utf-8"},
		{"utf-8 bom", "windows-1252", "utf-8"}, // nothing but UTF-8 begins with its mark
		{"utf-16le bom", "", "utf-16le"},
		{"utf-16be bom", "", "utf-16be"},
		{"utf-16le bom", "utf-16be", "utf-16le"},
		{"utf-16le", "utf-16le", "utf-16le"},
		{"utf-16be", "UTF-16BE", "utf-16be"},
		{"windows-1252", "windows-1252", "windows-1252"},
		{"windows-1252", "iso-8859-1", "windows-1252"},
		{"windows-1252", "latin1", "windows-1252"},
	} {
		t.Run(c.input+" as "+c.option, func(t *testing.T) {
			got := readAll(t, encoded(t, c.input), Options{Encoding: c.option})
			if got.end != nil {
				t.Fatal(got.end)
			}
			if len(got.good) != 2 || got.good[0].Cells[0] != "Jörg" || got.good[1].Cells[0] != "Zoë Ørsted" || got.Encoding() != c.want {
				t.Errorf("got %q as %s", got.cells(), got.Encoding())
			}
			if got.good[1].Line != 3 || got.good[1].Record != 2 || got.good[1].Phone != "+4520123456" {
				t.Errorf("got %+v", got.good[1])
			}
		})
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	long := strings.Repeat("Ana,+447700900123\n", 10_000)
	for name, c := range map[string]struct {
		input       string
		o           Options
		code, where string
		words       []string
	}{
		"empty":           {"", Options{}, "csv.empty", "", nil},
		"only a mark":     {"\ufeff", Options{}, "csv.empty", "", nil},
		"only blank":      {"\r\n\n\r\n", Options{}, "csv.empty", "", nil},
		"xlsx":            {"PK\x03\x04rest", Options{}, "csv.not_csv", "", []string{"spreadsheet", "CSV UTF-8"}},
		"gzip":            {"\x1f\x8b\x08\x00", Options{}, "csv.not_csv", "", []string{"gunzip"}},
		"utf-16 unmarked": {encoded(t, "utf-16le"), Options{}, "csv.utf16_without_bom", "line 1", []string{"UTF-16LE", "--encoding utf-16le"}},
		"utf-16be":        {encoded(t, "utf-16be"), Options{}, "csv.utf16_without_bom", "line 1", []string{"--encoding utf-16be"}},
		"utf-32":          {"\xff\xfe\x00\x00n\x00\x00\x00", Options{}, "csv.encoding_unknown", "", []string{"utf-32le"}},
		"unknown name":    {accents, Options{Encoding: "ebcdic"}, "csv.encoding_unknown", "", []string{`"ebcdic"`, "windows-1252"}},
		"windows-1252": {encoded(t, "windows-1252"), Options{}, "csv.invalid_encoding", "line 2, byte 14 of the file",
			[]string{"0xF6", "'ö'", "--encoding windows-1252"}},
		"invalid after a mark": {"\ufeffphone\nJ\xf6rg\n", Options{}, "csv.invalid_encoding", "line 2, byte 11 of the file", nil},
		"invalid late":         {"name,phone\n" + long + "J\xf6rg,1\n", Options{}, "csv.invalid_encoding", "line 10002, byte 180013 of the file", nil},
		"cut at the end":       {"name,phone\nJ\xc3", Options{}, "csv.invalid_encoding", "line 2, byte 13 of the file", []string{"0xC3"}},
		"not of the encoding": {"name,phone\nJ\xd2,1\n", Options{Encoding: "windows-1253"}, "csv.invalid_encoding", "line 2",
			[]string{"windows-1253", "--encoding"}},
		"odd utf-16":           {encoded(t, "utf-16le bom") + "x", Options{}, "csv.invalid_encoding", "line 4", []string{"utf-16le"}},
		"nul":                  {"name,phone\nAna\x00,+447700900123\n", Options{}, "csv.nul_byte", "line 2, byte 15 of the file", []string{"--encoding"}},
		"nul late":             {"name,phone\n" + long + "\x00", Options{}, "csv.nul_byte", "line 10002, byte 180012 of the file", nil},
		"tie":                  {"name,phone;city\n", Options{}, "csv.delimiter_ambiguous", "line 1", []string{`","`, `";"`, "--delimiter"}},
		"bad delimiter":        {accents, Options{Delimiter: '"'}, "csv.delimiter_invalid", "", []string{"--delimiter"}},
		"sep of a letter":      {"sep=x\nnamexphone\n", Options{}, "csv.delimiter_invalid", "", nil},
		"open quote in header": {"\"name,phone\nAna,1\n", Options{}, "csv.bad_header", "line 1", []string{"quote"}},
		"bare quote in header": {"\nna\"me,phone\nAna,1\n", Options{}, "csv.bad_header", "line 2", []string{"quote"}},
		"endless header":       {"\"name,phone\n" + strings.Repeat(long, 10), Options{}, "csv.bad_header", "line 1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			wantFileError(t, readAll(t, c.input, c.o).end, c.code, c.where, c.words...)
		})
	}
}

// A character may be cut in two anywhere by the way a pipe hands out its bytes.
func TestCharactersCutByChunks(t *testing.T) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "halves": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		for _, enc := range []string{"utf-8", "utf-8 bom", "utf-16le bom"} {
			rd, err := Open(wrap(strings.NewReader(encoded(t, enc))), Options{})
			if err != nil {
				t.Fatalf("%s, %s: %v", name, enc, err)
			}
			row, err := rd.Next()
			if err != nil || row.Cells[0] != "Jörg" {
				t.Errorf("%s, %s: %q, %v", name, enc, row.Cells, err)
			}
		}
	}
}

// Beyond the sample, chunks end where they like. Every alignment of a long row of umlauts must pass, and a bad byte be
// found, wherever it is.
func TestCheckAtEveryAlignment(t *testing.T) {
	for shift := range 8 {
		body := "phone,x\n" + strings.Repeat("a", shift) + ",ü\n" + strings.Repeat("+447700900123,über€😀\n", 20_000)
		if got := readAll(t, body, Options{}); got.end != nil || len(got.good) != 20_001 {
			t.Fatalf("shift %d: %d rows, %v", shift, len(got.good), got.end)
		}
		got := readAll(t, body+"\xe2\x82", Options{})
		if got.end == nil || got.end.Code != "csv.invalid_encoding" || got.end.Line != 20_003 {
			t.Fatalf("shift %d: %+v", shift, got.end)
		}
	}
}

func TestReadErrors(t *testing.T) {
	disk := errors.New("input/output error")
	_, err := Open(iotest.ErrReader(disk), Options{})
	var file *FileError
	if !errors.As(err, &file) || file.Code != "csv.read" || !errors.Is(err, disk) {
		t.Errorf("Open: %v", err)
	}
	rd, err := Open(io.MultiReader(strings.NewReader("phone\n"+strings.Repeat("1\n", sampleSize)), iotest.ErrReader(disk)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = rd.Next()
	}
	if !errors.As(err, &file) || file.Code != "csv.read" || !errors.Is(err, disk) {
		t.Errorf("Next: %v", err)
	}
}

func TestDelimiters(t *testing.T) {
	for name, c := range map[string]struct {
		input string
		o     Options
		want  rune
		line  int
	}{
		"comma":               {"phone,name\n1,Ana\n", Options{}, ',', 2},
		"semicolon":           {"phone;name\n1;Ana\n", Options{}, ';', 2},
		"tab":                 {"phone\tname\n1\tAna\n", Options{}, '\t', 2},
		"pipe":                {"phone|name\n1|Ana\n", Options{}, '|', 2},
		"the most frequent":   {"phone;name, first;x\n1;Ana;\n", Options{}, ';', 2},
		"not in quotes":       {"phone;\"a,b,c\"\n1;Ana\n", Options{}, ';', 2},
		"quotes over lines":   {"\"phone\";\"a,\nb,c\"\n1;Ana\n", Options{}, ';', 3},
		"doubled quotes":      {"phone;\"a\"\",\"\",b\"\n1;Ana\n", Options{}, ';', 2},
		"not of the rows":     {"phone,name\n1,a;b;c;d\n", Options{}, ',', 2},
		"one column":          {"phone\n1\n", Options{}, ',', 2},
		"given":               {"phone:name\n1:Ana\n", Options{Delimiter: ':'}, ':', 2},
		"given, tie":          {"phone;a,b\n1;Ana\n", Options{Delimiter: ';'}, ';', 2},
		"sep line":            {"sep=;\r\nphone;a,b,c\r\n1;Ana\r\n", Options{}, ';', 3},
		"sep line, upper":     {"SEP=|\nphone|name\n1|Ana\n", Options{}, '|', 3},
		"sep line, quoted":    {"\"sep=;\"\nphone;name\n1;Ana\n", Options{}, ';', 3},
		"sep line, filled up": {"sep=;;;\nphone;name\n1;Ana\n", Options{}, ';', 3},
		"sep line, tab":       {"sep=\t\nphone\tname\n1\tAna\n", Options{}, '\t', 3},
		"sep line after mark": {"\ufeffsep=;\nphone;name\n1;Ana\n", Options{}, ';', 3},
		"sep line and given":  {"sep=;\nphone,name\n1,Ana\n", Options{Delimiter: ','}, ',', 3},
		"no sep line":         {"sep=no,phone\nAna,1\n", Options{}, ',', 2},
		"blank lines above":   {"\r\n\nphone;name\n1;Ana\n", Options{}, ';', 4},
		"blanks after sep":    {"sep=;\n\nphone;name\n1;Ana\n", Options{}, ';', 4},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, c.input, c.o)
			if got.end != nil {
				t.Fatal(got.end)
			}
			if got.Delimiter() != c.want || len(got.good) != 1 || got.good[0].Phone != "1" && got.good[0].Cells[0] != "Ana" {
				t.Fatalf("got %q, %+v %v", got.Delimiter(), got.good, got.bad)
			}
			if got.good[0].Line != c.line || got.Blank() != 0 {
				t.Errorf("line %d, want %d; %d blank", got.good[0].Line, c.line, got.Blank())
			}
		})
	}
}

func TestOldMacintoshLines(t *testing.T) {
	got := readAll(t, "name,phone\rAna,1\r\rBo,2\r", Options{})
	if want := [][]string{{"Ana", "1"}, {"Bo", "2"}}; got.end != nil || !slices.EqualFunc(got.cells(), want, slices.Equal) {
		t.Fatalf("got %q, %v", got.cells(), got.end)
	}
	if got.good[1].Line != 4 || got.Blank() != 1 {
		t.Errorf("line %d, %d blank", got.good[1].Line, got.Blank())
	}
}
