package sinch

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

const batchConfig = config + "callback_secret: " + secret + "\nbatch_size: 100\n"

// vendor keeps the batches that it takes, as Sinch does, and lists them.
type vendor struct {
	mu      sync.Mutex
	batches []map[string]any
	lose    bool // the next answer
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Method == http.MethodGet {
		var found []map[string]any
		for _, b := range v.batches {
			if ref := r.URL.Query().Get("client_reference"); ref == "" || ref == b["client_reference"] {
				found = append(found, b)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"count": len(found), "batches": found})
		return
	}
	var b map[string]any
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b["id"] = fmt.Sprintf("b%d", len(v.batches))
	v.batches = append(v.batches, b)
	if v.lose {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(b)
}

func newVendor(t *testing.T) (*vendor, *Carrier) {
	t.Helper()
	v := &vendor{}
	web := httptest.NewServer(v)
	t.Cleanup(web.Close)
	return v, build(t, batchConfig+"base_url: "+web.URL+"\n")
}

func three() []carriers.Message {
	long := strings.Repeat("ü€😀", 60) // 240 characters, as Sinch counts
	ms := []carriers.Message{{Text: long + "A"}, {Text: long + "B"}, {Text: long + "${t0}"}}
	for i := range ms {
		ms[i].Ref, ms[i].To, ms[i].From = fmt.Sprint("0000000ab", i), fmt.Sprint("+44770090010", i), "ACME"
		ms[i].Validity, ms[i].ReceiptURL = time.Hour+time.Duration(i)*time.Millisecond, "https://sms.example.com/receipts/alpha/x?k=y"
	}
	return ms
}

// TestPersonalBatch: every number gets its own text, whole, and the id of its own by which a receipt finds it.
func TestPersonalBatch(t *testing.T) {
	t.Parallel()
	v, c := newVendor(t)
	ms := three()
	for i, r := range c.SubmitBatch(t.Context(), ms) {
		if want := "b0/" + ms[i].To[1:]; r.Accepted != carriers.Yes || r.ID != want {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	if len(v.batches) != 1 {
		t.Fatalf("%d batches", len(v.batches))
	}
	sent := v.batches[0]
	if sent["client_reference"] != "batch."+ms[0].Ref || sent["callback_url"] != carriertest.PublicURL+"/receipts/alpha" ||
		sent["delivery_report"] != "per_recipient_final" || sent["expire_at"] != "2026-03-01T13:00:00.000Z" {
		t.Errorf("%v", sent)
	}
	for _, values := range sent["parameters"].(map[string]any) {
		for _, piece := range values.(map[string]any) {
			if n := len([]rune(piece.(string))); n > maxValue {
				t.Errorf("a parameter of %d characters", n)
			}
		}
	}
	got, _, err := (&Carrier{Account: c.Account}).Receipts(carriers.Callback{
		Body: []byte(`{"batch_id":"b0","recipient":"447700900101","client_reference":"batch.0000000ab0","status":"Delivered"}`),
	})
	if err != nil || got[0].Ref != "" || got[0].ID != "b0/447700900101" || got[0].To != ms[1].To {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestBatchIsFoundAgain: of a batch whose answer was lost each message is found by its number and text, and what is in none
// is proved absent.
func TestBatchIsFoundAgain(t *testing.T) {
	t.Parallel()
	v, c := newVendor(t)
	v.lose = true
	ms := three()
	for _, r := range c.SubmitBatch(t.Context(), ms) {
		if r.Accepted != carriers.Unknown {
			t.Errorf("%+v", r)
		}
	}
	ask := func(m carriers.Message) carriers.Finding {
		t.Helper()
		f, err := c.Lookup(t.Context(), carriers.Submitted{Ref: m.Ref, To: m.To, From: m.From, Text: m.Text, At: carriertest.Now().Add(-time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, m := range ms {
		if f := ask(m); f.Verdict != carriers.Found || f.ID != "b0/"+m.To[1:] {
			t.Errorf("%s: %+v", m.To, f)
		}
	}
	other := ms[1]
	other.Ref, other.Text = "0000000abx", "another text"
	if f := ask(other); f.Verdict != carriers.Absent {
		t.Errorf("%+v", f)
	}
}

// TestBatchesApart: what differs in what a batch has but once does not share one.
func TestBatchesApart(t *testing.T) {
	t.Parallel()
	_, c := newVendor(t)
	ms := append(three(), three()...)
	ms[1].From, ms[2].Validity, ms[4].Text = "OTHER", 2*time.Hour, "short"
	want := [][]int{{0}, {1}, {2}, {3, 5}, {4}} // 3, 4 and 5 are numbers that came before; 4 is shorter than the others
	if diff := cmp.Diff(want, c.groups(ms)); diff != "" {
		t.Error(diff)
	}
	if n := build(t, config).BatchSize(); n != 1 {
		t.Errorf("without signed callbacks: %d", n)
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", strings.Repeat("a", 160), strings.Repeat("a", 161), strings.Repeat("😀", 200), strings.Repeat("€", 480)} {
		all := pieces(text)
		if strings.Join(all, "") != text {
			t.Errorf("%q comes back as %q", text, all)
		}
	}
}
