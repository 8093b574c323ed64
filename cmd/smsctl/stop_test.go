//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

func (p *process) signal(sig os.Signal) {
	p.s.Helper()
	p.s.ok(p.Process.Signal(sig))
}

// The first signal lets what is under way finish and starts nothing new; the same list goes on where it stopped.
func TestFirstSignalDrains(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sig  os.Signal
		want exitCode
	}{{os.Interrupt, exitInterrupted}, {syscall.SIGTERM, exitTerminated}, {syscall.SIGHUP, exitTerminated}} {
		t.Run(c.sig.String(), func(t *testing.T) {
			t.Parallel()
			v, open := newGate(t)
			send := []string{"send", "--csv", v.list("people.csv", 50), "-m", "Hi", "--yes", "--no-wait"}
			p := v.start(send...)
			v.until("the window is full", func() bool { return len(v.submits()) == window })
			p.signal(c.sig)
			v.until("the program says that it stops", func() bool { return strings.Contains(p.stderr.String(), "Stopping") })
			open()
			p.expect(c.want)
			p.says("campaign resume people")
			if n := len(v.submits()); n != window {
				t.Errorf("%d submits after the signal", n-window)
			}
			if got := v.states("people"); got[campaign.Awaiting] != window || got[campaign.Queued] != 50-window || got[campaign.Unknown] != 0 {
				t.Errorf("%v", got)
			}
			if c.sig == os.Interrupt {
				send = []string{"campaign", "resume", "people", "--no-wait"}
			}
			v.run(exitOK, send...).says("42 to send, 8 already handled will not be contacted again")
			v.reachedOnce(numbers(50))
		})
	}
}

// The second signal ends the program at once. What was under way is unknown, and is not sent again.
func TestSecondSignalAborts(t *testing.T) {
	t.Parallel()
	const limit, tries = 200 * time.Millisecond, 3 // a busy machine is given another chance
	best := time.Hour
	for range tries {
		v, _ := newGate(t)
		list := v.list("people.csv", 50)
		p := v.start("send", "--csv", list, "-m", "Hi", "--yes", "--no-wait")
		v.until("the window is full", func() bool { return len(v.submits()) == window })
		p.signal(os.Interrupt)
		v.until("the program says that it stops", func() bool { return strings.Contains(p.stderr.String(), "Stopping") })
		second := time.Now()
		p.signal(os.Interrupt)
		p.expect(exitInterrupted)
		best = min(best, time.Since(second))
		p.says("Stopping", "marked unknown", "campaign resume people", "campaign reconcile people")
		if got := v.states("people"); got[campaign.Unknown] != window || got[campaign.Queued] != 50-window {
			t.Errorf("%v", got)
		}
		v.messages("people")
		if t.Failed() || best < limit {
			break
		}
	}
	if best > limit {
		t.Errorf("the program ended %s after the second signal, more than %s", best, limit)
	}
}

// Who does not want to wait for ever need not send a second signal.
func TestDrainTimeoutAborts(t *testing.T) {
	t.Parallel()
	v, _ := newGate(t)
	p := v.start("send", "--csv", v.list("people.csv", 50), "-m", "Hi", "--yes", "--no-wait", "--drain-timeout", "50ms")
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	p.signal(os.Interrupt)
	p.expect(exitInterrupted)
	if got := v.states("people"); got[campaign.Unknown] != window || got[campaign.Queued] != 50-window {
		t.Errorf("%v", got)
	}
}

// A stop while the list is still read leaves nothing behind, and the same command begins anew.
func TestStopWhileImporting(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	open()
	list := v.list("people.csv", 300_000)
	v.store() // the database exists
	p := v.start("send", "--csv", list, "-m", "Hi", "--yes", "--no-wait")
	v.until("the import has begun", func() bool { return v.status("people") == campaign.Importing })
	p.signal(os.Interrupt)
	p.expect(exitInterrupted)
	if got := v.status("people"); got != "" || len(v.submits()) > 0 {
		t.Errorf("the campaign is %s, %d submits", got, len(v.submits()))
	}
	v.list("people.csv", 20)
	v.run(exitOK, "send", "--csv", list, "-m", "Hi", "--yes", "--no-wait")
	v.reachedOnce(numbers(20))
}

// A process that was suspended so long that another one took its campaign over sends nothing any more when it wakes up.
func TestSuspendedProcessHasLostItsCampaign(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	list := v.list("people.csv", 100)
	first := v.start(v.sending(list, "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	first.signal(syscall.SIGSTOP)
	v.until("the lease runs out", func() bool {
		c, err := v.store().CampaignByName(t.Context(), campaign.Live, "default", "people")
		v.ok(err)
		return c.Lease.Until.Before(time.Now())
	})
	second := v.start(v.sending(list, "--yes", "--rate", "50/s")...)
	v.until("another has the campaign", func() bool { return strings.Contains(second.stderr.String(), "Resuming") })
	first.signal(syscall.SIGCONT)
	open()
	first.expect(exitLocked)
	first.says("another process has taken campaign people over")
	if code := second.wait(); code != int(exitOK) && code != int(exitPartial) {
		t.Errorf("exit %d", code)
	}
	v.reachedOnce(numbers(100))
	v.messages("people")
}

// A cancel that its process has no time to hear is still a cancel.
func TestCancelOfAProcessThatDies(t *testing.T) {
	t.Parallel()
	v, _ := newGate(t)
	list := v.list("people.csv", 60)
	p := v.start(v.sending(list, "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	p.signal(syscall.SIGSTOP)
	v.run(exitOK, "campaign", "cancel", "people", "--yes").says("is being cancelled")
	p.kill()
	v.answers(nil)
	v.run(exitState, "campaign", "pause", "people").says("being cancelled")
	v.run(exitState, v.sending(list, "--yes")...)
	v.run(exitState, "campaign", "resume", "people")
	v.sent(window)
	if got := v.states("people"); got[campaign.Cancelled] != 60-window || v.status("people") != campaign.Stopped {
		t.Errorf("%s, %v", v.status("people"), got)
	}
}
