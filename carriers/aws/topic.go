package aws

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SignatureVersion 1, which is still SNS's default
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/smsctl/smsctl/carriers"
)

// notice is a message of SNS.
type notice struct {
	Type             string `json:"Type"`
	MessageID        string `json:"MessageId"`
	TopicARN         string `json:"TopicArn"`
	Subject          string `json:"Subject"`
	Message          string `json:"Message"`
	Timestamp        string `json:"Timestamp"`
	Token            string `json:"Token"`
	SubscribeURL     string `json:"SubscribeURL"`
	SignatureVersion string `json:"SignatureVersion"`
	Signature        string `json:"Signature"`
	SigningCertURL   string `json:"SigningCertURL"`
}

// topic verifies the messages of one topic. Certificates come from SNS's own address in the topic's region and from
// nowhere else; that it is SNS's is proved by TLS.
type topic struct {
	arn   string
	host  string // of SNS in the region of the topic, "" if the ARN is none
	fetch func(address string) ([]byte, error)

	rehearsal *rsa.PrivateKey // of the config, nil without

	fetching sync.Mutex // one at a time: the others want the same
	mu       sync.Mutex // of keys, never held while something is fetched: a known key is had at once
	keys     map[string]*rsa.PublicKey
}

// maxKeys bounds the memory for keys. SNS has one or two at a time.
const maxKeys = 8

var (
	arnForm  = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[0-9A-Za-z_.-]{1,256}$`)
	certForm = regexp.MustCompile(`^/SimpleNotificationService-[0-9a-f]{16,64}\.pem$`)
)

func newTopic(arn string) *topic {
	t := &topic{arn: arn, keys: map[string]*rsa.PublicKey{}}
	if part := arnForm.FindStringSubmatch(arn); part != nil {
		t.host = "sns." + part[2] + ".amazonaws.com"
		if part[1] == "aws-cn" {
			t.host += ".cn"
		}
	}
	return t
}

// verify proves that a message is of the topic and signed by SNS. An error that is not ErrSignature says that the
// certificate could not be had: SNS comes again then.
func (t *topic) verify(n notice) error {
	switch {
	case t.arn == "":
		return fmt.Errorf("topic_arn is not configured: %w", carriers.ErrSignature)
	case n.TopicARN != t.arn:
		return fmt.Errorf("TopicArn: %w", carriers.ErrSignature)
	}
	signature, err := base64.StdEncoding.DecodeString(n.Signature)
	if err != nil || len(signature) == 0 {
		return fmt.Errorf("the signature of SNS: %w", carriers.ErrSignature)
	}
	text := n.signed()
	var kind crypto.Hash
	var sum []byte
	switch n.SignatureVersion {
	case "1":
		s := sha1.Sum([]byte(text)) //nolint:gosec // as above
		kind, sum = crypto.SHA1, s[:]
	case "2":
		s := sha256.Sum256([]byte(text))
		kind, sum = crypto.SHA256, s[:]
	default:
		return fmt.Errorf("SignatureVersion: %w", carriers.ErrSignature)
	}
	key, err := t.key(n.SigningCertURL)
	if err != nil {
		return err
	}
	if rsa.VerifyPKCS1v15(key, kind, sum, signature) != nil {
		return fmt.Errorf("the signature of SNS: %w", carriers.ErrSignature)
	}
	return nil
}

// signed is the text that SNS signs: names and values in the order of the names.
func (n notice) signed() string {
	pairs := []string{"Message", n.Message, "MessageId", n.MessageID}
	switch {
	case n.Type != "Notification":
		pairs = append(pairs, "SubscribeURL", n.SubscribeURL, "Timestamp", n.Timestamp, "Token", n.Token)
	case n.Subject != "":
		pairs = append(pairs, "Subject", n.Subject, "Timestamp", n.Timestamp)
	default:
		pairs = append(pairs, "Timestamp", n.Timestamp)
	}
	pairs = append(pairs, "TopicArn", n.TopicARN, "Type", n.Type)
	return strings.Join(pairs, "\n") + "\n"
}

// key is the public key of the certificate at the address.
func (t *topic) key(address string) (*rsa.PublicKey, error) {
	if t.rehearsal != nil && address == rehearsed {
		return &t.rehearsal.PublicKey, nil
	}
	u := t.own(address)
	if u == nil || !certForm.MatchString(u.Path) || u.RawQuery != "" {
		return nil, fmt.Errorf("SigningCertURL is not SNS's: %w", carriers.ErrSignature)
	}
	if key := t.known(address); key != nil {
		return key, nil
	}
	t.fetching.Lock()
	defer t.fetching.Unlock()
	if key := t.known(address); key != nil {
		return key, nil
	}
	text, err := t.fetch(address)
	if err != nil {
		return nil, fmt.Errorf("fetching the certificate of SNS: %w", err)
	}
	key, err := publicKey(text)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of SNS: %w", err)
	}
	t.keep(address, key)
	return key, nil
}

func (t *topic) known(address string) *rsa.PublicKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keys[address]
}

func (t *topic) keep(address string, key *rsa.PublicKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.keys) >= maxKeys {
		clear(t.keys)
	}
	t.keys[address] = key
}

func publicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("it is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it is no certificate: %w", err)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("its key is not RSA")
	}
	return key, nil
}

// own reads an address of SNS in the topic's region, nil if it is another's.
func (t *topic) own(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host != t.host || u.User != nil || u.Fragment != "" {
		return nil
	}
	return u
}

// confirm tells SNS that the topic may send here. The message was verified, so its address is SNS's word.
func (t *topic) confirm(n notice) error {
	u := t.own(n.SubscribeURL)
	if u == nil || u.Query().Get("Action") != "ConfirmSubscription" || u.Query().Get("TopicArn") != t.arn {
		return fmt.Errorf("%w: SubscribeURL is not SNS's", carriers.ErrPayload)
	}
	if _, err := t.fetch(n.SubscribeURL); err != nil {
		return fmt.Errorf("confirming the subscription: %w", err)
	}
	return nil
}

// fetch gets an address that was found to be SNS's.
func (c *Carrier) fetch(address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	a := c.HTTP.Do(context.Background(), carriers.Request{Method: http.MethodGet, URL: u, Header: c.HTTP.Headers()})
	defer a.Release()
	if err := a.Problem(); err != nil {
		return nil, err
	}
	return append([]byte(nil), a.Body...), nil
}
