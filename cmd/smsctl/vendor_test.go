package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// vendor stands in for the simulator where the test itself has to decide when a carrier says what. It speaks for alpha
// and for delta.
type vendor struct {
	*stage
	*httptest.Server
	client *http.Client

	n        atomic.Int64 // requests of any kind
	mu       sync.Mutex
	answer   func(submit) int
	delivers bool
	arrived  []submit
}

// submit is what has come to a vendor.
type submit struct {
	carrier, id, to, text, callback string
	at                              time.Time
}

// newVendor is a stage whose carriers are a vendor.
func newVendor(t testing.TB, edit ...func(*stage)) *vendor {
	v := &vendor{}
	v.Server = httptest.NewServer(v)
	v.client = v.Server.Client()
	t.Cleanup(v.Server.Close)
	at := v.URL
	s := newStage(t, "", append([]func(*stage){func(s *stage) {
		s.carrier("alpha")["base_url"] = at + "/alpha"
		s.carrier("delta")["submit"].(tree)["url"] = at + "/delta/send"
		s.carrier("delta")["status"].(tree)["url"] = at + "/delta/status/{{id}}"
	}}, edit...)...)
	v.mu.Lock() // the server runs already
	defer v.mu.Unlock()
	v.stage = s
	return v
}

// window is how many submits a carrier with a gate has under way at once.
const window = 8

// newGate is a vendor who answers nobody before open is called.
func newGate(t testing.TB) (v *vendor, open func()) {
	v = newVendor(t, only("alpha"), func(s *stage) {
		s.carrier("alpha")["max_in_flight"] = window
		s.carrier("alpha")["timeout"] = "1m"
	})
	gate := make(chan struct{})
	open = sync.OnceFunc(func() { close(gate) })
	v.answers(func(submit) int {
		<-gate
		return 0
	})
	t.Cleanup(open) // before the server waits for its handlers
	return v, open
}

// answers decides what the vendor answers from now on: a status, 0 is "accepted", and so is a nil function. It may post
// receipts before it returns.
func (v *vendor) answers(f func(submit) int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = f
}

// delivering lets a receipt come with every answer that says "accepted", just before it.
func (v *vendor) delivering() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.delivers = true
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sub := submit{id: fmt.Sprintf("SM%032x", v.n.Add(1))}
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.Method == http.MethodGet:
		http.NotFound(w, r) // no polls, no lookups
		return
	case strings.HasPrefix(r.URL.Path, "/alpha/"):
		form, _ := url.ParseQuery(string(body))
		sub.carrier, sub.to, sub.text, sub.callback = "alpha", form.Get("To"), form.Get("Body"), form.Get("StatusCallback")
	default:
		var m map[string]string
		_ = json.Unmarshal(body, &m)
		sub.carrier, sub.to, sub.text, sub.callback = "delta", m["to"], m["text"], m["callback"]
	}
	v.mu.Lock()
	sub.at = time.Now()
	v.arrived = append(v.arrived, sub)
	answer, delivers := v.answer, v.delivers
	v.mu.Unlock()
	if answer != nil {
		if status := answer(sub); status != 0 {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"code":%d,"message":"no message to %s with %s"}`, vendorCode(status), sub.to, r.Header.Get("Authorization"))
			return
		}
	}
	if delivers && v.receipt(sub, "delivered")/100 != 2 {
		v.Errorf("the receipt of %s was not taken", sub.id)
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":%q,"sid":%q,"status":"queued"}`, sub.id, sub.id)
}

// vendorCode is alpha's own code for what a status says, 0 where it has none.
func vendorCode(status int) int {
	switch status {
	case http.StatusBadRequest:
		return 21211 // the number is not valid
	case http.StatusUnauthorized:
		return 20003
	}
	return 0
}

// submits are those that have come so far.
func (v *vendor) submits() []submit {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.arrived)
}

// submitTo is the one that has come for a number.
func (v *vendor) submitTo(number string) submit {
	v.Helper()
	all := v.submits()
	i := slices.IndexFunc(all, func(s submit) bool { return s.to == number })
	if i < 0 {
		v.Fatalf("nothing was submitted to %s", number)
	}
	return all[i]
}

// reachedOnce fails unless every number was submitted exactly once.
func (v *vendor) reachedOnce(want []string) {
	v.Helper()
	var got []string
	for _, s := range v.submits() {
		got = append(got, s.to)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		v.Errorf("%d submits went to %d numbers, not one to each of %d", len(got), len(slices.Compact(got)), len(want))
	}
}

// receipt posts what the vendor says of a message to the address that came with it, and returns the answer's status.
func (v *vendor) receipt(sub submit, state string) int {
	v.Helper()
	return v.post(sub, sub.callback, state, true)
}

// post posts a receipt to some address, rightly signed or not.
func (v *vendor) post(sub submit, address, state string, signed bool) int {
	v.Helper()
	header, body := http.Header{"Content-Type": {"application/json"}}, fmt.Sprintf(`{"id":%q,"status":%q}`, sub.id, state)
	token := "delta-secret"
	if sub.carrier == "alpha" {
		token = "alpha-secret"
	}
	if !signed {
		token += "x"
	}
	header.Set("Authorization", "Bearer "+token)
	if sub.carrier == "alpha" {
		form := url.Values{"MessageSid": {sub.id}, "MessageStatus": {state}, "To": {sub.to}}
		header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {twilioSignature(token, address, form)}}
		body = form.Encode()
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		v.Error(err)
		return 0
	}
	r.Header = header
	resp, err := v.client.Do(r)
	if err != nil {
		v.Error(err)
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// twilioSignature signs as the vendor's documentation says: the address, then the fields in the order of their names.
func twilioSignature(token, address string, form url.Values) string {
	h := hmac.New(sha1.New, []byte(token))
	io.WriteString(h, address)
	for _, k := range slices.Sorted(maps.Keys(form)) {
		io.WriteString(h, k+form.Get(k))
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
