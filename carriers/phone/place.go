package phone

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Place is where whoever has a number may be, as far as the number tells: a mobile telephone goes anywhere, so it is what
// the number was given out for, and every zone of its country where that has several.
type Place struct {
	Zones []string // names of the tz database; none if nothing is known
	State string   // of the United States, by its two letters
}

// PlaceKey names what of a number decides its Place: numbers of the same country and key are in the same place. It is the
// country itself, but for the American numbers, whose area codes and exchanges are places.
func PlaceKey(e164, country string) string {
	if digits := strings.TrimPrefix(e164, "+"); country == "" || strings.HasPrefix(digits, "1") {
		return digits[:min(len(digits), americanKey)]
	}
	return country
}

// americanKey is 1, the area code and the exchange: no prefix in the tables of zones and states is longer.
const americanKey = 7

// unplaced is the number of zones from which on a number says nothing: one that belongs to no area has all of America's.
const unplaced = 12

// PlaceOf returns the place of a number of a country. The tables are loaded at first use (some 50 ms for American numbers,
// else a few).
func PlaceOf(e164, country string) Place {
	digits := strings.TrimPrefix(e164, "+")
	switch {
	case country == "CA":
		return Place{Zones: slices.Clone(canada)}
	case strings.HasPrefix(digits, "1"):
		p := Place{Zones: zonesOf(digits)}
		if country == "US" {
			p.State = stateOf(digits)
			p.Zones = together(p.Zones, zonesOfState[p.State])
		}
		return p
	case country == "KZ": // shares +7 with Russia
		return Place{Zones: []string{"Asia/Almaty", "Asia/Aqtobe"}}
	}
	// The zones of the calling code are those of the whole country; those of a mobile number are often its capital's alone.
	zones := zonesOf(callingCode(digits))
	if len(zones) == 0 {
		zones = zonesOf(digits)
	}
	return Place{Zones: slices.DeleteFunc(zones, func(z string) bool { return slices.Contains(notTheirs[country], z) })}
}

// canada is its zones, from the Atlantic to the Pacific: its mobile numbers move.
//
//nolint:gochecknoglobals // a table that nothing writes to
var canada = []string{
	"America/St_Johns", "America/Halifax", "America/Toronto", "America/Winnipeg", "America/Regina", "America/Edmonton",
	"America/Whitehorse", "America/Vancouver",
}

// notTheirs are zones that a calling code has for another country that shares it.
//
//nolint:gochecknoglobals // a table that nothing writes to
var notTheirs = map[string][]string{
	"AU": {"Indian/Christmas", "Indian/Cocos"},
	"RU": {"Asia/Almaty", "Asia/Aqtobe"},
	"MX": {"America/New_York"},
}

// zonesOfState are the states with several zones, by the tz database; an exchange's own zone is known beside them.
//
//nolint:gochecknoglobals // a table that nothing writes to
var zonesOfState = map[string][]string{
	"AK": {"America/Anchorage", "America/Adak"},
	"AZ": {"America/Phoenix", "America/Denver"},
	"FL": {"America/New_York", "America/Chicago"},
	"ID": {"America/Boise", "America/Los_Angeles"},
	"IN": {"America/Indiana/Indianapolis", "America/Chicago"},
	"KS": {"America/Chicago", "America/Denver"},
	"KY": {"America/New_York", "America/Chicago"},
	"MI": {"America/Detroit", "America/Menominee"},
	"ND": {"America/Chicago", "America/Denver"},
	"NE": {"America/Chicago", "America/Denver"},
	"NV": {"America/Los_Angeles", "America/Denver"},
	"OR": {"America/Los_Angeles", "America/Boise"},
	"SD": {"America/Chicago", "America/Denver"},
	"TN": {"America/New_York", "America/Chicago"},
	"TX": {"America/Chicago", "America/Denver"},
}

func together(a, b []string) []string {
	for _, z := range b {
		if !slices.Contains(a, z) {
			a = append(a, z)
		}
	}
	return a
}

// zonesOf returns the zones of a prefix of digits, none where it is not known or says nothing.
func zonesOf(digits string) []string {
	zones, err := phonenumbers.GetTimezonesForPrefix(digits)
	if err != nil || len(zones) > unplaced && strings.HasPrefix(digits, "1") || slices.Contains(zones, phonenumbers.UNKNOWN_TIMEZONE) {
		return nil
	}
	return slices.Clone(zones)
}

// stateOf returns the state that an American number was given out in, or "".
func stateOf(digits string) string {
	national, err := strconv.ParseUint(digits[1:], 10, 64)
	if err != nil {
		return ""
	}
	code := int32(1)
	where, err := phonenumbers.GetGeocodingForNumber(&phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &national}, "en")
	if err != nil {
		return ""
	}
	place := where[strings.LastIndex(where, ",")+1:]
	place = strings.TrimSpace(place)
	if len(place) == 2 && strings.Contains(stateNames, "="+place+";") {
		return place
	}
	if at := strings.Index(stateNames, ";"+place+"="); place != "" && at >= 0 {
		at += len(place) + 2
		return stateNames[at : at+2]
	}
	return ""
}

// stateNames are the states as the table of places names them.
const stateNames = ";Alabama=AL;Alaska=AK;Arizona=AZ;Arkansas=AR;California=CA;Colorado=CO;Connecticut=CT;Delaware=DE;Florida=FL;" +
	"Georgia=GA;Hawaii=HI;Idaho=ID;Illinois=IL;Indiana=IN;Iowa=IA;Kansas=KS;Kentucky=KY;Louisiana=LA;Maine=ME;Maryland=MD;" +
	"Massachusetts=MA;Michigan=MI;Minnesota=MN;Mississippi=MS;Missouri=MO;Montana=MT;Nebraska=NE;Nevada=NV;New Hampshire=NH;" +
	"New Jersey=NJ;New Mexico=NM;New York=NY;North Carolina=NC;North Dakota=ND;Ohio=OH;Oklahoma=OK;Oregon=OR;Pennsylvania=PA;" +
	"Rhode Island=RI;South Carolina=SC;South Dakota=SD;Tennessee=TN;Texas=TX;Utah=UT;Vermont=VT;Virginia=VA;Washington State=WA;" +
	"Washington D.C.=DC;West Virginia=WV;Wisconsin=WI;Wyoming=WY;"
