package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsctest"
)

// submitting submits in the background.
func submitting(t testing.TB, c *Carrier, m carriers.Message) <-chan carriers.Result {
	t.Helper()
	result := make(chan carriers.Result, 1)
	go func() { result <- c.Submit(t.Context(), m) }()
	return result
}

func expect(t testing.TB, got carriers.Result, accepted carriers.Acceptance, class carriers.Class, code string) {
	t.Helper()
	if got.Accepted != accepted || got.Class != class || got.Code != code {
		t.Errorf("got %s %q %q (%+v), want %s %q %q", got.Accepted, got.Class, got.Code, got, accepted, class, code)
	}
}

func TestRefusals(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "codes: {ESME_RSYSERR: ambiguous, \"0x00000401\": account_balance}\n")
	run(t, c)
	for _, tt := range []struct {
		status   pdu.Status
		accepted carriers.Acceptance
		class    carriers.Class
		code     string
	}{
		{pdu.Throttled, carriers.No, carriers.ClassThrottled, "ESME_RTHROTTLED"},
		{pdu.QueueFull, carriers.No, carriers.ClassThrottled, "ESME_RMSGQFUL"},
		{0x0b, carriers.No, carriers.ClassRecipientInvalid, "ESME_RINVDSTADR"},
		{0x0a, carriers.No, carriers.ClassSenderRejected, "ESME_RINVSRCADR"},
		{0x400, carriers.No, carriers.ClassUnknown, "0x00000400"},
		{0x401, carriers.No, carriers.ClassAccountBalance, "0x00000401"},
		{pdu.SystemError, carriers.Unknown, carriers.ClassAmbiguous, "ESME_RSYSERR"},
	} {
		s.mu.Lock()
		s.submit = func(_ *pdu.SM, answer func(smsctest.Answer)) { answer(smsctest.Answer{Status: tt.status}) }
		s.mu.Unlock()
		got := c.Submit(t.Context(), message("Hello"))
		expect(t, got, tt.accepted, tt.class, tt.code)
		if (got.RetryAfter > 0) != (tt.class == carriers.ClassThrottled) {
			t.Errorf("%s: again in %v", tt.code, got.RetryAfter)
		}
		if !strings.HasPrefix(got.Status, "command_status 0x") {
			t.Errorf("status %q", got.Status)
		}
	}
}

// TestWindow: never more requests without an answer than the window has room for, and answers in any order.
func TestWindow(t *testing.T) {
	s := newCenter(t, "")
	const window, messages = 4, 40
	var (
		flying, most int
		answers      []func(smsctest.Answer)
	)
	s.submit = func(_ *pdu.SM, answer func(smsctest.Answer)) {
		flying++
		most = max(most, flying)
		answers = append(answers, answer)
	}
	c := build(t, s.address, fmt.Sprintf("window: %d\n", window))
	run(t, c)
	var results []<-chan carriers.Result
	for range messages {
		results = append(results, submitting(t, c, message("Hello")))
	}
	for answered := 0; answered < messages; {
		s.mu.Lock()
		waiting := answers
		if answered+len(waiting) == messages || len(waiting) == window {
			answers, flying = nil, 0
		} else {
			waiting = nil
		}
		s.mu.Unlock()
		for i := len(waiting) - 1; i >= 0; i-- {
			waiting[i](smsctest.Answer{ID: "id"})
			answered++
		}
	}
	for _, r := range results {
		expect(t, <-r, carriers.Yes, "", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if most != window {
		t.Errorf("%d at most in flight, the window is %d", most, window)
	}
}

// TestCongestion: a peer that says how full it is gets a smaller window, and its own again.
func TestCongestion(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "window: 8\n")
	run(t, c)
	for _, tt := range []struct {
		state byte
		want  int
	}{{100, 1}, {95, 2}, {85, 4}, {50, 8}} {
		s.mu.Lock()
		s.submit = func(_ *pdu.SM, answer func(smsctest.Answer)) {
			answer(smsctest.Answer{ID: "id", TLVs: pdu.TLVs(nil).Append(pdu.TagCongestionState, []byte{tt.state})})
		}
		s.mu.Unlock()
		expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
		c.mu.Lock()
		if got := c.sessions[0].window; got != tt.want {
			t.Errorf("congestion %d: window %d, want %d", tt.state, got, tt.want)
		}
		c.mu.Unlock()
	}
}

// TestNoAnswer: after the deadline the outcome is not known, the place in the window is free, and an answer that comes late
// is told as a receipt.
func TestNoAnswer(t *testing.T) {
	s := newCenter(t, "")
	late := make(chan func(smsctest.Answer), 2)
	s.submit = func(_ *pdu.SM, answer func(smsctest.Answer)) { late <- answer }
	c := build(t, s.address, "window: 1\n")
	c.timeout = 250 * time.Millisecond
	d := run(t, c)
	bound(t, c)
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Unknown, carriers.ClassAmbiguous, "timeout")
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Unknown, carriers.ClassAmbiguous, "timeout")
	(<-late)(smsctest.Answer{ID: "F4241"})
	(<-late)(smsctest.Answer{Status: pdu.SystemError})
	if r := d.next(t); r.Ref != message("").Ref || r.ID != "f4241" || r.State != carriers.ReceiptAccepted {
		t.Errorf("%+v", r)
	}
	d.none(t)
}

func TestCancelled(t *testing.T) {
	s := newCenter(t, "")
	got := make(chan struct{}, 1)
	s.submit = func(*pdu.SM, func(smsctest.Answer)) { got <- struct{}{} }
	c := build(t, s.address, "window: 1\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	expect(t, c.Submit(ctx, message("Hello")), carriers.No, carriers.ClassCarrierTransient, "cancelled")
	run(t, c)
	ctx, cancel = context.WithCancel(t.Context())
	first, second := make(chan carriers.Result, 1), make(chan carriers.Result, 1)
	go func() { first <- c.Submit(ctx, message("Hello")) }()
	<-got
	go func() { second <- c.Submit(ctx, message("Hello")) }()
	eventually(t, "one waits", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return !c.waiting.empty() })
	cancel()
	expect(t, <-first, carriers.Unknown, carriers.ClassAmbiguous, "cancelled")
	expect(t, <-second, carriers.No, carriers.ClassCarrierTransient, "cancelled")
	if n := len(s.took()); n != 1 {
		t.Errorf("%d messages came, the second had been given up", n)
	}
}

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
	s.submit = func(*pdu.SM, func(smsctest.Answer)) { got <- struct{}{} }
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
	answers := make(chan func(smsctest.Answer), 2)
	s.mu.Lock()
	s.submit = func(_ *pdu.SM, answer func(smsctest.Answer)) { answers <- answer }
	s.mu.Unlock()
	one, two := submitting(t, c, message("one")), submitting(t, c, message("two"))
	a, b := <-answers, <-answers // both are in flight: a window of one has room for one
	a(smsctest.Answer{ID: "a"})
	b(smsctest.Answer{ID: "b"})
	expect(t, <-one, carriers.Yes, "", "")
	expect(t, <-two, carriers.Yes, "", "")
	if mu.Lock(); commands[pdu.BindTransmitter] != 2 || commands[pdu.BindReceiver] != 2 {
		t.Errorf("%v", commands)
	}
	mu.Unlock()
}

// TestReceiptsAreAcknowledgedAfterTheCommit, and come again if there is none.
func TestReceiptsAreAcknowledgedAfterTheCommit(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "")
	d := run(t, c)
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
	d.failing(errors.New("disk full"))
	s.Deliver(systemID, receiptFor("id-1", "DELIVRD"), nil)
	s.Deliver(systemID, receiptFor("id-2", "UNDELIV"), nil)
	eventually(t, "not acknowledged", func() bool { c.inbox.mu.Lock(); defer c.inbox.mu.Unlock(); return c.inbox.busy })
	if n := s.Waiting(systemID); n != 2 {
		t.Errorf("%d wait", n)
	}
	d.failing(nil)
	d.next(t)
	d.next(t)
	eventually(t, "acknowledged", func() bool { return s.Waiting(systemID) == 0 })
}

// TestReceiptsSurviveTheConnection: one that was not acknowledged comes again on the next bind.
func TestReceiptsSurviveTheConnection(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "")
	d := run(t, c)
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
	d.failing(errors.New("disk full"))
	s.Deliver(systemID, receiptFor("id-1", "DELIVRD"), nil)
	eventually(t, "it came", func() bool { c.inbox.mu.Lock(); defer c.inbox.mu.Unlock(); return c.inbox.busy })
	s.Drop()
	eventually(t, "bound again", func() bool { return s.tried() == 2 })
	d.failing(nil)
	for range 2 { // twice, as any receipt may come
		if r := d.next(t); r.ID != "id-1" || r.State != carriers.ReceiptDelivered {
			t.Errorf("%+v", r)
		}
	}
	eventually(t, "acknowledged", func() bool { return s.Waiting(systemID) == 0 })
}

func TestInbound(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "")
	d := run(t, c)
	sm := pdu.SM{Source: pdu.Address{TON: 1, NPI: 1, Addr: "447700900123"}, Dest: pdu.Address{TON: 3, Addr: "85432"}, Short: []byte("STOP")}
	s.Deliver(systemID, &sm, nil)
	eventually(t, "put off, because nobody hears", func() bool { return s.PutOff() > 0 && s.Waiting(systemID) == 1 })
	c.Hear(func(_ context.Context, in []carriers.Inbound) error {
		for _, i := range in {
			d.inbound <- i
		}
		return nil
	})
	in := <-d.inbound
	if in.From != "+447700900123" || in.To != "85432" || in.Text != "STOP" || in.At.IsZero() || string(in.Raw) != "STOP" {
		t.Errorf("%+v", in)
	}
	for _, tt := range []struct {
		sm   pdu.SM
		want string
	}{
		{pdu.SM{Short: []byte("\x00 @\x1be"), DataCoding: 0}, "@ ¡€"},
		{pdu.SM{Short: []byte("\x00S\x00T\x04\x16"), DataCoding: 8}, "STЖ"},
		{pdu.SM{Short: []byte("caf\xe9"), DataCoding: 3}, "café"},
		{pdu.SM{Short: []byte("\x05\x00\x03\x01\x02\x01part one"), ESMClass: pdu.ESMHeader}, "part one"},
		{pdu.SM{Short: []byte("\xff\x00"), ESMClass: pdu.ESMHeader}, ""},
		{pdu.SM{TLVs: pdu.TLVs(nil).Append(pdu.TagMessagePayload, []byte("long"))}, "long"},
		{pdu.SM{Short: []byte("id:1 sub:001 dlvrd:001 submit date:2603011200 done date:2603011201 stat:DELIVRD err:000 text:"), DataCoding: 1},
			"id:1 sub:001 dlvrd:001 submit date:2603011200 done date:2603011201 stat:DELIVRD err:000 text:"}, // a forgery
	} {
		s.Deliver(systemID, &tt.sm, nil)
		if in := <-d.inbound; in.Text != tt.want {
			t.Errorf("%q, want %q", in.Text, tt.want)
		}
	}
	d.none(t)
}

// TestStop: the end of Run lets what is in flight land, unbinds, and sends nothing more.
func TestStop(t *testing.T) {
	s := newCenter(t, "")
	answers := make(chan func(smsctest.Answer), 1)
	s.submit = func(_ *pdu.SM, answer func(smsctest.Answer)) { answers <- answer }
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
	answer(smsctest.Answer{ID: "id"})
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
