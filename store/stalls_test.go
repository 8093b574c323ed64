package store_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/sim"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// busy is a store on a machine that is slow, and that stands still now and then.
type busy struct {
	*store.Store
	mu     sync.Mutex
	random *rand.Rand
	stands time.Time // until then
}

const commits = .02 // seconds that a commit takes on average

func (b *busy) seconds(mean float64) time.Duration {
	return time.Duration(mean * b.random.ExpFloat64() * float64(time.Second))
}

// standStill lets the machine stand still every two seconds or so, for some tenths of a second, until ctx ends.
func (b *busy) standStill(ctx context.Context) {
	for ctx.Err() == nil {
		b.mu.Lock()
		next, long := b.seconds(2), b.seconds(.7)
		b.mu.Unlock()
		select {
		case <-time.After(next):
		case <-ctx.Done():
			return
		}
		b.mu.Lock()
		b.stands = time.Now().Add(long)
		b.mu.Unlock()
		time.Sleep(long)
	}
}

func (b *busy) wait(work float64) {
	b.mu.Lock()
	d := max(time.Until(b.stands), 0) + b.seconds(work)
	b.mu.Unlock()
	if d > 0 {
		time.Sleep(d)
	}
}

func (b *busy) Begin(ctx context.Context, s campaign.Start) (campaign.Started, error) {
	b.wait(commits)
	return b.Store.Begin(ctx, s)
}

func (b *busy) ApplyReceipts(ctx context.Context, carrier, via string, rs []carriers.Receipt) error {
	b.wait(commits)
	return b.Store.ApplyReceipts(ctx, carrier, via, rs)
}

func (b *busy) Follow(ctx context.Context, id, after int64, limit int, delivered bool) ([]campaign.Settled, int64, error) {
	b.wait(0)
	return b.Store.Follow(ctx, id, after, limit, delivered)
}

func simulated(t *testing.T, name, behaviour string) carriers.Carrier {
	t.Helper()
	c, err := sim.Type().New(name, func(into any) error { return yaml.Unmarshal([]byte(behaviour), into) }, carriers.Env{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Of two carriers one swallows nearly all that it takes from its 500th message on, while our own machine stands still now
// and then. What it has swallowed goes to the other one, whatever that one was suspected of for a moment. Now and then all is sent before anybody can notice.
func TestAGreyOutageWhileTheMachineStandsStill(t *testing.T) {
	const seeds = 3
	unnoticed := 0
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			const n = 3000
			s := storetest.Open(t)
			c := storetest.Campaign(t, s, n, func(c *campaign.Campaign) {
				c.Settings.MaxAttempts, c.Settings.ReceiptWait, c.Settings.HoldAmbiguous = 4, 20*time.Second, true
			})
			b := &busy{Store: s, random: rand.New(rand.NewPCG(seed, 7))}
			still, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { b.standStill(still) })
			noticed := false
			r := &campaign.Runner{
				Store: b, Campaign: c, Lease: storetest.Token, DrainTimeout: time.Minute, Now: time.Now, Log: slog.New(slog.DiscardHandler),
				Carriers: []carriers.Carrier{
					simulated(t, "alpha", "{poll: false, latency: 5ms, receipt_delay: 'lognormal(300ms, 0.8)', phases: [{after: 500, deliver: 0.05, silent_failures: 0.95}]}"),
					simulated(t, "delta", "{latency: 5ms, receipt_delay: 'lognormal(400ms, 0.8)'}"),
				},
				Callback: func(string, string) string { return "http://test" },
				Hears:    func() bool { b.wait(0); return true }, // dispatch stands still as well
				Notify: func(e campaign.Event) {
					if told := e.Tell().Text; strings.HasPrefix(told, "alpha") && strings.Contains(told, "suspect") {
						noticed = true
					}
				},
			}
			_, err := r.Run(t.Context(), t.Context())
			stop()
			wg.Wait()
			sums, err2 := s.Counts(t.Context(), c.ID)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if !noticed {
				unnoticed++
			} else if sums.Delivered < n*99/100 {
				t.Errorf("seed %d: %+v", seed, sums)
			}
		})
	}
	if unnoticed > 1 {
		t.Errorf("%d of %d outages were not noticed", unnoticed, seeds)
	}
}
