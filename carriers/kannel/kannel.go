// Package kannel sends through a Kannel gateway, or through anything that speaks the language of its smsbox. It is the
// generic type http with the answers filled in.
//
//   - sendsms, receipts and their escapes: https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html
//
// What is said here of Kannel was seen of version 1.4.5: see the interop test. A message goes as a POST with X-Kannel
// headers, which keeps the password out of the address; `method: GET` is for gateways that know only the query. The
// receipt address carries our reference and goes along as the dlr-url: Kannel fills %d (what happened), %F (the id at
// the operator) and %A (the operator's words) in. A message of several parts has the receipts of one. Kannel cannot be
// asked afterwards.
//
// Messages from people come by an sms-service of Kannel's own config. Its get-url is the carrier's inbound address and
// behind it &id=%I&from=%p&to=%P&text=%a&charset=%C, with max-messages = 0, so that nothing is answered.
package kannel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/generic"
)

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"` // base_url is the smsbox, http://host:13013

	Path     string          `yaml:"path"`   // of sendsms, default /cgi-bin/sendsms
	Method   string          `yaml:"method"` // POST (default) or GET
	Username string          `yaml:"username"`
	Password carriers.Secret `yaml:"password"`
	From     string          `yaml:"from"` // used for messages that name no sender
	SMSC     string          `yaml:"smsc"` // smsc-id to route by, absent = Kannel decides
}

// Carrier is one user of a gateway.
type Carrier struct {
	carriers.Carrier // of type http
	carriers.Receiver
	carriers.Rehearser
	people carriers.InboundReceiver
	info   carriers.Info
}

var (
	_ carriers.Carrier         = (*Carrier)(nil)
	_ carriers.Receiver        = (*Carrier)(nil)
	_ carriers.InboundReceiver = (*Carrier)(nil)
	_ carriers.Rehearser       = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "kannel", Doc: "Kannel's sendsms (base_url, username, password)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	preset := func(into any) error {
		g, ok := into.(*generic.Config)
		if !ok {
			return errors.New("type http reads another config than this preset fills")
		}
		*g = cfg.preset()
		return nil
	}
	c, err := generic.Type().New(name, preset, env)
	if err != nil {
		return nil, rename(err)
	}
	receiver, takes := c.(carriers.Receiver)
	rehearser, plays := c.(carriers.Rehearser)
	people, hears := c.(carriers.InboundReceiver)
	if !takes || !plays || !hears {
		return nil, errors.New("type http takes no receipts or no inbound messages")
	}
	info := c.Info()
	info.Type = "kannel"
	return &Carrier{Carrier: c, Receiver: receiver, Rehearser: rehearser, people: people, info: info}, nil
}

// check keeps out what would mean something in the templates of type http.
func (cfg *Config) check() error {
	plain := func(s string) bool { return !strings.Contains(s, "{{") && !strings.Contains(s, "${") }
	switch {
	case cfg.BaseURL == "":
		return errors.New("base_url: is missing: write the address of the smsbox, for example http://127.0.0.1:13013")
	case cfg.Path != "" && !regexp.MustCompile(`^/[^?#{}$\s]*$`).MatchString(cfg.Path):
		return fmt.Errorf("path: %q is not a path: write for example /cgi-bin/sendsms", cfg.Path)
	case cfg.Method != "" && cfg.Method != http.MethodPost && cfg.Method != http.MethodGet:
		return fmt.Errorf("method: %q is not one of POST, GET", cfg.Method)
	case cfg.Username == "" || !plain(cfg.Username):
		return fmt.Errorf("username: %q is not the name of a sendsms-user", cfg.Username)
	case cfg.Password == "":
		return errors.New("password: is missing: write for example env:KANNEL_PASSWORD")
	case !plain(cfg.SMSC):
		return fmt.Errorf("smsc: %q is not an smsc-id", cfg.SMSC)
	}
	return nil
}

// rename gives an error of type http the name that its key has here.
func rename(err error) error {
	if rest, ok := strings.CutPrefix(err.Error(), "secrets.password"); ok {
		return errors.New("password" + rest)
	}
	return err
}

// preset is the gateway in the words of type http.
func (cfg *Config) preset() generic.Config {
	path := cfg.Path
	if path == "" {
		path = "/cgi-bin/sendsms"
	}
	submit := generic.SubmitConfig{
		Encodings: map[string]string{"gsm7": "0", "ucs2": "2"},
		Success:   generic.SuccessConfig{Status: []int{202}, Match: `^(0: Accepted for delivery|3: Queued for later delivery)`},
		Errors: []generic.ErrorConfig{
			{Match: `^Temporal failure`, Class: carriers.ClassThrottled}, // the queue is full, and the message is not in it
			{Match: `^Not routable`, Class: carriers.ClassRouteUnavailable},
			{Match: `^Authorization failed`, Class: carriers.ClassAccountAuth},
			{Match: `denied by white- and/or black-lists`, Class: carriers.ClassRecipientBlocked},
			{Match: `^Sender missing`, Class: carriers.ClassSenderRejected},
		},
	}
	fields := map[string]string{
		"username": cfg.Username, "password": "${password}", "to": "{{to}}", "from": "{{from}}", "coding": "{{encoding}}",
		"dlr-mask": "31", "dlr-url": "{{receipt_url}}", "validity": "{{validity_s}}", // minutes: see Submit
	}
	if cfg.SMSC != "" {
		fields["smsc"] = cfg.SMSC
	}
	submit.URL = path
	if cfg.Method == http.MethodGet {
		fields["text"], fields["charset"] = "{{text}}", "UTF-8"
		submit.Method, submit.Query = http.MethodGet, fields
	} else {
		submit.Method, submit.Body, submit.ContentType = http.MethodPost, "{{text}}", "text/plain; charset=UTF-8"
		submit.Headers = map[string]string{}
		for name, value := range fields {
			submit.Headers["X-Kannel-"+name] = value
		}
	}
	return generic.Config{
		Common: cfg.Common, From: cfg.From, Submit: submit, Secrets: map[string]carriers.Secret{"password": cfg.Password},
		Receipt: &generic.ReceiptConfig{
			Method: http.MethodGet, ID: "$.fid", State: "$.type", Detail: "$.answer",
			States: map[string]carriers.ReceiptState{
				"1":  carriers.ReceiptDelivered,
				"2":  carriers.ReceiptUndelivered,
				"4":  carriers.ReceiptQueued, // by the operator
				"8":  carriers.ReceiptSent,   // taken by the operator; may come after the 1
				"16": carriers.ReceiptRejected,
			},
			Reply: generic.ReplyConfig{Status: http.StatusOK, ContentType: "text/plain", Body: "ok"},
		},
		Inbound: &generic.InboundConfig{
			Method: http.MethodGet, ID: "$.id", From: "$.from", To: "$.to", Text: "$.text",
			Reply: generic.ReplyConfig{Status: http.StatusOK, ContentType: "text/plain"}, // whatever it says is sent to the person
		},
	}
}

// Info describes the carrier.
func (c *Carrier) Info() carriers.Info { return c.info }

// Submit hands a message over. Type http writes a validity in seconds, and Kannel wants minutes, so minutes are what it
// is given. In the dlr-url Kannel replaces every %, so a percent sign of the address itself stands twice.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	if m.Validity > 0 {
		minutes := max(1, int64(m.Validity/time.Minute))
		m.Validity = time.Duration(minutes) * time.Second
	}
	if m.ReceiptURL != "" {
		m.ReceiptURL = strings.ReplaceAll(m.ReceiptURL, "%", "%%")
		separator := "&"
		if !strings.Contains(m.ReceiptURL, "?") {
			separator = "?"
		}
		m.ReceiptURL += separator + "type=%d&fid=%F&answer=%A"
	}
	return c.Carrier.Submit(ctx, m)
}
