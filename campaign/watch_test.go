package campaign

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// quiet is a carrier of which nothing can be asked.
type quiet struct{ carriers.Carrier }

func (quiet) Info() carriers.Info { return carriers.Info{Name: "alpha"} }

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
			Store: s, Carriers: []carriers.Carrier{quiet{}}, Now: time.Now,
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
