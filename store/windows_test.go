package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/campaign/windows"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

// clock is that of a bubble of synctest: it stands still while anybody works, and can be put forward.
type clock struct {
	mu      sync.Mutex
	base    time.Time
	began   time.Time // by the bubble's clock
	forward time.Duration
}

func newClock(at time.Time) *clock { return &clock{base: at, began: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.began) + c.forward)
}

// jump puts the clock forward to shortly before a moment.
func (c *clock) jump(to time.Time) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := to.Sub(now) - time.Minute; d > 0 {
		c.forward += d
	}
}

// begun notes when attempts were asked for.
type begun struct {
	*store.Store
	clock *clock
	mu    sync.Mutex
	asked map[int64][]time.Time // by recipient
}

func (b *begun) Begin(ctx context.Context, s campaign.Start) (campaign.Started, error) {
	at := b.clock.now()
	started, err := b.Store.Begin(ctx, s)
	if err == nil {
		b.mu.Lock()
		b.asked[s.Recipient] = append(b.asked[s.Recipient], at)
		b.mu.Unlock()
	}
	return started, err
}

// moody is a carrier that refuses for a while, takes what its receipts then call failed, or takes it.
type moody struct {
	name  string
	clock *clock
	fails chan<- carriers.Receipt

	mu     sync.Mutex
	random *rand.Rand
	seen   map[string][]handed
}

type handed struct {
	at       time.Time
	validity time.Duration
}

func (m *moody) Info() carriers.Info {
	return carriers.Info{Name: m.name, RefInReceipts: true, Common: carriers.Common{MaxInFlight: 8}}
}

func (m *moody) Close(context.Context) error { return nil }

func (m *moody) Submit(_ context.Context, msg carriers.Message) carriers.Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[msg.To] = append(m.seen[msg.To], handed{m.clock.now(), msg.Validity})
	state := carriers.ReceiptDelivered
	switch m.random.IntN(3) {
	case 0:
		return carriers.Refuse(carriers.ClassCarrierTransient, "", "503", "busy")
	case 1:
		state = carriers.ReceiptFailed
	}
	select {
	case m.fails <- carriers.Receipt{Ref: msg.Ref, State: state}:
	default:
	}
	return carriers.Accept("", "ok")
}

// world is a campaign of people all over the world.
type world struct {
	clock *clock
	store *begun
	c     *campaign.Campaign
	gates *windows.Gates
	sends map[string]*moody
	fails chan carriers.Receipt
	zones map[string]string // of those whose owner's zone the list knows
}

const windowsToken = "windows"

func newWorld(t *testing.T, seed uint64, start time.Time, o windows.Options, each int) *world {
	t.Helper()
	w := &world{clock: newClock(start), sends: map[string]*moody{}, fails: make(chan carriers.Receipt, 4096), zones: map[string]string{}}
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "smsctl.db"), store.Options{Now: w.clock.now, CacheKB: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.store = &begun{Store: s, clock: w.clock, asked: map[int64][]time.Time{}}
	if w.gates, err = windows.New(o); err != nil {
		t.Fatal(err)
	}
	w.c = &campaign.Campaign{
		Name: "world", Mode: campaign.Simulated, Profile: "default", Identity: "world", Type: campaign.Promotional, Currency: "EUR",
		Settings: campaign.Settings{MaxAttempts: 4, Validity: 96 * time.Hour, GiveUp: 96 * time.Hour, ReceiptWait: 2 * time.Minute, HoldAmbiguous: true},
	}
	lease := campaign.Lease{Token: windowsToken, Host: "test", PID: 1, Until: start.Add(time.Hour)}
	if err := s.CreateCampaign(t.Context(), w.c, lease); err != nil {
		t.Fatal(err)
	}
	var batch []campaign.Recipient
	for _, p := range []struct {
		number  uint64
		country string
		zone    string
	}{
		{447912340000, "GB", ""}, {33612340000, "FR", ""}, {61412340000, "AU", ""}, {61413340000, "AU", "Australia/Perth"}, {14165550000, "CA", ""},
		{12125550000, "US", ""}, {18505550000, "US", ""}, {12145550000, "US", ""}, {919812340000, "IN", ""}, {34612340000, "ES", ""},
	} {
		for i := range each {
			n := p.number + uint64(i)
			w.zones[phone.FromDigits(n)] = p.zone
			batch = append(batch, campaign.Recipient{
				Line: len(batch) + 2, Phone: n, Country: p.country, Kind: "mobile", Cells: []string{}, Text: "Hi", Segments: 1, Timing: campaign.Timing{Zone: p.zone},
			})
		}
	}
	if _, err := s.Importer(w.c.ID, windowsToken).Import(t.Context(), batch, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishImport(t.Context(), w.c.ID, windowsToken, store.Intake{Rows: int64(len(batch))}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetValidUntil(t.Context(), w.c.ID, start.Add(w.c.Settings.Validity)); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"alpha", "beta"} {
		w.sends[name] = &moody{name: name, clock: w.clock, fails: w.fails, random: rand.New(rand.NewPCG(seed, uint64(i))), seen: map[string][]handed{}}
	}
	return w
}

// run lets the campaign run; when everybody waits the clock is put forward.
func (w *world) run(t *testing.T, noWait bool) campaign.End {
	t.Helper()
	c, err := w.store.Campaign(t.Context(), w.c.ID)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case rc := <-w.fails:
				rc.At = w.clock.now()
				if err := w.store.ApplyReceipts(t.Context(), "alpha", "test", []carriers.Receipt{rc}); err != nil {
					t.Error(err)
				}
			case <-done:
				return
			}
		}
	})
	r := &campaign.Runner{
		Store: w.store, Campaign: c, Lease: windowsToken, Carriers: []carriers.Carrier{w.sends["alpha"], w.sends["beta"]}, Windows: w.gates,
		Callback: func(string, string) string { return "http://test" }, Now: w.clock.now, Log: slog.New(slog.DiscardHandler), NoWait: noWait,
		DrainTimeout: time.Minute,
		Notify: func(e campaign.Event) {
			for _, a := range e.Attrs {
				if a.Key == "until" {
					w.clock.jump(a.Value.Time())
				}
			}
		},
	}
	end, err := r.Run(t.Context(), t.Context())
	close(done)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// inside says by the rules alone whether a message may be with somebody at t, in every zone that they may be in.
func (w *world) inside(number, country string, window windows.Window, t time.Time) error {
	place := phone.PlaceOf(number, country)
	if z := w.zones[number]; z != "" {
		place.Zones = []string{z}
	}
	book := rules.Shipped()
	for _, name := range place.Zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return err
		}
		local := t.In(zone)
		minute := rules.Clock(60*local.Hour() + local.Minute())
		if minute < window.From || minute >= window.To {
			return fmt.Errorf("%s: %s in %s is outside of %s", number, local, name, window)
		}
		for _, state := range []string{"", place.State} {
			rows, open := book.HoursOf(country, state), false
			for i := range rows {
				open = open || rows[i].Days.Has(local.Weekday()) && minute >= rows[i].Open && minute < rows[i].Close
			}
			if len(rows) > 0 && !open {
				return fmt.Errorf("%s: %s in %s is outside of the hours of %s %s", number, local, name, country, state)
			}
		}
	}
	return nil
}

// verify holds every attempt of the campaign against the rules: when it was asked for, when the carrier got it, and until
// when the carrier may deliver it.
func (w *world) verify(t *testing.T, window windows.Window) (sent int) {
	t.Helper()
	people, err := w.store.Phones(t.Context(), w.c.ID)
	if err != nil {
		t.Fatal(err)
	}
	countries := map[string]string{"44": "GB", "33": "FR", "61": "AU", "91": "IN", "34": "ES"}
	for digits := range people {
		number := phone.FromDigits(digits)
		country, ok := countries[number[1:3]]
		if !ok {
			country = map[bool]string{true: "CA", false: "US"}[number[2:5] == "416"]
		}
		for _, m := range w.sends {
			for _, h := range m.seen[number] {
				sent++
				for _, at := range []time.Time{h.at, h.at.Add(max(h.validity-time.Second, 0))} {
					if err := w.inside(number, country, window, at); err != nil {
						t.Errorf("handed over at %s for %s: %v", h.at, h.validity, err)
					}
				}
			}
		}
	}
	return sent
}

// Whatever a campaign does (first attempts, retries after a refusal, failovers after a receipt that says "failed"), nothing
// is begun, handed over or may be delivered outside of the window and of the hours of country and state, in any zone in
// which a recipient may be; and all are sent to in the end.
func TestNothingIsSentOutsideOfTheHours(t *testing.T) {
	t.Parallel()
	window := windows.Window{From: 9 * 60, To: 19*60 + 30}
	for seed, start := range []time.Time{
		time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC), // a Friday evening in Europe: the hours of France and the window are about to end
		time.Date(2026, 10, 31, 19, 0, 0, 0, time.UTC), // the night in which America puts its clocks back
	} {
		t.Run(start.Format(time.DateOnly), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { keepsTheHours(t, uint64(seed), start, window) })
		})
	}
}

func keepsTheHours(t *testing.T, seed uint64, start time.Time, window windows.Window) {
	t.Helper()
	w := newWorld(t, seed, start, windows.Options{
		Window: &window, Zone: windows.Recipient, Margin: 10 * time.Minute, Mode: rules.Provider, Book: rules.Shipped(),
	}, 12)
	end := w.run(t, false)
	n, err := w.store.Counts(t.Context(), w.c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if sent := w.verify(t, window); sent <= int(n.Eligible) {
		t.Errorf("%d handed over to %d recipients: nothing was tried twice", sent, n.Eligible)
	}
	if end.Cause != campaign.CauseDone || n.Queued+n.Sending+n.Expired > 0 {
		t.Errorf("ended %+v with %+v", end, n)
	}
	obeys(t, n)
	for recipient, asked := range w.store.asked {
		if len(asked) > w.c.Settings.MaxAttempts {
			t.Errorf("recipient %d was tried %d times", recipient, len(asked))
		}
	}
}

// A run over the end of a window leaves the rest queued; whoever asks which campaigns are to go on learns when, and then it
// goes on where it stood.
func TestARunOverTheEndOfAWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, runOverTheEnd)
}

func runOverTheEnd(t *testing.T) {
	start := time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	w := newWorld(t, 3, start, windows.Options{Window: &windows.Window{From: 9 * 60, To: 17 * 60}, Zone: "UTC", Margin: 10 * time.Minute}, 4)
	w.clock.jump(start.Add(55 * time.Minute)) // the margin has begun
	end := w.run(t, true)
	if end.Cause != campaign.CauseWaiting || end.Status != campaign.Waiting || end.Reason != "the next is due 2026-12-01 09:00 UTC" {
		t.Fatalf("ended %+v", end)
	}
	n, err := w.store.Counts(t.Context(), w.c.ID)
	if err != nil || n.Queued != n.Eligible {
		t.Fatalf("%+v, %v", n, err)
	}
	wakes, err := w.store.Wakes(t.Context(), campaign.Simulated, "default")
	if err != nil || len(wakes) != 1 || wakes[0].Campaign != w.c.ID || !wakes[0].At.Equal(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)) {
		t.Fatalf("wakes %+v, %v", wakes, err)
	}
	w.clock.jump(wakes[0].At.Add(2 * time.Minute))
	lease := campaign.Lease{Token: windowsToken, Host: "test", PID: 1, Until: w.clock.now().Add(time.Hour)}
	if _, err := w.store.Acquire(t.Context(), w.c.ID, lease, nil); err != nil {
		t.Fatal(err)
	}
	if end := w.run(t, false); end.Cause != campaign.CauseDone {
		t.Fatalf("ended %+v", end)
	}
	if wakes, err := w.store.Wakes(t.Context(), campaign.Simulated, "default"); err != nil || len(wakes) != 0 {
		t.Errorf("wakes %+v, %v", wakes, err)
	}
}

// What cannot be sent before its validity ends does not wait for an opening that comes too late.
func TestNoOpeningInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, noOpening)
}

func noOpening(t *testing.T) {
	start := time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)
	w := newWorld(t, 4, start, windows.Options{Window: &windows.Window{From: 9 * 60, To: 17 * 60}, Zone: "UTC"}, 1)
	if err := w.store.SetValidUntil(t.Context(), w.c.ID, start.Add(12*time.Hour)); err != nil {
		t.Fatal(err)
	}
	end := w.run(t, false)
	n, err := w.store.Counts(t.Context(), w.c.ID)
	if err != nil || n.Expired != n.Eligible || end.Cause != campaign.CauseDone {
		t.Errorf("%+v, %v, %+v", end, err, n)
	}
	obeys(t, n)
}

func obeys(t *testing.T, n campaign.Counts) {
	t.Helper()
	for _, law := range n.Laws() {
		if !law.Holds() {
			t.Error(law)
		}
	}
}
