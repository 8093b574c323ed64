package smpp

import (
	"context"
	"time"

	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// watch asks the peer at intervals whether it lives, and ends the session in order when ctx ends.
func (s *session) watch(ctx context.Context) {
	ask := time.NewTicker(s.c.cfg.EnquireLink.Or(defaultEnquireLink))
	defer ask.Stop()
	answer := time.NewTimer(0)
	defer answer.Stop()
	<-answer.C // it runs while an answer is awaited
	for waits := false; ; {
		select {
		case <-s.dead:
			return
		case <-ctx.Done():
			s.unbind()
			return
		case <-ask.C:
			if waits && !s.heard.Load() {
				continue
			}
			waits = true
			s.heard.Store(false)
			s.request(pdu.EnquireLink)
			answer.Reset(s.c.timeout)
		case <-answer.C:
			if waits = false; !s.heard.Load() { // anything at all is a sign of life
				s.end(errSilent)
				return
			}
		}
	}
}

// request sends a PDU of the session's own.
func (s *session) request(command pdu.Command) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.control = pdu.Append(s.control, command, pdu.OK, s.sequence())
	s.rouse()
}

// unbind lets what is in flight land, then says goodbye. Receipts that were committed are acknowledged before that; new
// ones are put off until the next bind.
func (s *session) unbind() {
	s.c.mu.Lock()
	s.closing = true
	s.c.mu.Unlock()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	deadline := time.NewTimer(s.c.timeout + farewell)
	defer deadline.Stop()
	for calm := false; !calm; {
		select {
		case <-s.dead:
			return
		case <-deadline.C:
			calm = true
		case <-poll.C:
			calm = s.calm()
		}
	}
	s.request(pdu.Unbind)
	bye := time.NewTimer(farewell)
	defer bye.Stop()
	select {
	case <-s.dead:
	case <-s.unbound:
	case <-bye.C:
	}
	s.end(errUnbound)
}

// calm says that nothing is in flight in either direction.
func (s *session) calm() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return len(s.pending) == 0 && s.unacked == 0 && len(s.control) == 0
}
