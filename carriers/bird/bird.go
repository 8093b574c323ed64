// Package bird sends through Bird's SMS API of 2026 ({region}.platform.bird.com), not through MessageBird's of old.
//
//   - submit, poll, list: https://bird.com/docs/api/sms
//   - receipts and their signature: https://bird.com/docs/webhooks, https://www.standardwebhooks.com
//
// Facts are those of Bird's own SDK, https://github.com/messagebird/bird-sdk-go v0.11.0.
//
// Our reference is the Idempotency-Key of a message, its metadata, which every event repeats, and its tag, by which it
// can be found again. Receipts go to the webhook endpoint of the workspace, {public_url}/receipts/{carrier}. Bird takes
// no validity yet: it refuses a message that names one, so a message's validity ends with its dispatch.
package bird

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

const (
	// refKey names our reference in metadata and tags.
	refKey = "smsctl_ref"
	// maxBatch is how many messages Bird takes in one call.
	maxBatch = 100
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	APIKey        carriers.Secret `yaml:"api_key"`
	Region        string          `yaml:"region"`         // absent = the one in the key
	WebhookSecret carriers.Secret `yaml:"webhook_secret"` // whsec_…, absent = receipts are refused, states polled
	From          string          `yaml:"from"`           // used for messages that name no sender
}

// request is the body of a submit.
type request struct {
	To       string            `json:"to"`
	From     string            `json:"from,omitempty"`
	Text     string            `json:"text"`
	Category string            `json:"category"`
	Tags     []tag             `json:"tags"`
	Metadata map[string]string `json:"metadata"`
}

type tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// message is the part of a message resource that counts here.
type message struct {
	ID        string `json:"id"`
	To        string `json:"to"`
	Status    string `json:"status"`
	LastError *cause `json:"last_error"`
	Tags      []tag  `json:"tags"`
	Segments  struct {
		Count int `json:"count"`
	} `json:"segments"`
}

// cause is why a message was not delivered.
type cause struct {
	Code        string `json:"code"`
	CarrierCode string `json:"carrier_error_code"`
	Description string `json:"description"`
}

// fault is the body of a refusal.
type fault struct {
	Error struct {
		Type    string `json:"type"`
		Code    string `json:"code"`
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"error"`
}

// Carrier is one Bird workspace.
type Carrier struct {
	*carriers.Account

	messages *url.URL
	batches  *url.URL
	secret   []byte // of webhooks, nil without
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
	return carriers.Type{Name: "bird", Doc: "Bird SMS API of 2026 (api_key, webhook_secret)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	key := o.Secret("api_key", cfg.APIKey)
	base := o.URL(vendor(o, cfg, key))
	secret := webhookKey(o, cfg.WebhookSecret)
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "bird", Codes: codesTSV, States: states, From: cfg.From, OneAddress: true, RefInReceipts: true, Signed: true,
		}, "Authorization", "Bearer "+key, "Content-Type", "application/json", "Accept", "application/json"),
		messages: base.JoinPath("v1", "sms", "messages"),
		batches:  base.JoinPath("v1", "sms", "batches"),
		secret:   secret,
	})
}

func (cfg *Config) check() error {
	if cfg.APIKey == "" {
		return errors.New("api_key: is missing: write for example env:BIRD_API_KEY")
	}
	return nil
}

// vendor is Bird's address in the region that the config or the key names: bk_{region}_….
func vendor(o *carriers.Opening, cfg Config, key string) string {
	region := cfg.Region
	if part := strings.SplitN(key, "_", 3); region == "" && len(part) == 3 && part[0] == "bk" {
		region = part[1]
	}
	if cfg.BaseURL == "" && !regexp.MustCompile(`^[a-z]{2,4}\d{1,3}$`).MatchString(region) {
		o.Fail("region", errors.New("is neither here nor in the api_key: write for example eu1"))
	}
	return "https://" + region + ".platform.bird.com"
}

// webhookKey resolves the secret of webhooks: base64 behind whsec_.
func webhookKey(o *carriers.Opening, ref carriers.Secret) []byte {
	text := o.Optional("webhook_secret", ref)
	if text == "" {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil || len(key) == 0 {
		o.Fail("webhook_secret", errors.New("is not a secret of webhooks: write whsec_… as the console shows it"))
	}
	o.Hide(base64.StdEncoding.EncodeToString(key))
	return key
}

// Submit creates a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	body, err := json.Marshal(c.request(m))
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the message cannot be written as JSON")
	}
	a := c.post(ctx, c.messages, m.Ref, body)
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
	return c.judge(a, got)
}

// post sends a body under a key by which Bird knows it again. The key keeps a repetition by anything between us and Bird
// from being a second message; we repeat nothing.
func (c *Carrier) post(ctx context.Context, u *url.URL, key string, body []byte) *carriers.Answer {
	header := c.Header.Clone()
	header.Set("Idempotency-Key", key)
	return c.HTTP.Do(ctx, carriers.Request{Method: http.MethodPost, URL: u, Header: header, Body: body})
}

// judge reads what became of a message that an answer of success speaks of.
func (c *Carrier) judge(a *carriers.Answer, got message) carriers.Result {
	if got.ID == "" {
		return a.Unreadable("the answer has no id")
	}
	if now := c.stateOf(got); now.Class != carriers.ClassNone {
		return a.RefusedAs(now.Class, now.Code, now.Detail) // refused at once
	}
	r := carriers.Accept(got.ID, a.StatusLine())
	r.Segments = max(0, got.Segments.Count)
	return r
}

func (c *Carrier) request(m carriers.Message) request {
	category := "transactional"
	if m.Type == "promotional" {
		category = "marketing"
	}
	return request{
		To: m.To, From: cmp.Or(m.From, c.From), Text: m.Text, Category: category,
		Tags: []tag{{refKey, m.Ref}}, Metadata: map[string]string{refKey: m.Ref},
	}
}

// refused reads a refusal: the table knows a few codes and names, and all types.
func (c *Carrier) refused(a *carriers.Answer) carriers.Result {
	var f fault
	_ = json.Unmarshal(a.Body, &f) // a gateway's page has no type, and then the status decides
	for _, word := range []string{f.Error.Code, f.Error.Name, f.Error.Type} {
		if class, known := c.Codes.Class(word); known {
			return a.RefusedAs(class, cmp.Or(f.Error.Code, f.Error.Type), f.Error.Message)
		}
	}
	return a.Refused(c.Codes, f.Error.Code, f.Error.Message)
}
