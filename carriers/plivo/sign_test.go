package plivo

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

// judged is a callback and what Plivo's own library says of its signature.
type judged struct {
	Name      string              `json:"name"`
	Method    string              `json:"method"`
	URL       string              `json:"url"`
	Form      map[string][]string `json:"form"`
	Nonce     string              `json:"nonce"`
	Signature string              `json:"signature"`
	Holds     bool                `json:"holds"`
}

const recording = "../../testdata/carriers/plivo/signatures.json"

// TestSignatureAgainstPlivo compares with the recorded judgement of Plivo's own library (signatures.mjs).
func TestSignatureAgainstPlivo(t *testing.T) {
	raw, err := os.ReadFile(recording)
	if err != nil {
		t.Fatal(err)
	}
	var recorded []judged
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	c := &Carrier{token: []byte(token)}
	count := map[bool]int{}
	for _, r := range recorded {
		if _, err := c.verified(callbackOf(t, r)); (err == nil) != r.Holds || err != nil && !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v, and Plivo's library says %v", r.Name, err, r.Holds)
		}
		count[r.Holds]++
	}
	if count[true] < 60 || count[false] < 60 {
		t.Errorf("recorded: %v", count)
	}
}

func callbackOf(t *testing.T, r judged) carriers.Callback {
	t.Helper()
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	cb := carriers.Callback{Method: r.Method, URL: r.URL, Query: u.Query(), Header: http.Header{}, Body: []byte(url.Values(r.Form).Encode())}
	cb.Header.Set("X-Plivo-Signature-V3", r.Signature)
	cb.Header.Set("X-Plivo-Signature-V3-Nonce", r.Nonce)
	return cb
}

// TestCasesForPlivo writes callbacks that are signed here, rightly and not, for signatures.mjs to judge.
func TestCasesForPlivo(t *testing.T) {
	file := os.Getenv("PLIVO_CASES")
	if file == "" {
		t.Skip("PLIVO_CASES names no file")
	}
	c := &Carrier{token: []byte(token)}
	var cases []judged
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[A-Za-z0-9 =&.+%äß€-]{0,12}`)
		r := judged{Method: rapid.SampledFrom([]string{"POST", "POST", "GET"}).Draw(t, "method"), Nonce: rapid.StringMatching(`[0-9]{20}`).Draw(t, "nonce")}
		r.URL = rapid.SampledFrom([]string{"https://sms.example.com", "http://sms.example.com", "https://sms.example.com:8443"}).Draw(t, "host") +
			"/receipts/alpha/" + carriertest.Ref
		query := url.Values{}
		for range rapid.IntRange(0, 3).Draw(t, "query") {
			query.Add(rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "key"), word.Draw(t, "value"))
		}
		if len(query) > 0 {
			r.URL += "?" + query.Encode()
		}
		form := url.Values{}
		if r.Method == http.MethodPost {
			for range rapid.IntRange(0, 6).Draw(t, "form") {
				form.Set(rapid.StringMatching(`[A-Z][a-z]{0,5}`).Draw(t, "key"), word.Draw(t, "value"))
			}
		}
		r.Form, r.Signature = form, sign(c.token, r.URL, form, r.Nonce)
		right := r
		right.Name = "signed here"
		two := r
		two.Name, two.Signature = "after another", "AAAA,"+r.Signature
		other := r
		other.Name, other.Nonce = "other nonce", r.Nonce[1:]
		elsewhere := r
		elsewhere.Name, elsewhere.URL = "other address", "https://other.example.com/x"
		more := r
		more.Name, more.Form = "another parameter", map[string][]string{"Status": {"delivered"}, "Zz": {"1"}}
		cases = append(cases, right, two, other, elsewhere)
		if r.Method == http.MethodPost {
			cases = append(cases, more)
		}
	})
	raw, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestInteropSignatures compares with npm's plivo, which judges but does not sign.
func TestInteropSignatures(t *testing.T) {
	carriertest.Signatures(t, suite(), carriertest.Judged{SDK: "plivo", Secret: token, Signing: "-"})
}
