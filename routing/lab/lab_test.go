package lab

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// setting reads a number for `make bench-routing`.
func setting(t *testing.T, name string, otherwise float64) float64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func list(name string, otherwise []string) []string {
	if s := os.Getenv(name); s != "" {
		return strings.Split(s, ";")
	}
	return otherwise
}

// TestTable prints the comparison of policies. It runs only with LAB_MESSAGES, which `make bench-routing` sets:
//
//	LAB_RATE      messages a second
//	LAB_SEEDS     worlds of each kind, from seed LAB_FIRST on
//	LAB_KINDS     kinds of world, separated by semicolons
//	LAB_RANDOM    so many random worlds a seed
//	LAB_POLICIES  policies, separated by semicolons
//	LAB_CORES     worlds at the same time
func TestTable(t *testing.T) {
	if os.Getenv("LAB_MESSAGES") == "" {
		t.Skip("make bench-routing")
	}
	size := Size{Messages: int(setting(t, "LAB_MESSAGES", 0)), Rate: setting(t, "LAB_RATE", 0)}
	seeds, first := int(setting(t, "LAB_SEEDS", 1)), uint64(setting(t, "LAB_FIRST", 1))
	var all []Scenario
	for _, k := range list("LAB_KINDS", Kinds()) {
		for i := range seeds {
			all = append(all, Scenario{k, size, first + uint64(i)})
		}
	}
	for i := range int(setting(t, "LAB_RANDOM", 0)) * seeds {
		all = append(all, Scenario{"random", size, 1000*first + uint64(i)})
	}
	policies := list("LAB_POLICIES", Policies())
	Print(os.Stdout, Summarize(RunAll(all, policies, int(setting(t, "LAB_CORES", 1)))), policies)
}

// lines runs a few kinds of world in small.
func lines(t *testing.T, messages int, kinds ...string) map[string]Line {
	t.Helper()
	var all []Scenario
	for _, k := range kinds {
		all = append(all, Scenario{k, Size{Messages: messages}, 1}, Scenario{k, Size{Messages: messages}, 2})
	}
	out := map[string]Line{}
	for _, l := range Summarize(RunAll(all, []string{"static", "Thompson", "router", "oracle"}, 2)) {
		out[l.Kind+"/"+l.Policy] = l
	}
	return out
}

func TestTheRouterIsWorthIt(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	got := lines(t, 20000, "calm", "grey outage", "forged DLR", "capacity")
	if l := got["calm/router"]; l.Below > 1 {
		t.Errorf("calm: %.2f points below the static list", l.Below)
	}
	for _, kind := range []string{"grey outage", "forged DLR"} {
		l, other := got[kind+"/router"], got[kind+"/Thompson"]
		if l.Captured < .8 || l.Captured < other.Captured+.1 {
			t.Errorf("%s: %.0f %% of the gap, Thompson sampling %.0f %%", kind, 100*l.Captured, 100*other.Captured)
		}
	}
	if l := got["capacity/router"]; l.Profit < .95 || l.Longer > .1 {
		t.Errorf("capacity: %+v", l)
	}
	if l := got["grey outage/router"]; l.FalseAlarms > 1 {
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
