package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

func build(t *testing.T, b Behaviour, phases ...Phase) carriers.Carrier {
	t.Helper()
	c, err := New("x", Config{Model: Model{Behaviour: b, Phases: phases}}, carriers.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// inbox collects receipts, after refusing the first few calls.
type inbox struct {
	refuse int
	calls  int
	got    []carriers.Receipt
	at     []time.Time
}

func (i *inbox) deliver(_ context.Context, rs []carriers.Receipt) error {
	i.calls++
	if i.calls <= i.refuse {
		return errors.New("the database is busy")
	}
	i.got = append(i.got, rs...)
	for range rs {
		i.at = append(i.at, time.Now())
	}
	return nil
}

// run holds the session while during runs, then ends it.
func run(t *testing.T, c carriers.Carrier, in *inbox, during func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.(carriers.Session).Run(ctx, in.deliver) }()
	during()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestSubmitAndReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, Behaviour{Latency: &Delay{lo: 30 * time.Millisecond}, ReceiptDelay: &Delay{lo: 2 * time.Second}})
		var in inbox
		run(t, c, &in, func() {
			began := time.Now()
			res := c.Submit(t.Context(), message("abcdefgh"))
			if res.Accepted != carriers.Yes || res.ID == "" || time.Since(began) != 30*time.Millisecond {
				t.Errorf("%+v after %s", res, time.Since(began))
			}
			time.Sleep(3 * time.Second)
		})
		if len(in.got) != 1 || in.got[0].Ref != "abcdefgh" || in.got[0].State != carriers.ReceiptDelivered {
			t.Errorf("receipts are %+v", in.got)
		}
	})
}

func TestReceiptsAreDeliveredAgainUntilCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, Behaviour{})
		in := inbox{refuse: 4}
		run(t, c, &in, func() {
			c.Submit(t.Context(), message("abcdefgh"))
			time.Sleep(time.Minute)
		})
		if in.calls != 5 || len(in.got) != 1 {
			t.Errorf("%d calls, %d receipts", in.calls, len(in.got))
		}
	})
}

func TestReceiptsWaitForASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, Behaviour{})
		for _, ref := range refs(1200) {
			c.Submit(t.Context(), message(ref))
		}
		time.Sleep(time.Minute)
		var in inbox
		run(t, c, &in, synctest.Wait)
		if len(in.got) != 1200 || in.calls != 3 {
			t.Errorf("%d receipts in %d calls, want 1200 in 3", len(in.got), in.calls)
		}
	})
}

func TestOrderOfReceipts(t *testing.T) {
	all := ptr(1.0)
	cases := []struct {
		name string
		b    Behaviour
		want string
	}{
		{"final only", Behaviour{}, "[delivered]"},
		{"sent first", Behaviour{SentReceipts: ptr(true)}, "[sent delivered]"},
		{"out of order", Behaviour{SentReceipts: ptr(true), UnorderedReceipts: all}, "[delivered sent]"},
		{"twice", Behaviour{DuplicateReceipts: all}, "[delivered delivered]"},
		{"lost", Behaviour{LostReceipts: all}, "[]"},
		{"failed", Behaviour{Deliver: ptr(0.0)}, "[undelivered]"},
		{"silent", Behaviour{Deliver: ptr(0.0), SilentFailures: all}, "[]"},
		{"forged", Behaviour{Deliver: ptr(0.0), SilentFailures: all, ForgedReceipts: all}, "[delivered]"},
		{"dead", Behaviour{DeadNumbers: all}, "[undelivered]"},
		{"failed otherwise", Behaviour{Deliver: ptr(0.0), Failures: []Failure{{State: carriers.ReceiptRejected}}}, "[rejected]"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := build(t, tc.b)
				var in inbox
				run(t, c, &in, func() {
					c.Submit(t.Context(), message("abcdefgh"))
					time.Sleep(time.Minute)
				})
				states := make([]carriers.ReceiptState, 0, 4)
				for _, r := range in.got {
					states = append(states, r.State)
				}
				if got := fmt.Sprint(states); got != tc.want {
					t.Errorf("%s, want %s", got, tc.want)
				}
			})
		})
	}
}

func TestEarlyReceiptComesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, Behaviour{EarlyReceipts: ptr(1.0)})
		var in inbox
		run(t, c, &in, func() {
			c.Submit(t.Context(), message("abcdefgh"))
			synctest.Wait()
			if len(in.got) != 1 {
				t.Error("the answer came before the receipt")
			}
		})
	})
}

func TestLateReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, Behaviour{LateReceipts: ptr(1.0), LateBy: &Delay{lo: time.Hour}})
		var in inbox
		began := time.Now()
		run(t, c, &in, func() {
			c.Submit(t.Context(), message("abcdefgh"))
			time.Sleep(2 * time.Hour)
		})
		if len(in.at) != 1 || in.at[0].Sub(began) < time.Hour {
			t.Errorf("came at %v", in.at)
		}
	})
}

func TestSubmitOutcomes(t *testing.T) {
	all := ptr(1.0)
	refuse := func(r Refusal) Behaviour { return Behaviour{Accept: ptr(0.0), Errors: []Refusal{r}} }
	cases := []struct {
		name   string
		b      Behaviour
		want   carriers.Acceptance
		class  carriers.Class
		lookup carriers.Verdict
	}{
		{"accepted", Behaviour{}, carriers.Yes, "", carriers.Found},
		{"refused", refuse(Refusal{Class: carriers.ClassThrottled}), carriers.No, carriers.ClassThrottled, carriers.Absent},
		{"doubtful", refuse(Refusal{Class: carriers.ClassAmbiguous}), carriers.Unknown, carriers.ClassAmbiguous, carriers.Absent},
		{"doubtful, taken", refuse(Refusal{Class: carriers.ClassCarrierTransient, Taken: true}), carriers.Unknown,
			carriers.ClassAmbiguous, carriers.Found},
		{"answer lost", Behaviour{LostAnswers: all}, carriers.Unknown, carriers.ClassAmbiguous, carriers.Found},
		{"answer hangs", Behaviour{LostAnswers: all, LostBy: ptr(LossHang)}, carriers.Unknown, carriers.ClassAmbiguous, carriers.Found},
		{"down, refuses", Behaviour{Outage: ptr(OutageRefuse)}, carriers.No, carriers.ClassCarrierTransient, carriers.Absent},
		{"down, resets", Behaviour{Outage: ptr(OutageReset)}, carriers.Unknown, carriers.ClassAmbiguous, carriers.Absent},
		{"down, hangs", Behaviour{Outage: ptr(OutageHang)}, carriers.Unknown, carriers.ClassAmbiguous, carriers.Absent},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := build(t, tc.b)
				began := time.Now()
				res := c.Submit(t.Context(), message("abcdefgh"))
				if res.Accepted != tc.want || res.Class != tc.class || time.Since(began) > defaultTimeout {
					t.Errorf("%+v after %s", res, time.Since(began))
				}
				sub := carriers.Submitted{Ref: "abcdefgh", At: began}
				if f, err := c.(carriers.Looker).Lookup(t.Context(), sub); err != nil || f.Verdict != tc.lookup {
					t.Errorf("lookup: %+v, %v; want verdict %d", f, err, tc.lookup)
				}
			})
		})
	}
}

func TestCancelledSubmitIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, Behaviour{Latency: &Delay{lo: time.Second}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if res := c.Submit(ctx, message("abcdefgh")); res.Accepted != carriers.Unknown {
			t.Errorf("%+v", res)
		}
		if res := c.Submit(ctx, message("abcdefgi")); res.Accepted != carriers.No {
			t.Errorf("nothing was sent, and yet %+v", res)
		}
	})
}

func TestPollTellsTheTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, Behaviour{Deliver: ptr(0.0), LostReceipts: ptr(1.0), Delivery: &Delay{lo: time.Minute}})
		sub := carriers.Submitted{Ref: "abcdefgh", At: time.Now()}
		c.Submit(t.Context(), message("abcdefgh"))
		for _, want := range []carriers.ReceiptState{carriers.ReceiptSent, carriers.ReceiptUndelivered} {
			if r, err := c.(carriers.Poller).Poll(t.Context(), sub); err != nil || r.State != want || r.Ref != sub.Ref {
				t.Errorf("%+v, %v; want %s", r, err, want)
			}
			time.Sleep(time.Minute)
		}
		sub.Ref = "another1"
		if r, err := c.(carriers.Poller).Poll(t.Context(), sub); err == nil {
			t.Errorf("of a message that it never took it says %+v", r)
		}
	})
}

// A program that was killed and started again asks a carrier that has forgotten everything.
func TestPollAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := Behaviour{Deliver: ptr(0.5)}
		before := build(t, b)
		at := time.Now()
		var want []carriers.ReceiptState
		for _, ref := range refs(100) {
			before.Submit(t.Context(), message(ref))
		}
		time.Sleep(time.Minute)
		after := build(t, b)
		for i, ref := range refs(100) {
			sub := carriers.Submitted{Ref: ref, To: message(ref).To, At: at}
			was, err := before.(carriers.Poller).Poll(t.Context(), sub)
			if err != nil {
				t.Fatal(err)
			}
			is, err := after.(carriers.Poller).Poll(t.Context(), sub)
			if err != nil || is.State != was.State {
				t.Errorf("message %d was %s, is %s, %v", i, was.State, is.State, err)
			}
			want = append(want, was.State)
			if f, err := after.(carriers.Looker).Lookup(t.Context(), sub); err != nil || f.Verdict != carriers.Undecided {
				t.Errorf("lookup: %+v, %v", f, err)
			}
		}
		if len(want) != 100 {
			t.Errorf("%d were compared", len(want))
		}
	})
}

// The demo: a thousand messages over the built-in pair at their own rates.
func TestDefaultCarriers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		pair := Default()
		var in [2]inbox
		var refused, undelivered int
		for i, n := range pair {
			c, err := New(n.Name, n.Config, carriers.Env{})
			if err != nil {
				t.Fatal(err)
			}
			run(t, c, &in[i], func() {
				var wg sync.WaitGroup
				var mu sync.Mutex
				for k, ref := range refs(600) {
					wg.Go(func() {
						m := message(ref)
						m.To = fmt.Sprint("+4477009", 10_000+k)
						res := c.Submit(t.Context(), m)
						mu.Lock()
						defer mu.Unlock()
						if res.Accepted == carriers.No {
							refused++
						}
					})
					time.Sleep(time.Duration(float64(time.Second) / n.Config.MaxPerSecond))
				}
				wg.Wait()
				time.Sleep(10 * time.Second)
			})
			for _, r := range in[i].got {
				if r.State == carriers.ReceiptUndelivered {
					undelivered++
				}
			}
		}
		if refused < 150 || refused > 225 {
			t.Errorf("%d refusals, want about 190: the illness of the first", refused)
		}
		if undelivered < 20 || undelivered > 90 {
			t.Errorf("%d undelivered", undelivered)
		}
		if took := time.Since(began); took > 35*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
