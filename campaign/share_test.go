package campaign

import (
	"math"
	"testing"
)

// Whoever sends with one database together never gets more than a carrier allows, and transactional messages most of it.
func TestShareOf(t *testing.T) {
	t.Parallel()
	for ads := range 4 {
		for urgent := range 4 {
			sum := 0.0
			if ads > 0 {
				sum += float64(ads) / shareOf(Promotional, ads, urgent)
			}
			if urgent > 0 {
				sum += float64(urgent) / shareOf(Transactional, ads, urgent)
			}
			if ads+urgent > 0 && math.Abs(sum-1) > 1e-9 {
				t.Errorf("%d promotional and %d transactional campaigns share %v of the limits", ads, urgent, sum)
			}
		}
	}
	if a, b := shareOf(Promotional, 1, 1), shareOf(Transactional, 1, 1); a != 10 || b != 10./9 {
		t.Errorf("1/%v and 1/%v of the limits", a, b)
	}
	if shareOf(Promotional, 0, 0) != 1 {
		t.Error("one that does not see itself has the limits whole")
	}
}

// A campaign has its part when all others have told that they leave it to them.
func TestAgreed(t *testing.T) {
	t.Parallel()
	me, ad := Sharer{Campaign: 1, Type: Promotional}, Sharer{Campaign: 2, Type: Promotional, Divisor: 1}
	codes := Sharer{Campaign: 3, Type: Transactional}
	is := func(want bool, all ...Sharer) {
		t.Helper()
		if got := agreed(all, 1); got != want {
			t.Errorf("%v for %+v", got, all)
		}
	}
	is(true, me)
	is(false) // it does not send yet: nobody can know
	is(false, ad)
	is(false, me, ad)
	ad.Divisor = 2
	is(true, me, ad)
	is(false, me, ad, codes) // which has told nothing
	codes.Divisor = 11. / 9
	is(true, me, ad, codes) // it has nothing to send: the advertisements have all
	codes.Queued = true
	is(false, me, ad, codes)
	ad.Divisor = 11
	is(true, me, ad, codes)
}
