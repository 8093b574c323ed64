package campaign

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// quiet is a carrier of which nothing can be asked.
type quiet struct {
	carriers.Carrier
	name string
}

func (q quiet) Info() carriers.Info { return carriers.Info{Name: q.name} }

// one is a store with a single attempt, that a receipt "sent" has proved to be taken.
type one struct {
	Store
	open    Open
	overdue []time.Duration // after how long its receipt was given up
}

func (s *one) OpenAttempt(context.Context, int64) (Open, error) { return s.open, nil }

func (s *one) Overdue(_ context.Context, _ string, _ int64, _ bool, _ string, at time.Time) error {
	s.overdue = append(s.overdue, at.Sub(s.open.BegunAt))
	return nil
}

// An attempt whose outcome was not known, and that a receipt has meanwhile proved to be taken, is given all the time there
// is for the final one; nobody takes it for doubtful any more.
func TestADoubtThatAReceiptHasSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &one{open: Open{Attempt: 7, Carrier: "alpha", State: AttemptAccepted, BegunAt: time.Now(), Last: true, Counted: 1}}
		w := newWatch(&Runner{
			Store: s, Carriers: []carriers.Carrier{quiet{name: "alpha"}}, Now: time.Now,
			Campaign: &Campaign{Settings: Settings{MaxAttempts: 3, ReceiptWait: time.Hour}},
		})
		w.submitted(time.Now(), result{attempt: 7, decision: Decision{Next: Unknown}}, time.Time{})
		time.Sleep(lookupFirst)
		if err := w.keep(t.Context()); err != nil || len(s.overdue) != 0 || w.doubts() || w.idle() {
			t.Fatalf("%v; given up after %v, doubtful %v, forgotten %v", err, s.overdue, w.doubts(), w.idle())
		}
		time.Sleep(time.Hour)
		if err := w.keep(t.Context()); err != nil || len(s.overdue) != 1 || s.overdue[0] < time.Hour || !w.idle() {
			t.Errorf("%v; given up after %v", err, s.overdue)
		}
	})
}

// While receipts cannot come in their silence says nothing, and nothing is sent for it. It does not keep a campaign for ever.
func TestSilenceOfTheDeaf(t *testing.T) {
	heard, began := true, time.Unix(1_800_000_000, 0)
	now := began
	r := &Runner{
		Carriers: []carriers.Carrier{quiet{name: "alpha"}, quiet{name: "beta"}}, Hears: func() bool { return heard },
		Now: func() time.Time { return now }, Campaign: &Campaign{Settings: Settings{ReceiptWait: time.Hour}},
	}
	d := &dispatch{Runner: r, router: routing.New(r.infos(), r.routing()), watch: newWatch(r)}
	l := &learning{dispatch: d, byName: map[string]int{"alpha": 0, "beta": 1}}
	ask := func(at time.Duration) silence {
		now = began.Add(at)
		d.watch.seen = now // the database answers
		l.pass(now)
		q := inquiry{open: []Open{{Carrier: "alpha", BegunAt: began, Country: "GB"}}, heard: d.watch.heard, answer: make(chan []silence, 1)}
		l.answer(now, q)
		return (<-q.answer)[0]
	}
	if s := ask(time.Minute); s.wait != 59*time.Minute {
		t.Errorf("while it is heard: %+v", s)
	}
	heard = false
	for _, c := range []struct {
		at   time.Duration
		wait time.Duration
	}{{30 * time.Minute, deafAfter}, {89 * time.Minute, deafAfter}, {90 * time.Minute, 0}} {
		if s := ask(c.at); s.wait != c.wait || s.again {
			t.Errorf("deaf after %v: %+v, want %v", c.at, s, c.wait)
		}
	}
	heard = true
	if s := ask(91 * time.Minute); s.wait != time.Hour {
		t.Errorf("when it is heard again receipts have their whole time: %+v", s)
	}
}

// Silent messages go to another carrier that is well. Where there is none they wait, and one now and then asks a carrier
// under suspicion; there is nothing to hope for from one that waits for a person.
func TestSilentMessagesGoWhereItIsWell(t *testing.T) {
	t.Parallel()
	sick := routing.Status{Name: "alpha", Breaker: "closed", Suspect: true}
	well, suspect := routing.Status{Name: "beta", Breaker: "closed"}, routing.Status{Name: "beta", Breaker: "closed", Suspect: true}
	open, down := routing.Status{Name: "gamma", Breaker: "open"}, routing.Status{Name: "gamma", Breaker: "down"}
	drained := routing.Status{Name: "gamma", Breaker: "closed", Drained: true}
	l, now := &learning{}, time.Unix(1_800_000_000, 0)
	for i, c := range []struct {
		others      []routing.Status
		again, hope bool
	}{
		{[]routing.Status{sick, well}, true, true},
		{[]routing.Status{sick, well, down}, true, true},
		{[]routing.Status{sick, suspect}, true, true}, // it asks
		{[]routing.Status{sick, suspect}, false, true},
		{[]routing.Status{sick, suspect, well}, true, true},
		{[]routing.Status{sick, open}, false, true},
		{[]routing.Status{sick, down}, false, false},
		{[]routing.Status{sick, drained}, false, false},
		{[]routing.Status{sick}, false, false},
	} {
		if again, hope := l.elsewhere(now, "alpha", c.others); again != c.again || hope != c.hope {
			t.Errorf("%d: %v, %v", i, again, hope)
		}
	}
	if again, _ := l.elsewhere(now.Add(askEach), "alpha", []routing.Status{sick, suspect}); !again {
		t.Error("nobody asks any more")
	}
}
