// Package aws sends through AWS End User Messaging, API sms-voice v2.
//
//   - submit: https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
//   - events: https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html
//   - how SNS delivers and signs them: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
//
// AWS can be asked nothing afterwards: what became of a message is known by events alone. They come through a topic of
// SNS that is subscribed to {public_url}/receipts/{carrier} by HTTPS, raw message delivery off. The Context of a message
// carries our reference, and every event of it repeats that.
package aws

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/smsctl/smsctl/carriers"
)

const (
	service = "sms-voice"
	refKey  = "smsctl_ref" // in Context

	minValidity, maxValidity = 5, 259200 // seconds; the ceiling is the default
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	Region           string          `yaml:"region"`
	AccessKeyID      string          `yaml:"access_key_id"`
	SecretAccessKey  carriers.Secret `yaml:"secret_access_key"`
	SessionToken     carriers.Secret `yaml:"session_token"`     // with temporary keys only
	From             string          `yaml:"from"`              // origination identity of messages that name no sender
	ConfigurationSet string          `yaml:"configuration_set"` // the one whose events go to the topic
	RehearsalKey     carriers.Secret `yaml:"rehearsal_key"`     // RSA, PEM: of rehearsed receipts, which it verifies too
	TopicARN         string          `yaml:"topic_arn"`         // absent = no receipts
	InboundTopicARN  string          `yaml:"inbound_topic_arn"` // of two-way messages, absent = topic_arn
}

// text is the body of a submit.
type text struct {
	To               string            `json:"DestinationPhoneNumber"`
	From             string            `json:"OriginationIdentity,omitempty"`
	Body             string            `json:"MessageBody"`
	Type             string            `json:"MessageType"`
	ConfigurationSet string            `json:"ConfigurationSetName,omitempty"`
	TimeToLive       int               `json:"TimeToLive,omitempty"`
	Context          map[string]string `json:"Context"`
}

// sent is the answer to a submit.
type sent struct {
	MessageID string `json:"MessageId"`
}

// fault is the body of a refusal. AWS writes the words in two spellings.
type fault struct {
	Type   string `json:"__type"`
	Reason string `json:"Reason"`
	Words  string `json:"message"`
}

// Carrier is one AWS account in one region.
type Carrier struct {
	*carriers.Account

	log      *slog.Logger
	endpoint *url.URL
	signer   *v4.Signer
	keys     sdk.Credentials
	region   string
	set      string
	topic    *topic
	inbound  *topic // of two-way messages
}

var (
	_ carriers.Carrier         = (*Carrier)(nil)
	_ carriers.Receiver        = (*Carrier)(nil)
	_ carriers.InboundReceiver = (*Carrier)(nil)
	_ carriers.Rehearser       = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{
		Name: "aws", Doc: "AWS End User Messaging, sms-voice v2 (region, access_key_id, secret_access_key, topic_arn)",
		New: newCarrier,
	}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	endpoint := o.URL("https://sms-voice." + cfg.Region + ".amazonaws.com")
	keys := sdk.Credentials{
		AccessKeyID: cfg.AccessKeyID, SecretAccessKey: o.Secret("secret_access_key", cfg.SecretAccessKey),
		SessionToken: o.Optional("session_token", cfg.SessionToken),
	}
	rehearsal := rehearsalKey(o, cfg.RehearsalKey)
	c := &Carrier{
		Account: o.Account(carriers.Facts{
			Type: "aws", Codes: codesTSV, States: states, From: cfg.From, OneAddress: true, RefInReceipts: true, Signed: true,
		}, "Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", "PinpointSMSVoiceV2.SendTextMessage"),
		log:      cmp.Or(env.Log, slog.New(slog.DiscardHandler)),
		endpoint: endpoint,
		signer:   v4.NewSigner(),
		keys:     keys,
		region:   cfg.Region,
		set:      cfg.ConfigurationSet,
		topic:    newTopic(cfg.TopicARN),
	}
	c.topic.fetch, c.topic.rehearsal, c.inbound = c.fetch, rehearsal, c.topic
	if cfg.InboundTopicARN != "" {
		c.inbound = newTopic(cfg.InboundTopicARN)
		c.inbound.fetch = c.fetch
	}
	if cfg.TopicARN == "" {
		c.SendsNoReceipts()
	}
	return o.Done(c)
}

func (cfg *Config) check() error {
	switch {
	case !regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`).MatchString(cfg.Region):
		return fmt.Errorf("region: %q is not a region: write for example eu-west-1", cfg.Region)
	case !regexp.MustCompile(`^[A-Z0-9]{16,128}$`).MatchString(cfg.AccessKeyID):
		return fmt.Errorf("access_key_id: %q is not an access key id: write AKIA… as the console shows it", cfg.AccessKeyID)
	case cfg.SecretAccessKey == "":
		return errors.New("secret_access_key: is missing: write for example env:AWS_SECRET_ACCESS_KEY")
	case cfg.TopicARN != "" && newTopic(cfg.TopicARN).host == "":
		return fmt.Errorf("topic_arn: %q is not the ARN of a topic: write arn:aws:sns:region:account:name", cfg.TopicARN)
	case cfg.InboundTopicARN != "" && newTopic(cfg.InboundTopicARN).host == "":
		return fmt.Errorf("inbound_topic_arn: %q is not the ARN of a topic: write arn:aws:sns:region:account:name", cfg.InboundTopicARN)
	}
	return nil
}

// Submit sends a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	body, err := json.Marshal(c.text(m))
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the message cannot be written as JSON")
	}
	header, err := c.signed(ctx, c.Header, body)
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the request cannot be signed: "+c.HTTP.Redact(err.Error()))
	}
	a := c.HTTP.Do(ctx, carriers.Request{Method: http.MethodPost, URL: c.endpoint, Header: header, Body: body})
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		return c.refused(a)
	}
	var got sent
	if r, failed := a.Decode(&got); failed {
		return r
	}
	if got.MessageID == "" {
		return a.Unreadable("the answer has no MessageId")
	}
	return carriers.Accept(got.MessageID, a.StatusLine())
}

func (c *Carrier) text(m carriers.Message) text {
	t := text{
		To: m.To, From: cmp.Or(m.From, c.From), Body: m.Text, Type: strings.ToUpper(m.Type),
		ConfigurationSet: c.set, Context: map[string]string{refKey: m.Ref},
	}
	if m.Validity > 0 {
		t.TimeToLive = max(minValidity, min(int(m.Validity/time.Second), maxValidity))
	}
	return t
}

// signed returns the header of one request: AWS's signature covers the body and the time.
func (c *Carrier) signed(ctx context.Context, header http.Header, body []byte) (http.Header, error) {
	u := *c.endpoint // the signer writes to it
	r := &http.Request{Method: http.MethodPost, URL: &u, Host: u.Host, Header: header.Clone(), ContentLength: int64(len(body))}
	sum := sha256.Sum256(body)
	err := c.signer.SignHTTP(ctx, c.keys, r, hex.EncodeToString(sum[:]), service, c.region, c.Now())
	return r.Header, err
}

// refused reads a refusal: its Reason says more than the name of the exception.
func (c *Carrier) refused(a *carriers.Answer) carriers.Result {
	var f fault
	_ = json.Unmarshal(a.Body, &f) // a proxy's page has no type, and then the status decides
	name := cmp.Or(a.Header.Get("X-Amzn-Errortype"), f.Type)
	name, _, _ = strings.Cut(name, ":") // behind it stands an address of documentation
	name = name[strings.LastIndexByte(name, '#')+1:]
	if _, known := c.Codes.Class(f.Reason); f.Reason != "" && (known || name == "") {
		return a.Refused(c.Codes, f.Reason, f.Words)
	}
	if f.Reason != "" {
		f.Words = f.Reason + ": " + f.Words
	}
	return a.Refused(c.Codes, name, f.Words)
}

// Check asks for the attributes of the account, of which there is no balance.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	body := []byte("{}")
	header := c.Header.Clone()
	header.Set("X-Amz-Target", "PinpointSMSVoiceV2.DescribeAccountAttributes")
	header, err := c.signed(ctx, header, body)
	if err != nil {
		return carriers.Standing{}, errors.New("the request cannot be signed")
	}
	a := c.HTTP.Do(ctx, carriers.Request{Method: http.MethodPost, URL: c.endpoint, Header: header, Body: body})
	if a.Status == http.StatusBadRequest && c.refused(a).Class == carriers.ClassAccountAuth { // AWS says it with a 400
		a.Release()
		return carriers.Standing{}, carriers.ErrAuth
	}
	return c.Asked(a, nil)
}
