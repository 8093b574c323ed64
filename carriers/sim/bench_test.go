package sim

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkSubmit measures the server with a client that costs next to nothing: submits through receipts, one
// receipt a message.
func BenchmarkSubmit(b *testing.B) {
	s, err := NewServer(ServerOptions{TruthLog: io.Discard, Scenario: Scenario{Seed: 1, Carriers: map[string]Peer{
		"alpha": {Dialect: DialectTwilio, AuthToken: "secret", Model: Model{Behaviour: Behaviour{
			Latency: &Delay{}, ReceiptDelay: &Delay{},
		}}},
	}}})
	if err != nil {
		b.Fatal(err)
	}
	var receipts atomic.Int64
	all := make(chan struct{})
	hook := listen(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
		if receipts.Add(1) == int64(b.N) {
			close(all)
		}
	}))
	address := listen(b, s.Handler())
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()

	form := "To=%2B447700900123&From=ACME&Body=Hello+world%2C+this+is+a+message&StatusCallback=" +
		"http%3A%2F%2F" + strings.ReplaceAll(hook, ":", "%3A") + "%2Freceipts%2Falpha%2Fabcdefgh12345678%3Fk%3Dabc"
	u := "http://" + address + "/alpha/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json"
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			p := poster{timeout: 1e10}
			for left.Add(-1) >= 0 {
				status, err := p.post(ctx, u, "application/x-www-form-urlencoded", "Authorization", s.peers["alpha"].basic, []byte(form))
				if err != nil || status != http.StatusCreated {
					b.Errorf("status %d, %v", status, err)
					return
				}
			}
		})
	}
	wg.Wait()
	<-all
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

func listen(tb testing.TB, h http.Handler) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	hs := &http.Server{Handler: h}
	go func() { _ = hs.Serve(ln) }()
	tb.Cleanup(func() { _ = hs.Close() })
	return ln.Addr().String()
}

// BenchmarkFate measures the decision alone.
func BenchmarkFate(b *testing.B) {
	d := Default()[0].Config
	d.Seed = 1
	e := newEngine("x", d.Model, &epoch{})
	m := message("abcdefgh12345678")
	b.ReportAllocs()
	for b.Loop() {
		e.submit(&m, start)
	}
}
