package bandwidth

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// states maps the types of callbacks and the words of the list. A failure that only says that no receipt came in time
// is no failure: its code is `ambiguous` in the table.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"message-sending":   carriers.ReceiptQueued,
	"message-sent":      carriers.ReceiptSent,
	"message-delivered": carriers.ReceiptDelivered,
	"message-read":      carriers.ReceiptDelivered,
	"message-failed":    carriers.ReceiptFailed,

	"RECEIVED":    carriers.ReceiptAccepted,
	"QUEUED":      carriers.ReceiptQueued,
	"SENDING":     carriers.ReceiptQueued,
	"SENT":        carriers.ReceiptSent,
	"ACCEPTED":    carriers.ReceiptSent,
	"DELIVERED":   carriers.ReceiptDelivered,
	"FAILED":      carriers.ReceiptFailed,
	"UNDELIVERED": carriers.ReceiptUndelivered,
	"DLR_EXPIRED": carriers.ReceiptUnknown,
}

// callback is one of the events of a callback.
type callback struct {
	Type        string  `json:"type"`
	Time        string  `json:"time"`
	To          string  `json:"to"`
	Description string  `json:"description"`
	ErrorCode   int     `json:"errorCode"`
	Message     message `json:"message"`
}

// Receipts reads a callback: a list of events, of which Bandwidth sends one at a time. They may come twice and in any
// order.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	events, err := c.events(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	var all []carriers.Receipt
	for _, e := range events {
		if e.Type == "message-received" { // acknowledged as a receipt, it would be forgotten
			return nil, carriers.Reply{}, fmt.Errorf("%w: an inbound message and no receipt", carriers.ErrPayload)
		}
		if e.Type == "" || e.Message.ID == "" {
			return nil, carriers.Reply{}, fmt.Errorf("%w: type or message.id is missing", carriers.ErrPayload)
		}
		r := c.receipt(e.Type, e.ErrorCode, e.Description)
		r.Ref, r.ID, r.To, r.Segments = cmp.Or(e.Message.Tag, cb.Ref), e.Message.ID, e.To, max(0, e.Message.SegmentCount)
		r.Raw = carriers.RawPayload(cb.Body)
		if at, err := time.Parse(time.RFC3339, e.Time); err == nil {
			r.At = at
		}
		all = append(all, r)
	}
	return all, carriers.Reply{}, nil
}

// events checks name and password and reads the list of events.
func (c *Carrier) events(cb carriers.Callback) ([]callback, error) {
	if c.callback != "" && !cb.Kept && subtle.ConstantTimeCompare([]byte(c.callback), []byte(cb.Header.Get("Authorization"))) != 1 {
		return nil, fmt.Errorf("name and password of the callback: %w", carriers.ErrSignature)
	}
	body := cb.Body
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) { // as the OpenAPI document has it
		body = append(append([]byte("["), body...), ']')
	}
	var events []callback
	if err := json.Unmarshal(body, &events); err != nil {
		return nil, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("%w: a list without events", carriers.ErrPayload)
	}
	return events, nil
}

// receipt translates a word and a code.
func (c *Carrier) receipt(word string, number int, words string) carriers.Receipt {
	code := ""
	if number != 0 {
		code = strconv.Itoa(number)
	}
	r := c.Receipt(word, code)
	r.Detail = strings.TrimSpace(r.Detail + " " + c.HTTP.Redact(words))
	if r.Class == carriers.ClassAmbiguous {
		r.State, r.Class = carriers.ReceiptUnknown, carriers.ClassNone
	}
	return r
}

// Rehearse writes a callback with one event.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, code, err := c.Say(r.Status, func(w string) bool { return strings.HasPrefix(w, "message-") })
	if err != nil {
		return carriers.Callback{}, err
	}
	e := callback{Type: word, Time: r.At.UTC().Format(time.RFC3339), To: r.To, Message: message{ID: r.ID, Tag: r.Ref, SegmentCount: 1}}
	if code != "" {
		e.ErrorCode, _ = strconv.Atoi(code) // the table's codes are numbers, or names of refusals, which say nothing here
	}
	cb := r.JSON(r.Account(), []callback{e})
	if c.callback != "" {
		cb.Header.Set("Authorization", r.Word(c.callback))
	}
	return cb, nil
}
