// Package vonage sends through Vonage's SMS API or, with `api: messages`, through its Messages API.
//
//   - SMS API: https://developer.vonage.com/en/api/sms
//   - its receipts: https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
//   - their signature: https://developer.vonage.com/en/getting-started/concepts/signing-messages
//   - Messages API: https://developer.vonage.com/en/api/messages
//   - its webhooks: https://developer.vonage.com/en/messages/concepts/signed-webhooks
//   - what became of a message: https://developer.vonage.com/en/api/reports (a paid product)
//   - codes: https://developer.vonage.com/api-errors/sms and …/api-errors/messages
//
// Neither API knows an idempotency key, but both echo a reference of ours in their receipts, and the Reports API keeps
// it. The SMS API answers 200 whatever happened, cuts a long text into parts, and speaks of each part on its own: in its
// answer, in its receipts and in its reports. Here a message stays one: its id is the ids of its parts joined by commas,
// and it is delivered when all of them are (parts.go). The Messages API puts the parts together itself.
package vonage

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	smsURL = "https://rest.nexmo.com"
	apiURL = "https://api.nexmo.com"

	apiSMS      = "sms"
	apiMessages = "messages"
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	API             string          `yaml:"api"` // sms, the default, or messages
	APIKey          string          `yaml:"api_key"`
	APISecret       carriers.Secret `yaml:"api_secret"`       // of SMS, of Reports, and of Messages without an application
	ApplicationID   string          `yaml:"application_id"`   // Messages only
	PrivateKey      carriers.Secret `yaml:"private_key"`      // of the application, PEM
	SignatureSecret carriers.Secret `yaml:"signature_secret"` // receipts are signed with it; SMS: only where the account signs
	SignatureMethod string          `yaml:"signature_method"` // SMS only: md5hash, the default, md5, sha1, sha256, sha512
	From            string          `yaml:"from"`             // used for messages that name no sender
}

// Carrier is one Vonage account.
type Carrier struct {
	*carriers.Account

	api     string
	submit  *url.URL
	reports *url.URL
	balance *url.URL
	basic   string // the header that Reports wants, "" without a secret
	account string
	secret  string
	app     *application // signs the requests of Messages, nil with basic authentication
	sign    signer
	parts   *tally
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
	return carriers.Type{Name: "vonage", Doc: "Vonage SMS API or Messages API (api_key, api_secret)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	rest, api := o.URL(smsURL), o.URL(apiURL) // one base_url for all three APIs, which have two hosts of their own
	c := &Carrier{
		api: cfg.API, account: cfg.APIKey, parts: newTally(),
		submit: rest.JoinPath("sms", "json"), reports: api.JoinPath("v2", "reports", "records"),
		balance: rest.JoinPath("account", "get-balance"),
	}
	if c.api == apiMessages {
		c.submit = api.JoinPath("v1", "messages")
	}
	c.credentials(o, cfg, env.Now)
	c.Account = o.Account(carriers.Facts{
		Type: "vonage", Codes: codesTSV, States: states, From: cfg.From, RefInReceipts: true, Signed: cfg.SignatureSecret != "",
	}, "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json")
	return o.Done(c)
}

// check says what is wrong before anything is resolved.
func (cfg *Config) check() error {
	jwt := cfg.ApplicationID != ""
	cfg.API = cmp.Or(cfg.API, apiSMS)
	switch {
	case cfg.API != apiSMS && cfg.API != apiMessages:
		return fmt.Errorf("api: %q is neither sms nor messages", cfg.API)
	case cfg.APIKey == "":
		return errors.New("api_key: is missing: the dashboard shows it")
	case jwt != (cfg.PrivateKey != ""):
		return errors.New("application_id and private_key belong together: set both or neither")
	case jwt && cfg.API != apiMessages:
		return errors.New("application_id: belongs to the Messages API: set api: messages or remove it")
	case cfg.APISecret == "" && !jwt:
		return errors.New("api_secret: is missing: write for example env:VONAGE_SECRET")
	case cfg.SignatureMethod != "" && (cfg.API != apiSMS || cfg.SignatureSecret == ""):
		return errors.New("signature_method: says how signature_secret is used by the SMS API: remove it, or set that")
	case cfg.SignatureMethod != "" && !knownMethod(cfg.SignatureMethod):
		return fmt.Errorf("signature_method: %q is not one: write md5hash, md5, sha1, sha256 or sha512", cfg.SignatureMethod)
	}
	return nil
}

// credentials resolves the secrets.
func (c *Carrier) credentials(o *carriers.Opening, cfg Config, now func() time.Time) {
	c.secret = o.Optional("api_secret", cfg.APISecret)
	signature := o.Optional("signature_secret", cfg.SignatureSecret)
	pem := o.Optional("private_key", cfg.PrivateKey)
	c.sign = signer{secret: []byte(signature), method: cmp.Or(cfg.SignatureMethod, "md5hash")}
	if c.secret != "" {
		c.basic = o.Basic(cfg.APIKey, c.secret)
	}
	if pem == "" {
		return
	}
	app, err := newApplication(cfg.ApplicationID, pem, now)
	if err != nil {
		o.Fail("private_key", err)
	}
	c.app = app
}

// Submit hands one message over.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	if c.api == apiMessages {
		return c.submitMessage(ctx, m)
	}
	return c.submitSMS(ctx, m)
}

// sender is who a message comes from. Vonage wants numbers as digits alone.
func (c *Carrier) sender(m carriers.Message) string { return digits(cmp.Or(m.From, c.From)) }

// digits is a number without its plus.
func digits(number string) string { return strings.TrimPrefix(number, "+") }

// number is Vonage's form of a number in E.164, "" for what is none.
func number(s string) string {
	if len(s) < 7 || len(s) > 15 || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return "+" + s
}

// clamp is a validity in Vonage's unit and bounds.
func clamp(validity, unit, least, most time.Duration) int64 {
	return int64(max(least, min(validity, most)) / unit)
}

// jsonHeader is the header of a request that sends and wants JSON.
func (c *Carrier) jsonHeader(authorization string) http.Header {
	return c.HTTP.Headers("Authorization", authorization, "Content-Type", "application/json", "Accept", "application/json")
}
