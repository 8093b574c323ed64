package telnyx

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const token = "KEY-canary-0123456789"

// pair is a key pair of the tests' own.
func pair() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("smsctl tests, 32 bytes of a seed"))
}

func seed() string { return base64.StdEncoding.EncodeToString(pair().Seed()) }

func config() string {
	public := pair().Public().(ed25519.PublicKey)
	return "type: telnyx\napi_key: " + token + "\npublic_key: " + base64.StdEncoding.EncodeToString(public) + "\n"
}

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config() + "rehearsal_key: " + seed() + "\nbase_url: \"{{server}}/telnyx\"\n",
		Secrets: []string{token, seed()},
		Folder:  "../../testdata/carriers/telnyx",
		Request: document.Valid,
		Asked:   document.Valid,
		States: map[string]carriers.ReceiptState{
			"scheduled": carriers.ReceiptAccepted, "queued": carriers.ReceiptQueued, "sending": carriers.ReceiptQueued,
			"sent": carriers.ReceiptSent, "delivery_unconfirmed": carriers.ReceiptUnknown, "delivered": carriers.ReceiptDelivered,
			"read": carriers.ReceiptDelivered, "delivery_failed": carriers.ReceiptUndelivered, "sending_failed": carriers.ReceiptFailed,
			"expired": carriers.ReceiptExpired, "cancelled": carriers.ReceiptCancelled,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x", Ref: carriertest.Ref,
				Query:  url.Values{"k": {"x"}},
				Header: http.Header{"Content-Type": {"application/json"}},
				Body:   []byte(`{"data":{"event_type":"message.finalized","payload":{"id":"a-b","to":[{"status":"` + word + `"}]}}}`),
			}
		},
		Sign: func(cb *carriers.Callback) { sign(cb, carriertest.Now()) },
	}
}

// sign signs as Telnyx does.
func sign(cb *carriers.Callback, at time.Time) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signature := ed25519.Sign(pair(), append([]byte(stamp+"|"), cb.Body...))
	cb.Header.Set("Telnyx-Timestamp", stamp)
	cb.Header.Set("Telnyx-Signature-Ed25519", base64.StdEncoding.EncodeToString(signature))
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

// TestSignatureAgainstTelnyx compares with what Telnyx's own library said of webhooks (signatures.mjs), those signed by
// node and those signed here.
func TestSignatureAgainstTelnyx(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/carriers/telnyx/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded []struct {
		Name, Key, Body, Timestamp, Signature string
		Now                                   int64
		Holds                                 bool
	}
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	holding, ours := 0, false
	for _, r := range recorded {
		key, err := base64.StdEncoding.DecodeString(r.Key)
		if err != nil {
			t.Fatal(err)
		}
		c := &Carrier{key: key, Account: &carriers.Account{Now: func() time.Time { return time.Unix(r.Now, 0) }}}
		cb := carriers.Callback{Body: []byte(r.Body), Header: http.Header{}}
		cb.Header.Set("Telnyx-Timestamp", r.Timestamp)
		cb.Header.Set("Telnyx-Signature-Ed25519", r.Signature)
		if err := c.verify(cb); (err == nil) != r.Holds || err != nil && !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v, and Telnyx's library says %v", r.Name, err, r.Holds)
		}
		if r.Holds {
			holding++
		}
		ours = ours || r.Name == "ours" && r.Holds
	}
	if holding < 4 || !ours {
		t.Errorf("%d of the recorded webhooks hold, ours: %v", holding, ours)
	}
}

// TestOursForTelnyx prints a signature for signatures.mjs.
func TestOursForTelnyx(t *testing.T) {
	cb := suite().Callback("delivered")
	sign(&cb, carriertest.Now())
	line, err := json.Marshal(map[string]any{
		"key": base64.StdEncoding.EncodeToString(pair().Public().(ed25519.PublicKey)), "body": string(cb.Body),
		"timestamp": cb.Header.Get("Telnyx-Timestamp"), "signature": cb.Header.Get("Telnyx-Signature-Ed25519"),
	})
	if err != nil || build(t, config()).verify(cb) != nil {
		t.Errorf("our own signature: %v", err)
	}
	t.Logf("for signatures.mjs: %s", line)
}

func TestBody(t *testing.T) {
	profile := "4001932d-9b55-4bb8-9cd1-85de6c4d83d9"
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         string
	}{
		{"own sender wins", "from: \"+15005550006\"\n", carriers.Message{To: "+44", From: "+1600", Text: "a"}, `{"from":"+1600","to":"+44","text":"a"}`},
		{"default sender", "from: \"+15005550006\"\n", carriers.Message{To: "+44", Text: "a"}, `{"from":"+15005550006","to":"+44","text":"a"}`},
		{"number of the profile", "messaging_profile_id: " + profile + "\n", carriers.Message{To: "+44", Text: "a"},
			`{"messaging_profile_id":"` + profile + `","to":"+44","text":"a"}`},
		{"word as sender", "messaging_profile_id: " + profile + "\n", carriers.Message{To: "+44", From: "ACME", Text: "a"},
			`{"from":"ACME","messaging_profile_id":"` + profile + `","to":"+44","text":"a"}`},
		{"webhook", "", carriers.Message{To: "+44", Text: "a", ReceiptURL: "https://a/b"},
			`{"to":"+44","text":"a","webhook_url":"https://a/b","use_profile_webhooks":false}`},
	} {
		if got := string(build(t, config()+tt.config).json(tt.m)); got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestInboundIsNoReceipt(t *testing.T) {
	cb := suite().Callback("webhook_delivered")
	cb.Body = []byte(strings.Replace(string(cb.Body), "message.finalized", "message.received", 1))
	sign(&cb, carriertest.Now())
	if got, _, err := build(t, config()).Receipts(cb); !errors.Is(err, carriers.ErrPayload) || len(got) > 0 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: telnyx\n":                           "api_key: is missing",
		"type: telnyx\napi_key: x\n":               "public_key: is missing or not a key",
		"type: telnyx\napi_key: x\npublic_key: YQ": "public_key: is missing or not a key",
		config() + "messaging_profile_id: x\n":     `messaging_profile_id: "x" is not one`,
		config() + "base_url: x\n":                 "base_url: is not an address",
		config() + "codes: {40300: stop}\n":        `codes: 40300: "stop" is not a class`,
		"type: telnyx\nkey: x\n":                   "key",
	}, token)
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://developers.telnyx.com/", 45)
}

// TestInteropSignatures compares with npm's telnyx.
func TestInteropSignatures(t *testing.T) {
	private, err := x509.MarshalPKCS8PrivateKey(pair())
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString
	carriertest.Signatures(t, suite(), carriertest.Judged{SDK: "telnyx", Secret: encoded(pair().Public().(ed25519.PublicKey)), Signing: encoded(private)})
}
