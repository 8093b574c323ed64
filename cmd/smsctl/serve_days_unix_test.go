//go:build unix

package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
)

// days are some of a service that is killed with -9 at least once an hour, by a clock that the test sets whenever it
// begins again.
type days struct {
	*stage
	dice  *dice
	v     *process
	now   time.Time // of the clock, at
	at    time.Time // this moment
	kills int
	due   map[string][]string // the numbers of each run, by its campaign's name
	late  map[string]bool     // runs that nobody looked at in time
	log   string              // what the services have said
	peaks []int64             // memory of the services that have ended a run, in bytes
}

const hoursAlong = "SMSCTL_TEST_HOURS"

// Hours of a service with a daily and an hourly schedule, in which it is killed with -9 twice an hour, at any moment of
// a run; SMSCTL_TEST_HOURS=48 makes it two days. Each slot is run once, nobody gets it twice, and what nobody looked at in time
// is missed with a reason. Every run has a list of its own: by the numbers the simulator's log says what was sent in which. The
// memory that a service takes for a run does not grow with what lies behind it.
func TestServeDays(t *testing.T) {
	t.Parallel()
	exe, err := exec.LookPath(clocked)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, servedScenario, served, func(s *stage) {
		s.config["receipts"].(tree)["timeout"] = "10s"
		for _, name := range []string{"alpha", "delta"} {
			s.carrier(name)["max_in_flight"] = 4
		}
	})
	s.exe = exe
	w := &days{stage: s, dice: newDice(t), due: map[string][]string{}, late: map[string]bool{}}
	begin := instant(t, "2026-10-12T00:00:00Z")
	w.setClock(begin.Add(-5 * time.Minute))
	w.add("hourly", "0 * * * *", "UTC")
	w.add("daily", "0 8 * * *", "Europe/London") // 07:00 UTC
	for hour := range envNumber(t, hoursAlong, 9) {
		w.hour(begin.Add(time.Duration(hour)*time.Hour), hour)
	}
	w.start()
	w.until("every run has ended", func() bool { return w.open() == 0 })
	w.kill()
	w.judge()
	w.flat()
	t.Logf("%d kills, %d runs, %d of them missed", w.kills, len(w.due), len(w.late))
}

func (w *days) setClock(to time.Time) { w.now, w.at = to, time.Now() }

func (w *days) clock() time.Time { return w.now.Add(time.Since(w.at)) }

// start starts the service at what the clock says.
func (w *days) start() {
	w.Helper()
	w.env = []string{fmt.Sprintf("SMSCTL_TEST_CLOCK=%d", w.clock().UnixMilli())}
	w.v = w.stage.start("serve", "--json")
	w.v.watchPeak()
}

// kill returns the memory that the service took at its peak, 0 where the system does not tell.
func (w *days) kill() (peak int64) {
	w.v.kill()
	w.kills++
	w.log += w.v.stdout.String()
	if w.v.peak != nil {
		peak = <-w.v.peak
	}
	return peak
}

// flat holds the last quarter of the runs against the first, each by its median; the first run of all does not count. What
// garbage collection leaves to chance is some megabytes.
func (w *days) flat() {
	w.Helper()
	if len(w.peaks) < 5 {
		return
	}
	const chance = 16 << 20
	peaks := w.peaks[1:]
	n := max(1, len(peaks)/4)
	median := func(part []int64) int64 { return slices.Sorted(slices.Values(part))[len(part)/2] }
	first, last := median(peaks[:n]), median(peaks[len(peaks)-n:])
	if w.Logf("memory of a service: %d MB at first, %d MB in the end", first>>20, last>>20); last > first+first/2+chance {
		w.Errorf("the memory of a service has grown: %v", w.peaks)
	}
}

func (w *days) add(name, cron, zone string) {
	w.Helper()
	w.env = []string{fmt.Sprintf("SMSCTL_TEST_CLOCK=%d", w.clock().UnixMilli())}
	w.run(exitOK, "schedule", "add", name, "--cron", cron, "--tz", zone, "--csv", w.write(name+".csv", listOf(numbers(1))), "-m", "Hi {{name}}",
		"--max-cost", "5EUR", "--at-most-once", "--yes")
}

// list is what a schedule's next run sends to.
func (w *days) list(name, slot string, n int) {
	w.Helper()
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("+447400%03d%03d", len(w.due), i)
	}
	w.write(name+".csv", listOf(all))
	w.due[schedule.CampaignName(name, slot)] = all
}

// hour is one of them: the service begins before its slot, within the grace or later, and is killed in the middle of the
// run and after it.
func (w *days) hour(at time.Time, n int) {
	w.Helper()
	names := []string{schedule.CampaignName("hourly", at.Format("2006-01-02T15:04"))}
	w.list("hourly", at.Format("2006-01-02T15:04"), 40)
	if at.Hour() == 7 {
		slot := at.Add(time.Hour).Format("2006-01-02T15:04")
		names = append(names, schedule.CampaignName("daily", slot))
		w.list("daily", slot, 80)
	}
	switch {
	case n%8 == 5:
		w.setClock(at.Add(16*time.Minute + time.Duration(w.dice.IntN(40))*time.Minute))
		for _, name := range names {
			w.late[name] = true
		}
	case n%2 == 0:
		w.setClock(at.Add(-time.Second))
	default:
		w.setClock(at.Add(time.Duration(w.dice.IntN(14*60)) * time.Second))
	}
	seen := w.readTruth()
	w.start()
	if w.late[names[0]] {
		w.until("the missed runs are told", func() bool { return strings.Count(w.v.stdout.String(), `"state":"missed"`) == len(names) })
		w.kill()
		return
	}
	before, point := len(seen.accepted), w.dice.IntN(50)
	if w.dice.IntN(3) > 0 {
		w.until("the run has come so far", func() bool {
			return len(w.readTruth().accepted) >= before+min(point, 35)
		})
	} else {
		time.Sleep(time.Duration(w.dice.IntN(1500)) * time.Millisecond) // also before it has begun anything
	}
	w.kill()
	w.setClock(w.clock().Add(time.Duration(w.dice.IntN(2000)) * time.Millisecond))
	w.start()
	for _, name := range names {
		w.until(name+" is sent", func() bool { return final(w.status(name)) })
	}
	if peak := w.kill(); peak > 0 {
		w.peaks = append(w.peaks, peak)
	}
}

// runs are the runs of both schedules, by their campaigns' names.
func (w *days) runs() map[string]*schedule.Run {
	w.Helper()
	all := map[string]*schedule.Run{}
	for _, name := range []string{"hourly", "daily"} {
		sc, err := w.store().Schedule(context.Background(), campaign.Live, "default", name)
		w.ok(err)
		runs, err := w.store().Runs(context.Background(), sc.ID, 0)
		w.ok(err)
		for _, r := range runs {
			all[schedule.CampaignName(name, r.Slot)] = r
		}
	}
	return all
}

// open is how many runs have not ended.
func (w *days) open() (n int) {
	w.Helper()
	for _, r := range w.runs() {
		if r.EndedAt.IsZero() {
			n++
		}
	}
	return n
}

// judge holds what is said of the runs against what the simulator has seen.
func (w *days) judge() {
	w.Helper()
	truth, runs := w.truth(), w.runs()
	if len(runs) != len(w.due) {
		w.Errorf("%d runs of %d slots", len(runs), len(w.due))
	}
	doubtful, to := 0, map[string]bool{}
	for name, list := range w.due {
		r := runs[name]
		switch {
		case r == nil:
			w.Errorf("%s is not there", name)
			continue
		case w.late[name]:
			w.missed(name, r)
		case r.State != schedule.Done:
			w.Errorf("%s is %s: %s", name, r.State, r.Reason)
			continue
		default:
			doubtful += w.sent(name, list, truth)
		}
		for _, number := range list {
			to[number] = true
			if n := truth.accepted[number]; n > 1 || n > 0 && w.late[name] {
				w.Errorf("%s, of %s, was sent to %d times", number, name, n)
			}
		}
	}
	for number := range truth.accepted {
		if !to[number] {
			w.Errorf("%s was sent to and is on no list", number)
		}
	}
	if most := w.kills * 8; doubtful > most { // two carriers with a window of four
		w.Errorf("%d are unknown, after %d kills", doubtful, w.kills)
	}
}

// sent holds a run's messages against the truth, and returns how many of them nobody knows.
func (w *days) sent(name string, list []string, truth truth) (doubtful int) {
	w.Helper()
	all := w.messages(name)
	if len(all) != len(list) {
		w.Errorf("%s has %d recipients, not %d", name, len(all), len(list))
	}
	for _, number := range list {
		m, n := all[number], truth.accepted[number]
		switch {
		case m.State == campaign.Unknown:
			doubtful++
		case slices.Contains([]campaign.State{campaign.Delivered, campaign.Undelivered, campaign.NoReceipt}, m.State) && n == 1:
		case m.State == campaign.Failed && n == 0:
		default:
			w.Errorf("%s, of %s, is %s and was sent to %d times", number, name, m.State, n)
		}
	}
	return doubtful
}

// missed are runs that nobody looked at in time: the row and the log say why, and there is no campaign.
func (w *days) missed(name string, r *schedule.Run) {
	w.Helper()
	if r.State != schedule.Missed || !strings.Contains(r.Reason, "the grace is 15m") || w.status(name) != "" {
		w.Errorf("%s is %s (%s), its campaign %q", name, r.State, r.Reason, w.status(name))
	}
	if !strings.Contains(w.log, fmt.Sprintf(`"campaign":%q`, name)) || !strings.Contains(w.log, r.Reason) {
		w.Errorf("the service has not said that %s is missed: %s", name, r.Reason)
	}
}

// The service names the next runs of all schedules as it begins, and looks at no clock with --no-scheduler.
func TestServeAnnouncesRuns(t *testing.T) {
	t.Parallel()
	s := newStage(t, servedScenario, served)
	for _, name := range []string{"hourly", "paused"} {
		s.run(exitOK, "schedule", "add", name, "--cron", "0 * * * *", "--tz", "UTC", "--csv", s.list("people.csv", 1), "-m", "Hi", "--max-cost", "5EUR", "--yes")
	}
	s.run(exitOK, "schedule", "pause", "paused")
	looked := func() bool {
		tick, err := s.store().LastTick(context.Background())
		s.ok(err)
		return !tick.At.IsZero()
	}
	idle := s.start("serve", "--no-scheduler")
	s.until("the service is ready", s.ready)
	s.until("the keeper has turned", func() bool { return strings.Contains(idle.stdout.String(), "Ready.") })
	time.Sleep(2 * clockTick)
	if idle.says("none: --no-scheduler"); looked() {
		t.Error("it looks at the clock all the same")
	}
	idle.kill()
	v := s.start("serve")
	s.until("the service looks at the clock", looked)
	s.until("the service is ready", s.ready)
	v.says("next       hourly ")
	if out := v.stdout.String(); strings.Count(out, " hourly ") != announced || strings.Contains(out, "paused") {
		t.Errorf("not the next three runs of one schedule:\n%s", out)
	}
	v.kill()
	p := s.start("serve", "--json")
	s.until("the stream has begun", func() bool { return strings.Contains(p.stdout.String(), "\n") })
	hello, _, _ := strings.Cut(p.stdout.String(), "\n")
	if strings.Count(hello, `"schedule":"hourly"`) != announced {
		t.Errorf("hello: %s", hello)
	}
}
