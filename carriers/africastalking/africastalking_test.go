package africastalking

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	key    = "canary-africastalking-key"
	config = "type: africastalking\nusername: shop\napi_key: " + key + "\n"
)

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + "base_url: \"{{server}}/at\"\n",
		Secrets: []string{key},
		Folder:  "../../testdata/carriers/africastalking",
		Request: validSubmit,
		States: map[string]carriers.ReceiptState{
			"Sent": carriers.ReceiptSent, "Submitted": carriers.ReceiptSent, "Buffered": carriers.ReceiptQueued,
			"Success": carriers.ReceiptDelivered, "Failed": carriers.ReceiptUndelivered, "Rejected": carriers.ReceiptRejected,
			"AbsentSubscriber": carriers.ReceiptUndelivered, "Expired": carriers.ReceiptExpired,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha", Query: url.Values{},
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte("id=ATXid_1&status=" + word),
			}
		},
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func validSubmit(t *testing.T, r carriertest.Request) {
	t.Helper()
	if r.Method != "POST" || r.URL.RequestURI() != "/at/version1/messaging" || r.Header.Get("apiKey") != key ||
		r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Accept") != "application/json" {
		t.Errorf("sent as %s %s %v", r.Method, r.URL, r.Header)
	}
	got, err := url.ParseQuery(string(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"username": {"shop"}, "to": {carriertest.To}, "from": {carriertest.From}, "message": {carriertest.Text}, "bulkSMSMode": {"1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

func TestSender(t *testing.T) {
	for extra, want := range map[string]string{"": "", "from: Shop\n": "Shop"} {
		c := build(t, config+extra)
		form, _ := url.ParseQuery(string(c.form(carriers.Message{To: "+254", Text: "x"})))
		if form.Get("from") != want || form.Has("from") != (want != "") {
			t.Errorf("%q: sent from %q", extra, form["from"])
		}
	}
}

// TestToken: with receipt_token the address is a secret that only Africa's Talking was told.
func TestToken(t *testing.T) {
	c := build(t, config+"receipt_token: canary-receipt-token\n")
	if !c.Info().Signed || c.Info().RefInReceipts {
		t.Errorf("%+v", c.Info())
	}
	for token, good := range map[string]bool{"canary-receipt-token": true, "canary-receipt-tokem": false, "": false} {
		cb := suite().Callback("Success")
		cb.Query.Set("token", token)
		if _, _, err := c.Receipts(cb); (err == nil) != good || !good && !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestReceiptKeepsWhatItCarries(t *testing.T) {
	c := build(t, config)
	for _, number := range []string{"%2B254711000111", "+254711000111", "254711000111"} {
		body := "id=ATXid_1&status=Success&phoneNumber=" + number
		got, _, err := c.Receipts(carriers.Callback{Body: []byte(body)})
		want := []carriers.Receipt{{ID: "ATXid_1", To: "+254711000111", State: carriers.ReceiptDelivered, Raw: []byte(body)}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
}

func TestAddresses(t *testing.T) {
	for yaml, want := range map[string]string{
		config: "https://api.africastalking.com/version1/messaging",
		strings.Replace(config, "shop", "sandbox", 1): "https://api.sandbox.africastalking.com/version1/messaging",
	} {
		c := build(t, yaml)
		if got := c.messages.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: africastalking\n":        "username: is missing",
		"username: shop\n":              "api_key: is missing",
		config + "base_url: at.com\n":   "base_url: is not an address",
		config + "codes: {402: from}\n": `codes: 402: "from" is not a class`,
		config + "user: x\n":            "user",
	}, key)
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://developers.africastalking.com/", 1)
}
