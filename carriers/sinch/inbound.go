package sinch

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person, https://developers.sinch.com/docs/sms/api-reference/sms/inbounds. A binary one is
// taken too, without a text: whatever came is on record.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	var got struct {
		Type       string `json:"type"`
		ID         string `json:"id"`
		From       string `json:"from"`
		To         string `json:"to"`
		Body       any    `json:"body"`
		ReceivedAt string `json:"received_at"`
		SentAt     string `json:"sent_at"`
	}
	if err := json.Unmarshal(cb.Body, &got); err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if !strings.HasPrefix(got.Type, "mo_") || got.ID == "" || got.From == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: type, id or from is missing", carriers.ErrPayload)
	}
	in := carriers.Inbound{
		ID: got.ID, From: carriers.International(got.From), To: carriers.International(got.To), At: timeOf(got.SentAt, got.ReceivedAt),
		Raw: carriers.RawPayload(cb.Body),
	}
	if text, ok := got.Body.(string); ok && got.Type != "mo_binary" {
		in.Text = text
	}
	if in.At.IsZero() {
		in.At = cb.ReceivedAt
	}
	return []carriers.Inbound{in}, carriers.Reply{}, nil
}
