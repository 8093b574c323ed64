package campaign

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// asked is a carrier that shows nothing, which proves something only after a while.
type asked struct {
	quiet
	settle time.Duration
	times  []time.Duration
	began  time.Time
}

func (a *asked) Lookup(context.Context, carriers.Submitted) (carriers.Finding, error) {
	a.times = append(a.times, time.Since(a.began))
	return carriers.Missing(time.Now(), a.began.Add(a.settle)), nil
}

// fate is a store with one doubtful attempt.
type fate struct {
	Store
	open     Open
	resolved []Outcome
}

func (s *fate) OpenAttempt(context.Context, int64) (Open, error) { return s.open, nil }

func (s *fate) Resolve(_ context.Context, _ string, o Outcome) error {
	s.resolved = append(s.resolved, o)
	return nil
}

// A carrier that can prove absence only late is asked when it can: a held message by then, one that must not wait no later
// than its deadline.
func TestACarrierIsAskedWhenItsSilenceIsProof(t *testing.T) {
	for _, c := range []struct {
		name string
		hold bool
		wait time.Duration // of receipts
		last time.Duration // when it is asked for the last time
		next State
		why  carriers.Acceptance
	}{
		{"held", true, time.Minute, 130 * time.Second, Queued, carriers.No},
		{"proof before the deadline", false, time.Hour, 130 * time.Second, Queued, carriers.No},
		{"deadline before the proof", false, time.Minute, time.Minute, Queued, carriers.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &asked{quiet: quiet{name: "alpha"}, settle: 130 * time.Second, began: time.Now()}
				s := &fate{open: Open{Attempt: 7, Carrier: "alpha", State: AttemptAmbiguous, BegunAt: a.began, Last: true, Counted: 1}}
				w := newWatch(&Runner{
					Store: s, Carriers: []carriers.Carrier{a}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
					Campaign: &Campaign{Settings: Settings{MaxAttempts: 3, ReceiptWait: c.wait, HoldAmbiguous: c.hold}},
				})
				w.submitted(time.Now(), result{attempt: 7, decision: Decision{Next: Unknown}}, time.Time{})
				for w.doubts() {
					time.Sleep(time.Second)
					if err := w.keep(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if n := len(a.times); n == 0 || n > 3 || a.times[n-1].Round(2*time.Second) != c.last {
					t.Errorf("asked after %v, the last time should be %v", a.times, c.last)
				}
				if len(s.resolved) != 1 || s.resolved[0].Next != c.next || s.resolved[0].Result.Accepted != c.why {
					t.Errorf("%+v", s.resolved)
				}
			})
		})
	}
}

// An answer that the database has not taken in yet when its doubt is looked at keeps its appointment.
func TestADoubtThatIsNotCommittedYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fate{open: Open{Attempt: 7, Carrier: "alpha", State: AttemptSending, BegunAt: time.Now(), Last: true, Counted: 1}}
		w := newWatch(&Runner{
			Store: s, Carriers: []carriers.Carrier{quiet{name: "alpha"}}, Now: time.Now,
			Campaign: &Campaign{Settings: Settings{MaxAttempts: 3, ReceiptWait: time.Minute}},
		})
		w.submitted(time.Now(), result{attempt: 7, decision: Decision{Next: Unknown}}, time.Time{})
		look := func() {
			time.Sleep(lookupFirst)
			if err := w.keep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if look(); !w.doubts() || w.idle() || len(s.resolved) != 0 {
			t.Fatalf("doubtful %v, forgotten %v, %+v", w.doubts(), w.idle(), s.resolved)
		}
		s.open.State = AttemptAmbiguous
		for range 20 {
			look()
		}
		if w.doubts() || len(s.resolved) != 1 || s.resolved[0].Next != Queued {
			t.Errorf("doubtful %v, %+v", w.doubts(), s.resolved)
		}
	})
}

// When a run has broken off, what was handed out and has not begun stays queued.
func TestNothingBeginsAfterARunBrokeOff(t *testing.T) {
	going, broken := context.WithCancelCause(t.Context())
	broken(errors.New("the disk is gone"))
	d := &dispatch{Runner: &Runner{}, assign: make(chan assignment, 2), results: make(chan result, 2)} // no store: a Begin would panic
	d.assign <- assignment{job: &job{}}
	d.assign <- assignment{job: &job{}}
	close(d.assign)
	d.work(t.Context(), going)
	if len(d.results) != 0 {
		t.Errorf("%d results", len(d.results))
	}
}
