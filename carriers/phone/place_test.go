package phone

import (
	"fmt"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/nyaruka/phonenumbers"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number, country, state string
		zones                  []string
	}{
		{"+447912345678", "GB", "", []string{"Europe/London"}},
		{"+4915123456789", "DE", "", []string{"Europe/Berlin"}},
		{"+61412345678", "AU", "", []string{"Australia/Perth", "Australia/Adelaide", "Australia/Brisbane", "Australia/Sydney"}},
		{"+34612345678", "ES", "", []string{"Europe/Madrid", "Atlantic/Canary"}},
		{"+79021234567", "RU", "", []string{"Europe/Moscow", "Asia/Kamchatka"}},
		{"+77011234567", "KZ", "", []string{"Asia/Almaty"}},
		{"+5511961234567", "BR", "", []string{"America/Noronha", "America/Sao_Paulo", "America/Manaus", "America/Rio_Branco"}},
		{"+6281212345678", "ID", "", []string{"Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"}},
		{"+525512345678", "MX", "", []string{"America/Tijuana", "America/Mexico_City", "America/Cancun"}},
		{"+14165550123", "CA", "", []string{"America/St_Johns", "America/Toronto", "America/Vancouver"}},
		{"+18505550123", "US", "FL", []string{"America/New_York", "America/Chicago"}},
		{"+18504321234", "US", "FL", []string{"America/New_York", "America/Chicago"}},
		{"+12125550123", "US", "NY", []string{"America/New_York"}},
		{"+15045550123", "US", "LA", []string{"America/Chicago"}},
		{"+12025550123", "US", "DC", []string{"America/New_York"}},
		{"+12065550123", "US", "WA", []string{"America/Los_Angeles"}},
		{"+17875550123", "PR", "", []string{"America/Puerto_Rico"}},
		{"+18005550123", "US", "", nil},
		{"+881612345678", "", "", nil},
	} {
		p := PlaceOf(c.number, c.country)
		for _, z := range c.zones {
			if !slices.Contains(p.Zones, z) {
				t.Errorf("%s: zones %v, want %s among them", c.number, p.Zones, z)
			}
		}
		if p.State != c.state || len(c.zones) == 0 && len(p.Zones) > 0 {
			t.Errorf("%s: state %q, zones %v", c.number, p.State, p.Zones)
		}
	}
	for country, not := range map[string]string{"AU": "Indian/Cocos", "RU": "Asia/Almaty", "MX": "America/New_York"} {
		number := phonenumbers.Format(phonenumbers.GetExampleNumberForType(country, phonenumbers.MOBILE), phonenumbers.E164)
		if p := PlaceOf(number, country); slices.Contains(p.Zones, not) || len(p.Zones) < 3 {
			t.Errorf("%s is in %v", country, p.Zones)
		}
	}
}

// Every region's numbers are somewhere, and Go knows the zone by the name that the table has.
func TestEveryRegionHasZones(t *testing.T) {
	t.Parallel()
	for region := range phonenumbers.GetSupportedRegions() {
		n := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
		if n == nil {
			continue
		}
		p := PlaceOf(phonenumbers.Format(n, phonenumbers.E164), region)
		if len(p.Zones) == 0 {
			t.Errorf("%s has no zone", region)
		}
		for _, z := range p.Zones {
			if _, err := time.LoadLocation(z); err != nil {
				t.Errorf("%s: %v", region, err)
			}
		}
	}
	for state, zones := range zonesOfState {
		for _, z := range zones {
			if _, err := time.LoadLocation(z); err != nil {
				t.Errorf("%s: %v", state, err)
			}
		}
	}
}

// Numbers with the same key have the same place: it is what places are cached by.
func TestAKeyDecidesThePlace(t *testing.T) {
	t.Parallel()
	for npa := 200; npa < 1000; npa += 7 {
		for nxx := 200; nxx < 1000; nxx += 97 {
			for _, country := range []string{"US", "CA", "DO"} {
				a, b := fmt.Sprintf("+1%d%d0000", npa, nxx), fmt.Sprintf("+1%d%d9999", npa, nxx)
				pa, pb := PlaceOf(a, country), PlaceOf(b, country)
				if PlaceKey(a, country) != PlaceKey(b, country) || pa.State != pb.State || !slices.Equal(pa.Zones, pb.Zones) {
					t.Fatalf("%s %v, %s %v", a, pa, b, pb)
				}
			}
		}
	}
}
