package aws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// states maps the types of events. TEXT_SUCCESSFUL is not a delivery: it says that the operator took the message, and
// where operators send no receipts it is the last that is heard.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"TEXT_PENDING":             carriers.ReceiptQueued,
	"TEXT_QUEUED":              carriers.ReceiptQueued,
	"TEXT_SENT":                carriers.ReceiptSent,
	"TEXT_SUCCESSFUL":          carriers.ReceiptSent,
	"TEXT_DELIVERED":           carriers.ReceiptDelivered,
	"TEXT_UNREACHABLE":         carriers.ReceiptUndelivered,
	"TEXT_CARRIER_UNREACHABLE": carriers.ReceiptUndelivered,
	"TEXT_INVALID":             carriers.ReceiptFailed,
	"TEXT_INVALID_MESSAGE":     carriers.ReceiptFailed,
	"TEXT_BLOCKED":             carriers.ReceiptRejected,
	"TEXT_CARRIER_BLOCKED":     carriers.ReceiptRejected,
	"TEXT_PROTECT_BLOCKED":     carriers.ReceiptRejected,
	"TEXT_SPAM":                carriers.ReceiptRejected,
	"TEXT_TTL_EXPIRED":         carriers.ReceiptExpired,
	"TEXT_UNKNOWN":             carriers.ReceiptUnknown,
}

// event is what became of a message, as it stands in the Message of a notification.
type event struct {
	Type        string            `json:"eventType"`
	Timestamp   int64             `json:"eventTimestamp"` // milliseconds
	To          string            `json:"destinationPhoneNumber"`
	ID          string            `json:"messageId"`
	Description string            `json:"messageStatusDescription"`
	Context     map[string]string `json:"context"`
	Parts       int               `json:"totalMessageParts"`
}

// Receipts reads what SNS posts: notifications, and once the question whether we want them.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	n, asked, err := notice{Message: string(cb.Body)}, false, error(nil)
	if !cb.Kept {
		n, asked, err = c.notified(c.topic, cb)
	}
	reply := carriers.Reply{Status: http.StatusOK}
	if err != nil || asked {
		return nil, reply, err
	}
	r, err := c.receipt(n.Message)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	r.Raw = carriers.RawPayload([]byte(n.Message))
	return []carriers.Receipt{r}, reply, nil
}

// notified reads and verifies a message of SNS. asked says that it was about the subscription, and is dealt with.
func (c *Carrier) notified(t *topic, cb carriers.Callback) (n notice, asked bool, err error) {
	if err := json.Unmarshal(cb.Body, &n); err != nil {
		return n, false, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if n.Type == "" {
		return n, false, fmt.Errorf("%w: not a message of SNS; is raw message delivery on?", carriers.ErrPayload)
	}
	if err := t.verify(n); err != nil {
		return n, false, err
	}
	switch n.Type {
	case "Notification":
		return n, false, nil
	case "SubscriptionConfirmation":
		if err := t.confirm(n); err != nil {
			return n, false, err
		}
		c.log.Info("subscription to the topic confirmed", "carrier", c.Info().Name, "topic", n.TopicARN)
		return n, true, nil
	case "UnsubscribeConfirmation":
		c.log.Warn("subscription to the topic ended: no more receipts will come", "carrier", c.Info().Name, "topic", n.TopicARN)
		return n, true, nil
	}
	return n, false, fmt.Errorf("%w: a message of a kind that SNS does not document", carriers.ErrPayload)
}

// receipt translates an event.
func (c *Carrier) receipt(message string) (carriers.Receipt, error) {
	var e event
	if err := json.Unmarshal([]byte(message), &e); err != nil {
		return carriers.Receipt{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if e.Type == "" || e.ID == "" {
		return carriers.Receipt{}, fmt.Errorf("%w: eventType or messageId is missing", carriers.ErrPayload)
	}
	r := c.Receipt(e.Type, e.Type)
	r.Ref, r.ID, r.To, r.Segments = e.Context[refKey], e.ID, e.To, max(0, e.Parts)
	r.Detail = strings.TrimSpace(r.Detail + " " + c.HTTP.Redact(e.Description))
	if e.Timestamp > 0 {
		r.At = time.UnixMilli(e.Timestamp).UTC()
	}
	return r, nil
}
