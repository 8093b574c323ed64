package sim

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// callback is a receipt on its way to whoever submitted the message.
type callback struct {
	url    string
	record int32
	part   int // vonage: of a long message
	tries  int
	reply  bool // no receipt, but what somebody writes back
	planned
}

const (
	callbackRetryFirst = 200 * time.Millisecond
	callbackRetryMost  = 10 * time.Second
)

// callable says whether receipts can be posted to an address.
func callable(u string) bool {
	_, ok := split(u)
	return ok
}

// refOf is the reference that smsctl puts at the end of the path of a callback's address.
func refOf(u string) string {
	u, _, _ = strings.Cut(u, "?")
	return u[strings.LastIndexByte(u, '/')+1:]
}

// enter plans a message's receipts; where a dialect counts segments, each of them has its own.
func (p *peer) enter(f *fate, record int32, m *carriers.Message, now time.Time) {
	if m.ReceiptURL == "" {
		return // nobody wants to know
	}
	for _, r := range f.plan[:f.planned] {
		for part := range max(1, m.Segments) {
			p.agenda.add(now.Add(r.after), &callback{url: m.ReceiptURL, record: record, part: part, planned: r})
		}
	}
}

// sendReceipts posts what falls due until ctx ends. Each carrier has its own workers, so that one whose listener is
// stuck does not hold up another.
func (p *peer) sendReceipts(ctx context.Context) {
	jobs := make(chan *callback, p.ReceiptConnections) // one ahead of each worker, so that none waits for the agenda
	var wg sync.WaitGroup
	for range p.ReceiptConnections {
		wg.Go(func() {
			post := poster{timeout: 15 * time.Second}
			defer post.close()
			for c := range jobs {
				p.send(ctx, &post, c)
			}
		})
	}
	var ready []*callback
	var err error
	for err == nil {
		ready, err = p.agenda.next(ctx, ready, 256)
		for _, c := range ready {
			jobs <- c
		}
	}
	close(jobs)
	wg.Wait()
}

// send posts one receipt, and enters it again for later if it did not arrive.
func (p *peer) send(ctx context.Context, post *poster, c *callback) {
	if ctx.Err() != nil {
		return
	}
	rec := p.ledger.get(c.record)
	status, err := p.post(ctx, post, c, &rec)
	if ctx.Err() != nil {
		return // what this attempt came to is nobody's fault
	}
	l := line{
		at: p.server.now(), carrier: p.name, event: eventReceipt, to: rec.to, ref: rec.ref, http: status,
		state: string(c.state), class: string(c.class),
	}
	if err != nil {
		l.error = err.Error()
	}
	if c.reply {
		l.event = eventReply
	}
	p.server.add(l)
	switch {
	case status/100 == 2 && c.reply:
		return
	case status/100 == 2:
		p.count.receiptsOK.Add(1)
		return
	case c.badSignature:
		return // a stranger has no second try, and a refusal of his is right
	}
	p.count.receiptsFailed.Add(1)
	if c.tries >= *p.ReceiptRetries {
		p.count.receiptsDropped.Add(1)
		return
	}
	wait := min(callbackRetryFirst<<min(c.tries, 10), callbackRetryMost)
	c.tries++
	p.agenda.add(p.server.now().Add(wait), c)
}

func (p *peer) post(ctx context.Context, post *poster, c *callback, r *record) (int, error) {
	if c.reply {
		return p.postReply(ctx, post, c, r)
	}
	if p.Dialect == DialectTwilio {
		form, header, value := p.twilioCallback(c, r)
		return post.post(ctx, c.url, "application/x-www-form-urlencoded", header, value, form)
	}
	if p.Dialect == DialectVonage {
		address, form := p.vonageCallback(c, r)
		return post.post(ctx, address, "application/x-www-form-urlencoded", "Accept", "*/*", form)
	}
	token := p.basic
	if c.badSignature {
		token += "x"
	}
	json := plainReceipt(make([]byte, 0, 160), p.ledger.id(c.record), r.ref, c.outcome)
	return post.post(ctx, c.url, "application/json", "Authorization", token, json)
}
