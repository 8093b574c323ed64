package smpp

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

// TestBeforeRun: a submit waits for the binds, and without them was provably not sent.
func TestBeforeRun(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "timeout: 30ms\n")
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.No, carriers.ClassCarrierTransient, "timeout")
	c = build(t, s.address, "")
	r := submitting(t, c, message("Hello"))
	eventually(t, "it waits", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return !c.waiting.empty() })
	run(t, c)
	expect(t, <-r, carriers.Yes, "", "")
	if n := len(s.took()); n != 1 {
		t.Errorf("%d messages came: one was given up before", n)
	}
}

// TestRestart: what was in flight when the message center died is in doubt, what waited goes out on the next bind.
func TestRestart(t *testing.T) {
	s := newCenter(t, "")
	got := make(chan struct{}, 10)
	s.submit = func(*pdu.SM, func(smsc.Answer)) { got <- struct{}{} }
	c := build(t, s.address, "window: 1\n")
	run(t, c)
	first := submitting(t, c, message("first"))
	<-got
	second := submitting(t, c, message("second"))
	eventually(t, "one waits", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return !c.waiting.empty() })
	s.mu.Lock()
	s.submit = nil
	s.mu.Unlock()
	s.Drop()
	expect(t, <-first, carriers.Unknown, carriers.ClassAmbiguous, "closed")
	expect(t, <-second, carriers.Yes, "", "")
	if n := len(s.took()); n != 2 {
		t.Errorf("%d messages came", n)
	}
}

// TestGone: a message center that is not there refuses at once, with the time of the next try, and is found again.
func TestGone(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "")
	run(t, c)
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
	s.stop()
	var r carriers.Result
	eventually(t, "refused", func() bool { r = c.Submit(t.Context(), message("Hello")); return r.Code == "no_bind" })
	expect(t, r, carriers.No, carriers.ClassCarrierTransient, "no_bind")
	if r.RetryAfter != 10*time.Millisecond || !strings.Contains(r.Detail, "connecting") {
		t.Errorf("%+v", r)
	}
	newCenter(t, s.address)
	eventually(t, "back", func() bool { return c.Submit(t.Context(), message("Hello")).Accepted == carriers.Yes })
}

// TestWrongPassword: it is tried once, whatever number of binds there should be, and every submit says why.
func TestWrongPassword(t *testing.T) {
	for _, tt := range []struct {
		status pdu.Status
		tries  int
		code   string
	}{{pdu.BadPassword, 1, "ESME_RINVPASWD"}, {pdu.BadSystemID, 1, "ESME_RINVSYSID"}, {pdu.BindFailed, tries, "ESME_RBINDFAIL"}} {
		s := newCenter(t, "")
		s.bind = func(pdu.Command, pdu.Bind) pdu.Status { return tt.status }
		c := build(t, s.address, "binds: 3\n")
		d := run(t, c)
		var r carriers.Result
		eventually(t, "given up", func() bool {
			r = c.Submit(t.Context(), message("Hello"))
			return r.Class == carriers.ClassAccountAuth && r.RetryAfter == 0
		})
		expect(t, r, carriers.No, carriers.ClassAccountAuth, tt.code)
		time.Sleep(50 * time.Millisecond) // five times the pause between two tries
		if n := s.tried(); n != tt.tries {
			t.Errorf("%s: tried %d times, want %d", tt.code, n, tt.tries)
		}
		d.stop()
	}
}

// TestAlreadyBound: a predecessor that the message center has not noticed to be gone is waited for.
func TestAlreadyBound(t *testing.T) {
	s := newCenter(t, "")
	n := 0
	s.bind = func(pdu.Command, pdu.Bind) pdu.Status {
		if n++; n < 8 {
			return pdu.AlreadyBound
		}
		return pdu.OK
	}
	c := build(t, s.address, "")
	run(t, c)
	eventually(t, "bound", func() bool { return c.Submit(t.Context(), message("Hello")).Accepted == carriers.Yes })
}

// TestBinds: several binds share what there is to send, and each is what the config says.
func TestBinds(t *testing.T) {
	s := newCenter(t, "")
	var mu sync.Mutex
	commands := map[pdu.Command]int{}
	s.bind = func(c pdu.Command, b pdu.Bind) pdu.Status {
		mu.Lock()
		defer mu.Unlock()
		commands[c]++
		if b.SystemType != "VMA" || b.AddressRange != "^44" || b.Version != pdu.Version34 {
			t.Errorf("%+v", b)
		}
		return pdu.OK
	}
	c := build(t, s.address, "binds: 2\nbind: transmitter+receiver\nwindow: 1\nsystem_type: VMA\naddress_range: ^44\n")
	run(t, c)
	eventually(t, "four connections", func() bool { return s.Bound() == 4 })
	eventually(t, "two for submits", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.sessions) == 2 })
	answers := make(chan func(smsc.Answer), 2)
	s.mu.Lock()
	s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) { answers <- answer }
	s.mu.Unlock()
	one, two := submitting(t, c, message("one")), submitting(t, c, message("two"))
	a, b := <-answers, <-answers // both are in flight: a window of one has room for one
	a(smsc.Answer{ID: "a"})
	b(smsc.Answer{ID: "b"})
	expect(t, <-one, carriers.Yes, "", "")
	expect(t, <-two, carriers.Yes, "", "")
	if mu.Lock(); commands[pdu.BindTransmitter] != 2 || commands[pdu.BindReceiver] != 2 {
		t.Errorf("%v", commands)
	}
	mu.Unlock()
}

// TestStop: the end of Run lets what is in flight land, unbinds, and sends nothing more.
func TestStop(t *testing.T) {
	s := newCenter(t, "")
	answers := make(chan func(smsc.Answer), 1)
	s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) { answers <- answer }
	c := build(t, s.address, "")
	d := run(t, c)
	r := submitting(t, c, message("Hello"))
	answer := <-answers
	stopped := make(chan struct{})
	go func() { d.stop(); close(stopped) }()
	eventually(t, "closing", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.sessions) == 1 && c.sessions[0].closing
	})
	select {
	case <-stopped:
		t.Error("stopped with a message in flight")
	default:
	}
	answer(smsc.Answer{ID: "id"})
	expect(t, <-r, carriers.Yes, "", "")
	<-stopped
	eventually(t, "unbound", func() bool { return s.Bound() == 0 })
}

// TestRunTwice: a second Run takes over when the first has ended.
func TestRunTwice(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "")
	first, second := run(t, c), run(t, c)
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
	first.stop()
	second.stop()
	third := run(t, c)
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
	third.stop()
	if s.tried() > 3 {
		t.Errorf("%d binds", s.tried())
	}
}

func TestEnquireLink(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "enquire_link: 5ms\n")
	run(t, c)
	eventually(t, "asked", func() bool { return s.Asked() >= 3 })
	if n := s.tried(); n != 1 {
		t.Errorf("%d binds", n)
	}
}

// TestSilence: a peer that has gone without a word is noticed, and what was in flight is in doubt.
func TestSilence(t *testing.T) {
	p := newPeer(t)
	c := build(t, p.address, "enquire_link: 10ms\n")
	c.timeout = 500 * time.Millisecond
	run(t, c)
	p.accept(t, func(_ net.Conn, r *pdu.Reader) {
		_, _, _ = r.Next() // takes the message or the question, and says nothing
		for {
			if _, _, err := r.Next(); err != nil {
				return
			}
		}
	})
	bound(t, c)
	if r := c.Submit(t.Context(), message("Hello")); r.Accepted != carriers.Unknown {
		t.Errorf("%+v", r)
	}
	p.accept(t, func(net.Conn, *pdu.Reader) {}) // it binds again
}

// TestPauses: the waits before another bind grow to a minute and are never the same for all.
func TestPauses(t *testing.T) {
	for failures := 1; failures < 40; failures++ {
		most := min(time.Minute, time.Second<<min(failures-1, 10))
		seen := map[time.Duration]bool{}
		for range 50 {
			d := fullJitter(failures)
			seen[d] = true
			if d < most/20 || d > most {
				t.Errorf("after %d failures: %v", failures, d)
			}
		}
		if len(seen) < 10 {
			t.Errorf("after %d failures: %d different waits", failures, len(seen))
		}
	}
}
