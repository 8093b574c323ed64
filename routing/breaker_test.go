package routing

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// What a breaker does is told once each: when it opens, when a message tries the carrier, when it closes.
func TestABreakerIsToldOf(t *testing.T) {
	r := two(carriers.Common{}, carriers.Common{})
	probe := func(after time.Duration, res carriers.Result) {
		t.Helper()
		now := at.Add(after)
		if c := r.Choose(now, Query{Barred: Set(0).With(1)}); c.Carrier != 0 {
			t.Fatalf("after %s: %+v", after, c)
		}
		r.Done(now, 0, "GB", res)
	}
	for range 3 {
		probe(0, transient)
	}
	throttled := carriers.Refuse(carriers.ClassThrottled, "", "", "")
	probe(6*time.Second, throttled) // says nothing of whether it is well, and it is told once that it is being tried
	probe(7*time.Second, transient)
	probe(20*time.Second, carriers.Result{Accepted: carriers.Yes})
	var got []string
	was := "closed"
	for _, e := range r.Events() {
		if e.To != "half-open" && was == "open" { // it is when its time has come, whether a message tries it or not
			was = "half-open"
		}
		if e.From != was || !e.RetryAt.IsZero() != (e.To == "open") || e.To == "open" && e.RetryAt.Sub(e.At) < openFirst {
			t.Errorf("%+v", e)
		}
		was = e.To
		word := strings.FieldsFunc(e.Text, func(r rune) bool { return r == ' ' || r == ':' })[0]
		got = append(got, word)
		if half := word == "half-open"; half != (e.Trouble == "") || e.Over != (word == "closed") || !half && !e.Over && e.Why == "" {
			t.Errorf("%+v", e)
		}
	}
	want := []string{"open", "half-open", "open", "half-open", "closed"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
