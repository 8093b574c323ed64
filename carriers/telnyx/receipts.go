package telnyx

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// tolerance is how old a signature may be, and how far ahead Telnyx's clock: Telnyx's own libraries use this figure.
const tolerance = 300 * time.Second

// states maps the words of a recipient's status. `delivery_unconfirmed` is no failure: the network sends no receipts.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"scheduled":            carriers.ReceiptAccepted,
	"queued":               carriers.ReceiptQueued,
	"sending":              carriers.ReceiptQueued,
	"sent":                 carriers.ReceiptSent,
	"delivery_unconfirmed": carriers.ReceiptUnknown,
	"delivered":            carriers.ReceiptDelivered,
	"read":                 carriers.ReceiptDelivered,
	"delivery_failed":      carriers.ReceiptUndelivered,
	"sending_failed":       carriers.ReceiptFailed,
	"expired":              carriers.ReceiptExpired,
	"cancelled":            carriers.ReceiptCancelled,
}

// event is a webhook.
type event struct {
	Data struct {
		Type     string    `json:"event_type"`
		Occurred time.Time `json:"occurred_at"`
		Payload  message   `json:"payload"`
	} `json:"data"`
}

// Receipts reads a webhook. They come in any order and more than once.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	var e event
	if err := json.Unmarshal(cb.Body, &e); err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	m := e.Data.Payload
	if m.ID == "" || len(m.To) == 0 || m.To[0].Status == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: id or status is missing", carriers.ErrPayload)
	}
	if e.Data.Type == "message.received" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: an inbound message and no receipt", carriers.ErrPayload)
	}
	r := c.stateOf(m)
	r.Ref, r.Raw = cb.Ref, carriers.RawPayload(cb.Body)
	if r.At.IsZero() {
		r.At = e.Data.Occurred
	}
	return []carriers.Receipt{r}, carriers.Reply{Status: http.StatusOK}, nil
}

// verify checks the Ed25519 signature over "timestamp|body", and that it is fresh.
func (c *Carrier) verify(cb carriers.Callback) error {
	if cb.Kept {
		return nil
	}
	stamp := cb.Header.Get("Telnyx-Timestamp")
	seconds, err := strconv.ParseUint(stamp, 10, 40)
	if err != nil {
		return fmt.Errorf("telnyx-timestamp: %w", carriers.ErrSignature)
	}
	signature, err := base64.StdEncoding.DecodeString(cb.Header.Get("Telnyx-Signature-Ed25519"))
	if err != nil || !ed25519.Verify(c.key, append([]byte(stamp+"|"), cb.Body...), signature) {
		return fmt.Errorf("telnyx-signature-ed25519: %w", carriers.ErrSignature)
	}
	if c.Now().Sub(time.Unix(int64(seconds), 0)).Abs() > tolerance {
		return fmt.Errorf("telnyx-timestamp: too far from our clock: %w", carriers.ErrSignature)
	}
	return nil
}

// stateOf is the receipt that a message resource stands for. It has one recipient, as we send it.
func (c *Carrier) stateOf(m message) carriers.Receipt {
	why := first(m.Errors)
	r := c.Receipt(m.To[0].Status, why.Code)
	r.ID, r.To, r.At, r.Segments = m.ID, m.To[0].Number, m.Completed, max(0, m.Parts)
	if r.Class != carriers.ClassNone {
		r.Detail = c.HTTP.Redact(why.words())
	}
	return r
}

// Poll fetches a message by its id. Telnyx keeps them for ten days.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" {
		return carriers.Receipt{}, errors.New("telnyx cannot be asked about a message without its id")
	}
	var got struct {
		Data message `json:"data"`
	}
	raw, err := c.Get(ctx, c.messages.JoinPath(s.ID), 0, &got)
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking telnyx about a message: %w", err)
	}
	if len(got.Data.To) == 0 || got.Data.To[0].Status == "" {
		return carriers.Receipt{}, errors.New("asking telnyx about a message: the answer has no status")
	}
	r := c.stateOf(got.Data)
	r.ID, r.Ref, r.Raw = s.ID, s.Ref, raw
	return r, nil
}

// Check asks for the account's balance.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Ask(ctx, c.messages.JoinPath("..", "balance"), func(body []byte) string {
		var got struct {
			Data struct{ Balance, Currency string } `json:"data"`
		}
		_ = json.Unmarshal(body, &got) // that it answered is what counts
		return strings.TrimSpace(got.Data.Balance + " " + got.Data.Currency)
	})
}
