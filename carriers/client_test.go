package carriers

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func testClient(t *testing.T, o ClientOptions) *Client {
	t.Helper()
	if o.Common.Timeout == 0 {
		o.Common.Timeout = Duration(5 * time.Second)
	}
	c := NewClient(o)
	t.Cleanup(c.Close)
	return c
}

func parseURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// wireServer hands every request that arrives whole to handle, which owns the connection's answer; false closes it.
func wireServer(t *testing.T, handle func(conn net.Conn, req *http.Request) (keep bool)) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				r := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					if !handle(conn, req) {
						return
					}
				}
			}()
		}
	}()
	return parseURL(t, "http://"+l.Addr().String()+"/send")
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// dropping answers /warm and drops the connection once it has read a submit.
func dropping(t *testing.T) (u *url.URL, submits *atomic.Int64) {
	submits = new(atomic.Int64)
	u = wireServer(t, func(conn net.Conn, req *http.Request) bool {
		if req.URL.Path == "/warm" {
			_, err := io.WriteString(conn, okAnswer)
			return err == nil
		}
		submits.Add(1)
		return false
	})
	return u, submits
}

func TestNoReplayOnADroppedConnection(t *testing.T) {
	for _, tt := range []struct{ name, method, key, body string }{
		{"get", "GET", "", ""},
		{"post", "POST", "", "a=b"},
		{"post with key", "POST", "Idempotency-Key", "a=b"},
		{"empty post with key", "POST", "X-Idempotency-Key", ""},
		{"empty post", "POST", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, submits := dropping(t)
			c := testClient(t, ClientOptions{})
			warm := *u
			warm.Path = "/warm"
			if a := c.Do(t.Context(), Request{Method: "GET", URL: &warm}); !a.OK() {
				t.Fatal(a.Err)
			}
			h := http.Header{}
			if tt.key != "" {
				h.Set(tt.key, "one")
			}
			a := c.Do(t.Context(), Request{Method: tt.method, URL: u, Header: h, Body: []byte(tt.body)})
			if r, ok := a.Failed(); !ok || r.Accepted != Unknown || r.Code != "closed" {
				t.Errorf("got %+v, want an ambiguous result", r)
			}
			if n := submits.Load(); n != 1 {
				t.Errorf("the server saw %d submits, want 1", n)
			}
		})
	}
}

// TestReplayOfNetHTTP is the reason for the rule: it shows that the server of the test above does provoke net/http.
func TestReplayOfNetHTTP(t *testing.T) {
	u, submits := dropping(t)
	c := &http.Client{Transport: &http.Transport{}}
	warm := *u
	warm.Path = "/warm"
	resp, err := c.Get(warm.String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp, err := c.Get(u.String()); err == nil {
		_ = resp.Body.Close()
		t.Error("want an error")
	}
	if n := submits.Load(); n != 2 {
		t.Errorf("the server saw %d submits; if net/http no longer repeats, requests may be built more simply", n)
	}
}

// staleConn serves one request and then refuses every write, as a connection does that was reset while it idled.
type staleConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *staleConn) Write(b []byte) (int, error) {
	if c.writes.Add(1) > 1 {
		return 0, syscall.EPIPE
	}
	return c.Conn.Write(b)
}

func TestResendsWhenNothingWasWritten(t *testing.T) {
	var seen atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) { seen.Add(1) }))
	defer srv.Close()
	for _, method := range []string{"GET", "POST"} {
		seen.Store(0)
		c := testClient(t, ClientOptions{})
		dials := 0
		c.transport.DialContext = func(_ context.Context, network, addr string) (net.Conn, error) {
			conn, err := net.Dial(network, addr)
			if dials++; dials == 1 && err == nil {
				conn = &staleConn{Conn: conn}
			}
			return &wireConn{Conn: conn}, err
		}
		for range 2 {
			a := c.Do(t.Context(), Request{Method: method, URL: parseURL(t, srv.URL), Body: []byte("x=y")})
			if !a.OK() {
				t.Fatalf("%s: %v, want an answer by another connection", method, a.Err)
			}
			a.Release()
		}
		if seen.Load() != 2 || dials != 2 {
			t.Errorf("%s: %d requests on %d connections, want 2 and 2", method, seen.Load(), dials)
		}
		c.Close()
	}
}

func TestWhatAFailureProves(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(nil)
	defer plain.Close()
	hang := make(chan struct{})
	defer close(hang)

	for _, tt := range []struct {
		name string
		url  *url.URL
		want Acceptance
		code string
	}{
		{"connection refused", parseURL(t, closed.URL), No, "connect"},
		{"no such host", parseURL(t, "http://carrier.invalid/"), No, "dns"},
		{"certificate of nobody", parseURL(t, secure.URL), No, "tls"},
		{"no TLS at all", parseURL(t, strings.Replace(plain.URL, "http:", "https:", 1)), No, "tls"},
		{"no answer", wireServer(t, func(net.Conn, *http.Request) bool { <-hang; return false }), Unknown, "timeout"},
		{"reset", wireServer(t, func(c net.Conn, _ *http.Request) bool {
			_ = c.(*net.TCPConn).SetLinger(0)
			return false
		}), Unknown, "closed"},
		{"not HTTP", wireServer(t, func(c net.Conn, _ *http.Request) bool {
			_, _ = io.WriteString(c, "SSH-2.0-server\r\n")
			return false
		}), Unknown, "transport"},
		{"body cut off", wireServer(t, func(c net.Conn, _ *http.Request) bool {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{")
			return false
		}), Unknown, "closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			timeout := 10 * time.Second
			if tt.code == "timeout" || tt.code == "dns" {
				timeout = time.Second
			}
			c := testClient(t, ClientOptions{Common: Common{Timeout: Duration(timeout)}})
			a := c.Do(t.Context(), Request{Method: "POST", URL: tt.url, Body: []byte("x=y")})
			r, failed := a.Failed()
			if !failed || r.Accepted != tt.want || (r.Code != tt.code && tt.name != "no such host") {
				t.Errorf("got %+v (%v), want %v %s", r, a.Err, tt.want, tt.code)
			}
			if want := map[Acceptance]Class{No: ClassCarrierTransient, Unknown: ClassAmbiguous}[tt.want]; r.Class != want {
				t.Errorf("class %s, want %s", r.Class, want)
			}
			if r.Detail == "" {
				t.Error("no words about what happened")
			}
		})
	}
}

func TestCancelledBeforeAndAfter(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	u := wireServer(t, func(c net.Conn, _ *http.Request) bool {
		cancel()
		_, _ = c.Read(make([]byte, 1)) // until the client hangs up
		return false
	})
	c := testClient(t, ClientOptions{})
	a := c.Do(ctx, Request{Method: "POST", URL: u, Body: []byte("x")})
	if r, _ := a.Failed(); r.Accepted != Unknown || r.Code != "cancelled" || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("after the write: %+v", r)
	}
	a = c.Do(ctx, Request{Method: "POST", URL: u, Body: []byte("x")})
	if r, _ := a.Failed(); r.Accepted != No || r.Code != "cancelled" {
		t.Errorf("before the write: %+v", r)
	}
}

func TestBodyIsBoundedAndConnectionsAreKept(t *testing.T) {
	var conns atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/huge" {
			for range 64 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("a", 10_000))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := testClient(t, ClientOptions{})
	for range 5 {
		a := c.Do(t.Context(), Request{Method: "POST", URL: parseURL(t, srv.URL)})
		if string(a.Body) != strings.Repeat("a", 10_000) || a.Truncated {
			t.Fatalf("%d bytes, truncated %v", len(a.Body), a.Truncated)
		}
		a.Release()
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections for requests one after the other, want 1", conns.Load())
	}
	a := c.Do(t.Context(), Request{Method: "POST", URL: parseURL(t, srv.URL+"/huge")})
	if len(a.Body) != answerLimit || !a.Truncated || !a.OK() {
		t.Errorf("huge body: %d bytes, truncated %v, %v", len(a.Body), a.Truncated, a.Err)
	}

	fresh := testClient(t, ClientOptions{DisableKeepAlives: true})
	conns.Store(0)
	for range 3 {
		fresh.Do(t.Context(), Request{Method: "GET", URL: parseURL(t, srv.URL)}).Release()
	}
	if conns.Load() != 3 {
		t.Errorf("%d connections without keep-alive, want 3", conns.Load())
	}
}

func TestRequestsSayWhoTheyAreAndFollowNoRedirect(t *testing.T) {
	var agents []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		agents = append(agents, req.UserAgent())
		http.Redirect(w, req, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	c := testClient(t, ClientOptions{})
	a := c.Do(t.Context(), Request{Method: "POST", URL: parseURL(t, srv.URL), Body: []byte("x")})
	if len(agents) != 1 || !strings.HasPrefix(agents[0], "smsctl/") {
		t.Errorf("requests by %q, want one by smsctl", agents)
	}
	if r := a.Refused(&Codes{}, "", ""); r.Accepted != No || r.Class != ClassRequestInvalid || r.Status != "HTTP 307" {
		t.Errorf("redirect: %+v", r)
	}
}

// TestOverTLS shows that bytes are counted below TLS, where a handshake writes as well.
func TestOverTLS(t *testing.T) {
	drop := false
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		if !drop {
			return
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	defer srv.Close()
	c := testClient(t, ClientOptions{})
	c.transport.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
	var conns []*staleConn
	c.transport.DialContext = func(_ context.Context, network, addr string) (net.Conn, error) {
		conn, err := net.Dial(network, addr)
		stale := &staleConn{Conn: conn}
		stale.writes.Store(-1 << 32) // as long as it likes
		conns = append(conns, stale)
		return &wireConn{Conn: stale}, err
	}
	post := Request{Method: "POST", URL: parseURL(t, srv.URL), Body: []byte("x=y")}
	if a := c.Do(t.Context(), post); !a.OK() {
		t.Fatal(a.Err)
	}
	conns[0].writes.Store(1) // dead from now on
	if a := c.Do(t.Context(), post); !a.OK() || len(conns) != 2 {
		t.Errorf("%v on %d connections, want an answer on the second", a.Err, len(conns))
	}
	drop = true
	if r, _ := c.Do(t.Context(), post).Failed(); r.Accepted != Unknown || r.Code != "closed" || len(conns) != 2 {
		t.Errorf("dropped after the write: %+v on %d connections", r, len(conns))
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	srv.StartTLS()
	defer srv.Close()
	c := testClient(t, ClientOptions{})
	c.transport.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if r, _ := c.Do(t.Context(), Request{Method: "POST", URL: parseURL(t, srv.URL)}).Failed(); r.Accepted != No {
		t.Errorf("%+v", r)
	}
}

// TestProxies: what a proxy refuses never reached the carrier, as long as the proxy cannot read it.
func TestProxies(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no", http.StatusBadGateway)
	}))
	defer refusing.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tt := range []struct {
		name, proxy, target, code string
		want                      Acceptance
	}{
		{"not there", gone.URL, "http://carrier.invalid/", "proxy", No},
		{"refuses to connect", refusing.URL, "https://carrier.invalid/", "transport", No},
		{"answers itself", refusing.URL, "http://carrier.invalid/", "502", Unknown},
	} {
		c := testClient(t, ClientOptions{})
		proxy := parseURL(t, tt.proxy)
		c.transport.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
		a := c.Do(t.Context(), Request{Method: "POST", URL: parseURL(t, tt.target), Body: []byte("x")})
		r, failed := a.Failed()
		if !failed {
			r = a.Refused(&Codes{}, "", "")
		}
		if r.Accepted != tt.want || r.Code != tt.code {
			t.Errorf("%s: %+v, want %s %s", tt.name, r, tt.want, tt.code)
		}
	}
}
