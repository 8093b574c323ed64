package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// Label is what the text of a promotional message to a country must say: which words before it, which way out.
type Label struct {
	Says      string // as it stands in the data
	Source    string
	Certainty string

	start, hold string // patterns, "" where a text cannot show it
}

// Checked says that a text shows whether it says so.
func (l *Label) Checked() bool { return l.start+l.hold != "" }

// LabelOf returns what texts to a country must say; ok is false where the data knows of nothing.
func (b *Book) LabelOf(country string) (l Label, ok bool) {
	l, ok = b.labels[country]
	return l, ok
}

// The patterns of the data are regular expressions, upper case or lower. What a text must hold may be several of them, with
// " & " between. {brand} is in whose name the message is sent, {opt-out} what tells people how to get no more of them: the
// words of campaign/optout/keywords.tsv that mean little else.
const (
	optOutWords = `\bstop(?:p|all)?\b|\bopt.?out\b|\bunsub|\brevoke\b|\barr[eê]t|\bbaja\b|\bsair\b|\babmeld|\bwiderspr|\bafmeld|\brezygn|退订|إيقاف|الغاء`
	nothing     = `[^\x{0}-\x{10ffff}]`
)

// pattern makes a regular expression of one of the data; an unknown brand is in no text.
func pattern(text, before, brand string) (*regexp.Regexp, error) {
	name := nothing
	if brand != "" {
		name = regexp.QuoteMeta(brand)
	}
	text = strings.NewReplacer("{opt-out}", optOutWords, "{brand}", name).Replace(text)
	re, err := regexp.Compile(`(?is)` + before + `(?:` + text + `)`)
	if err != nil {
		return nil, fmt.Errorf("reading a pattern of what texts must say: %w", err)
	}
	return re, nil
}

// needs is a [Label] whose patterns have been read.
type needs struct {
	start *regexp.Regexp // nil: nothing
	holds []*regexp.Regexp
}

func (l *Label) needs(brand string) (n needs, err error) {
	if l.start != "" {
		if n.start, err = pattern(l.start, `^\s*`, brand); err != nil {
			return n, err
		}
	}
	if l.hold == "" {
		return n, nil
	}
	for part := range strings.SplitSeq(l.hold, " & ") {
		re, err := pattern(part, "", brand)
		if err != nil {
			return n, err
		}
		n.holds = append(n.holds, re)
	}
	return n, nil
}

func (n *needs) begun(text string) bool { return n.start == nil || n.start.MatchString(text) }

func (n *needs) held(text string) bool {
	for _, re := range n.holds {
		if !re.MatchString(text) {
			return false
		}
	}
	return true
}

// Wording is what a sender puts before and behind promotional texts to a country.
type Wording struct {
	Start string `yaml:"start" json:"start"`
	End   string `yaml:"end" json:"end"`
}

// Labels completes texts by what countries ask of promotional ones. It is read only, and safe for concurrent use.
type Labels struct {
	needs map[string]needs
	own   map[string]Wording
}

// NewLabels returns the labels of a sender in whose name messages are sent; its wording is by country, and under [Anywhere]
// for those that have none.
func (b *Book) NewLabels(brand string, own map[string]Wording) (*Labels, error) {
	l := &Labels{needs: map[string]needs{}, own: own}
	for country, label := range b.labels {
		n, err := label.needs(brand)
		if err != nil {
			return nil, err
		}
		l.needs[country] = n
	}
	return l, nil
}

// Add puts the sender's wording before and behind a text, unless that says it, or what the country asks for, already.
func (l *Labels) Add(country, text string) (labelled string, added bool) {
	own, ok := l.own[country]
	if !ok {
		own = l.own[Anywhere]
	}
	n := l.needs[country]
	labelled = text
	if own.Start != "" && !(n.start != nil && n.begun(labelled)) && !hasPrefix(labelled, own.Start) {
		labelled = join(own.Start, labelled)
	}
	if own.End != "" && !(len(n.holds) > 0 && n.held(labelled)) && !strings.Contains(labelled, own.End) {
		labelled = join(labelled, own.End)
	}
	return labelled, labelled != text
}

// Lacks says that a text does not say what its country asks for.
func (l *Labels) Lacks(country, text string) bool {
	n, ok := l.needs[country]
	return ok && !(n.begun(text) && n.held(text))
}

func hasPrefix(text, start string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), strings.TrimSpace(start))
}

// join puts a blank between two texts, unless one is empty or brings its own.
func join(a, b string) string {
	if a == "" || b == "" || strings.TrimRight(a, " \n") != a || strings.TrimLeft(b, " \n") != b {
		return a + b
	}
	return a + " " + b
}
