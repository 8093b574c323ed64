package carriertest

import (
	"strings"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// overrides writes `states:` and `codes:` into the config: the vendor's word and code must then mean what stands there,
// and a meaning that is none must be refused.
func (r *run) overrides(t *testing.T) {
	if len(r.States) == 0 || r.Callback == nil {
		t.Skip("receipts of this type do not come by HTTP")
	}
	word := ""
	for w, state := range r.States {
		if state == carriers.ReceiptDelivered && (word == "" || w < word) {
			word = w
		}
	}
	config := strings.ReplaceAll(r.Config, "{{server}}", r.vendor.URL)
	c := New[carriers.Receiver](t, r.Type, config+"\nstates: {\""+word+"\": sent, \"frobnicated\": delivered}\n")
	for w, want := range map[string]carriers.ReceiptState{word: carriers.ReceiptSent, "frobnicated": carriers.ReceiptDelivered} {
		got, _, err := c.Receipts(r.signed(r.Callback(w)))
		if err != nil || len(got) != 1 || got[0].State != want {
			t.Errorf("%s overridden as %s: %+v %v", w, want, got, err)
		}
	}
	wrong := map[string]string{config + "\nstates: {x: arrived}\n": `"arrived" is not a state`}
	if !strings.Contains(config, "\ncodes:") {
		wrong[config+"\ncodes: {x: broken}\n"] = `"broken" is not a class`
	}
	ConfigErrors(t, r.Type, wrong, r.Secrets...)
}
