package generic

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/receipts"
)

func benchCarrier(b *testing.B) carriers.Carrier {
	b.Helper()
	text := strings.ReplaceAll(delta, "{{server}}", "http://127.0.0.1:1")
	c, err := newCarrier("alpha", func(into any) error { return yaml.Unmarshal([]byte(text), into) }, carriers.Env{
		Now: time.Now, Secret: func(ref carriers.Secret) (string, error) { return string([]byte(ref)), nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

const benchReceipt = `{"id":"0123456789abcdef0123456789abcdef","ref":"0123456789abcdef0123","to":"+447700900123","status":"delivered","error_code":null}`

// BenchmarkReceipt is what the listener does with a receipt, net/http and the store left out.
func BenchmarkReceipt(b *testing.B) {
	key := receipts.NewKey([]byte("a key of this benchmark's own"))
	l := receipts.New(receipts.Options{
		Carriers: map[string]carriers.Carrier{"alpha": benchCarrier(b)}, Sink: noSink{}, Key: key, PublicURL: "http://127.0.0.1:8080",
	}).Handler()
	address := key.URL("http://127.0.0.1:8080", "alpha", "0123456789abcdef0123")
	r := httptest.NewRequest(http.MethodPost, address, nil)
	r.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
	r.ContentLength = int64(len(benchReceipt))
	b.ReportAllocs()
	for b.Loop() {
		r.Body = body{strings.NewReader(benchReceipt)}
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		if w.Code != http.StatusNoContent {
			b.Fatal(w.Code, w.Body)
		}
	}
}

type body struct{ *strings.Reader }

func (body) Close() error { return nil }

type noSink struct{}

func (noSink) ApplyReceipts(context.Context, string, string, []carriers.Receipt) error { return nil }

// BenchmarkRequest is what a submit costs before it reaches the client.
func BenchmarkRequest(b *testing.B) {
	c := benchCarrier(b)
	x, ok := c.(struct {
		*carrier
		carriers.Poller
		carriers.Looker
	})
	if !ok {
		b.Fatalf("%T", c)
	}
	base := x.carrier
	m := carriers.Message{
		Ref: "0123456789abcdef0123", To: "+447700900123", From: "+15005550006", Text: "Hello Anna, your order 12345 is ready.", Segments: 1,
		ReceiptURL: "http://127.0.0.1:8080/receipts/alpha/0123456789abcdef0123?k=abcdefghijklmnopqrstuv",
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := base.submit.request(base.submit.values(&m)); err != nil {
			b.Fatal(err)
		}
	}
}
