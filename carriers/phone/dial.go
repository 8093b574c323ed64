package phone

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// dialled is a number as someone would key it in: digits, after a plus sign or not.
type dialled struct {
	digits string
	plus   bool
}

// resolved is a dialled number taken apart.
type resolved struct {
	territory *territory // the main one of the calling code, or that of the default region
	national  string
}

var (
	errShort    = errors.New("too short")
	errLong     = errors.New("too long")
	errNoRegion = errors.New("no country code")
	errNoCode   = errors.New("unknown country code")
)

// numbering is every territory of the world, by region and by calling code.
type numbering struct {
	regions map[string]*territory
	codes   [1000][]*territory // the first is the main one
}

func loadNumbering() (*numbering, error) {
	metadata, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, err
	}
	w := &numbering{regions: make(map[string]*territory, 256)}
	entities := map[int]*territory{} // calling codes of no region, such as +800
	for _, m := range metadata.GetMetadata() {
		t := newTerritory(m)
		if t.region == nowhere {
			entities[t.callingCode] = t
		} else {
			w.regions[t.region] = t
		}
	}
	for code := range w.codes {
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			t := w.regions[region]
			if region == nowhere {
				t = entities[code]
			}
			if t != nil {
				w.codes[code] = append(w.codes[code], t)
			}
		}
	}
	return w, nil
}

// nowhere is the region of calling codes that belong to no country.
const nowhere = "001"

// resolve reads d as a caller in the region of home would dial it; home may be nil. It takes the very decisions of
// libphonenumber's parseHelper, for which see there: resolve exists because that costs 8 µs a number. A differential test and a
// fuzz target hold the two together.
func (w *numbering) resolve(d dialled, home *territory) (resolved, error) {
	if len(d.digits) < minNational || d.plus && len(d.digits) < 3 {
		return resolved{}, errShort
	}
	if home == nil && !d.plus {
		return resolved{}, errNoRegion
	}
	main, national, err := w.splitCountry(d, home)
	if errors.Is(err, errNoCode) && d.plus {
		// A plus sign before something that is no calling code: read it again as if the sign were not there.
		main, national, err = w.splitCountry(dialled{digits: d.digits}, home)
		if err == nil && main == nil {
			err = errNoCode
		}
	}
	if err != nil {
		return resolved{}, err
	}
	if main == nil {
		main, national = home, d.digits
	}
	if len(national) < minNational {
		return resolved{}, errShort
	}
	stripped, err := main.stripNationalPrefix(national)
	if err != nil {
		return resolved{}, err
	}
	// Where the rest could no longer be a complete number, the prefix was part of the number.
	if f := main.fit(stripped); f == fitComplete || f == fitTooLong {
		national = stripped
	}
	switch {
	case len(national) < minNational:
		return resolved{}, errShort
	case len(national) > maxNational:
		return resolved{}, errLong
	}
	return resolved{territory: main, national: national}, nil
}

// splitCountry takes the calling code off d and returns the main territory of the code, or nil if d has none.
func (w *numbering) splitCountry(d dialled, home *territory) (*territory, string, error) {
	if d.plus {
		return w.splitCode(d.digits)
	}
	if home == nil {
		return nil, "", nil
	}
	rules, err := home.compiled()
	if err != nil {
		return nil, "", err
	}
	if rest, cut := rules.idd.cutIDD(d.digits); cut {
		return w.splitCode(rest)
	}
	code := home.codeDigits
	if !strings.HasPrefix(d.digits, code) {
		return nil, "", nil
	}
	rest, err := home.stripNationalPrefix(d.digits[len(code):])
	if err != nil {
		return nil, "", err
	}
	// The country's own code without a plus: only where the number makes no sense with these digits, and some without.
	if !rules.matchesGeneral(d.digits) && rules.matchesGeneral(rest) || home.fit(d.digits) == fitTooLong {
		return w.codes[home.callingCode][0], rest, nil
	}
	return nil, "", nil
}

// splitCode cuts the calling code off the digits of an international number. No calling code begins another.
func (w *numbering) splitCode(digits string) (*territory, string, error) {
	if len(digits) <= minNational {
		return nil, "", errShort
	}
	code := 0
	for n := 1; n <= phonenumbers.MAX_LENGTH_COUNTRY_CODE && n <= len(digits) && digits[0] != '0'; n++ {
		code = code*10 + int(digits[n-1]-'0')
		if len(w.codes[code]) > 0 {
			return w.codes[code][0], digits[n:], nil
		}
	}
	return nil, "", errNoCode
}

// regionOf returns the territory that a number of a shared calling code belongs to, or nil.
func (w *numbering) regionOf(n resolved) (*territory, *rules, error) {
	sharing := w.codes[n.territory.callingCode]
	for _, t := range sharing {
		rules, err := t.compiled()
		if err != nil {
			return nil, nil, err
		}
		switch {
		case len(sharing) == 1,
			t.hasLeading && rules.ownsLeading(n.national),
			!t.hasLeading && rules.kindOf(n.national) != Unknown:
			return t, rules, nil
		}
	}
	return nil, nil, nil
}

// stripNationalPrefix cuts the national prefix off, or rewrites the number where the plan says so, unless that would make
// a number of the territory into something that is none.
func (t *territory) stripNationalPrefix(national string) (string, error) {
	rules, err := t.compiled()
	if err != nil {
		return "", err
	}
	after, found := rules.cutNational(national)
	if !found || rules.matchesGeneral(national) && !rules.matchesGeneral(after) {
		return national, nil
	}
	return after, nil
}

func (r *rules) cutNational(national string) (after string, found bool) {
	if r.national.pattern == nil {
		return r.national.cutLiteral(national)
	}
	if !r.national.mayBegin(national) {
		return national, false
	}
	groups := r.national.pattern.FindStringSubmatchIndex(national)
	if groups == nil {
		return national, false
	}
	if last := groups[len(groups)-2]; r.nationalRule == "" || last < 0 {
		return national[groups[1]:], true
	}
	return r.national.pattern.ReplaceAllString(national, r.nationalRule), true
}

// cutIDD cuts an international prefix off. A calling code never begins with 0, so 000… is not 00 before 0….
func (p *prefix) cutIDD(digits string) (rest string, cut bool) {
	switch {
	case p.pattern == nil:
		rest, cut = p.cutLiteral(digits)
	case p.mayBegin(digits):
		if at := p.pattern.FindStringIndex(digits); at != nil {
			rest, cut = digits[at[1]:], true
		}
	}
	if !cut || strings.HasPrefix(rest, "0") {
		return digits, false
	}
	return rest, true
}
