package vonage

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Rehearse writes a receipt of the API that is configured. With the SMS API it is that of the message's first part: a
// message of several is delivered when there has been one for each.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	sms := map[string]bool{"accepted": true, "buffered": true, "delivered": true, "expired": true, "failed": true, "rejected": true,
		"unknown": true, "deleted": true}
	word, _, err := c.Say(r.Status, func(w string) bool { return c.api == apiMessages || sms[w] })
	if err != nil {
		return carriers.Callback{}, err
	}
	if c.api == apiMessages {
		return c.rehearseMessage(r, word), nil
	}
	id, _, _ := strings.Cut(r.ID, ",")
	params := map[string]string{
		"messageId": id, "status": word, "msisdn": digits(r.To), "to": digits(r.From), "client-ref": r.Ref, "api-key": c.account,
		"err-code": "0", "scts": r.At.UTC().Format("0601021504"), "message-timestamp": r.At.UTC().Format(time.DateTime),
	}
	if c.Info().Signed {
		params["nonce"], params["timestamp"] = rand.Text(), strconv.FormatInt(r.At.Unix(), 10)
		params["sig"] = signer{secret: r.Key(c.sign.secret), method: c.sign.method}.params(params)
	}
	form := url.Values{}
	for key, v := range params {
		form.Set(key, v)
	}
	return r.Form(r.URL, form), nil
}

func (c *Carrier) rehearseMessage(r carriers.Rehearsal, word string) carriers.Callback {
	cb := r.JSON(r.URL, map[string]any{
		"message_uuid": r.ID, "to": digits(r.To), "from": digits(r.From), "status": word, "client_ref": r.Ref, "channel": "sms",
		"timestamp": r.At.UTC().Format(time.RFC3339),
	})
	if c.Info().Signed {
		cb.Header.Set("Authorization", signer{secret: r.Key(c.sign.secret)}.token(c.account, cb.Body, r.At))
	}
	return cb
}

// token is what holdsToken verifies.
func (s signer) token(account string, body []byte, at time.Time) string {
	sum := sha256.Sum256(body)
	part := func(v any) string {
		b, _ := json.Marshal(v) // plain values always marshal
		return base64.RawURLEncoding.EncodeToString(b)
	}
	input := part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": "Vonage", "api_key": account, "iat": at.Unix(), "jti": rand.Text(), "payload_hash": hex.EncodeToString(sum[:]),
	})
	return "Bearer " + input + "." + s.seal(input)
}
