package carriers

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// fastServer answers every request with the same bytes and allocates nothing, so that a benchmark shows the client.
func fastServer(tb testing.TB) *url.URL {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	answer := []byte("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"sid\":\"SM123\"}")
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
					for { // the header ends with an empty line; the body of the benchmark is the rest of one read
						line, err := r.ReadSlice('\n')
						if err != nil {
							return
						}
						if len(bytes.TrimSpace(line)) == 0 {
							break
						}
					}
					if _, err := r.Discard(len(benchBody)); err != nil {
						return
					}
					if _, err := conn.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	u, _ := url.Parse("http://" + l.Addr().String() + "/send")
	return u
}

const benchBody = "To=%2B447700900123&From=%2B15005550006&Body=Hello+there&StatusCallback=https%3A%2F%2Fsms.example.com%2Freceipts%2Falpha%2Fabc"

func BenchmarkClient(b *testing.B) {
	u := fastServer(b)
	c := NewClient(ClientOptions{})
	defer c.Close()
	h := c.Headers("Content-Type", "application/x-www-form-urlencoded", "Authorization", "Basic QUNhOmI=")
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a := c.Do(context.Background(), Request{Method: "POST", URL: u, Header: h, Body: []byte(benchBody)})
			if !a.OK() {
				b.Error(a.Err, a.Status)
			}
			a.Release()
		}
	})
}

func BenchmarkBareHTTPClient(b *testing.B) {
	u := fastServer(b)
	t := &http.Transport{MaxIdleConnsPerHost: 64}
	defer t.CloseIdleConnections()
	c := &http.Client{Transport: t, Timeout: 10 * time.Second}
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequestWithContext(context.Background(), "POST", u.String(), strings.NewReader(benchBody))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Authorization", "Basic QUNhOmI=")
			resp, err := c.Do(req)
			if err != nil {
				b.Error(err)
				continue
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}
