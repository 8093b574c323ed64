package bandwidth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	password         = "canary-bandwidth-password"
	callbackPassword = "canary-callback-password"
	id               = "1772366340188lm4k2je7j7jklbn2"
	app              = "93de2206-9669-4e07-948d-329f4b722ee2"
	config           = "type: bandwidth\naccount_id: \"9900000\"\napplication_id: " + app + "\nusername: smsctl\npassword: " + password + "\n"
	signed           = "callback_username: bandwidth\ncallback_password: " + callbackPassword + "\n"
)

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + signed + "base_url: \"{{server}}/api/v2\"\n",
		Secrets: []string{password, callbackPassword, base64.StdEncoding.EncodeToString([]byte("smsctl:" + password))},
		Folder:  "../../testdata/carriers/bandwidth",
		Request: func(t *testing.T, r carriertest.Request) {
			validSubmit(t, r)
			document.Valid(t, r)
		},
		Asked: document.Valid,
		States: map[string]carriers.ReceiptState{
			"message-sending": carriers.ReceiptQueued, "message-sent": carriers.ReceiptSent,
			"message-delivered": carriers.ReceiptDelivered, "message-read": carriers.ReceiptDelivered,
			"message-failed": carriers.ReceiptFailed,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha", Header: http.Header{"Content-Type": {"application/json"}},
				Body: []byte(`[{"type":"` + word + `","message":{"id":"` + id + `","tag":"` + carriertest.Ref + `"}}]`),
			}
		},
		Sign: func(cb *carriers.Callback) {
			r := http.Request{Header: cb.Header}
			r.SetBasicAuth("bandwidth", callbackPassword)
		},
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

// Without a name and password for callbacks it is the listener that refuses them, unless it is told not to.
func TestConformanceUnsigned(t *testing.T) {
	s := suite()
	s.Config = config + "base_url: \"{{server}}/api/v2\"\n"
	s.Sign = nil
	carriertest.Run(t, s)
}

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func validSubmit(t *testing.T, r carriertest.Request) {
	t.Helper()
	if user, secret, _ := (&http.Request{Header: r.Header}).BasicAuth(); user != "smsctl" || secret != password ||
		r.Method != "POST" || r.URL.RequestURI() != "/api/v2/users/9900000/messages" {
		t.Errorf("sent as %s %s %v", r.Method, r.URL, r.Header)
	}
	var got map[string]any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"applicationId": app, "to": []any{carriertest.To}, "from": carriertest.From, "text": carriertest.Text,
		"tag": carriertest.Ref, "expiration": "2026-03-01T13:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

func TestRequest(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         request
	}{
		{"own sender wins", "from: \"+1500\"\n", carriers.Message{From: "ACME"}, request{From: "ACME"}},
		{"default sender", "from: \"+1500\"\n", carriers.Message{}, request{From: "+1500"}},
		{"validity too short", "", carriers.Message{Validity: 1}, request{Expiration: "2026-03-01T12:00:01Z"}},
		{"validity", "", carriers.Message{Validity: 96 * time.Hour}, request{Expiration: "2026-03-05T12:00:00Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := build(t, config+tt.config)
			tt.m.To, tt.m.Text, tt.m.Ref = "+44", "x", "r1"
			tt.want.ApplicationID, tt.want.To, tt.want.Text, tt.want.Tag = app, []string{"+44"}, "x", "r1"
			if diff := cmp.Diff(tt.want, c.request(tt.m)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: bandwidth\n":                                   `account_id: "" is not an account`,
		"account_id: \"1\"\n":                                 `application_id: "" is not`,
		"account_id: \"1\"\napplication_id: a\n":              "username: is missing",
		"account_id: \"1\"\napplication_id: a\nusername: u\n": "password: is missing",
		config + "callback_username: u\n":                     "belong together",
		config + "base_url: bandwidth.com\n":                  "base_url: is not an address",
		config + "codes: {4770: filtered}\n":                  `codes: 4770: "filtered" is not a class`,
		config + "applicationid: x\n":                         "applicationid",
	}, password)
}

func TestSeveralEventsInACallback(t *testing.T) {
	c := build(t, config)
	body := `[{"type":"message-sent","time":"2026-03-01T11:59:01Z","to":"+44","message":{"id":"a","tag":"r1","segmentCount":2}},` +
		`{"type":"message-failed","to":"+45","errorCode":4482,"description":"barred","message":{"id":"b"}}]`
	got, _, err := c.Receipts(carriers.Callback{Body: []byte(body)})
	want := []carriers.Receipt{
		{Ref: "r1", ID: "a", To: "+44", State: carriers.ReceiptSent, Segments: 2, At: time.Date(2026, 3, 1, 11, 59, 1, 0, time.UTC), Raw: []byte(body)},
		{ID: "b", To: "+45", State: carriers.ReceiptFailed, Class: carriers.ClassRecipientBlocked, Code: "4482", Detail: "barred", Raw: []byte(body)},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, _, err := c.Receipts(carriers.Callback{Body: []byte(`[{"type":"message-sent","message":{"id":"a"}},{}]`)}); err == nil {
		t.Error("half a list is taken")
	}
}

// TestAbsenceTakesTime: what is not listed yet, or not searched any more, is not absent.
func TestAbsenceTakesTime(t *testing.T) {
	carriertest.AbsenceTakesTime(t, Type(), config, `{"totalCount":1,"messages":[{"messageId":"z","receiveTime":"2026-03-01T20:00:00Z","messageLength":1}]}`, map[time.Duration]carriers.Verdict{
		time.Minute: carriers.Undecided, 124 * time.Second: carriers.Undecided, 125 * time.Second: carriers.Absent,
		24 * time.Hour: carriers.Absent, 14 * 24 * time.Hour: carriers.Undecided,
	})
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://dev.bandwidth.com/", 1)
}
