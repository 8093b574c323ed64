package routing

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

func rivals(p Policy) *Router {
	var infos []carriers.Info
	for i, name := range []string{"a", "b", "c"} {
		info := carriers.Info{Name: name}
		weight := float64(3 - i)
		info.Common.Weight = &weight
		info.Common.Price = map[string]carriers.Price{"*": 100, "IE": carriers.Price(300 - 100*i)}
		info.Common.MaxInFlight = 1000
		infos = append(infos, info)
	}
	return New(infos, Options{Policy: p})
}

// shares sends some messages and counts where they go.
func shares(r *Router, country string, n int, edit func(*Query)) (got [3]int) {
	for i := range n {
		q := Query{Message: uint64(i + 1), Country: country, Type: "promotional", Segments: 1}
		if edit != nil {
			edit(&q)
		}
		c := r.Choose(at.Add(time.Duration(i)*time.Millisecond), q)
		if c.Carrier < 0 {
			continue
		}
		got[c.Carrier]++
		r.Done(at, c.Carrier, country, carriers.Accept("", ""))
	}
	return got
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy  Policy
		country string
		edit    func(*Query)
		want    [3]int
	}{
		{Static, "GB", nil, [3]int{600, 0, 0}},
		{Static, "GB", func(q *Query) { q.Tried = q.Tried.With(0) }, [3]int{0, 600, 0}},
		{StaticPerCountry, "GB", nil, [3]int{600, 0, 0}},
		{StaticPerCountry, "IE", nil, [3]int{0, 0, 600}},
		{StaticPerCountry, "IE", func(q *Query) { q.Barred = q.Barred.With(2) }, [3]int{0, 600, 0}},
		{RoundRobin, "GB", nil, [3]int{200, 200, 200}},
		{RoundRobin, "GB", func(q *Query) { q.Barred = q.Barred.With(1) }, [3]int{300, 0, 300}},
		{Weighted, "GB", nil, [3]int{300, 200, 100}},
	} {
		r := rivals(c.policy)
		for range 50 { // what was learned does not matter
			r.Await(at, 1, r.Ticket(0, c.country, "", "promotional"))
			r.Receipt(at, Receipt{Attempt: 1, Verdict: Undelivered, Took: time.Second})
		}
		if got := shares(r, c.country, 600, c.edit); got != c.want {
			t.Errorf("%s in %s: %v, want %v", c.policy, c.country, got, c.want)
		}
		if why := r.Why(); why != "" {
			t.Errorf("%s: a decision is recorded where there was none: %s", c.policy, why)
		}
		if !c.policy.Known() {
			t.Errorf("%s is not in the list", c.policy)
		}
	}
	if Policy("lottery").Known() || !Learned.Known() {
		t.Error("the list of policies")
	}
}

// A busy carrier's messages go to the next; if all are busy they wait for whoever is free first; a drained one gets nothing.
func TestPoliciesObeyLimits(t *testing.T) {
	t.Parallel()
	for _, p := range Policies()[1:] {
		r := rivals(p)
		r.lines[0].window, r.lines[1].window, r.lines[2].window = 1, 1, 1
		r.SetCarrierCaps(at, map[string]float64{"c": 0})
		var got [3]int
		for i := range 2 {
			c := r.Choose(at.Add(time.Duration(i)*time.Millisecond), Query{Country: "GB", Type: "promotional", Segments: 1})
			if c.Carrier < 0 {
				t.Fatalf("%s: %+v", p, c)
			}
			got[c.Carrier]++
		}
		if got != [3]int{1, 1, 0} {
			t.Errorf("%s: %v", p, got)
		}
		if c := r.Choose(at.Add(time.Second), Query{Country: "GB", Type: "promotional", Segments: 1}); c.Carrier >= 0 || c.NoRoute || c.Wait <= 0 {
			t.Errorf("%s, all busy: %+v", p, c)
		}
	}
}
