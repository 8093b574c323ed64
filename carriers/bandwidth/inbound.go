package bandwidth

import (
	"fmt"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person, https://dev.bandwidth.com/docs/messaging/webhooks: an event like those of
// receipts, to the inbound address of the application.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	events, err := c.events(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	var all []carriers.Inbound
	for _, e := range events {
		if e.Type != "message-received" || e.Message.ID == "" || e.Message.From == "" {
			return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: type is not message-received, or id or from is missing", carriers.ErrPayload)
		}
		in := carriers.Inbound{
			ID: e.Message.ID, From: carriers.International(e.Message.From), To: carriers.International(e.To), Text: e.Message.Text,
			At: cb.ReceivedAt, Raw: carriers.RawPayload(cb.Body),
		}
		if at, err := time.Parse(time.RFC3339, e.Time); err == nil {
			in.At = at
		}
		all = append(all, in)
	}
	return all, carriers.Reply{}, nil
}
