// Package africastalking sends through the bulk SMS API of Africa's Talking.
//
//   - submit: https://developers.africastalking.com/docs/sms/sending/bulk
//   - receipts: https://developers.africastalking.com/docs/sms/notifications
//
// Nothing of ours goes with a message and nothing can be asked afterwards: a receipt has the vendor's id alone, and a
// submit whose answer was lost stays unknown until somebody decides. There is no validity either. Receipts go to the
// address that the dashboard has, {public_url}/receipts/{carrier}. They are not signed: with receipt_token in the config
// the address ends with ?token=… of the same value, and who does not know it is refused.
package africastalking

import (
	"cmp"
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

const (
	vendorURL  = "https://api.africastalking.com"
	sandboxURL = "https://api.sandbox.africastalking.com" // of the user called sandbox
	noID       = "None"                                   // the messageId of a refusal
)

//go:embed codes.tsv
var codesTSV string

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	Username     string          `yaml:"username"`
	APIKey       carriers.Secret `yaml:"api_key"`
	From         string          `yaml:"from"` // used for messages that name no sender
	ReceiptToken carriers.Secret `yaml:"receipt_token"`
}

// answer is what comes back, for each recipient on its own.
type answer struct {
	Data struct {
		Message    string      `json:"Message"`
		Recipients []recipient `json:"Recipients"`
	} `json:"SMSMessageData"`
}

type recipient struct {
	StatusCode int    `json:"statusCode"`
	Status     string `json:"status"`
	MessageID  string `json:"messageId"`
}

// The status codes of messages that were taken, and the words of receipts.
//
//nolint:gochecknoglobals // tables that nothing writes to
var (
	taken = map[int]bool{
		100: true, // processed
		101: true, // sent
		102: true, // queued
	}
	states = map[string]carriers.ReceiptState{
		"Sent":             carriers.ReceiptSent,
		"Submitted":        carriers.ReceiptSent,
		"Buffered":         carriers.ReceiptQueued,
		"Success":          carriers.ReceiptDelivered,
		"Failed":           carriers.ReceiptUndelivered,
		"AbsentSubscriber": carriers.ReceiptUndelivered,
		"Rejected":         carriers.ReceiptRejected,
		"Expired":          carriers.ReceiptExpired,
	}
)

// Carrier is one account.
type Carrier struct {
	*carriers.Account

	messages *url.URL
	username string
	token    string // of receipts, "" without
}

var (
	_ carriers.Carrier         = (*Carrier)(nil)
	_ carriers.Receiver        = (*Carrier)(nil)
	_ carriers.InboundReceiver = (*Carrier)(nil)
	_ carriers.Rehearser       = (*Carrier)(nil)
)

// Type is the entry of carriers/all.
func Type() carriers.Type {
	return carriers.Type{Name: "africastalking", Doc: "Africa's Talking bulk SMS (username, api_key)", New: newCarrier}
}

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	o := carriers.Open(name, decode, env, &cfg, cfg.check)
	vendor := vendorURL
	if cfg.Username == "sandbox" {
		vendor = sandboxURL
	}
	base := o.URL(vendor)
	key := o.Secret("api_key", cfg.APIKey)
	token := o.Optional("receipt_token", cfg.ReceiptToken)
	return o.Done(&Carrier{
		Account: o.Account(carriers.Facts{
			Type: "africastalking", Codes: codesTSV, States: states, From: cfg.From, OneAddress: true, Signed: token != "",
		}, "Apikey", key, "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json"),
		messages: base.JoinPath("version1", "messaging"),
		username: cfg.Username,
		token:    token,
	})
}

func (cfg *Config) check() error {
	switch {
	case cfg.Username == "":
		return errors.New("username: is missing: write the name of the application, or sandbox")
	case cfg.APIKey == "":
		return errors.New("api_key: is missing: write for example env:AFRICASTALKING_API_KEY")
	}
	return nil
}

// Submit sends a message.
func (c *Carrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	a := c.Post(ctx, c.messages, c.form(m))
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	var got answer
	err := json.Unmarshal(a.Body, &got)
	switch {
	case err == nil && len(got.Data.Recipients) == 1:
		return c.judge(a, got.Data.Recipients[0]) // its status counts, whatever HTTP says
	case !a.OK():
		return a.Refused(c.Codes, "", string(a.Body)) // words without JSON
	case err != nil:
		return a.Unreadable("the answer is not JSON: " + err.Error())
	}
	if _, known := c.Codes.Class(got.Data.Message); known && len(got.Data.Recipients) == 0 {
		return a.Refused(c.Codes, got.Data.Message, got.Data.Message) // refused as a whole: the sender, for example
	}
	return a.Unreadable("the answer is not about one recipient: " + got.Data.Message)
}

// judge reads what became of the recipient. A fault is a refusal only if the message got no id.
func (c *Carrier) judge(a *carriers.Answer, r recipient) carriers.Result {
	code, hasID := strconv.Itoa(r.StatusCode), r.MessageID != "" && r.MessageID != noID
	switch class, known := c.Codes.Class(code); {
	case taken[r.StatusCode] && hasID && a.OK():
		return carriers.Accept(r.MessageID, a.StatusLine())
	case taken[r.StatusCode], r.StatusCode == 0:
		return a.Unreadable("the answer has no messageId, or a status that does not fit: " + r.Status)
	case hasID && (!known || r.StatusCode >= 500):
		return a.RefusedAs(carriers.ClassAmbiguous, code, r.Status)
	case known:
		return a.RefusedAs(class, code, r.Status)
	default:
		return a.RefusedAs(carriers.ClassUnknown, code, r.Status)
	}
}

// form is the body of a submit.
func (c *Carrier) form(m carriers.Message) []byte {
	form := url.Values{"username": {c.username}, "to": {m.To}, "message": {m.Text}, "bulkSMSMode": {"1"}}
	if from := cmp.Or(m.From, c.From); from != "" {
		form.Set("from", from)
	}
	return []byte(form.Encode())
}

// Receipts reads a delivery report.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	if c.token != "" && !cb.Kept && subtle.ConstantTimeCompare([]byte(c.token), []byte(cb.Query.Get("token"))) != 1 {
		return nil, carriers.Reply{}, fmt.Errorf("receipt_token: %w", carriers.ErrSignature)
	}
	form, err := url.ParseQuery(string(cb.Body))
	if err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not a form", carriers.ErrPayload)
	}
	id, word, reason := form.Get("id"), form.Get("status"), form.Get("failureReason")
	if id == "" || word == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: id or status is missing", carriers.ErrPayload)
	}
	r := carriers.Receipt{Ref: cb.Ref, ID: id, Code: reason, Raw: carriers.RawPayload(cb.Body)}
	if number := strings.TrimLeft(form.Get("phoneNumber"), "+ "); number != "" {
		r.To = "+" + number // a plus that was not escaped came as a space
	}
	state, known := c.State(word)
	if !known {
		r.State, r.Detail = carriers.ReceiptUnknown, "unknown state "+c.HTTP.Redact(word)
		return []carriers.Receipt{r}, carriers.Reply{}, nil
	}
	r.State = state
	if state.Final() && state != carriers.ReceiptDelivered {
		r.Class = c.why(reason, word)
	}
	return []carriers.Receipt{r}, carriers.Reply{}, nil
}

// why is the class of a failure: by its reason, or by the status where that says more than that it failed.
func (c *Carrier) why(words ...string) carriers.Class {
	for _, word := range words {
		if class, known := c.Codes.Class(word); known {
			return class
		}
	}
	return carriers.ClassUnknown
}

// Rehearse writes a delivery report.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, _, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	address := r.Account()
	if c.token != "" {
		address += "?token=" + url.QueryEscape(r.Word(c.token))
	}
	return r.Form(address, url.Values{"id": {r.ID}, "status": {word}, "phoneNumber": {r.To}}), nil
}

// Check asks for the account's balance.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	u := c.messages.JoinPath("..", "user")
	u.RawQuery = url.Values{"username": {c.username}}.Encode()
	return c.Ask(ctx, u, func(body []byte) string {
		var got struct {
			User struct {
				Balance string `json:"balance"`
			} `json:"UserData"`
		}
		_ = json.Unmarshal(body, &got) // that it answered is what counts
		return got.User.Balance
	})
}
