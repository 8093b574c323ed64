package aws

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/smsctl/smsctl/carriers"
)

// rehearsed stands where an address of a certificate stands in what SNS signs: such messages are verified by the
// config's rehearsal_key, and without one by nothing.
const rehearsed = "rehearsal_key"

// Rehearse writes a notification of the topic. SNS signs with a key that nobody else has, so a rehearsal needs one of
// one's own in the config.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, _, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	if c.topic.rehearsal == nil {
		return carriers.Callback{}, errors.New("only SNS can sign for its certificate: rehearse with an RSA key of your own, rehearsal_key")
	}
	message, _ := json.Marshal(event{ // plain values always marshal
		Type: word, Timestamp: r.At.UnixMilli(), To: r.To, ID: r.ID, Description: "rehearsed", Context: map[string]string{refKey: r.Ref}, Parts: 1,
	})
	n := notice{
		Type: "Notification", MessageID: uuid.NewString(), TopicARN: c.topic.arn, Message: string(message),
		Timestamp: r.At.UTC().Format(time.RFC3339), SignatureVersion: "2", SigningCertURL: rehearsed,
	}
	sum := sha256.Sum256([]byte(n.signed()))
	signature, err := rsa.SignPKCS1v15(rand.Reader, c.topic.rehearsal, crypto.SHA256, sum[:])
	if err != nil {
		return carriers.Callback{}, errors.New("signing with rehearsal_key: the key is not usable")
	}
	n.Signature = base64.StdEncoding.EncodeToString(r.Key(signature))
	cb := r.JSON(r.Account(), n)
	cb.Header.Set("Content-Type", "text/plain; charset=UTF-8") // so SNS calls it
	cb.Header.Set("X-Amz-Sns-Message-Type", n.Type)
	return cb, nil
}

// rehearsalKey reads the config's key: PEM, PKCS#8 or PKCS#1.
func rehearsalKey(o *carriers.Opening, ref carriers.Secret) *rsa.PrivateKey {
	text := o.Optional("rehearsal_key", ref)
	if text == "" {
		return nil
	}
	block, _ := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil {
		o.Fail("rehearsal_key", errors.New("is not PEM: write file:PATH of an RSA key"))
		return nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := any.(*rsa.PrivateKey)
	if err != nil || !ok {
		o.Fail("rehearsal_key", errors.New("is not an RSA key"))
	}
	return key
}
