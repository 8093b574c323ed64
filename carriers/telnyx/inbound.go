package telnyx

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person, https://developers.telnyx.com/api-reference/callbacks/inbound-message. Its
// autoresponse_type says what Telnyx took it for: by STOP it has blocked the number for the messaging profile.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	type party struct {
		Number string `json:"phone_number"`
	}
	var e struct {
		Data struct {
			Type     string    `json:"event_type"`
			Occurred time.Time `json:"occurred_at"`
			Payload  struct {
				ID           string  `json:"id"`
				From         party   `json:"from"`
				To           []party `json:"to"`
				Text         string  `json:"text"`
				AutoResponse string  `json:"autoresponse_type"`
			} `json:"payload"`
		} `json:"data"`
	}
	// A receipt has the same members in other forms, and is not wrong because of it.
	if err := json.Unmarshal(cb.Body, &e); e.Data.Type != "message.received" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: event_type is not message.received", carriers.ErrPayload)
	} else if err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	m := e.Data.Payload
	if m.ID == "" || m.From.Number == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: id or from is missing", carriers.ErrPayload)
	}
	in := carriers.Inbound{
		ID: m.ID, From: carriers.International(m.From.Number), Text: m.Text, At: e.Data.Occurred, Raw: carriers.RawPayload(cb.Body),
	}
	if len(m.To) > 0 {
		in.To = carriers.International(m.To[0].Number)
	}
	if said := strings.ToLower(m.AutoResponse); said == "stop" || said == "start" || said == "help" {
		in.Said = said
	}
	if in.At.IsZero() {
		in.At = cb.ReceivedAt
	}
	return []carriers.Inbound{in}, carriers.Reply{Status: http.StatusOK}, nil
}
