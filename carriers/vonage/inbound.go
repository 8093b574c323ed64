package vonage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person. In the SMS API a long one comes in parts, each as a message of its own.
//
//   - SMS API: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
//   - Messages API: https://developer.vonage.com/en/api/messages (inbound webhook)
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	read := c.smsInbound
	if c.api == apiMessages {
		read = c.messageInbound
	}
	in, err := read(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	in.Raw = carriers.RawPayload(cb.Body)
	if len(cb.Body) == 0 {
		in.Raw = carriers.RawPayload([]byte(cb.Query.Encode()))
	}
	if in.At.IsZero() {
		in.At = cb.ReceivedAt
	}
	return []carriers.Inbound{in}, carriers.Reply{Status: http.StatusOK}, nil
}

func (c *Carrier) smsInbound(cb carriers.Callback) (carriers.Inbound, error) {
	params, err := c.smsSigned(cb)
	if err != nil {
		return carriers.Inbound{}, err
	}
	in := carriers.Inbound{
		ID: params["messageId"], From: carriers.International(params["msisdn"]), To: carriers.International(params["to"]), Text: params["text"],
	}
	if _, receipt := params["status"]; receipt || in.ID == "" || in.From == "" {
		return carriers.Inbound{}, fmt.Errorf("%w: not an inbound message: messageId or msisdn is missing", carriers.ErrPayload)
	}
	if at, err := time.Parse(time.DateTime, params["message-timestamp"]); err == nil {
		in.At = at
	}
	return in, nil
}

// party is a number, which older webhooks wrap.
type party string

// UnmarshalJSON reads "447…" and {"type": "sms", "number": "447…"}.
func (p *party) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*string)(p)) == nil {
		return nil
	}
	var wrapped struct {
		Number string `json:"number"`
	}
	err := json.Unmarshal(b, &wrapped)
	*p = party(wrapped.Number)
	return err
}

func (c *Carrier) messageInbound(cb carriers.Callback) (carriers.Inbound, error) {
	if c.Info().Signed && !c.sign.holdsToken(cb.Header.Get("Authorization"), c.account, cb.Body, c.Now()) {
		return carriers.Inbound{}, fmt.Errorf("authorization: %w", carriers.ErrSignature)
	}
	var got struct {
		ID        string    `json:"message_uuid"`
		From      party     `json:"from"`
		To        party     `json:"to"`
		Text      string    `json:"text"`
		Status    string    `json:"status"`
		Timestamp time.Time `json:"timestamp"`
		Message   struct {  // version 0.1
			Content struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"message"`
	}
	if err := json.Unmarshal(cb.Body, &got); err != nil {
		return carriers.Inbound{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if got.ID == "" || got.From == "" || got.Status != "" {
		return carriers.Inbound{}, fmt.Errorf("%w: not an inbound message: message_uuid or from is missing", carriers.ErrPayload)
	}
	if got.Text == "" {
		got.Text = got.Message.Content.Text
	}
	return carriers.Inbound{
		ID: got.ID, From: carriers.International(string(got.From)), To: carriers.International(string(got.To)), Text: got.Text, At: got.Timestamp,
	}, nil
}
