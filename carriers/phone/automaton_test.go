package phone

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// TestAutomatonMatchesLikeRegexp walks every pattern of every territory with random digits, half of them grown from what matches.
func TestAutomatonMatchesLikeRegexp(t *testing.T) {
	metadata, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	largest := 0
	for _, m := range metadata.GetMetadata() {
		patterns := patternsOf(m)
		a, err := compile(patterns)
		if err != nil {
			t.Fatalf("%s: %v", m.GetId(), err)
		}
		largest = max(largest, len(a.states))
		res := make([]*regexp.Regexp, len(patterns))
		for i, p := range patterns {
			res[i] = regexp.MustCompile("^(?:" + p + ")$")
		}
		for range 60 {
			digits := walk(a, random)
			got := a.match(digits)
			for i, re := range res {
				if want := re.MatchString(digits); want != (got>>i&1 == 1) {
					t.Fatalf("%s: pattern %d %q on %s: automaton %t, regexp %t", m.GetId(), i, patterns[i], digits, !want, want)
				}
			}
		}
	}
	t.Logf("largest automaton: %d states", largest)
}

// walk returns digits that stay alive in the automaton for as long as chance lets them.
func walk(a *automaton, random *rand.Rand) string {
	var digits []byte
	at := uint16(start)
	for range 2 + random.IntN(14) {
		digit := random.IntN(10)
		for tries := 0; tries < 12 && a.states[at].next[digit] == dead; tries++ {
			digit = random.IntN(10)
		}
		digits = append(digits, byte('0'+digit))
		at = a.states[at].next[digit]
	}
	return string(digits)
}

func TestAutomatonRefusesAnchors(t *testing.T) {
	if _, err := compile([]string{`1\d$`}); err == nil {
		t.Fatal("an anchor inside a pattern would be matched wrongly, and was accepted")
	}
}
