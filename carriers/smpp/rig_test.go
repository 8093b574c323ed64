package smpp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

const (
	systemID = "gamma"
	password = "canary-7"
	patience = 10 * time.Second // of a test that waits for something that happens at once
)

// center is a scripted message center.
type center struct {
	*smsc.Server
	address string

	mu     sync.Mutex
	bind   func(pdu.Command, pdu.Bind) pdu.Status
	submit func(m *pdu.SM, answer func(smsc.Answer))
	binds  []pdu.Bind
	got    []pdu.SM
	stop   func()
}

func (s *center) Bind(c pdu.Command, b pdu.Bind) pdu.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.binds = append(s.binds, b)
	if s.bind != nil {
		return s.bind(c, b)
	}
	if b.SystemID != systemID {
		return pdu.BadSystemID
	}
	if b.Password != password {
		return pdu.BadPassword
	}
	return pdu.OK
}

func (s *center) Submit(_ string, m *pdu.SM, answer func(smsc.Answer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := *m
	kept.Short, kept.TLVs = append([]byte(nil), m.Short...), append(pdu.TLVs(nil), m.TLVs...)
	s.got = append(s.got, kept)
	if s.submit != nil {
		s.submit(&kept, answer)
		return
	}
	answer(smsc.Answer{ID: fmt.Sprintf("id-%d", len(s.got))})
}

func (s *center) took() []pdu.SM {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]pdu.SM(nil), s.got...)
}

func (s *center) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.binds)
}

// newCenter starts a message center; on "" at a free port.
func newCenter(t testing.TB, address string) *center {
	t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &center{Server: &smsc.Server{Again: 20 * time.Millisecond}, address: l.Addr().String()}
	s.Handler = s
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// build makes a carrier for a message center.
func build(t testing.TB, address, more string) *Carrier {
	t.Helper()
	c, err := carriertest.Build(Type(), config(address)+more, slog.New(slog.NewTextHandler(logs{t}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	c.(*Carrier).pause = func(int) time.Duration { return 10 * time.Millisecond }
	return c.(*Carrier)
}

func config(address string) string {
	return "type: smpp\nsystem_id: " + systemID + "\npassword: " + password + "\naddress: " + address + "\n"
}

// logs are shown when a test fails.
type logs struct{ t testing.TB }

func (l logs) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// till is what a carrier delivers.
type till struct {
	receipts chan carriers.Receipt
	inbound  chan carriers.Inbound
	stop     func() // ends Run and waits for it

	mu   sync.Mutex
	fail error // what a delivery returns
}

func (d *till) failing(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = err
}

func (d *till) deliver(_ context.Context, rs []carriers.Receipt) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	for _, r := range rs {
		d.receipts <- r
	}
	return nil
}

// run runs a carrier until the end of the test.
func run(t testing.TB, c *Carrier) *till {
	t.Helper()
	d := &till{receipts: make(chan carriers.Receipt, 100_000), inbound: make(chan carriers.Inbound, 100)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, d.deliver) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	return d
}

// bound waits until a carrier can submit.
func bound(t testing.TB, c *Carrier) {
	t.Helper()
	eventually(t, "bound", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.sessions) > 0 })
}

func (d *till) next(t testing.TB) carriers.Receipt {
	t.Helper()
	select {
	case r := <-d.receipts:
		return r
	case <-time.After(patience):
		t.Fatal("no receipt came")
		return carriers.Receipt{}
	}
}

func (d *till) none(t testing.TB) {
	t.Helper()
	select {
	case r := <-d.receipts:
		t.Errorf("receipt %+v came", r)
	default:
	}
}

// eventually waits for what another goroutine does.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); {
		if time.Now().After(deadline) {
			t.Fatal("not so: " + what)
		}
		time.Sleep(time.Millisecond)
	}
}

func message(text string) carriers.Message {
	return carriers.Message{Ref: carriertest.Ref, To: "+447700900123", From: "ACME", Text: text, Segments: 1, Type: "transactional"}
}

// receiptFor is a receipt as most message centers write it.
func receiptFor(id, stat string) *pdu.SM {
	return smsc.Receipt{ID: id, From: "447700900123", To: "ACME", Word: stat, Err: "000", At: carriertest.Now()}.SM()
}
