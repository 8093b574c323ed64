package store_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// Who shares the carriers' limits: campaigns that send, and by how much they say that they divide them.
func TestSharers(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	ads := storetest.Campaign(t, s, 2, nil)
	urgent := storetest.Campaign(t, s, 1, func(c *campaign.Campaign) { c.Name, c.Identity, c.Type = "codes", "codes", campaign.Transactional })
	is := func(want ...campaign.Sharer) {
		t.Helper()
		got, err := s.Sharers(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%+v; want %+v", got, want)
			}
		}
	}
	is()
	for _, c := range []*campaign.Campaign{ads, urgent} {
		if err := s.SetStatus(t.Context(), c.ID, storetest.Token, campaign.Running, ""); err != nil {
			t.Fatal(err)
		}
	}
	first, second := campaign.Sharer{Campaign: ads.ID, Type: campaign.Promotional, Queued: true}, campaign.Sharer{Campaign: urgent.ID, Type: campaign.Transactional, Queued: true}
	is(first, second)
	due, err := s.Fresh(t.Context(), urgent.ID, 0, 0, 10)
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	if _, err := s.Begin(t.Context(), campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "alpha"}); err != nil {
		t.Fatal(err)
	}
	second.Queued = false
	is(first, second)
	beat := func(until time.Time, share float64) {
		t.Helper()
		if err := s.Heartbeat(t.Context(), ads.ID, storetest.Token, campaign.Pulse{Until: until, Vitals: &campaign.Vitals{Share: share}}); err != nil {
			t.Fatal(err)
		}
	}
	beat(time.Now().Add(time.Minute), 2.5)
	first.Divisor = 2.5
	is(first, second)
	beat(time.Now().Add(-time.Minute), 2.5)
	is(second)
}

// counter is a carrier that notes when it is sent to.
type counter struct {
	mu sync.Mutex
	at []time.Time
}

func (c *counter) Info() carriers.Info {
	return carriers.Info{Name: "alpha", RefInReceipts: true, Common: carriers.Common{MaxPerSecond: 200, MaxInFlight: 64}}
}

func (c *counter) Close(context.Context) error { return nil }

func (c *counter) Submit(context.Context, carriers.Message) carriers.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = append(c.at, time.Now())
	return carriers.Accept("", "ok")
}

// Whoever sends with one database together keeps the carriers' rates from the first message on: one that begins takes its
// part when the others leave it.
func TestTwoCampaignsKeepARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t)
		c := &counter{}
		var wg sync.WaitGroup
		for i, name := range []string{"first", "second"} {
			made := storetest.Campaign(t, s, 400, func(c *campaign.Campaign) {
				c.Name, c.Identity, c.Settings.ReceiptWait, c.Settings.MaxAttempts = name, name, time.Second, 1
			})
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 700 * time.Millisecond)
				runs(t, s, made, c)
			})
		}
		wg.Wait()
		first, most := 0, 0
		for i := range c.at {
			for c.at[i].Sub(c.at[first]) >= time.Second {
				first++
			}
			most = max(most, i-first+1)
		}
		rate := int(c.Info().Common.MaxPerSecond)
		if len(c.at) != 800 || most > rate+rate/50+2 { // a timer's jitter is made up for, twice
			t.Errorf("%d in a second of %d; %d were sent", most, rate, len(c.at))
		}
		if took := c.at[799].Sub(c.at[0]); took > 5500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func runs(t *testing.T, s *store.Store, c *campaign.Campaign, carrier carriers.Carrier) {
	c, err := s.Campaign(t.Context(), c.ID)
	if err != nil {
		t.Error(err)
		return
	}
	r := &campaign.Runner{
		Store: s, Campaign: c, Lease: storetest.Token, Carriers: []carriers.Carrier{carrier}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		DrainTimeout: time.Minute, Callback: func(string, string) string { return "http://test" },
	}
	if _, err := r.Run(t.Context(), t.Context()); err != nil {
		t.Error(err)
	}
}
