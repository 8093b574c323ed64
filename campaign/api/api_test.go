package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzRequest: whatever is posted, it is understood and can be said again, or it is refused with a status and a code.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"to":"+447400000001","text":"Hi"}`, `{"to":"07400 000001","text":"Hi","from":"ACME","type":"promotional","group":"otp","ref":"1"}`,
		`{"to":1}`, `{`, `[]`, `null`, `{"to":"a","text":"b","x":1}`, `{"to":"a","text":"b"}{}`, `{"to":"a","text":"\ud800"}`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			var p *Problem
			if !errors.As(err, &p) || p.Status < 400 || p.Status > 499 || p.Code == "" || p.Title == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		if r.To == "" || r.Text == "" || !groupName(r.Group) {
			t.Fatalf("%+v was let through", r)
		}
		said, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRequest(said)
		if err != nil || again != r {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
	})
}

// Whoever sends too fast is told when to come again, and nothing of his request is looked at.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	full := true
	s := New(Options{Token: "t", Now: time.Now, Full: func() (time.Duration, bool) { return 1500 * time.Millisecond, full }})
	post := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader(`{`))
		r.Header.Set("Authorization", "Bearer t")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	if w := post(); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "2" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	full = false
	for range maxWaiting {
		s.waiting <- struct{}{}
	}
	if w := post(); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	<-s.waiting
	if w := post(); w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
