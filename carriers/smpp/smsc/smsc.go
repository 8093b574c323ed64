// Package smsc is a message center that speaks SMPP 3.4: the other end of package smpp, for tests, benchmarks and the
// simulator. It keeps what it has to deliver until a client has acknowledged it, across connections, as real ones do.
package smsc

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// What a [Handler] may answer to a bind beside the statuses of the protocol.
const (
	HangUp  pdu.Status = 0xffffffff // the connection ends without an answer
	Silence pdu.Status = 0xfffffffe // nobody answers, and the connection stays
)

// Handler decides what the message center does.
type Handler interface {
	// Bind answers a bind request, by a status of the protocol or one of the two above.
	Bind(command pdu.Command, b pdu.Bind) pdu.Status

	// Submit takes a submit_sm. It is called in order for each connection and must not block. The message is valid until
	// it returns; answer is called once, then or later, or never for a message center that does not answer.
	Submit(account string, m *pdu.SM, answer func(Answer))
}

// Answer is a submit_sm_resp.
type Answer struct {
	Status pdu.Status
	ID     string
	TLVs   pdu.TLVs
}

// Server is the message center.
type Server struct {
	Handler Handler
	Name    string        // the system_id that it answers with, default smsc
	Window  int           // deliver_sm without an answer on a connection, default 100
	Again   time.Duration // until a deliver_sm that was refused is tried again, default 1 s

	mu       sync.Mutex
	accounts map[string]*account
	conns    map[*conn]bool
	asked    int // enquire_links that came
	putOff   int // deliver_sm that were refused
}

// account is what belongs to one system_id, whatever its connections do.
type account struct {
	queue []*parcel // waits for a connection that takes it
	owed  int       // of those and of what is on its way
	conns []*conn   // bound to receive
}

// parcel is a deliver_sm until it is acknowledged.
type parcel struct {
	pdu  []byte
	done func()
}

// Serve accepts connections until ctx ends, and returns when all have ended.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	stop := context.AfterFunc(ctx, func() {
		_ = l.Close() // Accept says so
		s.Drop()
	})
	defer stop()
	for {
		nc, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		c := s.open(nc)
		if ctx.Err() != nil {
			_ = nc.Close()
		}
		conns.Go(c.serve)
	}
}

// Drop cuts all connections, as a crash does.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.cut()
	}
}

// Cut ends all connections of an account, as a crash does: what was not written yet is lost, and receipts that were not
// acknowledged are delivered again.
func (s *Server) Cut(system string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.bound != 0 && c.system == system {
			c.cut()
		}
	}
}

// Bound is the number of connections that are bound.
func (s *Server) Bound() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.bound != 0 {
			n++
		}
	}
	return n
}

// Asked is the number of enquire_links that came.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Waiting is the number of deliver_sm of an account that nobody has acknowledged.
func (s *Server) Waiting(system string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account(system).owed
}

// PutOff is how often a deliver_sm was answered with a status other than ESME_ROK.
func (s *Server) PutOff() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putOff
}

// Deliver sends a deliver_sm to an account, when and where it can be had, until it is acknowledged; then it calls done,
// which may be nil.
func (s *Server) Deliver(system string, m *pdu.SM, done func()) {
	p := &parcel{pdu: pdu.AppendSM(nil, pdu.DeliverSM, 0, m), done: done}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(system)
	a.owed++
	a.put(p)
}

// put queues a parcel and wakes a connection. The caller holds the mutex.
func (a *account) put(p *parcel) {
	a.queue = append(a.queue, p)
	for _, c := range a.conns {
		if len(c.pending) < c.s.window() {
			c.rouse()
			return
		}
	}
}

func (s *Server) account(system string) *account {
	if s.accounts == nil {
		s.accounts = map[string]*account{}
	}
	a := s.accounts[system]
	if a == nil {
		a = &account{}
		s.accounts[system] = a
	}
	return a
}

func (s *Server) name() string {
	if s.Name != "" {
		return s.Name
	}
	return "smsc"
}

func (s *Server) window() int {
	if s.Window > 0 {
		return s.Window
	}
	return 100
}

func (s *Server) again() time.Duration {
	if s.Again > 0 {
		return s.Again
	}
	return time.Second
}
