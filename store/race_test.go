package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// interleavings is how many recipients the race is run with, each with its STOP at a moment of its own.
const interleavings = 10_000

// A STOP that lands at any moment of a send is honoured up to the commit of the attempt: whatever was acknowledged before
// an attempt began keeps that attempt from beginning. Each recipient is sent to as the runner does it: claim, call,
// outcome; the first carrier refuses, so a second is tried. Its STOP (of every other one a hash on an imported list) comes
// at one of these moments, by itself or at the same time:
//
//	before the claim, with the claim, during the call, with the outcome, before the failover, with the failover, after all
func TestOptOutRace(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := storetest.Open(t)
	c := storetest.Campaign(t, s, interleavings, nil)
	key, err := s.OwnKey()
	if err != nil {
		t.Fatal(err)
	}
	hashers, err := optout.Hashers([]optout.HashKind{key.Kind(), {Alg: optout.SHA256}}, []optout.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	r := &race{Store: s, c: c, rules: optout.NewRules(optout.Keywords()), hashers: hashers}
	work := make(chan int)
	var wg sync.WaitGroup
	for n := range uint64(64) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, n))
			for i := range work {
				if err := r.one(t.Context(), i, rng.IntN(13), rng.IntN(2000)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range interleavings {
		work <- i
	}
	close(work)
	wg.Wait()
	t.Logf("%d calls, of %d recipients; %d claims and %d failovers were stopped", r.calls.Load(), interleavings, r.stopped[0].Load(), r.stopped[1].Load())
	if r.stopped[0].Load() == 0 || r.stopped[1].Load() == 0 || r.calls.Load() < interleavings/2 {
		t.Error("the moments are not spread: the test has shown nothing")
	}
	res, err := s.Check(t.Context(), true)
	if err != nil || len(res.Findings) > 0 {
		t.Errorf("db check: %+v %v", res, err)
	}
	n, err := s.Counts(t.Context(), c.ID)
	if err != nil || n.Queued != 0 || n.Sending != 0 || n.Attempts != r.calls.Load() {
		t.Errorf("%+v %v, %d calls", n, err, r.calls.Load())
	}
}

type race struct {
	*store.Store
	c       *campaign.Campaign
	rules   *optout.Rules
	hashers []optout.Hasher
	clock   atomic.Int64 // what happened before what
	calls   atomic.Int64
	stopped [2]atomic.Int64
}

// hashed puts a number on the list by its hash alone: with its plus or without, under our key or none.
func (r *race) hashed(ctx context.Context, phone uint64) error {
	h := r.hashers[phone/2%2]
	sums := h.Sums(phone)
	_, err := r.AddHashedOptOuts(ctx, []store.HashedOptOut{{Hash: sums[phone/4%2][:], Kind: h.Kind, Scope: optout.All, Reason: "import"}})
	return err
}

// one sends to a recipient, whose STOP comes at a moment: even ones by themselves, odd ones together with the step.
func (r *race) one(ctx context.Context, i, moment, jitter int) error {
	var acknowledged atomic.Int64 // when the carrier was told that the STOP is taken
	var wg sync.WaitGroup
	var stopErr error
	stop := func() {
		if i%2 == 1 { // nobody knows whose it is but by its hash
			stopErr = r.hashed(ctx, firstPhone+uint64(i))
			acknowledged.Store(r.clock.Add(1))
			return
		}
		in := store.Inbound{
			Inbound: carriers.Inbound{ID: fmt.Sprint("in", i), To: "+15005550006", Text: "STOP", At: time.Now()}, Phone: firstPhone + uint64(i),
			Verdict: r.rules.Judge("STOP", ""),
		}
		if _, err := r.TakeInbound(ctx, "alpha", []store.Inbound{in}, store.InboundPolicy{}); err != nil {
			stopErr = err
		}
		acknowledged.Store(r.clock.Add(1))
	}
	at := func(step int) {
		switch moment {
		case 2 * step:
			stop()
		case 2*step + 1:
			wg.Go(func() {
				for range jitter { // a little later or sooner
					r.clock.Load()
				}
				stop()
			})
		}
	}
	id := r.c.ID<<32 | int64(i+1)
	err := func() error {
		for n, carrier := range []string{"alpha", "beta"} {
			at(3 * n)
			began := r.clock.Add(1)
			started, err := r.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: id, Carrier: carrier})
			if errors.Is(err, campaign.ErrOptedOut) || errors.Is(err, campaign.ErrNotDue) {
				r.stopped[n].Add(1)
				return nil
			}
			if err != nil {
				return err
			}
			if a := acknowledged.Load(); a != 0 && a < began {
				return fmt.Errorf("recipient %d, moment %d: attempt %d began at %d, and the STOP was acknowledged at %d", i, moment, n+1, began, a)
			}
			r.calls.Add(1)
			at(3*n + 1)
			o := campaign.Outcome{
				Attempt: started.Attempt, Recipient: id, Result: carriers.Refuse(carriers.ClassCarrierTransient, "", "", ""), Counted: true,
				Next: campaign.Queued, NotBefore: time.Now(),
			}
			if n == 1 {
				o.Result, o.Next = carriers.Accept("id", "HTTP 201"), campaign.Awaiting
			}
			if err := r.Record(ctx, o); err != nil {
				return err
			}
			at(3*n + 2)
		}
		return nil
	}()
	if moment == 12 {
		stop()
	}
	wg.Wait()
	return errors.Join(err, stopErr)
}
