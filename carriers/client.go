package carriers

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// DefaultTimeout bounds one exchange where the config does not.
	DefaultTimeout = 10 * time.Second

	defaultInFlight = 64

	// idleTimeout lies below the keep-alive timeouts of common servers (5 s and more): a connection that the server is
	// just closing swallows a request, and the message is then in doubt.
	idleTimeout = 4 * time.Second

	answerLimit = 64 << 10 // bytes of a body that are read unless the request says otherwise
	maxDials    = 3        // connections tried for one request of which nothing was written
)

// ClientOptions is what a type knows when it builds its client.
type ClientOptions struct {
	Common  Common           // max_in_flight and timeout count
	Now     func() time.Time // for a Retry-After that is a date
	Secrets []string         // never appear in what the client says

	// DisableKeepAlives gives every request a connection of its own, for gateways that drop idle ones at once.
	DisableKeepAlives bool
}

// Client is the one way in which carriers talk HTTP: one transport per configured account, bounded in time and size. It
// follows no redirects, and it never lets a request reach the wire twice: net/http repeats a request on a dead
// keep-alive connection if it thinks it idempotent (any GET, any Idempotency-Key), and an SMS never is.
type Client struct {
	transport *http.Transport
	timeout   time.Duration
	now       func() time.Time
	agent     string
	redact    *redactor
	answers   sync.Pool // of *Answer
}

// NewClient builds the client of one account.
func NewClient(o ClientOptions) *Client {
	inFlight := o.Common.MaxInFlight
	if inFlight <= 0 {
		inFlight = defaultInFlight
	}
	c := &Client{
		timeout: o.Common.Timeout.Or(DefaultTimeout),
		now:     o.Now,
		agent:   userAgent(),
		redact:  newRedactor(o.Secrets),
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.answers.New = func() any { return &Answer{client: c, buf: make([]byte, 0, 2<<10)} }

	dialer := &net.Dialer{Timeout: c.timeout, KeepAlive: 30 * time.Second}
	var http1 http.Protocols
	http1.SetHTTP1(true) // one request a connection at a time, so that bytes on the wire can be told apart
	c.transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &wireConn{Conn: conn}, nil
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    c.timeout,
		Protocols:              &http1,
		MaxIdleConns:           inFlight,
		MaxIdleConnsPerHost:    inFlight,
		IdleConnTimeout:        idleTimeout,
		DisableKeepAlives:      o.DisableKeepAlives,
		DisableCompression:     true, // answers are small, and a bomb must not unpack
		MaxResponseHeaderBytes: answerLimit,
	}
	return c
}

// Close ends the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Redact makes words of a vendor fit for logs and screens: one short line without secrets, whole phone numbers and
// control characters.
func (c *Client) Redact(s string) string { return c.redact.line(s) }

// Request is one HTTP request. URL and Header may be shared between requests: neither is written to. Body must not be
// reused afterwards.
type Request struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
	Limit  int // bytes of the answer to read, 0 = 64 KiB
}

// Do performs one exchange. What went wrong is in the answer, so that nobody can take an error for a refusal.
// [Answer.Release] gives its memory back.
func (c *Client) Do(ctx context.Context, r Request) *Answer {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for dials := 1; ; dials++ {
		a, stale := c.exchange(ctx, r)
		if !stale || dials == maxDials || ctx.Err() != nil {
			return a
		}
		a.Release()
	}
}

// exchange makes one try. It is stale if a kept-alive connection turned out dead before anything was written to it:
// then, and only then, another try sends nothing twice.
func (c *Client) exchange(ctx context.Context, r Request) (a *Answer, stale bool) {
	a = c.answers.Get().(*Answer)
	if err := ctx.Err(); err != nil {
		a.fail(err)
		return a, false
	}
	x := &trip{}
	x.trace.GotConn = x.gotConn
	resp, err := c.transport.RoundTrip(c.request(httptrace.WithClientTrace(ctx, &x.trace), r)) //nolint:bodyclose // read and closed below
	if err != nil {
		a.Written = x.written()
		a.fail(err)
		return a, x.reused && !a.Written
	}
	a.Written = true
	a.Status, a.Header = resp.StatusCode, resp.Header
	limit := r.Limit
	if limit == 0 {
		limit = answerLimit
	}
	a.read(resp.Body, limit)
	return a, false
}

// request builds the request such that net/http will not repeat it: it repeats only what has no body or can get it
// again.
func (c *Client) request(ctx context.Context, r Request) *http.Request {
	h := r.Header
	if h.Get("User-Agent") == "" {
		h = h.Clone()
		if h == nil {
			h = http.Header{}
		}
		h.Set("User-Agent", c.agent)
	}
	req := &http.Request{
		Method: r.Method, URL: r.URL, Host: r.URL.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	// A NopCloser of a bytes.Reader, because net/http then sends header and body in one write.
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.Body)), int64(len(r.Body))
	if len(r.Body) == 0 && !repeatable(r.Method, h) {
		req.Body = http.NoBody // an empty reader would go out chunked, which some gateways refuse
	}
	return req.WithContext(ctx)
}

// repeatable says what net/http would repeat if it had no body.
func repeatable(method string, h http.Header) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return h.Get("Idempotency-Key") != "" || h.Get("X-Idempotency-Key") != ""
	}
	return true
}

// Headers returns the header of all requests of a type: the pairs given, and the User-Agent, so that [Client.Do] need
// not copy it for each.
func (c *Client) Headers(pairs ...string) http.Header {
	h := http.Header{"User-Agent": {c.agent}}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func userAgent() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return "smsctl/" + version + " (+https://github.com/smsctl/smsctl)"
}

// ParseURL reads a base_url, or def where it is empty. Credentials belong into keys that take a secret.
func ParseURL(s, def string) (*url.URL, error) {
	if s == "" {
		s = def
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("is not an address: write https://host/path")
	case u.User != nil:
		return nil, errors.New("has a password in it: write it as a secret instead")
	case u.Fragment != "":
		return nil, errors.New("has a # in it, which is never sent: remove it")
	case u.Path == "":
		u.Path = "/" // JoinPath would leave the path without its first slash
	}
	return u, nil
}
