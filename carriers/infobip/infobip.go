// Package infobip sends through Infobip's SMS API, version 3.
//
//   - submit: https://www.infobip.com/docs/api/channels/sms/outbound-sms/send-sms-messages
//   - logs: https://www.infobip.com/docs/api/channels/sms/logs-and-status-reports
//   - receipts: https://www.infobip.com/docs/api/channels/sms/logs-and-status-reports/receive-outbound-sms-message-report-v3
//   - states and codes: https://www.infobip.com/docs/essentials/response-status-and-error-codes
//
// The id of a message is ours to choose, and it is our reference: Infobip refuses a second message with the same one,
// its receipts name it, and its logs can be searched for it. So a message cannot be sent twice under one reference, and
// after a lost answer the logs say for certain whether it was taken, with nothing but the reference to ask by. For how long
// Infobip remembers ids is not confirmed: nothing here rests on more than the 48 hours of its logs. Nor is how it signs
// webhooks: receipts prove themselves by callback_secret, or by the secret in their address.
package infobip

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	vendorURL   = "https://api.infobip.com"
	maxBatch    = 1000           // Infobip speaks of thousands, without a figure
	maxValidity = 48 * time.Hour // longer ones are cut to it by Infobip itself

	// duplicate is the status of a message whose id has been used before: by us, for this very message.
	duplicate = "status/23"
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"` // base_url is the account's own address, https://xxxxx.api.infobip.com

	APIKey carriers.Secret `yaml:"api_key"`
	From   string          `yaml:"from"` // used for messages that name no sender

	// CallbackSecret gives all receipts one address, so that Infobip may put many into one request, and has each prove
	// itself: see [Carrier.Receipts].
	CallbackSecret carriers.Secret `yaml:"callback_secret"`
}

// envelope is the body of a submit: messages of their own, each to one destination.
type envelope struct {
	Messages []outbound `json:"messages"`
}

type outbound struct {
	Sender       string        `json:"sender,omitempty"`
	Destinations []destination `json:"destinations"`
	Content      content       `json:"content"`
	Options      *options      `json:"options,omitempty"`
	Webhooks     *webhooks     `json:"webhooks,omitempty"`
}

type destination struct {
	To        string `json:"to"`
	MessageID string `json:"messageId"`
}

type content struct {
	Text string `json:"text"`
}

type options struct {
	Validity struct {
		Amount int64  `json:"amount"`
		Unit   string `json:"timeUnit"`
	} `json:"validityPeriod"`
}

type webhooks struct {
	Delivery struct {
		URL          string `json:"url"`
		Intermediate bool   `json:"intermediateReport"`
	} `json:"delivery"`
	ContentType  string `json:"contentType"`
	CallbackData string `json:"callbackData,omitempty"`
}

// status is what Infobip says of a message, everywhere in the same form.
type status struct {
	Group       string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// taken is what an answer says of a message.
type taken struct {
	ID      string `json:"messageId"`
	Status  status `json:"status"`
	Details struct {
		Count int `json:"messageCount"`
	} `json:"details"`
}

// problem is the body of a refused request, in its present form and in the one before.
type problem struct {
	Code        string `json:"errorCode"`
	Description string `json:"description"`
	Request     struct {
		Service struct {
			Code string `json:"messageId"`
			Text string `json:"text"`
		} `json:"serviceException"`
	} `json:"requestError"`
}

// Carrier is one Infobip account.
type Carrier struct {
	*carriers.Account

	messages *url.URL
	logs     *url.URL
	secret   []byte // of callbacks, empty without callback_secret
	address  string // of all receipts, "" without callback_secret or public_url
}

var (
	_ carriers.Carrier         = (*Carrier)(nil)
	_ carriers.BatchSubmitter  = (*Carrier)(nil)
	_ carriers.Poller          = (*Carrier)(nil)
	_ carriers.Looker          = (*Carrier)(nil)
	_ carriers.Receiver        = (*Carrier)(nil)
	_ carriers.InboundReceiver = (*Carrier)(nil)
	_ carriers.Rehearser       = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "infobip", Doc: "Infobip SMS, never twice for one reference (api_key, base_url)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	base := o.URL(vendorURL)
	key := o.Secret("api_key", cfg.APIKey)
	secret, address := o.Optional("callback_secret", cfg.CallbackSecret), ""
	if secret != "" && len(secret) < leastSecret {
		o.Fail("callback_secret", fmt.Errorf("is shorter than %d characters: make a random one", leastSecret))
	}
	if secret != "" && env.PublicURL != "" {
		address = strings.TrimRight(env.PublicURL, "/") + "/receipts/" + url.PathEscape(name)
	}
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "infobip", Codes: codesTSV, States: states, From: cfg.From, OneAddress: secret != "", RefInReceipts: true,
			Signed: secret != "", BareInbound: true,
		}, "Authorization", "App "+key, "Content-Type", "application/json", "Accept", "application/json"),
		messages: base.JoinPath("sms", "3", "messages"),
		logs:     base.JoinPath("sms", "3", "logs"),
		secret:   []byte(secret),
		address:  address,
	})
}

func (cfg *Config) check() error {
	if cfg.APIKey == "" {
		return errors.New("api_key: is missing: write for example env:INFOBIP_KEY")
	}
	return nil
}

// Submit creates a message under our reference. A refusal of it stands in an answer of 200.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	return c.SubmitBatch(ctx, []carriers.Message{m})[0]
}

// BatchSize is batch_size, within what is known to work.
func (c *Carrier) BatchSize() int { return min(c.Info().Common.BatchSize, maxBatch) }

// SubmitBatch creates messages under our references. Infobip says of each what it does with it.
func (c *Carrier) SubmitBatch(ctx context.Context, ms []carriers.Message) []carriers.Result {
	a := c.Post(ctx, c.messages, c.json(ms))
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return carriers.ForAll(r, len(ms))
	}
	if !a.OK() {
		var p problem
		_ = json.Unmarshal(a.Body, &p) // a proxy's page has no code, and then the status decides
		old := p.Request.Service
		return carriers.ForAll(a.Refused(c.Codes, cmp.Or(p.Code, old.Code), cmp.Or(p.Description, old.Text)), len(ms))
	}
	var got struct {
		Messages []taken `json:"messages"`
	}
	if r, failed := a.Decode(&got); failed {
		return carriers.ForAll(r, len(ms))
	}
	byID := make(map[string]taken, len(ms))
	for _, t := range got.Messages {
		if len(ms) == 1 && len(got.Messages) == 1 {
			t.ID = ms[0].Ref // it is about nothing else
		}
		byID[t.ID] = t
	}
	all := make([]carriers.Result, len(ms))
	for i, m := range ms {
		all[i] = c.judge(a, m.Ref, byID[m.Ref])
	}
	return all
}

// judge reads what became of one message. What the answer does not speak of is in doubt.
func (c *Carrier) judge(a *carriers.Answer, ref string, t taken) carriers.Result {
	if t.Status.Group == "" {
		return a.Unreadable("the answer has no status of the message")
	}
	state, known := c.stateOf(t.Status)
	code := "status/" + strconv.Itoa(t.Status.ID)
	switch {
	case !known:
		return a.Unreadable("the answer has the unknown status " + t.Status.Group + " " + t.Status.Name)
	case code == duplicate:
		// This very message has come before and was taken: something between us and Infobip repeated the request.
		return carriers.Accept(ref, a.StatusLine())
	case state.Final() && state != carriers.ReceiptDelivered:
		return a.RefusedAs(c.class(code, state), code, t.Status.Description)
	}
	r := carriers.Accept(ref, a.StatusLine())
	r.Segments = max(0, t.Details.Count)
	return r
}

// json is the body of a submit.
func (c *Carrier) json(ms []carriers.Message) []byte {
	e := envelope{Messages: make([]outbound, len(ms))}
	for i, m := range ms {
		e.Messages[i] = c.outbound(m)
	}
	b, _ := json.Marshal(e) // strings and numbers always marshal
	return b
}

func (c *Carrier) outbound(m carriers.Message) outbound {
	o := outbound{
		Sender:       strings.TrimPrefix(cmp.Or(m.From, c.From), "+"),
		Destinations: []destination{{To: strings.TrimPrefix(m.To, "+"), MessageID: m.Ref}},
		Content:      content{Text: m.Text},
	}
	if m.Validity > 0 {
		o.Options = &options{}
		o.Options.Validity.Amount = int64(max(time.Second, min(m.Validity, maxValidity)) / time.Second)
		o.Options.Validity.Unit = "SECONDS"
	}
	if m.ReceiptURL != "" {
		o.Webhooks = &webhooks{ContentType: "application/json"}
		o.Webhooks.Delivery.URL, o.Webhooks.Delivery.Intermediate = m.ReceiptURL, true
		if len(c.secret) > 0 && c.address != "" {
			o.Webhooks.Delivery.URL, o.Webhooks.CallbackData = c.address, proof(c.secret, m.Ref)
		}
	}
	return o
}
