// Package plivo sends through Plivo's Messaging API.
//
//   - submit, poll, list: https://www.plivo.com/docs/messaging/api/messages
//   - receipts: https://www.plivo.com/docs/messaging/api/message/message-status-callbacks
//   - signature: https://www.plivo.com/docs/messaging/concepts/signature-validation
//   - codes: https://www.plivo.com/docs/messaging/troubleshooting/error-codes
//
// Plivo knows no idempotency key and echoes no reference of ours. So the reference travels in the callback URL: a
// receipt finds its attempt even if the answer to the submit was lost. A call could take a thousand recipients, but its
// answer does not say which id is whose: one call is one recipient here.
package plivo

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/smsctl/smsctl/carriers"
)

const (
	vendorURL = "https://api.plivo.com"

	// Bounds of message_expiry; Plivo's pages do not name them, so these are not confirmed. A longer validity is left to
	// Plivo's default, which cannot be refused.
	leastExpiry   = 5 * time.Second
	defaultExpiry = 3 * time.Hour
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	AuthID        string          `yaml:"auth_id"`
	AuthToken     carriers.Secret `yaml:"auth_token"` // signs receipts too
	From          string          `yaml:"from"`       // used for messages that name no sender
	PowerpackUUID string          `yaml:"powerpack_uuid"`
}

// outbound is the body of a submit.
type outbound struct {
	Source    string `json:"src,omitempty"`
	Powerpack string `json:"powerpack_uuid,omitempty"`
	To        string `json:"dst"`
	Text      string `json:"text"`
	URL       string `json:"url,omitempty"`
	Method    string `json:"method,omitempty"`
	Expiry    int64  `json:"message_expiry,omitempty"` // seconds
}

// Carrier is one Plivo account.
type Carrier struct {
	*carriers.Account

	messages  *url.URL
	token     []byte
	powerpack string
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
	return carriers.Type{Name: "plivo", Doc: "Plivo Messaging (auth_id, auth_token)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	base := o.URL(vendorURL)
	token := o.Secret("auth_token", cfg.AuthToken)
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "plivo", Codes: codesTSV, States: states, From: cfg.From, NoSender: cfg.PowerpackUUID != "",
			RefInReceipts: true, Signed: true,
		}, "Authorization", o.Basic(cfg.AuthID, token), "Content-Type", "application/json", "Accept", "application/json"),
		messages:  base.JoinPath("v1", "Account", cfg.AuthID, "Message/"), // without its last slash Plivo redirects
		token:     []byte(token),
		powerpack: cfg.PowerpackUUID,
	})
}

func (cfg *Config) check() error {
	_, notUUID := uuid.Parse(cfg.PowerpackUUID)
	switch {
	case len(cfg.AuthID) != 20 || strings.Trim(cfg.AuthID, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "":
		return fmt.Errorf("auth_id: %q is not one: write the 20 capitals and digits that the console shows", cfg.AuthID)
	case cfg.AuthToken == "":
		return errors.New("auth_token: is missing: write for example env:PLIVO_TOKEN")
	case cfg.From != "" && cfg.PowerpackUUID != "":
		return errors.New("from and powerpack_uuid exclude each other: remove one")
	case cfg.PowerpackUUID != "" && notUUID != nil:
		return fmt.Errorf("powerpack_uuid: %q is not one: write the UUID that the console shows", cfg.PowerpackUUID)
	}
	return nil
}

// Submit creates a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	a := c.Post(ctx, c.messages, c.json(m))
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		return c.refused(a, m)
	}
	var got struct {
		IDs     []string `json:"message_uuid"`
		Invalid []string `json:"invalid_number"`
	}
	if r, failed := a.Decode(&got); failed {
		return r
	}
	switch {
	case len(got.IDs) == 0 && len(got.Invalid) > 0:
		return a.RefusedAs(carriers.ClassRecipientInvalid, "invalid_number", "the number is not valid")
	case len(got.IDs) != 1 || got.IDs[0] == "":
		return a.Unreadable("the answer has not one message_uuid")
	}
	return carriers.Accept(got.IDs[0], a.StatusLine())
}

// refused reads a refusal. Plivo gives words and no code: one phrase of it stands in the table, because it tells a wrong
// number of the recipient from a wrong request, if the number in it is the recipient's.
func (c *Carrier) refused(a *carriers.Answer, m carriers.Message) carriers.Result {
	var got struct {
		Error json.RawMessage `json:"error"` // a string, or an object with one
	}
	_ = json.Unmarshal(a.Body, &got) // a proxy's page has no words, and then the status decides
	words := string(got.Error)
	var inner struct {
		Error string `json:"error"`
	}
	switch {
	case json.Unmarshal(got.Error, &words) == nil:
	case json.Unmarshal(got.Error, &inner) == nil:
		words = inner.Error
	}
	const phrase = "not a valid phone number"
	if a.Status == http.StatusBadRequest && strings.Contains(words, phrase) && strings.Contains(words, digits(m.To)) {
		if class, known := c.Codes.Class(phrase); known {
			return a.RefusedAs(class, "", words)
		}
	}
	return a.Refused(c.Codes, "", words)
}

// json is the body of a submit.
func (c *Carrier) json(m carriers.Message) []byte {
	o := outbound{Source: digits(cmp.Or(m.From, c.From)), To: digits(m.To), Text: m.Text}
	if o.Source == "" {
		o.Powerpack = c.powerpack
	}
	if m.ReceiptURL != "" {
		o.URL, o.Method = m.ReceiptURL, http.MethodPost
	}
	if m.Validity > 0 && m.Validity < defaultExpiry {
		o.Expiry = int64(max(m.Validity, leastExpiry) / time.Second)
	}
	b, _ := json.Marshal(o) // strings and a number always marshal
	return b
}

// digits is a number without its plus: so Plivo writes them.
func digits(number string) string { return strings.TrimPrefix(number, "+") }

// number is a number of Plivo's in E.164, "" for what is none.
func number(s string) string {
	s = digits(s)
	if len(s) < 7 || len(s) > 15 || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return "+" + s
}
