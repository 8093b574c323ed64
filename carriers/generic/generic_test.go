package generic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const token = "canary-token/0123+456789"

// delta is the gateway of the config page.
const delta = `
type: http
submit:
  method: POST
  url: "{{server}}/delta/send"
  headers: {Authorization: "Bearer ${token}"}
  json: {to: "{{to}}", from: "{{from}}", text: "{{text}}", ref: "{{ref}}", callback: "{{receipt_url}}", opts: {ttl: "{{validity_s}}", parts: ["{{segments}}", true]}}
  success: {status: [200, 201, 202], id: "$.id"}
  code: "$.error.code"
  detail: "$.error.message"
  errors:
    - {status: 422, class: recipient_invalid}
    - {status: 200, code: E50, class: account_balance}
    - {status: 429, class: throttled}
    - {status: 503, class: carrier_transient}
status: {method: GET, url: "{{server}}/delta/status/{{id}}", state: "$.status"}
lookup: {url: "{{server}}/delta/find", query: {ref: "{{ref}}"}, id: "$.messages[0].id", absent: {status: [404]}}
receipt:
  id: "$.id"
  state: "$.status"
  code: "$.reason"
  states: {delivered: delivered, undelivered: undelivered}
  codes: {17: recipient_unreachable}
  verify: {header: Authorization, equals: "Bearer ${token}"}
inbound:
  id: "$.id"
  from: "$.sender"
  to: "$.recipient"
  text: "$.text"
  at: "$.when"
  verify: {header: Authorization, equals: "Bearer ${token}"}
codes: {E12: sender_rejected}
secrets: {token: "` + token + `"}
`

func deltaSuite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  delta,
		Secrets: []string{token},
		Folder:  "../../testdata/carriers/http/delta",
		Proven:  []int{503},
		Request: deltaRequest,
		States: map[string]carriers.ReceiptState{
			"delivered": carriers.ReceiptDelivered, "undelivered": carriers.ReceiptUndelivered, "DELIVERED": carriers.ReceiptDelivered,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x", Ref: carriertest.Ref,
				Query: url.Values{"k": {"x"}}, Body: []byte(`{"id":"d-1","status":"` + word + `"}`),
			}
		},
		Sign: func(c *carriers.Callback) { c.Header.Set("Authorization", "Bearer "+token) },
	}
}

// deltaRequest proves that the text, full of traps, arrives as it is.
func deltaRequest(t *testing.T, r carriertest.Request) {
	t.Helper()
	var got struct {
		To, From, Text, Ref, Callback string
		Opts                          struct {
			TTL   int
			Parts []any
		}
	}
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	if got.To != carriertest.To || got.From != carriertest.From || got.Text != carriertest.Text || got.Ref != carriertest.Ref ||
		!strings.Contains(got.Callback, carriertest.Ref) || got.Opts.TTL != 3600 || got.Opts.Parts[0] != 1.0 || got.Opts.Parts[1] != true {
		t.Errorf("sent %s", r.Body)
	}
	if r.Method != "POST" || r.URL.Path != "/delta/send" || r.Header.Get("Authorization") != "Bearer "+token ||
		r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("sent as %s %s %v", r.Method, r.URL, r.Header)
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, deltaSuite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, deltaSuite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, deltaSuite()) }

// kannel is a gateway that wants a GET with everything in the query, answers in words and signs nothing.
const kannel = `
type: http
base_url: "{{server}}"
submit:
  method: GET
  url: /cgi-bin/sendsms
  query:
    username: smsctl
    password: "${password}"
    to: "{{to}}"
    from: "{{from}}"
    text: "{{text}}"
    coding: "{{encoding}}"
    charset: UTF-8
    dlr-mask: "31"
    dlr-url: "{{receipt_url}}&type=%d&fid=%F"
  encodings: {gsm7: "0", ucs2: "2"}
  success: {status: [202], match: "^(0: Accepted|3: Queued) for (later )?delivery"}
  errors:
    - {match: "denied by", class: recipient_blocked}
    - {status: 503, class: throttled}
receipt:
  method: GET
  id: $.fid
  state: $.type
  states: {1: delivered, 2: undelivered, 4: queued, 8: sent, 16: rejected}
  reply: {status: 200, content_type: text/plain, body: ok}
inbound: {method: GET, id: $.id, from: $.from, to: $.to, text: $.text}
secrets: {password: canary-kannel-password}
`

func kannelSuite() carriertest.Suite {
	return carriertest.Suite{
		Type:         Type(),
		Config:       kannel,
		Secrets:      []string{"canary-kannel-password"},
		SecretsInURL: true,
		Proven:       []int{503},
		Folder:       "../../testdata/carriers/http/kannel",
		Request: func(t *testing.T, r carriertest.Request) {
			t.Helper()
			q := r.URL.Query()
			if r.Method != "GET" || len(r.Body) > 0 || q.Get("text") != carriertest.Text || q.Get("to") != carriertest.To ||
				q.Get("coding") != "2" || !strings.HasSuffix(q.Get("dlr-url"), "&type=%d&fid=%F") || q.Get("password") != "canary-kannel-password" {
				t.Errorf("sent %s %s", r.Method, r.URL)
			}
		},
		States: map[string]carriers.ReceiptState{
			"1": carriers.ReceiptDelivered, "2": carriers.ReceiptUndelivered, "4": carriers.ReceiptQueued,
			"8": carriers.ReceiptSent, "16": carriers.ReceiptRejected,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "GET", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x&type=" + word,
				Ref: carriertest.Ref, Query: url.Values{"k": {"x"}, "type": {word}},
			}
		},
	}
}

func TestConformanceOfAQueryGateway(t *testing.T) { carriertest.Run(t, kannelSuite()) }

// A GET on a connection that is kept alive is what net/http would repeat.
func TestConformanceOfAQueryGatewayKeptAlive(t *testing.T) {
	s := kannelSuite()
	s.Config = strings.Replace(kannel, "method: GET\n", "method: GET\n  keep_alive: true\n", 1)
	carriertest.Run(t, s)
}

func build(t *testing.T, yaml string) (carriers.Carrier, error) {
	t.Helper()
	c, err := carriertest.Build(Type(), yaml, nil)
	if err == nil {
		t.Cleanup(func() { _ = c.Close(t.Context()) })
	}
	return c, err
}

// TestUnsignedReceipts: who knows the MAC of the URL is believed, who does not is not, unless the config says so.
func TestUnsignedReceipts(t *testing.T) {
	config := strings.ReplaceAll(kannel, "{{server}}", "http://127.0.0.1:1")
	cb := kannelSuite().Callback("1")
	for _, tt := range []struct {
		name, verify, ref string
		good              bool
	}{
		{"ref proved", "", carriertest.Ref, true},
		{"ref not proved", "", "", false},
		{"none is needed", "  verify: none\n", "", true},
	} {
		c, err := build(t, strings.Replace(config, "receipt:\n", "receipt:\n"+tt.verify, 1))
		if err != nil {
			t.Fatal(err)
		}
		if c.Info().Signed {
			t.Errorf("%s: counts as signed", tt.name)
		}
		cb.Ref = tt.ref
		cb.Query.Set("fid", "9")
		got, reply, err := c.(carriers.Receiver).Receipts(cb)
		if (err == nil) != tt.good {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.good && (len(got) != 1 || got[0].ID != "9" || reply != carriers.Reply{Status: 200, ContentType: "text/plain", Body: "ok"}) {
			t.Errorf("%s: %+v %+v", tt.name, got, reply)
		}
	}
}

func TestHMACReceiptsAndLists(t *testing.T) {
	const config = `
type: http
submit: {url: "https://gw.example.com/send", form: {to: "{{to_digits}}", text: "{{text}}"}}
receipt:
  each: $.results
  id: $.id
  ref: $.ref
  to: $.to
  state: $.state
  states: {DELIVRD: delivered, EXPIRED: expired}
  verify: {hmac: {algo: sha256, header: X-Sig, prefix: "sha256=", secret: "${key}", string: "{{header.X-Time}}.{{url}}.{{body}}", encoding: base64}}
secrets: {key: canary-key}
`
	c, err := build(t, config)
	if err != nil {
		t.Fatal(err)
	}
	if info := c.Info(); !info.Signed || !info.RefInReceipts {
		t.Errorf("info %+v", info)
	}
	cb := carriers.Callback{
		Method: "POST", URL: "https://sms.example.com/receipts/alpha", Header: http.Header{"X-Time": {"1772366400"}},
		Body: []byte(`{"results":[{"id":1,"ref":"r1","to":"+44","state":"DELIVRD"},{"id":2,"state":"EXPIRED"}]}`),
	}
	mac := hmac.New(sha256.New, []byte("canary-key"))
	_, _ = io.WriteString(mac, "1772366400."+cb.URL+"."+string(cb.Body))
	cb.Header.Set("X-Sig", "sha256="+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	got, _, err := c.(carriers.Receiver).Receipts(cb)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	if got[0].ID != "1" || got[0].Ref != "r1" || got[0].To != "+44" || got[0].State != carriers.ReceiptDelivered ||
		got[1].ID != "2" || got[1].State != carriers.ReceiptExpired || got[1].Class != carriers.ClassExpired {
		t.Errorf("%+v", got)
	}
	cb.Header.Set("X-Time", "1772366401")
	if _, _, err := c.(carriers.Receiver).Receipts(cb); err == nil {
		t.Error("another time passes")
	}
}

func TestOnlyWhatIsConfiguredCanBeAsked(t *testing.T) {
	const submit = "type: http\nsubmit: {url: \"https://gw.example.com/send\", form: {to: \"{{to}}\", text: \"{{text}}\"}}\n"
	const states = "states: {ok: delivered}"
	for extra, want := range map[string][2]bool{
		"": {false, false},
		"status: {url: \"https://gw.example.com/{{id}}\", state: $.s, " + states + "}\n":                                                    {true, false},
		"lookup: {url: \"https://gw.example.com/{{ref}}\", id: $.id}\n":                                                                     {false, true},
		"lookup: {url: \"https://a.example/{{ref}}\", id: $.id}\nstatus: {url: \"https://a.example/{{id}}\", state: $.s, " + states + "}\n": {true, true},
	} {
		c, err := build(t, submit+extra)
		if err != nil {
			t.Fatal(err)
		}
		_, polls := c.(carriers.Poller)
		_, looks := c.(carriers.Looker)
		if polls != want[0] || looks != want[1] {
			t.Errorf("%q: polls %v, looks %v", extra, polls, looks)
		}
		if expected := c.Info().Common.Receipts.Expected; (expected != nil && !*expected) == polls {
			t.Errorf("%q: receipts expected: %v", extra, expected)
		}
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	const head = "type: http\nsubmit: "
	const good = `{url: "https://gw.example.com/", form: {to: "{{to}}", text: "{{text}}"}}`
	for yaml, want := range map[string]string{
		head + `{form: {to: "{{to}}"}}`:                                                         "submit.url: is missing",
		head + `{url: /send}`:                                                                   "or set base_url",
		head + `{url: "https://{{to}}.example.com/"}`:                                           "with placeholders behind the host only",
		head + `{url: "https://u:p@example.com/"}`:                                              "submit.url: is not an address",
		head + `{url: "https://a.example/", method: DELETE}`:                                    `submit.method: "DELETE" is not one of`,
		head + `{url: "https://a.example/", json: {a: {b: ["{{too}}"]}}}`:                       "submit.json.a.b[0]: there is no placeholder {{too}} here: write one of {{to}}",
		head + `{url: "https://a.example/", form: {a: "{{to"}}`:                                 "submit.form.a: a {{ without its }}",
		head + `{url: "https://a.example/?k=${key}"}`:                                           "submit.url: there is no ${key}: secrets has nothing",
		head + `{url: "https://a.example/", headers: {X: "{{text}}"}}`:                          "submit.headers.X: a text does not fit",
		head + `{url: "https://a.example/", method: GET, form: {a: b}}`:                         "a GET has no body",
		head + `{url: "https://a.example/", json: {a: b}, form: {a: b}}`:                        "keep one",
		head + `{url: "https://a.example/", body: "{{text}}"}`:                                  "submit.content_type: \"\" does not say how to escape",
		head + `{url: "https://a.example/", form: {text: "{{text}}"}}`:                          "whom the message is for",
		head + `{url: "https://a.example/", form: {to: "{{to}}"}}`:                              "does not send the text",
		strings.Replace(head+good, "form:", "success: {id: id}, form:", 1):                      `submit.success.id: "id": is not a path`,
		strings.Replace(head+good, "form:", "success: {status: [404]}, form:", 1):               "submit.success.status: 404",
		strings.Replace(head+good, "form:", "success: {match: \"(\"}, form:", 1):                "submit.success.match: error parsing regexp",
		strings.Replace(head+good, "form:", "errors: [{class: throttled}], form:", 1):           "submit.errors[0]: matches everything",
		strings.Replace(head+good, "form:", "errors: [{status: 400, class: x}], form:", 1):      `submit.errors[0].class: "x" is not a class`,
		strings.Replace(head+good, "form:", "errors: [{code: a, class: expired}], form:", 1):    "submit.code does not say where",
		head + good + "\nreceipt: {id: $.id}":                                                   "receipt.state: is missing",
		head + good + "\ninbound: {text: $.t}":                                                  "inbound.from: is missing",
		head + good + "\ninbound: {from: $.f}":                                                  "inbound.text: is missing",
		head + good + "\ninbound: {from: $.f, text: $.t, verify: {header: X}}":                  "inbound.verify.equals: is empty",
		head + good + "\ninbound: {from: $.f, text: $.t, reply: {status: 500}}":                 "inbound.reply.status: 500",
		head + good + "\ninbound: {from: $.f, text: $.t, each: /a/}":                            "inbound.each: is not a path",
		head + good + "\nreceipt: {state: $.s}":                                                 "receipt.states: is missing",
		head + good + "\nreceipt: {state: $.s, states: {a: arrived}}":                           `receipt.states.a: "arrived" is not a state`,
		head + good + "\nreceipt: {state: $.s, states: {a: sent, A: failed}}":                   "stands twice",
		head + good + "\nreceipt: {state: $.s, states: {a: sent}, verify: {header: X}}":         "receipt.verify.equals: is empty",
		head + good + "\nreceipt: {state: $.s, states: {a: sent}, verify: some}":                "is not a way to verify",
		head + good + "\nreceipt: {state: $.s, states: {a: sent}, verify: {heder: X}}":          "heder",
		head + good + "\nreceipt: {state: $.s, states: {a: sent}, verify: {hmac: {header: X}}}": "receipt.verify.hmac.secret: is empty",
		head + good + "\nlookup: {url: \"https://a.example/\", id: $.id}":                       "lookup: names no message",
		head + good + "\nstatus: {url: \"https://a.example/{{text}}\", state: $.s}":             "status.url: there is no placeholder {{text}} here",
	} {
		if _, err := build(t, yaml); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", yaml, err, want)
		}
	}
}
