package generic

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// InboundConfig describes the requests that bring messages from people.
type InboundConfig struct {
	Method string        `yaml:"method"` // absent = any
	Each   string        `yaml:"each"`   // path of the list, where a request brings several
	ID     string        `yaml:"id"`     // absent = a repeated request is known by what it says
	From   string        `yaml:"from"`
	To     string        `yaml:"to"`
	Text   string        `yaml:"text"`
	At     string        `yaml:"at"` // a time as in RFC 3339; absent or unreadable = now
	Verify *VerifyConfig `yaml:"verify"`
	Reply  ReplyConfig   `yaml:"reply"`
}

// inbound is the compiled InboundConfig.
type inbound struct {
	method             string
	each               *finder
	id, from, to, text *finder
	at                 *finder
	verify             verifier
	reply              carriers.Reply
}

// Inbound reads one request of the gateway. Without verify the listener has seen to it that the address is one that we
// made.
func (c *carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	m := c.inbound
	if m == nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: carrier %s has no inbound section in the config", carriers.ErrPayload, c.info.Name)
	}
	if m.verify.signed() {
		if err := m.verify.check(cb); err != nil {
			return nil, carriers.Reply{}, err
		}
	}
	if m.method != "" && m.method != cb.Method {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %s instead of %s", carriers.ErrPayload, cb.Method, m.method)
	}
	d, err := documentOf(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	var all []carriers.Inbound
	for _, one := range itemsOf(d, m.each) {
		got, err := m.read(one, cb.ReceivedAt)
		if err != nil {
			return nil, carriers.Reply{}, err
		}
		got.Raw = rawOf(cb)
		all = append(all, got)
	}
	if len(all) == 0 {
		return nil, carriers.Reply{}, fmt.Errorf("%w: nothing at inbound.each", carriers.ErrPayload)
	}
	return all, m.reply, nil
}

// read makes a message of one item. A text that is not there is an error, an empty one is not.
func (m *inbound) read(d *document, received time.Time) (carriers.Inbound, error) {
	in := carriers.Inbound{At: received}
	from, _ := m.from.find(d)
	text, ok := m.text.find(d)
	if from == "" || !ok {
		return in, fmt.Errorf("%w: nothing at inbound.from or inbound.text", carriers.ErrPayload)
	}
	in.From, in.Text = carriers.International(from), text
	in.ID, _ = m.id.find(d)
	to, _ := m.to.find(d)
	in.To = carriers.International(to)
	word, _ := m.at.find(d)
	if at, err := time.Parse(time.RFC3339, word); err == nil {
		in.At = at
	}
	return in, nil
}

// compileInbound checks the section.
func (c compiler) compileInbound(cfg *InboundConfig) (*inbound, error) {
	m := &inbound{reply: carriers.Reply(cfg.Reply)}
	var err error
	if cfg.Method != "" {
		if m.method, err = methodOf("inbound", cfg.Method, http.MethodPost); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		key, text string
		into      **finder
	}{
		{"each", cfg.Each, &m.each}, {"id", cfg.ID, &m.id}, {"from", cfg.From, &m.from}, {"to", cfg.To, &m.to}, {"text", cfg.Text, &m.text},
		{"at", cfg.At, &m.at},
	} {
		if *f.into, err = compileFinder("inbound."+f.key, f.text); err != nil {
			return nil, err
		}
	}
	switch {
	case m.each != nil && (m.each.re != nil || m.each.header != ""):
		return nil, fmt.Errorf("inbound.each: %w", errPath)
	case m.from == nil:
		return nil, errors.New(`inbound.from: is missing: say where the sender's number stands, for example "$.from"`)
	case m.text == nil:
		return nil, errors.New(`inbound.text: is missing: say where the text stands, for example "$.text"`)
	case cfg.Reply.Status != 0 && cfg.Reply.Status/100 != 2:
		return nil, fmt.Errorf("inbound.reply.status: %d would make the gateway send the message again: write 200 or 204", cfg.Reply.Status)
	}
	if m.verify, err = c.compileVerify(cfg.Verify); err != nil {
		return nil, errors.New("inbound" + strings.TrimPrefix(err.Error(), "receipt"))
	}
	return m, nil
}
