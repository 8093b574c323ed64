// Package smpp sends through SMPP 3.4, the protocol that nearly every aggregator and operator speaks, over TCP or TLS.
//
//   - the protocol: https://smpp.org/SMPP_v3_4_Issue1_2.pdf
//   - command_status, message states, the text of receipts: sections 5.1.3, 5.2.28 and appendix B there
//   - ids that are hex in the answer and decimal in the receipt:
//     https://api.support.vonage.com/hc/en-us/articles/204015663-What-is-Vonage-s-SMPP-DLR-format
//   - receipts as they really look: https://openmarket.com/docs/Content/apis/v4smpp/deliveryreceipt-examples.htm
//
// [Carrier.Run] holds the binds, and [Carrier.Submit] puts messages into one queue from which all binds take what their
// windows allow. Everything that waits goes out in one write. SMPP has no reference of ours in receipts, so a receipt
// finds its attempt by the message center's id.
//
// # Long messages
//
// A message that is cut into parts has one answer, one id and one state. Its id is those of its parts joined by commas.
// Receipts speak of its parts; the store, which knows their ids whoever sent them, makes one state of theirs: delivered
// when all are, failed with the first that fails.
//
// # What is proved
//
// A request that was not handed to the network, and one that was answered with a status other than ESME_ROK, was not
// taken. Whatever was in flight when a connection died is in doubt. An answer that comes after nobody waited for it any
// more is told as a receipt: it settles what was ambiguous.
package smpp

import (
	"cmp"
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// maxPassword is far over the protocol's 8 characters, which not all message centers keep to.
const maxPassword = 64

//go:embed codes.tsv
var codesTSV string

//go:embed states.tsv
var statesTSV string

// Carrier is one SMPP account.
type Carrier struct {
	info     carriers.Info
	cfg      Config
	password string
	tls      *tls.Config // nil = plain TCP
	compose  *composer
	codes    *carriers.Codes
	dialect  *dialect
	ids      *book
	log      *slog.Logger
	now      func() time.Time
	timeout  time.Duration
	binding  time.Duration                    // what connecting and binding may take
	pause    func(failures int) time.Duration // before the next try to bind
	inbox    *inbox
	holder   chan struct{} // of capacity 1: who holds the binds

	mu       sync.Mutex
	waiting  fifo
	sessions []*session       // bound, and able to submit
	down     *carriers.Result // why submits are refused at once; nil = they wait for a bind
	hear     func(context.Context, []carriers.Inbound) error
}

var (
	_ carriers.Carrier        = (*Carrier)(nil)
	_ carriers.Session        = (*Carrier)(nil)
	_ carriers.InboundSession = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "smpp", Doc: "SMPP 3.4, plain or TLS (address, system_id, password)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	cfg.fill()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	password, err := env.Secret(cfg.Password)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	if len(password) > maxPassword {
		return nil, fmt.Errorf("password: is longer than %d characters", maxPassword)
	}
	codes, err := carriers.LoadCodes(codesTSV, cfg.Codes)
	if err != nil {
		return nil, err
	}
	dialect, err := newDialect(statesTSV, cfg, codes)
	if err != nil {
		return nil, err
	}
	now, log := env.Now, env.Log
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Carrier{
		info:     carriers.Info{Name: name, Type: "smpp", Common: cfg.Common},
		cfg:      cfg,
		password: password,
		tls:      tlsConfig(cfg),
		compose:  newComposer(cfg, cmp.Or(cfg.From, env.Sender), now),
		codes:    codes,
		dialect:  dialect,
		ids:      newBook(cfg.MessageID),
		log:      log.With("carrier", name),
		now:      now,
		timeout:  cfg.Timeout.Or(carriers.DefaultTimeout),
		binding:  cfg.Timeout.Or(carriers.DefaultTimeout),
		pause:    fullJitter,
		inbox:    newInbox(),
		holder:   make(chan struct{}, 1),
	}, nil
}

// Info describes the carrier.
func (c *Carrier) Info() carriers.Info { return c.info }

// Close has nothing left to end: the binds live as long as Run.
func (c *Carrier) Close(context.Context) error { return nil }

// Hear says who takes inbound messages.
func (c *Carrier) Hear(take func(context.Context, []carriers.Inbound) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hear = take
}

func (c *Carrier) hearer() func(context.Context, []carriers.Inbound) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hear
}

// Submit hands a message to whichever bind has a place in its window. Without one it waits for that, at most its
// timeout; once the message is handed to the network it waits for the answers of all its parts, at most its timeout too.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	if ctx.Err() != nil {
		return carriers.Refuse(carriers.ClassCarrierTransient, "cancelled", "", "cancelled before the submit")
	}
	pdus, ends, err := c.compose.compose(&m)
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "not_sent", "", err.Error())
	}
	j := newJob(&m, pdus, ends)
	if refusal := c.enqueue(j); refusal != nil {
		return *refusal
	}
	timer := time.NewTimer(c.timeout)
	defer timer.Stop()
	for {
		select {
		case <-j.done:
		case <-ctx.Done():
			c.abandon(j, "cancelled")
		case <-timer.C:
			if more := c.patience(j); more > 0 {
				timer.Reset(more)
				continue
			}
			c.abandon(j, "timeout")
		}
		return c.result(j)
	}
}

// result is what became of a message whose parts all have a fate.
func (c *Carrier) result(j *job) carriers.Result {
	count := [5]int{}
	first := [5]*part{}
	for i := range j.parts {
		p := &j.parts[i]
		if count[p.fate]++; first[p.fate] == nil {
			first[p.fate] = p
		}
	}
	switch {
	case count[taken] == len(j.parts):
		r := carriers.Accept(j.id(), "ESME_ROK")
		r.Segments, r.Parts = len(j.parts), j.ids()
		return r
	case count[lost] > 0:
		return carriers.Ambiguous(cmp.Or(j.why, "closed"), "", ambiguity(j, count[taken]))
	case count[taken] > 0:
		return c.partial(j, first[refused])
	case count[refused] > 0:
		return c.refusal(first[refused])
	case j.refusal != nil:
		return *j.refusal
	}
	return carriers.Refuse(carriers.ClassCarrierTransient, cmp.Or(j.why, "closed"), "", "no bind had a place for it")
}

func ambiguity(j *job, answered int) string {
	if len(j.parts) == 1 {
		return "no answer came"
	}
	return fmt.Sprintf("%d of %d parts were taken, of the others no answer came", answered, len(j.parts))
}

// refusal is the result of a part that was answered with a status other than ESME_ROK.
func (c *Carrier) refusal(p *part) carriers.Result {
	code := p.status.String()
	class, known := c.codes.Class(code)
	if !known {
		class = carriers.ClassUnknown
	}
	status := fmt.Sprintf("command_status 0x%08x", uint32(p.status))
	if class == carriers.ClassAmbiguous {
		return carriers.Ambiguous(code, status, "")
	}
	r := carriers.Refuse(class, code, status, "")
	if class == carriers.ClassThrottled {
		r.RetryAfter = throttlePause
	}
	return r
}

// throttlePause is how long a message center that says "too fast" is left alone; it does not say itself.
const throttlePause = time.Second

// partial is the result of a message of which only some parts were taken. The message center has it, and bills it, but
// nobody will read it whole: it is accepted, and failed by a receipt.
func (c *Carrier) partial(j *job, p *part) carriers.Result {
	why := carriers.Refuse(carriers.ClassCarrierTransient, "not_sent", "", "")
	if p != nil {
		why = c.refusal(p)
	}
	class := why.Class
	if class == carriers.ClassAmbiguous {
		class = carriers.ClassUnknown
	}
	done := j.count(taken)
	detail := fmt.Sprintf("%d of %d parts were taken", done, len(j.parts))
	c.inbox.add(delivery{receipt: carriers.Receipt{
		Ref: j.ref, ID: j.id(), To: j.to, State: carriers.ReceiptFailed, Class: class, Code: why.Code, Detail: detail, At: c.now(),
	}})
	r := carriers.Accept(j.id(), "ESME_ROK")
	r.Segments, r.Parts, r.Code, r.Detail = done, j.ids(), why.Code, detail
	return r
}
