package receipts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

var testKey = NewKey([]byte("a key of this test's own"))

// fake is a carrier whose receipts are a line of text, "REF STATE", signed by a header that says so.
type fake struct {
	carriers.Carrier
	signed bool
	seen   func(carriers.Callback)
}

func (f *fake) Info() carriers.Info { return carriers.Info{Type: "fake", Signed: f.signed} }

func (f *fake) Receipts(c carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	if f.seen != nil {
		f.seen(c)
	}
	if f.signed && c.Header.Get("Signature") != "good" {
		return nil, carriers.Reply{}, fmt.Errorf("checking: %w", carriers.ErrSignature)
	}
	ref, state, ok := strings.Cut(string(c.Body), " ")
	switch {
	case string(c.Body) == "panic":
		panic("a bug")
	case string(c.Body) == "fail":
		return nil, carriers.Reply{}, errors.New("a fault")
	case string(c.Body) == "nothing":
		return nil, carriers.Reply{Status: http.StatusOK, ContentType: "text/xml", Body: "<Response/>"}, nil
	case !ok:
		return nil, carriers.Reply{}, carriers.ErrPayload
	}
	return []carriers.Receipt{{Ref: ref, State: carriers.ReceiptState(state)}}, carriers.Reply{}, nil
}

// sink keeps what it commits.
type sink struct {
	apply func(ctx context.Context) error // what happens first
	mu    sync.Mutex
	got   []carriers.Receipt
}

func (s *sink) ApplyReceipts(ctx context.Context, carrier, via string, rs []carriers.Receipt) error {
	if s.apply != nil {
		if err := s.apply(ctx); err != nil {
			return err
		}
	}
	if carrier == "" || via != Via {
		return fmt.Errorf("from %q via %q", carrier, via)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, rs...)
	return nil
}

func (s *sink) refs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, len(s.got))
	for i, r := range s.got {
		out[i] = r.Ref
	}
	return out
}

// noReceiver is a carrier without callbacks.
type noReceiver struct{ carriers.Carrier }

func options(s Sink) Options {
	return Options{
		Carriers: map[string]carriers.Carrier{
			"signed": &fake{signed: true}, "plain": &fake{}, "odd name": &fake{}, "mute": noReceiver{},
		},
		Sink: s, Key: testKey, PublicURL: "https://sms.example.com",
	}
}

// path is the part of an address that reaches the listener.
func path(carrier, ref string) string { return testKey.URL("", carrier, ref) }

func send(t *testing.T, base, method, path, signature, body string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Signature", signature)
	resp, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}
