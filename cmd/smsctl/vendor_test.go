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
)

// vendor stands in for the simulator where the test itself has to decide when a carrier says what. It speaks for alpha
// and for delta.
type vendor struct {
	*stage
	*httptest.Server
	client *http.Client
	answer func(submit) int // status; nil is "accepted". It may post receipts before it returns

	n       atomic.Int64
	mu      sync.Mutex
	arrived []submit
}

// submit is what has come to a vendor.
type submit struct{ carrier, id, to, text, callback string }

// newVendorStage is a stage whose carriers are a vendor.
func newVendorStage(s *stage) *vendor {
	v := &vendor{stage: s}
	v.Server = httptest.NewServer(v)
	v.client = v.Server.Client()
	s.Cleanup(v.Server.Close)
	s.sim = v.Listener.Addr().String()
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	sub := submit{id: fmt.Sprintf("SM%032x", v.n.Add(1))}
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
	v.arrived = append(v.arrived, sub)
	v.mu.Unlock()
	if v.answer != nil {
		if status := v.answer(sub); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":%q,"sid":%q,"status":"queued"}`, sub.id, sub.id)
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
