package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
)

// clockwork is a database whose schedules are looked at with a clock of the test's, by processes that may die.
type clockwork struct {
	testing.TB
	dir string
	now time.Time

	mu     sync.Mutex
	sent   map[string]int // campaigns that were sent to their end, by name
	told   []told
	crash  func(at string) bool // whether the process dies at a point of a run
	keeps  bool                 // campaigns go on for as long as the test likes
	beside int                  // looks at the same moment
	alive  *session             // the process that looks; nil after it was killed
	deaths int                  // since a campaign was sent
}

const (
	atClaim  = "between the claim and the campaign"
	atCreate = "between the campaign and its first message"
	atSend   = "while it is sent"
)

func newClockwork(t testing.TB, now time.Time) *clockwork {
	w := &clockwork{TB: t, dir: t.TempDir(), now: now, sent: map[string]int{}, crash: func(string) bool { return false }, beside: 1}
	w.write("config.yaml", "database: t.db\ncarriers:\n  alpha: {type: sim, price: {\"*\": 0.01}}\n")
	w.write("people.csv", "phone\n+447912345678\n")
	t.Cleanup(w.end)
	return w
}

// end ends the process that looks.
func (w *clockwork) end() {
	if w.alive != nil {
		w.ok(w.alive.close(context.Background()))
		w.alive = nil
	}
}

func (w *clockwork) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *clockwork) write(name, text string) {
	w.Helper()
	w.ok(os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
}

// process is a session of a process that begins now. What it leaves behind is what the database has of it.
func (w *clockwork) process() *session {
	w.Helper()
	a := newTestRun(w, setup{types: carrierTypes(), env: map[string]string{"XDG_STATE_HOME": w.dir}}).app
	a.now, a.flags.config, a.flags.logFile, a.flags.profile = func() time.Time { return w.now }, filepath.Join(w.dir, "config.yaml"), "none", "default"
	a.logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := a.open(w.Context(), false)
	w.ok(err)
	return s
}

// died is what the test throws where a process is killed.
type died struct{}

// look looks at the clock once. Whoever does may be killed; then another process looks the next time.
func (w *clockwork) look() {
	if w.alive == nil {
		w.alive = w.process()
	}
	s := w.alive
	var all sync.WaitGroup
	var killed atomic.Bool
	for range w.beside {
		all.Go(func() {
			defer func() {
				r := recover()
				if _, how := r.(died); r != nil && !how {
					panic(r)
				}
				if r != nil {
					killed.Store(true)
				}
			}()
			e := &scheduler{session: s, by: "test", launch: w.launch(s), tell: w.hear}
			if err := e.tick(w.Context()); err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
	if killed.Load() {
		w.end()
	}
}

func (w *clockwork) hear(t told) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, t)
	if t.Verb == string(schedule.Started) && w.crash(atCreate) {
		panic(died{})
	}
}

// launch sends a campaign, as far as the schedule can tell, unless it dies over it. One that is settling has nothing left
// to be sent: who looked at the same moment and found it without a holder is given it, to await its receipts.
func (w *clockwork) launch(s *session) func(context.Context, *campaign.Campaign, campaign.Lease, func(error)) {
	return func(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, ended func(error)) {
		if c.Status != campaign.Settling {
			w.ok(s.store.SetStatus(ctx, c.ID, lease.Token, campaign.Running, ""))
			w.mu.Lock()
			dies := w.crash(atSend)
			if !dies {
				w.sent[c.Name]++
				w.deaths = 0
			}
			w.mu.Unlock()
			if dies || w.keeps {
				return
			}
		}
		w.ok(s.store.Release(ctx, c.ID, lease.Token, campaign.Settling, ""))
		ended(nil)
	}
}

// add adds a schedule as the command does.
func (w *clockwork) add(name, cron, zone string, flags ...string) {
	w.Helper()
	a := newTestRun(w, setup{types: carrierTypes(), env: map[string]string{"XDG_STATE_HOME": w.dir}})
	a.now = func() time.Time { return w.now }
	args := append([]string{
		"schedule", "add", name, "--cron", cron, "--tz", zone, "--csv", filepath.Join(w.dir, "people.csv"), "-m", "Hi", "--max-cost", "5EUR",
		"--config", filepath.Join(w.dir, "config.yaml"), "--log-file", "none",
	}, flags...)
	if code := run(args, a.app); code != 0 {
		w.Fatalf("%v: exit %d\n%s", args, code, a.err)
	}
}

// runs are the slots of a schedule and what became of them.
func (w *clockwork) runs(name string) map[string]*schedule.Run {
	w.Helper()
	s := w.process()
	defer func() { w.ok(s.close(context.Background())) }()
	sc, err := s.scheduleNamed(w.Context(), name)
	w.ok(err)
	all, err := s.store.Runs(w.Context(), sc.ID, 0)
	w.ok(err)
	out := map[string]*schedule.Run{}
	for _, r := range all {
		out[r.Slot] = r
	}
	return out
}

// states are the slots' states, in order, with their reasons where they were missed or failed.
func (w *clockwork) states(name string) (all []string) {
	runs := w.runs(name)
	for _, slot := range slices.Sorted(maps.Keys(runs)) {
		text := slot + " " + string(runs[slot].State)
		if runs[slot].State == schedule.Missed || runs[slot].State == schedule.Failed {
			text += ": " + runs[slot].Reason
		}
		all = append(all, text)
	}
	return all
}

// lookUntil looks at the clock at uneven moments.
func (w *clockwork) lookUntil(end time.Time, dice *rand.Rand, most time.Duration) {
	for w.now.Before(end) {
		w.now = w.now.Add(time.Minute + time.Duration(dice.Int64N(int64(most))))
		w.look()
	}
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Across both changes of the clocks every run is sent exactly once, while processes die between the claim and the campaign,
// between the campaign and its first message and in the middle of it, and others look at the same moment.
func TestSchedulesRunOnceAcrossClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cron, zone, spring, autumn string // the days of the changes
		runs                       int    // of the three days around each
	}{
		{"30 2 * * *", "America/New_York", "2026-03-08", "2026-11-01", 3},
		{"30 1 * * *", "America/New_York", "2026-03-08", "2026-11-01", 3},
		{"30 1 * * *", "Europe/London", "2026-03-29", "2026-10-25", 3},
		{"0 2,9 * * *", "Australia/Lord_Howe", "2026-10-04", "2026-04-05", 6},
		{"0 0 * * *", "America/Santiago", "2026-09-06", "2026-04-05", 3},
		{"0 */6 * * *", "Europe/London", "2026-03-29", "2026-10-25", 12},
	} {
		for _, day := range []string{c.spring, c.autumn} {
			t.Run(c.cron+" "+c.zone+" "+day, func(t *testing.T) {
				t.Parallel()
				seed := uint64(envNumber(t, "SMSCTL_TEST_SEED", int(time.Now().UnixNano()&0xffff)))
				t.Logf("SMSCTL_TEST_SEED=%d", seed)
				zone, err := time.LoadLocation(c.zone)
				if err != nil {
					t.Fatal(err)
				}
				change, err := time.ParseInLocation(time.DateOnly, day, zone)
				if err != nil {
					t.Fatal(err)
				}
				dice := rand.New(rand.NewPCG(seed, 0))
				w := newClockwork(t, change.AddDate(0, 0, -1).Add(-time.Minute))
				w.add("news", c.cron, c.zone, "--catch-up", "once")
				w.beside = 2
				w.crash = func(string) bool { // more in a row, and a run could come into the way of the next
					dies := w.deaths < 2 && dice.IntN(4) == 0
					if dies {
						w.deaths++
					}
					return dies
				}
				w.lookUntil(change.AddDate(0, 0, 2).Add(-time.Second), dice, 100*time.Minute)
				w.crash = func(string) bool { return false }
				for range 6 { // what died last is taken up as well
					w.now = w.now.Add(3 * time.Minute)
					w.look()
				}
				runs := w.runs("news")
				for slot, r := range runs {
					name := schedule.CampaignName("news", slot)
					if r.State != schedule.Done || w.sent[name] != 1 {
						t.Errorf("%s is %s and was sent %d times: %s", name, r.State, w.sent[name], r.Reason)
					}
				}
				if n := len(runs); n < c.runs || n > c.runs+1 { // the last looks may be in the day after
					t.Errorf("%d runs in three days, not %d: %v", n, c.runs, w.states("news"))
				}
				if len(w.sent) != len(runs) {
					t.Errorf("%d runs, but %v was sent", len(runs), w.sent)
				}
			})
		}
	}
}

// A process that dies at any of its points leaves a run that the next look takes up, in time, and reports as missed when it
// is too late to begin; what was begun is gone on with at any time.
func TestScheduleTakenOver(t *testing.T) {
	t.Parallel()
	for _, at := range []string{atClaim, atCreate, atSend} {
		for _, later := range []time.Duration{5 * time.Minute, 5 * time.Hour} {
			t.Run(fmt.Sprint(at, " ", later), func(t *testing.T) {
				t.Parallel()
				w := newClockwork(t, instant(t, "2026-10-12T07:00:00Z"))
				w.add("news", "0 9 * * *", "Europe/London")
				w.now = instant(t, "2026-10-12T08:00:10Z")
				w.crash = func(point string) bool { return point == at }
				if at == atClaim {
					w.claim("news")
				} else {
					w.look()
				}
				w.crash = func(string) bool { return false }
				w.now = w.now.Add(10 * time.Second)
				w.look() // too early to take it for dead
				if len(w.sent) != 0 {
					t.Errorf("sent while its process may be at work: %v", w.sent)
				}
				w.now = w.now.Add(later)
				w.look()
				w.look()
				want := "2026-10-12T09:00 done"
				if later > time.Hour && at != atSend {
					want = "2026-10-12T09:00 missed: its process ended before anything was sent, which was found 5h0m10s later"
				}
				if got := w.states("news"); len(got) != 1 || got[0] != want {
					t.Errorf("%v, not %s", got, want)
				}
				if n := w.sent["news@2026-10-12T09:00"]; (n == 1) != strings.HasSuffix(want, "done") {
					t.Errorf("sent %d times", n)
				}
			})
		}
	}
}

// claim decides about what is due, as a process that dies right after the commit.
func (w *clockwork) claim(name string) {
	w.Helper()
	s := w.process()
	defer func() { w.ok(s.close(context.Background())) }()
	sc, err := s.scheduleNamed(w.Context(), name)
	w.ok(err)
	timing, err := sc.Timing()
	w.ok(err)
	decided, err := s.store.Decided(w.Context(), sc, w.now, sc.Decide(timing, schedule.Look{Now: w.now}), s.newLease())
	w.ok(err)
	if !decided {
		w.Fatal("nothing was decided")
	}
}

// What is not on time is missed with its reason, or made up for once.
func TestSchedulesMissAndCatchUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		flags []string
		late  time.Duration
		want  []string
	}{
		{"within the grace", nil, 10 * time.Minute, []string{"2026-10-12T09:00 done"}},
		{"after the grace", nil, 16 * time.Minute, []string{"2026-10-12T09:00 missed: found 16m0s after its time, the grace is 15m0s"}},
		{"a longer grace", []string{"--grace", "2h"}, 16 * time.Minute, []string{"2026-10-12T09:00 done"}},
		{"once", []string{"--catch-up", "once"}, 47 * time.Hour, []string{
			"2026-10-12T09:00 missed: nobody looked at the clock in time; of several runs only the last, 2026-10-13T09:00, is considered", "2026-10-13T09:00 done"}},
		{"once, within", []string{"--catch-up", "once", "--grace", "2h"}, 47 * time.Hour, []string{
			"2026-10-12T09:00 missed: nobody looked at the clock in time; of several runs only the last, 2026-10-13T09:00, is considered",
			"2026-10-13T09:00 missed: found 23h0m0s after its time, the grace is 2h0m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newClockwork(t, instant(t, "2026-10-12T07:00:00Z"))
			w.add("news", "0 9 * * *", "Europe/London", c.flags...)
			w.now = instant(t, "2026-10-12T08:00:00Z").Add(c.late)
			w.look()
			w.look()
			if got := w.states("news"); !slices.Equal(got, c.want) {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

// While a run is not done the next is missed, or one waits for its turn.
func TestScheduleOverlap(t *testing.T) {
	t.Parallel()
	for _, overlap := range []string{"skip", "queue"} {
		t.Run(overlap, func(t *testing.T) {
			t.Parallel()
			w := newClockwork(t, instant(t, "2026-10-12T07:30:00Z"))
			w.add("news", "0 * * * *", "UTC", "--overlap", overlap)
			w.now, w.keeps = instant(t, "2026-10-12T08:00:00Z"), true
			w.look()
			for _, at := range []string{"2026-10-12T09:00:05Z", "2026-10-12T10:00:05Z"} {
				w.now = instant(t, at)
				w.hold("news@2026-10-12T08:00")
				w.look()
			}
			first, rest := "2026-10-12T09:00 missed: overlap: 2026-10-12T08:00 is not done", "2026-10-12T10:00 missed: overlap: 2026-10-12T08:00 is not done"
			if overlap == "queue" {
				first, rest = "2026-10-12T09:00 queued", rest+", and 2026-10-12T09:00 waits already"
			}
			if got := w.states("news"); !slices.Equal(got, []string{"2026-10-12T08:00 started", first, rest}) {
				t.Fatalf("%q", got)
			}
			w.finish("news@2026-10-12T08:00")
			w.keeps = false
			w.now = w.now.Add(time.Minute)
			w.look()
			if overlap == "queue" {
				first = "2026-10-12T09:00 done"
			}
			if got := w.states("news"); !slices.Equal(got, []string{"2026-10-12T08:00 done", first, rest}) {
				t.Errorf("%q", got)
			}
		})
	}
}

// A campaign of which everything is sent is not in the way of the next run while somebody waits for its receipts; its run
// is done when it is.
func TestScheduleAwaitsReceipts(t *testing.T) {
	t.Parallel()
	w := newClockwork(t, instant(t, "2026-10-12T07:30:00Z"))
	w.add("news", "0 * * * *", "UTC")
	w.now, w.keeps = instant(t, "2026-10-12T08:00:00Z"), true
	w.look()
	w.with("news@2026-10-12T08:00", func(s *session, c *campaign.Campaign) error {
		if _, err := s.store.CancelQueued(w.Context(), c.ID, c.Lease.Token); err != nil { // nothing is left to send
			return err
		}
		return s.store.SetStatus(w.Context(), c.ID, c.Lease.Token, campaign.Settling, "")
	})
	w.now = instant(t, "2026-10-12T09:00:00Z")
	w.hold("news@2026-10-12T08:00")
	w.look()
	if got := w.states("news"); !slices.Equal(got, []string{"2026-10-12T08:00 started", "2026-10-12T09:00 started"}) {
		t.Errorf("%q", got)
	}
	w.finish("news@2026-10-12T08:00")
	w.now = w.now.Add(time.Second)
	w.look()
	if got := w.states("news"); !slices.Equal(got, []string{"2026-10-12T08:00 done", "2026-10-12T09:00 started"}) {
		t.Errorf("%q", got)
	}
}

// hold is the heartbeat of the process that sends a campaign.
func (w *clockwork) hold(name string) {
	w.with(name, func(s *session, c *campaign.Campaign) error {
		return s.store.Heartbeat(w.Context(), c.ID, c.Lease.Token, campaign.Pulse{Until: w.now.Add(campaign.LeaseTime)})
	})
}

// finish ends a campaign that somebody sends.
func (w *clockwork) finish(name string) {
	w.with(name, func(s *session, c *campaign.Campaign) error {
		return s.store.Release(w.Context(), c.ID, c.Lease.Token, campaign.Completed, "")
	})
}

func (w *clockwork) with(name string, do func(*session, *campaign.Campaign) error) {
	w.Helper()
	s := w.process()
	defer func() { w.ok(s.close(context.Background())) }()
	c, err := s.campaign(w.Context(), name)
	w.ok(err)
	w.ok(do(s, c))
}

// What is wrong with a run fails it with a reason and leaves the schedule as it is; the list is the one of the moment.
func TestScheduleFailures(t *testing.T) {
	t.Parallel()
	w := newClockwork(t, instant(t, "2026-10-12T07:30:00Z"))
	w.add("news", "0 * * * *", "UTC", "--max-growth", "50%")
	for i, list := range []string{"phone\n+447912345678\n", "phone\n+447912345678\n+447912345679\n", "number of what\n1\n", ""} {
		w.write("people.csv", list)
		if list == "" {
			w.ok(os.Remove(filepath.Join(w.dir, "people.csv")))
		}
		w.now = instant(t, "2026-10-12T08:00:00Z").Add(time.Duration(i) * time.Hour)
		w.look()
	}
	runs := w.runs("news")
	for slot, code := range map[string]string{"2026-10-12T08:00": "", "2026-10-12T09:00": "schedule.growth", "2026-10-12T11:00": "csv.unreadable"} {
		if r := runs[slot]; r == nil || r.Code != code {
			t.Errorf("%s: %+v", slot, r)
		}
	}
	if r := runs["2026-10-12T10:00"]; r.State != schedule.Failed || r.ExitCode != int(exitInput) {
		t.Errorf("%+v", r)
	}
	if len(w.sent) != 1 {
		t.Errorf("sent: %v", w.sent)
	}
	s := w.process()
	defer func() { w.ok(s.close(context.Background())) }()
	all, err := s.store.Campaigns(t.Context(), campaign.Simulated, "default", 0)
	if err != nil || len(all) != 1 {
		t.Errorf("%d campaigns are left, %v", len(all), err)
	}
}

// A paused schedule misses its runs by name, and a campaign that a person or a guard has paused holds up the next.
func TestSchedulePaused(t *testing.T) {
	t.Parallel()
	w := newClockwork(t, instant(t, "2026-10-12T07:30:00Z"))
	w.add("news", "0 * * * *", "UTC")
	s := w.process()
	_, err := s.pauseSchedule(t.Context(), "news", "new prices")
	w.ok(err)
	w.ok(s.close(context.Background()))
	w.now = instant(t, "2026-10-12T09:20:00Z")
	s = w.process()
	_, err = s.resumeSchedule(t.Context(), "news")
	w.ok(err)
	w.ok(s.close(context.Background()))
	for slot, r := range w.runs("news") {
		if r.State != schedule.Missed || !strings.Contains(r.Reason, "new prices") {
			t.Errorf("%s: %+v", slot, r)
		}
	}
	w.now, w.keeps = instant(t, "2026-10-12T10:00:00Z"), true
	w.look()
	w.with("news@2026-10-12T10:00", func(s *session, c *campaign.Campaign) error {
		return s.store.Release(t.Context(), c.ID, c.Lease.Token, campaign.Paused, "failed_rate 7 % is not < 2 %")
	})
	w.now = instant(t, "2026-10-12T11:00:00Z")
	w.look()
	if got := w.states("news"); len(got) != 4 || got[3] != "2026-10-12T11:00 missed: overlap: 2026-10-12T10:00 is not done" {
		t.Errorf("%q", got)
	}
	if w.sent["news@2026-10-12T10:00"] != 1 {
		t.Errorf("%v", w.sent)
	}
	stuck := w.told[len(w.told)-2]
	if stuck.Verb != verbStuck || !strings.Contains(stuck.Err.Error(), "failed_rate") || codeOf(stuck) != exitGuard {
		t.Errorf("%+v", stuck)
	}
}
