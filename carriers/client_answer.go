package carriers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxRetryAfter bounds what a carrier can ask for: a wrong clock must not silence it for days.
const maxRetryAfter = time.Hour

// Answer is what came back from one exchange. Body and Header are valid until Release.
type Answer struct {
	Status    int // 0 = none came
	Header    http.Header
	Body      []byte
	Err       error // why there is no whole answer; redacted
	Written   bool  // a byte of the request may have reached the network
	Truncated bool  // the body went on

	fault  string // a word for Err: dns, connect, tls, proxy, timeout, cancelled, closed, transport
	client *Client
	buf    []byte
}

// Release gives the memory of the answer back; nothing of it may be used afterwards.
func (a *Answer) Release() {
	c := a.client
	*a = Answer{client: c, buf: a.buf[:0]}
	c.answers.Put(a)
}

func (a *Answer) fail(err error) {
	a.fault = faultOf(err)
	a.Err = redacted{words: a.client.Redact(err.Error()), cause: err}
}

// read takes the body into the answer's own buffer, at most limit bytes. Only a body that ended leaves the connection
// usable; closing another one ends it.
func (a *Answer) read(body io.ReadCloser, limit int) {
	defer func() { _ = body.Close() }()
	b := a.buf[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := body.Read(b[len(b):min(cap(b), limit+1)])
		b = b[:len(b)+n]
		if len(b) > limit {
			b, a.Truncated = b[:limit], true
			break
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			a.fail(err)
			break
		}
	}
	a.Body = b
	if cap(b) <= answerLimit { // a listing's megabyte is not kept
		a.buf = b
	}
}

// OK says that a whole answer with a status of 2xx came.
func (a *Answer) OK() bool { return a.Err == nil && a.Status/100 == 2 }

// StatusLine is the status for people.
func (a *Answer) StatusLine() string {
	if a.Status == 0 {
		return ""
	}
	return "HTTP " + strconv.Itoa(a.Status)
}

// RetryAfter is how long the carrier asked to be left alone, 0 if it did not.
func (a *Answer) RetryAfter() time.Duration {
	v := a.Header.Get("Retry-After")
	if v == "" {
		return 0
	}
	var d time.Duration
	if secs, err := strconv.ParseUint(v, 10, 32); err == nil {
		d = time.Duration(secs) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(a.client.now())
	} else {
		return 0
	}
	return max(0, min(d, maxRetryAfter))
}

// Failed is the result of a submit that has no whole answer; ok is false if there is an answer for the type to read.
// An answer that broke off after a status of refusal is one: its status says enough.
func (a *Answer) Failed() (r Result, ok bool) {
	switch {
	case a.Err == nil, a.Status != 0 && a.Status/100 != 2:
		return Result{}, false
	case !a.Written:
		return Refuse(ClassCarrierTransient, a.fault, "", a.Err.Error()), true
	}
	return Ambiguous(a.fault, a.StatusLine(), a.Err.Error()), true
}

// Unreadable is the result of a submit whose answer says success and makes no sense otherwise.
func (a *Answer) Unreadable(why string) Result {
	if a.Truncated {
		why += ", and longer than is read"
	}
	return Ambiguous("unreadable", a.StatusLine(), a.client.Redact(why))
}

// Refused is the result of a submit whose answer is not success. The type's table decides: by the vendor's code first
// ("" if the answer has none), then by "http/<status>". What is in neither is refused for 4xx and in doubt for 5xx.
func (a *Answer) Refused(codes *Codes, code, words string) Result {
	class, known := codes.Class(code)
	if !known {
		class, known = codes.Class("http/" + strconv.Itoa(a.Status))
	}
	if !known {
		class = classOfStatus(a.Status, code != "")
	}
	return a.RefusedAs(class, code, words)
}

// RefusedAs is Refused where the type knows the class already. ClassAmbiguous is no refusal.
func (a *Answer) RefusedAs(class Class, code, words string) Result {
	if code == "" {
		code = strconv.Itoa(a.Status)
	}
	words = a.client.Redact(words)
	if class == ClassAmbiguous {
		return Ambiguous(code, a.StatusLine(), words)
	}
	r := Refuse(class, code, a.StatusLine(), words)
	r.RetryAfter = a.RetryAfter()
	return r
}

// classOfStatus is for answers that no table knows.
func classOfStatus(status int, coded bool) Class {
	switch {
	case status >= 500, status == http.StatusRequestTimeout: // a proxy's 408 says nothing about what lies behind it
		return ClassAmbiguous
	case status == http.StatusTooManyRequests:
		return ClassThrottled
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ClassAccountAuth
	case status == http.StatusPaymentRequired:
		return ClassAccountBalance
	case status/100 == 4 && coded:
		return ClassUnknown
	case status/100 == 4, status/100 == 3: // a redirect is not followed: base_url is wrong
		return ClassRequestInvalid
	}
	return ClassAmbiguous
}

// Problem is the error of a poll or a lookup that has no usable answer, nil if it has one.
func (a *Answer) Problem() error {
	if a.Err != nil {
		return a.Err
	}
	if a.OK() {
		return nil
	}
	return fmt.Errorf("the carrier answered %s", a.StatusLine())
}

// redacted is an error whose words are fit to be shown; its cause stays for errors.Is.
type redacted struct {
	words string
	cause error
}

func (e redacted) Error() string { return e.words }
func (e redacted) Unwrap() error { return e.cause }

// faultOf names what went wrong below HTTP.
func faultOf(err error) string {
	var (
		dns    *net.DNSError
		op     *net.OpError
		cert   *tls.CertificateVerificationError
		record tls.RecordHeaderError
		alert  tls.AlertError
		host   x509.HostnameError
		ca     x509.UnknownAuthorityError
		slow   net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.As(err, &dns):
		return "dns"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "timeout"
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &host), errors.As(err, &ca),
		strings.HasPrefix(err.Error(), "tls: "):
		return "tls"
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "proxy"
	case errors.As(err, &op) && op.Op == "dial":
		return "connect"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "server closed"):
		return "closed"
	}
	return "transport"
}
