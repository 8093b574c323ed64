package recipients

import (
	"slices"
	"strings"
	"testing"
)

func TestNormalize(t *testing.T) {
	for header, want := range map[string]string{
		"phone":                 "phone",
		"  Phone ":              "phone",
		"\ufeffphone":           "phone",
		"First Name":            "first_name",
		"first-name":            "first_name",
		"FIRST__NAME":           "first_name",
		"first - name":          "first_name",
		"First\u00a0Name":       "first_name",
		"First\nName":           "first_name",
		"Straße":                "strasse",
		"ＰＨＯＮＥ":                 "phone",
		"pre\ufb01x":            "prefix",
		"Téléphone":             "téléphone",
		"Te\u0301le\u0301phone": "téléphone",
		"":                      "",
		" \ufeff ":              "",
	} {
		if got := Normalize(header); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", header, got, want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("First Name")
	f.Add("\uab85\u13b5")
	f.Add("\u0345\u0390 -_ǅ\ufeff")
	f.Fuzz(func(t *testing.T, header string) {
		once := Normalize(header)
		if twice := Normalize(once); twice != once {
			t.Errorf("%q gives %q, then %q", header, once, twice)
		}
	})
}

func TestPhoneColumn(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		o      Options
		want   int
	}{
		"phone":                 {"name,phone", Options{}, 1},
		"mobile":                {"Mobile,name", Options{}, 0},
		"phone number":          {"name,Phone Number", Options{}, 1},
		"mobile-number":         {"name,MOBILE-NUMBER", Options{}, 1},
		"msisdn":                {"msisdn", Options{}, 0},
		"to":                    {"To,text", Options{}, 0},
		"named":                 {"home,work", Options{PhoneColumn: "work"}, 1},
		"named, normalised":     {"Home Phone,Work Phone", Options{PhoneColumn: "work_phone"}, 1},
		"named of two":          {"phone,mobile", Options{PhoneColumn: "mobile"}, 1},
		"header with a date":    {"phone,20240101", Options{}, 0},
		"header of a number":    {"20240101,x", Options{PhoneColumn: "x"}, 1},
		"no header":             {"Ana,+447700900123", Options{NoHeader: true}, 1},
		"no header, position":   {"Ana,1,2", Options{NoHeader: true, PhoneColumn: "3"}, 2},
		"no header, name":       {"Ana,1,2", Options{NoHeader: true, PhoneColumn: "column_2"}, 1},
		"behind our columns":    {"smsctl_line,smsctl_code,name,phone", Options{}, 1},
		"before our columns":    {"name,phone,smsctl_state", Options{}, 1},
		"ours hold no number":   {"phone,smsctl_phone", Options{}, 0},
		"ours may come doubled": {"phone,smsctl_state,smsctl_state", Options{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, c.header+"\n", c.o)
			if got.end != nil {
				t.Fatal(got.end)
			}
			if got.PhoneColumn() != c.want {
				t.Errorf("column %d, want %d", got.PhoneColumn(), c.want)
			}
		})
	}
}

func TestBadHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		input       string
		o           Options
		code, where string
		words       []string
	}{
		"no phone column": {"name,city\n", Options{}, "csv.no_phone_column", "line 1", []string{"name, city", "--to-column"}},
		"only ours":       {"smsctl_line,smsctl_code\n1,x\n", Options{}, "csv.no_phone_column", "line 1", []string{"there are: none"}},
		"two": {"name,phone,Mobile\n", Options{}, "csv.phone_column_ambiguous", "line 1",
			[]string{"2 columns", "phone, Mobile", `--to-column "phone"`}},
		"unknown":          {"name,phone\n", Options{PhoneColumn: "fone"}, "csv.phone_column_unknown", "line 1", []string{`"fone"`, "name, phone"}},
		"position":         {"name,phone\n", Options{PhoneColumn: "2"}, "csv.phone_column_unknown", "line 1", nil},
		"empty name":       {"phone,,name\n", Options{}, "csv.header_empty_name", "line 1, column 2", nil},
		"blank name":       {"phone,name, \n", Options{}, "csv.header_empty_name", "line 1, column 3", nil},
		"empty after sep":  {"sep=,\n\nphone,\n", Options{}, "csv.header_empty_name", "line 3, column 2", nil},
		"duplicate":        {"phone,name,name\n", Options{}, "csv.header_duplicate", "line 1, columns 2 and 3", nil},
		"duplicate for us": {"phone,First Name,first_name\n", Options{}, "csv.header_duplicate", "line 1, columns 2 and 3", []string{"first_name"}},
		"no header":        {"Ana,+44 7700 900123\n", Options{}, "csv.no_header", "line 1", []string{"+44 7700 900123", "--no-header"}},
		"no header, first": {"+447700900123\n+447700900124\n", Options{}, "csv.no_header", "line 1", nil},
		"no header, blank": {"07700 900123,,\n", Options{}, "csv.no_header", "line 1", nil},
		"no header, none":  {"Ana,Leeds\n", Options{NoHeader: true}, "csv.no_phone_column", "line 1", []string{"column_1, column_2"}},
		"no header, two":   {"07700900123,07700900124\n", Options{NoHeader: true}, "csv.phone_column_ambiguous", "line 1", nil},
		"too many": {"phone" + strings.Repeat(",x", 500) + "\n", Options{}, "csv.too_many_columns", "line 1",
			[]string{"501", "500"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantFileError(t, readAll(t, c.input, c.o).end, c.code, c.where, c.words...)
		})
	}
}

func TestHeaderAndColumns(t *testing.T) {
	got := readAll(t, " First Name ,Phone,Order No,smsctl_state\n Ana ,1,A-1,failed\n", Options{})
	if want := []string{"First Name", "Phone", "Order No"}; !slices.Equal(got.Header(), want) {
		t.Errorf("Header %q, want %q", got.Header(), want)
	}
	if want := []string{"first_name", "phone", "order_no"}; !slices.Equal(got.Columns(), want) {
		t.Errorf("Columns %q, want %q", got.Columns(), want)
	}
	if want := []string{" Ana ", "1", "A-1"}; !slices.Equal(got.good[0].Cells, want) {
		t.Errorf("Cells %q, want %q: cells are the user's, spaces too", got.good[0].Cells, want)
	}
}

func TestColumnByUsualName(t *testing.T) {
	got := readAll(t, "fname,Surname,msisdn,tz,city\n", Options{})
	for name, want := range map[string]int{
		"first_name": 0, "fname": 0, "First Name": 0, "last_name": 1, "surname": 1, "phone": 2, "msisdn": 2,
		"zone": 3, "city": 4, "country": -1, "": -1,
	} {
		if i := got.Column(name); i != want {
			t.Errorf("Column(%q) = %d, want %d", name, i, want)
		}
	}
	// A column of that very name goes before any other name of the thing, and of two other names there is no best.
	got = readAll(t, "fname,first_name,phone\n", Options{})
	if i := got.Column("first_name"); i != 1 {
		t.Errorf("Column(first_name) = %d, want 1", i)
	}
	got = readAll(t, "fname,forename,phone\n", Options{})
	if i := got.Column("first_name"); i != -1 {
		t.Errorf("Column(first_name) = %d, want -1", i)
	}
}

func TestLooksLikeNumber(t *testing.T) {
	for cell, want := range map[string]bool{
		"+447700900123": true, "07700 900123": true, "+44 (0)7700-900123": true, "tel:+447700900123": true, "'+447700900123": true,
		"=+447700900123": true, "\u202a+447700900123": true, "+44\u00a07700\u00a0900123": true,
		"phone": false, "123456": false, "2024": false, "": false, "phone2": false, "1234567890123456": false, "4.47701E+11": false,
	} {
		if got := looksLikeNumber(cell); got != want {
			t.Errorf("looksLikeNumber(%q) = %v", cell, got)
		}
	}
}
