package plivo

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	account = "MAXXXXXXXXXXXXXXXX01"
	token   = "canary-plivo-token-0123456789"
	id      = "0e8f6c1d-2e3a-4b5c-8d7e-8f90a1b2c3d4"
	config  = "type: plivo\nauth_id: " + account + "\nauth_token: " + token + "\n"
)

func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + "base_url: \"{{server}}/plivo\"\n",
		Secrets: []string{token, base64.StdEncoding.EncodeToString([]byte(account + ":" + token))},
		Folder:  "../../testdata/carriers/plivo",
		Request: func(t *testing.T, r carriertest.Request) {
			want := `{"src":"15005550006","dst":"447700900123","text":`
			if got := string(r.Body); r.URL.Path != "/plivo/v1/Account/"+account+"/Message/" || !strings.HasPrefix(got, want) {
				t.Errorf("%s %s", r.URL.Path, got)
			}
		},
		Asked: func(t *testing.T, r carriertest.Request) {
			path := "/plivo/v1/Account/" + account + "/Message/"
			q := r.URL.Query()
			switch {
			case r.URL.Path == path+id+"/":
			case r.URL.Path == path && q.Get("to_number") == carriertest.To && q.Get("message_time__gte") == "2026-03-01 11:57:00":
			default:
				t.Errorf("asked for %s", r.URL)
			}
		},
		States: map[string]carriers.ReceiptState{
			"queued": carriers.ReceiptQueued, "sent": carriers.ReceiptSent, "delivered": carriers.ReceiptDelivered,
			"read": carriers.ReceiptDelivered, "undelivered": carriers.ReceiptUndelivered, "failed": carriers.ReceiptFailed,
			"rejected": carriers.ReceiptRejected,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x", Ref: carriertest.Ref,
				Query:  url.Values{"k": {"x"}},
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
				Body:   []byte("MessageUUID=" + id + "&Status=" + word),
			}
		},
		Sign: signed,
	}
}

// signed signs as Plivo does.
func signed(cb *carriers.Callback) {
	c := &Carrier{token: []byte(token)}
	form := url.Values{}
	if cb.Method != http.MethodGet {
		form, _ = url.ParseQuery(string(cb.Body))
	}
	const nonce = "05429567804466091622"
	cb.Header.Set("X-Plivo-Signature-V3-Nonce", nonce)
	cb.Header.Set("X-Plivo-Signature-V3", sign(c.token, cb.URL, form, nonce))
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

func TestBody(t *testing.T) {
	const powerpack = "4001932d-9b55-4bb8-9cd1-85de6c4d83d9"
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         string
	}{
		{"own sender wins", "from: \"+1500\"\n", carriers.Message{To: "+447", From: "ACME", Text: "a"}, `{"src":"ACME","dst":"447","text":"a"}`},
		{"default sender", "from: \"+1500\"\n", carriers.Message{To: "+447", Text: "a"}, `{"src":"1500","dst":"447","text":"a"}`},
		{"powerpack", "powerpack_uuid: " + powerpack + "\n", carriers.Message{To: "+447", Text: "a"},
			`{"powerpack_uuid":"` + powerpack + `","dst":"447","text":"a"}`},
		{"sender instead of powerpack", "powerpack_uuid: " + powerpack + "\n", carriers.Message{To: "+447", From: "A", Text: "a"},
			`{"src":"A","dst":"447","text":"a"}`},
		{"callback", "", carriers.Message{To: "+447", Text: "a", ReceiptURL: "https://a/b"},
			`{"dst":"447","text":"a","url":"https://a/b","method":"POST"}`},
		{"validity", "", carriers.Message{To: "+447", Text: "a", Validity: time.Minute}, `{"dst":"447","text":"a","message_expiry":60}`},
		{"validity too short", "", carriers.Message{To: "+447", Text: "a", Validity: 1}, `{"dst":"447","text":"a","message_expiry":5}`},
		{"validity as by default", "", carriers.Message{To: "+447", Text: "a", Validity: 72 * time.Hour}, `{"dst":"447","text":"a"}`},
	} {
		if got := string(build(t, config+tt.config).json(tt.m)); got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestWhoseNumberIsWrong: the same words about another number than the recipient's are no fault of the recipient.
func TestWhoseNumberIsWrong(t *testing.T) {
	for digits, want := range map[string]carriers.Class{
		"447700900123": carriers.ClassRecipientInvalid, "15005550006": carriers.ClassRequestInvalid,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"api_id":"a","error":"'%s' is not a valid phone number."}`, digits)
		}))
		res := build(t, config+"base_url: "+srv.URL+"\n").Submit(t.Context(), carriers.Message{To: carriertest.To, Text: "x"})
		srv.Close()
		if res.Accepted != carriers.No || res.Class != want {
			t.Errorf("%s: %+v, want %s", digits, res, want)
		}
	}
}

// TestAbsenceTakesTime: what is not listed yet is not absent.
func TestAbsenceTakesTime(t *testing.T) {
	carriertest.AbsenceTakesTime(t, Type(), config, `{"objects":[],"meta":{"next":null}}`, map[time.Duration]carriers.Verdict{
		0: carriers.Undecided, settle + 4*time.Second: carriers.Undecided, settle + 5*time.Second: carriers.Absent, time.Hour: carriers.Absent,
	})
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: plivo\n": `auth_id: "" is not one`,
		"type: plivo\nauth_id: " + account + "\n": "auth_token: is missing",
		config + "from: A\npowerpack_uuid: B\n":   "exclude each other",
		config + "powerpack_uuid: B\n":            `powerpack_uuid: "B" is not one`,
		config + "base_url: x\n":                  "base_url: is not an address",
		config + "codes: {200: stop}\n":           `codes: 200: "stop" is not a class`,
		"type: plivo\nauth: x\n":                  "auth",
	}, token)
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://www.plivo.com/", 15)
}
