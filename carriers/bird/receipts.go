package bird

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// tolerance is how old or early a webhook may be, as Bird's own SDK has it.
const tolerance = 5 * time.Minute

// states maps the status of a message, which is also what stands behind "sms." in the type of an event.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"accepted":    carriers.ReceiptAccepted,
	"scheduled":   carriers.ReceiptAccepted,
	"sent":        carriers.ReceiptSent,
	"delivered":   carriers.ReceiptDelivered,
	"undelivered": carriers.ReceiptUndelivered,
	"failed":      carriers.ReceiptFailed,
	"rejected":    carriers.ReceiptRejected,
	"expired":     carriers.ReceiptExpired,
	"canceled":    carriers.ReceiptCancelled,
}

// event is a webhook.
type event struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      struct {
		ID       string         `json:"sms_id"`
		To       string         `json:"to"`
		Metadata map[string]any `json:"metadata"`
		Error    *cause         `json:"error"`
	} `json:"data"`
}

// Receipts reads a webhook.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	var e event
	if err := json.Unmarshal(cb.Body, &e); err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	word, ours := strings.CutPrefix(e.Type, "sms.")
	if !ours || word == "" || e.Data.ID == "" || e.Type == received { // as a receipt, that would be forgotten
		return nil, carriers.Reply{}, fmt.Errorf("%w: not an event of a message", carriers.ErrPayload)
	}
	r := c.receipt(word, e.Data.Error)
	r.ID, r.To, r.Raw = e.Data.ID, e.Data.To, carriers.RawPayload(cb.Body)
	if ref, ok := e.Data.Metadata[refKey].(string); ok {
		r.Ref = ref
	}
	if at, err := time.Parse(time.RFC3339, e.Timestamp); err == nil {
		r.At = at
	}
	return []carriers.Receipt{r}, carriers.Reply{}, nil
}

// receipt translates a status and the error beside it.
func (c *Carrier) receipt(word string, why *cause) carriers.Receipt {
	if why == nil {
		return c.Receipt(word, "")
	}
	r := c.Receipt(word, why.Code)
	words := why.Description
	if why.CarrierCode != "" {
		words += " (" + why.CarrierCode + " at the carrier)"
	}
	r.Detail = strings.TrimSpace(r.Detail + " " + c.HTTP.Redact(words))
	return r
}

// stateOf is the receipt that a message resource stands for.
func (c *Carrier) stateOf(m message) carriers.Receipt {
	r := c.receipt(m.Status, m.LastError)
	r.ID, r.To, r.Segments = m.ID, m.To, max(0, m.Segments.Count)
	return r
}

// verify checks a signature of Standard Webhooks. There may be several, while a secret is being changed.
func (c *Carrier) verify(cb carriers.Callback) error {
	if cb.Kept {
		return nil
	}
	id, stamp := cb.Header.Get("Webhook-Id"), cb.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if len(c.secret) == 0 || id == "" || err != nil {
		return fmt.Errorf("Webhook-Signature: %w", carriers.ErrSignature)
	}
	want := []byte(sign(c.secret, id, stamp, cb.Body))
	holds := false
	for _, given := range strings.Fields(cb.Header.Get("Webhook-Signature")) {
		if version, signature, ok := strings.Cut(given, ","); ok && version == "v1" {
			holds = hmac.Equal([]byte(signature), want) || holds
		}
	}
	if age := c.Now().Sub(time.Unix(seconds, 0)); !holds || age > tolerance || age < -tolerance {
		return fmt.Errorf("Webhook-Signature: %w", carriers.ErrSignature)
	}
	return nil
}

// sign is base64(HMAC-SHA256(secret, id.timestamp.body)).
func sign(secret []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(id + "." + stamp + "."))
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Rehearse writes a webhook.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, _, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	if len(c.secret) == 0 {
		return carriers.Callback{}, errors.New("webhook_secret is not set: without it no webhook of Bird is believed")
	}
	var e event
	e.Type, e.Timestamp = "sms."+word, r.At.UTC().Format(time.RFC3339)
	e.Data.ID, e.Data.To, e.Data.Metadata = r.ID, r.To, map[string]any{refKey: r.Ref}
	cb := r.JSON(r.Account(), e)
	id, stamp := "msg_"+rand.Text(), strconv.FormatInt(r.At.Unix(), 10)
	cb.Header.Set("Webhook-Id", id)
	cb.Header.Set("Webhook-Timestamp", stamp)
	cb.Header.Set("Webhook-Signature", "v1,"+sign(r.Key(c.secret), id, stamp, cb.Body))
	return cb, nil
}
