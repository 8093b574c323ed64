package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

// The smpp dialect is the message center of package smsc, with a carrier for each account (system_id). What other dialects
// say by HTTP it says by command_status and by silence:
//
//   - a refusal is the usual status of its class, or the one that the scenario names as code (ESME_RMSGQFUL, 0x00000400);
//     of class ambiguous it is no answer at all, because in SMPP every status proves something
//   - lost_by reset, and an outage by reset, cut all connections of the carrier, and what is in flight on them loses its
//     answer too; while an outage that has a time lasts, nobody can bind either
//   - a bad signature is a receipt for a message that never was

// door is where clients of all carriers that speak SMPP come in.
type door struct {
	center   smsc.Server
	accounts map[string]*peer // by system_id
}

// newDoor is nil where no carrier speaks SMPP.
func newDoor(s *Server) *door {
	d := &door{accounts: map[string]*peer{}}
	for _, p := range s.peers {
		if p.Dialect == DialectSMPP {
			d.accounts[p.SystemID] = p
		}
	}
	if len(d.accounts) == 0 {
		return nil
	}
	d.center = smsc.Server{Handler: d, Name: "smsctl-sim", Window: 1000}
	return d
}

// ServeSMPP plays the carriers that speak SMPP on a listener until ctx ends.
func (s *Server) ServeSMPP(ctx context.Context, ln net.Listener) error {
	if s.door == nil {
		return fmt.Errorf("serving SMPP: no carrier of the scenario speaks it")
	}
	if err := s.door.center.Serve(ctx, ln); err != nil {
		return fmt.Errorf("serving SMPP: %w", err)
	}
	return nil
}

// Bind lets an account in.
func (d *door) Bind(_ pdu.Command, b pdu.Bind) pdu.Status {
	p := d.accounts[b.SystemID]
	if p == nil {
		return pdu.BadSystemID
	}
	switch p.engine.outage(p.server.now()) {
	case OutageRefuse:
		return pdu.SystemError
	case OutageReset:
		return smsc.HangUp
	case OutageHang:
		return smsc.Silence
	case OutageNone:
	}
	if b.Password != p.Password {
		return pdu.BadPassword
	}
	return pdu.OK
}

// Submit takes a message, or a part of one.
func (d *door) Submit(account string, m *pdu.SM, answer func(smsc.Answer)) {
	p := d.accounts[account]
	piece, text := m.Piece()
	msg := carriers.Message{
		To: "+" + m.Dest.Addr, From: m.Source.Addr, Text: textOf(text, m.DataCoding), Validity: validityOf(m.ValidityPeriod),
	}
	if m.RegisteredDelivery&3 != 0 {
		msg.ReceiptURL = "smpp"
	}
	if msg.To == "+" || len(text) == 0 {
		answer(smsc.Answer{Status: 0x0b}) // ESME_RINVDSTADR
		return
	}
	a, f := p.take(&msg, piece.Part > 1)
	say := func() { answer(smsc.Answer{ID: a.id}) }
	switch {
	case f.loss == LossReset:
		say = func() { d.center.Cut(account) }
	case f.loss == LossHang, a.refusal != nil && a.refusal.Class == carriers.ClassAmbiguous:
		return
	case a.refusal != nil:
		say = func() { answer(smsc.Answer{Status: statusOf(a.refusal)}) }
	}
	if f.latency > 0 {
		p.answers.add(a.now.Add(f.latency), say)
		return
	}
	say()
}

// sendAnswers gives the answers that take their time.
func (p *peer) sendAnswers(ctx context.Context) {
	var ready []func()
	var err error
	for err == nil {
		if ready, err = p.answers.next(ctx, ready, 256); err == nil {
			for _, say := range ready {
				say()
			}
		}
	}
}

// deliverReceipts hands receipts to the message center, which keeps them until a client has acknowledged them.
func (p *peer) deliverReceipts(ctx context.Context) {
	var ready []*callback
	var err error
	for err == nil {
		ready, err = p.agenda.next(ctx, ready, 256)
		for _, c := range ready {
			p.deliver(c)
		}
	}
}

func (p *peer) deliver(c *callback) {
	rec := p.ledger.get(c.record)
	if c.reply {
		p.deliverReply(&rec)
		return
	}
	record, outcome := c.record, c.outcome
	if c.badSignature {
		record = -1 // a message that never was
	}
	p.server.door.center.Deliver(p.SystemID, p.smppReceipt(record, &rec, outcome), func() {
		p.count.receiptsOK.Add(1)
		p.server.add(line{
			at: p.server.now(), carrier: p.name, event: eventReceipt, id: p.idOf(record), to: rec.to, status: pdu.OK.String(),
			state: string(outcome.state), class: string(outcome.class),
		})
	})
}

// smppID writes the id of a message: a number of its own for every run, too long for a table and short enough for 64 bits.
func (p *peer) smppID(record int32, hex bool) string {
	n := (p.ledger.salt>>25|1<<38)<<23 + uint64(record+1)
	if hex {
		return strconv.FormatUint(n, 16)
	}
	return strconv.FormatUint(n, 10)
}

// words are what receipts call the states: in their text, and as message_state.
func words(s carriers.ReceiptState) (word string, number byte) {
	switch s {
	case carriers.ReceiptDelivered:
		return "DELIVRD", 2
	case carriers.ReceiptExpired:
		return "EXPIRED", 3
	case carriers.ReceiptFailed, carriers.ReceiptCancelled:
		return "DELETED", 4
	case carriers.ReceiptUndelivered:
		return "UNDELIV", 5
	case carriers.ReceiptAccepted:
		return "ACCEPTD", 6
	case carriers.ReceiptRejected:
		return "REJECTD", 8
	case carriers.ReceiptQueued, carriers.ReceiptSent:
		return "ENROUTE", 1
	case carriers.ReceiptUnknown:
	}
	return "UNKNOWN", 7
}

func (p *peer) smppReceipt(record int32, rec *record, o outcome) *pdu.SM {
	r := smsc.Receipt{
		ID: p.smppID(record, p.MessageIDs == IDsRespDec), From: strings.TrimPrefix(rec.to, "+"), To: rec.from, Err: "000", At: p.server.now(),
	}
	r.Word, r.State = words(o.state)
	if o.class != "" || o.code != "" {
		r.Err = or(o.code, usualOf(o.class).receipt)
		r.Err = r.Err[max(0, len(r.Err)-3):] // three characters are what there is room for
	}
	if p.ReceiptForm != FormText {
		r.TLVID = p.idOf(record)
	}
	m := r.SM()
	if p.ReceiptForm == FormTLV {
		m.Short = nil
	}
	return m
}

// statusOf is how a refusal is said.
func statusOf(r *Refusal) pdu.Status {
	if s, ok := pdu.ParseStatus(r.Code); ok && s != pdu.OK {
		return s
	}
	return usualOf(r.Class).smpp
}

// textOf reads a text; what is not as it says it is is read octet by octet.
func textOf(b []byte, coding byte) string {
	switch coding {
	case pdu.DCUCS2:
		units := make([]uint16, 0, len(b)/2)
		for ; len(b) >= 2; b = b[2:] {
			units = append(units, binary.BigEndian.Uint16(b))
		}
		return string(utf16.Decode(units))
	case pdu.DCDefault:
		if text, err := gsm.Decode(b); err == nil {
			return text
		}
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// validityOf reads a relative validity_period up to days; an absolute one, or none, is the message center's own limit.
func validityOf(s string) time.Duration {
	if len(s) != 16 || s[15] != 'R' || s[:4] != "0000" {
		return 0
	}
	n := [4]int{}
	for i := range n {
		v, err := strconv.Atoi(s[4+2*i : 6+2*i])
		if err != nil {
			return 0
		}
		n[i] = v
	}
	return time.Duration(n[0])*24*time.Hour + time.Duration(n[1])*time.Hour + time.Duration(n[2])*time.Minute + time.Duration(n[3])*time.Second
}
