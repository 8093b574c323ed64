package main

import (
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Any terminal steers any campaign: the process that sends obeys what another one has written.
func TestPauseAndResumeFromAnotherProcess(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	p := v.start(v.sending(v.list("people.csv", 60), "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	v.run(exitOK, "campaign", "pause", "people", "--reason", "lunch").says("people", "campaign resume people")
	v.run(exitOK, "campaign", "pause", "people") // twice is the same
	v.until("it is paused", func() bool { return v.status("people") == campaign.Paused })
	open()
	v.until("what was under way is finished", func() bool { return v.states("people")[campaign.Sending] == 0 })
	v.run(exitOK, "campaign", "show", "people").says("lunch")
	v.sent(window)
	v.run(exitLocked, v.sending(v.dir+"/people.csv", "--yes")...)
	v.run(exitOK, "campaign", "resume", "people").says("52 to send, 8 already handled")
	p.expect(exitOK)
	v.reachedOnce(numbers(60))
	v.messages("people")
}

// A pause stops what goes out within a second. On a busy machine the quickest of some pauses has to; none lets anything
// out once it is seen.
func TestPauseStopsWithinASecond(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.start(v.sending(v.list("people.csv", 3000), "--yes", "--rate", "200/s")...)
	late := 3000 // submits that came more than a second after a pause
	for try := 0; try < 5 && late > 0; try++ {
		n := len(v.submits())
		v.until("it sends", func() bool { return len(v.submits()) > n+10 })
		v.run(exitOK, "campaign", "pause", "people")
		told := time.Now()
		v.until("it is paused", func() bool { return v.status("people") == campaign.Paused })
		v.until("what was under way is finished", func() bool { return v.states("people")[campaign.Sending] == 0 })
		stood := len(v.submits())
		v.until("two seconds have passed", func() bool { return time.Since(told) > 2*time.Second })
		v.sent(stood)
		v.run(exitOK, "campaign", "resume", "people")
		after := 0
		for _, s := range v.submits()[:stood] {
			if s.at.After(told.Add(time.Second)) {
				after++
			}
		}
		late = min(late, after)
	}
	if late > 0 {
		t.Errorf("%d submits came more than a second after the quickest pause", late)
	}
	v.run(exitOK, "campaign", "throttle", "people", "--rate", "none")
	p.expect(exitOK)
	v.reachedOnce(numbers(3000))
}

// A campaign whose process has died is paused, and a paused one goes on by the same command.
func TestPauseWithoutAProcess(t *testing.T) {
	t.Parallel()
	v, _ := newGate(t)
	list := v.list("people.csv", 60)
	p := v.start(v.sending(list, "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	p.kill()
	v.run(exitOK, "campaign", "pause", "people").says("nobody was sending it")
	v.answers(nil)
	v.run(exitPartial, v.sending(list, "--yes")...) // the eight of the dead process stay unknown
	v.sent(60)
	if got := v.states("people"); got[campaign.Unknown] != window || got[campaign.Awaiting] != 60-window {
		t.Errorf("%v", got)
	}
	v.messages("people")
}

// Cancelling spares everybody who is still queued, for good.
func TestCancel(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	list := v.list("people.csv", 3000)
	p := v.start(v.sending(list, "--yes", "--rate", "500/s")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	v.run(exitUnconfirmed, "campaign", "cancel", "people").says("--yes")
	v.run(exitOK, "campaign", "cancel", "people", "--yes")
	open()
	p.wait()
	n := len(v.submits())
	got := v.states("people")
	if got[campaign.Cancelled] == 0 || got[campaign.Cancelled]+got[campaign.Awaiting] != 3000 || got[campaign.Awaiting] != int64(n) {
		t.Errorf("%d submits, %v", n, got)
	}
	v.run(exitState, "campaign", "resume", "people")
	v.run(exitState, "campaign", "cancel", "people", "--yes")
	v.run(exitState, "campaign", "throttle", "people", "--rate", "5/s")
	v.run(exitState, "campaign", "retry", "people", "--yes")
	v.run(exitOK, v.sending(list, "--yes")...).says("Nothing to send")
	v.sent(n)
	v.messages("people")
}

// A cancel that nobody has heard, because the process died, holds all the same: it cannot be undone.
func TestCancelOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	v, _ := newGate(t)
	list := v.list("people.csv", 60)
	p := v.start(v.sending(list, "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	p.kill()
	v.run(exitOK, "campaign", "cancel", "people", "--yes")
	v.answers(nil)
	v.run(exitPartial, v.sending(list, "--yes")...).says("Nothing to send") // but something is to be found out
	v.run(exitState, "campaign", "resume", "people")
	v.sent(window)
	if got := v.states("people"); got[campaign.Cancelled] != 60-window {
		t.Errorf("%v", got)
	}
	v.messages("people")
}

// A rate set from another terminal holds for every second that follows, and can be lifted again.
func TestThrottleFromAnotherProcess(t *testing.T) {
	t.Parallel()
	const rate = 40
	s := newStage(t, `
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 1ms, receipt_delay: 10ms}
  delta: {dialect: plain, token: delta-secret, latency: 1ms, receipt_delay: 10ms}
`)
	p := s.start(s.sending(s.list("people.csv", 600), "--yes", "--rate", "100/s")...)
	log := s.followTruth()
	s.until("some are sent", func() bool { return log.submits() > 50 })
	s.run(exitOK, "campaign", "throttle", "people", "--rate", "40/s")
	told := time.Now()
	s.until("a while has passed", func() bool { return time.Since(told) > 4*time.Second || p.ended() })
	s.run(exitOK, "campaign", "throttle", "people", "--rate", "none")
	lifted := time.Now()
	p.expect(exitOK)
	obeyed := told.Add(time.Second)
	var sent []time.Time
	for _, e := range s.truth().events {
		if e.Event == "submit_accepted" && e.Time.After(obeyed) && e.Time.Before(lifted.Add(-time.Second)) {
			sent = append(sent, e.Time)
		}
	}
	if span := lifted.Sub(obeyed) - time.Second; float64(len(sent)) > 1.1*rate*span.Seconds()+rate/4 {
		t.Errorf("%d messages in %s at %d/s", len(sent), span, rate)
	}
	if most := mostWithin(sent, time.Second); float64(most) < 0.9*rate {
		t.Errorf("at most %d messages in a second at %d/s", most, rate)
	}
	s.agrees("people", promotional)
}

// mostWithin is how many of some moments, in their order, lie within a span at most: what else a machine has to do makes
// gaps, and fewer in most spans.
func mostWithin(moments []time.Time, span time.Duration) (most int) {
	first := 0
	for i, at := range moments {
		for at.Sub(moments[first]) > span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// A drained carrier gets nothing more, the others take over, and all of it can be undone.
func TestDrainACarrierFromAnotherProcess(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	p := v.start(v.sending(v.list("people.csv", 60), "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	v.run(exitOK, "campaign", "throttle", "people", "--carrier", "alpha=0")
	v.until("it is heard", func() bool { return strings.Contains(p.stderr.String(), "drained") })
	open()
	v.until("what was under way is finished", func() bool { return v.states("people")[campaign.Awaiting] == window })
	v.sent(window)
	v.run(exitOK, "campaign", "throttle", "people", "--carrier", "alpha=none")
	p.expect(exitOK)
	v.reachedOnce(numbers(60))
}
