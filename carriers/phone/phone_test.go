package phone

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

// TestCells is what people and spreadsheets make of numbers, read by a British sender.
func TestCells(t *testing.T) {
	const want = "+447912345678"
	p := parser(t, Options{DefaultRegion: "gb"})
	for _, cell := range []string{
		"+447912345678", "447912345678", "07912345678", "7912345678", "00447912345678", "0044 (0)7912 345 678",
		"+44 (0)7912 345678", "(+44) 07912 345678", "+44 7912 345678 ", "07912-345-678", "07912.345.678", "07912/345678", "[07912] 345678",
		"+44\u00a07912\u2009345678", "\u202a+447912345678\u202c", "\ufeff07912345678", "07912\u200b345678", "+44 7912 345678",
		"＋４４７９１２３４５６７８", "٠٧٩١٢٣٤٥٦٧٨", "۰۷۹۱۲۳۴۵۶۷۸", "०७९१२३४५६७८", "tel:+447912345678", "TEL: 07912345678", "'07912345678",
		"’+447912345678", `"07912345678"`, `="07912345678"`, "++447912345678", "07912–345678", "\t07912345678\r\n", "+4407912345678",
	} {
		got, err := p.Parse(cell)
		if err != nil || got != (Number{E164: want, Country: "GB", Type: Mobile}) {
			t.Errorf("%q: got %+v, %v", cell, got, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct{ region, cell, code, says string }{
		{"GB", "", CodeEmpty, ""},
		{"GB", " \u00a0 ", CodeEmpty, ""},
		{"GB", "n/a", CodeEmpty, ""},
		{"GB", "-", CodeEmpty, ""},
		{"GB", "4.47912E+11", CodeSpreadsheet, "Excel lost digits; re-export the column as Text"},
		{"GB", "4.47912345678E+11", CodeSpreadsheet, ""},
		{"GB", "4,47912E+11", CodeSpreadsheet, ""},
		{"GB", "447912345678.0", CodeDecimal, "as Text"},
		{"GB", "+447912345678.00", CodeDecimal, ""},
		{"GB", "447912345678,0", CodeDecimal, ""},
		{"US", "1-800-FLOWERS", CodeLetters, ""},
		{"GB", "O7912345678", CodeLetters, ""},
		{"GB", "mobile 07912345678", CodeLetters, ""},
		{"GB", "07912345678 x12", CodeExtension, ""},
		{"GB", "07912345678 ext. 12", CodeExtension, ""},
		{"GB", "07912345678#12", CodeExtension, ""},
		{"GB", "tel:+447912345678;ext=12", CodeExtension, ""},
		{"GB", "07912345678 / 07912345679", CodeMultiple, "own row"},
		{"GB", "07912345678, 07912345679", CodeMultiple, ""},
		{"GB", "07912345678 or 07912345679", CodeMultiple, ""},
		{"GB", "07912345678 07912345679", CodeMultiple, ""},
		{"GB", "+447912345678+447912345679", CodeMultiple, ""},
		{"GB", "07912345678\n07912345679", CodeMultiple, ""},
		{"GB", "=+447912345678", CodeFormula, ""},
		{"GB", "@07912345678", CodeFormula, ""},
		{"GB", "44+7912345678", CodeInvalid, "plus"},
		{"GB", "0791*345678", CodeInvalid, "'*'"},
		{"GB", "07912\xff345678", CodeInvalid, "UTF-8"},
		{"GB", "5", CodeTooShort, ""},
		{"GB", "079123", CodeTooShort, "GB"},
		{"GB", "+4479123456789", CodeTooLong, "GB"},
		{"GB", "07912345678912345678", CodeTooLong, ""},
		{"GB", strings.Repeat("1", 300), CodeTooLong, ""},
		{"GB", "07012345678x", CodeLetters, ""},
		{"GB", "020 7946 0958", CodeLandline, "GB"},
		{"GB", "+41446681800", CodeLandline, "CH"},
		{"GB", "0800 123 4567", CodeNotMobile, "toll-free"},
		{"US", "+80012345678", CodeNotMobile, "+800"},
		{"GB", "+999123456789", CodeInvalid, "country code"},
		{"GB", "05912345678", CodeInvalid, "GB has no such numbers"},
		{"GB", "14155552671", CodeWrongRegion, "US"},
		{"US", "447912345678", CodeWrongRegion, "GB"},
		{"", "07912345678", CodeNoRegion, "default region"},
		{"", "447912345678", CodeNoRegion, ""},
		{"", "00999123456", CodeInvalid, "country code"},
		{"", "0044207946", CodeTooShort, "GB"},
	}
	for _, test := range tests {
		got, err := parser(t, Options{DefaultRegion: test.region}).Parse(test.cell)
		var refusal *Error
		if !errors.As(err, &refusal) {
			t.Errorf("%q read in %q: got %+v, %v", test.cell, test.region, got, err)
			continue
		}
		if refusal.Code != test.code || !strings.Contains(refusal.Detail, test.says) {
			t.Errorf("%q read in %q: %s %q, want %s %q", test.cell, test.region, refusal.Code, refusal.Detail, test.code, test.says)
		}
		if strings.Contains(refusal.Detail, "345678") {
			t.Errorf("%q: %q repeats the number", test.cell, refusal.Detail)
		}
	}
}

func TestAbroad(t *testing.T) {
	tests := []struct {
		region, cell string
		want         Number
	}{
		{"", "+14155552671", Number{"+14155552671", "US", FixedLineOrMobile}},
		{"", "+1 416 555 0123", Number{"+14165550123", "CA", FixedLineOrMobile}},
		{"", "00447912345678", Number{"+447912345678", "GB", Mobile}},
		{"US", "00447912345678", Number{"+447912345678", "GB", Mobile}},
		{"US", "011447912345678", Number{"+447912345678", "GB", Mobile}},
		{"", "+447781123456", Number{"+447781123456", "GG", Mobile}},
		{"IT", "312 345 6789", Number{"+393123456789", "IT", Mobile}},
		{"BR", "0 15 11 96123-4567", Number{"+5511961234567", "BR", Mobile}},
		{"AR", "011 15 2345-6789", Number{"+5491123456789", "AR", Mobile}},
		{"", "+881612345678", Number{"+881612345678", "", Mobile}},
	}
	for _, test := range tests {
		if got, err := parser(t, Options{DefaultRegion: test.region}).Parse(test.cell); err != nil || got != test.want {
			t.Errorf("%q read in %q: got %+v, %v; want %+v", test.cell, test.region, got, err, test.want)
		}
	}
}

func TestAllowAnyType(t *testing.T) {
	p := parser(t, Options{DefaultRegion: "GB", AllowAnyType: true})
	for cell, want := range map[string]Number{
		"020 7946 0958":  {"+442079460958", "GB", FixedLine},
		"0800 123 4567":  {"+448001234567", "GB", TollFree},
		"+44 5912345678": {"+445912345678", "GB", Unknown}, // a range that nobody knows, in full
	} {
		if got, err := p.Parse(cell); err != nil || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", cell, got, err, want)
		}
	}
	for _, cell := range []string{"05912345678", "+44591234567890", "+999123456789", "14155552671"} {
		if got, err := p.Parse(cell); err == nil {
			t.Errorf("%q was taken for %+v", cell, got)
		}
	}
}

func TestUnknownDefaultRegion(t *testing.T) {
	for _, region := range []string{"UK", "001", "Germany"} {
		if _, err := NewParser(Options{DefaultRegion: region}); err == nil {
			t.Errorf("default region %q was taken", region)
		}
	}
}

func TestParseInParallel(t *testing.T) {
	p := parser(t, Options{DefaultRegion: "GB"})
	byRegion := examples(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for region := range byRegion {
				if want := theirs(byRegion[region], region); want.kind.Textable() {
					if got, err := p.Parse(want.e164); err != nil || got.E164 != want.e164 {
						t.Errorf("%s: %+v, %v", want.e164, got, err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"+447700900123": "+44 7700 •••123", "+491512345884": "+49 1512 •••884", "+14155552671": "+1 4155 •••671",
		"+2904012": "+290 •••2", "+290401234": "+290 •••234", "+29040123": "+290 •••23", "+35312345678": "+353 12 •••678", "07912345678": "0791 •••678",
		"60777": "•••77", "1234567": "1 •••567", "123": "•••", "+": "+•••", "": "•••", "n/a": "•••", "+999123456789": "+9991 •••789", "+44": "+44 •••",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
	for _, national := range examples(t) {
		number := "+44" + national
		if shown := countDigits(Mask(number)) - 2; len(national)-shown < 3 {
			t.Errorf("Mask(%q) = %q hides fewer than three digits", number, Mask(number))
		}
	}
}

func TestNetwork(t *testing.T) {
	for number, want := range map[string]string{
		"+447912345678": "O2", "+4915123456789": "T-Mobile", "+999123": "", "": "", "+44": "", "+442079460958": "",
	} {
		if got := Network(number); got != want {
			t.Errorf("Network(%q) = %q, want %q", number, got, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct{ name, region, cell string }{
		{"e164GB", "GB", "+447912345678"}, {"nationalGB", "GB", "07912345678"}, {"digitsGB", "GB", "447912345678"}, {"e164US", "GB", "+14155552671"},
		{"e164CA", "US", "+14165550123"}, {"e164DE", "GB", "+4915123456789"}, {"e164AR", "AR", "+5491123456789"}, {"nationalAR", "AR", "011 15 2345-6789"},
		{"e164BR", "BR", "+5511961234567"}, {"dirtyGB", "GB", "+44 (0)7912 345-678"}, {"arabic", "GB", "٠٧٩١٢٣٤٥٦٧٨"},
		{"landline", "GB", "+442079460958"}, {"wrongRegion", "GB", "14155552671"},
	} {
		p := parser(b, Options{DefaultRegion: bench.region})
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.Parse(bench.cell)
			}
		})
	}
}

// BenchmarkLibphonenumber is what Parse replaces.
func BenchmarkLibphonenumber(b *testing.B) {
	for b.Loop() {
		theirs("+447912345678", "GB")
	}
}

func BenchmarkMask(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Mask("+447912345678")
	}
}

// BenchmarkFirstNumber is what a command pays that looks at one number.
func BenchmarkFirstNumber(b *testing.B) {
	for b.Loop() {
		p := parser(b, Options{DefaultRegion: "GB"})
		if _, err := p.Parse("07912345678"); err != nil {
			b.Fatal(err)
		}
	}
}
