package aws

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const certURL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"

// pair plays the key of SNS.
type pair struct {
	t    testing.TB
	key  *rsa.PrivateKey
	cert []byte
}

func newPair(t testing.TB) pair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"},
		NotBefore: carriertest.Now(), NotAfter: carriertest.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{t, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// signature is SNS's.
func (p pair) signature(n notice) string {
	kind := crypto.SHA1
	if n.SignatureVersion == "2" {
		kind = crypto.SHA256
	}
	sum := kind.New()
	_, _ = sum.Write([]byte(n.signed()))
	b, err := rsa.SignPKCS1v15(rand.Reader, p.key, kind, sum.Sum(nil))
	if err != nil {
		p.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// The suite takes a signature away with the headers, and SNS has it in the body. So it travels in a header up to here.
const inHeader = "Signature-Of-The-Body"

func (p pair) sign(cb *carriers.Callback) {
	var n notice
	_ = json.Unmarshal(cb.Body, &n) // garbage is signed as what is left of it
	cb.Header.Set(inHeader, p.signature(n))
}

type withHeader struct{ *Carrier }

func (w withHeader) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	return w.Carrier.Receipts(inBody(cb))
}

func (w withHeader) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	return w.Carrier.Inbound(inBody(cb))
}

func inBody(cb carriers.Callback) carriers.Callback {
	var n notice
	if json.Unmarshal(cb.Body, &n) == nil && n.Type != "" && n.SigningCertURL != rehearsed {
		n.Signature = cb.Header.Get(inHeader)
		cb.Body, _ = json.Marshal(n)
	}
	return cb
}

// typ is the type with a certificate that need not be fetched.
func (p pair) typ() carriers.Type {
	typ := Type()
	typ.New = func(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
		c, err := newCarrier(name, decode, env)
		if err != nil {
			return nil, err
		}
		aws := c.(*Carrier)
		aws.topic.fetch = func(string) ([]byte, error) { return p.cert, nil }
		return withHeader{aws}, nil
	}
	return typ
}

// TestSignedText has the texts that SNS's documentation demands, written out.
func TestSignedText(t *testing.T) {
	n := notice{
		Type: "Notification", MessageID: "m", TopicARN: "t", Message: "line\nline", Timestamp: "2026", Token: "k", SubscribeURL: "u",
	}
	for subject, want := range map[string]string{
		"":  "Message\nline\nline\nMessageId\nm\nTimestamp\n2026\nTopicArn\nt\nType\nNotification\n",
		"s": "Message\nline\nline\nMessageId\nm\nSubject\ns\nTimestamp\n2026\nTopicArn\nt\nType\nNotification\n",
	} {
		n.Subject = subject
		if got := n.signed(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	n.Type = "SubscriptionConfirmation"
	want := "Message\nline\nline\nMessageId\nm\nSubscribeURL\nu\nTimestamp\n2026\nToken\nk\nTopicArn\nt\nType\nSubscriptionConfirmation\n"
	if got := n.signed(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// posts builds a carrier and a way to post to it; fetched are the addresses that it asked for.
func posts(t *testing.T, p pair) (post func(n notice) ([]carriers.Receipt, error), fetched *[]string) {
	t.Helper()
	c := build(t, config)
	fetched = new([]string)
	c.topic.fetch = func(address string) ([]byte, error) {
		*fetched = append(*fetched, address)
		if strings.Contains(address, "dead") {
			return nil, errors.New("no answer")
		}
		return p.cert, nil
	}
	return func(n notice) ([]carriers.Receipt, error) {
		body, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := c.Receipts(carriers.Callback{Method: "POST", Body: body})
		return got, err
	}, fetched
}

func notification() notice {
	return notice{
		Type: "Notification", MessageID: "1", TopicARN: arn, Timestamp: "2026-03-01T11:59:03.719Z", SignatureVersion: "1",
		SigningCertURL: certURL, Message: `{"eventType":"TEXT_DELIVERED","messageId":"` + id + `","context":{"smsctl_ref":"r1"}}`,
	}
}

// TestOnlySNSIsBelieved changes one thing at a time of an honest message.
func TestOnlySNSIsBelieved(t *testing.T) {
	p, stranger := newPair(t), newPair(t)
	for _, tt := range []struct {
		name    string
		change  func(n *notice)
		resign  bool
		want    error // nil = believed
		fetches int
	}{
		{"honest", func(*notice) {}, true, nil, 1},
		{"version 2", func(n *notice) { n.SignatureVersion = "2" }, true, nil, 1},
		{"with a subject", func(n *notice) { n.Subject = "s" }, true, nil, 1},
		{"changed message", func(n *notice) { n.Message += " " }, false, carriers.ErrSignature, 1},
		{"changed time", func(n *notice) { n.Timestamp = "2027" }, false, carriers.ErrSignature, 1},
		{"version 1 as 2", func(n *notice) { n.SignatureVersion = "2" }, false, carriers.ErrSignature, 1},
		{"no version", func(n *notice) { n.SignatureVersion = "" }, true, carriers.ErrSignature, 0},
		{"another's key", func(n *notice) { n.Signature = stranger.signature(*n) }, false, carriers.ErrSignature, 1},
		{"no signature", func(n *notice) { n.Signature = "" }, false, carriers.ErrSignature, 0},
		{"another topic", func(n *notice) { n.TopicARN += "x" }, true, carriers.ErrSignature, 0},
		{"certificate elsewhere", func(n *notice) { n.SigningCertURL = strings.Replace(certURL, ".com/", ".com.evil.example/", 1) }, true,
			carriers.ErrSignature, 0},
		{"certificate by a user", func(n *notice) {
			n.SigningCertURL = strings.Replace(certURL, "//", "//sns.eu-west-1.amazonaws.com@evil.example/", 1)
		}, true,
			carriers.ErrSignature, 0},
		{"certificate of another region", func(n *notice) { n.SigningCertURL = strings.Replace(certURL, "eu-west-1", "us-east-1", 1) }, true,
			carriers.ErrSignature, 0},
		{"certificate in clear", func(n *notice) { n.SigningCertURL = strings.Replace(certURL, "https", "http", 1) }, true, carriers.ErrSignature, 0},
		{"certificate from a bucket", func(n *notice) { n.SigningCertURL = "https://sns.eu-west-1.amazonaws.com/mine.pem" }, true,
			carriers.ErrSignature, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			post, fetched := posts(t, p)
			n := notification()
			n.Signature = p.signature(n)
			tt.change(&n)
			if tt.resign {
				n.Signature = p.signature(n)
			}
			got, err := post(n)
			if !errors.Is(err, tt.want) || (tt.want == nil) != (len(got) == 1) || len(*fetched) != tt.fetches {
				t.Errorf("%d receipts, %d fetches and %v, want %v", len(got), len(*fetched), err, tt.want)
			}
		})
	}
}

// TestCertificateIsFetchedOnce, and one that cannot be had is no refusal: SNS comes again after a 500, never after a 403.
func TestCertificateIsFetchedOnce(t *testing.T) {
	p := newPair(t)
	post, fetched := posts(t, p)
	n := notification()
	n.Signature = p.signature(n)
	for range 3 {
		if _, err := post(n); err != nil {
			t.Fatal(err)
		}
	}
	if len(*fetched) != 1 {
		t.Errorf("fetched %v", *fetched)
	}
	n.SigningCertURL = strings.Replace(certURL, "f3ec", "dead", 1)
	if _, err := post(n); err == nil || errors.Is(err, carriers.ErrSignature) || errors.Is(err, carriers.ErrPayload) {
		t.Errorf("a certificate that cannot be had: %v", err)
	}
}

// TestAKnownCertificateIsNotWaitedFor: whoever makes us fetch another one holds up nobody.
func TestAKnownCertificateIsNotWaitedFor(t *testing.T) {
	p := newPair(t)
	c := build(t, config)
	began, end := make(chan struct{}), make(chan struct{})
	c.topic.fetch = func(address string) ([]byte, error) {
		if address != certURL {
			close(began)
			<-end
		}
		return p.cert, nil
	}
	n := notification()
	n.Signature = p.signature(n)
	if err := c.topic.verify(n); err != nil {
		t.Fatal(err)
	}
	slow := n
	slow.SigningCertURL = strings.Replace(certURL, "f3ec", "0000", 1)
	done := make(chan error, 1)
	go func() { done <- c.topic.verify(slow) }()
	<-began
	if err := c.topic.verify(n); err != nil {
		t.Error(err)
	}
	close(end)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSubscriptionIsConfirmedForTheTopicOnly(t *testing.T) {
	const confirm = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + arn + "&Token=2336412f37"
	p := newPair(t)
	for _, tt := range []struct {
		name, address, topic string
		signed, confirmed    bool
	}{
		{"honest", confirm, arn, true, true},
		{"unsigned", confirm, arn, false, false},
		{"another topic", strings.Replace(confirm, arn, arn+"x", 1), arn + "x", true, false},
		{"address of another topic", strings.Replace(confirm, arn, arn+"x", 1), arn, true, false},
		{"another host", strings.Replace(confirm, "sns.", "sms.", 1), arn, true, false},
		{"another action", strings.Replace(confirm, "Confirm", "Un", 1), arn, true, false},
		{"no answer", confirm + "dead", arn, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			post, fetched := posts(t, p)
			n := notice{
				Type: "SubscriptionConfirmation", MessageID: "1", TopicARN: tt.topic, Token: "2336412f37", SignatureVersion: "1",
				Message: "You have chosen to subscribe", SubscribeURL: tt.address, SigningCertURL: certURL,
			}
			if tt.signed {
				n.Signature = p.signature(n)
			}
			got, err := post(n)
			asked := len(*fetched) > 0 && (*fetched)[len(*fetched)-1] == tt.address
			if (err == nil) != tt.confirmed || asked != (tt.confirmed || tt.name == "no answer") || len(got) > 0 {
				t.Errorf("%d receipts and %v, fetched %v", len(got), err, *fetched)
			}
		})
	}
	post, _ := posts(t, p)
	n := notice{Type: "UnsubscribeConfirmation", TopicARN: arn, SignatureVersion: "1", SigningCertURL: certURL}
	n.Signature = p.signature(n)
	if got, err := post(n); err != nil || len(got) > 0 {
		t.Errorf("unsubscribed: %v %v", got, err)
	}
}

func TestHosts(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:sns:eu-west-1:111122223333:a":            "sns.eu-west-1.amazonaws.com",
		"arn:aws-us-gov:sns:us-gov-west-1:111122223333:a": "sns.us-gov-west-1.amazonaws.com",
		"arn:aws-cn:sns:cn-north-1:111122223333:a":        "sns.cn-north-1.amazonaws.com.cn",
		"arn:aws:sqs:eu-west-1:111122223333:a":            "",
		"arn:aws:sns:evil.example/:111122223333:a":        "",
	} {
		if got := newTopic(arn).host; got != want {
			t.Errorf("%s: %q, want %q", arn, got, want)
		}
	}
}
