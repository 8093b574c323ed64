package clicksend

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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

func build(t *testing.T, yaml string) (*Carrier, error) {
	t.Helper()
	c, err := carriertest.Build(Type(), yaml, nil)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return c.(*Carrier), nil
}

// TestToken: with receipt_token the address is a secret that only ClickSend was told.
func TestToken(t *testing.T) {
	c, err := build(t, config+"receipt_token: canary-receipt-token\n")
	if err != nil {
		t.Fatal(err)
	}
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
	c, err := build(t, config+"codes: {27: recipient_unreachable}\n")
	if err != nil {
		t.Fatal(err)
	}
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
	for yaml, want := range map[string]string{
		"type: clicksend\n":                    "username: is missing",
		"username: shop\n":                     "api_key: is missing",
		config + "base_url: clicksend.com\n":   "base_url: is not an address",
		config + "codes: {THROTTLED: later}\n": `codes: THROTTLED: "later" is not a class`,
		config + "user: x\n":                   "user",
	} {
		if _, err := build(t, yaml); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", yaml, err, want)
		}
	}
	c, err := build(t, config)
	if err != nil || c.sms.String() != "https://rest.clicksend.com/v3/sms" {
		t.Errorf("%v %v", c, err)
	}
}

// TestCodesTable walks the table: every row says what, why and where.
func TestCodesTable(t *testing.T) {
	codes, err := carriers.LoadCodes(codesTSV, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range codes.All() {
		if row.Note == "" || !strings.HasPrefix(row.Source, "https://developers.clicksend.com/") {
			t.Errorf("row %+v", row)
		}
	}
}

// TestWhatHasAnIDIsNeverAbsent: clicksend gave it, so it took the message.
func TestWhatHasAnIDIsNeverAbsent(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	c, err := build(t, config+"base_url: "+srv.URL+"\n")
	if err != nil {
		t.Fatal(err)
	}
	s := carriers.Submitted{Ref: "r1", ID: id, To: "+44", At: carriertest.Now().Add(-time.Hour)}
	if got, err := c.Lookup(t.Context(), s); err == nil || got.Verdict != carriers.Undecided {
		t.Errorf("%+v %v", got, err)
	}
}
