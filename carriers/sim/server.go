package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// ServerOptions are what a [Server] is made of.
type ServerOptions struct {
	Scenario Scenario
	Listen   string // address of Serve, such as 127.0.0.1:9100
	SMPP     string // the same for carriers that speak SMPP, such as 127.0.0.1:2775
	SMPPTLS  string // and for SMPP inside TLS, such as 127.0.0.1:3550; "" = none

	// Ready is called by Serve once it listens. May be nil.
	Ready func(Addresses)

	TruthLog io.Writer        // JSON lines of all that happens; may be nil
	Log      *slog.Logger     // may be nil
	Now      func() time.Time // nil = time.Now
}

// Addresses are where a simulator serves. Those of SMPP are "" where no carrier speaks it.
type Addresses struct {
	HTTP, SMPP, SMPPTLS string
	Fingerprint         string // of the certificate that TLS shows
}

// Server is the carriers of a scenario behind one address, each under /NAME, and the truth about them under /truth.
type Server struct {
	peers map[string]*peer
	door  *door // nil where no carrier speaks SMPP
	log   *slog.Logger
	truthLog
	now func() time.Time
}

// peer is one carrier of a server.
type peer struct {
	name   string
	server *Server
	Peer
	engine  *engine
	ledger  *ledger
	agenda  *agenda[*callback]
	answers *agenda[func()] // smpp: those that take their time
	count   counters
	basic   string // the Authorization header that is right
	segment string // path below /NAME under which twilio's resources lie
}

// NewServer checks the scenario and builds its carriers. Receipts flow while [Server.Run] does.
func NewServer(o ServerOptions) (*Server, error) {
	if err := o.Scenario.prepare(); err != nil {
		return nil, err
	}
	s := &Server{peers: make(map[string]*peer), log: o.Log, truthLog: truthLog{w: o.TruthLog}, now: o.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	ep := &epoch{}
	salt := uint64(s.now().UnixNano())
	for name, p := range o.Scenario.Carriers {
		s.peers[name] = &peer{
			name: name, server: s, Peer: p,
			engine:  newEngine(name, p.Model, ep),
			ledger:  newLedger(mix(salt ^ uint64(luckOf(p.Seed, name)))),
			agenda:  newAgenda[*callback](s.now),
			answers: newAgenda[func()](s.now),
			basic:   p.authorization(),
			segment: "2010-04-01/Accounts/" + p.AccountSID + "/Messages",
		}
	}
	s.door = newDoor(s)
	return s, nil
}

// Serve plays a scenario on its addresses until ctx ends.
func Serve(ctx context.Context, o ServerOptions) error {
	s, err := NewServer(o)
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listening for simulated carriers: %w", err)
	}
	at := Addresses{HTTP: ln.Addr().String()}
	doors, err := s.doors(ctx, o, &at)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	if o.Ready != nil {
		o.Ready(at)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, len(doors))
	for _, door := range doors {
		go func() {
			defer stop() // one without the other is no simulator
			served <- s.ServeSMPP(ctx, door)
		}()
	}
	err = s.Serve(ctx, ln)
	stop()
	for range doors {
		err = errors.Join(err, <-served)
	}
	return err
}

// doors listens for SMPP, plain and inside TLS, where a carrier speaks it.
func (s *Server) doors(ctx context.Context, o ServerOptions, at *Addresses) (doors []net.Listener, err error) {
	if s.door == nil {
		return nil, nil
	}
	plain, err := new(net.ListenConfig).Listen(ctx, "tcp", o.SMPP)
	if err != nil {
		return nil, fmt.Errorf("listening for SMPP: %w", err)
	}
	at.SMPP = plain.Addr().String()
	if o.SMPPTLS == "" {
		return []net.Listener{plain}, nil
	}
	cert, fingerprint, err := certificate(s.now())
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	secure, err := new(net.ListenConfig).Listen(ctx, "tcp", o.SMPPTLS)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for SMPP inside TLS: %w", err), plain.Close())
	}
	at.SMPPTLS, at.Fingerprint = secure.Addr().String(), fingerprint
	return []net.Listener{plain, tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})}, nil
}

// Serve plays the scenario on a listener until ctx ends. Receipts that are not due by then are never sent.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	hs := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx }, // ends the hanging answers
	}
	stopped := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() { stopped <- s.Run(running) }()
	closed := context.AfterFunc(ctx, func() {
		_ = hs.Close() // a carrier that goes away says nothing
	})
	defer closed()
	err := hs.Serve(ln)
	stop()
	if runErr := <-stopped; runErr != nil {
		return runErr
	}
	if errors.Is(err, http.ErrServerClosed) && ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serving simulated carriers: %w", err)
}

// Run sends receipts and flushes the truth log until ctx ends. Its error is the log's.
func (s *Server) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, p := range s.peers {
		if p.Dialect == DialectSMPP {
			wg.Go(func() { p.deliverReceipts(ctx) })
			wg.Go(func() { p.sendAnswers(ctx) })
			continue
		}
		wg.Go(func() { p.sendReceipts(ctx) })
	}
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			if err := s.flush(); err != nil {
				s.log.Error("truth log cannot be written", "error", err)
			}
		}
	}
	wg.Wait()
	if err := s.flush(); err != nil {
		return fmt.Errorf("writing the truth log: %w", err)
	}
	return nil
}

// Handler is the server's address space.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.route) }

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if name == "truth" {
		s.truth(w, r, rest)
		return
	}
	p := s.peers[name]
	switch {
	case p == nil:
		http.NotFound(w, r)
	case p.Dialect == DialectTwilio:
		p.twilio(w, r, rest)
	case p.Dialect == DialectVonage:
		p.vonage(w, r, rest)
	case p.Dialect == DialectSMPP:
		http.NotFound(w, r)
	default:
		p.plain(w, r, rest)
	}
}

// answer is what a dialect is to say after a submit.
type answer struct {
	id      string
	refusal *Refusal
	now     time.Time
}

// submit takes a message, waits as long as the carrier would, and says whether there is an answer: if not, the
// connection is gone already.
func (p *peer) submit(w http.ResponseWriter, r *http.Request, m *carriers.Message) (answer, bool) {
	a, f := p.take(m, false)
	if f.latency > 0 && !sleep(r.Context(), f.latency) {
		return a, false
	}
	if f.loss != "" {
		lose(w, r, f.loss)
		return a, false
	}
	return a, true
}

// take decides what becomes of a message, writes the truth down and plans the receipts. A further part of a long message
// has a fate of its own, but it is not a message.
func (p *peer) take(m *carriers.Message, part bool) (answer, fate) {
	a := answer{now: p.server.now()}
	f := p.engine.submit(m, a.now)
	a.refusal = f.refusal
	l := line{at: a.now, carrier: p.name, to: m.To, ref: m.Ref, text: textHash(m.Text)}
	if f.taken {
		i := p.ledger.add(m, &f, a.now, part)
		a.id = p.idOf(i)
		p.enter(&f, i, m, a.now)
		if !part {
			p.enterReply(&f, i, m, a.now)
		}
	}
	l.event, l.id = p.tally(&f), a.id
	if part && f.taken {
		l.event = eventPart
	}
	if f.refusal != nil {
		l.class = string(f.refusal.Class)
	}
	p.server.add(l)
	return a, f
}

// idOf is how the carrier writes the id of a message in its answer.
func (p *peer) idOf(record int32) string {
	if p.Dialect == DialectSMPP {
		return p.smppID(record, p.MessageIDs == IDsRespHex)
	}
	return p.ledger.id(record)
}

// tally counts a fate and names its event.
func (p *peer) tally(f *fate) string {
	switch {
	case f.taken && f.loss == "" && f.refusal == nil:
		return eventAccepted
	case f.taken:
		p.count.answersLost.Add(1)
		return eventLost
	case f.loss != "":
		p.count.submitsLost.Add(1)
		return eventNotTaken
	}
	p.count.refused.Add(1)
	return eventRefused
}

// hangMost is how long a hanging answer keeps a connection that its client has forgotten.
const hangMost = 2 * time.Minute

// lose ends a request without an answer.
func lose(w http.ResponseWriter, r *http.Request, how Loss) {
	if how == LossHang {
		sleep(r.Context(), hangMost)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway) // ambiguous too
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, not an orderly end
	}
	_ = conn.Close()
}

// body reads a request's body, if it is not too long for a message.
func body(r *http.Request) ([]byte, error) {
	const most = 1 << 16
	if r.ContentLength < 0 || r.ContentLength > most {
		b, err := io.ReadAll(io.LimitReader(r.Body, most+1))
		if err == nil && len(b) > most {
			err = errors.New("the body is too long")
		}
		return b, err
	}
	b := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, b)
	return b, err
}

// respond writes JSON with a length, so that the connection stays usable and no chunking is spent on it.
func respond(w http.ResponseWriter, status int, b []byte) {
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client left: nobody to tell
}

var jsonType = []string{"application/json"} //nolint:gochecknoglobals // constant, shared by all answers
