package kannel

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const (
	password = "canary kannel password&"
	config   = "type: kannel\nusername: smsctl\npassword: \"" + password + "\"\n"
	server   = "base_url: \"{{server}}\"\n"
	// dlrURL is what Kannel is told for the suite's receipt address.
	dlrURL = carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=c2lnbmVk&type=%d&fid=%F&answer=%A"
)

// numbered is a carrier whose texts end with numbers other than the suite's usual one: the suite tells requests apart by
// address and body, and here the number stands in a header.
type numbered struct{ *Carrier }

func (n numbered) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	if m.To != carriertest.To {
		m.Text += m.To
	}
	return n.Carrier.Submit(ctx, m)
}

func suite() carriertest.Suite {
	typ := Type()
	typ.New = func(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
		c, err := newCarrier(name, decode, env)
		if err != nil {
			return nil, err
		}
		return numbered{c.(*Carrier)}, nil
	}
	return carriertest.Suite{
		Type:    typ,
		Config:  config + server + "smsc: prime\n",
		Secrets: []string{password},
		Folder:  "../../testdata/carriers/kannel",
		Request: validPost,
		States: map[string]carriers.ReceiptState{
			"1": carriers.ReceiptDelivered, "2": carriers.ReceiptUndelivered, "4": carriers.ReceiptQueued,
			"8": carriers.ReceiptSent, "16": carriers.ReceiptRejected,
		},
		Callback: func(word string) carriers.Callback {
			return carriers.Callback{
				Method: "GET", URL: carriertest.PublicURL + "/receipts/alpha/" + carriertest.Ref + "?k=x&type=" + word + "&fid=&answer=",
				Ref: carriertest.Ref, Query: url.Values{"k": {"x"}, "type": {word}, "fid": {""}, "answer": {""}},
			}
		},
	}
}

func TestConformance(t *testing.T) { carriertest.Run(t, suite()) }

func TestConformanceOfTheQuery(t *testing.T) {
	s := suite()
	s.Config += "method: GET\n"
	s.SecretsInURL = true
	s.Request = validGet
	carriertest.Run(t, s)
}

func FuzzReceipts(f *testing.F) { carriertest.FuzzReceipts(f, suite()) }

func FuzzInbound(f *testing.F) { carriertest.FuzzInbound(f, suite()) }

func validPost(t *testing.T, r carriertest.Request) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "text/plain; charset=UTF-8", "X-Kannel-Username": "smsctl", "X-Kannel-Password": password,
		"X-Kannel-To": carriertest.To, "X-Kannel-From": carriertest.From, "X-Kannel-Coding": "2", "X-Kannel-Validity": "60",
		"X-Kannel-Dlr-Mask": "31", "X-Kannel-Dlr-Url": dlrURL, "X-Kannel-Smsc": "prime",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Method != "POST" || r.URL.RequestURI() != "/cgi-bin/sendsms" || string(r.Body) != carriertest.Text {
		t.Errorf("sent %s %s %q", r.Method, r.URL, r.Body)
	}
}

func validGet(t *testing.T, r carriertest.Request) {
	t.Helper()
	q := r.URL.Query()
	for name, want := range map[string]string{
		"username": "smsctl", "password": password, "to": carriertest.To, "from": carriertest.From, "coding": "2", "validity": "60",
		"dlr-mask": "31", "dlr-url": dlrURL, "smsc": "prime", "text": carriertest.Text, "charset": "UTF-8",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Method != "GET" || r.URL.Path != "/cgi-bin/sendsms" || len(r.Body) > 0 {
		t.Errorf("sent %s %s", r.Method, r.URL)
	}
}

func build(t *testing.T, yaml string) (carriers.Carrier, error) {
	t.Helper()
	c, err := carriertest.Build(Type(), yaml, nil)
	if err == nil {
		t.Cleanup(func() { _ = c.Close(t.Context()) })
	}
	return c, err
}

// listens remembers the last message.
type listens struct {
	carriers.Carrier
	m carriers.Message
}

func (l *listens) Submit(_ context.Context, m carriers.Message) carriers.Result {
	l.m = m
	return carriers.Result{}
}

// TestWhatKannelIsTold: minutes, and percent signs that survive Kannel's replacing.
func TestWhatKannelIsTold(t *testing.T) {
	for _, tt := range []struct {
		url, wantURL   string
		validity, want time.Duration // seconds for type http, minutes for Kannel
	}{
		{"", "", 0, 0},
		{"https://a/r/b/c?k=d", "https://a/r/b/c?k=d&type=%d&fid=%F&answer=%A", time.Second, time.Second},
		{"https://a/r/b%20c/d?k=e", "https://a/r/b%%20c/d?k=e&type=%d&fid=%F&answer=%A", 90 * time.Minute, 90 * time.Second},
		{"https://a/r/b", "https://a/r/b?type=%d&fid=%F&answer=%A", 72 * time.Hour, 4320 * time.Second},
	} {
		l := &listens{}
		c := &Carrier{Carrier: l}
		c.Submit(t.Context(), carriers.Message{ReceiptURL: tt.url, Validity: tt.validity})
		if l.m.ReceiptURL != tt.wantURL || l.m.Validity != tt.want {
			t.Errorf("told %q and %v, want %q and %v", l.m.ReceiptURL, l.m.Validity, tt.wantURL, tt.want)
		}
	}
}

func TestInfo(t *testing.T) {
	c, err := build(t, config+"base_url: http://127.0.0.1:13013\ncodes: {503: carrier_transient}\n")
	if err != nil {
		t.Fatal(err)
	}
	if info := c.Info(); info.Name != "alpha" || info.Type != "kannel" || !info.RefInReceipts || info.Signed {
		t.Errorf("%+v", info)
	}
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	const at = "base_url: http://127.0.0.1:13013\n"
	for yaml, want := range map[string]string{
		config:                                            "base_url: is missing",
		config + "base_url: kannel:13013\n":               "base_url: is not an address",
		config + at + "path: sendsms\n":                   `path: "sendsms" is not a path`,
		config + at + "path: /${password}\n":              "path: ",
		config + at + "method: PUT\n":                     `method: "PUT" is not one of`,
		config + at + "smsc: \"{{text}}\"\n":              "smsc: ",
		at + "username: \"${password}\"\npassword: x\n":   "username: ",
		at + "password: x\n":                              `username: "" is not`,
		at + "username: u\n":                              "password: is missing",
		config + at + "codes: {503: later}\n":             `codes: 503: "later" is not a class`,
		config + at + "submit: {url: http://a.example}\n": "submit",
	} {
		if _, err := build(t, yaml); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", yaml, err, want)
		}
	}
}
