package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// rig is a server with a listener for its receipts.
type rig struct {
	*testing.T
	server *Server
	base   string // of the server
	hook   string // of the listener
	log    syncBuffer

	mu     sync.Mutex
	status func(n int) int // answer to the n-th receipt
	got    []*http.Request
	bodies []string
	came   chan struct{}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) lines(t *testing.T) []map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []map[string]any
	for sc := bufio.NewScanner(bytes.NewReader(s.b.Bytes())); sc.Scan(); {
		var m map[string]any
		if err := json.Unmarshal(sc.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", sc.Text(), err)
		}
		out = append(out, m)
	}
	return out
}

func newRig(t *testing.T, b Behaviour, phases ...Phase) *rig {
	t.Helper()
	r := &rig{T: t, came: make(chan struct{}, 1000), status: func(int) int { return http.StatusNoContent }}
	if b.Latency == nil {
		b.Latency = &Delay{}
	}
	if b.ReceiptDelay == nil {
		b.ReceiptDelay = &Delay{}
	}
	m := Model{Behaviour: b, Phases: phases}
	s, err := NewServer(ServerOptions{TruthLog: &r.log, Scenario: Scenario{Seed: 1, Carriers: map[string]Peer{
		"alpha": {Dialect: DialectTwilio, AccountSID: "AC1", AuthToken: "secret", Model: m},
		"delta": {Dialect: DialectPlain, Token: "token", Model: m},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	r.server = s
	web := httptest.NewServer(s.Handler())
	hook := httptest.NewServer(http.HandlerFunc(r.receive))
	r.base, r.hook = web.URL, hook.URL
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		hook.Close()
		web.Close()
	})
	return r
}

func (r *rig) receive(w http.ResponseWriter, req *http.Request) {
	b, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.got, r.bodies = append(r.got, req), append(r.bodies, string(b))
	status := r.status(len(r.got))
	r.mu.Unlock()
	w.WriteHeader(status)
	r.came <- struct{}{}
}

// wait returns once n receipts have come.
func (r *rig) wait(n int) {
	r.Helper()
	for range n {
		select {
		case <-r.came:
		case <-time.After(10 * time.Second):
			r.Fatal("no receipt came")
		}
	}
}

func (r *rig) do(method, path, user, pass, contentType, body string) (int, map[string]any, error) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if user != "" {
		req.SetBasicAuth(user, pass)
	} else {
		req.Header.Set("Authorization", "Bearer "+pass)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := new(http.Client).Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		r.Fatalf("%s %s: %d %v", method, path, resp.StatusCode, err)
	}
	return resp.StatusCode, out, nil
}

const messages = "/alpha/2010-04-01/Accounts/AC1/Messages"

func (r *rig) twilio(to, text string) (int, map[string]any, error) {
	form := url.Values{"To": {to}, "From": {"ACME"}, "Body": {text},
		"StatusCallback": {r.hook + "/receipts/alpha/ref" + to[1:] + "?k=mac&x=1"}}
	return r.do(http.MethodPost, messages+".json", "AC1", "secret", "application/x-www-form-urlencoded", form.Encode())
}

func (r *rig) plain(to, text string) (int, map[string]any, error) {
	body := fmt.Sprintf(`{"to":%q,"from":"ACME","text":%q,"ref":"ref%s","callback":%q}`, to, text, to[1:], r.hook+"/receipts/delta/x")
	return r.do(http.MethodPost, "/delta/send", "", "token", "application/json", body)
}
