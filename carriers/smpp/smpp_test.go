package smpp

import (
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

func TestSubmitAndReceipt(t *testing.T) {
	s := newCenter(t, "")
	for _, bind := range []string{"transceiver", "transmitter+receiver"} {
		t.Run(bind, func(t *testing.T) {
			c := build(t, s.address, "bind: "+bind+"\n")
			d := run(t, c)
			res := c.Submit(t.Context(), message("Hello"))
			if res.Accepted != carriers.Yes || res.ID == "" || res.Segments != 1 {
				t.Fatalf("%+v", res)
			}
			s.Deliver(systemID, receiptFor(res.ID, "DELIVRD"), nil)
			if r := d.next(t); r.ID != res.ID || r.State != carriers.ReceiptDelivered || r.To != "+447700900123" || r.Class != "" {
				t.Errorf("%+v", r)
			}
			eventually(t, "acknowledged", func() bool { return s.Waiting(systemID) == 0 })
			d.stop()
			eventually(t, "unbound", func() bool { return s.Bound() == 0 })
		})
	}
}
