//go:build unix

package main

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// A detached campaign goes on in a process that outlives the one which was started, and any terminal steers it.
func TestDetach(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	p := v.start(v.sending(v.list("people.csv", 60), "--yes", "--detach")...)
	p.expect(exitOK)
	p.says("Detached: people goes on in pid", "smsctl campaign watch people")
	v.until("the worker's window is full", func() bool { return len(v.submits()) == window })
	c, err := v.store().CampaignByName(t.Context(), campaign.Live, "default", "people")
	v.ok(err)
	if c.Lease == nil || c.Lease.PID == p.Process.Pid {
		t.Fatalf("lease %+v, started as %d", c.Lease, p.Process.Pid)
	}
	t.Cleanup(func() { _ = syscall.Kill(c.Lease.PID, syscall.SIGKILL) })
	v.run(exitLocked, "worker", "people", "--no-input")
	v.run(exitOK, "campaign", "pause", "people", "--reason", "lunch")
	v.until("it is paused", func() bool { return v.status("people") == campaign.Paused })
	w := v.start("campaign", "watch", "people", "--interval", "100ms", "--exit-status")
	v.until("the watcher sees who", func() bool { return strings.Contains(w.stderr.String(), "lunch") })
	open()
	v.run(exitOK, "campaign", "resume", "people").says("52 to send, 8 already handled")
	w.expect(exitOK)
	w.says("progress", "handled=60/60", "60 recipients")
	v.reachedOnce(numbers(60))
	v.messages("people")
	v.until("the worker has ended", func() bool { return syscall.Kill(c.Lease.PID, 0) != nil })
}

// A worker that cannot begin is an error of who started it, with the reason, and nothing is lost.
func TestDetachFails(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	open()
	other, err := net.Listen("tcp", v.receipts)
	v.ok(err)
	list := v.list("people.csv", 3)
	v.run(exitError, v.sending(list, "--yes", "-d")...).says("campaign.detach", "another program listens", "campaign resume people")
	v.ok(other.Close())
	v.sent(0)
	v.run(exitOK, v.sending(list, "--yes")...)
	v.reachedOnce(numbers(3))
	v.run(exitNotFound, "worker", "no-such")
}

// A watcher ends with the code of the campaign when nobody works on it, and tells a program in JSON.
func TestWatchWhatIsOver(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	open()
	v.run(exitOK, v.sending(v.list("people.csv", 5), "--yes")...)
	v.run(exitOK, "campaign", "watch", "people", "--exit-status").says("handled=5/5", "5 recipients")
	w := v.run(exitOK, "campaign", "watch", "--json")
	if err := pureJSON(w.stdout.String()); err != nil || !strings.HasPrefix(w.stdout.String(), `{"type":"hello"`) || w.summary().Counts.Eligible != 5 {
		t.Errorf("%v\n%s", err, w.stdout.String())
	}
	v.run(exitUsage, "campaign", "watch", "people", "--progress", "tui").says("needs a terminal")
	v.run(exitNotFound, "campaign", "watch", "winter")
	v.run(exitUsage, v.sending(v.list("people.csv", 5), "--yes", "--progress", "tui")...)
}

// A watcher that is left while the campaign runs has seen nothing final; the campaign goes on.
func TestWatchIsLeft(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	p := v.start(v.sending(v.list("people.csv", 60), "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	w := v.start("campaign", "watch", "people", "--interval", "50ms", "--exit-status")
	v.until("it watches", func() bool { return strings.Contains(w.stderr.String(), "progress") })
	v.ok(w.Process.Signal(syscall.SIGINT))
	w.expect(exitPending)
	open()
	p.expect(exitOK)
	v.reachedOnce(numbers(60))
}

// For a screen reader progress is sentences: nothing is redrawn and no sign must be read as a word.
func TestSpokenProgress(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	open()
	p := v.run(exitOK, v.sending(v.list("people.csv", 20), "--yes", "--accessible", "--interval", "1s")...)
	p.says("Campaign people, live: 20 recipients, 20 still to send to.")
	for _, sign := range []string{"\x1b", "\r", "│", "█", "->", "handled="} {
		if strings.Contains(p.stderr.String(), sign) {
			t.Errorf("%q in\n%s", sign, p.stderr.String())
		}
	}
}

func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 42 * time.Second: "42 seconds", time.Minute: "1 minute", 150 * time.Second: "3 minutes", 125 * time.Minute: "2 hours 5 minutes",
	} {
		if got := inWords(d); got != want {
			t.Errorf("%s: %q", d, got)
		}
	}
}
