package smsc

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// conn is one connection. One goroutine reads, one writes.
type conn struct {
	s      *Server
	nc     net.Conn
	system string
	wake   chan struct{} // of capacity 1
	dead   chan struct{}
	inside atomic.Bool // the reader is in the handler
	gone   atomic.Bool // it was cut: what was read with it and is not handled yet is lost too

	// Guarded by the server's mutex.
	bound   pdu.Command
	seq     uint32
	out     []byte
	pending map[uint32]*parcel
	last    bool // the connection ends after the next write
}

func (s *Server) open(nc net.Conn) *conn {
	c := &conn{s: s, nc: nc, wake: make(chan struct{}, 1), dead: make(chan struct{}), pending: map[uint32]*parcel{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.conns = map[*conn]bool{}
	}
	s.conns[c] = true
	return c
}

func (c *conn) serve() {
	var writer sync.WaitGroup
	writer.Go(c.write)
	c.read()
	close(c.dead)
	_ = c.nc.Close() // it is over either way
	writer.Wait()
	c.leave()
}

// leave gives back what was not acknowledged.
func (c *conn) leave() {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	a := s.account(c.system)
	a.conns = slices.DeleteFunc(a.conns, func(other *conn) bool { return other == c })
	for _, p := range c.pending {
		a.put(p)
	}
	if len(a.queue) > 0 && len(a.conns) > 0 {
		a.conns[0].rouse()
	}
}

// cut ends the connection at once; its reader notices. The caller holds the mutex.
func (c *conn) cut() {
	if tcp, ok := c.nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset: a crash says no goodbye
	}
	c.gone.Store(true)
	_ = c.nc.Close() // it is over either way
}

func (c *conn) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write sends answers, and deliveries as the window allows, everything that waits in one call.
func (c *conn) write() {
	var out []byte
	for {
		var last bool
		if out, last = c.gather(out[:0]); len(out) > 0 {
			if _, err := c.nc.Write(out); err != nil {
				_ = c.nc.Close() // wakes the reader
				return
			}
			continue
		}
		if last {
			_ = c.nc.Close() // wakes the reader
			return
		}
		select {
		case <-c.wake:
		case <-c.dead:
			return
		}
	}
}

func (c *conn) gather(out []byte) (_ []byte, last bool) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	out = append(out, c.out...)
	c.out = c.out[:0]
	if c.bound != pdu.BindReceiver && c.bound != pdu.BindTransceiver {
		return out, c.last
	}
	a := s.account(c.system)
	n := min(len(a.queue), s.window()-len(c.pending))
	for _, p := range a.queue[:max(0, n)] {
		c.seq = c.seq%pdu.MaxSequence + 1
		c.pending[c.seq] = p
		at := len(out)
		out = append(out, p.pdu...)
		pdu.SetSequence(out[at:], c.seq)
	}
	if n > 0 {
		a.queue = a.queue[n:]
	}
	return out, c.last
}

func (c *conn) read() {
	r := pdu.NewReader(c.nc)
	for {
		h, body, err := r.Next()
		if err != nil || c.gone.Load() {
			return
		}
		c.handle(h, body)
		if !r.Buffered() {
			c.rouse()
		}
	}
}

// say appends to what is written next.
func (c *conn) say(what func([]byte) []byte) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.out = what(c.out)
}

func (c *conn) handle(h pdu.Header, body []byte) {
	switch h.Command {
	case pdu.BindReceiver, pdu.BindTransmitter, pdu.BindTransceiver:
		c.bind(h, body)
	case pdu.SubmitSM:
		c.submit(h, body)
	case pdu.DeliverSM | pdu.Response:
		c.acknowledged(h)
	case pdu.EnquireLink:
		c.s.mu.Lock()
		c.s.asked++
		c.s.mu.Unlock()
		c.say(func(b []byte) []byte { return pdu.Append(b, pdu.EnquireLink|pdu.Response, pdu.OK, h.Sequence) })
	case pdu.Unbind:
		c.say(func(b []byte) []byte {
			c.last = true
			return pdu.Append(b, pdu.Unbind|pdu.Response, pdu.OK, h.Sequence)
		})
	default:
		if h.Command&pdu.Response == 0 {
			c.say(func(b []byte) []byte { return pdu.Append(b, pdu.GenericNack, pdu.InvalidCmd, h.Sequence) })
		}
	}
}

func (c *conn) bind(h pdu.Header, body []byte) {
	b, err := pdu.ParseBind(body)
	status := pdu.InvalidLength
	if err == nil {
		status = c.s.Handler.Bind(h.Command, b)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.bound != 0 {
		status = pdu.AlreadyBound
	}
	switch status {
	case HangUp:
		c.cut()
		return
	case Silence:
		return
	}
	c.out = pdu.AppendAnswer(c.out, h.Command, status, h.Sequence, c.s.name(), nil)
	if status != pdu.OK {
		c.last = c.bound == 0
		return
	}
	c.bound, c.system = h.Command, b.SystemID
	if h.Command != pdu.BindTransmitter {
		a := c.s.account(b.SystemID)
		a.conns = append(a.conns, c)
	}
}

func (c *conn) submit(h pdu.Header, body []byte) {
	answer := func(a Answer) {
		c.say(func(b []byte) []byte { return pdu.AppendAnswer(b, pdu.SubmitSM, a.Status, h.Sequence, a.ID, a.TLVs) })
	}
	m, err := pdu.ParseSM(body)
	switch {
	case c.bound != pdu.BindTransmitter && c.bound != pdu.BindTransceiver: // written by this goroutine alone
		answer(Answer{Status: pdu.InvalidBind})
		return
	case err != nil:
		answer(Answer{Status: pdu.InvalidLength})
		return
	}
	c.inside.Store(true)
	c.s.Handler.Submit(c.system, &m, func(a Answer) {
		answer(a)
		if !c.inside.Load() { // else the reader wakes the writer, once for all that it has read
			c.rouse()
		}
	})
	c.inside.Store(false)
}

// acknowledged ends a delivery, or puts it off if the client could not take it.
func (c *conn) acknowledged(h pdu.Header) {
	s := c.s
	s.mu.Lock()
	p, a := c.pending[h.Sequence], s.account(c.system)
	delete(c.pending, h.Sequence)
	switch {
	case p == nil:
	case h.Status == pdu.OK:
		a.owed--
	default:
		s.putOff++
		time.AfterFunc(s.again(), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			a.put(p)
		})
	}
	s.mu.Unlock()
	if p != nil && h.Status == pdu.OK && p.done != nil {
		p.done()
	}
}
