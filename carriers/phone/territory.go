package phone

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// A territory is the numbering plan of one region, or of one calling code that belongs to no region: libphonenumber's
// metadata, made ready for fast use. Most of it is compiled when the first number of that territory turns up.
type territory struct {
	region      string // "GB", or "001" for calling codes of no region
	callingCode int
	codeDigits  string  // the calling code as it is dialled
	possible    lengths // of a complete number
	localOnly   lengths // of a number that is dialled without its area code
	hasLeading  bool    // the region owns certain leading digits of a shared calling code

	compiled func() (*rules, error)
}

// rules is the compiled part of a territory.
type rules struct {
	automaton    *automaton
	ofLength     [maxNational + 1]uint16 // the kinds whose numbers may have that many digits
	sameAsMobile bool
	idd          prefix // dialled before an international number, 00 in most regions
	national     prefix // dialled before a national number, 0 in most regions
	nationalRule string // what a number with its prefix is rewritten to; "" cuts the prefix off
}

// The patterns of a territory, by their bit in the automaton.
const (
	general = iota
	premiumRate
	tollFree
	sharedCost
	voip
	personal
	pager
	uan
	voicemail
	fixedLine
	mobile
	leading
	kinds
)

// maxNational is the longest national number that libphonenumber accepts; minNational the shortest.
const (
	maxNational = phonenumbers.MAX_LENGTH_FOR_NSN
	minNational = phonenumbers.MIN_LENGTH_FOR_NSN
)

func newTerritory(m *phonenumbers.PhoneMetadata) *territory {
	return &territory{
		region:      m.GetId(),
		callingCode: int(m.GetCountryCode()),
		codeDigits:  strconv.Itoa(int(m.GetCountryCode())),
		possible:    lengthsOf(m.GetGeneralDesc().GetPossibleLength()),
		localOnly:   lengthsOf(m.GetGeneralDesc().GetPossibleLengthLocalOnly()),
		hasLeading:  m.GetLeadingDigits() != "",
		compiled:    sync.OnceValues(func() (*rules, error) { return compileRules(m) }),
	}
}

func compileRules(m *phonenumbers.PhoneMetadata) (*rules, error) {
	r := &rules{sameAsMobile: m.GetSameMobileAndFixedLinePattern(), nationalRule: m.GetNationalPrefixTransformRule()}
	var err error
	if r.automaton, err = compile(patternsOf(m)); err != nil {
		return nil, fmt.Errorf("compile the numbering plan of %s (+%d): %w", m.GetId(), m.GetCountryCode(), err)
	}
	if r.idd, err = newPrefix(m.GetInternationalPrefix()); err != nil {
		return nil, fmt.Errorf("compile the international prefix of %s: %w", m.GetId(), err)
	}
	if r.national, err = newPrefix(m.GetNationalPrefixForParsing()); err != nil {
		return nil, fmt.Errorf("compile the national prefix of %s: %w", m.GetId(), err)
	}
	for kind, desc := range descriptions(m) {
		possible := lengthsOf(desc.GetPossibleLength())
		for n := range r.ofLength {
			// A kind without lengths of its own takes all of the general description, whose pattern has the last word.
			if possible == 0 || possible.has(n) {
				r.ofLength[n] |= 1 << kind
			}
		}
	}
	return r, nil
}

// descriptions lists what the metadata says of each kind, in the order of the constants.
func descriptions(m *phonenumbers.PhoneMetadata) []*phonenumbers.PhoneNumberDesc {
	return []*phonenumbers.PhoneNumberDesc{
		general: m.GetGeneralDesc(), premiumRate: m.GetPremiumRate(), tollFree: m.GetTollFree(), sharedCost: m.GetSharedCost(),
		voip: m.GetVoip(), personal: m.GetPersonalNumber(), pager: m.GetPager(), uan: m.GetUan(), voicemail: m.GetVoicemail(),
		fixedLine: m.GetFixedLine(), mobile: m.GetMobile(),
	}
}

func patternsOf(m *phonenumbers.PhoneMetadata) []string {
	patterns := make([]string, kinds)
	for kind, desc := range descriptions(m) {
		patterns[kind] = desc.GetNationalNumberPattern()
	}
	if m.GetLeadingDigits() != "" {
		patterns[leading] = "(?:" + m.GetLeadingDigits() + `)\d*`
	}
	return patterns
}

// kindOf classifies a national number as libphonenumber's getNumberTypeHelper does: the special kinds first.
func (r *rules) kindOf(national string) Type {
	if len(national) > maxNational {
		return Unknown
	}
	is := r.automaton.match(national) & r.ofLength[len(national)]
	if is>>general&1 == 0 {
		return Unknown
	}
	for kind, special := range [...]Type{premiumRate: PremiumRate, tollFree: TollFree, sharedCost: SharedCost, voip: VoIP,
		personal: Personal, pager: Pager, uan: UAN, voicemail: Voicemail} {
		if kind != general && is>>kind&1 == 1 {
			return special
		}
	}
	fixed, cell := is>>fixedLine&1 == 1, is>>mobile&1 == 1
	switch {
	case fixed && (r.sameAsMobile || cell):
		return FixedLineOrMobile
	case fixed:
		return FixedLine
	case cell && !r.sameAsMobile:
		return Mobile
	default:
		return Unknown
	}
}

// matchesGeneral reports whether national fits the general pattern, whatever its length.
func (r *rules) matchesGeneral(national string) bool {
	return r.automaton.match(national)>>general&1 == 1
}

// ownsLeading reports whether national begins with digits that the region owns within its calling code.
func (r *rules) ownsLeading(national string) bool {
	return r.automaton.match(national)>>leading&1 == 1
}

// lengths is a set of lengths, a bit each.
type lengths uint32

func lengthsOf(list []int32) (set lengths) {
	for _, n := range list {
		if n < 0 { // -1 says that the territory has no such numbers: a length that no number has
			n = 31
		}
		set |= 1 << n
	}
	return set
}

func (l lengths) has(n int) bool { return n < 31 && l>>n&1 == 1 }

// fit is what the length of a national number says about it.
type fit uint8

const (
	fitComplete fit = iota
	fitLocalOnly
	fitTooShort
	fitTooLong
	fitBetween // shorter than some and longer than others, but as long as none
)

func (t *territory) fit(national string) fit {
	n := len(national)
	switch {
	case t.localOnly.has(n):
		return fitLocalOnly
	case t.possible.has(n):
		return fitComplete
	case n > 30 || t.possible>>n == 0:
		return fitTooLong
	case t.possible&(1<<n-1) == 0:
		return fitTooShort
	default:
		return fitBetween
	}
}

// A prefix is a dialling prefix. Nearly all are plain digits or cannot begin as the number does, so the expression is rarely run.
type prefix struct {
	literals []string       // the alternatives, where all are plain digits
	pattern  *regexp.Regexp // else the expression, bound to the start
	first    [10]bool       // the digits that a match may begin with
}

func newPrefix(expression string) (prefix, error) {
	if strings.Trim(expression, "0123456789|") == "" {
		return prefix{literals: strings.Split(expression, "|")}, nil
	}
	pattern, err := regexp.Compile("^(?:" + expression + ")")
	if err != nil {
		return prefix{}, fmt.Errorf("compile %q: %w", expression, err)
	}
	first, err := firstDigits(expression)
	return prefix{pattern: pattern, first: first}, err
}

// firstDigits returns the digits that a match of expression may begin with: all of them when it may match nothing.
func firstDigits(expression string) (first [10]bool, err error) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return first, fmt.Errorf("parse %q: %w", expression, err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return first, fmt.Errorf("compile %q: %w", expression, err)
	}
	seen := make([]bool, len(prog.Inst))
	todo := []uint32{uint32(prog.Start)}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		inst := &prog.Inst[at]
		switch inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			todo = append(todo, inst.Out)
		case syntax.InstFail:
		default:
			for digit := range first {
				first[digit] = first[digit] || inst.Op == syntax.InstMatch || inst.MatchRune(rune('0'+digit))
			}
		}
	}
	return first, nil
}

// cutLiteral cuts the first alternative off that digits begin with.
func (p *prefix) cutLiteral(digits string) (rest string, cut bool) {
	for _, literal := range p.literals {
		if rest, cut = strings.CutPrefix(digits, literal); cut {
			return rest, true
		}
	}
	return digits, false
}

// mayBegin reports whether the expression is worth running on digits.
func (p *prefix) mayBegin(digits string) bool {
	return p.pattern != nil && digits != "" && p.first[digits[0]-'0']
}
