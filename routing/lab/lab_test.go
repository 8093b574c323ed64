package lab

import (
	"flag"
	"math"
	"strings"
	"testing"
)

// Seeds from 1 on are those that parameters are tuned on (of the thirteen kinds; random worlds and the cold start were
// never tuned on), those from here on are for the tables only.
const evaluated = 501

// What `make bench-routing` sets.
var (
	messages = flag.Int("messages", 0, "run the comparison with so many messages a world")
	rate     = flag.Float64("rate", 0, "messages a second; 0 = what the kind of world has")
	seeds    = flag.Int("seeds", 5, "worlds of each kind")
	first    = flag.Uint64("first", evaluated, "first seed")
	kinds    = flag.String("kinds", strings.Join(Kinds(), ";"), "kinds of world")
	random   = flag.Int("random", 0, "random worlds a seed")
	unseen   = flag.Bool("unseen", false, "the kinds that were written after the parameters had been frozen, instead of the others")
	policies = flag.String("policies", strings.Join(Policies(), ";"), "policies; static and oracle are needed")
	cores    = flag.Int("cores", 1, "worlds at the same time")
)

// TestTable prints the comparison of policies: `make bench-routing`.
func TestTable(t *testing.T) {
	if *messages == 0 {
		t.Skip("make bench-routing")
	}
	size := Size{Messages: *messages, Rate: *rate}
	var all []Scenario
	names := strings.Split(*kinds, ";")
	if *unseen {
		names = UnseenKinds()
	}
	for _, k := range names {
		for i := range *seeds {
			all = append(all, Scenario{k, size, *first + uint64(i)})
		}
	}
	for i := range *random * *seeds {
		all = append(all, Scenario{"random", size, 1000**first + uint64(i)})
	}
	if *rate > 0 {
		for i := range *seeds {
			all = append(all, Scenario{coldStart, size, *first + uint64(i)})
		}
	}
	chosen := strings.Split(*policies, ";")
	Print(t.Output(), Summarize(RunAll(all, chosen, *cores)), chosen)
}

// lines runs a few kinds of world in small.
func lines(t *testing.T, messages int, kinds ...string) map[string]Line {
	t.Helper()
	var all []Scenario
	for _, k := range kinds {
		all = append(all, Scenario{k, Size{Messages: messages}, 1}, Scenario{k, Size{Messages: messages}, 2})
	}
	out := map[string]Line{}
	for _, l := range Summarize(RunAll(all, []string{"static", "thompson", "router", "oracle"}, 2)) {
		out[l.Kind+"/"+l.Policy] = l
	}
	return out
}

func TestTheRouterIsWorthIt(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	got := lines(t, 20000, "calm", "grey-outage", "forged-receipts", "capacity")
	if l := got["calm/router"]; l.Below > 1 {
		t.Errorf("calm: %.2f points below the static list", l.Below)
	}
	for _, kind := range []string{"grey-outage", "forged-receipts"} {
		l, other := got[kind+"/router"], got[kind+"/thompson"]
		if l.Captured < .8 || l.Captured < other.Captured+.1 {
			t.Errorf("%s: %.0f %% of the gap, Thompson sampling %.0f %%", kind, 100*l.Captured, 100*other.Captured)
		}
	}
	if l := got["capacity/router"]; l.Profit < .95 || l.Longer > .1 {
		t.Errorf("capacity: %+v", l)
	}
	if l := got["grey-outage/router"]; l.FalseAlarms > 1 {
		t.Errorf("%d false alarms in %d messages", l.FalseAlarms, l.Messages)
	}
}

func TestNobodyBeatsTheOracle(t *testing.T) {
	for _, kind := range Kinds() {
		w := New(kind, Size{Messages: 2000}, 3)
		top := Run(w, NewPolicy("oracle", w), "oracle")
		for _, p := range Policies() {
			if r := Run(w, NewPolicy(p, w), p); r.Gain > top.Gain*1.003 {
				t.Errorf("%s: %s gains %.1f, the oracle %.1f", kind, p, r.Gain, top.Gain)
			}
		}
	}
}

// Where rates bind and carriers fall out, places get dearer for a while: an oracle that prices them once for all loses to
// a router.
func TestTheOraclePricesPlacesByTheTime(t *testing.T) {
	t.Parallel()
	w := New("capacity", Size{Messages: 6000}, 1)
	best := w.best()
	out := []int{best, w.second(best)}
	for _, c := range out {
		w.incidents = append(w.incidents, incident{c, -1, 60, 140, false, .05})
	}
	o := NewOracle(w).(*oracle)
	var before, meanwhile, after float64
	for c := range w.Carriers {
		if c != out[0] && c != out[1] {
			before += o.place(59, c)
			meanwhile += o.place(100, c)
			after += o.place(141, c)
		}
	}
	if meanwhile < before+1 || math.Abs(after-before) > .5 {
		t.Errorf("places with the others cost %.2f before, %.2f meanwhile, %.2f afterwards", before, meanwhile, after)
	}
}

func TestAWorldFollowsFromItsSeed(t *testing.T) {
	for _, kind := range append(Kinds(), "random") {
		s := Scenario{kind, Size{Messages: 1500}, 5}
		a := Run(s.world(), NewRouter(s.world()), "router")
		b := Run(s.world(), NewRouter(s.world()), "router")
		if a.Gain != b.Gain || a.Submits != b.Submits || a.FalseAlarms != b.FalseAlarms {
			t.Errorf("%s: two runs differ: %+v %+v", kind, a, b)
		}
	}
}

// At thousands of messages a second receipts lag behind by tens of thousands: windows bound what a sick carrier can
// swallow, and the campaign takes no longer for them.
func TestWindowsBoundWhatASickCarrierSwallows(t *testing.T) {
	for _, kind := range []string{coldStart, "grey-outage", "capacity"} {
		w := New(kind, Size{Messages: 40000, Rate: 2000}, 2)
		r, top := Run(w, NewRouter(w), router0), Run(w, NewOracle(w), oracle0)
		if r.Finished > 1.1*top.Finished {
			t.Errorf("%s: took %.0f s, the oracle %.0f", kind, r.Finished, top.Finished)
		}
		for i, n := range r.Lost {
			c := w.incidents[i].carrier
			if most := 4 * w.Rate * (w.latency[c] + w.report[c]); float64(n) > most {
				t.Errorf("%s: %d messages went to the sick carrier, %.0f may", kind, n, most)
			}
		}
	}
}
