package smpp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

const (
	firstPause = time.Second
	mostPause  = time.Minute
	stable     = time.Minute // a bind that held that long was a good one, and so was one on which a message was taken
	tries      = 5           // of a bind that is refused as if the credentials were wrong
)

// Run holds the binds until ctx ends, and hands on what comes on them. A second Run waits for the end of the first:
// meanwhile its messages go out on the first one's binds.
func (c *Carrier) Run(ctx context.Context, deliver func(context.Context, []carriers.Receipt) error) error {
	select {
	case c.holder <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	defer func() { <-c.holder }()
	c.mu.Lock()
	c.down = nil
	c.mu.Unlock()

	live, stop := context.WithCancel(context.WithoutCancel(ctx)) // of what must outlast the binds
	defer stop()
	var hands sync.WaitGroup
	hands.Go(func() { c.hand(live, deliver) })
	var binds sync.WaitGroup
	first := make(chan struct{}) // closed when the first bind stands: a wrong password is tried once, not once a bind
	for i, command := range c.cfg.commands() {
		binds.Go(func() {
			if i == 0 {
				c.keep(ctx, command, sync.OnceFunc(func() { close(first) }))
				return
			}
			select {
			case <-first:
				c.keep(ctx, command, func() {})
			case <-ctx.Done():
			}
		})
	}
	<-ctx.Done()
	binds.Wait()
	c.inbox.drain(live, farewell)
	stop()
	hands.Wait()
	return nil
}

// keep holds one bind, and holds it again whenever it is lost.
func (c *Carrier) keep(ctx context.Context, command pdu.Command, bound func()) {
	for failures, refusals := 0, 0; ctx.Err() == nil; {
		began := time.Now()
		s, err := c.bind(ctx, command)
		stands := err == nil
		if stands {
			bound()
			c.log.Info("bound", "bind", bindName(command))
			err = s.serve(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if failures++; stands && (time.Since(began) > stable || s.proved()) {
			failures = 1
		}
		var no refusedBind
		if refusals++; !errors.As(err, &no) {
			refusals = 0
		}
		if refusals > 0 && no.final(refusals) {
			c.log.Error("bind given up", "bind", bindName(command), "reason", err.Error())
			c.noBind(command, c.refusedBy(no))
			return
		}
		pause := c.pause(failures)
		c.log.Warn("no bind", "bind", bindName(command), "reason", err.Error(), "again_in", pause)
		if !stands { // what was just lost may come back at once; what cannot be had is not waited for
			r := carriers.Refuse(carriers.ClassCarrierTransient, "no_bind", "", err.Error())
			if refusals > 0 {
				r = c.refusedBy(no)
			}
			r.RetryAfter = pause
			c.noBind(command, r)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// fullJitter lets many clients of a message center that has come back not come back together.
func fullJitter(failures int) time.Duration {
	most := min(mostPause, firstPause<<min(failures-1, 10))
	return most/20 + rand.N(most-most/20)
}

// noBind refuses submits if it is a bind for submits that is missing.
func (c *Carrier) noBind(command pdu.Command, r carriers.Result) {
	if command != pdu.BindReceiver {
		c.refuse(r)
	}
}

// refusedBind is a bind that was answered with a status.
type refusedBind struct{ status pdu.Status }

func (e refusedBind) Error() string { return "the bind was refused: " + e.status.String() }

// final says that asking again is pointless, and to a message center that locks accounts harmful. Many say ESME_RBINDFAIL
// for a wrong password, and many say it for a predecessor of which they do not know yet that it is gone.
func (e refusedBind) final(refusals int) bool {
	switch e.status {
	case pdu.BadPassword, pdu.BadSystemID:
		return true
	case pdu.BindFailed:
		return refusals >= tries
	}
	return false
}

func (c *Carrier) refusedBy(e refusedBind) carriers.Result {
	r := c.refusal(&part{status: e.status})
	if r.Accepted != carriers.No { // whatever the table says of messages, this one was never sent
		r = carriers.Refuse(carriers.ClassCarrierTransient, r.Code, r.Status, "")
	}
	r.Detail, r.RetryAfter = e.Error(), 0
	return r
}

// bind connects and binds.
func (c *Carrier) bind(ctx context.Context, command pdu.Command) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, c.binding)
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // wakes the read below
	defer stop()
	s := &session{
		c: c, conn: conn, secure: c.tls != nil, command: command, submits: command != pdu.BindReceiver,
		reader: pdu.NewReader(conn), wake: make(chan struct{}, 1), dead: make(chan struct{}), unbound: make(chan struct{}, 1),
		pending: map[uint32]flight{}, late: map[uint32]flight{}, window: c.cfg.Window, seq: 1,
	}
	if err := s.handshake(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	if !stop() { // ctx has ended, and conn is closed
		return nil, fmt.Errorf("binding: %w", ctx.Err())
	}
	return s, nil
}

func (s *session) handshake() error {
	c := s.c
	request := pdu.AppendBind(nil, s.command, s.seq, pdu.Bind{
		SystemID: c.cfg.SystemID, Password: c.password, SystemType: c.cfg.SystemType, Version: pdu.Version34,
		AddressRange: c.cfg.AddressRange,
	})
	if _, err := s.conn.Write(request); err != nil {
		return fmt.Errorf("binding: %w", err)
	}
	for {
		h, body, err := s.reader.Next()
		switch {
		case err != nil:
			return fmt.Errorf("binding: %w", err)
		case h.Command != s.command|pdu.Response && h.Command != pdu.GenericNack:
			continue // an enquire_link or alert that is early
		case h.Status != pdu.OK:
			return refusedBind{h.Status}
		case h.Command == pdu.GenericNack:
			return refusedBind{pdu.SystemError}
		}
		_, tlvs := pdu.ParseAnswer(body)
		if v, ok := tlvs.Find(pdu.TagSCVersion); ok && len(v) == 1 && v[0] < pdu.Version34 {
			c.log.Warn("the peer speaks an older version", "version", fmt.Sprintf("%#x", v[0]))
		}
		return nil
	}
}

func (c *Carrier) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{KeepAlive: 30 * time.Second}
	if c.tls == nil {
		return dialer.DialContext(ctx, "tcp", c.cfg.Address)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: c.tls}).DialContext(ctx, "tcp", c.cfg.Address)
}

// tlsConfig is nil for plain TCP. With a fingerprint the certificate must be that very one, whoever signed it.
func tlsConfig(cfg Config) *tls.Config {
	if !cfg.TLS {
		return nil
	}
	host, _, _ := net.SplitHostPort(cfg.Address)
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if want, _ := fingerprint(cfg.TLSFingerprint); want != nil {
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(state tls.ConnectionState) error { return sameCertificate(state.PeerCertificates, want) }
	}
	return t
}

func sameCertificate(chain []*x509.Certificate, want []byte) error {
	if len(chain) == 0 {
		return errors.New("the peer has no certificate")
	}
	if sum := sha256.Sum256(chain[0].Raw); !bytes.Equal(sum[:], want) {
		return fmt.Errorf("the certificate's fingerprint is %x, not tls_fingerprint", sum)
	}
	return nil
}

func bindName(c pdu.Command) string {
	switch c {
	case pdu.BindTransmitter:
		return "transmitter"
	case pdu.BindReceiver:
		return "receiver"
	}
	return "transceiver"
}

// Check binds and says goodbye: a message center has no balance to ask for.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	command := pdu.BindTransceiver
	if c.cfg.Bind == bindSplit {
		command = pdu.BindTransmitter
	}
	s, err := c.bind(ctx, command)
	var refused refusedBind
	switch {
	case errors.As(err, &refused) && refused.final(tries):
		return carriers.Standing{}, fmt.Errorf("%w: %s", carriers.ErrAuth, refused.status)
	case err != nil:
		return carriers.Standing{}, err
	}
	_, _ = s.conn.Write(pdu.Append(nil, pdu.Unbind, pdu.OK, s.seq+1)) // politeness: the question is answered
	return carriers.Standing{}, s.conn.Close()
}
