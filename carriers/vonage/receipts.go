package vonage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// states maps the words of both APIs and of Reports.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"accepted":      carriers.ReceiptSent, // the SMS API's: by the operator
	"submitted":     carriers.ReceiptSent,
	"buffered":      carriers.ReceiptQueued,
	"delivered":     carriers.ReceiptDelivered,
	"read":          carriers.ReceiptDelivered,
	"expired":       carriers.ReceiptExpired,
	"failed":        carriers.ReceiptFailed,
	"rejected":      carriers.ReceiptRejected,
	"undeliverable": carriers.ReceiptUndelivered,
	"deleted":       carriers.ReceiptCancelled,
	"unknown":       carriers.ReceiptUnknown,
}

// Receipts reads a receipt of either API, by what the config says.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	read := c.smsReceipt
	if c.api == apiMessages {
		read = c.messageReceipt
	}
	r, err := read(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	r.Raw = carriers.RawPayload(cb.Body)
	if len(cb.Body) == 0 {
		r.Raw = carriers.RawPayload([]byte(cb.Query.Encode()))
	}
	// Vonage wants 200: for inbound messages it documents to come again after anything else than 2xx.
	return []carriers.Receipt{r}, carriers.Reply{Status: http.StatusOK}, nil
}

// smsReceipt reads a delivery receipt of the SMS API: a GET, a form or JSON, as the account is set.
func (c *Carrier) smsReceipt(cb carriers.Callback) (carriers.Receipt, error) {
	params, err := c.smsSigned(cb)
	if err != nil {
		return carriers.Receipt{}, err
	}
	id, word := params["messageId"], params["status"]
	if id == "" || word == "" {
		return carriers.Receipt{}, fmt.Errorf("%w: messageId or status is missing", carriers.ErrPayload)
	}
	r := c.receipt(word, errCode(params["err-code"]))
	r.Ref, r.ID, r.To = cb.Ref, id, number(params["msisdn"])
	if r.Ref == "" {
		r.Ref = params["client-ref"]
	}
	// scts is the operator's time, to the minute and in a zone that is not documented; this one is Vonage's, in UTC.
	if at, err := time.Parse(time.DateTime, params["message-timestamp"]); err == nil {
		r.At = at
	}
	if r.Ref == "" || cb.Kept { // which part it was of how many stood in the address
		return r, nil
	}
	if parts := c.parts.parts(r.Ref, partsOf(cb.Query)); parts > 1 {
		r.Parts = parts
	}
	return r, nil
}

// smsSigned reads the parameters and checks their signature, if the account signs.
func (c *Carrier) smsSigned(cb carriers.Callback) (map[string]string, error) {
	params, err := smsParams(cb)
	switch {
	case err != nil && c.Info().Signed:
		return nil, fmt.Errorf("%w: %w", carriers.ErrSignature, err) // what cannot be read cannot be signed
	case err != nil:
		return nil, err
	case c.Info().Signed && !cb.Kept && !c.signed(cb, params):
		return nil, fmt.Errorf("sig: %w", carriers.ErrSignature)
	}
	return params, nil
}

// errCode is the row of a receipt's err-code in the table of codes: the numbers of refusals mean other things.
func errCode(code string) string {
	if code == "" || code == "0" {
		return ""
	}
	return "err/" + code
}

// smsParams reads the parameters, wherever they stand.
func smsParams(cb carriers.Callback) (map[string]string, error) {
	if body := bytes.TrimLeft(cb.Body, " \t\r\n"); len(body) > 0 && (body[0] == '{' || body[0] == '[') {
		return jsonParams(body)
	}
	values := cb.Query
	if cb.Method != http.MethodGet {
		var err error
		if values, err = url.ParseQuery(string(cb.Body)); err != nil {
			return nil, fmt.Errorf("%w: the form cannot be read", carriers.ErrPayload)
		}
	}
	params := make(map[string]string, len(values))
	for key := range values {
		params[key] = values.Get(key)
	}
	return params, nil
}

// jsonParams reads an object of strings and numbers.
func jsonParams(body []byte) (map[string]string, error) {
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	params := make(map[string]string, len(object))
	for key, v := range object {
		switch v := v.(type) {
		case string:
			params[key] = v
		case json.Number:
			params[key] = v.String()
		case nil:
			params[key] = ""
		default:
			return nil, fmt.Errorf("%w: a parameter is no word", carriers.ErrPayload)
		}
	}
	return params, nil
}

// signed verifies the parameters. It is not documented whether Vonage signs what the callback URL had in its query from
// the start (our k and parts): both are tried, and with the secret either is proof.
func (c *Carrier) signed(cb carriers.Callback, params map[string]string) bool {
	holds := c.sign.holdsFor(params)
	other := make(map[string]string, len(params)+2)
	for key, v := range params {
		other[key] = v
	}
	for _, key := range []string{"k", partsKey} {
		if cb.Method == http.MethodGet {
			delete(other, key)
		} else if cb.Query.Has(key) {
			other[key] = cb.Query.Get(key)
		}
	}
	return c.sign.holdsFor(other) || holds
}

// status is a status webhook of the Messages API.
type status struct {
	ID        string    `json:"message_uuid"`
	To        string    `json:"to"`
	Status    string    `json:"status"`
	Timestamp time.Time `json:"timestamp"`
	ClientRef string    `json:"client_ref"`
	Error     *problem  `json:"error"`
	SMS       struct {
		Count json.RawMessage `json:"count_total"` // a number or a string
	} `json:"sms"`
}

// messageReceipt reads a status webhook of the Messages API. It is about the whole message.
func (c *Carrier) messageReceipt(cb carriers.Callback) (carriers.Receipt, error) {
	if c.Info().Signed && !cb.Kept && !c.sign.holdsToken(cb.Header.Get("Authorization"), c.account, cb.Body, c.Now()) {
		return carriers.Receipt{}, fmt.Errorf("authorization: %w", carriers.ErrSignature)
	}
	var s status
	if err := json.Unmarshal(cb.Body, &s); err != nil {
		return carriers.Receipt{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if s.ID == "" || s.Status == "" {
		return carriers.Receipt{}, fmt.Errorf("%w: message_uuid or status is missing", carriers.ErrPayload)
	}
	code := ""
	if s.Error != nil {
		code = s.Error.code()
	}
	r := c.receipt(s.Status, code)
	if s.Error != nil && r.Detail == "" {
		r.Detail = c.HTTP.Redact(s.Error.words())
	}
	r.Ref, r.ID, r.To, r.At = cb.Ref, s.ID, number(s.To), s.Timestamp
	if r.Ref == "" {
		r.Ref = s.ClientRef
	}
	_ = json.Unmarshal(bytes.Trim(s.SMS.Count, `"`), &r.Segments) // it need not say
	r.Segments = max(0, r.Segments)
	return r, nil
}

// receipt translates Vonage's word and code.
func (c *Carrier) receipt(word, code string) carriers.Receipt {
	state, known := c.State(word)
	if !known {
		return carriers.Receipt{State: carriers.ReceiptUnknown, Code: code, Detail: "unknown state " + c.HTTP.Redact(word)}
	}
	r := carriers.Receipt{State: state, Code: code}
	if !state.Final() || state == carriers.ReceiptDelivered {
		return r
	}
	r.Class = carriers.ClassUnknown
	if class, ok := c.Codes.Class(code); ok {
		r.Class = class
	}
	if state == carriers.ReceiptExpired && (code == "" || r.Class == carriers.ClassUnknown) {
		r.Class = carriers.ClassExpired // the word says it where no code says why
	}
	return r
}
