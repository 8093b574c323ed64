package carriertest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

func (r *run) receiver(t testing.TB) carriers.Receiver {
	t.Helper()
	c, ok := r.patient(t).(carriers.Receiver)
	if !ok {
		t.Skip("receipts of this type do not come by HTTP")
	}
	return c
}

func (r *run) receipts(t *testing.T) {
	c := r.receiver(t)
	all := r.callbacks(t, "receipts")
	if len(all) == 0 {
		t.Fatal("no recorded receipts")
	}
	for _, cb := range all {
		t.Run(cb.name, func(t *testing.T) {
			signed := r.signed(cb.Callback)
			got, _, err := c.Receipts(signed)
			if err != nil || len(got) != 1 {
				t.Fatalf("%d receipts and %v, want one", len(got), err)
			}
			r.wantReceipt(t, got[0], cb.want)
			if got[0].Ref != cb.Ref && cb.Ref != "" {
				t.Errorf("ref %q, want %q of the verified URL", got[0].Ref, cb.Ref)
			}
			if got[0].Ref == "" && got[0].ID == "" {
				t.Error("neither ref nor id: nothing says whose receipt it is")
			}
			if len(got[0].Raw) == 0 {
				t.Error("the raw payload is lost")
			}
			forgeries(t, r, c.Receipts, signed)
		})
	}
	garbage(t, r, c.Receipts, all[0].Callback)
}

func (r *run) wantReceipt(t *testing.T, got carriers.Receipt, want []string) {
	t.Helper()
	state, class, code := carriers.ReceiptState(wanted(want, 0)), carriers.Class(wanted(want, 1)), wanted(want, 2)
	if got.State != state || got.Class != class || got.Code != code {
		t.Errorf("got %s %q %q, want %s %q %q", got.State, got.Class, got.Code, state, class, code)
	}
	r.hear(got.Detail)
}

func (r *run) signed(cb carriers.Callback) carriers.Callback {
	cb.Header = cb.Header.Clone()
	if cb.Header == nil {
		cb.Header = http.Header{}
	}
	if r.Sign != nil {
		r.Sign(&cb)
	}
	return cb
}

// reader is a method of an adapter that reads a request: Receipts or Inbound.
type reader[T any] func(carriers.Callback) ([]T, carriers.Reply, error)

// forgeries are what someone without the secret can send.
func forgeries[T any](t *testing.T, r *run, read reader[T], honest carriers.Callback) {
	t.Helper()
	if r.Sign == nil {
		return
	}
	bare := honest
	bare.Header = http.Header{"Content-Type": honest.Header["Content-Type"]}
	bare.Query = url.Values{}
	other := honest
	other.Header = http.Header{}
	for key, values := range honest.Header {
		other.Header[key] = values
		if key != "Content-Type" {
			other.Header.Set(key, strings.Repeat("A", len(values[0])))
		}
	}
	for name, forged := range map[string]carriers.Callback{"without": bare, "with another": other} {
		if got, _, err := read(forged); !errors.Is(err, carriers.ErrSignature) || len(got) > 0 {
			t.Errorf("%s signature: %d read and %v, want ErrSignature", name, len(got), err)
		} else {
			r.hear(err.Error())
		}
	}
}

// garbage is rightly signed, as a vendor's bug would be.
func garbage[T any](t *testing.T, r *run, read reader[T], like carriers.Callback) {
	for _, body := range []string{"", "hello", "{", "[]", "null", `{"a":{"b":[1]}}`, "a=b&c", "%zz=1", "\x00\xff", strings.Repeat("[", 1<<16)} {
		cb := like
		cb.Body, cb.Query = []byte(body), url.Values{}
		cb.URL, _, _ = strings.Cut(cb.URL, "?")
		got, _, err := read(r.signed(cb))
		if !errors.Is(err, carriers.ErrPayload) || len(got) > 0 {
			t.Errorf("garbage %.20q: %d read and %v, want ErrPayload", body, len(got), err)
			continue
		}
		r.hear(err.Error())
	}
}

func (r *run) receiptStates(t *testing.T) {
	c := r.receiver(t)
	if len(r.States) == 0 || r.Callback == nil {
		t.Fatal("the suite has no States and Callback")
	}
	for word, want := range r.States {
		got, _, err := c.Receipts(r.signed(r.Callback(word)))
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d receipts and %v", word, len(got), err)
			continue
		}
		if got[0].State != want {
			t.Errorf("%s: %s, want %s", word, got[0].State, want)
		}
		if failed := want.Final() && want != carriers.ReceiptDelivered; failed && got[0].Class == carriers.ClassNone {
			t.Errorf("%s: no class says why it was not delivered", word)
		}
	}
	got, _, err := c.Receipts(r.signed(r.Callback("frobnicated")))
	if err != nil || len(got) != 1 {
		t.Fatalf("a word that is not in the docs: %d receipts and %v", len(got), err)
	}
	if got[0].State != carriers.ReceiptUnknown || !strings.Contains(got[0].Code+got[0].Detail, "frobnicated") {
		t.Errorf("a word that is not in the docs: %+v, want unknown, and the word kept", got[0])
	}
}

func (r *run) poll(t *testing.T) {
	c, ok := r.patient(t).(carriers.Poller)
	all := r.answersOf(t, "poll")
	if !ok || len(all) == 0 {
		if ok != (len(all) > 0) {
			t.Fatalf("the type can poll: %v, recorded answers: %d", ok, len(all))
		}
		t.Skip("the type cannot poll")
	}
	id := wanted(r.first(t, "yes").want, 1)
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			r.vendor.plays(a.ServeHTTP)
			got, err := c.Poll(t.Context(), submitted(id))
			if err != nil {
				t.Fatal(err)
			}
			r.request(t, r.vendor.requests()[0], r.Asked)
			r.wantReceipt(t, got, a.want)
			if got.Ref != Ref {
				t.Errorf("ref %q, want the one asked for", got.Ref)
			}
		})
	}
	for name, play := range map[string]http.HandlerFunc{
		"not found": answers(404, "application/json", "{}"), "fault": answers(500, "text/html", "oops"),
		"garbage": answers(200, "application/json", "<html>"), "nothing": answers(200, "application/json", "{}"),
		"dropped": drops(true),
	} {
		r.vendor.plays(play)
		if got, err := c.Poll(t.Context(), submitted(id)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		} else {
			r.hear(err.Error())
		}
	}
}

func (r *run) lookup(t *testing.T) {
	c, ok := r.patient(t).(carriers.Looker)
	all := r.answersOf(t, "lookup")
	if !ok || len(all) == 0 {
		if ok != (len(all) > 0) {
			t.Fatalf("the type can look up: %v, recorded answers: %d", ok, len(all))
		}
		t.Skip("the type cannot look up")
	}
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			r.vendor.plays(a.ServeHTTP)
			got, err := c.Lookup(t.Context(), submitted(""))
			if err != nil {
				t.Fatal(err)
			}
			r.request(t, r.vendor.requests()[0], r.Asked)
			verdict := [...]string{carriers.Undecided: "undecided", carriers.Found: "found", carriers.Absent: "absent"}[got.Verdict]
			if verdict != a.want[0] || got.ID != wanted(a.want, 1) {
				t.Errorf("%s %q, want %s", verdict, got.ID, strings.Join(a.want, " "))
			}
		})
	}
	for name, play := range map[string]http.HandlerFunc{
		"fault": answers(500, "text/html", "oops"), "garbage": answers(200, "application/json", "<html>"),
		"nothing": answers(200, "application/json", "{}"), "dropped": drops(true),
	} {
		r.vendor.plays(play)
		got, err := c.Lookup(t.Context(), submitted(""))
		if err == nil && got.Verdict != carriers.Undecided {
			t.Errorf("%s: %+v, want an error or no decision", name, got)
		}
		if err != nil {
			r.hear(fmt.Sprint(err))
		}
	}
}
