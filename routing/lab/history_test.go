package lab

import (
	"math"
	"math/rand/v2"
	"testing"
)

// logged makes past decisions between two carriers: b truly delivers more than the router believed, and got a message
// only by chance.
func logged(n int, spread float64) []Past { return loggedBy(1, n, spread) }

func loggedBy(seed uint64, n int, spread float64) (past []Past) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	truth := [2]float64{.8, .95}
	for range n {
		p := Past{Value: 1, Options: []Option{
			{Carrier: "a", Score: .82, Mean: .83, Spread: spread, Price: .01}, {Carrier: "b", Score: .80, Mean: .81, Spread: spread, Price: .01},
		}}
		if p.Options[1].Score+spread*rnd.NormFloat64() > p.Options[0].Score+spread*rnd.NormFloat64() {
			p.Chosen, p.ByNoise = 1, true
		}
		p.OnTime, p.Cost = rnd.Float64() < truth[p.Chosen], .01
		past = append(past, p)
	}
	return past
}

func byName(t *testing.T, all []Estimate, name string) Estimate {
	t.Helper()
	for _, e := range all {
		if e.Policy == name {
			return e
		}
	}
	t.Fatalf("no %q in %+v", name, all)
	return Estimate{}
}

func TestHistoryTellsWhatAnotherPolicyWouldHaveDelivered(t *testing.T) {
	all := FromHistory(logged(20000, .01))
	for name, want := range map[string]float64{"only a": .8, "only b": .95, "router": .8, "likeliest": .8} {
		e := byName(t, all, name)
		if e.OnTime.Low > want || e.OnTime.High < want || e.OnTime.High-e.OnTime.Low > .05 || e.Supported < .99 || !e.Tells() {
			t.Errorf("%s: %+v, the truth is %v", name, e, want)
		}
		if math.Abs(e.Gain.Mean-(e.OnTime.Mean-.01)) > 1e-9 {
			t.Errorf("%s gains %v", name, e.Gain)
		}
	}
}

func TestHistoryDoesNotTellWhatNeverHappened(t *testing.T) {
	all := FromHistory(logged(5000, .0001))
	if e := byName(t, all, "only b"); e.Tells() || e.Supported > 0 {
		t.Errorf("b never got a message: %+v", e)
	}
	if e := byName(t, all, AsItWas); math.Abs(e.OnTime.Mean-.8) > .02 || e.Worth != 5000 {
		t.Errorf("%+v", e)
	}
	if FromHistory(nil)[0].Tells() {
		t.Error("nothing tells nothing")
	}
}

// A 95 % interval that is honest holds the truth in 19 of 20 pasts.
func TestIntervalsHoldTheTruth(t *testing.T) {
	t.Parallel()
	const pasts = 100
	held, told := 0, 0
	for i := range pasts {
		past := loggedBy(uint64(i+1), 1000, .01)
		e := weigh("only b", past, experiments(past), func(*Past) int { return 1 }, false)
		if !e.Tells() {
			continue
		}
		told++
		if e.OnTime.Low <= .95 && .95 <= e.OnTime.High {
			held++
		}
	}
	if told < pasts*9/10 || float64(held) < .9*float64(told) {
		t.Errorf("the truth lay in %d of %d intervals, %d pasts told something", held, told, pasts)
	}
}

func TestChancesAddUp(t *testing.T) {
	p := Past{Options: []Option{{Score: 1, Spread: .1}, {Score: 1.05, Spread: .2}, {Score: .9, Spread: 0}}}
	sum := 0.0
	for i := range p.Options {
		sum += p.propensity(i, 1)
	}
	if math.Abs(sum-1) > .01 {
		t.Errorf("%v", sum)
	}
}
