package bird

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	key    = "bk_eu1_canary0123456789"
	id     = "sms_01jnq5c2v8e4fbk7h3m9r6t0wx"
	config = "type: bird\napi_key: " + key + "\n"
)

// secret64 is what stands behind whsec_.
func secret64() string {
	return base64.StdEncoding.EncodeToString([]byte("canary-bird-webhook-secret"))
}

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + "webhook_secret: whsec_" + secret64() + "\nbase_url: \"{{server}}/bird\"\n",
		Secrets: []string{key, secret64()},
		Folder:  "../../testdata/carriers/bird",
		Request: validSubmit,
		Batch: func(ms []carriers.Message) string {
			var all []string
			for _, m := range slices.Backward(ms) { // in another order than they were sent
				all = append(all, `{"id":"sms_`+m.Ref+`","status":"accepted","tags":[{"name":"smsctl_ref","value":"`+m.Ref+`"}]}`)
			}
			return `{"data":[` + strings.Join(all, ",") + `],"summary":{}}`
		},
		Asked: validQuestion,
		States: map[string]carriers.ReceiptState{
			"accepted": carriers.ReceiptAccepted, "scheduled": carriers.ReceiptAccepted, "sent": carriers.ReceiptSent,
			"delivered": carriers.ReceiptDelivered, "undelivered": carriers.ReceiptUndelivered, "failed": carriers.ReceiptFailed,
			"rejected": carriers.ReceiptRejected, "expired": carriers.ReceiptExpired, "canceled": carriers.ReceiptCancelled,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha", Header: http.Header{"Content-Type": {"application/json"}},
				Body: []byte(`{"type":"sms.` + word + `","data":{"sms_id":"` + id + `","metadata":null}}`),
			}
		},
		Sign: func(cb *carriers.Callback) { signed(cb, carriertest.Now()) },
	}
}

func signed(cb *carriers.Callback, at time.Time) {
	c := &Carrier{secret: []byte("canary-bird-webhook-secret")}
	stamp := strconv.FormatInt(at.Unix(), 10)
	cb.Header.Set("Webhook-Id", "msg_1")
	cb.Header.Set("Webhook-Timestamp", stamp)
	cb.Header.Set("Webhook-Signature", "v1a,ed25519isnotours v1,bm90IHRoaXMgb25l v1,"+sign(c.secret, "msg_1", stamp, cb.Body))
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func validSubmit(t *testing.T, r carriertest.Request) {
	t.Helper()
	if r.Method != "POST" || r.URL.RequestURI() != "/bird/v1/sms/messages" || r.Header.Get("Authorization") != "Bearer "+key ||
		r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Idempotency-Key") != carriertest.Ref {
		t.Errorf("sent as %s %s %v", r.Method, r.URL, r.Header)
	}
	var got map[string]any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"to": carriertest.To, "from": carriertest.From, "text": carriertest.Text, "category": "transactional",
		"tags":     []any{map[string]any{"name": "smsctl_ref", "value": carriertest.Ref}},
		"metadata": map[string]any{"smsctl_ref": carriertest.Ref},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func validQuestion(t *testing.T, r carriertest.Request) {
	t.Helper()
	poll := r.URL.RequestURI() == "/bird/v1/sms/messages/"+id
	q := r.URL.Query()
	search := r.URL.Path == "/bird/v1/sms/messages" && q.Get("tag") == "smsctl_ref:"+carriertest.Ref && q.Get("direction") == "outbound"
	if r.Method != "GET" || !poll && !search || r.Header.Get("Idempotency-Key") != "" {
		t.Errorf("asked %s %s", r.Method, r.URL)
	}
}

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

// TestBatchByPlace: an answer without tags is read by its order, and only where that proves something.
func TestBatchByPlace(t *testing.T) {
	t.Parallel()
	ms := []carriers.Message{{Ref: "ref00000a", To: "+447700900101"}, {Ref: "ref00000b", To: "+447700900102"}}
	one, two := message{ID: "sms_1", To: ms[0].To}, message{ID: "sms_2", To: ms[1].To}
	for _, c := range []struct {
		name string
		data []message
		want [2]string
	}{
		{"whole", []message{one, two}, [2]string{"sms_1", "sms_2"}},
		{"in another order", []message{two, one}, [2]string{}},
		{"half", []message{two}, [2]string{}},
		{"none", nil, [2]string{}},
		{"somebody else's", []message{{ID: "sms_3", To: ms[0].To, Tags: []tag{{refKey, "ref00000c"}}}, two}, [2]string{"", "sms_2"}},
	} {
		for i, m := range ms {
			if got := entry(c.data, i, m, len(ms)); got.ID != c.want[i] {
				t.Errorf("%s: message %d is %q, want %q", c.name, i, got.ID, c.want[i])
			}
		}
	}
}

func TestSenderAndCategory(t *testing.T) {
	c := build(t, config+"from: Shop\n")
	if got := c.request(carriers.Message{From: "ACME", Type: "transactional"}); got.From != "ACME" || got.Category != "transactional" {
		t.Errorf("%+v", got)
	}
	if got := c.request(carriers.Message{Type: "promotional"}); got.From != "Shop" || got.Category != "marketing" {
		t.Errorf("%+v", got)
	}
}

// TestSignatureVector is the example of the Standard Webhooks specification's libraries.
func TestSignatureVector(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	c := &Carrier{secret: secret}
	got := sign(c.secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signed as %s, want %s", got, want)
	}
}

func TestOldAndUnsignedWebhooks(t *testing.T) {
	c := build(t, config+"webhook_secret: whsec_"+secret64()+"\n")
	for age, good := range map[time.Duration]bool{
		0: true, 5 * time.Minute: true, -5 * time.Minute: true, 5*time.Minute + time.Second: false, -time.Hour: false,
	} {
		cb := suite().Callback("delivered")
		signed(&cb, carriertest.Now().Add(-age))
		if _, _, err := c.Receipts(cb); (err == nil) != good || !good && !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%v old: %v", age, err)
		}
	}
	without := build(t, config)
	cb := suite().Callback("delivered")
	signed(&cb, carriertest.Now())
	if _, _, err := without.Receipts(cb); !errors.Is(err, carriers.ErrSignature) {
		t.Errorf("without a secret: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for extra, want := range map[string]string{
		"":                                   "https://eu1.platform.bird.com/v1/sms/messages",
		"region: us1\n":                      "https://us1.platform.bird.com/v1/sms/messages",
		"base_url: http://a.example/alpha\n": "http://a.example/alpha/v1/sms/messages",
	} {
		c := build(t, config+extra)
		if got := c.messages.String(); got != want {
			t.Errorf("%q: %s, want %s", extra, got, want)
		}
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: bird\n":                             "api_key: is missing",
		"api_key: canary\n":                        "region: is neither here nor in the api_key",
		"api_key: bk_evil.example/_canary\n":       "region: is neither",
		config + "webhook_secret: whsec_canary%\n": "webhook_secret: is not a secret of webhooks",
		config + "webhook_secret: whsec_\n":        "webhook_secret: is not a secret of webhooks",
		config + "base_url: bird.com\n":            "base_url: is not an address",
		config + "codes: {unreachable: later}\n":   `codes: unreachable: "later" is not a class`,
		config + "webhook_key: x\n":                "webhook_key",
	}, "canary")
}

// TestAbsenceTakesTime: what is not listed yet, or may not be listed any more, is not absent.
func TestAbsenceTakesTime(t *testing.T) {
	carriertest.AbsenceTakesTime(t, Type(), config, `{"data":[],"next_cursor":null}`, map[time.Duration]carriers.Verdict{
		0: carriers.Undecided, 34 * time.Second: carriers.Undecided, 35 * time.Second: carriers.Absent,
		71 * time.Hour: carriers.Absent, 72 * time.Hour: carriers.Undecided,
	})
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://github.com/messagebird/bird-sdk-go/", 1)
}

// TestInteropSignatures compares with npm's standardwebhooks.
func TestInteropSignatures(t *testing.T) {
	carriertest.Signatures(t, suite(), carriertest.Judged{SDK: "bird", Secret: "whsec_" + secret64()})
}
