// Package telnyx sends through Telnyx's Messaging API.
//
//   - submit: https://developers.telnyx.com/api-reference/messages/send-a-message
//   - poll: https://developers.telnyx.com/api-reference/messages/retrieve-a-message
//   - receipts and their signature: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
//   - codes: https://developers.telnyx.com/docs/messaging/messages/error-codes
//
// Telnyx echoes no reference of ours, has no list to search, and its Idempotency-Key is not declared for messages. So
// the reference travels in the webhook_url: a receipt finds its attempt even if the answer to the submit was lost, and a
// lost answer can be settled in no other way. A message has no validity of ours either: Telnyx sets its own.
package telnyx

import (
	"cmp"
	"context"
	"crypto/ed25519"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/smsctl/smsctl/carriers"
)

const vendorURL = "https://api.telnyx.com"

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	APIKey             carriers.Secret `yaml:"api_key"`
	PublicKey          string          `yaml:"public_key"`    // receipts are verified with it; the portal shows it
	RehearsalKey       carriers.Secret `yaml:"rehearsal_key"` // the other half of public_key, where that is one's own
	From               string          `yaml:"from"`          // used for messages that name no sender
	MessagingProfileID string          `yaml:"messaging_profile_id"`
}

// outbound is the body of a submit.
type outbound struct {
	From               string `json:"from,omitempty"`
	MessagingProfileID string `json:"messaging_profile_id,omitempty"`
	To                 string `json:"to"`
	Text               string `json:"text"`
	WebhookURL         string `json:"webhook_url,omitempty"`
	UseProfileWebhooks *bool  `json:"use_profile_webhooks,omitempty"`
}

// message is the part of Telnyx's message resource that counts here.
type message struct {
	ID string `json:"id"`
	To []struct {
		Number string `json:"phone_number"`
		Status string `json:"status"`
	} `json:"to"`
	Parts     int       `json:"parts"`
	Completed time.Time `json:"completed_at"`
	Errors    []fault   `json:"errors"`
}

// fault is one error of a refusal or of a message.
type fault struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (f fault) words() string {
	if f.Title == "" || f.Detail == "" {
		return f.Title + f.Detail
	}
	return f.Title + ": " + f.Detail
}

// Carrier is one Telnyx account.
type Carrier struct {
	*carriers.Account

	messages  *url.URL
	key       ed25519.PublicKey
	rehearsal []byte // seed of the other half, nil where only Telnyx has it
	profile   string
}

var (
	_ carriers.Carrier         = (*Carrier)(nil)
	_ carriers.Poller          = (*Carrier)(nil)
	_ carriers.Receiver        = (*Carrier)(nil)
	_ carriers.InboundReceiver = (*Carrier)(nil)
	_ carriers.Rehearser       = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "telnyx", Doc: "Telnyx Messaging (api_key, public_key)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	var key ed25519.PublicKey
	o := carriers.Open(name, decode, env, &cfg, func() (err error) { key, err = cfg.check(); return err })
	base := o.URL(vendorURL)
	token := o.Secret("api_key", cfg.APIKey)
	rehearsal := seedOf(o, cfg.RehearsalKey)
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			// A messaging profile chooses the sender; a word as sender needs the profile as well.
			Type: "telnyx", Codes: codesTSV, States: states, From: cfg.From, NoSender: cfg.From == "" && cfg.MessagingProfileID != "",
			RefInReceipts: true, Signed: true,
		}, "Authorization", "Bearer "+token, "Content-Type", "application/json", "Accept", "application/json"),
		messages:  base.JoinPath("v2", "messages"),
		key:       key,
		rehearsal: rehearsal,
		profile:   cfg.MessagingProfileID,
	})
}

// check says what is wrong before anything is resolved, and returns the public key.
func (cfg *Config) check() (ed25519.PublicKey, error) {
	if cfg.APIKey == "" {
		return nil, errors.New("api_key: is missing: write for example env:TELNYX_KEY")
	}
	key, err := base64.StdEncoding.DecodeString(cfg.PublicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("public_key: is missing or not a key: receipts are verified with it; the portal shows it beside the API keys")
	}
	if _, err := uuid.Parse(cfg.MessagingProfileID); cfg.MessagingProfileID != "" && err != nil {
		return nil, fmt.Errorf("messaging_profile_id: %q is not one: write the UUID that the portal shows", cfg.MessagingProfileID)
	}
	return key, nil
}

// Submit creates a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	a := c.Post(ctx, c.messages, c.json(m))
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		var got struct {
			Errors []fault `json:"errors"`
		}
		_ = json.Unmarshal(a.Body, &got) // a proxy's page has no code, and then the status decides
		why := first(got.Errors)
		return a.Refused(c.Codes, why.Code, why.words())
	}
	var got struct {
		Data message `json:"data"`
	}
	if r, failed := a.Decode(&got); failed {
		return r
	}
	if got.Data.ID == "" {
		return a.Unreadable("the answer has no id")
	}
	r := carriers.Accept(got.Data.ID, a.StatusLine())
	r.Segments = max(0, got.Data.Parts)
	return r
}

// json is the body of a submit. Receipts of a message with an address of its own go there and nowhere else: the
// profile's address may belong to another program.
func (c *Carrier) json(m carriers.Message) []byte {
	o := outbound{
		From: cmp.Or(m.From, c.From), MessagingProfileID: c.profile, To: m.To, Text: m.Text, WebhookURL: m.ReceiptURL,
	}
	if m.ReceiptURL != "" {
		o.UseProfileWebhooks = new(bool)
	}
	b, _ := json.Marshal(o) // strings and a bool always marshal
	return b
}

func first(errs []fault) fault {
	if len(errs) == 0 {
		return fault{}
	}
	return errs[0]
}
