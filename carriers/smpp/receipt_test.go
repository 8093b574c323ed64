package smpp

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

const fixtures = "../../testdata/carriers/smpp/receipts.txt"

// recorded returns the texts of the fixtures and what stands in them.
func recorded(t testing.TB) map[string]stated {
	t.Helper()
	b, err := os.ReadFile(fixtures)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]stated{}
	var want *stated
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		if want != nil {
			texts[line], want = *want, nil
			continue
		}
		if rest, ok := strings.CutPrefix(line, "id: "); ok {
			f := strings.Split(strings.ReplaceAll(" "+rest+" ", " - ", "  "), " | ")
			if len(f) != 4 {
				t.Fatalf("%q: %d columns", line, len(f))
			}
			for i := range f {
				f[i] = strings.TrimSpace(f[i])
			}
			want = &stated{id: f[0], stat: f[1], err: f[2], done: f[3]}
		}
	}
	return texts
}

func TestReceiptTexts(t *testing.T) {
	texts := recorded(t)
	if len(texts) < 15 {
		t.Errorf("%d fixtures", len(texts))
	}
	for text, want := range texts {
		if diff := cmp.Diff(want, parseReceipt([]byte(text)), cmp.AllowUnexported(stated{})); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

// TestReceiptTextsInAllForms: whatever the order, the case and the spaces, the fields come out as they went in.
func TestReceiptTextsInAllForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := stated{
			id:   rapid.StringMatching(`[0-9a-fA-F]{1,20}|[0-9A-Z]{5}-[0-9A-Z]{5}`).Draw(t, "id"),
			stat: rapid.StringMatching(`[A-Z]{4,9}`).Draw(t, "stat"),
			err:  rapid.StringMatching(`[0-9A-F]{0,3}`).Draw(t, "err"),
			done: rapid.StringMatching(`[0-9]{10}([0-9]{2})?`).Draw(t, "done"),
		}
		date := rapid.SampledFrom([]string{" date", "date", " Date"}).Draw(t, "date")
		fields := rapid.Permutation([]string{
			"id:" + want.id, "sub:001", "dlvrd:001", "submit" + date + ":2603011200", "done" + date + ":" + want.done,
			"stat:" + want.stat, "err:" + want.err,
		}).Draw(t, "order")
		space := rapid.SampledFrom([]string{" ", "  ", "\n", " \t"}).Draw(t, "space")
		text := strings.Join(fields, space)
		if rapid.Bool().Draw(t, "padded") {
			text = strings.ReplaceAll(text, ":", ": ")
		}
		if rapid.Bool().Draw(t, "with text") {
			text += space + rapid.SampledFrom([]string{"text", "Text", "TEXT"}).Draw(t, "key") + ":" + rapid.String().Draw(t, "message")
		}
		if diff := cmp.Diff(want, parseReceipt([]byte(text)), cmp.AllowUnexported(stated{})); diff != "" {
			t.Fatalf("%q\n%s", text, diff)
		}
	})
}

func FuzzReceiptText(f *testing.F) {
	for text := range recorded(f) {
		f.Add([]byte(text))
	}
	c, err := carriertest.Build(Type(), config("127.0.0.1:2775")+"time_zone: UTC\n", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, field := range []string{parseReceipt(text).id, parseReceipt(text).stat, parseReceipt(text).err} {
			if field != strings.Trim(field, " \t\r\n\x00") || !strings.Contains(string(text), field) {
				t.Errorf("%q in %q", field, text)
			}
		}
		r := c.(*Carrier).dialect.receipt(&pdu.SM{ESMClass: pdu.ESMReceipt, Short: text, TLVs: pdu.TLVs(text)})
		if r.State.Rank() == 0 || len(r.Detail) > 100 || !carriers.Class.Known(r.Class) && r.Class != "" {
			t.Errorf("%+v", r)
		}
	})
}

// TestReceiptStates: what words, numbers and codes mean, and which of them counts.
func TestReceiptStates(t *testing.T) {
	state := func(n byte) pdu.TLVs { return pdu.TLVs(nil).Append(pdu.TagMessageState, []byte{n}) }
	network := func(v string) pdu.TLVs { return pdu.TLVs(nil).Append(pdu.TagNetworkError, []byte(v)) }
	for _, tt := range []struct {
		name, config, text string
		tlvs               pdu.TLVs
		state              carriers.ReceiptState
		class              carriers.Class
		code               string
	}{
		{"delivered", "", "id:1 stat:DELIVRD err:000", nil, carriers.ReceiptDelivered, "", "000"},
		{"small letters", "", "id:1 stat:delivrd", nil, carriers.ReceiptDelivered, "", ""},
		{"expired", "", "id:1 stat:EXPIRED err:012", nil, carriers.ReceiptExpired, carriers.ClassExpired, "012"},
		{"undelivered", "", "id:1 stat:UNDELIV err:012", nil, carriers.ReceiptUndelivered, carriers.ClassRecipientUnreachable, "012"},
		{"the vendor's code", "codes: {err/012: recipient_invalid}\n", "id:1 stat:UNDELIV err:012", nil, carriers.ReceiptUndelivered,
			carriers.ClassRecipientInvalid, "012"},
		{"the network's code", "codes: {net/11: recipient_blocked}\n", "id:1 stat:UNDELIV err:000", network("\x03\x00\x0b"),
			carriers.ReceiptUndelivered, carriers.ClassRecipientBlocked, "11"},
		{"the network's code as text", "", "id:1 stat:UNDELIV", network("011"), carriers.ReceiptUndelivered,
			carriers.ClassRecipientUnreachable, "011"},
		{"a word of the config", "states: {WENT: sent}\n", "id:1 stat:WENT", nil, carriers.ReceiptSent, "", ""},
		{"another meaning", "states: {ACCEPTD: delivered}\n", "id:1 stat:ACCEPTD", nil, carriers.ReceiptDelivered, "", ""},
		{"a class for a word", "codes: {stat/REJECTD: content_rejected}\n", "id:1 stat:REJECTD", nil, carriers.ReceiptRejected,
			carriers.ClassContentRejected, ""},
		{"no such word", "", "id:1 stat:FOO err:001", nil, carriers.ReceiptUnknown, "", "001"},
		{"no word", "", "", nil, carriers.ReceiptUnknown, "", ""},
		{"unknown is not failed", "", "id:1 stat:UNKNOWN", nil, carriers.ReceiptUnknown, "", ""},
		{"the parameter alone", "", "", state(2), carriers.ReceiptDelivered, "", ""},
		{"rejected", "", "", state(8), carriers.ReceiptRejected, carriers.ClassUnknown, ""},
		{"on its way", "", "", state(1), carriers.ReceiptQueued, "", ""},
		{"scheduled", "", "", state(0), carriers.ReceiptQueued, "", ""},
		{"a number of nobody", "", "id:1 stat:DELIVRD", state(77), carriers.ReceiptDelivered, "", ""},
		{"the parameter counts more", "", "id:1 stat:UNDELIV", state(2), carriers.ReceiptDelivered, "", ""},
		{"only the text knows the end", "", "id:1 stat:DELIVRD", state(1), carriers.ReceiptDelivered, "", ""},
	} {
		c := build(t, "127.0.0.1:2775", tt.config)
		sm := pdu.SM{ESMClass: pdu.ESMReceipt, Short: []byte(tt.text), TLVs: tt.tlvs}
		if r := c.dialect.receipt(&sm); r.State != tt.state || r.Class != tt.class || r.Code != tt.code {
			t.Errorf("%s: %s %q %q (%s), want %s %q %q", tt.name, r.State, r.Class, r.Code, r.Detail, tt.state, tt.class, tt.code)
		}
	}
}

func TestReceiptDates(t *testing.T) {
	for text, want := range map[string]string{
		"2603011201": "2026-03-01T12:01:00+01:00", "260301120130": "2026-03-01T12:01:30+01:00",
		"20260301120130": "2026-03-01T12:01:30+01:00", "26": "", "9999999999": "",
	} {
		c := build(t, "127.0.0.1:2775", "time_zone: Europe/Berlin\n")
		at := c.dialect.date(text)
		if got := at.Format(time.RFC3339); got != want && !(want == "" && at.IsZero()) {
			t.Errorf("%s: %s", text, got)
		}
	}
	if at := build(t, "127.0.0.1:2775", "").dialect.date("2603011201"); !at.IsZero() {
		t.Errorf("without a zone: %v", at)
	}
}

func TestReceiptPayload(t *testing.T) {
	c := build(t, "127.0.0.1:2775", "")
	sm := smsc.Receipt{ID: "42", TLVID: "2a", From: "447700900123", To: "ACME", Word: "DELIVRD", State: 2, Err: "000",
		At: carriertest.Now()}.SM()
	r := c.dialect.receipt(sm)
	want := "id:42 sub:001 dlvrd:001 submit date:2603011200 done date:2603011200 stat:DELIVRD err:000 text:" +
		" [tlv 001e00033261000427000102]"
	if string(r.Raw) != want || r.tlvID != "2a" || r.textID != "42" || r.To != "+447700900123" {
		t.Errorf("%+v\n%s\n%s", r, r.Raw, want)
	}
	payload := pdu.SM{ESMClass: pdu.ESMReceipt, TLVs: pdu.TLVs(nil).Append(pdu.TagMessagePayload, []byte("id:7 stat:EXPIRED err:1"))}
	if r := c.dialect.receipt(&payload); r.textID != "7" || r.State != carriers.ReceiptExpired {
		t.Errorf("in message_payload: %+v", r)
	}
}
