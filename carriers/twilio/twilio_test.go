package twilio

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	"pgregory.net/rapid"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "canary-auth-token-0123456789"
	sid     = "SM0f6c1d2e3a4b5c6d7e8f90a1b2c3d4e5"
	config  = "type: twilio\naccount_sid: " + account + "\nauth_token: " + token + "\n"
)

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + "base_url: \"{{server}}/twilio\"\n",
		Secrets: []string{token, base64.StdEncoding.EncodeToString([]byte(account + ":" + token))},
		Folder:  "../../testdata/carriers/twilio",
		Proven:  []int{503},
		Request: document.Valid,
		Asked:   document.Valid,
		States: map[string]carriers.ReceiptState{
			"accepted": carriers.ReceiptAccepted, "scheduled": carriers.ReceiptAccepted, "queued": carriers.ReceiptQueued,
			"sending": carriers.ReceiptQueued, "sent": carriers.ReceiptSent, "delivered": carriers.ReceiptDelivered,
			"read": carriers.ReceiptDelivered, "undelivered": carriers.ReceiptUndelivered, "failed": carriers.ReceiptFailed,
			"partially_delivered": carriers.ReceiptFailed, "canceled": carriers.ReceiptCancelled,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x", Ref: carriertest.Ref,
				Query:  url.Values{"k": {"x"}},
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
				Body:   []byte("MessageSid=" + sid + "&MessageStatus=" + word),
			}
		},
		Sign: signed,
	}
}

// signed signs as twilio-go's validator demands it.
func signed(cb *carriers.Callback) {
	var form url.Values
	if cb.Query.Get("bodySHA256") == "" && cb.Method != http.MethodGet {
		form, _ = url.ParseQuery(string(cb.Body))
	}
	cb.Header.Set("X-Twilio-Signature", sign([]byte(token), cb.URL, form))
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

// TestSignatureAgainstTwilio has Twilio's own validator judge our signatures, and ours judge what its validator accepts.
func TestSignatureAgainstTwilio(t *testing.T) {
	c := build(t, config)
	oracle := client.NewRequestValidator(token)
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.SampledFrom([]string{"https://sms.example.com", "http://sms.example.com", "https://sms.example.com:8443",
			"https://sms.example.com:443", "http://127.0.0.1:8025"}).Draw(t, "host") +
			"/receipts/alpha/" + rapid.StringMatching(`[0-9a-z]{8,32}`).Draw(t, "ref") +
			rapid.SampledFrom([]string{"", "?k=abc", "?k=a-b_c&x=%20y"}).Draw(t, "query")
		form := map[string]string{"MessageSid": sid, "MessageStatus": "delivered"}
		maps.Copy(form, rapid.MapOf(rapid.StringMatching(`[A-Z][A-Za-z0-9]{0,8}`), rapid.String()).Draw(t, "form"))
		values := url.Values{}
		for k, v := range form {
			values.Set(k, v)
		}
		body := []byte(values.Encode())
		parsed, err := url.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		signature := sign(c.token, u, values)
		if !oracle.Validate(u, form, signature) || !oracle.ValidateBody(u, body, signature) {
			t.Fatal("twilio-go refuses our signature")
		}
		cb := carriers.Callback{
			Method: "POST", URL: u, Query: parsed.Query(), Body: body,
			Header: http.Header{"X-Twilio-Signature": {signature}},
		}
		if _, err := c.verified(cb); err != nil {
			t.Fatalf("we refuse what twilio-go accepts: %v", err)
		}
		at := rapid.IntRange(0, len(body)-1).Draw(t, "at")
		cb.Body = slices.Clone(body)
		cb.Body[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		_, ours := c.verified(cb)
		if theirs := oracle.ValidateBody(u, cb.Body, signature); theirs != (ours == nil) {
			t.Fatalf("a changed body: twilio-go says %v, we say %v", theirs, ours)
		}
	})
}

func TestSignatureOfJSONAgainstTwilio(t *testing.T) {
	c := build(t, config)
	oracle := client.NewRequestValidator(token)
	body := []byte(`{"MessageSid":"` + sid + `","MessageStatus":"delivered"}`)
	hash := sha256.Sum256(body)
	query := "k=abc&bodySHA256=" + hex.EncodeToString(hash[:])
	u := "https://sms.example.com/receipts/alpha/abc?" + query
	values, _ := url.ParseQuery(query)
	cb := carriers.Callback{Method: "POST", URL: u, Query: values, Body: body, Header: http.Header{}}
	cb.Header.Set("X-Twilio-Signature", sign(c.token, u, nil))
	if !oracle.ValidateBody(u, body, cb.Header.Get("X-Twilio-Signature")) {
		t.Error("twilio-go refuses our signature")
	}
	if _, _, err := c.Receipts(cb); err != nil {
		t.Errorf("we refuse it: %v", err)
	}
	cb.Body = []byte(strings.Replace(string(body), "delivered", "failed", 1))
	if _, _, err := c.Receipts(cb); err == nil || oracle.ValidateBody(u, cb.Body, cb.Header.Get("X-Twilio-Signature")) {
		t.Errorf("a changed body passes: %v", err)
	}
}

func TestForm(t *testing.T) {
	service := "MG" + strings.Repeat("a", 32)
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         string
	}{
		{"own sender wins", "from: \"+15005550006\"\n", carriers.Message{To: "+44", From: "ACME", Text: "a b"}, "To=%2B44&From=ACME&Body=a+b"},
		{"default sender", "from: \"+15005550006\"\n", carriers.Message{To: "+44", Text: "x"}, "To=%2B44&From=%2B15005550006&Body=x"},
		{"service", "messaging_service_sid: " + service + "\n", carriers.Message{To: "+44", Text: "x"},
			"To=%2B44&MessagingServiceSid=" + service + "&Body=x"},
		{"callback", "", carriers.Message{To: "+44", Text: "x", ReceiptURL: "https://a/b?k=c&d"},
			"To=%2B44&Body=x&StatusCallback=https%3A%2F%2Fa%2Fb%3Fk%3Dc%26d"},
		{"validity", "", carriers.Message{To: "+44", Text: "x", Validity: time.Minute}, "To=%2B44&Body=x&ValidityPeriod=60"},
		{"validity too short", "", carriers.Message{To: "+44", Text: "x", Validity: time.Millisecond}, "To=%2B44&Body=x&ValidityPeriod=1"},
		{"validity too long", "", carriers.Message{To: "+44", Text: "x", Validity: 72 * time.Hour}, "To=%2B44&Body=x&ValidityPeriod=36000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := build(t, config+tt.config)
			if got := string(c.form(tt.m)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	const path = "/2010-04-01/Accounts/" + account + "/Messages.json"
	for base, want := range map[string]string{
		"":                                   "https://api.twilio.com" + path,
		"base_url: http://a.example\n":       "http://a.example" + path,
		"base_url: http://a.example/\n":      "http://a.example" + path,
		"base_url: http://a.example/alpha\n": "http://a.example/alpha" + path,
	} {
		c := build(t, config+base)
		if got := c.messages; got.String() != want || got.Path[0] != '/' {
			t.Errorf("%q: %s with path %s, want %s", base, got, got.Path, want)
		}
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	const good = config
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: twilio\nauth_token: t\n":                       `account_sid: "" is not an account SID`,
		"type: twilio\naccount_sid: " + account + "\n":        "auth_token: is missing",
		good + "api_key: SK1\n":                               "api_key: \"SK1\" is not",
		good + "api_key: SK" + strings.Repeat("0", 32) + "\n": "api_key and api_secret belong together",
		good + "from: A\nmessaging_service_sid: B\n":          "exclude each other",
		good + "messaging_service_sid: B\n":                   "messaging_service_sid: \"B\" is not one",
		good + "base_url: api.twilio.com\n":                   "base_url: is not an address",
		good + "base_url: https://AC:tok@api.twilio.com\n":    "base_url: has a password in it",
		good + "codes: {21610: optout}\n":                     `codes: 21610: "optout" is not a class`,
		"acount: x\n":                                         "acount",
	}, token, "AC:tok")
}

func TestAPIKeySignsRequestsAndTokenReceipts(t *testing.T) {
	key := "SK" + strings.Repeat("0", 32)
	c := build(t, config+"api_key: "+key+"\napi_secret: other\n")
	req := http.Request{Header: c.Header}
	if user, password, _ := req.BasicAuth(); user != key || password != "other" {
		t.Errorf("requests are sent as %s", user)
	}
	if !hmac.Equal(c.token, []byte(token)) {
		t.Error("receipts are not checked with the auth token")
	}
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://www.twilio.com/", 60)
}

// TestAbsenceTakesTime: what is not listed yet is not absent, and another message at that time may be ours rewritten.
func TestAbsenceTakesTime(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; r.URL.Query().Get("To") != carriertest.To {
			t.Errorf("asked for %s", r.URL)
		}
		_, _ = io.WriteString(w, `{"messages":[],"next_page_uri":null}`)
	}))
	defer srv.Close()
	c := build(t, config+"timeout: 5s\nbase_url: "+srv.URL+"\n")
	for ago, want := range map[time.Duration]carriers.Verdict{
		0: carriers.Undecided, 19 * time.Second: carriers.Undecided, 20 * time.Second: carriers.Absent, time.Hour: carriers.Absent,
	} {
		s := carriers.Submitted{To: carriertest.To, Text: "x", At: carriertest.Now().Add(-ago)}
		if got, err := c.Lookup(t.Context(), s); err != nil || got.Verdict != want {
			t.Errorf("%v after the submit: %v and %v, want %v", ago, got.Verdict, err, want)
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
	if got := c.when(message{DateCreated: "not a date"}, carriertest.Now()); got != atThatTime {
		t.Errorf("a message without a date is ruled out: %d", got)
	}
}

// TestInteropSignatures compares with npm's twilio.
func TestInteropSignatures(t *testing.T) {
	carriertest.Signatures(t, suite(), carriertest.Judged{SDK: "twilio", Secret: token})
}
