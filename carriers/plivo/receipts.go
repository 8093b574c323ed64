package plivo

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// states maps the words of Status and of message_state.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"queued":      carriers.ReceiptQueued,
	"sent":        carriers.ReceiptSent,
	"delivered":   carriers.ReceiptDelivered,
	"read":        carriers.ReceiptDelivered,
	"undelivered": carriers.ReceiptUndelivered,
	"failed":      carriers.ReceiptFailed,
	"rejected":    carriers.ReceiptRejected,
}

// Receipts reads a status callback. They come in any order; their Sequence counts up as the states do, so the rank of a
// state puts them in order, and Sequence needs no place of its own.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	params, err := c.verified(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	id, word := params.Get("MessageUUID"), params.Get("Status")
	if id == "" || word == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: MessageUUID or Status is missing", carriers.ErrPayload)
	}
	r := c.receipt(word, params.Get("ErrorCode"))
	r.Ref, r.ID, r.To, r.At = cb.Ref, id, number(params.Get("To")), when(params)
	r.Segments = units(params.Get("Units"))
	r.Raw = carriers.RawPayload(cb.Body)
	if len(cb.Body) == 0 {
		r.Raw = carriers.RawPayload([]byte(cb.Query.Encode()))
	}
	return []carriers.Receipt{r}, carriers.Reply{Status: http.StatusOK}, nil
}

// receipt translates Plivo's word and code. 000 stands for no error.
func (c *Carrier) receipt(word, code string) carriers.Receipt {
	if strings.Trim(code, "0") == "" {
		code = ""
	}
	return c.Receipt(word, code)
}

// when is the time of the last thing that happened. Plivo's times are in UTC.
func when(params url.Values) time.Time {
	for _, key := range []string{"DeliveryReportTime", "SentTime", "QueuedTime", "MessageTime"} {
		if at, err := time.Parse("2006-01-02 15:04:05.999999", params.Get(key)); err == nil {
			return at
		}
	}
	return time.Time{}
}

func units(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return max(0, n)
}

// verified checks the signature (V3) and returns the parameters. While a token is being rotated, the header holds one
// signature by each, with a comma between them. There is no time in it, and none is needed: a receipt heard twice
// changes nothing.
func (c *Carrier) verified(cb carriers.Callback) (url.Values, error) {
	params := cb.Query
	form := url.Values{}
	if cb.Method != http.MethodGet {
		var err error
		if form, err = url.ParseQuery(string(cb.Body)); err != nil {
			// What cannot be read cannot be signed either; of the two, a bad signature is the safer thing to say.
			return nil, fmt.Errorf("%w: %w", carriers.ErrSignature, carriers.ErrPayload)
		}
		params = form
	}
	want := sign(c.token, cb.URL, form, cb.Header.Get("X-Plivo-Signature-V3-Nonce"))
	holds := false
	for _, given := range strings.Split(cb.Header.Get("X-Plivo-Signature-V3"), ",") {
		holds = hmac.Equal([]byte(want), []byte(strings.TrimSpace(given))) || holds
	}
	if !holds && !cb.Kept {
		return nil, fmt.Errorf("X-Plivo-Signature-V3: %w", carriers.ErrSignature)
	}
	return params, nil
}

// sign is base64(HMAC-SHA256(token, address?query.form.nonce)): of the query the decoded pairs, sorted, as k=v with &
// between them, of the form the sorted pairs without anything between them. The ? is left out only if there is neither,
// the dot before the form only if there is no query.
func sign(token []byte, address string, form url.Values, nonce string) string {
	address, rawQuery, _ := strings.Cut(address, "?")
	query, _ := url.ParseQuery(rawQuery) // the listener has read it before
	var b strings.Builder
	b.WriteString(address)
	if len(query) > 0 || len(form) > 0 {
		b.WriteByte('?')
	}
	b.WriteString(pairs(query, "=", "&"))
	if len(query) > 0 && len(form) > 0 {
		b.WriteByte('.')
	}
	b.WriteString(pairs(form, "", ""))
	mac := hmac.New(sha256.New, token)
	_, _ = io.WriteString(mac, b.String()+"."+nonce)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// pairs joins sorted parameters, each value of one for itself.
func pairs(values url.Values, is, and string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		for _, v := range slices.Sorted(slices.Values(values[key])) {
			all = append(all, key+is+v)
		}
	}
	return strings.Join(all, and)
}

// Rehearse writes a status callback.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, code, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	form := url.Values{
		"MessageUUID": {r.ID}, "Status": {word}, "To": {digits(r.To)}, "From": {digits(r.From)}, "Type": {"sms"}, "Units": {"1"},
		"ErrorCode": {cmp.Or(code, "000")}, "MessageTime": {r.At.UTC().Format("2006-01-02 15:04:05.999999")},
	}
	cb := r.Form(r.URL, form)
	nonce := rand.Text()
	cb.Header.Set("X-Plivo-Signature-V3-Nonce", nonce)
	cb.Header.Set("X-Plivo-Signature-V3", sign(r.Key(c.token), cb.URL, form, nonce))
	return cb, nil
}
