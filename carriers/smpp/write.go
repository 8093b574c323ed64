package smpp

import (
	"fmt"
	"time"

	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

const maxWrite = 64 << 10 // bytes in one write, and a little more

// written says where in a write a part began.
type written struct {
	seq uint32
	at  int
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
