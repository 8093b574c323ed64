package sim

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func message(ref string) carriers.Message {
	return carriers.Message{Ref: ref, To: "+447700900123", Country: "GB", From: "ACME", Text: "Hello", Type: "promotional", Segments: 1}
}

// play submits n messages in the given order and returns their fates by reference.
func play(e *engine, refs []string) map[string]fate {
	out := make(map[string]fate, len(refs))
	for _, ref := range refs {
		m := message(ref)
		m.To = "+44770090" + ref[len(ref)-4:]
		out[ref] = e.submit(&m, start)
	}
	return out
}

func refs(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "ref" + strconv.Itoa(10_000+i)
	}
	return out
}

func TestFateDoesNotDependOnOrder(t *testing.T) {
	c := Default()[1].Config
	one, other := newEngine("x", c.Model, &epoch{}), newEngine("x", c.Model, &epoch{})
	names := refs(2000)
	want := play(one, names)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	got := play(other, names)
	for ref, f := range want {
		g := got[ref]
		g.refusal, f.refusal = nil, nil // equal, but not the same pointer
		if g != f {
			t.Fatalf("%s: %+v, in another order %+v", ref, f, g)
		}
	}
}

func TestSharesComeTrue(t *testing.T) {
	const n = 20_000
	model := Model{Seed: 3, Behaviour: Behaviour{
		Accept: ptr(0.9), LostAnswers: ptr(0.1), Deliver: ptr(0.8), SilentFailures: ptr(0.5), DuplicateReceipts: ptr(0.2),
		LostReceipts: ptr(0.1), DeadNumbers: ptr(0.05), SentReceipts: ptr(true), UnorderedReceipts: ptr(0.3),
		Errors: []Refusal{{Class: carriers.ClassThrottled, Share: 3}, {Class: carriers.ClassCarrierTransient}},
	}}
	e := newEngine("x", model, &epoch{})
	got := map[string]int{}
	for i, ref := range refs(n) {
		m := message(ref)
		m.To = "+4477" + strconv.Itoa(10_000_000+i)
		f := e.submit(&m, start)
		if f.refusal != nil {
			got[string(f.refusal.Class)]++
			continue
		}
		got["taken"]++
		if f.loss != "" {
			got["lost"]++
		}
		if f.delivered {
			got["delivered"]++
		}
		got[string(f.final.class)]++
		if f.planned > 0 {
			got["told"]++
			if f.plan[0].state != carriers.ReceiptSent {
				got["unordered"]++
			}
		}
	}
	for name, share := range map[string]float64{
		"taken": .9, "throttled": .1 * .75, "lost": .09, "delivered": .9 * .95 * .8,
		"recipient_invalid": .9 * .05, "told": .9 * .9 * (1 - .24*.5), "unordered": .9 * .9 * (1 - .24*.5) * .3,
	} {
		// carrier_transient is a refusal and a failure at once, so it is left out
		if have := float64(got[name]) / n; have < share*0.93-0.002 || have > share*1.07+0.002 {
			t.Errorf("%s: %.4f, want about %.4f", name, have, share)
		}
	}
}

func TestDeadNumbersAreDeadEverywhere(t *testing.T) {
	m := Model{Seed: 9, Behaviour: Behaviour{DeadNumbers: ptr(0.3)}}
	one, other := newEngine("one", m, &epoch{}), newEngine("other", m, &epoch{})
	dead := 0
	for i, ref := range refs(500) {
		msg := message(ref)
		msg.To = "+4477" + strconv.Itoa(10_000_000+i)
		a, b := one.submit(&msg, start), other.submit(&msg, start)
		if a.final.class != b.final.class {
			t.Fatalf("%s: %q here, %q there", msg.To, a.final.class, b.final.class)
		}
		if !a.delivered {
			dead++
		}
	}
	if dead < 100 || dead > 200 {
		t.Errorf("%d of 500 are dead, want about 150", dead)
	}
}

func TestPhases(t *testing.T) {
	down := Behaviour{Outage: ptr(OutageRefuse)}
	cases := []struct {
		name    string
		phase   Phase
		n       int64
		elapsed time.Duration
		country string
		holds   bool
	}{
		{"before its time", Phase{From: secs(10)}, 0, 9 * time.Second, "GB", false},
		{"in its time", Phase{From: secs(10), Until: secs(20)}, 0, 10 * time.Second, "GB", true},
		{"after its time", Phase{From: secs(10), Until: secs(20)}, 0, 20 * time.Second, "GB", false},
		{"before its messages", Phase{After: 300, For: 250}, 299, 0, "GB", false},
		{"its first message", Phase{After: 300, For: 250}, 300, 0, "GB", true},
		{"its last message", Phase{After: 300, For: 250}, 549, 0, "GB", true},
		{"after its messages", Phase{After: 300, For: 250}, 550, 0, "GB", false},
		{"another country", Phase{Countries: []string{"IE"}}, 0, 0, "GB", false},
		{"its country, unsaid", Phase{Countries: []string{"GB"}}, 0, 0, "", true},
		{"its network", Phase{Prefixes: []string{"+4477"}}, 0, 0, "GB", true},
		{"another network", Phase{Prefixes: []string{"+4478"}}, 0, 0, "GB", false},
		{"another type", Phase{Types: []string{"transactional"}}, 0, 0, "GB", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.phase.Behaviour = down
			e := newEngine("x", Model{Phases: []Phase{c.phase}}, &epoch{})
			e.epoch.since(start)
			e.submits.Store(c.n)
			m := message("ref1")
			m.Country = c.country
			f := e.submit(&m, start.Add(c.elapsed))
			if held := f.refusal != nil; held != c.holds {
				t.Errorf("holds: %v, want %v", held, c.holds)
			}
		})
	}
}

func secs(n int) carriers.Duration { return carriers.Duration(time.Duration(n) * time.Second) }

func TestLaterPhaseWins(t *testing.T) {
	e := newEngine("x", Model{Phases: []Phase{
		{Behaviour: Behaviour{Outage: ptr(OutageRefuse), RateLimit: ptr(5.0)}},
		{Behaviour: Behaviour{Outage: ptr(OutageNone)}},
	}}, &epoch{})
	m := message("ref1")
	b := e.behaviour(&m, 0, 0)
	if *b.Outage != OutageNone || *b.RateLimit != 5 || *b.Accept != 1 {
		t.Errorf("outage %v, rate limit %v, accept %v", *b.Outage, *b.RateLimit, *b.Accept)
	}
}

func TestRateLimitThrottles(t *testing.T) {
	e := newEngine("x", Model{Behaviour: Behaviour{RateLimit: ptr(100.0)}}, &epoch{})
	taken := 0
	for i, ref := range refs(1000) { // at 500 a second
		m := message(ref)
		if f := e.submit(&m, start.Add(time.Duration(i)*2*time.Millisecond)); f.taken {
			taken++
		} else if !f.throttle || f.refusal.Class != carriers.ClassThrottled {
			t.Fatalf("refused with %+v", f.refusal)
		}
	}
	if taken < 220 || taken > 230 { // 2 s at 100, and 25 at once
		t.Errorf("%d were taken, want 225", taken)
	}
}

func TestValidityEndsWaiting(t *testing.T) {
	e := newEngine("x", Model{Behaviour: Behaviour{Delivery: &Delay{lo: time.Hour}}}, &epoch{})
	m := message("ref1")
	m.Validity = time.Minute
	f := e.submit(&m, start)
	if f.delivered || f.final.state != carriers.ReceiptExpired || f.done != time.Minute {
		t.Errorf("%+v after %s", f.final, f.done)
	}
}
