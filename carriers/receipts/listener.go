package receipts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"github.com/smsctl/smsctl/carriers"
)

// Via is how receipts that came to the listener are named to the sink.
const Via = "callback"

// Sink makes receipts durable. It returns nil only after the commit.
type Sink interface {
	ApplyReceipts(ctx context.Context, carrier, via string, rs []carriers.Receipt) error
}

// InboundSink makes inbound messages durable, with what follows from them. It returns nil only after the commit, and takes
// a message that comes again as one.
type InboundSink interface {
	TakeInbound(ctx context.Context, carrier string, in []carriers.Inbound) error
}

// Options are what a [Listener] is made of.
type Options struct {
	Carriers      map[string]carriers.Carrier // by name; a [carriers.Receiver] or [carriers.InboundReceiver] has an address
	Sink          Sink
	Inbound       InboundSink // nil = inbound messages have no address here
	Key           *Key        // of the macs; without one no mac holds
	PublicURL     string      // what carriers are told; signatures are checked against it
	AllowUnsigned bool        // take receipts of types without a signature that carry no mac either
	Log           *slog.Logger
	Now           func() time.Time // nil = time.Now
	Limits        Limits
}

// Limits bound what strangers can make the listener do. Zero fields take the default.
type Limits struct {
	Body    int64         // bytes; 64 KiB
	Header  int           // bytes; 16 KiB
	AtOnce  int           // requests between their body and their commit; 1024
	Read    time.Duration // for a request to arrive; 10 s
	Commit  time.Duration // for the sink; 10 s, below the 15 s that vendors wait
	Goodbye time.Duration // for running requests when the listener stops; 15 s
}

func (l Limits) filled() Limits {
	l.Body = or(l.Body, 64<<10)
	l.Header = or(l.Header, 16<<10)
	l.AtOnce = or(l.AtOnce, 1024)
	l.Read = or(l.Read, 10*time.Second)
	l.Commit = or(l.Commit, 10*time.Second)
	l.Goodbye = or(l.Goodbye, 15*time.Second)
	return l
}

func or[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}

// Listener takes carriers' receipts.
type Listener struct {
	receivers map[string]receiver
	sink      Sink
	inbound   InboundSink
	key       *Key
	public    public
	unsigned  bool
	log       *slog.Logger
	now       func() time.Time
	limits    Limits
	slots     chan struct{} // AtOnce of them: taken while a request is verified and committed
	stats     counters
	complain  rate.Sometimes // a flood of refused requests must not become a flood of log lines
}

// receiver is a carrier with an address here.
type receiver struct {
	carriers.Receiver
	carriers.InboundReceiver
	signed, signedInbound bool
}

// New builds a listener; it listens once [Listener.Serve] runs.
func New(o Options) *Listener {
	l := &Listener{
		receivers: make(map[string]receiver), sink: o.Sink, inbound: o.Inbound, key: o.Key, public: newPublic(o.PublicURL),
		unsigned: o.AllowUnsigned, log: o.Log, now: o.Now, limits: o.Limits.filled(),
		complain: rate.Sometimes{First: 10, Interval: 10 * time.Second},
	}
	for name, c := range o.Carriers {
		rc := receiver{}
		rc.Receiver, _ = c.(carriers.Receiver)
		rc.InboundReceiver, _ = c.(carriers.InboundReceiver)
		if rc.Receiver != nil || rc.InboundReceiver != nil {
			info := c.Info()
			rc.signed, rc.signedInbound = info.Signed, info.SignedInbound
			l.receivers[name] = rc
		}
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.key == nil {
		l.key = NewKey(nil)
	}
	if l.now == nil {
		l.now = time.Now
	}
	l.slots = make(chan struct{}, l.limits.AtOnce)
	return l
}

// Serve takes requests from ln until ctx ends, lets those under way commit, and returns. It closes ln.
func (l *Listener) Serve(ctx context.Context, ln net.Listener) error {
	hs := &http.Server{
		Handler:           l.Handler(),
		ReadHeaderTimeout: l.limits.Read,
		ReadTimeout:       l.limits.Read,
		WriteTimeout:      l.limits.Read + l.limits.Commit + 5*time.Second, // runs from the end of the header
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    l.limits.Header,
		ErrorLog:          slog.NewLogLogger(l.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.limits.Goodbye)
		defer cancel()
		err := hs.Shutdown(grace)
		if err != nil {
			_ = hs.Close() // what did not commit by now is answered by nobody, and comes again
		}
		stopped <- err
	})
	err := hs.Serve(ln)
	if !stop() { // ctx ended: Serve returned as the shutdown began
		if err = <-stopped; err != nil {
			return fmt.Errorf("waiting for receipts under way: %w", err)
		}
		return nil
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("listening for receipts: %w", err)
}

// counters are the listener's part of [Stats].
type counters struct {
	requests, receipts, heard                           count
	unknown, method, mac, signature, unsigned, mismatch count
	tooLarge, tooSlow, payload                          count
	sink, busy, broken                                  count
}
