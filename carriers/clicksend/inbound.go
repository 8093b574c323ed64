package clicksend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads what a rule for inbound messages pushes, https://developers.clicksend.com/docs/messaging/sms: a form, or
// JSON.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	var got struct {
		ID        text  `json:"message_id"`
		From      text  `json:"from"`
		To        text  `json:"to"`
		Body      *text `json:"body"`
		Timestamp text  `json:"timestamp"`
		Status    text  `json:"status_code"` // of receipts only
	}
	if bytes.HasPrefix(bytes.TrimSpace(cb.Body), []byte("{")) {
		if err := json.Unmarshal(cb.Body, &got); err != nil {
			return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
		}
	} else {
		form, err := url.ParseQuery(string(cb.Body))
		if err != nil {
			return nil, carriers.Reply{}, fmt.Errorf("%w: not a form", carriers.ErrPayload)
		}
		get := func(name string) text { return text(form.Get(name)) }
		got.ID, got.From, got.To, got.Timestamp, got.Status = get("message_id"), get("from"), get("to"), get("timestamp"), get("status_code")
		if body := get("body"); form.Has("body") {
			got.Body = &body
		}
	}
	if got.ID == "" || got.From == "" || got.Body == nil || got.Status != "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: message_id, from or body is missing", carriers.ErrPayload)
	}
	in := carriers.Inbound{
		ID: string(got.ID), From: carriers.International(string(got.From)), To: carriers.International(string(got.To)), Text: string(*got.Body),
		At: cb.ReceivedAt, Raw: carriers.RawPayload(cb.Body),
	}
	if seconds, err := strconv.ParseInt(string(got.Timestamp), 10, 40); err == nil && seconds > 0 {
		in.At = time.Unix(seconds, 0).UTC()
	}
	return []carriers.Inbound{in}, carriers.Reply{Status: 200}, nil
}
