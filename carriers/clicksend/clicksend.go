// Package clicksend sends through ClickSend's REST API v3.
//
//   - submit, history, receipts: https://developers.clicksend.com/docs/messaging/sms
//   - codes of refusals: https://developers.clicksend.com/docs/#application-status-codes
//   - codes of receipts: https://help.clicksend.com/en/articles/42318-sms-error-codes
//
// A message carries a custom_string, which is our reference and comes back in its receipts and in the history. Receipts
// need a rule of the dashboard, with the action URL for {public_url}/receipts/{carrier}, or with the action POLL to be
// asked for. They are not signed: with receipt_token in the config the address ends with ?token=… of the same value, and
// who does not know it is refused. ClickSend takes no validity.
package clicksend

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/smsctl/smsctl/carriers"
)

const (
	vendorURL = "https://rest.clicksend.com"
	success   = "SUCCESS"
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	Username     string          `yaml:"username"`
	APIKey       carriers.Secret `yaml:"api_key"`
	From         string          `yaml:"from"` // used for messages that name no sender
	ReceiptToken carriers.Secret `yaml:"receipt_token"`
}

// request is the body of a submit.
type request struct {
	Messages []message `json:"messages"`
}

type message struct {
	To           string `json:"to"`
	From         string `json:"from,omitempty"`
	Body         string `json:"body"`
	Source       string `json:"source"`
	CustomString string `json:"custom_string"`
}

// envelope is round every answer.
type envelope[T any] struct {
	Code    string `json:"response_code"`
	Message string `json:"response_msg"`
	Data    T      `json:"data"`
}

// sent is the data of a submit's answer.
type sent struct {
	Messages []struct {
		ID     string `json:"message_id"`
		Status string `json:"status"`
		Parts  any    `json:"message_parts"` // a number, absent of a refused message
	} `json:"messages"`
}

// Carrier is one ClickSend account.
type Carrier struct {
	*carriers.Account

	sms   *url.URL // …/v3/sms
	token string   // of receipts, "" without
}

var (
	_ carriers.Carrier         = (*Carrier)(nil)
	_ carriers.Poller          = (*Carrier)(nil)
	_ carriers.Looker          = (*Carrier)(nil)
	_ carriers.Receiver        = (*Carrier)(nil)
	_ carriers.InboundReceiver = (*Carrier)(nil)
	_ carriers.Rehearser       = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "clicksend", Doc: "ClickSend REST API v3 (username, api_key)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	base := o.URL(vendorURL)
	key := o.Secret("api_key", cfg.APIKey)
	token := o.Optional("receipt_token", cfg.ReceiptToken)
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "clicksend", Codes: codesTSV, States: states, From: cfg.From, OneAddress: true, RefInReceipts: true, Signed: token != "",
		}, "Authorization", o.Basic(cfg.Username, key), "Content-Type", "application/json", "Accept", "application/json"),
		sms:   base.JoinPath("v3", "sms"),
		token: token,
	})
}

func (cfg *Config) check() error {
	switch {
	case cfg.Username == "":
		return errors.New("username: is missing: write the account's API user")
	case cfg.APIKey == "":
		return errors.New("api_key: is missing: write for example env:CLICKSEND_API_KEY")
	}
	return nil
}

// Submit sends a message. ClickSend answers 200 to a refused one too: the message's own status says what became of it.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	body, err := json.Marshal(request{Messages: []message{{
		To: m.To, From: cmp.Or(m.From, c.From), Body: m.Text, Source: "smsctl", CustomString: m.Ref,
	}}})
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the message cannot be written as JSON")
	}
	a := c.Post(ctx, c.sms.JoinPath("send"), body)
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		var f envelope[json.RawMessage]
		_ = json.Unmarshal(a.Body, &f) // a proxy's page has no code, and then the status decides
		return a.Refused(c.Codes, f.Code, f.Message)
	}
	var got envelope[sent]
	if r, failed := a.Decode(&got); failed {
		return r
	}
	if len(got.Data.Messages) != 1 {
		return a.Unreadable("the answer is not about one message: " + got.Code + " " + got.Message)
	}
	switch first := got.Data.Messages[0]; {
	case first.Status == success && first.ID != "":
		r := carriers.Accept(first.ID, a.StatusLine())
		if parts, ok := first.Parts.(float64); ok && parts > 0 && parts < 1000 {
			r.Segments = int(parts)
		}
		return r
	case first.Status == success, first.Status == "":
		return a.Unreadable("the answer has no message_id or status")
	default:
		return c.refused(a, first.Status)
	}
}

// refused is the result of a message whose own status is not success: that it was not taken is what the status says.
func (c *Carrier) refused(a *carriers.Answer, status string) carriers.Result {
	class, known := c.Codes.Class(status)
	if !known {
		class = carriers.ClassUnknown
	}
	return a.RefusedAs(class, status, status)
}
