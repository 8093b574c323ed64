package smpp

import (
	"fmt"
	"slices"
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

// TestReceiptsOfParts: each goes under its part's id, whether the message is known here or not; whose it is the store
// knows.
func TestReceiptsOfParts(t *testing.T) {
	for mode, known := range map[string]bool{"auto": true, "same": false} {
		s := newCenter(t, "")
		c := build(t, s.address, "message_id: "+mode+"\n")
		d := run(t, c)
		r := c.Submit(t.Context(), threeParts())
		if r.Accepted != carriers.Yes || r.ID != "id-1,id-2,id-3" || r.Segments != 3 || !slices.Equal(r.Parts, []string{"id-1", "id-2", "id-3"}) {
			t.Fatalf("%+v", r)
		}
		for _, stat := range [][2]string{{"id-1", "DELIVRD"}, {"id-2", "UNDELIV"}} {
			s.Deliver(systemID, receiptFor(stat[0], stat[1]), nil)
			r := d.next(t)
			if r.ID != stat[0] || (r.Parts == 3) != known || (r.Ref == carriertest.Ref) != known {
				t.Errorf("%s, after %v: %+v", mode, stat, r)
			}
		}
		d.stop()
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
	for told := map[string]bool{}; len(told) < 3; {
		if r := d.next(t); r.State == carriers.ReceiptDelivered && r.Ref == carriertest.Ref && r.Parts == 3 {
			told[r.ID] = true
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
		{"one refused", []pdu.Status{0, pdu.Throttled, 0}, carriers.Yes, "", "id-1,-,id-3", "failed throttled 2 of 3 parts were taken"},
		{"two refused", []pdu.Status{pdu.Throttled, pdu.Throttled, 0}, carriers.Yes, "", "-,-,id-3", "failed throttled 1 of 3 parts were taken"},
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
