package smsc

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	gosmpp "github.com/linxGnu/gosmpp/pdu"

	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// takes everything that carries the right password.
type takes struct{}

func (takes) Bind(_ pdu.Command, b pdu.Bind) pdu.Status {
	if b.Password != "secret" {
		return pdu.BadPassword
	}
	return pdu.OK
}

func (takes) Submit(account string, m *pdu.SM, answer func(Answer)) {
	answer(Answer{ID: account + "/" + m.Dest.Addr})
}

// client speaks with the message center in another library's words.
type client struct {
	t    *testing.T
	conn net.Conn
}

func (c client) send(p gosmpp.PDU) {
	c.t.Helper()
	b := gosmpp.NewBuffer(nil)
	p.Marshal(b)
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		c.t.Fatal(err)
	}
}

func (c client) next() gosmpp.PDU {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	p, err := gosmpp.Parse(c.conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// bind connects and binds with a password.
func bind(t *testing.T, address, password string) (client, gosmpp.PDU) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := client{t, conn}
	request := gosmpp.NewBindRequest(gosmpp.Transceiver)
	request.SystemID, request.Password = "gamma", password
	c.send(request)
	return c, c.next()
}

func serve(t *testing.T) (*Server, string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Handler: takes{}, Again: time.Millisecond, Window: 2}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

func TestConversation(t *testing.T) {
	_, address := serve(t)
	c, answer := bind(t, address, "secret")
	if !answer.IsOk() {
		t.Fatalf("%+v", answer)
	}
	submit := gosmpp.NewSubmitSM().(*gosmpp.SubmitSM)
	if err := submit.DestAddr.SetAddress("447700900123"); err != nil {
		t.Fatal(err)
	}
	c.send(submit)
	got, ok := c.next().(*gosmpp.SubmitSMResp)
	if !ok || got.MessageID != "gamma/447700900123" || got.SequenceNumber != submit.SequenceNumber {
		t.Errorf("%+v", got)
	}
	c.send(gosmpp.NewEnquireLink())
	if _, ok := c.next().(*gosmpp.EnquireLinkResp); !ok {
		t.Error("no enquire_link_resp")
	}
	c.send(gosmpp.NewQuerySM())
	if _, ok := c.next().(*gosmpp.GenericNack); !ok {
		t.Error("no generic_nack")
	}
	c.send(gosmpp.NewUnbind())
	if _, ok := c.next().(*gosmpp.UnbindResp); !ok {
		t.Error("no unbind_resp")
	}
	if _, err := c.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after unbind: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	_, address := serve(t)
	if _, answer := bind(t, address, "wrong"); answer.GetHeader().CommandStatus != 0x0e {
		t.Errorf("%+v", answer)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := client{t, conn}
	c.send(gosmpp.NewSubmitSM())
	if got := c.next(); got.GetHeader().CommandStatus != 0x04 {
		t.Errorf("a submit without a bind: %+v", got)
	}
}

// TestDeliveries come in order as far as the window goes, again when they are refused, and on the next connection when this
// one ends.
func TestDeliveries(t *testing.T) {
	s, address := serve(t)
	acknowledged := make(chan string, 3)
	for _, id := range []string{"1", "2", "3"} {
		receipt := Receipt{ID: id, TLVID: id, From: "447700900123", To: "ACME", Word: "DELIVRD", State: 2, Err: "000", At: time.Unix(0, 0)}
		s.Deliver("gamma", receipt.SM(), func() { acknowledged <- id })
	}
	c, _ := bind(t, address, "secret")
	one, two := c.next().(*gosmpp.DeliverSM), c.next().(*gosmpp.DeliverSM)
	state := one.OptionalParameters[gosmpp.TagMessageStateOption].Data
	if text, err := one.Message.GetMessage(); err != nil || text[:5] != "id:1 " || state[0] != 2 {
		t.Errorf("%q %v, message_state %x", text, err, state)
	}
	refusal := two.GetResponse().(*gosmpp.DeliverSMResp)
	refusal.CommandStatus = 0x64
	c.send(refusal)
	c.send(one.GetResponse())
	if id := <-acknowledged; id != "1" || s.Waiting("gamma") != 2 {
		t.Errorf("acknowledged %s, %d wait", id, s.Waiting("gamma"))
	}
	c.next()
	s.Drop()
	c, _ = bind(t, address, "secret")
	for range 2 {
		c.send(c.next().(*gosmpp.DeliverSM).GetResponse())
		<-acknowledged
	}
	if n := s.Waiting("gamma"); n != 0 || s.PutOff() != 1 {
		t.Errorf("%d wait, %d put off", n, s.PutOff())
	}
}
