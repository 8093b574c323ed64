package smpp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

// TestMain makes the test binary a message center of its own process where a benchmark asks for one. Tests leave no
// goroutine behind.
func TestMain(m *testing.M) {
	if os.Getenv("SMSCTL_TEST_SMSC") != "" {
		os.Exit(fastCenter())
	}
	goleak.VerifyTestMain(m)
}

// fast takes everything and delivers a receipt for it.
type fast struct {
	*smsc.Server
	ids atomic.Int64
}

func (s *fast) Bind(pdu.Command, pdu.Bind) pdu.Status { return pdu.OK }

func (s *fast) Submit(account string, m *pdu.SM, answer func(smsc.Answer)) {
	id := strconv.FormatInt(s.ids.Add(1)+1e9, 10)
	answer(smsc.Answer{ID: id})
	if m.RegisteredDelivery == 0 {
		return
	}
	receipt := pdu.SM{
		Source: m.Dest, Dest: m.Source, ESMClass: pdu.ESMReceipt,
		Short: []byte("id:" + id + " sub:001 dlvrd:001 submit date:2603011200 done date:2603011201 stat:DELIVRD err:000 text:Hello"),
	}
	s.Deliver(account, &receipt, nil)
}

// fastCenter serves until its standard input ends.
func fastCenter() int {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	s := &fast{Server: &smsc.Server{Window: 1000}}
	s.Handler = s
	fmt.Fprintln(os.Stdout, l.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if s.Serve(ctx, l) != nil {
		return 1
	}
	return 0
}

// BenchmarkSubmit measures messages over one bind, a message center in another process.
func BenchmarkSubmit(b *testing.B) {
	for _, bm := range []struct {
		name, config string
		receipts     bool
	}{
		{"window 100", "window: 100\n", true},
		{"window 1000", "window: 1000\n", true},
		{"window 100, no receipts", "window: 100\nreceipts: {expected: false}\n", false},
	} {
		b.Run(bm.name, func(b *testing.B) { benchmark(b, bm.config, bm.receipts) })
	}
}

func benchmark(b *testing.B, config string, receipts bool) {
	center := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^$")
	center.Env = append(os.Environ(), "SMSCTL_TEST_SMSC=1")
	in, err := center.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := center.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := center.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = center.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	c := build(b, strings.TrimSpace(address), config)
	var came sync.WaitGroup
	if receipts {
		came.Add(b.N)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() {
		done <- c.Run(ctx, func(_ context.Context, rs []carriers.Receipt) error {
			for range rs {
				came.Done()
			}
			return nil
		})
	}()
	m := message("Hello, this is a message of ordinary length, as campaigns have it: 20 % off.")
	b.ReportAllocs()
	b.ResetTimer()
	workers, each := c.Info().Common.MaxInFlight, atomic.Int64{}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for each.Add(1) <= int64(b.N) {
				if r := c.Submit(b.Context(), m); r.Accepted != carriers.Yes {
					b.Errorf("%+v", r)
				}
			}
		})
	}
	group.Wait()
	came.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
