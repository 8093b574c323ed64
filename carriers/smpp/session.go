package smpp

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

const (
	maxLate  = 10_000 // answers that nobody waits for any more and that may still come
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
	useful  bool // a message was taken on it, either way
	over    bool
	err     error
}

// flight is a part that was handed out.
type flight struct {
	j      *job
	i      int
	unsent bool // the write has failed before its first byte
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

// proved says that the bind was of use: the peer is well, and its next bind need not be put off for long.
func (s *session) proved() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.useful
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
