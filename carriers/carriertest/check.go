package carriertest

import (
	"errors"
	"net/http"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// check asks for the account's standing: nothing may be sent by that, and refused credentials are told from a fault.
func (r *run) check(t *testing.T) {
	c, ok := r.patient(t).(carriers.Checker)
	if !ok {
		t.Skip("the type cannot be checked")
	}
	r.vendor.plays(answers(200, "application/json", "{}"))
	if _, err := c.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for _, req := range r.vendor.requests() {
		r.request(t, req, nil)
	}
	for status, auth := range map[int]bool{401: true, 403: true, 500: false, 404: false} {
		r.vendor.plays(answers(status, "application/json", "{}"))
		_, err := c.Check(t.Context())
		if err == nil || errors.Is(err, carriers.ErrAuth) != auth {
			t.Errorf("%d: %v", status, err)
			continue
		}
		r.hear(err.Error())
	}
	for name, play := range map[string]http.HandlerFunc{"dropped": drops(true), "garbage": answers(502, "text/html", "oops")} {
		r.vendor.plays(play)
		if _, err := c.Check(t.Context()); err == nil || errors.Is(err, carriers.ErrAuth) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// reread reads what is kept of each recorded receipt anew: it must say the same, without a proof.
func (r *run) reread(t *testing.T) {
	c := r.receiver(t)
	for _, cb := range r.callbacks(t, "receipts") {
		first, _, err := c.Receipts(r.signed(cb.Callback))
		if err != nil || len(first) != 1 {
			t.Fatalf("%s: %d receipts and %v", cb.name, len(first), err)
		}
		if first[0].ID == "" { // of one part: of how many stood in the address
			continue
		}
		again, err := carriers.Reread(c.(carriers.Carrier), first[0].Raw, first[0].Ref)
		if err != nil || len(again) != 1 {
			t.Errorf("%s: read anew: %d receipts and %v", cb.name, len(again), err)
			continue
		}
		a, b := first[0], again[0]
		if a.State != b.State || a.Class != b.Class || a.Code != b.Code || a.Detail != b.Detail || a.Ref != b.Ref {
			t.Errorf("%s: read anew: %+v, and was %+v", cb.name, b, a)
		}
	}
}
