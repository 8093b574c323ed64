package carriertest

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// FuzzReceipts feeds a type's receipt parser, rightly signed and not, from its recorded receipts.
func FuzzReceipts(f *testing.F, s Suite) {
	r := &run{Suite: s, vendor: newVendor(f), log: new(bytes.Buffer)}
	c := r.receiver(f)
	for _, cb := range s.callbacks(f, "receipts") {
		_, query, _ := bytes.Cut([]byte(cb.URL), []byte("?"))
		f.Add(cb.Method, string(query), cb.Header.Get("Content-Type"), cb.Body, true)
	}
	f.Add("POST", "bodySHA256=00", "application/json", []byte(`{"a":[{}]}`), false)
	f.Fuzz(func(t *testing.T, method, query, contentType string, body []byte, sign bool) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return // the listener refuses it
		}
		cb := carriers.Callback{
			Method: method, URL: PublicURL + "/receipts/alpha/" + Ref + "?" + query, Query: values,
			Header: map[string][]string{"Content-Type": {contentType}}, Body: body, Ref: Ref, ReceivedAt: Now(),
		}
		if sign {
			cb = r.signed(cb)
		}
		got, _, err := c.Receipts(cb)
		if err != nil {
			if len(got) > 0 || !errors.Is(err, carriers.ErrPayload) && !errors.Is(err, carriers.ErrSignature) {
				t.Errorf("%d receipts and %v", len(got), err)
			}
			return
		}
		if !sign && s.Sign != nil {
			t.Error("unsigned, and accepted")
		}
		for _, receipt := range got {
			if receipt.State.Rank() == 0 || receipt.Ref == "" && receipt.ID == "" || len(receipt.Raw) > 4<<10 {
				t.Errorf("receipt %+v", receipt)
			}
		}
	})
}
