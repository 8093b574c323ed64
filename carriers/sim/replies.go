package sim

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// Replies are what people write back to the messages that reach them.
type Replies struct {
	Share float64 `yaml:"share"` // of the messages that are delivered; 0
	Text  string  `yaml:"text"`  // "" = STOP
	Delay Delay   `yaml:"delay"` // from the handset
	URL   string  `yaml:"url"`   // where they are posted, a server's carrier by HTTP: {public_url}/inbound/NAME
}

func (r *Replies) check() error {
	switch {
	case r.Share < 0 || r.Share > 1:
		return fmt.Errorf("replies.share: %v does not lie between 0 and 1", r.Share)
	case r.URL != "" && !callable(r.URL):
		return fmt.Errorf("replies.url: %q is no address: write http://127.0.0.1:8025/inbound/NAME", r.URL)
	}
	return nil
}

// reply says whether somebody answers a message, and when, counted from its submit.
func (e *engine) reply(m *carriers.Message, f *fate) (after time.Duration, yes bool) {
	l := e.luck(m)
	if !f.delivered || l.draw(qReply) >= e.replies.Share {
		return 0, false
	}
	return f.done + e.replies.Delay.at(l.draw(qReplyDelay)), true
}

func (r *Replies) text() string { return or(r.Text, "STOP") }

// enterReply plans the answer to a message.
func (p *peer) enterReply(f *fate, record int32, m *carriers.Message, now time.Time) {
	if p.Replies.URL == "" && p.Dialect != DialectSMPP {
		return // nobody wants to know
	}
	if after, yes := p.engine.reply(m, f); yes {
		p.agenda.add(now.Add(after), &callback{url: p.Replies.URL, record: record, reply: true})
	}
}

// postReply posts an answer in the carrier's dialect.
func (p *peer) postReply(ctx context.Context, post *poster, c *callback, r *record) (int, error) {
	const form = "application/x-www-form-urlencoded"
	id, text := "in"+p.ledger.id(c.record)[2:], p.Replies.text()
	switch p.Dialect {
	case DialectTwilio:
		body, signature := p.twilioReply(c.url, "SM"+p.ledger.id(c.record)[:30]+"1f", r, text)
		return post.post(ctx, c.url, form, "X-Twilio-Signature", signature, body)
	case DialectVonage:
		body := p.vonageReply(id, r, text)
		return post.post(ctx, c.url, form, "Accept", "*/*", body)
	}
	b := append(append(make([]byte, 0, 160), `{"id":"`...), id...)
	b = appendField(append(b, '"'), "from", r.to)
	b = appendField(b, "to", r.from)
	b = append(appendField(b, "text", text), '}')
	return post.post(ctx, c.url, "application/json", "Authorization", p.basic, b)
}

// twilioReply is the form of an inbound message, and its signature.
func (p *peer) twilioReply(address, sid string, r *record, text string) (body []byte, signature string) {
	mac := hmac.New(sha1.New, []byte(p.AuthToken))
	mac.Write([]byte(address))
	form := url.Values{}
	for _, kv := range [...][2]string{ // in the order of the signature
		{"AccountSid", p.AccountSID}, {"ApiVersion", "2010-04-01"}, {"Body", text}, {"From", r.to}, {"MessageSid", sid}, {"NumMedia", "0"},
		{"SmsSid", sid}, {"SmsStatus", "received"}, {"To", r.from},
	} {
		mac.Write([]byte(kv[0] + kv[1]))
		form.Set(kv[0], kv[1])
	}
	return []byte(form.Encode()), base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// vonageReply is the form of an inbound message, signed if the account signs.
func (p *peer) vonageReply(id string, r *record, text string) []byte {
	form, quote := url.Values{}, strings.NewReplacer("&", "_", "=", "_")
	var signed []byte
	for _, kv := range [...][2]string{ // in the order of the signature
		{"api-key", p.APIKey}, {"message-timestamp", p.server.now().UTC().Format(time.DateTime)}, {"messageId", id}, {"msisdn", r.to[1:]},
		{"text", text}, {"to", r.from}, {"type", "text"},
	} {
		signed = append(append(append(append(signed, '&'), kv[0]...), '='), quote.Replace(kv[1])...)
		form.Set(kv[0], kv[1])
	}
	if p.SignatureSecret != "" {
		form.Set("sig", vonageSign(p.SignatureMethod, p.SignatureSecret, signed))
	}
	return []byte(form.Encode())
}

// deliverReply hands an answer to the message center.
func (p *peer) deliverReply(rec *record) {
	m := &pdu.SM{
		Source: pdu.Address{TON: pdu.TONInternational, NPI: 1, Addr: strings.TrimPrefix(rec.to, "+")},
		Dest:   pdu.Address{Addr: rec.from}, Short: []byte(p.Replies.text()),
	}
	p.server.door.center.Deliver(p.SystemID, m, func() {
		p.server.add(line{at: p.server.now(), carrier: p.name, event: eventReply, to: rec.to, status: pdu.OK.String()})
	})
}

// Hear says who takes what people write back.
func (c *Carrier) Hear(take func(context.Context, []carriers.Inbound) error) { c.hear = take }

// hand delivers what falls due: receipts, and messages of people.
func (c *Carrier) hand(ctx context.Context, ready []due, deliver func(context.Context, []carriers.Receipt) error) error {
	var receipts []carriers.Receipt
	var inbound []carriers.Inbound
	for _, d := range ready {
		if d.text == "" {
			receipts = append(receipts, c.receipt(d))
			continue
		}
		inbound = append(inbound, carriers.Inbound{ID: "in-" + d.ref, From: d.to, To: d.from, Text: d.text, At: c.now(), Raw: []byte(d.text)})
	}
	if len(inbound) > 0 && c.hear != nil {
		if err := c.hear(ctx, inbound); err != nil {
			return err
		}
	}
	if len(receipts) == 0 {
		return nil
	}
	return deliver(ctx, receipts)
}
