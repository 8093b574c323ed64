package africastalking

import (
	"crypto/subtle"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person, https://developers.africastalking.com/docs/sms/notifications. The dashboard has
// an address of its own for people who opt out of bulk messages, whose requests have neither text nor id (senderId,
// phoneNumber; not confirmed): they are taken for the STOP that they are.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	if c.token != "" && subtle.ConstantTimeCompare([]byte(c.token), []byte(cb.Query.Get("token"))) != 1 {
		return nil, carriers.Reply{}, fmt.Errorf("receipt_token: %w", carriers.ErrSignature)
	}
	form, err := url.ParseQuery(string(cb.Body))
	if err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not a form", carriers.ErrPayload)
	}
	in := carriers.Inbound{
		ID: form.Get("id"), From: number(form.Get("from")), To: carriers.International(form.Get("to")), Text: form.Get("text"),
		At: cb.ReceivedAt, Raw: carriers.RawPayload(cb.Body),
	}
	if form.Has("senderId") && form.Has("phoneNumber") && !form.Has("status") {
		in.From, in.To, in.Said = number(form.Get("phoneNumber")), form.Get("senderId"), "stop"
	} else if in.ID == "" || !form.Has("text") || form.Has("status") {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: id or text is missing", carriers.ErrPayload)
	}
	if in.From == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: from is missing", carriers.ErrPayload)
	}
	for _, layout := range []string{time.RFC3339, time.DateTime} {
		if at, err := time.Parse(layout, form.Get("date")); err == nil {
			in.At = at
		}
	}
	return []carriers.Inbound{in}, carriers.Reply{}, nil
}

// number is one whose plus may have come as a space, because it was not escaped.
func number(s string) string {
	return carriers.International(strings.TrimSpace(s))
}
