package smpp

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// peer is a message center that says what a test writes, octet for octet.
type peer struct {
	address string
	l       net.Listener
}

func newPeer(t testing.TB) *peer {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &peer{address: l.Addr().String(), l: l}
}

// accept takes the next connection, lets it bind and has the script speak; then the connection ends.
func (p *peer) accept(t testing.TB, script func(net.Conn, *pdu.Reader)) {
	t.Helper()
	conn, err := p.l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		defer conn.Close()
		r := pdu.NewReader(conn)
		h, _, err := r.Next()
		if err != nil {
			return
		}
		if _, err := conn.Write(pdu.AppendAnswer(nil, h.Command, pdu.OK, h.Sequence, "peer", nil)); err == nil {
			script(conn, r)
		}
	})
	t.Cleanup(func() {
		_ = conn.Close() // a script may still listen
		done.Wait()
	})
}

// next reads until a command comes.
func (p *peer) next(r *pdu.Reader, command pdu.Command) (pdu.Header, bool) {
	for {
		h, _, err := r.Next()
		if err != nil || h.Command == command {
			return h, err == nil
		}
	}
}

// TestBrokenAnswers: whatever a peer says instead of an answer, the message is in doubt and the next bind works.
func TestBrokenAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		say  func(seq uint32) []byte
		code string
	}{
		{"garbage", func(uint32) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }, "closed"},
		{"a length of nothing", func(uint32) []byte { return make([]byte, 32) }, "closed"},
		{"an endless length", func(uint32) []byte { return []byte("\x7f\xff\xff\xff\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x02") },
			"closed"},
		{"half a header", func(uint32) []byte { return []byte("\x00\x00\x00\x10\x80\x00") }, "closed"},
		{"half an answer", func(seq uint32) []byte {
			b := pdu.AppendAnswer(nil, pdu.SubmitSM, 0, seq, "id", nil)
			return b[:len(b)-2]
		}, "closed"},
		{"nothing", func(uint32) []byte { return nil }, "closed"},
		{"an answer to nobody", func(seq uint32) []byte { return pdu.AppendAnswer(nil, pdu.SubmitSM, 0, seq+7, "id", nil) }, "closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t)
			c := build(t, p.address, "")
			run(t, c)
			p.accept(t, func(conn net.Conn, r *pdu.Reader) {
				if h, ok := p.next(r, pdu.SubmitSM); ok {
					_, _ = conn.Write(tt.say(h.Sequence))
				}
			})
			expect(t, c.Submit(t.Context(), message("Hello")), carriers.Unknown, carriers.ClassAmbiguous, tt.code)
			p.accept(t, func(conn net.Conn, r *pdu.Reader) {
				if h, ok := p.next(r, pdu.SubmitSM); ok {
					_, _ = conn.Write(pdu.AppendAnswer(nil, pdu.SubmitSM, 0, h.Sequence, "id", nil))
					_, _, _ = r.Next()
				}
			})
			eventually(t, "bound again", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.sessions) == 1 })
			expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
		})
	}
}

// TestOddAnswers: what is unusual but understood.
func TestOddAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		say  func(seq uint32) []byte
		want carriers.Acceptance
		id   string
		code string
	}{
		{"an id without an end", func(seq uint32) []byte {
			b := pdu.AppendAnswer(nil, pdu.SubmitSM, 0, seq, "abc-1", nil)
			b[3]--
			return b[:len(b)-1]
		}, carriers.Yes, "abc-1", ""},
		{"no id", func(seq uint32) []byte { return pdu.Append(nil, pdu.SubmitSM|pdu.Response, 0, seq) }, carriers.Yes, "", ""},
		{"a refusal without a body", func(seq uint32) []byte { return pdu.Append(nil, pdu.SubmitSM|pdu.Response, pdu.Throttled, seq) },
			carriers.No, "", "ESME_RTHROTTLED"},
		{"a generic_nack", func(seq uint32) []byte { return pdu.Append(nil, pdu.GenericNack, pdu.InvalidLength, seq) },
			carriers.No, "", "ESME_RINVCMDLEN"},
		{"a generic_nack that says all is well", func(seq uint32) []byte { return pdu.Append(nil, pdu.GenericNack, pdu.OK, seq) },
			carriers.No, "", "ESME_RSYSERR"},
		{"twice", func(seq uint32) []byte {
			b := pdu.AppendAnswer(nil, pdu.SubmitSM, 0, seq, "first", nil)
			return pdu.AppendAnswer(b, pdu.SubmitSM, pdu.SystemError, seq, "second", nil)
		}, carriers.Yes, "first", ""},
		{"after a command that nobody knows", func(seq uint32) []byte {
			return pdu.AppendAnswer(pdu.Append(nil, 0x0777, 0, 99), pdu.SubmitSM, 0, seq, "id-1", nil)
		}, carriers.Yes, "id-1", ""},
		{"after a receipt that ends too early", func(seq uint32) []byte {
			return pdu.AppendAnswer(pdu.Append(nil, pdu.DeliverSM, 0, 99), pdu.SubmitSM, 0, seq, "id-1", nil)
		}, carriers.Yes, "id-1", ""},
		{"and unbind", func(seq uint32) []byte {
			return pdu.Append(pdu.AppendAnswer(nil, pdu.SubmitSM, 0, seq, "id-1", nil), pdu.Unbind, 0, 3)
		}, carriers.Yes, "id-1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t)
			c := build(t, p.address, "message_id: same\n")
			run(t, c)
			p.accept(t, func(conn net.Conn, r *pdu.Reader) {
				if h, ok := p.next(r, pdu.SubmitSM); ok {
					_, _ = conn.Write(tt.say(h.Sequence))
					_, _, _ = r.Next()
				}
			})
			if got := c.Submit(t.Context(), message("Hello")); got.Accepted != tt.want || got.ID != tt.id || got.Code != tt.code {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestAnswersOfOurs: what we say to a peer that speaks strangely.
func TestAnswersOfOurs(t *testing.T) {
	p := newPeer(t)
	c := build(t, p.address, "")
	run(t, c)
	got := make(chan pdu.Header, 10)
	p.accept(t, func(conn net.Conn, r *pdu.Reader) {
		b := pdu.Append(nil, pdu.Alert, 0, 10) // has no answer
		b = pdu.Append(b, 0x0777, 0, 11)
		b = pdu.Append(b, pdu.EnquireLink, 0, 12)
		b = pdu.Append(b, pdu.DeliverSM, 0, 13)
		b = pdu.Append(b, pdu.Unbind, 0, 14)
		_, _ = conn.Write(b)
		for {
			h, _, err := r.Next()
			if err != nil {
				close(got)
				return
			}
			got <- h
		}
	})
	want := []pdu.Header{
		{Length: 16, Command: pdu.GenericNack, Status: pdu.InvalidCmd, Sequence: 11},
		{Length: 16, Command: pdu.EnquireLink | pdu.Response, Sequence: 12},
		{Length: 17, Command: pdu.DeliverSM | pdu.Response, Status: pdu.InvalidLength, Sequence: 13},
		{Length: 16, Command: pdu.Unbind | pdu.Response, Sequence: 14},
	}
	var heard []pdu.Header
	for h := range got { // ends because we end the connection after an unbind
		heard = append(heard, h)
	}
	if !slices.Equal(heard, want) {
		t.Errorf("%+v", heard)
	}
}

// half is a connection of which writes stop after so many bytes.
type half struct {
	net.Conn
	left int
}

func (h *half) Write(b []byte) (int, error) {
	n := min(len(b), h.left)
	h.left -= n
	if n < len(b) {
		return n, errors.New("cut")
	}
	return n, nil
}

// TestHalfAWrite: of messages that went out in one write, those that the network has not seen a byte of are provably not
// sent, the others in doubt.
func TestHalfAWrite(t *testing.T) {
	for _, secure := range []bool{false, true} {
		c := build(t, "127.0.0.1:1", "window: 10\n")
		ours, theirs := net.Pipe()
		s := &session{
			c: c, conn: &half{ours, 150}, secure: secure, submits: true, window: 10, reader: pdu.NewReader(ours),
			wake: make(chan struct{}, 1), dead: make(chan struct{}), pending: map[uint32]flight{}, late: map[uint32]flight{},
		}
		var results []<-chan carriers.Result
		for range 4 { // each of 68 octets
			results = append(results, submitting(t, c, message("Hello")))
		}
		eventually(t, "all wait", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.waiting.jobs) == 4 })
		go func() { _ = s.serve(t.Context()) }()
		unknown, no := 0, 0
		for _, r := range results {
			switch got := <-r; got.Accepted {
			case carriers.Unknown:
				unknown++
			case carriers.No:
				no++
			}
		}
		if want := map[bool][2]int{false: {3, 1}, true: {4, 0}}[secure]; unknown != want[0] || no != want[1] {
			t.Errorf("TLS %v: %d in doubt and %d not sent, want %v", secure, unknown, no, want)
		}
		_ = theirs.Close()
	}
}

// TestOneWrite: what waits goes out in one call.
func TestOneWrite(t *testing.T) {
	c := build(t, "127.0.0.1:1", "window: 100\n")
	ours, theirs := net.Pipe()
	s := &session{
		c: c, conn: ours, submits: true, window: 100, reader: pdu.NewReader(ours),
		wake: make(chan struct{}, 1), dead: make(chan struct{}), pending: map[uint32]flight{}, late: map[uint32]flight{},
	}
	for range 50 {
		submitting(t, c, message("Hello"))
	}
	eventually(t, "all wait", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.waiting.jobs) == 50 })
	go func() { _ = s.serve(t.Context()) }()
	b := make([]byte, maxWrite)
	n, err := theirs.Read(b) // a pipe hands over what one Write gave, if there is room
	if err != nil || n != 50*int(b[3]) {
		t.Errorf("%d octets in the first write, of PDUs of %d: %v", n, b[3], err)
	}
	_ = theirs.Close()
	<-s.dead
}

// TestNothingSecretIsSaid: neither the password nor a number is in what the carrier says.
func TestNothingSecretIsSaid(t *testing.T) {
	s := newCenter(t, "")
	s.bind = func(pdu.Command, pdu.Bind) pdu.Status { return pdu.BadPassword }
	c := build(t, s.address, "")
	run(t, c)
	r := c.Submit(t.Context(), message("Hello"))
	if said := fmt.Sprintf("%+v %+v", r, c.Info()); strings.Contains(said, password) || strings.Contains(said, "7700900") {
		t.Error(said)
	}
}
