package campaign

import (
	"math"
	"testing"
	"time"
)

// A message that must wait holds up those that are decided alike, and no others: not those of another network.
func TestLanes(t *testing.T) {
	t.Parallel()
	var l lanes
	for i, network := range []string{"one", "two", "one", "three", "one"} {
		l.push(time.Unix(0, 0), &job{Due: Due{ID: int64(i), Country: "GB", Network: network}})
	}
	if len(l.order) != 3 || l.behind(l.order[0]) != 2 || l.size != 5 {
		t.Fatalf("%v, %d behind the first, %d in all", l.order, l.behind(l.order[0]), l.size)
	}
	first := map[string]int{}
	for range 6 { // nobody can be served: all are first as often
		first[l.order[0].network]++
		l.turn()
		l.sweep()
	}
	if first["one"] != 2 || first["two"] != 2 || first["three"] != 2 {
		t.Errorf("%v", first)
	}
	l.pop(lane{country: "GB", network: "two"})
	l.sweep()
	if len(l.order) != 2 || l.head(lane{country: "GB", network: "one"}).ID != 0 || l.size != 4 {
		t.Errorf("%+v", l)
	}
}

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
