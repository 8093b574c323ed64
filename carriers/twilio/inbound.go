package twilio

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person, https://www.twilio.com/docs/messaging/guides/webhook-request. With Advanced
// Opt-Out on, Twilio says in OptOutType what it took it for, and has answered it. The address is that of the number, or
// of the messaging service; Twilio wants TwiML, and an empty one says that nothing is to be answered.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	params, err := c.verified(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	id := params.Get("MessageSid")
	if id == "" {
		id = params.Get("SmsSid")
	}
	if word := params.Get("SmsStatus"); id == "" || params.Get("From") == "" || !params.Has("Body") || word != "" && word != "received" && word != "receiving" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: MessageSid, From or Body is missing", carriers.ErrPayload)
	}
	in := carriers.Inbound{
		ID: id, From: address(params.Get("From")), To: address(params.Get("To")), Text: params.Get("Body"),
		Said: strings.ToLower(params.Get("OptOutType")), At: cb.ReceivedAt, Raw: carriers.RawPayload(cb.Body),
	}
	if len(cb.Body) == 0 {
		in.Raw = carriers.RawPayload([]byte(cb.Query.Encode()))
	}
	return []carriers.Inbound{in}, carriers.Reply{Status: http.StatusOK, ContentType: "text/xml", Body: "<Response/>"}, nil
}

// address takes the channel away that stands before an RCS number: a STOP there is one for SMS as well.
func address(s string) string { return carriers.International(strings.TrimPrefix(s, "rcs:")) }
