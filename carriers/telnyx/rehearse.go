package telnyx

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Rehearse writes a webhook. Telnyx signs with a key that nobody else has, so a rehearsal needs a pair of one's own: its
// public half as public_key, the other as rehearsal_key.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, code, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	if c.rehearsal == nil {
		return carriers.Callback{}, errors.New("only Telnyx can sign for this public_key: rehearse with a pair of your own, public_key and rehearsal_key")
	}
	to := map[string]string{"phone_number": r.To, "status": word}
	payload := map[string]any{"id": r.ID, "record_type": "message", "to": []any{to}, "parts": 1, "completed_at": r.At.UTC().Format(time.RFC3339)}
	if code != "" {
		payload["errors"] = []fault{{Code: code, Title: "rehearsed"}}
	}
	cb := r.JSON(r.URL, map[string]any{"data": map[string]any{
		"event_type": "message.finalized", "record_type": "event", "occurred_at": r.At.UTC().Format(time.RFC3339), "payload": payload,
	}})
	stamp := strconv.FormatInt(r.At.Unix(), 10)
	key := ed25519.NewKeyFromSeed(r.Key(c.rehearsal))
	cb.Header.Set("Telnyx-Timestamp", stamp)
	cb.Header.Set("Telnyx-Signature-Ed25519", base64.StdEncoding.EncodeToString(ed25519.Sign(key, append([]byte(stamp+"|"), cb.Body...))))
	return cb, nil
}

// seedOf reads a rehearsal_key: base64 of a seed, with or without the public half behind it.
func seedOf(o *carriers.Opening, ref carriers.Secret) []byte {
	text := o.Optional("rehearsal_key", ref)
	if text == "" {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != ed25519.SeedSize && len(key) != ed25519.PrivateKeySize {
		o.Fail("rehearsal_key", errors.New("is not a private key: write base64 of an Ed25519 seed of 32 bytes"))
		return nil
	}
	return key[:ed25519.SeedSize]
}
