package gsm

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/warthog618/sms/encoding/gsm7"
)

// TestSegmentsAsOtherToolsDo holds sizes and cuts against two independent tools; see testdata/gsm/generate.mjs. Twilio's keeps grapheme
// clusters whole as we do, split-sms only surrogate pairs, so its cuts, and once its count, may differ.
func TestSegmentsAsOtherToolsDo(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/gsm/segments.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Text, Encoding  string
		Segments, Units int
		Twilio          []string
		SplitSMS        []string `json:"split_sms"`
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 32 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	countsDiffer := 0
	for _, v := range vectors {
		size := Measure(v.Text)
		if size.Encoding.String() != v.Encoding || size.Segments != v.Segments || size.Units != v.Units {
			t.Errorf("Measure(%q) = %+v, want %s, %d segments, %d units", v.Text, size, v.Encoding, v.Segments, v.Units)
		}
		if got := Split(v.Text); !slices.Equal(got, v.Twilio) {
			t.Errorf("Split(%q) = %q, want %q", v.Text, got, v.Twilio)
		}
		if size.Segments != len(v.SplitSMS) {
			countsDiffer++
		}
	}
	if countsDiffer > 1 {
		t.Errorf("split-sms counts %d texts otherwise; only the family on a border is known", countsDiffer)
	}
}

func TestMeasure(t *testing.T) {
	tests := []struct {
		name, text string
		want       Size
	}{
		{"empty", "", Size{GSM7, 0, 0, 160}},
		{"short", "Hi Ana", Size{GSM7, 1, 6, 160}},
		{"extension at the border", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), Size{GSM7, 3, 306, 153}},
		{"CR LF stays whole", strings.Repeat("a", 152) + "\r\n" + strings.Repeat("a", 152), Size{GSM7, 3, 306, 153}},
		{"escape is no character", "\x1b", Size{UCS2, 1, 1, 70}},
		{"broken UTF-8 counts as the replacement character", "a\xff", Size{UCS2, 1, 2, 70}},
		{"emoji fill one", strings.Repeat("😀", 35), Size{UCS2, 1, 70, 70}},
		{"a cluster over a whole segment is cut between code points", "e" + strings.Repeat("\u0301", 99), Size{UCS2, 2, 100, 67}},
	}
	for _, test := range tests {
		if got := Measure(test.text); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestMeasureDoesNotAllocate(t *testing.T) {
	for _, text := range []string{strings.Repeat("Hello Ana! ", 40), strings.Repeat("Привет 👍🏽 ", 30)} {
		if n := testing.AllocsPerRun(20, func() { Measure(text) }); n != 0 {
			t.Errorf("%.10s…: %v allocations", text, n)
		}
	}
}

// TestAlphabet compares the basic plane of Unicode with another implementation of the alphabet.
func TestAlphabet(t *testing.T) {
	for r := rune(0); r <= 0xffff; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		theirs, err := gsm7.Encode([]byte(string(r)))
		if err != nil {
			theirs = nil
		}
		if r == escape { // passed through there; here a text holds characters only
			theirs = nil
		}
		ours, err := Encode(string(r))
		if err != nil {
			ours = nil
		}
		if !slices.Equal(ours, theirs) || Septets(r) != len(theirs) {
			t.Fatalf("%U: ours %x, theirs %x, %d septets", r, ours, theirs, Septets(r))
		}
		if ours != nil {
			if back, err := Decode(ours); err != nil || back != string(r) {
				t.Fatalf("%U decodes to %q, %v", r, back, err)
			}
		}
	}
}

func TestDecodeWhatNobodyShouldSend(t *testing.T) {
	tests := []struct {
		septets string
		want    string
	}{
		{"\x1bA", "A"}, {"\x1b\x1be", " e"}, {"a\x1b", "a "}, {"\x00\x11", "@_"},
	}
	for _, test := range tests {
		if got, err := Decode([]byte(test.septets)); err != nil || got != test.want {
			t.Errorf("Decode(%x) = %q, %v; want %q", test.septets, got, err, test.want)
		}
	}
	if _, err := Decode([]byte{0x80}); err == nil {
		t.Error("a byte over 0x7f was decoded")
	}
	if _, err := Encode("ok ł"); err == nil || !strings.Contains(err.Error(), "byte 3") {
		t.Errorf("encoding ł: %v, want the byte where it stands", err)
	}
}

func TestOffenders(t *testing.T) {
	if got := string(Offenders("Łódź “ok” łóż €")); got != "Łóź“”łż" {
		t.Errorf("got %q", got)
	}
	if got := Offenders("plain €"); got != nil {
		t.Errorf("plain text has offenders: %q", got)
	}
}

// TestPlainCharactersAreClusters holds the shortcut against the full rules.
func TestPlainCharactersAreClusters(t *testing.T) {
	for r := rune(0); r <= 0xffff; r++ {
		if !plain(r) {
			continue
		}
		for _, pair := range []string{string(r) + "a", "a" + string(r), string(r) + "ы", "中" + string(r)} {
			if n := uniseg.GraphemeClusterCount(pair); n != 2 {
				t.Fatalf("%q (%U) is %d clusters", pair, r, n)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, text := range []string{"", "a", strings.Repeat("a", 161), strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152),
		strings.Repeat("ы", 66) + "😀" + strings.Repeat("ы", 66), strings.Repeat("👨‍👩‍👧‍👦", 12), strings.Repeat("🇬🇧", 20),
		"e" + strings.Repeat("\u0301", 99), strings.Repeat("a\r\n", 60), "\xff\xfe" + strings.Repeat("नमस्ते ", 30)} {
		f.Add(text, 1)
	}
	f.Fuzz(func(t *testing.T, text string, times int) {
		if times > 1 && times < 200 && len(text) < 200 {
			text = strings.Repeat(text, times)
		}
		size, parts := Measure(text), Split(text)
		if strings.Join(parts, "") != text {
			t.Fatalf("the parts of %q joined are another text: %q", text, parts)
		}
		if len(parts) != size.Segments {
			t.Fatalf("%q: %d parts, measured %d", text, len(parts), size.Segments)
		}
		units := 0
		for _, part := range parts {
			n := unitsOf(part, size.Encoding)
			if n == 0 || n > size.PerSegment {
				t.Fatalf("%q: a part of %d units, %d fit", text, n, size.PerSegment)
			}
			units += n
		}
		if units != size.Units {
			t.Fatalf("%q: parts of %d units, measured %d", text, units, size.Units)
		}
		if (size.Encoding == UCS2) != (len(Offenders(text)) > 0) {
			t.Fatalf("%q is %v with offenders %q", text, size.Encoding, Offenders(text))
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	for _, test := range []struct{ name, text string }{
		{"ascii120", strings.Repeat("Hello Ana, ", 11)[:120]},
		{"ascii400", strings.Repeat("Hello Ana, ", 40)[:400]},
		{"gsm7", strings.Repeat("Grüße aus Köln! ", 8)},
		{"ucs2short", strings.Repeat("Привет ", 9)},
		{"ucs2long", strings.Repeat("Привет ", 30)},
		{"emoji", strings.Repeat("👍🏽 ok ", 30)},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Measure(test.text)
			}
		})
	}
}
