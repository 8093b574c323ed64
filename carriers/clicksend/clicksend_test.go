package clicksend

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	key    = "canary-clicksend-key"
	id     = "BF7AD270-0DE2-418B-B606-71D527D9C1AE"
	config = "type: clicksend\nusername: shop\napi_key: " + key + "\n"
)

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + "base_url: \"{{server}}/cs\"\n",
		Secrets: []string{key, base64.StdEncoding.EncodeToString([]byte("shop:" + key))},
		Folder:  "../../testdata/carriers/clicksend",
		Request: validSubmit,
		Asked:   validQuestion,
		States: map[string]carriers.ReceiptState{
			"200": carriers.ReceiptSent, "201": carriers.ReceiptDelivered, "300": carriers.ReceiptQueued, "301": carriers.ReceiptUndelivered,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha", Query: url.Values{},
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
				Body:   []byte("message_id=" + id + "&status_code=" + word),
			}
		},
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func validSubmit(t *testing.T, r carriertest.Request) {
	t.Helper()
	if user, secret, _ := (&http.Request{Header: r.Header}).BasicAuth(); user != "shop" || secret != key ||
		r.Method != "POST" || r.URL.RequestURI() != "/cs/v3/sms/send" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("sent as %s %s %v", r.Method, r.URL, r.Header)
	}
	var got any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"messages": []any{map[string]any{
		"to": carriertest.To, "from": carriertest.From, "body": carriertest.Text, "source": "smsctl", "custom_string": carriertest.Ref,
	}}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
}

func validQuestion(t *testing.T, r carriertest.Request) {
	t.Helper()
	want := url.Values{"q": {"to:" + carriertest.To}, "date_from": {"1772366040"}, "order_by": {"date:asc"}, "limit": {"100"}}
	search := r.URL.Path == "/cs/v3/sms/history" && cmp.Equal(r.URL.Query(), want)
	if r.Method != "GET" || !search && r.URL.RequestURI() != "/cs/v3/sms/receipts/"+id {
		t.Errorf("asked %s %s", r.Method, r.URL)
	}
}

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

// TestToken: with receipt_token the address is a secret that only ClickSend was told.
func TestToken(t *testing.T) {
	c := build(t, config+"receipt_token: canary-receipt-token\n")
	if !c.Info().Signed {
		t.Error("does not count as signed")
	}
	for token, good := range map[string]bool{"canary-receipt-token": true, "canary-receipt-tokem": false, "": false} {
		cb := suite().Callback("201")
		cb.Query.Set("token", token)
		if _, _, err := c.Receipts(cb); (err == nil) != good || !good && !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestReceiptKeepsWhatItCarries(t *testing.T) {
	c := build(t, config+"codes: {27: recipient_unreachable}\n")
	want := carriers.Receipt{
		Ref: "r1", ID: id, State: carriers.ReceiptUndelivered, Class: carriers.ClassRecipientUnreachable, Code: "27",
		Detail: "Absent", At: time.Date(2026, 3, 1, 11, 59, 5, 0, time.UTC),
	}
	for _, body := range []string{
		"message_id=" + id + "&status_code=301&status_text=Failed&error_code=27&error_text=Absent&custom_string=r1&timestamp=1772366345",
		`{"message_id":"` + id + `","status_code":301,"error_code":27,"error_text":"Absent","custom_string":"r1","timestamp":1772366345}`,
		`{"message_id":"` + id + `","status_code":"301","error_code":"27","error_text":"Absent","custom_string":"r1","timestamp":"1772366345"}`,
	} {
		got, reply, err := c.Receipts(carriers.Callback{Body: []byte(body)})
		want.Raw = []byte(body)
		if diff := cmp.Diff([]carriers.Receipt{want}, got); err != nil || diff != "" || reply.Status != 200 {
			t.Errorf("%v %+v %s", err, reply, diff)
		}
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: clicksend\n":                    "username: is missing",
		"username: shop\n":                     "api_key: is missing",
		config + "base_url: clicksend.com\n":   "base_url: is not an address",
		config + "codes: {THROTTLED: later}\n": `codes: THROTTLED: "later" is not a class`,
		config + "user: x\n":                   "user",
	}, key)
	if c := build(t, config); c.sms.String() != "https://rest.clicksend.com/v3/sms" {
		t.Error(c.sms)
	}
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://developers.clicksend.com/", 1)
}
