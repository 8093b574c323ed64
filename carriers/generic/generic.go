// Package generic is the carrier type `http`: a gateway that is described in the config instead of in code.
//
//	submit:                                        # how a message is handed over
//	  method: POST                                 # GET, POST, PUT, PATCH
//	  url: https://gw.example.com/send             # or /send below base_url
//	  headers: {Authorization: "Bearer ${token}"}
//	  json: {to: "{{to}}", text: "{{text}}"}       # or form:, or query:, or body: with content_type:
//	  success: {status: [200], id: "$.id"}         # and match: REGEX where the status is not enough
//	  code: "$.error.code"                         # where a refusal has its code and words
//	  detail: "$.error.message"
//	  errors: [{status: 400, code: E7, match: REGEX, class: recipient_invalid}]   # first match wins
//	status:  {method: GET, url: "…/{{id}}", state: "$.status"}                    # how it can be asked
//	lookup:  {url: "…?ref={{ref}}", id: "$.id", absent: {status: [404]}, settle: 30s}
//	receipt: {id: "$.id", ref: "$.ref", state: "$.status", states: {DELIVRD: delivered}, verify: {…}}
//	inbound: {id: "$.id", from: "$.from", to: "$.to", text: "$.text", verify: {…}}  # messages from people
//	secrets: {token: env:TOKEN}
//
// Placeholders are {{to}} {{to_digits}} {{from}} {{text}} {{ref}} {{receipt_url}} {{segments}} {{validity_s}}
// {{encoding}}, and {{id}} in status. They are put in once: a text that holds {{to}} is sent as it stands. The kind of
// the body chooses the escaping. A field that is nothing but a placeholder without a value is left out.
//
// A value in an answer or a receipt is found by $.path.to[0].it in JSON (or among the fields of a form or query), by
// /regex/ with one group, or by header:Name.
package generic

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	From    string                     `yaml:"from"` // used for messages that name no sender
	Submit  SubmitConfig               `yaml:"submit"`
	Status  *StatusConfig              `yaml:"status"`
	Lookup  *LookupConfig              `yaml:"lookup"`
	Receipt *ReceiptConfig             `yaml:"receipt"`
	Inbound *InboundConfig             `yaml:"inbound"`
	Secrets map[string]carriers.Secret `yaml:"secrets"`
}

// CallConfig describes a request. At most one of JSON, Form and Body is set; Query goes with any of them.
type CallConfig struct {
	Method      string            `yaml:"method"`
	URL         string            `yaml:"url"`
	Headers     map[string]string `yaml:"headers"`
	JSON        any               `yaml:"json"`
	Form        map[string]string `yaml:"form"`
	Query       map[string]string `yaml:"query"`
	Body        string            `yaml:"body"`
	ContentType string            `yaml:"content_type"`
}

// SubmitConfig describes how a message is handed over.
type SubmitConfig struct {
	CallConfig `yaml:",inline"`

	Success   SuccessConfig     `yaml:"success"`
	Code      string            `yaml:"code"`
	Detail    string            `yaml:"detail"`
	Errors    []ErrorConfig     `yaml:"errors"`
	Encodings map[string]string `yaml:"encodings"` // what {{encoding}} says instead of gsm7 and ucs2
	KeepAlive *bool             `yaml:"keep_alive"`
}

// SuccessConfig says how acceptance is told: all that is set must hold.
type SuccessConfig struct {
	Status []int  `yaml:"status"` // absent = any 2xx
	Match  string `yaml:"match"`
	ID     string `yaml:"id"`
}

// ErrorConfig gives a class to a refusal: all that is set must hold.
type ErrorConfig struct {
	Status int            `yaml:"status"`
	Code   string         `yaml:"code"`
	Match  string         `yaml:"match"`
	Class  carriers.Class `yaml:"class"`
}

// carrier is one gateway. What the config may leave out (poll, lookup) is added by New.
type carrier struct {
	info    carriers.Info
	http    *carriers.Client
	codes   *carriers.Codes
	now     func() time.Time
	from    string
	submit  submit
	receipt *receipt
	inbound *inbound
}

// submit is the compiled SubmitConfig.
type submit struct {
	call
	success      []int
	match        *regexp.Regexp
	id           *finder
	code, detail *finder
	errors       []rule
	gsm7, ucs2   string
}

// rule is a compiled ErrorConfig.
type rule struct {
	ErrorConfig
	match *regexp.Regexp
}

var (
	_ carriers.Carrier         = (*carrier)(nil)
	_ carriers.Receiver        = (*carrier)(nil)
	_ carriers.InboundReceiver = (*carrier)(nil)
	_ carriers.Rehearser       = (*carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "http", Doc: "any HTTP gateway, described in the config (submit, status, receipt, inbound)", New: newCarrier}
}

// Info describes the carrier.
func (c *carrier) Info() carriers.Info { return c.info }

// Close ends the idle connections.
func (c *carrier) Close(context.Context) error {
	c.http.Close()
	return nil
}

// Submit hands a message over.
func (c *carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	if m.From == "" {
		m.From = c.from
	}
	req, err := c.submit.request(c.submit.values(&m))
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "request", "", c.http.Redact(err.Error()))
	}
	a := c.http.Do(ctx, req)
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	return c.submit.judge(a, c.codes)
}

// values are the placeholders' values for a message.
func (s *submit) values(m *carriers.Message) func(string) string {
	return func(name string) string {
		switch name {
		case "to":
			return m.To
		case "to_digits":
			return digits(m.To)
		case "from":
			return m.From
		case "text":
			return m.Text
		case "ref":
			return m.Ref
		case "receipt_url":
			return m.ReceiptURL
		case "segments":
			return positive(m.Segments)
		case "validity_s":
			return positive(int((m.Validity + time.Second - 1) / time.Second))
		case "encoding":
			if m.UCS2 {
				return s.ucs2
			}
			return s.gsm7
		}
		return ""
	}
}

// positive writes a number that has a value only above zero.
func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// judge reads an answer: the errors first, then success, then the tables. A 2xx that is neither is in doubt.
func (s *submit) judge(a *carriers.Answer, codes *carriers.Codes) carriers.Result {
	d := newDocument(a.Header, a.Body)
	code, _ := s.code.find(d)
	for i := range s.errors {
		if e := &s.errors[i]; e.holds(a, code) {
			return a.RefusedAs(e.Class, code, s.words(d))
		}
	}
	if !s.succeeded(a.Status) {
		return a.Refused(codes, code, s.words(d))
	}
	if s.match != nil && !s.match.Match(a.Body) {
		if _, known := codes.Class(code); known {
			return a.Refused(codes, code, s.words(d))
		}
		return a.Unreadable("success.match does not hold, and no entry of errors does: " + s.words(d))
	}
	id, found := s.id.find(d)
	if s.id != nil && (!found || id == "") {
		return a.Unreadable("the answer has nothing at success.id")
	}
	return carriers.Accept(id, a.StatusLine())
}

func (s *submit) succeeded(status int) bool {
	if len(s.success) == 0 {
		return status/100 == 2
	}
	return slices.Contains(s.success, status)
}

// words are the gateway's own about a refusal.
func (s *submit) words(d *document) string {
	if words, ok := s.detail.find(d); ok {
		return words
	}
	return string(d.body[:min(len(d.body), 1000)])
}

func (r *rule) holds(a *carriers.Answer, code string) bool {
	return (r.Status == 0 || r.Status == a.Status) && (r.Code == "" || r.Code == code) && (r.match == nil || r.match.Match(a.Body))
}

// compileErrors checks the list of errors.
func compileErrors(list []ErrorConfig, hasCode bool) ([]rule, error) {
	var rules []rule
	for i, e := range list {
		where := fmt.Sprintf("submit.errors[%d]", i)
		re, err := compileRegexp(where+".match", e.Match)
		switch {
		case err != nil:
			return nil, err
		case e.Status == 0 && e.Code == "" && e.Match == "":
			return nil, fmt.Errorf("%s: matches everything: give it a status, code or match", where)
		case e.Code != "" && !hasCode:
			return nil, fmt.Errorf("%s.code: submit.code does not say where an answer has its code: write for example \"$.error.code\"", where)
		}
		if err := carriers.CheckClass(e.Class); err != nil {
			return nil, fmt.Errorf("%s.class: %w", where, err)
		}
		rules = append(rules, rule{ErrorConfig: e, match: re})
	}
	return rules, nil
}

// methods are those that a gateway can want; a GET is never repeated, see carriers.Client.
func methodOf(where, method, def string) (string, error) {
	if method == "" {
		method = def
	}
	switch m := strings.ToUpper(method); m {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch:
		return m, nil
	}
	return "", fmt.Errorf("%s.method: %q is not one of GET, POST, PUT, PATCH", where, method)
}
