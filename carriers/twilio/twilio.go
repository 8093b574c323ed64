// Package twilio sends through Twilio's Programmable Messaging API, or through anything that speaks its dialect.
//
//   - submit, poll, list: https://www.twilio.com/docs/messaging/api/message-resource
//   - receipts: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
//   - signature: https://www.twilio.com/docs/usage/security
//   - codes: https://www.twilio.com/docs/api/errors
//
// Twilio knows no idempotency key and echoes no reference of ours. So the reference travels in the StatusCallback URL:
// a receipt finds its attempt even if the answer to the submit was lost.
package twilio

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	vendorURL   = "https://api.twilio.com"
	maxValidity = 36000 // seconds, Twilio's own ceiling and default
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	AccountSID          string          `yaml:"account_sid"`
	AuthToken           carriers.Secret `yaml:"auth_token"` // signs receipts, and requests unless api_key is set
	APIKey              string          `yaml:"api_key"`    // SK…, used for requests instead of the auth token
	APISecret           carriers.Secret `yaml:"api_secret"`
	From                string          `yaml:"from"` // used for messages that name no sender
	MessagingServiceSID string          `yaml:"messaging_service_sid"`
}

// message is the part of Twilio's message resource that counts here.
type message struct {
	SID         string `json:"sid"`
	Status      string `json:"status"`
	To          string `json:"to"`
	Body        string `json:"body"`
	Direction   string `json:"direction"`
	DateCreated string `json:"date_created"`
	NumSegments string `json:"num_segments"` // "0" as long as a messaging service has not chosen the sender
	ErrorCode   *int   `json:"error_code"`
	Error       string `json:"error_message"` // for people: its words change
}

// fault is the body of a refusal.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Carrier is one Twilio account.
type Carrier struct {
	*carriers.Account

	messages *url.URL
	sid      string
	token    []byte
	service  string
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
	return carriers.Type{Name: "twilio", Doc: "Twilio Programmable Messaging (account_sid, auth_token)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	base := o.URL(vendorURL)
	token := o.Secret("auth_token", cfg.AuthToken)
	user, password := cfg.AccountSID, token
	if cfg.APIKey != "" {
		user, password = cfg.APIKey, o.Secret("api_secret", cfg.APISecret)
	}
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "twilio", Codes: codesTSV, States: states, From: cfg.From, NoSender: cfg.MessagingServiceSID != "",
			RefInReceipts: true, Signed: true,
		}, "Authorization", o.Basic(user, password), "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json"),
		messages: base.JoinPath("2010-04-01", "Accounts", cfg.AccountSID, "Messages.json"),
		sid:      cfg.AccountSID,
		token:    []byte(token),
		service:  cfg.MessagingServiceSID,
	})
}

func (cfg *Config) check() error {
	hex := func(prefix, s string) bool {
		return regexp.MustCompile(`^` + prefix + `[0-9a-fA-F]{32}$`).MatchString(s)
	}
	switch {
	case !hex("AC", cfg.AccountSID):
		return fmt.Errorf("account_sid: %q is not an account SID: write AC and 32 hex digits as the console shows it", cfg.AccountSID)
	case cfg.AuthToken == "":
		return errors.New("auth_token: is missing: receipts are signed with it; write for example env:TWILIO_TOKEN")
	case cfg.APIKey != "" && !hex("SK", cfg.APIKey):
		return fmt.Errorf("api_key: %q is not an API key SID: write SK and 32 hex digits", cfg.APIKey)
	case (cfg.APIKey == "") != (cfg.APISecret == ""):
		return errors.New("api_key and api_secret belong together: set both or neither")
	case cfg.From != "" && cfg.MessagingServiceSID != "":
		return errors.New("from and messaging_service_sid exclude each other: remove one")
	case cfg.MessagingServiceSID != "" && !hex("MG", cfg.MessagingServiceSID):
		return fmt.Errorf("messaging_service_sid: %q is not one: write MG and 32 hex digits", cfg.MessagingServiceSID)
	}
	return nil
}

// Submit creates a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	a := c.Post(ctx, c.messages, c.form(m))
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		var f fault
		_ = json.Unmarshal(a.Body, &f) // a proxy's page has no code, and then the status decides
		code := ""
		if f.Code != 0 {
			code = strconv.Itoa(f.Code)
		}
		return a.Refused(c.Codes, code, f.Message)
	}
	var got message
	if r, failed := a.Decode(&got); failed {
		return r
	}
	if got.SID == "" {
		return a.Unreadable("the answer has no sid")
	}
	if now := c.stateOf(got); now.Class != carriers.ClassNone {
		return a.RefusedAs(now.Class, now.Code, got.Error) // failed at once, and of a first status no receipt comes
	}
	r := carriers.Accept(got.SID, a.StatusLine())
	r.Segments = segments(got.NumSegments)
	return r
}

// form is the body of a submit.
func (c *Carrier) form(m carriers.Message) []byte {
	b := make([]byte, 0, 256+len(m.Text)+len(m.ReceiptURL))
	add := func(key, value string) {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, key...), '='), url.QueryEscape(value)...)
	}
	add("To", m.To)
	switch {
	case m.From != "":
		add("From", m.From)
	case c.service != "":
		add("MessagingServiceSid", c.service)
	case c.From != "":
		add("From", c.From)
	}
	add("Body", m.Text)
	if m.ReceiptURL != "" {
		add("StatusCallback", m.ReceiptURL)
	}
	if m.Validity > 0 {
		add("ValidityPeriod", strconv.Itoa(max(1, min(int(m.Validity/time.Second), maxValidity))))
	}
	return b
}

// segments reads Twilio's number in a string; 0 says that it does not know yet.
func segments(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
