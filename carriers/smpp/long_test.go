package smpp

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

// threeParts is a message that is cut into three.
func threeParts() carriers.Message { return message(strings.Repeat("0123456789", 40)) }

// TestStateOfALongMessage: delivered when all parts are, failed with the first that fails, whatever the order.
func TestStateOfALongMessage(t *testing.T) {
	for _, tt := range []struct {
		name  string
		stats [][2]string // of part, word
		want  []string    // state, class and detail after each
	}{
		{"delivered", [][2]string{{"id-1", "DELIVRD"}, {"id-3", "DELIVRD"}, {"id-2", "DELIVRD"}},
			[]string{"sent  1 of 3 parts delivered", "sent  2 of 3 parts delivered", "delivered  all 3 parts"}},
		{"on its way", [][2]string{{"id-1", "ENROUTE"}, {"id-2", "DELIVRD"}},
			[]string{"queued  ENROUTE", "sent  1 of 3 parts delivered"}},
		{"the same twice", [][2]string{{"id-1", "DELIVRD"}, {"id-1", "DELIVRD"}},
			[]string{"sent  1 of 3 parts delivered", "sent  1 of 3 parts delivered"}},
		{"one fails", [][2]string{{"id-1", "DELIVRD"}, {"id-2", "UNDELIV"}, {"id-3", "DELIVRD"}},
			[]string{"sent  1 of 3 parts delivered", "failed recipient_unreachable partial 1/3: UNDELIV", "failed unknown partial 2/3: DELIVRD"}},
		{"one expires", [][2]string{{"id-3", "EXPIRED"}}, []string{"failed expired partial 0/3: EXPIRED"}},
		{"a late handset", [][2]string{{"id-2", "EXPIRED"}, {"id-1", "DELIVRD"}, {"id-3", "DELIVRD"}, {"id-2", "DELIVRD"}},
			[]string{"failed expired partial 0/3: EXPIRED", "failed unknown partial 1/3: DELIVRD", "failed unknown partial 2/3: DELIVRD",
				"delivered  all 3 parts"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newCenter(t, "")
			c := build(t, s.address, "")
			d := run(t, c)
			r := c.Submit(t.Context(), threeParts())
			if r.Accepted != carriers.Yes || r.ID != "id-1,id-2,id-3" || r.Segments != 3 {
				t.Fatalf("%+v", r)
			}
			for i, stat := range tt.stats {
				s.Deliver(systemID, receiptFor(stat[0], stat[1]), nil)
				r := d.next(t)
				if got := fmt.Sprintf("%s %s %s", r.State, r.Class, r.Detail); got != tt.want[i] || r.Ref != carriertest.Ref {
					t.Errorf("after %v: %s (%s), want %s", stat, got, r.Ref, tt.want[i])
				}
			}
			eventually(t, "acknowledged", func() bool { return s.Waiting(systemID) == 0 })
		})
	}
}

// TestPartsBeforeTheirAnswers: a message center that is faster with receipts than with answers.
func TestPartsBeforeTheirAnswers(t *testing.T) {
	s := newCenter(t, "")
	n := 0
	s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) {
		n++
		id := fmt.Sprint(n)
		s.Deliver(systemID, receiptFor(id, "DELIVRD"), func() { answer(smsc.Answer{ID: id}) })
	}
	c := build(t, s.address, "")
	d := run(t, c)
	if r := c.Submit(t.Context(), threeParts()); r.Accepted != carriers.Yes || r.ID != "1,2,3" {
		t.Fatalf("%+v", r)
	}
	for {
		if r := d.next(t); r.State == carriers.ReceiptDelivered && r.Ref == carriertest.Ref {
			return
		}
	}
}

// TestPartlyTaken: what becomes of a message of which the message center takes only some parts.
func TestPartlyTaken(t *testing.T) {
	const mute = pdu.Status(0xffffffff)
	for _, tt := range []struct {
		name     string
		statuses []pdu.Status
		accepted carriers.Acceptance
		class    carriers.Class
		id       string
		receipt  string // that comes without anybody sending one
	}{
		{"one refused", []pdu.Status{0, pdu.Throttled, 0}, carriers.Yes, "", "id-1,id-3", "failed throttled partial 0/3: "},
		{"all refused", []pdu.Status{pdu.Throttled, pdu.SystemError, pdu.Throttled}, carriers.No, carriers.ClassThrottled, "", ""},
		{"one not answered", []pdu.Status{0, mute, 0}, carriers.Unknown, carriers.ClassAmbiguous, "", ""},
		{"one refused, one not answered", []pdu.Status{pdu.Throttled, mute, 0}, carriers.Unknown, carriers.ClassAmbiguous, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newCenter(t, "")
			s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) {
				n := len(s.got)
				if status := tt.statuses[n-1]; status != mute {
					answer(smsc.Answer{Status: status, ID: fmt.Sprintf("id-%d", n)})
				}
			}
			c := build(t, s.address, "")
			c.timeout = 300 * time.Millisecond
			d := run(t, c)
			bound(t, c)
			r := c.Submit(t.Context(), threeParts())
			if r.Accepted != tt.accepted || r.Class != tt.class || r.ID != tt.id {
				t.Errorf("%+v", r)
			}
			if tt.receipt != "" {
				r := d.next(t)
				if got := fmt.Sprintf("%s %s %s", r.State, r.Class, r.Detail); got != tt.receipt || r.Ref != carriertest.Ref {
					t.Errorf("%s (%s)", got, r.Ref)
				}
			}
			d.none(t)
		})
	}
}

// TestOneIDForAllParts: a message center that gives all parts the same id takes them for one message, and so do we.
func TestOneIDForAllParts(t *testing.T) {
	s := newCenter(t, "")
	s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) { answer(smsc.Answer{ID: "one"}) }
	c := build(t, s.address, "")
	d := run(t, c)
	if r := c.Submit(t.Context(), threeParts()); r.Accepted != carriers.Yes || r.ID != "one" || r.Segments != 3 {
		t.Fatalf("%+v", r)
	}
	s.Deliver(systemID, receiptFor("one", "DELIVRD"), nil)
	if r := d.next(t); r.ID != "one" || r.Ref != carriertest.Ref || r.State != carriers.ReceiptDelivered {
		t.Errorf("%+v", r)
	}
}

// TestLongInANarrowWindow: parts wait for places like messages do.
func TestLongInANarrowWindow(t *testing.T) {
	s := newCenter(t, "")
	c := build(t, s.address, "window: 1\nlong_messages: sar\n")
	run(t, c)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if r := c.Submit(t.Context(), threeParts()); r.Accepted != carriers.Yes || r.Segments != 3 {
				t.Errorf("%+v", r)
			}
		})
	}
	all.Wait()
	refs := map[string]int{}
	for _, sm := range s.took() {
		ref, _ := sm.TLVs.Find(pdu.TagSARReference)
		refs[string(ref)]++
	}
	if len(refs) != 20 {
		t.Errorf("%d references of 20 messages", len(refs))
	}
}
