package recipients

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// rejectsOf reads a list and writes its bad rows as a program would; it gives the text of the file.
func rejectsOf(t *testing.T, input string, more ...*RowError) (string, result) {
	t.Helper()
	got := readAll(t, input, Options{})
	if got.end != nil {
		t.Fatal(got.end)
	}
	path := filepath.Join(t.TempDir(), "rejects.csv")
	w := NewRejects(path, got.Header(), got.Delimiter())
	for _, bad := range append(got.bad, more...) {
		if err := w.Write(bad); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), got
}

func TestRejectsLayout(t *testing.T) {
	landline := &RowError{Line: 4, Record: 3, Column: "Phone", Value: "+442079460958", Code: "number.landline",
		Message: "a landline", Cells: []string{"Cy", "+442079460958"}}
	text, _ := rejectsOf(t, "Name;Phone\nAna;+447700900123\nBo;\"07700;900124\";x\n", landline)
	want := "smsctl_line;smsctl_record;smsctl_column;smsctl_value;smsctl_code;smsctl_message;Name;Phone\n" +
		`3;2;;"Bo;""07700;900124"";x";csv.ragged;` +
		`"expected 2 cells as in the header, got 3. Fix: put cells that contain ';' in quotes, and give every row a cell for each column";` +
		"Bo;\"07700;900124\";x\n" +
		"4;3;Phone;+442079460958;number.landline;a landline;Cy;+442079460958\n"
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// The file can be sent again: as it is, the same rows are refused for the same reason, and when mended they are read.
func TestRejectsAreReadAgain(t *testing.T) {
	input := "First Name,phone,note\nAna,1\nBo \"B\" C,2,\"in, quotes\"\nDoe, Jo,3,x\nCy,4,\n"
	text, first := rejectsOf(t, input)
	again, second := rejectsOf(t, text)

	if !slices.Equal(second.Header(), first.Header()) || second.PhoneColumn() != 1 {
		t.Fatalf("header %q, was %q", second.Header(), first.Header())
	}
	// The row with the bare quote was taken apart with patience and is whole now; the ragged ones stay so.
	if want := [][]string{{`Bo "B" C`, "2", "in, quotes"}}; !slices.EqualFunc(second.cells(), want, slices.Equal) {
		t.Errorf("good rows %q, want %q", second.cells(), want)
	}
	if len(second.bad) != 2 || second.bad[0].Code != "csv.ragged" || !slices.Equal(second.bad[1].Cells, []string{"Doe", " Jo", "3", "x"}) {
		t.Errorf("bad rows %+v", second.bad)
	}
	if strings.Count(again, "smsctl_line") != 1 {
		t.Errorf("our columns pile up:\n%s", again)
	}
	mended := strings.Replace(strings.Replace(text, ",Ana,1\n", ",Ana,1,\n", 1), "Doe,\" Jo\",3", "\"Doe, Jo\",3", 1)
	if got := readAll(t, mended, Options{}); got.end != nil || len(got.good) != 3 || got.good[2].Cells[0] != "Doe, Jo" {
		t.Errorf("mended: %q %v %v\n%s", got.cells(), got.bad, got.end, mended)
	}
}

// What the report gives back as failures has our columns behind the list.
func TestFailuresAreReadAgain(t *testing.T) {
	got := readAll(t, "name,phone,smsctl_state,smsctl_class,smsctl_code,smsctl_message,smsctl_actionable,smsctl_message_id\n"+
		"'-Ana,'+44 7700 900123,failed,carrier_rejected,30007,text,yes,m-1\nBo,+447700900124,failed\n", Options{})
	if want := [][]string{{"-Ana", "+44 7700 900123"}}; got.end != nil || !slices.EqualFunc(got.cells(), want, slices.Equal) {
		t.Fatalf("%q %v", got.cells(), got.end)
	}
	if got.good[0].Phone != "+44 7700 900123" || len(got.bad) != 1 || !slices.Equal(got.bad[0].Cells, []string{"Bo", "+447700900124"}) {
		t.Errorf("%+v %+v", got.good[0], got.bad)
	}
}

func TestProtect(t *testing.T) {
	for cell, want := range map[string]string{
		"Ana": "Ana", "": "", "it's": "it's", "'quoted'": "'quoted'", "1-2": "1-2", " =1": " =1",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x",
		"+447700900123": "+447700900123", "+12345": "+12345", "+123456789012345": "+123456789012345",
		"+1234": "'+1234", "+1234567890123456": "'+1234567890123456", "+44 7700 900123": "'+44 7700 900123", "+44770090012x": "'+44770090012x",
		"'=1": "''=1", "''-x": "'''-x", "'+447700900123": "''+447700900123",
	} {
		if got := Protect(cell); got != want {
			t.Errorf("Protect(%q) = %q, want %q", cell, got, want)
		}
	}
}

func FuzzProtect(f *testing.F) {
	f.Add("'+447700900123")
	f.Add("''")
	f.Fuzz(func(t *testing.T, cell string) {
		shown := Protect(cell)
		if got := Unprotect(shown); got != cell {
			t.Errorf("%q is shown as %q and read as %q", cell, shown, got)
		}
		if startsFormula(shown) && !isE164(shown) {
			t.Errorf("%q is shown as %q", cell, shown)
		}
	})
}

func TestRejectsFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rejects.csv")
	w := NewRejects(path, []string{"phone"}, ',')
	if err := w.Close(); err != nil || w.Count() != 0 {
		t.Fatalf("closing with nothing written: %v, %d", err, w.Count())
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Fatalf("made %v for nothing", entries)
	}
	if err := os.WriteFile(path, []byte("of an earlier run"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&RowError{Line: 2, Record: 1, Code: "number.invalid", Cells: []string{"1"}}); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "of an earlier run" {
		t.Errorf("seen before it was whole: %q", text)
	}
	if err := w.Close(); err != nil || w.Count() != 1 {
		t.Fatalf("Close: %v, %d", err, w.Count())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func TestRejectsErrors(t *testing.T) {
	bad := &RowError{Line: 2}
	if err := NewRejects(filepath.Join(t.TempDir(), "none", "r.csv"), nil, ',').Write(bad); err == nil {
		t.Error("wrote into a folder that is not there")
	}
	dir := t.TempDir()
	target := filepath.Join(dir, "r.csv")
	if err := os.MkdirAll(filepath.Join(target, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := NewRejects(target, nil, ',')
	if err := w.Write(bad); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Error("took the place of a folder")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}
