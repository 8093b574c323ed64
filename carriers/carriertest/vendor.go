package carriertest

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// Request is a request that reached the vendor.
type Request struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
}

// vendor plays the carrier's side: what it answers is set by each check.
type vendor struct {
	*httptest.Server

	mu   sync.Mutex
	play http.HandlerFunc
	seen []Request
}

func newVendor(t testing.TB) *vendor {
	v := &vendor{}
	v.Server = httptest.NewUnstartedServer(v)
	v.Config.ErrorLog = log.New(io.Discard, "", 0) // it is made to fail
	v.Start()
	t.Cleanup(v.Close)
	return v
}

// ServeHTTP notes the request and plays.
func (v *vendor) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // cut off: it never arrived
	}
	v.mu.Lock()
	v.seen = append(v.seen, Request{Method: req.Method, URL: req.URL, Header: req.Header, Body: body})
	play := v.play
	v.mu.Unlock()
	play(w, req)
}

// plays sets what happens next and forgets what was seen.
func (v *vendor) plays(h http.HandlerFunc) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.play, v.seen = h, nil
}

// requests are those seen since plays.
func (v *vendor) requests() []Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Request(nil), v.seen...)
}

// answers plays a fixed answer.
func answers(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// drops closes the connection without an answer; reset says whether as hard as TCP can.
func drops(reset bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}
