package receipts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

func TestAnswers(t *testing.T) {
	stolen := "/receipts/plain/ref2?" + strings.SplitN(path("plain", "ref1"), "?", 2)[1]
	foreign := "/receipts/plain/ref1?" + strings.SplitN(path("signed", "ref1"), "?", 2)[1]
	cases := []struct {
		name, method, path, signature, body string
		status                              int
		ref                                 string // committed, "" = nothing is
	}{
		{"address of ours", "POST", path("plain", "ref1"), "", "ref1 delivered", 204, "ref1"},
		{"reference from the address", "POST", path("plain", "ref1"), "", " delivered", 204, "ref1"},
		{"by GET", "GET", path("plain", "ref1"), "", " delivered", 204, "ref1"},
		{"name to escape", "POST", path("odd name", "ref1"), "", " sent", 204, "ref1"},
		{"signed, of the account", "POST", "/receipts/signed", "good", "ref7 delivered", 204, "ref7"},
		{"signed, of an attempt", "POST", path("signed", "ref1"), "good", " delivered", 204, "ref1"},
		{"signed, speaks for others", "POST", path("signed", "ref1"), "good", "ref2 delivered", 204, "ref2"},
		{"bad signature", "POST", "/receipts/signed", "bad", "ref1 delivered", 403, ""},
		{"bad signature, right mac", "POST", path("signed", "ref1"), "bad", "ref1 delivered", 403, ""},
		{"signature, wrong mac", "POST", "/receipts/signed/ref1?k=AAAAAAAAAAAAAAAAAAAAAA", "good", "ref1 delivered", 403, ""},
		{"signature, no mac", "POST", "/receipts/signed/ref1", "good", "ref1 delivered", 403, ""},
		{"wrong mac", "POST", path("plain", "ref1") + "x", "", "ref1 delivered", 403, ""},
		{"mac of another reference", "POST", stolen, "", "ref2 delivered", 403, ""},
		{"mac of another carrier", "POST", foreign, "", "ref1 delivered", 403, ""},
		{"body of another reference", "POST", path("plain", "ref1"), "", "ref2 delivered", 403, ""},
		{"unsigned, of the account", "POST", "/receipts/plain", "", "ref1 delivered", 403, ""},
		{"unknown carrier", "POST", path("nobody", "ref1"), "", "ref1 delivered", 404, ""},
		{"carrier without callbacks", "POST", path("mute", "ref1"), "", "ref1 delivered", 404, ""},
		{"no carrier", "POST", "/receipts/", "", "ref1 delivered", 404, ""},
		{"another path", "POST", "/", "", "ref1 delivered", 404, ""},
		{"too deep", "POST", "/receipts/plain/ref1/x", "", "ref1 delivered", 404, ""},
		{"method", "PUT", path("plain", "ref1"), "", "ref1 delivered", 405, ""},
		{"unreadable", "POST", path("plain", "ref1"), "", "?", 400, ""},
		{"unreadable query", "POST", "/receipts/signed?k=%zz", "good", "ref1 delivered", 400, ""},
		{"oversized", "POST", path("plain", "ref1"), "", strings.Repeat("x", 64<<10+1), 413, ""},
		{"broken adapter", "POST", path("plain", "ref1"), "", "panic", 500, ""},
		{"failing adapter", "POST", path("plain", "ref1"), "", "fail", 500, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s sink
			l := New(options(&s))
			web := httptest.NewServer(l.Handler())
			defer web.Close()
			status, _, _ := send(t, web.URL, c.method, c.path, c.signature, c.body)
			if got := strings.Join(s.refs(), " "); status != c.status || got != c.ref {
				t.Errorf("%d, committed %q; want %d, %q", status, got, c.status, c.ref)
			}
			st := l.Stats()
			if taken := c.status == 204; (st.Refused() == 0) != taken || (st.Receipts == 1) != taken || st.Requests != 1 {
				t.Errorf("stats are %+v", st)
			}
		})
	}
}

func TestReplyOfTheVendorsWish(t *testing.T) {
	web := httptest.NewServer(New(options(&sink{apply: func(context.Context) error { return errors.New("asked for nothing") }})).Handler())
	defer web.Close()
	status, body, h := send(t, web.URL, "POST", path("plain", "ref1"), "", "nothing")
	if status != 200 || body != "<Response/>" || h.Get("Content-Type") != "text/xml" {
		t.Errorf("%d %q %v", status, body, h)
	}
}

func TestUnsignedWhereAllowed(t *testing.T) {
	var s sink
	o := options(&s)
	o.AllowUnsigned = true
	web := httptest.NewServer(New(o).Handler())
	defer web.Close()
	if status, _, _ := send(t, web.URL, "POST", "/receipts/plain", "", "ref1 delivered"); status != 204 {
		t.Errorf("account-level receipt: %d", status)
	}
	if status, _, _ := send(t, web.URL, "POST", "/receipts/plain/ref1?k=guess", "", "ref1 delivered"); status != 403 {
		t.Errorf("a wrong mac is worse than none: %d", status)
	}
	if status, _, _ := send(t, web.URL, "POST", "/receipts/signed", "", "ref1 delivered"); status != 403 {
		t.Errorf("a signature that is missing: %d", status)
	}
}

func TestWithoutAKeyNoMACHolds(t *testing.T) {
	o := options(&sink{})
	o.Key = nil
	web := httptest.NewServer(New(o).Handler())
	defer web.Close()
	if status, _, _ := send(t, web.URL, "POST", NewKey(nil).URL("", "plain", "ref1"), "", "ref1 delivered"); status != 403 {
		t.Errorf("%d", status)
	}
}

func TestAddressAsTheCarrierKnowsIt(t *testing.T) {
	for _, c := range []struct{ public, request, want string }{
		{"https://sms.example.com", "/receipts/signed?a=1&b=%20", "https://sms.example.com/receipts/signed?a=1&b=%20"},
		{"https://sms.example.com/", "/receipts/signed", "https://sms.example.com/receipts/signed"},
		{"https://example.com/sms", "/receipts/signed?a=1", "https://example.com/sms/receipts/signed?a=1"},
		{"https://example.com/sms", "/sms/receipts/signed?a=1", "https://example.com/sms/receipts/signed?a=1"},
		{"https://example.com/a/b/", "/a/b/receipts/signed?", "https://example.com/a/b/receipts/signed?"},
		{"https://example.com/receipts", "/receipts/receipts/signed", "https://example.com/receipts/receipts/signed"},
		{"https://sms.example.com", path("odd name", "ref1"), "https://sms.example.com" + path("odd name", "ref1")},
	} {
		var got string
		o := options(&sink{})
		o.PublicURL = c.public
		o.Carriers = map[string]carriers.Carrier{
			"signed":   &fake{signed: true, seen: func(cb carriers.Callback) { got = cb.URL }},
			"odd name": &fake{seen: func(cb carriers.Callback) { got = cb.URL }},
		}
		web := httptest.NewServer(New(o).Handler())
		status, _, _ := send(t, web.URL, "POST", c.request, "good", "ref1 delivered")
		web.Close()
		if status != 204 || got != c.want {
			t.Errorf("%s behind %s: %d, seen as %q, want %q", c.request, c.public, status, got, c.want)
		}
	}
}

func TestSinkErrorThenRetry(t *testing.T) {
	var calls atomic.Int32
	s := sink{apply: func(context.Context) error {
		if calls.Add(1) == 1 {
			return errors.New("database is locked")
		}
		return nil
	}}
	l := New(options(&s))
	web := httptest.NewServer(l.Handler())
	defer web.Close()
	status, body, h := send(t, web.URL, "POST", path("plain", "ref1"), "", "ref1 delivered")
	if status != 503 || h.Get("Retry-After") == "" || strings.Contains(body, "locked") || len(s.refs()) != 0 {
		t.Errorf("%d %q, Retry-After %q", status, body, h.Get("Retry-After"))
	}
	if status, _, _ := send(t, web.URL, "POST", path("plain", "ref1"), "", "ref1 delivered"); status != 204 || len(s.refs()) != 1 {
		t.Errorf("the second time: %d, %v", status, s.refs())
	}
	if st := l.Stats(); st.SinkErrors != 1 || st.Receipts != 1 || st.Refused() != 0 {
		t.Errorf("stats are %+v", st)
	}
}

func TestStalledSinkEndsIn503(t *testing.T) {
	o := options(&sink{apply: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := httptest.NewRecorder()
		New(o).Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path("plain", "ref1"), strings.NewReader("ref1 delivered")))
		if w.Code != 503 || time.Since(began) != 10*time.Second {
			t.Errorf("%d after %s", w.Code, time.Since(began))
		}
	})
}

func TestVendorsHangingUpDoesNotUndoTheCommit(t *testing.T) {
	var s sink
	ctx, cancel := context.WithCancel(t.Context())
	s.apply = func(inner context.Context) error {
		cancel()
		return inner.Err()
	}
	req := httptest.NewRequest(http.MethodPost, path("plain", "ref1"), strings.NewReader("ref1 delivered")).WithContext(ctx)
	New(options(&s)).Handler().ServeHTTP(httptest.NewRecorder(), req)
	if len(s.refs()) != 1 {
		t.Error("nothing was committed")
	}
}

func TestHundredAtOnce(t *testing.T) {
	var s sink
	inside := make(chan struct{}, 100)
	open := make(chan struct{})
	s.apply = func(context.Context) error {
		inside <- struct{}{}
		<-open
		return nil
	}
	o := options(&s)
	o.Limits.AtOnce = 100
	l := New(o)
	web := httptest.NewServer(l.Handler())
	defer web.Close()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			ref := fmt.Sprint("ref", i)
			if status, _, _ := send(t, web.URL, "POST", path("plain", ref), "", ref+" delivered"); status != 204 {
				t.Errorf("%s: %d", ref, status)
			}
		})
	}
	for range 100 {
		<-inside
	}
	status, _, h := send(t, web.URL, "POST", path("plain", "more"), "", "more delivered")
	if status != 503 || h.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", status)
	}
	close(open)
	wg.Wait()
	if len(s.refs()) != 100 || l.Stats().Busy != 1 {
		t.Errorf("%d committed, stats %+v", len(s.refs()), l.Stats())
	}
}

// serving runs a listener on loopback; stop ends it and returns Serve's error.
func serving(t *testing.T, l *Listener) (base string, stop func() error) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx, ln) }()
	end := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = end() })
	return "http://" + ln.Addr().String(), end
}

func TestStopLetsCommitsEnd(t *testing.T) {
	var s sink
	inside, open := make(chan struct{}), make(chan struct{})
	s.apply = func(context.Context) error {
		close(inside)
		<-open
		return nil
	}
	base, stop := serving(t, New(options(&s)))
	status := make(chan int, 1)
	go func() {
		got, _, _ := send(t, base, "POST", path("plain", "ref1"), "", "ref1 delivered")
		status <- got
	}()
	<-inside
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	select {
	case err := <-stopped:
		t.Fatalf("it stopped before the commit: %v", err)
	case <-time.After(20 * time.Millisecond): // that long it had the chance to be wrong
	}
	close(open)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if got := <-status; got != 204 || len(s.refs()) != 1 {
		t.Errorf("%d, %v", got, s.refs())
	}
	if _, err := new(http.Client).Get(base); err == nil {
		t.Error("it still listens")
	}
}

func TestStopGivesUpOnWhatHangs(t *testing.T) {
	inside, open := make(chan struct{}), make(chan struct{})
	defer close(open)
	o := options(&sink{apply: func(context.Context) error { close(inside); <-open; return nil }})
	o.Limits.Goodbye = time.Millisecond
	base, stop := serving(t, New(o))
	go func() {
		if resp, err := new(http.Client).Post(base+path("plain", "ref1"), "", strings.NewReader("ref1 delivered")); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-inside
	if err := stop(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopping gave %v", err)
	}
}

func TestSlowBody(t *testing.T) {
	o := options(&sink{})
	o.Limits.Read = 50 * time.Millisecond
	l := New(o)
	base, _ := serving(t, l)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nref1 ", path("plain", "ref1"))
	b, err := io.ReadAll(conn) // until the listener closes it
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 408 ") || l.Stats().TooSlow != 1 {
		t.Errorf("%q, %v, stats %+v", b, err, l.Stats())
	}
}

func TestOversizedBodyWithoutALength(t *testing.T) {
	web := httptest.NewServer(New(options(&sink{})).Handler())
	defer web.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+path("plain", "ref1"),
		io.MultiReader(strings.NewReader(strings.Repeat("x", 64<<10)), strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 413 {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestProbe(t *testing.T) {
	o := options(&sink{})
	o.PublicURL = "https://example.com/sms"
	web := httptest.NewServer(New(o).Handler())
	defer web.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	gone := httptest.NewServer(nil)
	gone.Close()
	defer other.Close()
	for name, c := range map[string]struct {
		base  string
		key   *Key
		same  bool
		fails bool
	}{
		"same":          {web.URL, testKey, true, false},
		"with a slash":  {web.URL + "/", testKey, true, false},
		"with its path": {web.URL + "/sms", testKey, true, false},
		"another key":   {web.URL, NewKey([]byte("another")), false, false},
		"no key":        {web.URL, nil, false, false},
		"not smsctl":    {other.URL, testKey, false, false},
		"nobody":        {gone.URL, testKey, false, true},
		"no address":    {"::", testKey, false, true},
	} {
		if same, err := Probe(t.Context(), c.base, c.key); same != c.same || (err != nil) != c.fails {
			t.Errorf("%s: %v, %v", name, same, err)
		}
	}
	here := strings.TrimPrefix(web.URL, "http://")
	if same, err := ProbeHere(t.Context(), here, false, testKey, "signed", "odd name"); !same || err != nil {
		t.Errorf("with carriers that it knows: %v, %v", same, err)
	}
	if same, err := ProbeHere(t.Context(), here, false, testKey, "signed", "nobody"); same || !errors.Is(err, ErrOtherCarriers) {
		t.Errorf("with one that it does not know: %v, %v", same, err)
	}
	if same, err := ProbeHere(t.Context(), here, false, NewKey([]byte("another")), "nobody"); same || err != nil {
		t.Errorf("of another database: %v, %v", same, err)
	}
	for _, nonce := range []string{"", "short", strings.Repeat("x", 65)} {
		if status, _, _ := send(t, web.URL, "GET", "/receipts/.well-known/smsctl?nonce="+nonce, "", ""); status != 400 {
			t.Errorf("nonce %q: %d", nonce, status)
		}
	}
}

// What the identity endpoint signs must not open a receipt's address.
func TestNonceIsNoReference(t *testing.T) {
	web := httptest.NewServer(New(options(&sink{})).Handler())
	defer web.Close()
	_, mac, _ := send(t, web.URL, "GET", "/receipts/.well-known/smsctl?nonce=plain%2Fref1aaaaaaaa", "", "")
	if status, _, _ := send(t, web.URL, "POST", "/receipts/plain/ref1aaaaaaaa?k="+mac, "", " delivered"); status != 403 {
		t.Errorf("%d", status)
	}
}

// A listener that speaks TLS is known at its own address, whatever its certificate says; as carriers see it, it is not.
func TestProbeHere(t *testing.T) {
	key := NewKey([]byte("a key of this test's own"))
	srv := httptest.NewTLSServer(New(Options{Key: key}).Handler())
	defer srv.Close()
	address := srv.Listener.Addr().String()
	if same, err := ProbeHere(t.Context(), address, true, key); !same || err != nil {
		t.Errorf("over TLS: %v, %v", same, err)
	}
	if same, err := ProbeHere(t.Context(), address, true, NewKey([]byte("another"))); same || err != nil {
		t.Errorf("with another key: %v, %v", same, err)
	}
	if same, _ := ProbeHere(t.Context(), address, false, key); same {
		t.Error("in clear")
	}
	if same, err := Probe(t.Context(), srv.URL, key); same || err == nil {
		t.Errorf("a certificate that nobody signed: %v, %v", same, err)
	}
}
