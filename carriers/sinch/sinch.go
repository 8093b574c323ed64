// Package sinch sends through the SMS REST API of Sinch: a batch of one recipient for each message, or of several
// (batch_size).
//
//   - submit, list: https://developers.sinch.com/docs/sms/api-reference/sms/batches
//   - receipts, poll, codes: https://developers.sinch.com/docs/sms/api-reference/sms/delivery-reports
//   - refusals: https://developers.sinch.com/docs/sms/api-reference/status-codes
//
// A batch carries a client_reference of ours, which is echoed in its receipts and can be searched by: after a lost
// answer Sinch says whether it has the batch. There is no id per recipient, so the id of a message is its batch's, and
// a question about it names batch and number. A batch of several has one client_reference for all of them; what is found
// again then is found by time, number and text.
//
// A batch takes 1 to 1000 numbers and a body of 2000 characters (API reference); parameters of 160 characters stand only in
// Sinch's older reference, and longer ones are not confirmed.
package sinch

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	maxValidity = 72 * time.Hour // Sinch's ceiling and default
	timeFormat  = "2006-01-02T15:04:05.000Z"
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	ServicePlanID  string          `yaml:"service_plan_id"`
	APIToken       carriers.Secret `yaml:"api_token"`
	Region         string          `yaml:"region"`          // us (default), eu, au, br, ca
	From           string          `yaml:"from"`            // used for messages that name no sender
	CallbackSecret carriers.Secret `yaml:"callback_secret"` // where Sinch has switched signed callbacks on for the account
}

// batch is the body of a submit.
type batch struct {
	To             []string                     `json:"to"`
	From           string                       `json:"from,omitempty"`
	Type           string                       `json:"type"`
	Body           string                       `json:"body"`
	Parameters     map[string]map[string]string `json:"parameters,omitempty"`
	DeliveryReport string                       `json:"delivery_report"`
	CallbackURL    string                       `json:"callback_url,omitempty"`
	Reference      string                       `json:"client_reference"`
	ExpireAt       string                       `json:"expire_at,omitempty"`
}

// created is the part of a batch resource that counts here.
type created struct {
	ID         string                       `json:"id"`
	Reference  string                       `json:"client_reference"`
	To         []string                     `json:"to"`
	Body       string                       `json:"body"`
	Parameters map[string]map[string]string `json:"parameters"`
}

// fault is the body of a refusal.
type fault struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Carrier is one Sinch service plan.
type Carrier struct {
	*carriers.Account

	batches *url.URL
	secret  []byte // of signed callbacks, nil without
	address string // of the receipts of batches, "" without public_url
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
	return carriers.Type{Name: "sinch", Doc: "Sinch SMS REST API (service_plan_id, api_token, region)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	base := o.URL("https://" + cmp.Or(cfg.Region, "us") + ".sms.api.sinch.com")
	token := o.Secret("api_token", cfg.APIToken)
	secret := o.Optional("callback_secret", cfg.CallbackSecret)
	address := ""
	if env.PublicURL != "" {
		address = strings.TrimRight(env.PublicURL, "/") + "/receipts/" + url.PathEscape(name)
	}
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "sinch", Codes: codesTSV, States: states, From: cfg.From, RefInReceipts: cfg.BatchSize < 2, Signed: secret != "",
		}, "Authorization", "Bearer "+token, "Content-Type", "application/json", "Accept", "application/json"),
		batches: base.JoinPath("xms", "v1", cfg.ServicePlanID, "batches"),
		secret:  []byte(secret),
		address: address,
	})
}

func (cfg *Config) check() error {
	switch {
	case !regexp.MustCompile(`^[0-9A-Za-z_-]+$`).MatchString(cfg.ServicePlanID):
		return fmt.Errorf("service_plan_id: %q is not a service plan: write it as the dashboard shows it", cfg.ServicePlanID)
	case cfg.APIToken == "":
		return errors.New("api_token: is missing: write for example env:SINCH_TOKEN")
	case cfg.BatchSize > 1 && cfg.CallbackSecret == "":
		return errors.New("batch_size: needs callback_secret, as the receipts of a batch share one address: have Sinch sign callbacks, or remove it")
	case cfg.Region != "" && !regexp.MustCompile(`^[a-z]{2}$`).MatchString(cfg.Region):
		return fmt.Errorf("region: %q is not a region: write us, eu, au, br or ca", cfg.Region)
	}
	return nil
}

// Submit creates a batch of one.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	r, _ := c.create(ctx, c.batch(m))
	return r
}

// batch is the message in Sinch's words. Reports are asked for only where they can go: Sinch refuses a batch that wants
// a callback and has no URL for it.
func (c *Carrier) batch(m carriers.Message) batch {
	b := batch{
		To: []string{m.To}, From: cmp.Or(m.From, c.From), Type: "mt_text", Body: m.Text,
		DeliveryReport: "none", CallbackURL: m.ReceiptURL, Reference: m.Ref,
	}
	if m.ReceiptURL != "" {
		b.DeliveryReport = "per_recipient_final"
	}
	if strings.Contains(m.Text, "${") {
		// ${name} is Sinch's own placeholder, and one without a value aborts the message. So the dollar becomes the value
		// of one. That Sinch replaces in one pass is not confirmed; without this the message would fail for certain.
		b.Body = strings.ReplaceAll(m.Text, "${", "${dollar}{")
		b.Parameters = map[string]map[string]string{"dollar": {"default": "$"}}
	}
	if m.Validity > 0 && m.Validity < maxValidity {
		b.ExpireAt = c.Now().Add(max(m.Validity, time.Second)).UTC().Format(timeFormat)
	}
	return b
}
