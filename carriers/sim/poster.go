package sim

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// poster posts over one keep-alive connection, one request after the other. net/http's client hands every request to
// two goroutines of its connection and back: on the two cores that simulator, program and listener share in a
// benchmark, that is a third of all there is to spend.
type poster struct {
	timeout time.Duration
	peer    target // whom conn leads to
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
}

// target is an address, cut into what a request needs.
type target struct {
	secure     bool
	host, path string // host as in the Host header
}

// split cuts an http or https address.
func split(u string) (target, bool) {
	var t target
	scheme, rest, ok := strings.Cut(u, "://")
	t.secure = scheme == "https"
	if !ok || scheme != "http" && !t.secure {
		return t, false
	}
	rest, _, _ = strings.Cut(rest, "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	t.host, t.path = rest[:end], rest[end:]
	if !strings.HasPrefix(t.path, "/") {
		t.path = "/" + t.path
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] <= ' ' || rest[i] >= 0x7f { // nothing may break out of the request line
			return t, false
		}
	}
	return t, t.host != "" && !strings.Contains(t.host, "@")
}

// post sends one request and returns the answer's status.
func (p *poster) post(ctx context.Context, url, contentType, header, value string, body []byte) (int, error) {
	t, ok := split(url)
	if !ok {
		return 0, fmt.Errorf("callback address cannot be used")
	}
	reused := p.conn != nil && p.peer.host == t.host && p.peer.secure == t.secure
	if !reused {
		if err := p.dial(ctx, t); err != nil {
			return 0, err
		}
	}
	b := append(append(append(p.out[:0], "POST "...), t.path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(append(b, t.host...), "\r\nUser-Agent: smsctl-sim\r\nContent-Type: "...), contentType...)
	b = append(append(append(append(append(b, "\r\n"...), header...), ": "...), value...), "\r\nContent-Length: "...)
	b = append(append(strconv.AppendInt(b, int64(len(body)), 10), "\r\n\r\n"...), body...)
	p.out = b
	status, err := p.exchange(ctx)
	if err != nil && reused && ctx.Err() == nil {
		// The other side had closed the idle connection. A receipt may come twice, so trying again is free.
		if err = p.dial(ctx, t); err == nil {
			status, err = p.exchange(ctx)
		}
	}
	return status, err
}

func (p *poster) dial(ctx context.Context, t target) error {
	p.close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address, port := t.host, "80"
	if t.secure {
		port = "443"
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), port)
	}
	var err error
	if t.secure {
		p.conn, err = new(tls.Dialer).DialContext(ctx, "tcp", address)
	} else {
		p.conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		p.conn = nil
		return fmt.Errorf("connecting for a callback: %w", err)
	}
	p.peer = t
	if p.in == nil {
		p.in = bufio.NewReaderSize(nil, 2048)
	}
	p.in.Reset(p.conn)
	return nil
}

// exchange writes p.out and reads the answer, until ctx ends.
func (p *poster) exchange(ctx context.Context) (int, error) {
	conn := p.conn
	_ = conn.SetDeadline(time.Now().Add(p.timeout)) // fails on a closed connection only, and then so does what follows
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := conn.Write(p.out); err != nil {
		p.close()
		return 0, fmt.Errorf("posting a callback: %w", err)
	}
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil {
		p.close()
		return 0, fmt.Errorf("reading a callback's answer: %w", err)
	}
	_, err = io.CopyN(io.Discard, resp.Body, 1<<16)
	_ = resp.Body.Close()
	if resp.Close || !errors.Is(err, io.EOF) {
		p.close()
	}
	return resp.StatusCode, nil
}

func (p *poster) close() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
}
