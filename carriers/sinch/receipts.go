package sinch

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// signatureHeader carries the signature, and is the beginning of those beside it.
const signatureHeader = "X-Sinch-Webhook-Signature"

// states maps the words of a delivery report. Unknown is final at Sinch: the operator never sent a receipt.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"Queued":     carriers.ReceiptQueued,
	"Dispatched": carriers.ReceiptSent,
	"Delivered":  carriers.ReceiptDelivered,
	"Failed":     carriers.ReceiptUndelivered,
	"Aborted":    carriers.ReceiptFailed,
	"Deleted":    carriers.ReceiptFailed,
	"Rejected":   carriers.ReceiptRejected,
	"Expired":    carriers.ReceiptExpired,
	"Cancelled":  carriers.ReceiptCancelled,
	"Unknown":    carriers.ReceiptUnknown,
}

// report is a delivery report of one recipient, pushed or asked for.
type report struct {
	Type       string `json:"type"`
	BatchID    string `json:"batch_id"`
	Recipient  string `json:"recipient"`
	Reference  string `json:"client_reference"`
	Code       *int   `json:"code"`
	Status     string `json:"status"`
	At         string `json:"at"`
	OperatorAt string `json:"operator_status_at"`
	Parts      int    `json:"number_of_message_parts"`
}

// Receipts reads the callback of a recipient's delivery report. Its signature is optional at Sinch: without one the MAC
// of the callback URL is the proof.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	if err := c.verify(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	var got report
	if err := json.Unmarshal(cb.Body, &got); err != nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %w", carriers.ErrPayload, err)
	}
	if got.BatchID == "" || got.Status == "" {
		return nil, carriers.Reply{}, fmt.Errorf("%w: not the delivery report of a recipient", carriers.ErrPayload)
	}
	r := c.receipt(got)
	r.Ref = cmp.Or(r.Ref, cb.Ref)
	r.Raw = carriers.RawPayload(cb.Body)
	return []carriers.Receipt{r}, carriers.Reply{}, nil
}

// receipt translates a report. Sinch says Aborted of a message that expired in its own queue: its code says so.
func (c *Carrier) receipt(got report) carriers.Receipt {
	code := ""
	if got.Code != nil {
		code = strconv.Itoa(*got.Code)
	}
	r := c.Receipt(got.Status, code)
	r.Ref, r.ID, r.To, r.Segments = got.Reference, got.BatchID, plus(got.Recipient), max(0, got.Parts)
	r.At = timeOf(got.OperatorAt, got.At)
	if strings.HasPrefix(r.Ref, batchMark) { // of the first message of its batch
		r.Ref, r.ID = "", partID(got.BatchID, got.Recipient)
	}
	return r
}

// verify checks the signature: base64(HMAC-SHA256(secret, body.nonce.timestamp)). The timestamp has no limit, because
// Sinch repeats a callback for a day, and an old receipt that comes again changes nothing.
func (c *Carrier) verify(cb carriers.Callback) error {
	if cb.Kept {
		return nil
	}
	if len(c.secret) == 0 {
		return nil // the listener asks for the MAC of the URL
	}
	want := sign(c.secret, cb.Body, cb.Header.Get(signatureHeader+"-Nonce"), cb.Header.Get(signatureHeader+"-Timestamp"))
	if !hmac.Equal([]byte(want), []byte(cb.Header.Get(signatureHeader))) {
		return fmt.Errorf("%s: %w", signatureHeader, carriers.ErrSignature)
	}
	return nil
}

func sign(secret, body []byte, nonce, timestamp string) string {
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write(body)
	_, _ = mac.Write([]byte("." + nonce + "." + timestamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// plus writes a number as E.164: Sinch leaves the plus out in some reports.
func plus(number string) string {
	if number == "" || strings.HasPrefix(number, "+") {
		return number
	}
	return "+" + number
}

// timeOf is the first of the times that can be read.
func timeOf(times ...string) time.Time {
	for _, s := range times {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// Rehearse writes the callback of a recipient's delivery report.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, _, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	address, reference := r.URL, r.Ref
	if strings.Contains(r.ID, "/") {
		address, reference = r.Account(), batchMark+r.Ref
	}
	cb := r.JSON(address, map[string]any{
		"type": "recipient_delivery_report_sms", "batch_id": takeApart(r.ID), "recipient": strings.TrimPrefix(r.To, "+"), "status": word,
		"client_reference": reference, "at": r.At.UTC().Format(timeFormat), "operator_status_at": r.At.UTC().Format(timeFormat),
	})
	if len(c.secret) > 0 {
		nonce, stamp := rand.Text(), strconv.FormatInt(r.At.Unix(), 10)
		cb.Header.Set(signatureHeader+"-Nonce", nonce)
		cb.Header.Set(signatureHeader+"-Timestamp", stamp)
		cb.Header.Set(signatureHeader+"-Algorithm", "HmacSHA256")
		cb.Header.Set(signatureHeader, sign(r.Key(c.secret), cb.Body, nonce, stamp))
	}
	return cb, nil
}
