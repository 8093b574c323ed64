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
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

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
	info   carriers.Info
	http   *carriers.Client
	header http.Header
	sms    *url.URL // …/v3/sms
	token  string   // of receipts, "" without
	from   string
	codes  *carriers.Codes
	now    func() time.Time
}

var (
	_ carriers.Carrier  = (*Carrier)(nil)
	_ carriers.Poller   = (*Carrier)(nil)
	_ carriers.Looker   = (*Carrier)(nil)
	_ carriers.Receiver = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "clicksend", Doc: "ClickSend REST API v3 (username, api_key)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	switch {
	case cfg.Username == "":
		return nil, errors.New("username: is missing: write the account's API user")
	case cfg.APIKey == "":
		return nil, errors.New("api_key: is missing: write for example env:CLICKSEND_API_KEY")
	}
	base, err := carriers.ParseURL(cfg.BaseURL, vendorURL)
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	key, err := env.Secret(cfg.APIKey)
	if err != nil {
		return nil, fmt.Errorf("api_key: %w", err)
	}
	token := ""
	if cfg.ReceiptToken != "" {
		if token, err = env.Secret(cfg.ReceiptToken); err != nil {
			return nil, fmt.Errorf("receipt_token: %w", err)
		}
	}
	codes, err := carriers.LoadCodes(codesTSV, cfg.Codes)
	if err != nil {
		return nil, err
	}
	basic := base64.StdEncoding.EncodeToString([]byte(cfg.Username + ":" + key))
	client := carriers.NewClient(carriers.ClientOptions{Common: cfg.Common, Now: env.Now, Secrets: []string{key, basic, token}})
	return &Carrier{
		info:   carriers.Info{Name: name, Type: "clicksend", Common: cfg.Common, RefInReceipts: true, Signed: token != ""},
		http:   client,
		header: client.Headers("Authorization", "Basic "+basic, "Content-Type", "application/json", "Accept", "application/json"),
		sms:    base.JoinPath("v3", "sms"),
		token:  token,
		from:   cmp.Or(cfg.From, env.Sender),
		codes:  codes,
		now:    env.Now,
	}, nil
}

// Info describes the carrier.
func (c *Carrier) Info() carriers.Info { return c.info }

// Close ends the idle connections.
func (c *Carrier) Close(context.Context) error {
	c.http.Close()
	return nil
}

// Submit sends a message. ClickSend answers 200 to a refused one too: the message's own status says what became of it.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	body, err := json.Marshal(request{Messages: []message{{
		To: m.To, From: cmp.Or(m.From, c.from), Body: m.Text, Source: "smsctl", CustomString: m.Ref,
	}}})
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the message cannot be written as JSON")
	}
	a := c.http.Do(ctx, carriers.Request{Method: http.MethodPost, URL: c.sms.JoinPath("send"), Header: c.header, Body: body})
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		var f envelope[json.RawMessage]
		_ = json.Unmarshal(a.Body, &f) // a proxy's page has no code, and then the status decides
		return a.Refused(c.codes, f.Code, f.Message)
	}
	var got envelope[sent]
	if err := json.Unmarshal(a.Body, &got); err != nil {
		return a.Unreadable("the answer is not JSON: " + err.Error())
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
	class, known := c.codes.Class(status)
	if !known {
		class = carriers.ClassUnknown
	}
	return a.RefusedAs(class, status, status)
}
