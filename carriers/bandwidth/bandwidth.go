// Package bandwidth sends through Bandwidth's Messaging API v2.
//
//   - submit, list: https://dev.bandwidth.com/apis/messaging-apis/messaging/
//   - receipts: https://dev.bandwidth.com/docs/messaging/webhooks/
//   - codes: https://dev.bandwidth.com/docs/messaging/errors/
//
// A message carries a tag, which is our reference and comes back in its receipts. They go to the address that the
// application has in Bandwidth's dashboard, {public_url}/receipts/{carrier}, with the name and password set there.
//
// Bandwidth documents that a message answered with any 4xx or 5xx is not sent. That is taken as said of answers that
// Bandwidth wrote; a gateway's page on the way says nothing.
package bandwidth

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const vendorURL = "https://messaging.bandwidth.com/api/v2"

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	AccountID        string          `yaml:"account_id"`
	ApplicationID    string          `yaml:"application_id"`
	Username         string          `yaml:"username"`
	Password         carriers.Secret `yaml:"password"`
	From             string          `yaml:"from"`              // used for messages that name no sender
	CallbackUsername string          `yaml:"callback_username"` // as set for the application's callbacks
	CallbackPassword carriers.Secret `yaml:"callback_password"`
}

// request is the body of a submit. More than one number in To would be a group message, not several.
type request struct {
	ApplicationID string   `json:"applicationId"`
	To            []string `json:"to"`
	From          string   `json:"from"`
	Text          string   `json:"text"`
	Tag           string   `json:"tag,omitempty"`
	Expiration    string   `json:"expiration,omitempty"`
}

// message is the part of a message resource that counts here.
type message struct {
	ID           string `json:"id"`
	Tag          string `json:"tag"`
	SegmentCount int    `json:"segmentCount"`
	From         string `json:"from"` // this and the text are read of inbound messages
	Text         string `json:"text"`
}

// fault is the body of a refusal.
type fault struct {
	Type        string `json:"type"`
	Description string `json:"description"`
	Fields      []struct {
		Name        string `json:"fieldName"`
		Description string `json:"description"`
	} `json:"fieldErrors"`
}

// Carrier is one Bandwidth account.
type Carrier struct {
	*carriers.Account

	messages    *url.URL
	application string
	callback    string // Authorization of callbacks, "" without
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
	return carriers.Type{
		Name: "bandwidth", Doc: "Bandwidth Messaging API v2 (account_id, application_id, username, password)", New: newCarrier,
	}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	base := o.URL(vendorURL)
	password := o.Secret("password", cfg.Password)
	callback := ""
	if cfg.CallbackPassword != "" {
		callback = o.Basic(cfg.CallbackUsername, o.Secret("callback_password", cfg.CallbackPassword))
	}
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "bandwidth", Codes: codesTSV, States: states, From: cfg.From, OneAddress: true, RefInReceipts: true, Signed: callback != "",
		}, "Authorization", o.Basic(cfg.Username, password), "Content-Type", "application/json", "Accept", "application/json"),
		messages:    base.JoinPath("users", cfg.AccountID, "messages"),
		application: cfg.ApplicationID,
		callback:    callback,
	})
}

func (cfg *Config) check() error {
	switch {
	case !regexp.MustCompile(`^\d+$`).MatchString(cfg.AccountID):
		return fmt.Errorf("account_id: %q is not an account: write its number as the dashboard shows it", cfg.AccountID)
	case !regexp.MustCompile(`^[0-9A-Za-z-]+$`).MatchString(cfg.ApplicationID):
		return fmt.Errorf("application_id: %q is not an application: write its id as the dashboard shows it", cfg.ApplicationID)
	case cfg.Username == "":
		return errors.New("username: is missing: write the name of the API user")
	case cfg.Password == "":
		return errors.New("password: is missing: write for example env:BANDWIDTH_PASSWORD")
	case (cfg.CallbackUsername == "") != (cfg.CallbackPassword == ""):
		return errors.New("callback_username and callback_password belong together: set both or neither")
	}
	return nil
}

// Submit creates a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	body, err := json.Marshal(c.request(m))
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the message cannot be written as JSON")
	}
	a := c.Post(ctx, c.messages, body)
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		return c.refused(a)
	}
	var got message
	if r, failed := a.Decode(&got); failed {
		return r
	}
	if got.ID == "" {
		return a.Unreadable("the answer has no id")
	}
	r := carriers.Accept(got.ID, a.StatusLine())
	r.Segments = max(0, got.SegmentCount)
	return r
}

func (c *Carrier) request(m carriers.Message) request {
	r := request{ApplicationID: c.application, To: []string{m.To}, From: cmp.Or(m.From, c.From), Text: m.Text, Tag: m.Ref}
	if m.Validity > 0 {
		r.Expiration = c.Now().Add(max(m.Validity, time.Second)).UTC().Format(time.RFC3339)
	}
	return r
}

// refused reads a refusal. A fault that Bandwidth itself reports is proof, see the package's comment.
func (c *Carrier) refused(a *carriers.Answer) carriers.Result {
	var f fault
	_ = json.Unmarshal(a.Body, &f) // a gateway's page has no type, and then the status decides
	words := f.Description
	for _, field := range f.Fields {
		words += "; " + field.Name + ": " + field.Description
	}
	_, known := c.Codes.Class(f.Type)
	if !known && a.Status >= 500 && f.Type != "" && f.Description != "" {
		return a.RefusedAs(carriers.ClassCarrierTransient, f.Type, words)
	}
	return a.Refused(c.Codes, f.Type, words)
}
