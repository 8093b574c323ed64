package twilio

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio's scheme; HMAC-SHA1 is not broken
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// states maps the words of MessageStatus. `receiving` and `received` are missing: they belong to inbound messages.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"accepted":            carriers.ReceiptAccepted,
	"scheduled":           carriers.ReceiptAccepted,
	"queued":              carriers.ReceiptQueued,
	"sending":             carriers.ReceiptQueued,
	"sent":                carriers.ReceiptSent,
	"delivered":           carriers.ReceiptDelivered,
	"read":                carriers.ReceiptDelivered,
	"undelivered":         carriers.ReceiptUndelivered,
	"failed":              carriers.ReceiptFailed,
	"partially_delivered": carriers.ReceiptFailed,
	"canceled":            carriers.ReceiptCancelled,
}

// Receipts reads a status callback. It has no time of its own and comes in any order.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	params, err := c.verified(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	id, word := params.Get("MessageSid"), params.Get("MessageStatus")
	if id == "" {
		id = params.Get("SmsSid")
	}
	if word == "" {
		word = params.Get("SmsStatus")
	}
	if id == "" || word == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: MessageSid or MessageStatus is missing", carriers.ErrPayload)
	}
	if word == "received" || word == "receiving" { // acknowledged as a receipt, it would be forgotten
		return nil, carriers.Reply{}, fmt.Errorf("%w: an inbound message and no receipt", carriers.ErrPayload)
	}
	r := c.Receipt(word, params.Get("ErrorCode"))
	r.Ref, r.ID, r.To = cb.Ref, id, params.Get("To")
	r.Raw = carriers.RawPayload(cb.Body)
	if len(cb.Body) == 0 {
		r.Raw = carriers.RawPayload([]byte(cb.Query.Encode()))
	}
	return []carriers.Receipt{r}, carriers.Reply{}, nil
}

// verified checks the signature and returns the parameters. Twilio signs the URL as it called it with the sorted form
// parameters behind it; of a JSON body it signs only a hash, which stands in the URL.
func (c *Carrier) verified(cb carriers.Callback) (url.Values, error) {
	if cb.Kept {
		if bytes.HasPrefix(cb.Body, []byte("{")) {
			return jsonParams(cb.Body)
		}
		return url.ParseQuery(string(cb.Body))
	}
	sum := cb.Query.Get("bodySHA256")
	var form url.Values
	if sum == "" && cb.Method != http.MethodGet {
		var err error
		if form, err = url.ParseQuery(string(cb.Body)); err != nil {
			// What cannot be read cannot be signed either; of the two, a bad signature is the safer thing to say.
			return nil, fmt.Errorf("%w: %w", carriers.ErrSignature, carriers.ErrPayload)
		}
	}
	given := []byte(cb.Header.Get("X-Twilio-Signature"))
	// Which of the spellings it is tells an attacker nothing, so the first that holds is enough.
	if !slices.ContainsFunc(portForms(cb.URL), func(u string) bool { return hmac.Equal([]byte(sign(c.token, u, form)), given) }) {
		return nil, fmt.Errorf("X-Twilio-Signature: %w", carriers.ErrSignature)
	}
	switch {
	case sum != "":
		hash := sha256.Sum256(cb.Body)
		if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(hash[:])), []byte(strings.ToLower(sum))) != 1 {
			return nil, fmt.Errorf("bodySHA256: %w", carriers.ErrSignature)
		}
		return jsonParams(cb.Body)
	case cb.Method == http.MethodGet:
		return cb.Query, nil
	}
	return form, nil
}

// sign is base64(HMAC-SHA1(token, URL + key1value1key2value2…)), keys sorted, a repeated value once.
func sign(token []byte, u string, form url.Values) string {
	mac := hmac.New(sha1.New, token)
	_, _ = io.WriteString(mac, u)
	for _, key := range slices.Sorted(maps.Keys(form)) {
		values := form[key]
		if len(values) > 1 {
			values = slices.Compact(slices.Sorted(slices.Values(values)))
		}
		for _, v := range values {
			_, _ = io.WriteString(mac, key)
			_, _ = io.WriteString(mac, v)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// portForms are the spellings of a URL that Twilio is known to sign: with and without the scheme's own port.
func portForms(raw string) []string {
	forms := []string{raw}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return forms
	}
	host := u.Host
	if port := u.Port(); port != "" {
		u.Host = strings.TrimSuffix(host, ":"+port)
		return append(forms, u.String())
	}
	u.Host = host + ":443"
	if u.Scheme == "http" {
		u.Host = host + ":80"
	}
	return append(forms, u.String())
}

// jsonParams reads the plain members of a JSON object as if they were form parameters.
func jsonParams(body []byte) (url.Values, error) {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	params := url.Values{}
	for key, v := range object {
		switch v := v.(type) {
		case string:
			params.Set(key, v)
		case float64, bool:
			params.Set(key, fmt.Sprint(v))
		}
	}
	return params, nil
}

// Rehearse writes a status callback.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, code, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	form := url.Values{
		"MessageSid": {r.ID}, "SmsSid": {r.ID}, "MessageStatus": {word}, "SmsStatus": {word}, "To": {r.To}, "From": {r.From},
		"AccountSid": {c.sid}, "ApiVersion": {"2010-04-01"},
	}
	if code != "" {
		form.Set("ErrorCode", code)
	}
	cb := r.Form(r.URL, form)
	cb.Header.Set("X-Twilio-Signature", sign(r.Key(c.token), cb.URL, form))
	return cb, nil
}
