package phone

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// An opinion is what can be compared: how libphonenumber and a Parser that takes any type see a dialled number.
type opinion struct {
	e164, region string
	kind         Type
}

// theirs asks libphonenumber itself; the zero opinion is a number that is not valid.
func theirs(cell, region string) opinion {
	n, err := phonenumbers.Parse(cell, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return opinion{}
	}
	return opinion{
		e164:   phonenumbers.Format(n, phonenumbers.E164),
		region: phonenumbers.GetRegionCodeForNumber(n),
		kind:   typeOf[phonenumbers.GetNumberType(n)],
	}
}

var typeOf = map[phonenumbers.PhoneNumberType]Type{
	phonenumbers.FIXED_LINE: FixedLine, phonenumbers.MOBILE: Mobile, phonenumbers.FIXED_LINE_OR_MOBILE: FixedLineOrMobile,
	phonenumbers.TOLL_FREE: TollFree, phonenumbers.PREMIUM_RATE: PremiumRate, phonenumbers.SHARED_COST: SharedCost,
	phonenumbers.VOIP: VoIP, phonenumbers.PERSONAL_NUMBER: Personal, phonenumbers.PAGER: Pager, phonenumbers.UAN: UAN,
	phonenumbers.VOICEMAIL: Voicemail, phonenumbers.UNKNOWN: Unknown,
}

// ours asks the numbering plans directly, without the policy of Parse.
func ours(t testing.TB, p *Parser, cell string) opinion {
	t.Helper()
	d, plain := readPlain(cell)
	if !plain {
		t.Fatalf("%q is not plain", cell)
	}
	id, err := p.identify(d)
	if err != nil {
		t.Fatalf("identify %q: %v", cell, err)
	}
	if id.why != nil || id.kind == Unknown {
		return opinion{}
	}
	return opinion{e164: id.number().E164, region: id.owner.region, kind: id.kind}
}

func examples(t testing.TB) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/phone/examples.mobile.json")
	if err != nil {
		t.Fatal(err)
	}
	var byRegion map[string]string
	if err := json.Unmarshal(raw, &byRegion); err != nil {
		t.Fatal(err)
	}
	return byRegion
}

func parser(t testing.TB, o Options) *Parser {
	t.Helper()
	p, err := NewParser(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestExamplesOfAllRegions(t *testing.T) {
	byRegion := examples(t)
	if len(byRegion) != 245 {
		t.Fatalf("%d examples, want 245", len(byRegion))
	}
	for region, national := range byRegion {
		p := parser(t, Options{DefaultRegion: region})
		got, err := p.Parse(national)
		if region == "TA" { // Tristan da Cunha: libphonenumber's own example is not valid by its own metadata
			if err == nil {
				t.Errorf("TA: %v was accepted; the metadata has learned the territory, so drop this exception", got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", region, national, err)
			continue
		}
		want := theirs(national, region)
		if got.E164 != want.e164 || got.Country != want.region || got.Type != want.kind {
			t.Errorf("%s %s: got %v, libphonenumber %v", region, national, got, want)
		}
		again, err := p.Parse(got.E164)
		if err != nil || again != got {
			t.Errorf("%s %s: parsed again it is %v, %v", region, got.E164, again, err)
		}
		if back := FromDigits(got.Digits()); back != got.E164 {
			t.Errorf("%s: %s became %s on its way through Digits", region, got.E164, back)
		}
	}
}

// TestSameAsLibphonenumber compares decisions on numbers near the examples of all regions and on all of their prefixes, as read
// by that region, by another, and by none.
func TestSameAsLibphonenumber(t *testing.T) {
	byRegion := examples(t)
	regions := make([]string, 0, len(byRegion))
	for region := range byRegion {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	rounds := 10
	if testing.Short() {
		rounds = 4
	}
	seed := uint64(20261123)
	random := rand.New(rand.NewPCG(seed, seed))
	parsers := map[string]*Parser{"": parser(t, Options{AllowAnyType: true})}
	compared, valid := 0, 0
	for _, region := range regions {
		parsers[region] = parser(t, Options{DefaultRegion: region, AllowAnyType: true})
	}
	for _, region := range regions {
		for range rounds {
			cell := mutate(random, region, byRegion[region])
			home := region
			switch random.IntN(6) {
			case 0:
				home = regions[random.IntN(len(regions))]
			case 1:
				home = ""
			}
			got, want := ours(t, parsers[home], cell), theirs(cell, home)
			if got != want {
				t.Fatalf("seed %d: %q read in %q: %+v, libphonenumber says %+v", seed, cell, home, got, want)
			}
			compared++
			if want != (opinion{}) {
				valid++
			}
		}
	}
	t.Logf("%d numbers compared, %d of them valid", compared, valid)
	if valid*4 < compared {
		t.Errorf("only %d of %d numbers were valid: the comparison proves little", valid, compared)
	}
}

// mutate writes a number as people might, and then changes a few digits of it, or its length.
func mutate(random *rand.Rand, region, national string) string {
	plan := phonenumbers.GetCountryCodeForRegion(region)
	code := strings.TrimPrefix(FromDigits(uint64(plan)), "+")
	prefix := phonenumbers.GetNddPrefixForRegion(region, true)
	kinds := []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.TOLL_FREE, phonenumbers.PREMIUM_RATE,
		phonenumbers.SHARED_COST, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER, phonenumbers.PAGER, phonenumbers.UAN}
	if random.IntN(4) == 0 {
		if n := phonenumbers.GetExampleNumberForType(region, kinds[random.IntN(len(kinds))]); n != nil {
			national = phonenumbers.GetNationalSignificantNumber(n)
		}
	}
	digits := []byte(national)
	for range random.IntN(4) {
		switch at := random.IntN(len(digits)); random.IntN(8) {
		case 0:
			digits = slices.Delete(digits, at, at+1)
		case 1:
			digits = slices.Insert(digits, at, byte('0'+random.IntN(10)))
		default:
			digits[at] = byte('0' + random.IntN(10))
		}
		if len(digits) == 0 {
			digits = []byte("0")
		}
	}
	before := []string{"", prefix, "+" + code, code, "00" + code, "+" + code + prefix, code + prefix, "+", "011" + code, "0", "+0"}
	return before[random.IntN(len(before))] + string(digits)
}

// FuzzParse compares any dialled digits with libphonenumber, and holds Parse to its promises on any cell.
func FuzzParse(f *testing.F) {
	for _, cell := range []string{
		"+447912345678", "07912345678", "0044 7912 345678", "(+44) (0)7912-345678", "tel:+1-415-555-2671", "4.47912E+11", "447912345678.0",
		"1-800-FLOWERS", "020 7946 0958 x12", "=+447912345678", "'+447912345678", "٠٧٩١٢٣٤٥٦٧٨", "０７９１２３４５６７８", "+5491123456789",
		"011 15 2345-6789", "5511961234567", "+80012345678", "++44791", "+0", "\u202a+447912345678\u202c", "07912345678/07912345679",
		"+8100000000000",
	} {
		for _, region := range []string{"GB", "US", "AR", "BR", ""} {
			f.Add(cell, region)
		}
	}
	parsers := map[string]*Parser{}
	for region := range phonenumbers.GetSupportedRegions() {
		parsers[region] = parser(f, Options{DefaultRegion: region, AllowAnyType: true})
	}
	parsers[""] = parser(f, Options{AllowAnyType: true})
	f.Fuzz(func(t *testing.T, cell, region string) {
		p, known := parsers[region]
		if !known {
			t.Skip()
		}
		if _, plain := readPlain(cell); plain {
			if got, want := ours(t, p, cell), theirs(cell, region); got != want {
				t.Fatalf("%q read in %q: %+v, libphonenumber says %+v", cell, region, got, want)
			}
		}
		n, err := p.Parse(cell)
		if err != nil {
			if typed := (&Error{}); !errors.As(err, &typed) {
				t.Fatalf("%q: %v is no *Error", cell, err)
			}
			return
		}
		visible := strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) {
				return -1
			}
			return r
		}, cell)
		if want := theirs(visible, region); want != (opinion{}) && want.e164 != n.E164 {
			t.Fatalf("%q read in %q is %v, libphonenumber says %+v", cell, region, n, want)
		}
		again, err := p.Parse(n.E164)
		if err != nil || again != n {
			t.Fatalf("%q became %v, which became %v, %v", cell, n, again, err)
		}
		if FromDigits(n.Digits()) != n.E164 {
			t.Fatalf("%q became %s, which digits do not hold", cell, n.E164)
		}
	})
}
