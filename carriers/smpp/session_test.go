package smpp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
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
		s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) { answer(smsc.Answer{Status: tt.status}) }
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
		answers      []func(smsc.Answer)
	)
	s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) {
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
			waiting[i](smsc.Answer{ID: "id"})
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
		s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) {
			answer(smsc.Answer{ID: "id", TLVs: pdu.TLVs(nil).Append(pdu.TagCongestionState, []byte{tt.state})})
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
	late := make(chan func(smsc.Answer), 2)
	s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) { late <- answer }
	c := build(t, s.address, "window: 1\n")
	c.timeout = 250 * time.Millisecond
	d := run(t, c)
	bound(t, c)
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Unknown, carriers.ClassAmbiguous, "timeout")
	expect(t, c.Submit(t.Context(), message("Hello")), carriers.Unknown, carriers.ClassAmbiguous, "timeout")
	(<-late)(smsc.Answer{ID: "F4241"})
	(<-late)(smsc.Answer{Status: pdu.SystemError})
	if r := d.next(t); r.Ref != message("").Ref || r.ID != "f4241" || r.State != carriers.ReceiptAccepted {
		t.Errorf("%+v", r)
	}
	d.none(t)
}

func TestCancelled(t *testing.T) {
	s := newCenter(t, "")
	got := make(chan struct{}, 1)
	s.submit = func(*pdu.SM, func(smsc.Answer)) { got <- struct{}{} }
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
