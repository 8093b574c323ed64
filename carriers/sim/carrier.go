package sim

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Config is a carrier of type sim.
type Config struct {
	carriers.Common `yaml:",inline"`
	Model           `yaml:",inline"`
}

// Carrier is a simulated carrier in process: no network, no account, nobody is reached.
type Carrier struct {
	info    carriers.Info
	engine  *engine
	now     func() time.Time
	born    time.Time
	timeout time.Duration
	agenda  *agenda[due]
	hear    func(context.Context, []carriers.Inbound) error // nil: nobody wants what people write back

	mu    sync.Mutex
	taken map[luck]known       // by the hash of the reference: a campaign of a million costs 50 MB, not 200
	ends  map[outcome]*outcome // the few outcomes there are, once each
}

// known is what the carrier remembers of a message that it took.
type known struct {
	final *outcome
	at    int64 // Unix nanoseconds: when final becomes true
}

// due is a receipt on its way.
type due struct {
	ref, to string
	from    string // of what somebody writes back: our number, and the text
	text    string
	outcome
	delay time.Duration // the last wait before another try
}

// PollingCarrier is a [Carrier] that can be asked about its messages.
type PollingCarrier struct{ *Carrier }

var (
	_ carriers.Carrier        = (*Carrier)(nil)
	_ carriers.InboundSession = (*Carrier)(nil)
	_ carriers.Poller         = PollingCarrier{}
	_ carriers.Looker         = PollingCarrier{}
)

const (
	defaultTimeout = 10 * time.Second
	batch          = 500 // receipts in one deliver: what one commit of the store likes
	retryFirst     = 100 * time.Millisecond
	retryMost      = 5 * time.Second
)

// Type is the entry for carriers/all.
func Type() carriers.Type {
	return carriers.Type{
		Name: "sim",
		Doc:  "simulated carrier: reaches nobody, behaves as you tell it",
		New: func(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
			var c Config
			if err := decode(&c); err != nil {
				return nil, err
			}
			return New(name, c, env)
		},
	}
}

// New builds a simulated carrier. It implements [carriers.Poller] and [carriers.Looker] unless the config says
// `poll: false`.
func New(name string, cfg Config, env carriers.Env) (carriers.Carrier, error) {
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	now := env.Now
	if now == nil {
		now = time.Now
	}
	c := &Carrier{
		info:    carriers.Info{Name: name, Type: "sim", Common: cfg.Common, RefInReceipts: true, Simulated: true},
		engine:  newEngine(name, cfg.Model, &epoch{}),
		now:     now,
		born:    now(),
		timeout: cfg.Timeout.Or(defaultTimeout),
		agenda:  newAgenda[due](now),
		taken:   make(map[luck]known),
		ends:    make(map[outcome]*outcome),
	}
	if cfg.pollable() {
		return PollingCarrier{c}, nil
	}
	return c, nil
}

// Info describes the carrier.
func (c *Carrier) Info() carriers.Info { return c.info }

// Close has nothing to end: what waits is forgotten with the process, as a test expects of a crash.
func (c *Carrier) Close(context.Context) error { return nil }

// Submit plays the message's fate. A ctx that ends while the answer is awaited loses the answer, not the message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	if ctx.Err() != nil {
		return carriers.Refuse(carriers.ClassCarrierTransient, "", "not sent", "cancelled before the submit")
	}
	now := c.now()
	f := c.engine.submit(&m, now)
	if f.taken {
		c.take(&m, &f, now)
	}
	wait, lost := f.latency, f.loss
	if lost == LossHang || wait > c.timeout {
		wait, lost = c.timeout, LossHang
	}
	if !sleep(ctx, wait) {
		return carriers.Ambiguous("", "cancelled", "the answer was not awaited")
	}
	switch {
	case lost == LossHang:
		return carriers.Ambiguous("", "timeout", "no answer came")
	case lost != "":
		return carriers.Ambiguous("", "reset", "the connection broke before the answer")
	case f.refusal != nil:
		return refused(f.refusal)
	}
	return carriers.Accept(idOf(m.Ref), "SIMULATED")
}

func refused(r *Refusal) carriers.Result {
	code := r.Code
	if code == "" {
		code = string(r.Class)
	}
	if r.Taken || r.Class == carriers.ClassAmbiguous {
		return carriers.Ambiguous(code, "SIMULATED", "the carrier's answer proves nothing")
	}
	res := carriers.Refuse(r.Class, code, "SIMULATED", r.Class.Traits().Title)
	res.RetryAfter = time.Duration(r.RetryAfter)
	return res
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// idOf is the carrier's id of a message, which tells nothing that the reference does not.
func idOf(ref string) string { return "sim-" + ref }

// take remembers a message and enters its receipts.
func (c *Carrier) take(m *carriers.Message, f *fate, now time.Time) {
	c.mu.Lock()
	end := c.ends[f.final]
	if end == nil {
		end = new(outcome)
		*end = f.final
		c.ends[f.final] = end
	}
	c.taken[luckOf(0, m.Ref)] = known{end, now.Add(f.done).UnixNano()}
	c.mu.Unlock()
	for _, p := range f.plan[:f.planned] {
		if p.badSignature {
			continue // nobody forges a call within one process
		}
		c.agenda.add(now.Add(p.after), due{ref: m.Ref, to: m.To, outcome: p.outcome})
	}
	if after, yes := c.engine.reply(m, f); yes {
		c.agenda.add(now.Add(after), due{ref: m.Ref, to: m.To, from: m.From, text: c.engine.replies.text()})
	}
}

// Run delivers receipts until ctx ends. What could not be committed is delivered again, later each time.
func (c *Carrier) Run(ctx context.Context, deliver func(context.Context, []carriers.Receipt) error) error {
	var ready []due
	for {
		ready, _ = c.agenda.next(ctx, ready, batch) // its error is ctx's
		if ctx.Err() != nil {
			c.putBack(ready, 0)
			return nil //nolint:nilerr // to be told to stop is no error
		}
		if err := c.hand(ctx, ready, deliver); err != nil {
			c.putBack(ready, retryFirst)
		}
	}
}

func (c *Carrier) putBack(ready []due, first time.Duration) {
	for _, d := range ready {
		d.delay = min(max(2*d.delay, first), retryMost)
		c.agenda.add(c.now().Add(d.delay), d)
	}
}

func (c *Carrier) receipt(d due) carriers.Receipt {
	return describe(carriers.Receipt{Ref: d.ref, ID: idOf(d.ref), To: d.to, At: c.now()}, d.outcome)
}

func describe(r carriers.Receipt, o outcome) carriers.Receipt {
	r.State, r.Class, r.Code = o.state, o.class, o.code
	if o.class != "" {
		r.Detail = o.class.Traits().Title
		if r.Code == "" {
			r.Code = string(o.class)
		}
	}
	return r
}

// Poll says what became of a message. Messages from before this process began are recalled from seed and reference.
func (c PollingCarrier) Poll(ctx context.Context, a carriers.Submitted) (carriers.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return carriers.Receipt{}, fmt.Errorf("polling %s: %w", c.info.Name, err)
	}
	k, ok := c.recall(a)
	if !ok && (a.Ref == "" || !a.At.Before(c.born)) {
		return carriers.Receipt{}, fmt.Errorf("polling %s: it took no message %q", c.info.Name, a.Ref)
	}
	if !ok {
		f := c.engine.recall(&carriers.Message{Ref: a.Ref, To: a.To, Text: a.Text})
		k = known{&f.final, a.At.Add(f.done).UnixNano()}
	}
	return c.state(a, k), nil
}

// Lookup says whether a submit arrived. Of submits before this process began nothing is known.
func (c PollingCarrier) Lookup(ctx context.Context, a carriers.Submitted) (carriers.Finding, error) {
	if err := ctx.Err(); err != nil {
		return carriers.Finding{}, fmt.Errorf("looking up at %s: %w", c.info.Name, err)
	}
	k, ok := c.recall(a)
	switch {
	case ok:
		return carriers.Finding{Verdict: carriers.Found, ID: idOf(a.Ref), Receipt: c.state(a, k)}, nil
	case a.Ref == "" || a.At.Before(c.born):
		return carriers.Finding{Verdict: carriers.Undecided}, nil
	}
	return carriers.Finding{Verdict: carriers.Absent}, nil
}

func (c *Carrier) recall(a carriers.Submitted) (known, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.taken[luckOf(0, a.Ref)]
	return k, ok
}

func (c *Carrier) state(a carriers.Submitted, k known) carriers.Receipt {
	r := carriers.Receipt{Ref: a.Ref, ID: idOf(a.Ref), To: a.To, At: c.now()}
	if k.at > r.At.UnixNano() {
		r.State = carriers.ReceiptSent
		return r
	}
	return describe(r, *k.final)
}
