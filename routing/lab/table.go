package lab

import (
	"fmt"
	"io"
	"slices"
	"sync"
)

const static0, router0, oracle0 = "static", "router", "oracle"

// Policies are those that are compared, in the order of the table. Static comes first, the oracle last.
func Policies() []string {
	return []string{
		static0, "static-per-country", "round-robin", "weighted", "epsilon-greedy", "thompson", "sliding-window", router0, oracle0,
	}
}

// NewPolicy makes a policy for a world.
func NewPolicy(name string, w *World) Policy {
	switch name {
	case static0:
		return NewStatic(w, false)
	case "static-per-country":
		return NewStatic(w, true)
	case "round-robin":
		return NewTurns(w, false)
	case "weighted":
		return NewTurns(w, true)
	case "epsilon-greedy":
		return NewGreedy(w)
	case "thompson":
		return NewThompson(w)
	case "sliding-window":
		return NewSliding(w)
	case oracle0:
		return NewOracle(w)
	}
	return NewRouter(w)
}

// Scenario is a world to be made.
type Scenario struct {
	Name string
	Size Size
	Seed uint64
}

// Names are the kinds of world that can be made by name.
func Names() []string { return slices.Concat(FastKinds(), UnseenKinds(), []string{random0}) }

const random0 = "random"

// Make makes a world by its kind's name; a size of 0 messages is 20,000.
func Make(name string, size Size, seed uint64) *World {
	if size.Messages == 0 {
		size.Messages = marketMessages
	}
	if name == random0 {
		return Random(size, seed)
	}
	return New(name, size, seed)
}

func (s Scenario) world() *World {
	return Make(s.Name, s.Size, s.Seed)
}

// RunAll lets every policy send every scenario, several at a time.
func RunAll(scenarios []Scenario, policies []string, atOnce int) []Result {
	out := make([]Result, len(scenarios)*len(policies))
	var wg sync.WaitGroup
	next := make(chan int)
	for range atOnce {
		wg.Go(func() {
			for i := range next {
				w := scenarios[i/len(policies)].world()
				p := policies[i%len(policies)]
				out[i] = Run(w, NewPolicy(p, w), p)
			}
		})
	}
	for i := range out {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// Line sums a policy up over the scenarios of a kind.
type Line struct {
	Kind, Policy string
	Captured     float64 // share of the gap between the static list and the oracle
	Regret       float64 // points of value below the oracle
	Below        float64 // points of value below the static list; negative = above
	Profit       float64 // share of the oracle's
	Longer       float64 // how much longer it took than the oracle
	Detect       []float64
	Lost         []int
	FalseAlarms  int
	Messages     int
}

// Summarize makes a line for each kind and policy, and for all kinds together ("pooled").
func Summarize(results []Result) []Line {
	type key struct {
		world string
		seed  uint64
	}
	bases, tops := map[key]*Result{}, map[key]*Result{}
	kinds := []string{}
	for i := range results {
		r := &results[i]
		switch k := (key{r.World, r.Seed}); r.Policy {
		case static0:
			bases[k] = r
		case oracle0:
			tops[k] = r
		}
		if !slices.Contains(kinds, r.World) {
			kinds = append(kinds, r.World)
		}
	}
	var lines []Line
	for _, kind := range append(kinds, "pooled") {
		for _, p := range Policies() {
			l := Line{Kind: kind, Policy: p}
			var gain, base, top, value, profit, best, time, least float64
			for i := range results {
				r := &results[i]
				if r.Policy != p || kind != "pooled" && r.World != kind {
					continue
				}
				k := key{r.World, r.Seed}
				// Points of value, so that a campaign of dear messages weighs no more than another.
				gain, base, top = gain+r.Gain/r.Value, base+bases[k].Gain/r.Value, top+tops[k].Gain/r.Value
				value++
				profit, best = profit+r.Profit, best+tops[k].Profit
				time, least = time+r.Finished, least+tops[k].Finished
				l.Lost, l.Detect = append(l.Lost, r.Lost...), append(l.Detect, r.Noticed...)
				l.FalseAlarms += r.FalseAlarms
				l.Messages += r.Messages
			}
			if value == 0 {
				continue
			}
			l.Captured = (gain - base) / (top - base)
			l.Regret, l.Below = 100*(top-gain)/value, 100*(base-gain)/value
			l.Profit, l.Longer = profit/best, time/least-1
			lines = append(lines, l)
		}
	}
	return lines
}

// Print writes the lines as tables, one row a kind.
func Print(w io.Writer, lines []Line, policies []string) {
	fmt.Fprintf(w, "%-18s", "gap captured, %")
	for _, p := range policies {
		fmt.Fprintf(w, " %18s", p)
	}
	fmt.Fprintf(w, " | %7s %7s %7s %7s %6s  %s\n", "regret", "below", "profit", "longer", "false", "lost until noticed (seconds)")
	kind := ""
	for i, l := range lines {
		if l.Kind != kind {
			kind = l.Kind
			fmt.Fprintf(w, "%-18s", kind)
		}
		if slices.Contains(policies, l.Policy) {
			fmt.Fprintf(w, " %18.1f", 100*l.Captured)
		}
		if i+1 == len(lines) || lines[i+1].Kind != kind {
			printRouter(w, lines[:i+1], kind)
		}
	}
}

func printRouter(w io.Writer, lines []Line, kind string) {
	for _, l := range lines {
		if l.Kind != kind || l.Policy != router0 {
			continue
		}
		fmt.Fprintf(w, " | %7.2f %7.2f %7.1f %7.1f %6.1f ", l.Regret, l.Below, 100*l.Profit, 100*l.Longer,
			1e5*float64(l.FalseAlarms)/float64(l.Messages))
		if kind != "pooled" {
			for i, n := range l.Lost {
				if i < 12 {
					fmt.Fprintf(w, " %d(%.0f)", n, l.Detect[i])
				}
			}
		}
	}
	fmt.Fprintln(w)
}
