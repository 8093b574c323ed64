package campaign

import (
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
