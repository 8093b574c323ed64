//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/all"
	"github.com/smsctl/smsctl/carriers/receipts"
)

// clientWord makes the harness the ceiling's client, in a process of its own.
const clientWord = "ceiling-client"

// client submits like smsctl and forgets like nobody may: the adapter, its HTTP client and the window are smsctl's, the
// receipts are answered at once and thrown away.
type client struct {
	carrier  carriers.Carrier
	window   int
	public   string
	messages []carriers.Message
	next     atomic.Int64
	answered atomic.Int64
	refused  atomic.Int64
	over     chan struct{} // closed with the last receipt
	end      sync.Once
}

// patience is how long a client waits for the next receipt: a benchmark that hangs says nothing.
const patience = 30 * time.Second

func runClient(args []string) error {
	f := flag.NewFlagSet(clientWord, flag.ExitOnError)
	typ, base, listen := f.String("type", "http", ""), f.String("base", "", ""), f.String("listen", "", "")
	n, window, seed := f.Int("n", 0, ""), f.Int("window", 64, ""), f.Uint64("seed", 1, "")
	if err := f.Parse(args); err != nil {
		return err
	}
	c := &client{window: *window, public: "http://" + *listen, messages: make([]carriers.Message, *n), over: make(chan struct{})}
	var err error
	if c.carrier, err = adapter(*typ, *base, *window); err != nil {
		return err
	}
	numbers := newNumbers(*seed)
	for i := range c.messages {
		name, city := person(i)
		c.messages[i] = carriers.Message{
			Ref: "bench" + strconv.FormatInt(int64(100_000_000+i), 36), To: numbers.take(), From: sender, Text: greeting(name, city),
			Segments: 1, Type: "promotional", Validity: 24 * time.Hour,
		}
	}
	return c.run(context.Background(), *listen)
}

// adapter builds the carrier from the same config that smsctl gets.
func adapter(typ, base string, window int) (carriers.Carrier, error) {
	decode := func(into any) error {
		return yaml.UnmarshalWithOptions([]byte(carrierConfig(typ, base, window)), into, yaml.Strict())
	}
	for _, t := range all.Types() {
		if t.Name == typ {
			return t.New(carrierName, decode, carriers.Env{
				Now: time.Now, Secret: func(s carriers.Secret) (string, error) { return string(s), nil },
			})
		}
	}
	return nil, fmt.Errorf("there is no carrier type %q", typ)
}

func (c *client) run(ctx context.Context, listen string) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	talking, hangUp := context.WithCancel(ctx)
	defer hangUp()
	session := make(chan error, 1)
	if s, ok := c.carrier.(carriers.Session); ok {
		go func() { session <- s.Run(talking, c.deliver) }()
	} else {
		session <- nil
	}
	srv := &http.Server{Handler: http.HandlerFunc(c.receipt), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	var wg sync.WaitGroup
	for range c.window {
		wg.Go(func() { c.work(ctx) })
	}
	wg.Wait()
	if n := c.refused.Load(); n > 0 {
		return fmt.Errorf("%d messages were not taken", n)
	}
	if err := c.await(); err != nil {
		return err
	}
	hangUp()
	if err := <-session; err != nil {
		return err
	}
	if err := srv.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return c.carrier.Close(ctx)
}

func (c *client) work(ctx context.Context) {
	key := receipts.NewKey([]byte("the key of the callbacks"))
	for {
		i := c.next.Add(1) - 1
		if i >= int64(len(c.messages)) {
			return
		}
		m := c.messages[i]
		m.ReceiptURL = key.URL(c.public, carrierName, m.Ref)
		if res := c.carrier.Submit(ctx, m); res.Accepted != carriers.Yes {
			c.refused.Add(1)
		}
	}
}

// await returns with the last receipt.
func (c *client) await() error {
	for {
		before := c.answered.Load()
		select {
		case <-c.over:
			return nil
		case <-time.After(patience):
			if now := c.answered.Load(); now == before {
				return fmt.Errorf("no receipt for %s: %d came of %d", patience, now, len(c.messages))
			}
		}
	}
}

// heard counts receipts; a simulator that waits too long for an answer sends some twice.
func (c *client) heard(n int) {
	if c.answered.Add(int64(n)) >= int64(len(c.messages)) {
		c.end.Do(func() { close(c.over) })
	}
}

func (c *client) deliver(_ context.Context, rs []carriers.Receipt) error {
	c.heard(len(rs))
	return nil
}

func (c *client) receipt(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // whatever it says
	w.WriteHeader(http.StatusNoContent)
	c.heard(1)
}
