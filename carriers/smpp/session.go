package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

const (
	maxWrite = 64 << 10 // bytes in one write, and a little more
	maxLate  = 10_000   // answers that nobody waits for any more and that may still come
	farewell = 5 * time.Second
)

var (
	errUnbound = errors.New("unbound")
	errSilent  = errors.New("the peer does not answer enquire_link")
)

// session is one bound connection. Three goroutines work on it: one reads, one writes, one watches the time.
type session struct {
	c       *Carrier
	conn    net.Conn
	secure  bool // TLS: a write that fails proves nothing about what was sent
	command pdu.Command
	submits bool
	reader  *pdu.Reader
	wake    chan struct{} // of capacity 1: there is something to write
	dead    chan struct{}
	unbound chan struct{} // the peer has answered our unbind
	heard   atomic.Bool   // something was read since the last look

	// Guarded by the carrier's mutex.
	seq     uint32
	pending map[uint32]flight
	late    map[uint32]flight // nobody waits for their answers any more
	current *job              // of which some parts are not handed out yet
	control []byte            // answers and requests of the session itself, to be written
	window  int
	unacked int  // receipts and inbound messages that are not answered yet
	idle    bool // the writer waits
	closing bool // no more submits
	last    bool // the connection ends after the next write
	over    bool
	err     error
}

// flight is a part that was handed out.
type flight struct {
	j      *job
	i      int
	unsent bool // the write has failed before its first byte
}

// written says where in a write a part began.
type written struct {
	seq uint32
	at  int
}

// serve works until the session ends, which an end of ctx brings about in order: answers are awaited, then unbind.
func (s *session) serve(ctx context.Context) error {
	s.join()
	var others sync.WaitGroup
	others.Go(s.write)
	others.Go(func() { s.watch(ctx) })
	s.end(s.read())
	others.Wait()
	return s.leave()
}

// join makes the session one from which messages go out.
func (s *session) join() {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.submits {
		c.sessions = append(c.sessions, s)
		c.down = nil
	}
}

// leave settles what was in flight.
func (s *session) leave() error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = slices.DeleteFunc(c.sessions, func(other *session) bool { return other == s })
	for _, f := range s.pending {
		if f.unsent {
			f.j.settle(f.i, unsent)
		} else {
			f.j.settle(f.i, lost)
		}
	}
	if j := s.current; j != nil {
		for i := j.next; i < len(j.parts); i++ {
			j.settle(i, unsent)
		}
	}
	if !c.waiting.empty() {
		c.nudge()
	}
	return s.err
}

// end ends the connection; the first reason counts.
func (s *session) end(err error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.over {
		return
	}
	s.over, s.closing, s.err = true, true, err
	close(s.dead)
	_ = s.conn.Close() // both directions are done for, whatever it says
}

// room is how many more requests the peer lets us have in flight.
func (s *session) room() int {
	if s.closing || !s.submits {
		return 0
	}
	return s.window - len(s.pending)
}

// rouse wakes the writer. The caller holds the mutex.
func (s *session) rouse() {
	s.idle = false
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// sequence is the next number of a request. The caller holds the mutex.
func (s *session) sequence() uint32 {
	if s.seq++; s.seq > pdu.MaxSequence {
		s.seq = 1
	}
	return s.seq
}

// forget stops waiting for an answer, and its place in the window is free again. The caller holds the mutex.
func (s *session) forget(seq uint32) {
	if f, ok := s.pending[seq]; ok {
		delete(s.pending, seq)
		if len(s.late) < maxLate {
			s.late[seq] = f
		}
		if s.idle && !s.c.waiting.empty() {
			s.rouse()
		}
	}
}

// write sends what there is to send, all of it in one call.
func (s *session) write() {
	var (
		out   []byte
		batch []written
		bye   bool
	)
	for {
		if out, batch, bye = s.gather(out[:0], batch[:0]); len(out) == 0 {
			if bye {
				s.end(errUnbound)
				return
			}
			select {
			case <-s.wake:
				continue
			case <-s.dead:
				return
			}
		}
		_ = s.conn.SetWriteDeadline(time.Now().Add(s.c.timeout)) // a dead connection says so in Write
		if n, err := s.conn.Write(out); err != nil {
			s.notWritten(batch, n)
			s.end(fmt.Errorf("writing: %w", err))
			return
		}
	}
}

// gather takes what may be written now: the session's own PDUs, and as many messages as the window has room for. bye
// says that nothing follows.
func (s *session) gather(out []byte, batch []written) (_ []byte, _ []written, bye bool) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.over {
		return out, batch, true
	}
	out = append(out, s.control...)
	s.control = s.control[:0]
	for s.room() > 0 && len(out) < maxWrite {
		if s.current == nil {
			if s.current = c.waiting.pop(); s.current == nil {
				break
			}
			s.current.since = time.Now()
		}
		j := s.current
		i := j.next
		if j.next++; j.next == len(j.parts) {
			s.current = nil
		}
		p := &j.parts[i]
		if p.fate != open {
			continue
		}
		p.by, p.seq = s, s.sequence()
		s.pending[p.seq] = flight{j: j, i: i}
		batch = append(batch, written{p.seq, len(out)})
		out = append(out, j.bytes(i)...)
		pdu.SetSequence(out[len(out)-len(j.bytes(i)):], p.seq)
	}
	s.idle = len(out) == 0
	return out, batch, s.last && s.idle
}

// notWritten marks the parts of which, after a write that failed after n bytes, the network has seen nothing.
func (s *session) notWritten(batch []written, n int) {
	if s.secure && n > 0 {
		return
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for _, w := range batch {
		if f, ok := s.pending[w.seq]; ok && w.at >= n {
			f.unsent = true
			s.pending[w.seq] = f
		}
	}
}

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
	r := carriers.Receipt{Ref: j.ref, ID: c.register(f, id), To: j.to, State: carriers.ReceiptAccepted, At: c.now(),
		Detail: "the answer came late"}
	if j.long != nil {
		r.ID = "" // not all parts have one
	}
	c.inbox.add(delivery{receipt: r})
}

// register enters the id of a part that was taken, and tells what was said of it before.
func (c *Carrier) register(f flight, raw string) string {
	id, early := c.ids.taken(f.j, f.i, raw)
	for _, r := range early {
		c.inbox.add(delivery{receipt: r})
	}
	return id
}
