package smpp

import (
	"errors"
	"fmt"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// read handles what comes until the connection ends.
func (s *session) read() error {
	for {
		h, body, err := s.reader.Next()
		if errors.Is(err, pdu.ErrLength) {
			s.say(func(b []byte) []byte { return pdu.Append(b, pdu.GenericNack, pdu.InvalidLength, h.Sequence) })
			return fmt.Errorf("reading: %w", err)
		}
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		s.heard.Store(true)
		s.handle(h, body)
		if !s.reader.Buffered() {
			s.flush()
		}
	}
}

// flush wakes who has something to do after a batch of PDUs was read.
func (s *session) flush() {
	c := s.c
	c.inbox.ring()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.idle && (len(s.control) > 0 || s.last || s.room() > 0 && (s.current != nil || !c.waiting.empty())) {
		s.rouse()
	}
}

func (s *session) handle(h pdu.Header, body []byte) {
	switch h.Command {
	case pdu.SubmitSM | pdu.Response, pdu.GenericNack:
		s.answered(h, body)
	case pdu.DeliverSM, pdu.DataSM:
		s.delivered(h, body)
	case pdu.EnquireLink:
		s.say(func(b []byte) []byte { return pdu.Append(b, pdu.EnquireLink|pdu.Response, pdu.OK, h.Sequence) })
	case pdu.Unbind:
		s.say(func(b []byte) []byte {
			s.closing, s.last = true, true
			return pdu.Append(b, pdu.Unbind|pdu.Response, pdu.OK, h.Sequence)
		})
	case pdu.Unbind | pdu.Response:
		select {
		case s.unbound <- struct{}{}:
		default:
		}
	default:
		if h.Command&pdu.Response == 0 && h.Command != pdu.Alert && h.Command != pdu.Outbind { // which have no answer
			s.say(func(b []byte) []byte { return pdu.Append(b, pdu.GenericNack, pdu.InvalidCmd, h.Sequence) })
		}
	}
}

// say appends to what the writer sends next. The reader's flush wakes it.
func (s *session) say(what func([]byte) []byte) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.control = what(s.control)
}

// answered finds the request that an answer belongs to.
func (s *session) answered(h pdu.Header, body []byte) {
	status := h.Status
	if h.Command == pdu.GenericNack && status == pdu.OK {
		status = pdu.SystemError // a refusal all the same
	}
	id, congestion := "", -1
	if status == pdu.OK {
		var tlvs pdu.TLVs
		id, tlvs = pdu.ParseAnswer(body)
		if v, ok := tlvs.Find(pdu.TagCongestionState); ok && len(v) == 1 {
			congestion = int(v[0])
		}
	}
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if congestion >= 0 {
		s.window = eased(c.cfg.Window, congestion)
	}
	f, ok := s.pending[h.Sequence]
	delete(s.pending, h.Sequence)
	if !ok {
		if f, ok = s.late[h.Sequence]; ok {
			delete(s.late, h.Sequence)
			s.tooLate(f, status, id)
		}
		return
	}
	p := &f.j.parts[f.i]
	if status != pdu.OK {
		p.status = status
		f.j.settle(f.i, refused)
		return
	}
	s.useful = true
	p.id = c.register(f, id)
	f.j.settle(f.i, taken)
}

// eased is the window that a peer gets that says how congested it is (SMPP 5.0, 0–100).
func eased(window, congestion int) int {
	switch {
	case congestion < 80:
		return window
	case congestion < 90:
		return max(1, window/2)
	case congestion < 100:
		return max(1, window/4)
	}
	return 1
}

// tooLate tells of an answer that nobody waits for any more: the attempt is ambiguous, and this settles it.
func (s *session) tooLate(f flight, status pdu.Status, id string) {
	c, j := s.c, f.j
	if status != pdu.OK {
		c.log.Warn("late refusal", "ref", j.ref, "status", status.String())
		return
	}
	r := carriers.Receipt{Ref: j.ref, ID: c.register(f, id), To: j.to, State: carriers.ReceiptAccepted, At: c.now(), Parts: j.many(),
		Detail: "the answer came late"}
	c.inbox.add(delivery{receipt: r})
}

// register enters the id of a part that was taken, and tells what was said of it before.
func (c *Carrier) register(f flight, raw string) string {
	id, early := c.ids.taken(f.j, raw)
	for _, r := range early {
		c.inbox.add(delivery{receipt: r})
	}
	return id
}
