package vonage

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/smsctl/smsctl/carriers"
)

// tokenLife is how long a token of ours is valid; it is used for half of that.
const tokenLife = 15 * time.Minute

// outbound is the body of a submit to the Messages API.
type outbound struct {
	MessageType    string `json:"message_type"`
	Channel        string `json:"channel"`
	To             string `json:"to"`
	From           string `json:"from"`
	Text           string `json:"text"`
	ClientRef      string `json:"client_ref"`
	TTL            int64  `json:"ttl,omitempty"` // seconds here
	WebhookURL     string `json:"webhook_url,omitempty"`
	WebhookVersion string `json:"webhook_version,omitempty"`
}

// problem is the body of a refusal, and the error of a status webhook, which some versions wrap once more.
type problem struct {
	Type   string          `json:"type"`
	Title  json.RawMessage `json:"title"` // words in an answer, in a webhook the code as a number or a string
	Detail string          `json:"detail"`
	Error  *problem        `json:"error"`
}

// submitMessage calls the Messages API.
func (c *Carrier) submitMessage(ctx context.Context, m carriers.Message) carriers.Result {
	authorization, err := c.authorization()
	if err != nil {
		return carriers.Refuse(carriers.ClassAccountAuth, "jwt", "", "signing the request: "+c.HTTP.Redact(err.Error()))
	}
	a := c.HTTP.Do(ctx, carriers.Request{
		Method: http.MethodPost, URL: c.submit, Header: c.jsonHeader(authorization), Body: c.json(m),
	})
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	if !a.OK() {
		var p problem
		_ = json.Unmarshal(a.Body, &p) // a proxy's page has no code, and then the status decides
		return a.Refused(c.Codes, p.code(), p.words())
	}
	var got struct {
		ID string `json:"message_uuid"`
	}
	if r, failed := a.Decode(&got); failed {
		return r
	}
	if got.ID == "" {
		return a.Unreadable("the answer has no message_uuid")
	}
	return carriers.Accept(got.ID, a.StatusLine())
}

// json is the body of a submit.
func (c *Carrier) json(m carriers.Message) []byte {
	o := outbound{
		MessageType: "text", Channel: "sms", To: digits(m.To), From: c.sender(m), Text: m.Text, ClientRef: m.Ref,
	}
	if m.ReceiptURL != "" {
		o.WebhookURL, o.WebhookVersion = m.ReceiptURL, "v1"
	}
	if m.Validity > 0 {
		o.TTL = clamp(m.Validity, time.Second, leastTTL, mostTTL)
	}
	b, _ := json.Marshal(o) // strings and a number always marshal
	return b
}

// code is the number of the problem: a webhook has it as title, an answer behind the # of its type.
func (p *problem) code() string {
	if p.Error != nil {
		return p.Error.code()
	}
	if title := strings.Trim(string(p.Title), `"`); isCode(title) {
		return title
	}
	_, fragment, _ := strings.Cut(p.Type, "#")
	return fragment
}

func isCode(s string) bool { return s != "" && len(s) < 6 && strings.Trim(s, "0123456789") == "" }

// words are Vonage's own.
func (p *problem) words() string {
	if p.Error != nil {
		return p.Error.words()
	}
	title := strings.Trim(string(p.Title), `"`)
	switch {
	case p.Detail == "":
		return title
	case title == "" || isCode(title):
		return p.Detail
	}
	return title + ": " + p.Detail
}

// authorization is the header of a submit: a token of the application, or the account's key and secret. (Vonage says
// that it sends no webhooks for messages submitted with the latter unless the account has a default of its own.)
func (c *Carrier) authorization() (string, error) {
	if c.app == nil {
		return c.basic, nil
	}
	return c.app.bearer()
}

// application signs requests as one of the account's applications.
type application struct {
	id  string
	key *rsa.PrivateKey
	now func() time.Time

	mu    sync.Mutex
	token string
	until time.Time
}

func newApplication(id, key string, now func() time.Time) (*application, error) {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return nil, errors.New("is not PEM: write file:private.key, the file that Vonage gave for the application")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, errors.New("is not a private key")
		}
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("is not an RSA key")
	}
	return &application{id: id, key: private, now: now}, nil
}

// bearer returns a token, the last one while it has half its life before it: a signature costs a millisecond.
func (app *application) bearer() (string, error) {
	app.mu.Lock()
	defer app.mu.Unlock()
	now := app.now()
	if now.Before(app.until) {
		return app.token, nil
	}
	claims, _ := json.Marshal(map[string]any{ // plain values always marshal
		"application_id": app.id, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "jti": uuid.NewString(),
	})
	input := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(claims)
	hash := sha256.Sum256([]byte(input))
	sum, err := rsa.SignPKCS1v15(rand.Reader, app.key, crypto.SHA256, hash[:])
	if err != nil {
		return "", err
	}
	app.token = "Bearer " + input + "." + base64.RawURLEncoding.EncodeToString(sum)
	app.until = now.Add(tokenLife / 2)
	return app.token, nil
}
