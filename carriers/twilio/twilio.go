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
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
	info     carriers.Info
	http     *carriers.Client
	header   http.Header
	messages *url.URL
	token    []byte
	from     string
	service  string
	codes    *carriers.Codes
	now      func() time.Time
	timeout  time.Duration
}

var (
	_ carriers.Carrier  = (*Carrier)(nil)
	_ carriers.Poller   = (*Carrier)(nil)
	_ carriers.Looker   = (*Carrier)(nil)
	_ carriers.Receiver = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "twilio", Doc: "Twilio Programmable Messaging (account_sid, auth_token)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	base, err := carriers.ParseURL(cfg.BaseURL, vendorURL)
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	token, err := env.Secret(cfg.AuthToken)
	if err != nil {
		return nil, fmt.Errorf("auth_token: %w", err)
	}
	user, password := cfg.AccountSID, token
	if cfg.APIKey != "" {
		user = cfg.APIKey
		if password, err = env.Secret(cfg.APISecret); err != nil {
			return nil, fmt.Errorf("api_secret: %w", err)
		}
	}
	codes, err := carriers.LoadCodes(codesTSV, cfg.Codes)
	if err != nil {
		return nil, err
	}
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	client := carriers.NewClient(carriers.ClientOptions{
		Common: cfg.Common, Now: env.Now, Secrets: []string{token, password, basic},
	})
	return &Carrier{
		info: carriers.Info{Name: name, Type: "twilio", Common: cfg.Common, RefInReceipts: true, Signed: true},
		http: client,
		header: client.Headers("Authorization", "Basic "+basic, "Content-Type", "application/x-www-form-urlencoded",
			"Accept", "application/json"),
		messages: base.JoinPath("2010-04-01", "Accounts", cfg.AccountSID, "Messages.json"),
		token:    []byte(token),
		from:     from(cfg, env),
		service:  cfg.MessagingServiceSID,
		codes:    codes,
		now:      env.Now,
		timeout:  cfg.Timeout.Or(carriers.DefaultTimeout),
	}, nil
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

// from is the sender of messages that name none: the carrier's own, a messaging service's, or the config's default.
func from(cfg Config, env carriers.Env) string {
	if cfg.MessagingServiceSID != "" {
		return ""
	}
	return cmp.Or(cfg.From, env.Sender)
}

// Info describes the carrier.
func (c *Carrier) Info() carriers.Info { return c.info }

// Close ends the idle connections.
func (c *Carrier) Close(context.Context) error {
	c.http.Close()
	return nil
}

// Submit creates a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	a := c.http.Do(ctx, carriers.Request{Method: http.MethodPost, URL: c.messages, Header: c.header, Body: c.form(m)})
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
		return a.Refused(c.codes, code, f.Message)
	}
	var got message
	if err := json.Unmarshal(a.Body, &got); err != nil {
		return a.Unreadable("the answer is not JSON: " + err.Error())
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
	case c.from != "":
		add("From", c.from)
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
