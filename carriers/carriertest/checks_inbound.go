package carriertest

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// inbound checks the messages that people send. Where a type takes them, what is one must not pass for a receipt, nor the
// other way round: acknowledged as the wrong thing, a STOP would be forgotten.
func (r *run) inbound(t *testing.T) {
	c, ok := r.patient(t).(carriers.InboundReceiver)
	all := r.callbacks(t, "inbound")
	if !ok || len(all) == 0 {
		if ok != (len(all) > 0) {
			t.Fatalf("the type takes inbound messages: %v, recorded: %d", ok, len(all))
		}
		t.Skip("inbound messages of this type do not come by HTTP")
	}
	signs := r.patient(t).Info().SignedInbound
	if signs && r.Sign == nil {
		t.Error("inbound messages are said to be signed, and the suite cannot sign")
	}
	for _, cb := range all {
		t.Run(cb.name, func(t *testing.T) {
			cb.Ref = ""
			signed := r.signed(cb.Callback)
			got, reply, err := c.Inbound(signed)
			if err != nil || len(got) != 1 {
				t.Fatalf("%d messages and %v, want one", len(got), err)
			}
			r.wantInbound(t, got[0], cb)
			if reply.Status != 0 && reply.Status/100 != 2 {
				t.Errorf("answered by %d: the vendor would send it again", reply.Status)
			}
			if signs {
				forgeries(t, r, c.Inbound, signed)
			}
			if rc, ok := c.(carriers.Receiver); ok {
				if rs, _, err := rc.Receipts(signed); err == nil {
					t.Errorf("passes for %d receipts", len(rs))
				}
			}
		})
	}
	garbage(t, r, c.Inbound, all[0].Callback)
	for _, cb := range r.callbacks(t, "receipts") {
		if got, _, err := c.Inbound(r.signed(cb.Callback)); !errors.Is(err, carriers.ErrPayload) {
			t.Errorf("receipt %s: passes for %d inbound messages, %v", cb.name, len(got), err)
		}
	}
}

func (r *run) wantInbound(t *testing.T, got carriers.Inbound, cb callback) {
	t.Helper()
	from, to, id, said := wanted(cb.want, 0), wanted(cb.want, 1), wanted(cb.want, 2), wanted(cb.want, 3)
	if got.From != from || got.To != to || got.ID != id || got.Said != said || got.Text != cb.text {
		t.Errorf("from %q to %q, id %q, said %q: %q\nwant %q to %q, id %q, said %q: %q", got.From, got.To, got.ID, got.Said, got.Text,
			from, to, id, said, cb.text)
	}
	if len(got.Raw) == 0 {
		t.Error("the raw payload is lost")
	}
	if age := Now().Sub(got.At); age < 0 || age.Hours() > 24 {
		t.Errorf("it is of %s", got.At)
	}
}

// FuzzInbound feeds a type's parser of inbound messages, rightly signed and not, from its recorded ones.
func FuzzInbound(f *testing.F, s Suite) {
	r := &run{Suite: s, vendor: newVendor(f), log: new(bytes.Buffer)}
	built := r.patient(f)
	c, ok := built.(carriers.InboundReceiver)
	if !ok {
		f.Skip("inbound messages of this type do not come by HTTP")
	}
	for _, kind := range []string{"inbound", "receipts"} {
		for _, cb := range s.callbacks(f, kind) {
			f.Add(cb.Method, cb.Query.Encode(), cb.Header.Get("Content-Type"), cb.Body, true)
		}
	}
	f.Fuzz(func(t *testing.T, method, query, contentType string, body []byte, sign bool) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return // the listener refuses it
		}
		cb := carriers.Callback{
			Method: method, URL: PublicURL + "/inbound/alpha?" + query, Query: values,
			Header: map[string][]string{"Content-Type": {contentType}}, Body: body, ReceivedAt: Now(),
		}
		if sign {
			cb = r.signed(cb)
		}
		got, _, err := c.Inbound(cb)
		if err != nil {
			if len(got) > 0 || !errors.Is(err, carriers.ErrPayload) && !errors.Is(err, carriers.ErrSignature) {
				t.Errorf("%d messages and %v", len(got), err)
			}
			return
		}
		if !sign && built.Info().SignedInbound {
			t.Error("unsigned, and accepted")
		}
		for _, in := range got {
			if in.From == "" || in.At.IsZero() || len(in.Raw) > 4<<10 {
				t.Errorf("message %+v", in)
			}
		}
	})
}
