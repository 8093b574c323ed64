package bird

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person: the event sms.received. That it exists is in Bird's SDK; where its text stands
// is not confirmed: `text` and `body` are read, and an event with neither is refused, so that Bird sends it again.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	var e struct {
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		Data      struct {
			SMSID string  `json:"sms_id"`
			ID    string  `json:"id"`
			From  string  `json:"from"`
			To    string  `json:"to"`
			Text  *string `json:"text"`
			Body  *string `json:"body"`
		} `json:"data"`
	}
	if err := json.Unmarshal(cb.Body, &e); err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	text := cmp.Or(e.Data.Text, e.Data.Body)
	if id := cmp.Or(e.Data.SMSID, e.Data.ID); e.Type != received || id == "" || e.Data.From == "" || text == nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: type is not %s, or its id, from or text is missing", carriers.ErrPayload, received)
	}
	in := carriers.Inbound{
		ID: cmp.Or(e.Data.SMSID, e.Data.ID), From: carriers.International(e.Data.From), To: carriers.International(e.Data.To), Text: *text,
		At: cb.ReceivedAt, Raw: carriers.RawPayload(cb.Body),
	}
	if at, err := time.Parse(time.RFC3339, e.Timestamp); err == nil {
		in.At = at
	}
	return []carriers.Inbound{in}, carriers.Reply{}, nil
}

// received is the event of an inbound message.
const received = "sms.received"
