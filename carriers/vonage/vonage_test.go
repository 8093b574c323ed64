package vonage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	key    = "abcd1234"
	secret = "canary-api-secret-01"
	sigkey = "canary-signature-secret-02"

	smsConfig      = "type: vonage\napi_key: " + key + "\napi_secret: " + secret + "\n"
	messagesConfig = smsConfig + "api: messages\nsignature_secret: " + sigkey + "\n"
)

// secrets are what nobody may see.
func secrets() []string {
	return []string{secret, sigkey, base64.StdEncoding.EncodeToString([]byte(key + ":" + secret))}
}

// sms is the suite of the SMS API without signatures, which are in the parameters: TestSMSSignature has those.
func sms() carriertest.Suite {
	return carriertest.Suite{
		Type: Type(), Config: smsConfig + "base_url: \"{{server}}/vonage\"\n", Secrets: secrets(),
		Folder: "../../testdata/carriers/vonage/sms", Request: document.Valid,
		States: map[string]carriers.ReceiptState{
			"accepted": carriers.ReceiptSent, "buffered": carriers.ReceiptQueued, "delivered": carriers.ReceiptDelivered,
			"expired": carriers.ReceiptExpired, "failed": carriers.ReceiptFailed, "rejected": carriers.ReceiptRejected,
			"unknown": carriers.ReceiptUnknown,
		},
		Callback: func(word string) carriers.Callback {
			return callback("application/x-www-form-urlencoded", "messageId=0A01&status="+word)
		},
	}
}

// messages is the suite of the Messages API.
func messages() carriertest.Suite {
	return carriertest.Suite{
		Type: Type(), Config: messagesConfig + "base_url: \"{{server}}/vonage\"\n", Secrets: secrets(),
		Folder: "../../testdata/carriers/vonage/messages", Request: validMessage,
		States: map[string]carriers.ReceiptState{
			"submitted": carriers.ReceiptSent, "delivered": carriers.ReceiptDelivered, "read": carriers.ReceiptDelivered,
			"rejected": carriers.ReceiptRejected, "undeliverable": carriers.ReceiptUndelivered,
		},
		Callback: func(word string) carriers.Callback {
			return callback("application/json", `{"message_uuid":"a-b","status":"`+word+`"}`)
		},
		Sign: func(cb *carriers.Callback) {
			cb.Header.Set("Authorization", "Bearer "+token(sigkey, "HS256", honest(cb.Body)))
		},
	}
}

func callback(contentType, body string) carriers.Callback {
	return carriers.Callback{
		Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x", Ref: carriertest.Ref,
		Query: url.Values{"k": {"x"}}, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body),
	}
}

// honest are the claims of a webhook with the body.
func honest(body []byte) map[string]any {
	sum := sha256.Sum256(body)
	return map[string]any{
		"iss": "Vonage", "api_key": key, "iat": carriertest.Now().Unix(), "jti": "x", "payload_hash": hex.EncodeToString(sum[:]),
	}
}

// token is a token as Vonage makes it.
func token(secret, algorithm string, claims map[string]any) string {
	body, _ := json.Marshal(claims)
	input := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+algorithm+`","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(body)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestConformanceSMS(t *testing.T)      { carriertest.Run(t, sms()) }
func TestConformanceMessages(t *testing.T) { carriertest.Run(t, messages()) }

func FuzzReceipts(f *testing.F)        { carriertest.FuzzReceipts(f, sms()) }
func FuzzMessageReceipts(f *testing.F) { carriertest.FuzzReceipts(f, messages()) }
func FuzzInbound(f *testing.F)         { carriertest.FuzzInbound(f, sms()) }
func FuzzMessageInbound(f *testing.F)  { carriertest.FuzzInbound(f, messages()) }

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

// TestReceiptsOfParts: a receipt says of how many parts it is one, by the callback URL, or by what Vonage itself said of the
// message.
func TestReceiptsOfParts(t *testing.T) {
	t.Parallel()
	c := build(t, smsConfig)
	c.parts.expect("fewer", 2, 3)
	c.parts.expect("more", 2, 1)
	c.parts.expect("none", 1, 3)
	c.parts.expect("same", 3, 3)
	for _, tt := range []struct {
		ref, said string
		want      int
	}{{"a", "3", 3}, {"a", "", 0}, {"a", "1", 0}, {"fewer", "3", 2}, {"more", "", 2}, {"none", "3", 0}, {"same", "3", 3}, {"a", "999", 255}, {"a", "x", 0}} {
		cb := callback("application/x-www-form-urlencoded", "messageId=part-2&status=delivered")
		cb.Ref, cb.Query = tt.ref, url.Values{"k": {"x"}, "parts": {tt.said}}
		got, _, err := c.Receipts(cb)
		if err != nil || len(got) != 1 || got[0].Ref != tt.ref || got[0].ID != "part-2" || got[0].State != carriers.ReceiptDelivered || got[0].Parts != tt.want {
			t.Errorf("%+v: %+v, %v", tt, got, err)
		}
	}
}

func TestTallyForgetsTheOldest(t *testing.T) {
	t.Parallel()
	c := newTally()
	for i := range maxOpen + 10 {
		c.expect(fmt.Sprint("ref", i), 2, 1)
	}
	if len(c.of) != maxOpen || len(c.order) != maxOpen {
		t.Errorf("%d messages are remembered", len(c.of))
	}
	if n := c.parts("ref9", 1); n != 1 {
		t.Error("the oldest is still known")
	}
	if n := c.parts("ref11", 1); n != 2 {
		t.Error("a young one was forgotten")
	}
}

// TestSMSSignature has the vectors that Vonage tests its Python SDK with.
func TestSMSSignature(t *testing.T) {
	params := map[string]string{"a": "1", "b": "2", "timestamp": "1461605396"}
	for method, want := range map[string]string{
		"md5hash": "6af838ef94998832dbfc29020b564830",
		"md5":     "c15c21ced558c93a226c305f58f902f2",
		"sha1":    "3e19a4e6880fdc2c1426bfd0587c98b9532f0210",
		"sha256":  "a321e824b9b816be7c3f28859a31749a098713d39f613c80d455bbaffae1cd24",
	} {
		if got := (signer{secret: []byte("secret"), method: method}).params(params); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
	s := signer{secret: []byte("secret"), method: "sha256"}
	plain, quoted := s.params(map[string]string{"x": "a_b_c"}), s.params(map[string]string{"x": "a&b=c"})
	if plain != quoted {
		t.Error("& and = in a value are not written as _")
	}
}

// TestSignedSMSReceipts: with a signature secret nothing unsigned passes, in any of the three forms.
func TestSignedSMSReceipts(t *testing.T) {
	for _, method := range []string{"md5hash", "md5", "sha1", "sha256", "sha512"} {
		c := build(t, smsConfig+"signature_secret: "+sigkey+"\nsignature_method: "+method+"\n")
		if !c.Info().Signed {
			t.Fatal("not signed")
		}
		params := map[string]string{"messageId": "0A01", "status": "delivered", "text": "a&b=c", "timestamp": "1", "nonce": "n"}
		for name, signed := range map[string]map[string]string{
			"alone": params, "with the callback's own query": merged(params, map[string]string{"k": "x", "parts": "1"}),
		} {
			params["sig"] = strings.ToUpper(c.sign.params(signed))
			for form, cb := range forms(params) {
				if got, _, err := c.Receipts(cb); err != nil || len(got) != 1 {
					t.Errorf("%s %s %s: %v", method, name, form, err)
				}
			}
			for _, forged := range []map[string]string{
				merged(params, map[string]string{"status": "failed"}), merged(params, map[string]string{"sig": ""}),
				merged(params, map[string]string{"sig": strings.Repeat("0", len(params["sig"]))}),
				merged(params, map[string]string{"extra": "1"}),
			} {
				for form, cb := range forms(forged) {
					if got, _, err := c.Receipts(cb); !errors.Is(err, carriers.ErrSignature) || len(got) > 0 {
						t.Errorf("%s %s %s: forged and %v", method, name, form, err)
					}
				}
			}
		}
	}
}

func merged(a, b map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// forms are the ways in which an account can have its receipts.
func forms(params map[string]string) map[string]carriers.Callback {
	values := url.Values{}
	for k, v := range params {
		values.Set(k, v)
	}
	object, _ := json.Marshal(params)
	own := url.Values{"k": {"x"}, "parts": {"1"}}
	form, body := callback("application/x-www-form-urlencoded", values.Encode()), callback("application/json", string(object))
	get := callback("", "")
	get.Method, get.Query = "GET", values
	get.Query.Set("k", "x")
	get.Query.Set("parts", "1")
	form.Query, body.Query = own, own
	return map[string]carriers.Callback{"form": form, "json": body, "get": get}
}

// TestTokens: only a token of this account about this body passes.
func TestTokens(t *testing.T) {
	body := []byte(`{"message_uuid":"a","status":"delivered"}`)
	s := signer{secret: []byte(sigkey)}
	with := func(change map[string]any) map[string]any {
		claims := honest(body)
		for k, v := range change {
			claims[k] = v
		}
		return claims
	}
	now := carriertest.Now()
	for name, tt := range map[string]struct {
		token string
		want  bool
	}{
		"honest":          {token(sigkey, "HS256", honest(body)), true},
		"not yet over":    {token(sigkey, "HS256", with(map[string]any{"exp": now.Add(-leeway / 2).Unix()})), true},
		"over":            {token(sigkey, "HS256", with(map[string]any{"exp": now.Add(-2 * leeway).Unix()})), false},
		"other secret":    {token("guess", "HS256", honest(body)), false},
		"no algorithm":    {token(sigkey, "none", honest(body)), false},
		"other algorithm": {token(sigkey, "RS256", honest(body)), false},
		"other account":   {token(sigkey, "HS256", with(map[string]any{"api_key": "other"})), false},
		"other body":      {token(sigkey, "HS256", honest([]byte("x"))), false},
		"no body":         {token(sigkey, "HS256", with(map[string]any{"payload_hash": ""})), false},
		"two parts":       {"a.b", false},
		"empty":           {"..", false},
	} {
		if got := s.holdsToken("Bearer "+tt.token, key, body, now); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if s.holdsToken(token(sigkey, "HS256", honest(body)), key, body, now) {
		t.Error("a token that is not a bearer's passes")
	}
}

func TestForm(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         string
	}{
		{"own sender wins", "from: Other\n", carriers.Message{To: "+447", From: "+1500", Text: "a b"}, "from=1500&text=a+b&to=447"},
		{"default sender", "from: \"+1500\"\n", carriers.Message{To: "+447", Text: "x", UCS2: true}, "from=1500&text=x&to=447&type=unicode"},
		{"parts", "", carriers.Message{To: "+447", Text: "x", Segments: 3, ReceiptURL: "https://a/b?k=c"},
			"callback=https%3A%2F%2Fa%2Fb%3Fk%3Dc%26parts%3D3&from=&text=x&to=447"},
		{"validity", "", carriers.Message{To: "+447", Text: "x", Validity: time.Minute}, "from=&text=x&to=447&ttl=60000"},
		{"validity too short", "", carriers.Message{To: "+447", Text: "x", Validity: time.Second}, "from=&text=x&to=447&ttl=20000"},
		{"validity too long", "", carriers.Message{To: "+447", Text: "x", Validity: 999 * time.Hour}, "from=&text=x&to=447&ttl=604800000"},
	} {
		v, err := url.ParseQuery(string(build(t, smsConfig+tt.config).form(tt.m)))
		if err != nil {
			t.Fatal(err)
		}
		v.Del("api_key")
		v.Del("api_secret")
		v.Del("client-ref")
		if got := v.Encode(); got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
	c := build(t, messagesConfig)
	if got := string(c.json(carriers.Message{To: "+447", From: "A", Text: "x", Ref: "r", Validity: time.Hour})); got !=
		`{"message_type":"text","channel":"sms","to":"447","from":"A","text":"x","client_ref":"r","ttl":3600}` {
		t.Error(got)
	}
}

func TestAddresses(t *testing.T) {
	for yaml, want := range map[string]string{
		smsConfig:      "https://rest.nexmo.com/sms/json https://api.nexmo.com/v2/reports/records",
		messagesConfig: "https://api.nexmo.com/v1/messages https://api.nexmo.com/v2/reports/records",
		smsConfig + "base_url: http://a.example/beta\n": "http://a.example/beta/sms/json http://a.example/beta/v2/reports/records",
	} {
		if c := build(t, yaml); c.submit.String()+" "+c.reports.String() != want {
			t.Errorf("%s: %s %s", yaml, c.submit, c.reports)
		}
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: vonage\n":                                            "api_key: is missing",
		"type: vonage\napi_key: x\n":                                "api_secret: is missing",
		smsConfig + "api: rest\n":                                   `api: "rest" is neither sms nor messages`,
		smsConfig + "application_id: x\n":                           "application_id and private_key belong together",
		smsConfig + "application_id: x\nprivate_key: y\n":           "application_id: belongs to the Messages API",
		messagesConfig + "application_id: x\nprivate_key: y":        "private_key: is not PEM",
		smsConfig + "signature_method: sha1\n":                      "signature_method: says how",
		smsConfig + "signature_secret: s\nsignature_method: sha3\n": `signature_method: "sha3" is not one`,
		smsConfig + "base_url: x\n":                                 "base_url: is not an address",
		smsConfig + "codes: {err/9: stop}\n":                        `codes: err/9: "stop" is not a class`,
		"type: vonage\nform: x\n":                                   "form",
	}, secret)
}

func TestWaitIn(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"Throughput Rate Exceeded - please wait [ 250 ] and retry": 250 * time.Millisecond,
		"wait [3] and retry": 3 * time.Millisecond, "": 0, "wait [ a ]": 0, "[ 99999999999999 ]": 0,
	} {
		if got := waitIn(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://developer.vonage.com/", 75)
}
