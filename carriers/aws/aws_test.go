package aws

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	secret = "canary/secret+access+key/0123456789abcdef"
	arn    = "arn:aws:sns:eu-west-1:111122223333:sms-events"
	id     = "862a8790-60c0-4430-9b2b-658bd0123456"
	bare   = "type: aws\nregion: eu-west-1\naccess_key_id: AKIAIOSFODNN7EXAMPLE\nsecret_access_key: " + secret + "\n"
	config = bare + "configuration_set: events\ntopic_arn: " + arn + "\n"
)

func suite(t testing.TB) carriertest.Suite {
	pair := newPair(t)
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(pair.key)})
	rehearsal, err := json.Marshal(string(key)) // as YAML has it too
	if err != nil {
		t.Fatal(err)
	}
	return carriertest.Suite{
		Type:    pair.typ(),
		Config:  config + "rehearsal_key: " + string(rehearsal) + "\nbase_url: \"{{server}}\"\n",
		Secrets: []string{secret, string(key)},
		Folder:  "../../testdata/carriers/aws",
		Request: validRequest,
		States: map[string]carriers.ReceiptState{
			"TEXT_PENDING": carriers.ReceiptQueued, "TEXT_QUEUED": carriers.ReceiptQueued, "TEXT_SENT": carriers.ReceiptSent,
			"TEXT_SUCCESSFUL": carriers.ReceiptSent, "TEXT_DELIVERED": carriers.ReceiptDelivered,
			"TEXT_UNREACHABLE": carriers.ReceiptUndelivered, "TEXT_CARRIER_UNREACHABLE": carriers.ReceiptUndelivered,
			"TEXT_INVALID": carriers.ReceiptFailed, "TEXT_INVALID_MESSAGE": carriers.ReceiptFailed,
			"TEXT_BLOCKED": carriers.ReceiptRejected, "TEXT_CARRIER_BLOCKED": carriers.ReceiptRejected,
			"TEXT_PROTECT_BLOCKED": carriers.ReceiptRejected, "TEXT_SPAM": carriers.ReceiptRejected,
			"TEXT_TTL_EXPIRED": carriers.ReceiptExpired, "TEXT_UNKNOWN": carriers.ReceiptUnknown,
		},
		Callback: func(word string) carriers.Callback {
			body, err := json.Marshal(notice{
				Type: "Notification", TopicARN: arn, SignatureVersion: "2", SigningCertURL: certURL,
				Message: `{"eventType":"` + word + `","messageId":"` + id + `"}`,
			})
			if err != nil {
				t.Fatal(err)
			}
			return carriers.Callback{Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha", Body: body}
		},
		Sign: pair.sign,
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite(t)) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite(f)) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite(f)) }

// validRequest checks a submit against the form in which AWS's own SDK sends it.
func validRequest(t *testing.T, r carriertest.Request) {
	t.Helper()
	if r.Method != "POST" || r.URL.RequestURI() != "/" || r.Header.Get("Content-Type") != "application/x-amz-json-1.0" ||
		r.Header.Get("X-Amz-Target") != "PinpointSMSVoiceV2.SendTextMessage" || r.Header.Get("X-Amz-Date") != "20260301T120000Z" {
		t.Errorf("sent as %s %s %v", r.Method, r.URL, r.Header)
	}
	const credential = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260301/eu-west-1/sms-voice/aws4_request, " +
		"SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-target, Signature="
	if !strings.HasPrefix(r.Header.Get("Authorization"), credential) {
		t.Errorf("Authorization %q", r.Header.Get("Authorization"))
	}
	var got map[string]any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"DestinationPhoneNumber": carriertest.To, "OriginationIdentity": carriertest.From, "MessageBody": carriertest.Text,
		"MessageType": "TRANSACTIONAL", "ConfigurationSetName": "events", "TimeToLive": 3600.0,
		"Context": map[string]any{"smsctl_ref": carriertest.Ref},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

// TestTheSignatureIsOfWhatArrives signs what the server saw once more.
func TestTheSignatureIsOfWhatArrives(t *testing.T) {
	var c *Carrier
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.endpoint.Host = r.Host
		c.Header = http.Header{}
		for _, name := range []string{"Content-Type", "X-Amz-Target"} {
			c.Header.Set(name, r.Header.Get(name))
		}
		again, err := c.signed(r.Context(), c.Header, body)
		if err != nil || again.Get("Authorization") != r.Header.Get("Authorization") || again.Get("X-Amz-Security-Token") != "canary-session" {
			t.Errorf("%v: signed as %q, what came gives %q", err, r.Header.Get("Authorization"), again.Get("Authorization"))
		}
		_, _ = io.WriteString(w, `{"MessageId":"1"}`)
	}))
	defer srv.Close()
	c = build(t, config+"session_token: canary-session\nbase_url: "+srv.URL+"\n")
	if got := c.Submit(t.Context(), carriers.Message{To: "+44", Text: "x", Type: "promotional"}); got.Accepted != carriers.Yes {
		t.Errorf("%+v", got)
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         text
	}{
		{"own sender wins", "from: pool-1\n", carriers.Message{From: "ACME"}, text{From: "ACME"}},
		{"default sender", "from: pool-1\n", carriers.Message{}, text{From: "pool-1"}},
		{"AWS chooses", "", carriers.Message{}, text{}},
		{"configuration set", "configuration_set: events\n", carriers.Message{}, text{ConfigurationSet: "events"}},
		{"validity too short", "", carriers.Message{Validity: time.Second}, text{TimeToLive: 5}},
		{"validity", "", carriers.Message{Validity: time.Hour}, text{TimeToLive: 3600}},
		{"validity too long", "", carriers.Message{Validity: 96 * time.Hour}, text{TimeToLive: 259200}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := build(t, bare+tt.config)
			tt.m.To, tt.m.Text, tt.m.Type, tt.m.Ref = "+44", "x", "promotional", "r1"
			tt.want.To, tt.want.Body, tt.want.Type, tt.want.Context = "+44", "x", "PROMOTIONAL", map[string]string{"smsctl_ref": "r1"}
			if diff := cmp.Diff(tt.want, c.text(tt.m)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	const key = "access_key_id: AKIAIOSFODNN7EXAMPLE\n"
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: aws\n":                           `region: "" is not a region`,
		"region: eu-west-1\n":                   `access_key_id: "" is not`,
		"region: eu-west-1\n" + key:             "secret_access_key: is missing",
		bare + "topic_arn: sms-events\n":        `topic_arn: "sms-events" is not the ARN of a topic`,
		bare + "base_url: amazonaws.com\n":      "base_url: is not an address",
		bare + "codes: {TEXT_SPAM: filtered}\n": `codes: TEXT_SPAM: "filtered" is not a class`,
		bare + "topic: x\n":                     "topic",
	})
}

func TestWithoutATopicNothingIsAwaited(t *testing.T) {
	c := build(t, bare)
	if expected := c.Info().Common.Receipts.Expected; expected == nil || *expected {
		t.Error("receipts are expected without a topic")
	}
	if c.endpoint.String() != "https://sms-voice.eu-west-1.amazonaws.com/" {
		t.Errorf("sends to %s", c.endpoint)
	}
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://docs.aws.amazon.com/", 1)
}
