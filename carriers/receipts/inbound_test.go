package receipts

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// talker is a carrier with both kinds: a line of text that begins with "in " is a message from a person.
type talker struct {
	fake
	signedInbound bool
}

func (f *talker) Info() carriers.Info {
	return carriers.Info{Type: "talker", Signed: f.signed, SignedInbound: f.signedInbound}
}

func (f *talker) Receipts(c carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	if strings.HasPrefix(string(c.Body), "in ") {
		return nil, carriers.Reply{}, carriers.ErrPayload
	}
	return f.fake.Receipts(c)
}

func (f *talker) Inbound(c carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	if f.signedInbound && c.Header.Get("Signature") != "good" {
		return nil, carriers.Reply{}, fmt.Errorf("checking: %w", carriers.ErrSignature)
	}
	text, ok := strings.CutPrefix(string(c.Body), "in ")
	switch {
	case text == "panic":
		panic("a bug")
	case !ok:
		return nil, carriers.Reply{}, carriers.ErrPayload
	}
	return []carriers.Inbound{{ID: "1", From: "+447700900123", Text: text}}, carriers.Reply{Status: 200, Body: "<Response/>"}, nil
}

// ear keeps what it commits.
type ear struct {
	fail error
	mu   sync.Mutex
	got  []string
}

func (e *ear) TakeInbound(_ context.Context, carrier string, in []carriers.Inbound) error {
	if e.fail != nil {
		return e.fail
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, i := range in {
		e.got = append(e.got, carrier+": "+i.Text)
	}
	return nil
}

func TestInbound(t *testing.T) {
	open := strings.TrimPrefix(testKey.InboundURL("https://sms.example.com/", "open"), "https://sms.example.com")
	closed := strings.TrimPrefix(testKey.InboundURL("", "signed"), "")
	for _, c := range []struct {
		name, method, path, signature, body string
		status                              int
		heard, receipts                     int
	}{
		{"unsigned, our address", "POST", open, "", "in STOP", 200, 1, 0},
		{"unsigned, by GET", "GET", open, "", "in STOP", 200, 1, 0},
		{"unsigned, no mac", "POST", "/inbound/open", "", "in STOP", 403, 0, 0},
		{"unsigned, wrong mac", "POST", "/inbound/open?k=AAAAAAAAAAAAAAAAAAAAAA", "", "in STOP", 403, 0, 0},
		{"unsigned, the mac of another carrier", "POST", "/inbound/open?" + closed[strings.Index(closed, "k="):], "", "in STOP", 403, 0, 0},
		{"unsigned, the mac of a receipt", "POST", "/inbound/open?" + path("open", "ref1")[strings.Index(path("open", "ref1"), "k="):], "", "in STOP", 403, 0, 0},
		{"signed", "POST", "/inbound/signed", "good", "in STOP", 200, 1, 0},
		{"signed, our address too", "POST", closed, "good", "in STOP", 200, 1, 0},
		{"signed, wrong mac", "POST", "/inbound/signed?k=AAAAAAAAAAAAAAAAAAAAAA", "good", "in STOP", 403, 0, 0},
		{"signed, wrong signature", "POST", "/inbound/signed", "bad", "in STOP", 403, 0, 0},
		{"our address, wrong signature", "POST", closed, "bad", "in STOP", 403, 0, 0},
		{"signed receipts only, no mac", "POST", "/inbound/half", "good", "in STOP", 403, 0, 0},
		{"a receipt at the inbound address", "POST", "/inbound/signed", "good", "ref1 delivered", 204, 0, 1},
		{"inbound at the receipts' address", "POST", "/receipts/signed", "good", "in STOP", 200, 1, 0},
		{"inbound at an attempt's address", "POST", path("signed", "ref1"), "good", "in STOP", 400, 0, 0},
		{"a receipt at an unsigned inbound address", "POST", open, "", "ref1 delivered", 400, 0, 0},
		{"inbound at unsigned receipts", "POST", path("open", "ref1"), "", "in STOP", 400, 0, 0},
		{"garbage", "POST", "/inbound/signed", "good", "garbage", 400, 0, 0},
		{"a bug", "POST", "/inbound/signed", "good", "in panic", 500, 0, 0},
		{"receipts only", "POST", "/inbound/plain", "", "in STOP", 404, 0, 0},
		{"nobody", "POST", "/inbound/nobody", "", "in STOP", 404, 0, 0},
		{"too deep", "POST", "/inbound/signed/ref1", "good", "in STOP", 404, 0, 0},
		{"another method", "PUT", "/inbound/signed", "good", "in STOP", 405, 0, 0},
		{"too long", "POST", "/inbound/signed", "good", "in " + strings.Repeat("x", 64<<10), 413, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e ear
			var s sink
			o := options(&s)
			o.Inbound = &e
			o.Carriers["open"] = &talker{}
			o.Carriers["half"] = &talker{fake: fake{signed: true}}
			o.Carriers["signed"] = &talker{fake: fake{signed: true}, signedInbound: true}
			l := New(o)
			web := httptest.NewServer(l.Handler())
			defer web.Close()
			status, body, _ := send(t, web.URL, c.method, c.path, c.signature, c.body)
			if status != c.status || len(e.got) != c.heard || len(s.refs()) != c.receipts {
				t.Errorf("%d %q, heard %v, receipts %v", status, body, e.got, s.refs())
			}
			if st := l.Stats(); st.Inbound != int64(c.heard) || st.Receipts != int64(c.receipts) {
				t.Errorf("stats are %+v", st)
			}
		})
	}
}

// What is not committed is not acknowledged.
func TestInboundNotCommitted(t *testing.T) {
	o := options(&sink{})
	o.Inbound = &ear{fail: errors.New("database is locked")}
	o.Carriers["signed"] = &talker{fake: fake{signed: true}, signedInbound: true}
	l := New(o)
	web := httptest.NewServer(l.Handler())
	defer web.Close()
	status, body, h := send(t, web.URL, "POST", "/inbound/signed", "good", "in STOP")
	if status != 503 || h.Get("Retry-After") == "" || strings.Contains(body, "locked") || l.Stats().SinkErrors != 1 {
		t.Errorf("%d %q, stats %+v", status, body, l.Stats())
	}
}

// Without a sink nothing inbound has an address.
func TestInboundWithoutASink(t *testing.T) {
	o := options(&sink{})
	o.Carriers["signed"] = &talker{fake: fake{signed: true}, signedInbound: true}
	web := httptest.NewServer(New(o).Handler())
	defer web.Close()
	if status, _, _ := send(t, web.URL, "POST", "/inbound/signed", "good", "in STOP"); status != 404 {
		t.Errorf("%d", status)
	}
	if status, _, _ := send(t, web.URL, "POST", "/receipts/signed", "good", "in STOP"); status != 400 {
		t.Errorf("%d at the receipts' address", status)
	}
}
