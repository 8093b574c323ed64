package smpp

import (
	"context"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

const (
	batchSize  = 500     // what one commit of the store likes
	inboxLimit = 100_000 // more is put off: the peer keeps it
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// delivery is a receipt or an inbound message that waits to be committed, and then to be acknowledged.
type delivery struct {
	receipt carriers.Receipt
	inbound *carriers.Inbound // not a receipt
	s       *session          // nil: nobody waits for an acknowledgement
	command pdu.Command
	seq     uint32
}

// inbox is what has come and is not committed yet.
type inbox struct {
	mu    sync.Mutex
	items []delivery
	head  int  // of those, taken
	busy  bool // a batch is being committed
	bell  chan struct{}
}

func newInbox() *inbox { return &inbox{bell: make(chan struct{}, 1)} }

// add puts a delivery of our own in.
func (b *inbox) add(d delivery) {
	b.mu.Lock()
	b.items = append(b.items, d)
	b.mu.Unlock()
	b.ring()
}

// put takes a delivery of the peer unless there are too many already. It does not ring: the reader does, once a batch.
func (b *inbox) put(d delivery) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items)-b.head >= inboxLimit {
		return false
	}
	b.items = append(b.items, d)
	return true
}

func (b *inbox) ring() {
	select {
	case b.bell <- struct{}{}:
	default:
	}
}

// take waits for deliveries; none means that ctx has ended.
func (b *inbox) take(ctx context.Context, into []delivery) []delivery {
	into = into[:0]
	for {
		b.mu.Lock()
		n := min(len(b.items)-b.head, batchSize)
		fresh := b.items[b.head : b.head+n]
		into = append(into, fresh...)
		clear(fresh) // their payloads are not kept alive
		if b.head += n; b.head == len(b.items) {
			b.items, b.head = b.items[:0], 0
		}
		b.busy = n > 0
		b.mu.Unlock()
		if n > 0 {
			return into
		}
		select {
		case <-b.bell:
		case <-ctx.Done():
			return nil
		}
	}
}

func (b *inbox) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items) == b.head && !b.busy
}

// drain waits until everything is committed, at most so long: what is not then was not acknowledged either.
func (b *inbox) drain(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !b.empty() {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}

// hand has what comes committed, and only then acknowledges it.
func (c *Carrier) hand(ctx context.Context, deliver func(context.Context, []carriers.Receipt) error) {
	var batch []delivery
	for {
		if batch = c.inbox.take(ctx, batch); len(batch) == 0 {
			return
		}
		var receipts []carriers.Receipt
		var inbound []carriers.Inbound
		for i := range batch {
			if d := &batch[i]; d.inbound != nil {
				inbound = append(inbound, *d.inbound)
			} else {
				receipts = append(receipts, d.receipt)
			}
		}
		ok := len(receipts) == 0 || c.insist(ctx, func() error { return deliver(ctx, receipts) })
		ok = ok && (len(inbound) == 0 || c.insist(ctx, func() error { return c.hearer()(ctx, inbound) }))
		if !ok {
			return // ctx has ended; the peer will send again what was not acknowledged
		}
		c.acknowledge(batch)
	}
}

// insist commits until it succeeds, later each time; false means that ctx has ended.
func (c *Carrier) insist(ctx context.Context, commit func() error) bool {
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		err := commit()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		c.log.Error("receipts not stored", "reason", err.Error(), "again_in", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
	}
}

// acknowledge answers what was committed, on the session on which it came if that still stands.
func (c *Carrier) acknowledge(batch []delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range batch {
		d := &batch[i]
		if d.s == nil || d.s.over {
			continue
		}
		d.s.control = pdu.AppendAnswer(d.s.control, d.command, pdu.OK, d.seq, "", nil)
		d.s.unacked--
		if d.s.idle {
			d.s.rouse()
		}
	}
}

// delivered takes a deliver_sm or data_sm: a receipt or an inbound message.
func (s *session) delivered(h pdu.Header, body []byte) {
	d, status := s.c.read(h, body)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	switch {
	case status == pdu.OK && s.closing:
		status = pdu.TryLater // it would not be answered before the end
	case status == pdu.OK && d.inbound != nil && s.c.hear == nil:
		status = pdu.TryLater
	case status == pdu.OK:
		d.s, d.command, d.seq = s, h.Command, h.Sequence
		if s.unacked++; !s.c.inbox.put(d) {
			s.unacked--
			status = pdu.QueueFull
			break
		}
		s.useful = true
	}
	if status != pdu.OK {
		s.control = pdu.AppendAnswer(s.control, h.Command, status, h.Sequence, "", nil)
	}
}

// read says what a deliver_sm or data_sm is; a status other than OK is the answer to one that cannot be read.
func (c *Carrier) read(h pdu.Header, body []byte) (delivery, pdu.Status) {
	parse := pdu.ParseSM
	if h.Command == pdu.DataSM {
		parse = pdu.ParseData
	}
	sm, err := parse(body)
	if err != nil {
		return delivery{}, pdu.InvalidLength
	}
	if _, receipted := sm.TLVs.Find(pdu.TagReceiptedMessageID); !receipted && sm.ESMClass&pdu.ESMKind == 0 {
		in := c.dialect.inbound(&sm)
		in.At = c.now()
		return delivery{inbound: &in}, pdu.OK
	}
	return delivery{receipt: c.ids.resolve(c.dialect.receipt(&sm))}, pdu.OK
}
