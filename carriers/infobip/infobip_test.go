package infobip

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	key    = "canary-api-key-0123456789"
	secret = "canary-callback-secret-01"
	config = "type: infobip\napi_key: " + key + "\n"
	shared = config + "callback_secret: " + secret + "\n"
)

// suite is the suite without callback_secret: with it the proof stands in the body, which TestSharedAddress has.
func suite() carriertest.Suite {
	return carriertest.Suite{
		Type:    Type(),
		Config:  config + "base_url: \"{{server}}/infobip\"\n",
		Secrets: []string{key},
		Folder:  "../../testdata/carriers/infobip",
		Request: func(t *testing.T, r carriertest.Request) {
			want := `{"messages":[{"sender":"15005550006","destinations":[{"to":"447700900123","messageId":"` + carriertest.Ref + `"}],"content":{"text":`
			if got := string(r.Body); r.URL.Path != "/infobip/sms/3/messages" || !strings.HasPrefix(got, want) || r.Header.Get("Authorization") != "App "+key {
				t.Errorf("%s %s", r.URL.Path, got)
			}
		},
		Asked: func(t *testing.T, r carriertest.Request) {
			if r.URL.RequestURI() != "/infobip/sms/3/logs?messageId="+carriertest.Ref {
				t.Errorf("asked for %s", r.URL)
			}
		},
		States: map[string]carriers.ReceiptState{
			"PENDING_ACCEPTED": carriers.ReceiptAccepted, "PENDING_ENROUTE": carriers.ReceiptSent,
			"PENDING_WAITING_DELIVERY": carriers.ReceiptSent, "DELIVERED_TO_OPERATOR": carriers.ReceiptSent,
			"DELIVERED_TO_HANDSET": carriers.ReceiptDelivered, "EXPIRED_DLR_UNKNOWN": carriers.ReceiptUnknown,
			"ACCEPTED": carriers.ReceiptAccepted, "PENDING": carriers.ReceiptQueued, "DELIVERED": carriers.ReceiptDelivered,
			"UNDELIVERABLE": carriers.ReceiptUndelivered, "EXPIRED": carriers.ReceiptExpired, "REJECTED": carriers.ReceiptRejected,
		},
		Batch: func(ms []carriers.Message) string {
			var all []string
			for _, m := range slices.Backward(ms) { // in another order than they were sent
				all = append(all, fmt.Sprintf(`{"messageId":%q,"status":{"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED"}}`, m.Ref))
			}
			return `{"messages":[` + strings.Join(all, ",") + `]}`
		},
		Callback: func(word string) carriers.Callback {
			return callback(carriertest.Ref, one(carriertest.Ref, word, ""))
		},
	}
}

// one is a result as Infobip writes it.
func one(id, name, data string) string {
	return fmt.Sprintf(`{"messageId":%q,"callbackData":%q,"status":{"name":%q}}`, id, data, name)
}

func callback(ref string, results ...string) carriers.Callback {
	return carriers.Callback{
		Method: "POST", URL: carriertest.PublicURL + "/receipts/alpha/" + ref, Ref: ref, Query: url.Values{},
		Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"results":[` + strings.Join(results, ",") + `]}`),
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func build(t testing.TB, yaml string) *Carrier {
	t.Helper()
	return carriertest.New[*Carrier](t, Type(), yaml)
}

// TestNeverTwice plays Infobip's side: under one reference it takes one message, whatever the network does in between,
// and the second answer says so.
func TestNeverTwice(t *testing.T) {
	var mu sync.Mutex // of both: the answer that is lost does not tell when its handler has ended
	taken, lose := map[string]int{}, true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		_, rest, _ := strings.Cut(string(body), `"messageId":"`)
		id, _, _ := strings.Cut(rest, `"`)
		if r.Method == http.MethodGet {
			id = r.URL.Query().Get("messageId")
			if taken[id] == 0 {
				_, _ = io.WriteString(w, `{"results":[]}`)
				return
			}
			_, _ = fmt.Fprintf(w, `{"results":[%s]}`, one(id, "PENDING_ENROUTE", ""))
			return
		}
		status := `{"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED"}`
		if taken[id]++; taken[id] > 1 {
			taken[id] = 1
			status = `{"groupName":"REJECTED","id":23,"name":"REJECTED_DUPLICATE_MESSAGE_ID"}`
		}
		if lose {
			panic(http.ErrAbortHandler) // taken, and the answer is lost
		}
		_, _ = fmt.Fprintf(w, `{"messages":[{"messageId":%q,"status":%s}]}`, id, status)
	}))
	defer srv.Close()
	c := build(t, config+"base_url: "+srv.URL+"\n")
	m := carriers.Message{Ref: "0h8k2m4n6p8q", To: carriertest.To, Text: "x"}
	if r := c.Submit(t.Context(), m); r.Accepted != carriers.Unknown {
		t.Fatalf("a lost answer: %+v", r)
	}
	asked := carriers.Submitted{Ref: m.Ref, To: m.To, At: carriertest.Now().Add(-time.Minute)}
	if f, err := c.Lookup(t.Context(), asked); err != nil || f.Verdict != carriers.Found || f.ID != m.Ref || f.Receipt.Ref != m.Ref {
		t.Errorf("after a lost answer: %+v %v", f, err)
	}
	mu.Lock()
	lose = false
	mu.Unlock()
	if r := c.Submit(t.Context(), m); r.Accepted != carriers.Yes || r.ID != m.Ref {
		t.Errorf("repeated by something in between: %+v", r)
	}
	mu.Lock()
	if taken[m.Ref] != 1 {
		t.Errorf("taken %d times", taken[m.Ref])
	}
	mu.Unlock()
	asked.Ref = "neversubmitted"
	if f, err := c.Lookup(t.Context(), asked); err != nil || f.Verdict != carriers.Absent {
		t.Errorf("never submitted: %+v %v", f, err)
	}
}

// TestManyResults: a callback may bring many, about many messages.
func TestManyResults(t *testing.T) {
	c := build(t, config)
	got, reply, err := c.Receipts(callback("", one("ref-one-1", "DELIVERED_TO_OPERATOR", ""), one("ref-one-1", "DELIVERED_TO_HANDSET", ""),
		one("ref-two-2", "REJECTED", "")))
	if err != nil || reply.Status != http.StatusOK {
		t.Fatal(err)
	}
	var heard []string
	for _, r := range got {
		heard = append(heard, r.Ref+" "+string(r.State)+" "+string(r.Raw))
	}
	want := []string{
		"ref-one-1 sent " + one("ref-one-1", "DELIVERED_TO_OPERATOR", ""), "ref-one-1 delivered " + one("ref-one-1", "DELIVERED_TO_HANDSET", ""),
		"ref-two-2 rejected " + one("ref-two-2", "REJECTED", ""),
	}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Error(diff)
	}
	if _, _, err := c.Receipts(callback("", one("ref-one-1", "DELIVERED", ""), `{"messageId":""}`)); !errors.Is(err, carriers.ErrPayload) {
		t.Errorf("half of it unreadable: %v", err)
	}
}

// TestSharedAddress: with callback_secret each result proves itself, and what cannot is left out.
func TestSharedAddress(t *testing.T) {
	c := build(t, shared)
	if !c.Info().Signed {
		t.Fatal("not signed")
	}
	body := string(c.json([]carriers.Message{{Ref: "ref-one-1", To: "+447", Text: "x", ReceiptURL: "https://sms.example.com/receipts/alpha/ref-one-1?k=x"}}))
	want := `"webhooks":{"delivery":{"url":"https://sms.example.com/receipts/alpha","intermediateReport":true},"contentType":"application/json",` +
		`"callbackData":"` + proof(c.secret, "ref-one-1") + `"}`
	if !strings.Contains(body, want) || strings.Contains(body, secret) {
		t.Errorf("%s\nwant %s", body, want)
	}
	mine, other := one("ref-one-1", "DELIVERED", proof(c.secret, "ref-one-1")), one("ref-two-2", "DELIVERED", proof(c.secret, "ref-two-2"))
	for name, tt := range map[string]struct {
		results []string
		want    int
		err     error
	}{
		"two of ours":                       {[]string{mine, other}, 2, nil},
		"one of ours":                       {[]string{one("stranger", "DELIVERED", "whatever"), mine}, 1, nil},
		"without proof":                     {[]string{one("ref-one-1", "DELIVERED", "")}, 0, carriers.ErrSignature},
		"with another's":                    {[]string{one("ref-one-1", "DELIVERED", proof(c.secret, "ref-two-2"))}, 0, carriers.ErrSignature},
		"with another secret":               {[]string{one("ref-one-1", "DELIVERED", proof([]byte("guess"), "ref-one-1"))}, 0, carriers.ErrSignature},
		"with our reference in the address": {[]string{one("ref-one-1", "DELIVERED", "")}, 0, carriers.ErrSignature},
		"nothing":                           {nil, 0, carriers.ErrSignature},
		"garbage":                           {[]string{"{"}, 0, carriers.ErrSignature},
	} {
		ref := ""
		if strings.Contains(name, "address") {
			ref = "ref-one-1"
		}
		got, _, err := c.Receipts(callback(ref, tt.results...))
		if len(got) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %d receipts and %v", name, len(got), err)
		}
	}
}

func TestBody(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		m            carriers.Message
		want         string
	}{
		{"own sender wins", "from: Other\n", carriers.Message{From: "ACME"}, `{"sender":"ACME","destinations":[{"to":"447","messageId":"r"}],"content":{"text":"a"}}`},
		{"default sender", "from: \"+1500\"\n", carriers.Message{}, `{"sender":"1500","destinations":[{"to":"447","messageId":"r"}],"content":{"text":"a"}}`},
		{"callback", "", carriers.Message{ReceiptURL: "https://a/b"}, `{"destinations":[{"to":"447","messageId":"r"}],"content":{"text":"a"},` +
			`"webhooks":{"delivery":{"url":"https://a/b","intermediateReport":true},"contentType":"application/json"}}`},
		{"validity", "", carriers.Message{Validity: time.Minute}, `{"destinations":[{"to":"447","messageId":"r"}],"content":{"text":"a"},` +
			`"options":{"validityPeriod":{"amount":60,"timeUnit":"SECONDS"}}}`},
		{"validity too short", "", carriers.Message{Validity: 1}, `{"destinations":[{"to":"447","messageId":"r"}],"content":{"text":"a"},` +
			`"options":{"validityPeriod":{"amount":1,"timeUnit":"SECONDS"}}}`},
		{"validity too long", "", carriers.Message{Validity: 99 * time.Hour}, `{"destinations":[{"to":"447","messageId":"r"}],"content":{"text":"a"},` +
			`"options":{"validityPeriod":{"amount":172800,"timeUnit":"SECONDS"}}}`},
	} {
		tt.m.Ref, tt.m.To, tt.m.Text = "r", "+447", "a"
		if got := string(build(t, config+tt.config).json([]carriers.Message{tt.m})); got != `{"messages":[`+tt.want+`]}` {
			t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestAbsenceTakesTime: what the logs do not have yet, and what they have no more, is not absent.
func TestAbsenceTakesTime(t *testing.T) {
	carriertest.AbsenceTakesTime(t, Type(), config, `{"results":[]}`, map[time.Duration]carriers.Verdict{
		0: carriers.Undecided, settle + 4*time.Second: carriers.Undecided, settle + 5*time.Second: carriers.Absent,
		kept - 1: carriers.Absent, kept: carriers.Undecided,
	})
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	carriertest.ConfigErrors(t, Type(), map[string]string{
		"type: infobip\n":                     "api_key: is missing",
		config + "callback_secret: short\n":   "callback_secret: is shorter than 16",
		config + "base_url: x\n":              "base_url: is not an address",
		config + "codes: {status/10: stop}\n": `codes: status/10: "stop" is not a class`,
		"type: infobip\nkey: x\n":             "key",
	}, key)
}

func TestCodesTable(t *testing.T) {
	carriertest.CodesTable(t, codesTSV, "https://www.infobip.com/", 45)
	codes, _ := carriers.LoadCodes(codesTSV, nil)
	if _, known := codes.Class(duplicate); known {
		t.Error("a duplicate is no error")
	}
}
