package aws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// inboundMessage is a message from a person, as it stands in the Message of a notification:
// https://docs.aws.amazon.com/sms-voice/latest/userguide/phone-numbers-two-way-sms.html
type inboundMessage struct {
	ID   string `json:"inboundMessageId"`
	From string `json:"originationNumber"`
	To   string `json:"destinationNumber"`
	Text string `json:"messageBody"`
}

// Inbound reads what SNS posts for the topic of two-way messages: topic_arn, or inbound_topic_arn where that is another.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	n, asked, err := c.notified(c.inbound, cb)
	if err != nil || asked {
		return nil, carriers.Reply{Status: http.StatusOK}, err
	}
	var m inboundMessage
	if err := json.Unmarshal([]byte(n.Message), &m); err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if m.ID == "" || m.From == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: inboundMessageId or originationNumber is missing", carriers.ErrPayload)
	}
	in := carriers.Inbound{
		ID: m.ID, From: carriers.International(m.From), To: carriers.International(m.To), Text: m.Text, At: cb.ReceivedAt,
		Raw: carriers.RawPayload([]byte(n.Message)),
	}
	if at, err := time.Parse(time.RFC3339, n.Timestamp); err == nil {
		in.At = at
	}
	return []carriers.Inbound{in}, carriers.Reply{Status: http.StatusOK}, nil
}
