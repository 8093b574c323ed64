package text

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/smsctl/smsctl/carriers/gsm"
)

func TestTransliterate(t *testing.T) {
	tests := []struct {
		in, want string
		replaced int
	}{
		{"Hi Ana", "Hi Ana", 0},
		{"“Hi” – it’s 20 % off…", `"Hi" - it's 20 % off...`, 5},
		{"a\u00a0b\u2009c\td", "a b c d", 3},
		{"Łukasz Şahin, François", "Lukasz Sahin, Francois", 3},
		{"manhã não São João", "manha nao Sao Joao", 4},
		{"Đặng Thị Hồng", "Dang Thi Hong", 4},
		{"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", 14},
		{"ΚΑΛΗΜΕΡΑ", "KAΛHMEPA", 7},
		{"n\u0303 A\u030a", "ñ Å", 2},   // joined, and GSM-7 has both
		{"x\u0302 \u212b", "x Å", 2},    // a mark that joins with nothing; the sign of the ångström
		{"₹ 100™ ½", "Rs 100TM 1/2", 3}, //
		{"ａｂｃ！", "abc!", 4},             // full-width
		{"zero\u200bwidth", "zerowidth", 1},
		{"été œuvre", "été oeuvre", 1}, // é and à stay
		{"“Hi” 👍", "“Hi” 👍", 0},        // all or nothing
		{"Привет – мир", "Привет – мир", 0},
		{"καλημέρα", "καλημέρα", 0},
		{"", "", 0},
	}
	for _, test := range tests {
		got, replaced := Transliterate(test.in)
		if got != test.want || replaced != test.replaced {
			t.Errorf("%q: got %q, %d replaced; want %q, %d", test.in, got, replaced, test.want, test.replaced)
		}
	}
}

func TestReplacementsTable(t *testing.T) {
	table, err := parseReplacements(replacementsTSV)
	if err != nil {
		t.Fatal(err)
	}
	if len(table) < 600 {
		t.Errorf("only %d replacements", len(table))
	}
	for r, replacement := range table {
		if gsm.Septets(r) > 0 {
			t.Errorf("%q is GSM-7 and needs no replacement", r)
		}
		if !isGSM(replacement) {
			t.Errorf("%q becomes %q, which is not GSM-7", r, replacement)
		}
		if norm.NFC.String(string(r)) != string(r) {
			t.Errorf("%U never occurs in NFC", r)
		}
	}
	// Every accented Latin letter of Europe's and Vietnam's languages has one.
	for r := 'À'; r <= 'ſ'; r++ {
		if _, known := table[r]; !known && gsm.Septets(r) == 0 && r != '×' && r != '÷' {
			t.Errorf("%q has no replacement", r)
		}
	}
}

func TestReplacementsFaults(t *testing.T) {
	for tsv, says := range map[string]string{
		"a á":        "line 1: no tab",
		"a\tá\nb\tá": "line 2: U+00E1 has a replacement already",
		"a\táà":      "not one character",
		"a\tU+XYZ":   "U+XYZ",
	} {
		if _, err := parseReplacements(tsv); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", tsv, err, says)
		}
	}
}

func FuzzTransliterate(f *testing.F) {
	for _, text := range []string{"", "Hi “Ana”…", "n\u0303", "Łódź 👍", "ΚΑΛΗΜΕΡΑ", "\u0301", "a\xff", "\u212b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, replaced := Transliterate(text)
		switch {
		case replaced < 0:
			t.Fatalf("%q: %d replaced", text, replaced)
		case replaced == 0 && got != text:
			t.Fatalf("%q became %q, and nothing was replaced", text, got)
		case replaced > 0 && gsm.Measure(got).Encoding != gsm.GSM7:
			t.Fatalf("%q became %q, which is not GSM-7", text, got)
		}
		if again, n := Transliterate(got); replaced > 0 && (n != 0 || again != got) {
			t.Fatalf("%q became %q, and that %q", text, got, again)
		}
	})
}

func BenchmarkTransliterate(b *testing.B) {
	for name, text := range map[string]string{
		"gsm7":     "Hi Ana, 20 % off this weekend at ACME Leeds. Code SPRING20. Reply STOP to opt out.",
		"replaced": "Hi “Łukasz”, 20 % off this weekend at ACME Łódź – code SPRING20… Reply STOP to opt out.",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Transliterate(text)
			}
		})
	}
}
