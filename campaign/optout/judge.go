package optout

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Action is what a reply means.
type Action string

// The actions.
const (
	Stop    Action = "stop"     // the messages of the scope in force
	StopAll Action = "stop_all" // everything
	Start   Action = "start"
	Help    Action = "help"
	Review  Action = "review" // a person must read it
	None    Action = "none"   // an ordinary message

	denial Action = "denial" // of keywords only
)

// Verdict is what a reply means, and why.
type Verdict struct {
	Action    Action
	Word      string // the keyword that decided, as it stands in the list; "" if none did
	Rule      string // one of the Rule constants, "" for None
	Authority string
	Certainty string
}

// Why a verdict was given.
const (
	RuleWhole   = "whole_message"
	RuleShort   = "strong_word_in_short_message"
	RuleWord    = "word_in_longer_message"
	RuleDenial  = "denied_in_short_message"
	RuleCarrier = "carrier_says_so"
)

const (
	shortMessage = 4  // words
	readWords    = 64 // of a long message: a keyword so far behind is no reply any more, but an essay
)

// Rules judge replies. They are safe for concurrent use.
type Rules struct {
	keywords []entry
	whole    map[string]*entry // by the plain form
}

// entry is a keyword in its plain form.
type entry struct {
	Keyword
	words []string
	plain string
	glued bool // written without spaces between words, as in Chinese
}

// NewRules makes rules of a list. Where words stand twice, the better certainty is named; stop goes before what else the
// same word may mean.
func NewRules(list []Keyword) *Rules {
	r := &Rules{whole: map[string]*entry{}}
	for _, k := range list {
		w := words(k.Word)
		r.keywords = append(r.keywords, entry{Keyword: k, words: w, plain: strings.Join(w, " "), glued: hasHan(k.Word)})
	}
	slices.SortStableFunc(r.keywords, func(a, b entry) int {
		return cmp.Or(cmp.Compare(order(a.Action), order(b.Action)), cmp.Compare(rank(a.Strength), rank(b.Strength)), cmp.Compare(a.Certainty, b.Certainty))
	})
	for i := range r.keywords {
		e := &r.keywords[i]
		if e.Action == denial {
			continue
		}
		if _, known := r.whole[e.plain]; !known {
			r.whole[e.plain] = e
		}
	}
	return r
}

// order lets the keyword win that stops most.
func order(a Action) int { return slices.Index([]Action{StopAll, Stop, Start, Help, denial}, a) }

func rank(s Strength) int { return slices.Index([]Strength{Strong, Weak, Whole}, s) }

// Judge says what a reply means. said is what the carrier takes it for, by keywords of its own ("stop", "start", "help",
// "" if it says nothing): its stop counts whatever the text is, because it has blocked the number by now. Its start does
// not: carriers take YES for one.
func (r *Rules) Judge(text, said string) Verdict {
	v := r.read(text)
	if said == string(Stop) && v.Action != Stop && v.Action != StopAll {
		return Verdict{Action: Stop, Word: v.Word, Rule: RuleCarrier}
	}
	return v
}

func (r *Rules) read(text string) Verdict {
	all := words(text)
	if e, ok := r.whole[strings.Join(all, " ")]; ok {
		return e.verdict(e.Action, RuleWhole)
	}
	short := len(all) <= shortMessage
	all = all[:min(len(all), readWords)]
	found := r.find(all, func(e *entry) bool { return e.stops() && e.Strength != Whole })
	if found == nil {
		return Verdict{Action: None}
	}
	if !short || found.Strength != Strong {
		return found.verdict(Review, RuleWord)
	}
	if r.find(all, func(e *entry) bool { return e.Action == denial }) != nil {
		return found.verdict(Review, RuleDenial)
	}
	return found.verdict(found.Action, RuleShort)
}

// find returns the first keyword of the list that stands in the message as whole words.
func (r *Rules) find(all []string, of func(*entry) bool) *entry {
	for i := range r.keywords {
		if e := &r.keywords[i]; of(e) && e.in(all) {
			return e
		}
	}
	return nil
}

func (e *entry) stops() bool { return e.Action == Stop || e.Action == StopAll }

func (e *entry) in(all []string) bool {
	if e.glued {
		return strings.Contains(strings.Join(all, ""), e.plain)
	}
	for i := 0; i+len(e.words) <= len(all); i++ {
		if slices.Equal(all[i:i+len(e.words)], e.words) {
			return true
		}
	}
	return false
}

func (e *entry) verdict(a Action, rule string) Verdict {
	return Verdict{Action: a, Word: e.Word, Rule: rule, Authority: e.Authority, Certainty: e.Certainty}
}

// words brings a text to its plain form: compatibility forms, case, accents and invisible characters are gone, an
// apostrophe joins, and whatever else is neither letter nor digit parts words.
func words(text string) []string {
	const most = 4 << 10 // no message is longer; a carrier may send what it likes
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), r == '\'', r == '’', r == '‘', r == '`':
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return r
		}
		return ' '
	}, norm.NFKD.String(strings.ToLower(norm.NFKC.String(text))))
	return strings.Fields(text)
}

func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
