package receipts

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

func FuzzCut(f *testing.F) {
	for _, s := range []string{"/receipts/a/b", "/receipts/a", "/receipts/%2F/x", "/receipts//", "/receipts/a/b/", "/receipts/a%", "/", "/inbound/a", "/inbound/a/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, ok := cut(in)
		carrier, ref := r.carrier, r.ref
		if !ok {
			return
		}
		if carrier == "" || strings.Contains(ref, "/") {
			t.Errorf("%q gives %q and %q", in, carrier, ref)
		}
		if ref == "" {
			return
		}
		made, _, _ := strings.Cut(testKey.URL("", carrier, ref), "?")
		if r, ok := cut(made); !ok || r.carrier != carrier || r.ref != ref || r.inbound {
			t.Errorf("%q of %q and %q reads as %+v, %v", made, carrier, ref, r, ok)
		}
	})
}

func FuzzMAC(f *testing.F) {
	f.Add("alpha", "ref1", "alpha", "ref2")
	f.Add("a/b", "c", "a", "b/c")
	f.Add("a%2Fb", "c", "a/b", "c")
	f.Fuzz(func(t *testing.T, c1, r1, c2, r2 string) {
		_, mac, _ := strings.Cut(testKey.URL("", c1, r1), "?k=")
		if !testKey.holds("receipt", c1, r1, mac) {
			t.Errorf("the mac of %q and %q does not hold", c1, r1)
		}
		if (c1 != c2 || r1 != r2) && testKey.holds("receipt", c2, r2, mac) {
			t.Errorf("the mac of %q and %q holds for %q and %q", c1, r1, c2, r2)
		}
	})
}

func BenchmarkURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = testKey.URL("https://sms.example.com", "alpha", "0123456789abcdef0123")
	}
}

// BenchmarkListener measures receipts over loopback, the client included.
func BenchmarkListener(b *testing.B) {
	o := options(noSink{})
	web := httptest.NewServer(New(o).Handler())
	defer web.Close()
	address := strings.TrimPrefix(web.URL, "http://")
	request := "POST " + path("plain", "ref1") + " HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\nref1 delivered"
	const connections = 16
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for range connections {
		wg.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			buf := make([]byte, 1024)
			for left.Add(-1) >= 0 {
				if _, err := io.WriteString(conn, request); err != nil {
					b.Error(err)
					return
				}
				n, err := conn.Read(buf)
				if err != nil || !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 204") {
					b.Errorf("%q, %v", buf[:n], err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
}

type noSink struct{}

func (noSink) ApplyReceipts(context.Context, string, string, []carriers.Receipt) error { return nil }
