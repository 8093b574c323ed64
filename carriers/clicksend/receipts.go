package clicksend

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// states maps status_code, as third parties read it: ClickSend's own list of the codes of receipts is not confirmed. 300 is
// a failure that ClickSend itself tries again. The config's `states:` overrides.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"200": carriers.ReceiptSent,
	"201": carriers.ReceiptDelivered,
	"300": carriers.ReceiptQueued,
	"301": carriers.ReceiptUndelivered,
}

// receipt is a receipt, pushed or asked for, and a row of the history. Its numbers come as numbers and as strings.
type receipt struct {
	ID           text `json:"message_id"`
	CustomString text `json:"custom_string"`
	StatusCode   text `json:"status_code"`
	StatusText   text `json:"status_text"`
	ErrorCode    text `json:"error_code"`
	ErrorText    text `json:"error_text"`
	Timestamp    text `json:"timestamp"`
	To           text `json:"to"`
	Direction    text `json:"direction"`
}

// text is a string that may be written as a number or null.
type text string

// UnmarshalJSON takes what is no object and no array.
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		return nil
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case b[0] == '{', b[0] == '[':
		return fmt.Errorf("%.20s is not a text", b)
	}
	*t = text(b)
	return nil
}

// Receipts reads what a rule pushes: a form, or JSON.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	var got receipt
	if bytes.HasPrefix(bytes.TrimSpace(cb.Body), []byte("{")) {
		if err := json.Unmarshal(cb.Body, &got); err != nil {
			return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
		}
	} else {
		form, err := url.ParseQuery(string(cb.Body))
		if err != nil {
			return nil, carriers.Reply{}, fmt.Errorf("%w: not a form", carriers.ErrPayload)
		}
		got = ofForm(form)
	}
	if got.ID == "" || got.StatusCode == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: message_id or status_code is missing", carriers.ErrPayload)
	}
	r := c.receipt(got)
	r.Ref, r.Raw = cmp.Or(r.Ref, cb.Ref), carriers.RawPayload(cb.Body)
	return []carriers.Receipt{r}, carriers.Reply{Status: 200}, nil // ClickSend documents no other success
}

// verify wants the token in the query, if there is one.
func (c *Carrier) verify(cb carriers.Callback) error {
	if cb.Kept {
		return nil
	}
	if c.token != "" && subtle.ConstantTimeCompare([]byte(c.token), []byte(cb.Query.Get("token"))) != 1 {
		return fmt.Errorf("receipt_token: %w", carriers.ErrSignature)
	}
	return nil
}

func ofForm(form url.Values) receipt {
	get := func(name string) text { return text(form.Get(name)) }
	return receipt{
		ID: get("message_id"), CustomString: get("custom_string"), StatusCode: get("status_code"), StatusText: get("status_text"),
		ErrorCode: get("error_code"), ErrorText: get("error_text"), Timestamp: get("timestamp"),
	}
}

// receipt translates a receipt. What its error_code can be is not documented: the table of the config decides.
func (c *Carrier) receipt(got receipt) carriers.Receipt {
	r := c.Receipt(string(got.StatusCode), string(got.ErrorCode))
	r.Ref, r.ID, r.To = string(got.CustomString), string(got.ID), string(got.To)
	r.Detail = strings.TrimSpace(r.Detail + " " + c.HTTP.Redact(string(cmp.Or(got.ErrorText, got.StatusText))))
	if seconds, err := strconv.ParseInt(string(got.Timestamp), 10, 40); err == nil && seconds > 0 {
		r.At = time.Unix(seconds, 0).UTC()
	}
	return r
}

// Rehearse writes what a rule pushes, as a form.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, _, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	address := r.Account()
	if c.token != "" {
		address += "?token=" + url.QueryEscape(r.Word(c.token))
	}
	return r.Form(address, url.Values{
		"message_id": {r.ID}, "custom_string": {r.Ref}, "status_code": {word}, "timestamp": {strconv.FormatInt(r.At.Unix(), 10)},
	}), nil
}
