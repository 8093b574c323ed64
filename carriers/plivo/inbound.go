package plivo

import (
	"fmt"
	"net/http"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person, https://www.plivo.com/docs/messaging/concepts/receive-messages. The address is
// the message_url of the application; Plivo reads XML there, and an empty one says that nothing is to be answered.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	params, err := c.verified(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	in := carriers.Inbound{
		ID: params.Get("MessageUUID"), From: carriers.International(params.Get("From")), To: carriers.International(params.Get("To")),
		Text: params.Get("Text"), At: cb.ReceivedAt, Raw: carriers.RawPayload(cb.Body),
	}
	if in.ID == "" || in.From == "" || params.Has("Status") || !params.Has("Text") && params.Get("Type") != "mms" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: MessageUUID, From or Text is missing", carriers.ErrPayload)
	}
	if len(cb.Body) == 0 {
		in.Raw = carriers.RawPayload([]byte(cb.Query.Encode()))
	}
	return []carriers.Inbound{in}, carriers.Reply{Status: http.StatusOK, ContentType: "text/xml", Body: "<Response/>"}, nil
}
