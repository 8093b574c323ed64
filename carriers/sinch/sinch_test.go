package sinch

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	token  = "canary-sinch-token-0123456789"
	secret = "canary-sinch-callback-secret"
	plan   = "c4n4ry0000000000000000000000plan"
	id     = "01HQWX5Z7J2Y8R4T6V0B1N3M5K"
	config = "type: sinch\nservice_plan_id: " + plan + "\napi_token: " + token + "\n"
)

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + "base_url: \"{{server}}/sinch\"\ncallback_secret: " + secret + "\n",
		Secrets: []string{token, secret},
		Folder:  "../../testdata/carriers/sinch",
		Request: validSubmit,
		Batch: func(ms []carriers.Message) string {
			var to []string
			for _, m := range ms {
				to = append(to, `"`+strings.TrimPrefix(m.To, "+")+`"`)
			}
			return `{"id":"` + id + `","to":[` + strings.Join(to, ",") + `]}`
		},
		Asked: validQuestion,
		States: map[string]carriers.ReceiptState{
			"Queued": carriers.ReceiptQueued, "Dispatched": carriers.ReceiptSent, "Delivered": carriers.ReceiptDelivered,
			"Failed": carriers.ReceiptUndelivered, "Aborted": carriers.ReceiptFailed, "Deleted": carriers.ReceiptFailed,
			"Rejected": carriers.ReceiptRejected, "Expired": carriers.ReceiptExpired, "Cancelled": carriers.ReceiptCancelled,
			"Unknown": carriers.ReceiptUnknown,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x", Ref: carriertest.Ref,
				Query: url.Values{"k": {"x"}}, Header: http.Header{"Content-Type": {"application/json"}},
				Body: []byte(`{"batch_id":"` + id + `","status":"` + word + `"}`),
			}
		},
		Sign: func(cb *carriers.Callback) {
			c := &Carrier{secret: []byte(secret)}
			cb.Header.Set("X-Sinch-Webhook-Signature-Nonce", "01FJA8B4A7BM43YGWSG9GBV067")
			cb.Header.Set("X-Sinch-Webhook-Signature-Timestamp", "1772366340")
			cb.Header.Set("X-Sinch-Webhook-Signature-Algorithm", "HmacSHA256")
			cb.Header.Set("X-Sinch-Webhook-Signature", sign(c.secret, cb.Body, "01FJA8B4A7BM43YGWSG9GBV067", "1772366340"))
		},
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

// Most accounts have no signed callbacks: the MAC of the URL is the proof then, and the listener's to check.
func TestConformanceUnsigned(t *testing.T) {
	s := suite()
	s.Config = config + "base_url: \"{{server}}\"\n"
	s.Secrets, s.Sign = []string{token}, nil
	carriertest.Run(t, s)
}

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func validSubmit(t *testing.T, r carriertest.Request) {
	t.Helper()
	if r.Method != "POST" || !strings.HasSuffix(r.URL.Path, "/xms/v1/"+plan+"/batches") || r.URL.RawQuery != "" ||
		r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("sent as %s %s %v", r.Method, r.URL, r.Header)
	}
	var got map[string]any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"to": []any{carriertest.To}, "from": carriertest.From, "type": "mt_text", "body": carriertest.Text,
		"delivery_report": "per_recipient_final", "client_reference": carriertest.Ref, "expire_at": "2026-03-01T13:00:00.000Z",
		"callback_url": carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=c2lnbmVk",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func validQuestion(t *testing.T, r carriertest.Request) {
	t.Helper()
	_, path, _ := strings.Cut(r.URL.Path, "/xms/v1/"+plan+"/batches")
	q := r.URL.Query()
	poll := path == "/"+id+"/delivery_report/"+carriertest.To && len(q) == 0
	search := path == "" && slices.Equal(slices.Sorted(maps.Keys(q)), []string{"client_reference", "page_size", "start_date"}) &&
		q.Get("client_reference") == carriertest.Ref && q.Get("start_date") == "2026-03-01T11:49:00.000Z"
	if r.Method != "GET" || !poll && !search || r.Header.Get("Authorization") != "Bearer "+token {
		t.Errorf("asked %s %s", r.Method, r.URL)
	}
}

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

func TestBatch(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         batch
	}{
		{"own sender wins", "from: \"447\"\n", carriers.Message{To: "+44", From: "ACME", Text: "x"}, batch{From: "ACME", Body: "x"}},
		{"default sender", "from: \"447\"\n", carriers.Message{To: "+44", Text: "x"}, batch{From: "447", Body: "x"}},
		{"Sinch's default sender", "", carriers.Message{To: "+44", Text: "x"}, batch{Body: "x"}},
		{"a dollar is a dollar", "", carriers.Message{To: "+44", Text: "US$5 ${name}"},
			batch{Body: "US$5 ${dollar}{name}", Parameters: map[string]map[string]string{"dollar": {"default": "$"}}}},
		{"validity too short", "", carriers.Message{To: "+44", Text: "x", Validity: 1}, batch{Body: "x", ExpireAt: "2026-03-01T12:00:01.000Z"}},
		{"validity too long", "", carriers.Message{To: "+44", Text: "x", Validity: 96 * time.Hour}, batch{Body: "x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := build(t, config+tt.config)
			tt.want.To, tt.want.Type, tt.want.DeliveryReport = []string{"+44"}, "mt_text", "none"
			if diff := cmp.Diff(tt.want, c.batch(tt.m)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for extra, want := range map[string]string{
		"":                                   "https://us.sms.api.sinch.com/xms/v1/" + plan + "/batches",
		"region: eu\n":                       "https://eu.sms.api.sinch.com/xms/v1/" + plan + "/batches",
		"base_url: http://a.example/alpha\n": "http://a.example/alpha/xms/v1/" + plan + "/batches",
	} {
		c := build(t, config+extra)
		if got := c.batches.String(); got != want {
			t.Errorf("%q: %s, want %s", extra, got, want)
		}
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: sinch\n":                    `service_plan_id: "" is not a service plan`,
		"service_plan_id: ../x\n":          `service_plan_id: "../x" is not`,
		"service_plan_id: abc\n":           "api_token: is missing",
		config + "batch_size: 100\n":       "batch_size: needs callback_secret",
		config + "region: Europe\n":        `region: "Europe" is not a region`,
		config + "base_url: sinch.com\n":   "base_url: is not an address",
		config + "codes: {402: nowhere}\n": `codes: 402: "nowhere" is not a class`,
		config + "service_plan: x\n":       "service_plan",
	}, token)
}

func TestReceiptKeepsWhatItCarries(t *testing.T) {
	c := build(t, config)
	body := `{"type":"recipient_delivery_report_sms","batch_id":"` + id + `","recipient":"447700900123","client_reference":"r1","code":0,` +
		`"status":"Delivered","at":"2026-03-01T11:59:03.221Z","operator_status_at":"2026-03-01T11:59:00Z","number_of_message_parts":2}`
	got, _, err := c.Receipts(carriers.Callback{Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	want := carriers.Receipt{
		Ref: "r1", ID: id, To: "+447700900123", State: carriers.ReceiptDelivered, Code: "0", Segments: 2,
		At: time.Date(2026, 3, 1, 11, 59, 0, 0, time.UTC), Raw: []byte(body),
	}
	if diff := cmp.Diff([]carriers.Receipt{want}, got); diff != "" {
		t.Error(diff)
	}
}

// TestAbsenceTakesTime: what is not listed yet, or not listed any more, is not absent.
func TestAbsenceTakesTime(t *testing.T) {
	carriertest.AbsenceTakesTime(t, Type(), config, `{"count":0,"page":0,"page_size":0,"batches":[]}`, map[time.Duration]carriers.Verdict{
		0: carriers.Undecided, 34 * time.Second: carriers.Undecided, 35 * time.Second: carriers.Absent,
		24 * time.Hour: carriers.Absent, 14 * 24 * time.Hour: carriers.Undecided,
	})
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://developers.sinch.com/", 1)
}

// TestSignatureVector is the example of Sinch's own documentation and SDK tests.
func TestSignatureVector(t *testing.T) {
	const body = `{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4",` +
		`"contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS",` +
		`"identity":"48123456789","app_id":""}],"display_name":"New Test Contact","email":"new.contact@email.com","external_id":"",` +
		`"metadata":"","language":"EN_US"}},"message_metadata":""}`
	c := &Carrier{secret: []byte("foo_secret1234")}
	if got := sign(c.secret, []byte(body), "01FJA8B4A7BM43YGWSG9GBV067", "1634579353"); got != "6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=" {
		t.Errorf("signed as %s", got)
	}
}

// TestInteropSignatures compares with npm's @sinch/sdk-core.
func TestInteropSignatures(t *testing.T) {
	carriertest.Signatures(t, suite(), carriertest.Judged{SDK: "sinch", Secret: secret})
}
