package smpp

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/warthog618/sms/encoding/tpdu"
	"pgregory.net/rapid"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// composed is what a carrier of that config would send, as the parser reads it.
func composed(t interface {
	Helper()
	Fatal(...any)
}, more string, m carriers.Message,
) []pdu.SM {
	t.Helper()
	c, err := carriertest.Build(Type(), config("127.0.0.1:2775")+more, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, ends, err := c.(*Carrier).compose.compose(&m)
	if err != nil {
		t.Fatal(err)
	}
	var parts []pdu.SM
	r := pdu.NewReader(bytes.NewReader(b))
	for range ends {
		_, body, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		sm, err := pdu.ParseSM(bytes.Clone(body))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, sm)
	}
	return parts
}

func TestAlphabets(t *testing.T) {
	for _, tt := range []struct {
		name, config, text string
		coding             byte
		want               string
	}{
		{"gsm7", "", "£5 @ à", 0, "\x015 \x00 \x7f"},
		{"gsm7 escapes", "", "{€}", 0, "\x1b\x28\x1be\x1b\x29"},
		{"gsm7 at another number", "data_coding: 241\n", "@", 241, "\x00"},
		{"latin1", "alphabet: latin1\n", "£5 à", 3, "\xa35 \xe0"},
		{"latin1 as the default", "alphabet: latin1\ndata_coding: 0\n", "£", 0, "\xa3"},
		{"latin1 without the euro", "alphabet: latin1\n", "€", 8, "\x20\xac"},
		{"latin1 that no phone has in GSM-7", "alphabet: latin1\n", "ê", 8, "\x00\xea"},
		{"ascii", "alphabet: ascii\n", "Hi", 1, "Hi"},
		{"ascii without accents", "alphabet: ascii\n", "é", 8, "\x00\xe9"},
		{"ucs2 always", "alphabet: ucs2\n", "A", 8, "\x00A"},
		{"ucs2 at another number", "alphabet: ucs2\ndata_coding: 24\n", "A", 24, "\x00A"},
		{"beyond the basic plane", "", "😀", 8, "\xd8\x3d\xde\x00"},
	} {
		got := composed(t, tt.config, message(tt.text))
		if len(got) != 1 || got[0].DataCoding != tt.coding || string(got[0].Short) != tt.want {
			t.Errorf("%s: %+v, want %d %q", tt.name, got, tt.coding, tt.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		config, from string
		want         pdu.Address
	}{
		{"", "ACME", pdu.Address{TON: 5, NPI: 0, Addr: "ACME"}},
		{"", "+15005550006", pdu.Address{TON: 1, NPI: 1, Addr: "15005550006"}},
		{"", "447700900123", pdu.Address{TON: 1, NPI: 1, Addr: "447700900123"}},
		{"", "85432", pdu.Address{TON: 3, NPI: 0, Addr: "85432"}},
		{"", "", pdu.Address{}},
		{"from: SHOP\n", "", pdu.Address{TON: 5, NPI: 0, Addr: "SHOP"}},
		{"source_ton: 6\nsource_npi: 9\n", "85432", pdu.Address{TON: 6, NPI: 9, Addr: "85432"}},
	} {
		m := message("x")
		m.From = tt.from
		if got := composed(t, tt.config, m)[0]; got.Source != tt.want {
			t.Errorf("%q with %q: %+v", tt.from, tt.config, got.Source)
		}
	}
	if got := composed(t, "dest_ton: 0\ndest_npi: 0\n", message("x"))[0].Dest; got != (pdu.Address{Addr: "447700900123"}) {
		t.Errorf("%+v", got)
	}
}

func TestValidityAndReceipts(t *testing.T) {
	for _, tt := range []struct {
		config string
		d      time.Duration
		want   string
	}{
		{"", 0, ""},
		{"", 90 * time.Minute, "000000013000000R"},
		{"", 3*24*time.Hour + time.Second, "000003000001000R"},
		{"", 1000 * 24 * time.Hour, "000099000000000R"},
		{"", time.Millisecond, "000000000001000R"},
		{"validity: absolute\n", time.Hour, "260301130000000+"},
		{"validity: none\n", time.Hour, ""},
	} {
		m := message("x")
		m.Validity = tt.d
		if got := composed(t, tt.config, m)[0]; got.ValidityPeriod != tt.want {
			t.Errorf("%v with %q: %q, want %q", tt.d, tt.config, got.ValidityPeriod, tt.want)
		}
	}
	if got := composed(t, "", message("x"))[0]; got.RegisteredDelivery != 1 {
		t.Error("no receipt asked for")
	}
	if got := composed(t, "receipts: {expected: false}\n", message("x"))[0]; got.RegisteredDelivery != 0 {
		t.Error("a receipt asked for that is not expected")
	}
}

// TestLongMessages: another library finds the parts where we put them, and their texts joined are the message.
func TestLongMessages(t *testing.T) {
	narrow, wide := strings.Repeat("Hello [you] ", 40), strings.Repeat("Grüße, Жители 😀! ", 12)
	for _, tt := range []struct {
		mode, text string
		parts      int
	}{
		{"udh", narrow, 4}, {"udh16", narrow, 4}, {"sar", narrow, 4}, {"payload", narrow, 1},
		{"udh", wide, 4}, {"udh16", wide, 4}, {"sar", wide, 4}, {"payload", wide, 1},
	} {
		got := composed(t, "long_messages: "+tt.mode+"\n", message(tt.text))
		if len(got) != tt.parts {
			t.Errorf("%s: %d parts, want %d", tt.mode, len(got), tt.parts)
			continue
		}
		var text []byte
		refs := map[int]bool{}
		for i := range got {
			sm := &got[i]
			var total, part int
			switch tt.mode {
			case "udh", "udh16":
				header := tpdu.UserDataHeader{}
				if _, err := header.UnmarshalBinary(sm.Short); err != nil {
					t.Fatal(err)
				}
				n, p, ref, ok := header.ConcatInfo()
				if !ok || sm.ESMClass != pdu.ESMHeader {
					t.Fatalf("%s: no parts, esm_class %x", tt.mode, sm.ESMClass)
				}
				if refs[ref] = true; len(refs) > 1 {
					t.Errorf("%s: references %v", tt.mode, refs)
				}
				total, part = n, p
				text = append(text, sm.Short[1+int(sm.Short[0]):]...)
			case "sar":
				n, _ := sm.TLVs.Find(pdu.TagSARTotal)
				p, _ := sm.TLVs.Find(pdu.TagSARPart)
				if ref, _ := sm.TLVs.Find(pdu.TagSARReference); len(ref) != 2 || sm.ESMClass != 0 {
					t.Errorf("sar: reference %x, esm_class %x", ref, sm.ESMClass)
				}
				total, part = int(n[0]), int(p[0])
				text = append(text, sm.Short...)
			default:
				if len(sm.Short) != 0 {
					t.Errorf("payload: %d octets in short_message", len(sm.Short))
				}
				total, part, text = 1, 1, sm.Text()
			}
			if total != tt.parts || part != i+1 {
				t.Errorf("%s: part %d of %d, want %d of %d", tt.mode, part, total, i+1, tt.parts)
			}
		}
		d := dialect{alphabet: alphabetGSM7}
		if diff := cmp.Diff(tt.text, d.decode(text, got[0].DataCoding)); diff != "" {
			t.Errorf("%s: %s", tt.mode, diff)
		}
	}
}

// TestSplit: with the usual header texts are cut where intake, which prices them, cuts them.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("abcdefgh 12345.€{}[]~\\^|éàÄñ\n\rß"))).Draw(t, "text")
		if rapid.Bool().Draw(t, "wide") {
			text += rapid.StringOf(rapid.SampledFrom([]rune("abcЖ😀👍🏽👩\u200d👩\u200d👧e\u0301ê "))).Draw(t, "more")
		}
		text = strings.Repeat(text, rapid.IntRange(1, 20).Draw(t, "times"))
		if text == "" {
			return
		}
		size := gsm.Measure(text)
		got := composed(t, "", message(text))
		if len(got) != size.Segments {
			t.Fatalf("%d parts, gsm says %d", len(got), size.Segments)
		}
		if size.Segments > 1 {
			wide := size.Encoding == gsm.UCS2
			if diff := cmp.Diff(gsm.Split(text), split(text, capacity(wide, 6), wide)); diff != "" {
				t.Fatal(diff)
			}
			for _, part := range split(text, capacity(wide, 7), wide) {
				if n := units(part, wide); n == 0 || n > capacity(wide, 7) {
					t.Fatalf("a part of %d units", n)
				}
			}
		}
		for _, sm := range got {
			if len(sm.Short) > 160 {
				t.Fatalf("%d octets", len(sm.Short))
			}
		}
	})
}

func TestWhatCannotBeSent(t *testing.T) {
	c := build(t, "127.0.0.1:1", "")
	for name, m := range map[string]carriers.Message{
		"too many parts": message(strings.Repeat("0123456789", 5000)),
		"long sender":    {Ref: carriertest.Ref, To: "+447700900123", From: strings.Repeat("A", 21), Text: "x"},
	} {
		if r := c.Submit(t.Context(), m); r.Accepted != carriers.No || r.Class != carriers.ClassRequestInvalid {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
