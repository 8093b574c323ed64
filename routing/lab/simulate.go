package lab

import (
	"slices"
	"sync"
)

// Trial is what a policy made of a world, sent twice: once so that only refused messages go elsewhere, which measures
// its choices; and once as a campaign is sent, where failed and silent ones go elsewhere too.
type Trial struct {
	Policy   string
	Choice   Result
	Campaign Result
	Gap      float64 // between the static list and the oracle, in money
	Captured float64 // share of the gap between the static list and the oracle; of the choices
	Regret   float64 // of the value, what the oracle makes more of it
	Profit   float64 // share of the oracle's
}

// Simulate lets policies send a world that world makes anew each time. The static list and the oracle are always tried:
// they are what the others are measured by.
func Simulate(world func() *World, policies []string, atOnce int) []Trial {
	all := slices.DeleteFunc(Policies(), func(p string) bool {
		return p != static0 && p != oracle0 && !slices.Contains(policies, p)
	})
	out := make([]Trial, len(all))
	var wg sync.WaitGroup
	turn := make(chan struct{}, max(1, atOnce)) // so many worlds at the same time
	for i, p := range all {
		out[i].Policy = p
		for _, part := range []struct {
			into *Result
			run  func(*World, Policy, string) Result
		}{{&out[i].Choice, Run}, {&out[i].Campaign, RunOn}} {
			turn <- struct{}{}
			wg.Go(func() {
				w := world()
				*part.into = part.run(w, NewPolicy(p, w), p)
				<-turn
			})
		}
	}
	wg.Wait()
	base, top := &out[0].Choice, &out[len(out)-1].Choice
	for i := range out {
		r := &out[i].Choice
		out[i].Regret = (top.Gain - r.Gain) / r.Value
		out[i].Profit = r.Profit / top.Profit
		if out[i].Gap = top.Gain - base.Gain; out[i].Gap > 0 {
			out[i].Captured = (r.Gain - base.Gain) / out[i].Gap
		}
	}
	return out
}

// Trouble is a time in which a carrier is much worse, and how soon the router noticed.
type Trouble struct {
	Carrier  string
	Country  string // "" = everywhere
	Grey     bool   // it takes messages and loses them
	From, To float64
	Messages int     // that the carrier got until it was noticed
	After    float64 // seconds; -1 = it was not noticed
}

// Troubles pairs a world's incidents with the router's result.
func (w *World) Troubles(r *Result) (out []Trouble) {
	for i, in := range w.incidents {
		if i >= len(r.Lost) {
			break
		}
		t := Trouble{Carrier: w.name(in.carrier), Grey: !in.hard, From: in.from, To: min(in.to, r.Finished), Messages: r.Lost[i], After: r.Noticed[i]}
		if in.country >= 0 {
			t.Country = w.country(in.country)
		}
		out = append(out, t)
	}
	return out
}

// Countries is how many countries a world has.
func (w *World) Countries() int { return w.countries }
