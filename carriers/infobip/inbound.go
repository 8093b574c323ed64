package infobip

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads messages from people, https://www.infobip.com/docs/api/channels/sms/inbound-sms: there may be many in a
// request. Infobip signs none and echoes nothing of ours in them, so the listener wants an address that we made.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	var got struct {
		Results []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(cb.Body, &got); err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	var all []carriers.Inbound
	for _, raw := range got.Results {
		var m struct {
			ID       string `json:"messageId"`
			From     string `json:"from"`
			To       string `json:"to"`
			Text     string `json:"text"`
			Received string `json:"receivedAt"`
			Status   any    `json:"status"` // of receipts only
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
		}
		if m.ID == "" || m.From == "" || m.Status != nil {
			return nil, carriers.Reply{}, fmt.Errorf("%w: not an inbound message: messageId or from is missing", carriers.ErrPayload)
		}
		in := carriers.Inbound{
			ID: m.ID, From: carriers.International(m.From), To: carriers.International(m.To), Text: m.Text, At: cb.ReceivedAt,
			Raw: carriers.RawPayload(raw),
		}
		if at, err := time.Parse(timeForm, m.Received); err == nil {
			in.At = at
		}
		all = append(all, in)
	}
	if len(all) == 0 {
		return nil, carriers.Reply{}, fmt.Errorf("%w: no results", carriers.ErrPayload)
	}
	return all, carriers.Reply{Status: http.StatusOK}, nil
}
