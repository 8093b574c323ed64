// Package phone reads telephone numbers: from a cell of a spreadsheet, whatever was done to it, to a checked E.164 number
// with its country and its type, or to an error that says what to do about it.
//
// What is a number, and whose, is libphonenumber's answer: its metadata (by way of github.com/nyaruka/phonenumbers), its decisions,
// step by step. Only the regular expressions are not run as such. They are compiled to one automaton a country, which makes a number
// cost well under a microsecond instead of eighteen, and leaves a list of a million to the CSV reader and the database.
//
// A Parser is stricter than libphonenumber where its kindness sends a message to someone else: letters are not turned into digits,
// extensions, formulas and decimal fractions are refused.
package phone

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Number is a telephone number in E.164.
type Number struct {
	E164    string // "+447912345678"
	Country string // ISO 3166 region, "GB"; "" for numbers of no country, such as satellite telephones
	Type    Type
}

// Digits returns the number as the store keeps it: the digits of E.164 as an integer. No country code begins with 0, so that
// none is lost.
func (n Number) Digits() uint64 {
	digits, _ := strconv.ParseUint(strings.TrimPrefix(n.E164, "+"), 10, 64) // E164 of a Parser is at most 20 digits
	return digits
}

// FromDigits returns the E.164 form of what Digits returned.
func FromDigits(digits uint64) string {
	return "+" + strconv.FormatUint(digits, 10)
}

// Options say how cells are to be read.
type Options struct {
	// DefaultRegion is the country of numbers that are written without a country code, as ISO 3166 ("GB"). Without it every number
	// must begin with + or 00.
	DefaultRegion string
	// AllowAnyType lets numbers through that are not known to be mobile: landlines and all other types, and, where they are
	// written in full with + and country code, numbers of the right length in ranges that are not known at all.
	AllowAnyType bool
}

// A Parser reads cells. It may be used by many goroutines at once; build it once, as it learns a country's plan when it first
// meets the country.
type Parser struct {
	world   *numbering
	home    *territory // nil without a default region
	anyType bool
}

// NewParser returns a Parser, or an error if the default region is none.
func NewParser(o Options) (*Parser, error) {
	world, err := loadNumbering()
	if err != nil {
		return nil, fmt.Errorf("load the numbering plans: %w", err)
	}
	p := &Parser{world: world, anyType: o.AllowAnyType}
	if o.DefaultRegion != "" {
		region := strings.ToUpper(strings.TrimSpace(o.DefaultRegion))
		if p.home = world.regions[region]; p.home == nil {
			return nil, fmt.Errorf("unknown default region %q; use an ISO 3166 code, such as GB", o.DefaultRegion)
		}
	}
	return p, nil
}

// Parse reads a cell. The error is an *Error for anything that is wrong with the cell.
func (p *Parser) Parse(cell string) (Number, error) {
	d, err := read(cell)
	if err != nil {
		return Number{}, err
	}
	found, err := p.identify(d)
	if err != nil {
		return Number{}, err
	}
	if found.ok(p) {
		return found.number(), nil
	}
	// 00 means + wherever it means nothing else: lists are made in other countries than they are sent from.
	if rest, zeros := strings.CutPrefix(d.digits, "00"); zeros && !d.plus {
		abroad, err := p.identify(dialled{digits: rest, plus: true})
		if err != nil {
			return Number{}, err
		}
		if abroad.ok(p) {
			return abroad.number(), nil
		}
		if p.home == nil {
			d, found = dialled{digits: rest, plus: true}, abroad
		}
	}
	return Number{}, p.explain(d, found)
}

// An identity is all that is known of a dialled number.
type identity struct {
	resolved
	owner *territory // the region of a shared calling code that has such numbers
	kind  Type
	full  bool  // written in E.164, nothing was cut off or added
	why   error // why it could not be taken apart
}

func (p *Parser) identify(d dialled) (identity, error) {
	n, err := p.world.resolve(d, p.home)
	switch {
	case errors.Is(err, errShort), errors.Is(err, errLong), errors.Is(err, errNoRegion), errors.Is(err, errNoCode):
		return identity{why: err}, nil
	case err != nil:
		return identity{}, err
	}
	owner, rules, err := p.world.regionOf(n)
	if err != nil {
		return identity{}, err
	}
	id := identity{resolved: n, owner: owner, full: d.plus && d.digits == n.territory.codeDigits+n.national}
	if owner != nil {
		id.kind = rules.kindOf(n.national)
	}
	return id, nil
}

// ok reports whether the number may be sent to.
func (id *identity) ok(p *Parser) bool {
	switch {
	case id.why != nil:
		return false
	case id.kind == Unknown:
		return p.anyType && id.full && id.territory.fit(id.national) == fitComplete
	default:
		return p.anyType || id.kind.Textable()
	}
}

func (id *identity) number() Number {
	n := Number{E164: "+" + id.territory.codeDigits + id.national, Type: id.kind}
	if n.Country = id.territory.region; id.owner != nil {
		n.Country = id.owner.region
	}
	if n.Country == nowhere {
		n.Country = ""
	}
	return n
}

// explain says why a number is refused.
func (p *Parser) explain(d dialled, id identity) error {
	if id.why == nil && id.kind == FixedLine {
		return refuse(CodeLandline, "a landline of %s, which takes no SMS", id.place())
	}
	if id.why == nil && id.kind != Unknown {
		return refuse(CodeNotMobile, "a %s number of %s, not a mobile", id.kind, id.place())
	}
	if errors.Is(id.why, errNoRegion) {
		return refuse(CodeNoRegion, "no country code; write the number with + and its country code, or give a default region")
	}
	if !d.plus {
		abroad, err := p.identify(dialled{digits: d.digits, plus: true})
		if err == nil && abroad.why == nil && abroad.kind.Textable() {
			return refuse(CodeWrongRegion, "no number of %s, but with + before it one of %s; add the +, or set the default region",
				p.home.region, abroad.place())
		}
	}
	switch {
	case errors.Is(id.why, errShort):
		return refuse(CodeTooShort, "too few digits for a number")
	case errors.Is(id.why, errLong):
		return refuse(CodeTooLong, "too many digits for a number")
	case errors.Is(id.why, errNoCode):
		return refuse(CodeInvalid, "no country has this country code")
	}
	switch id.territory.fit(id.national) {
	case fitTooShort, fitLocalOnly:
		return refuse(CodeTooShort, "too few digits for a number of %s", id.place())
	case fitTooLong:
		return refuse(CodeTooLong, "too many digits for a number of %s", id.place())
	default:
		return refuse(CodeInvalid, "%s has no such numbers", id.place())
	}
}

// place names where a number belongs.
func (id *identity) place() string {
	switch {
	case id.owner != nil && id.owner.region != nowhere:
		return id.owner.region
	case id.territory.region != nowhere:
		return id.territory.region
	default:
		return "+" + id.territory.codeDigits
	}
}
