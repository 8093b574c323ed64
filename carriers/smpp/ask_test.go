package smpp

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// TestCheck: a question is one bind, which says whether the credentials are taken, and nothing secret.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config string
		status pdu.Status // instead of what the center would say
		auth   bool
		fails  bool
	}{
		"taken":                   {"", 0, false, false},
		"taken, two binds":        {"bind: transmitter+receiver\n", 0, false, false},
		"password refused":        {"", pdu.BadPassword, true, true},
		"system_id refused":       {"", pdu.BadSystemID, true, true},
		"refused for good":        {"", pdu.BindFailed, true, true},
		"refused for the present": {"", pdu.SystemError, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCenter(t, "")
			if c.status != 0 {
				s.bind = func(pdu.Command, pdu.Bind) pdu.Status { return c.status }
			}
			_, err := build(t, s.address, c.config).Check(t.Context())
			if (err != nil) != c.fails || errors.Is(err, carriers.ErrAuth) != c.auth {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("the password is in %v", err)
			}
			if n := s.tried(); n != 1 {
				t.Errorf("%d binds", n)
			}
		})
	}
}

// TestCheckOfNobody: where nobody answers nothing is learned of the credentials.
func TestCheckOfNobody(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := build(t, address, "").Check(t.Context()); err == nil || errors.Is(err, carriers.ErrAuth) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := build(t, address, "").Check(ctx); err == nil {
		t.Error("a cancelled question was answered")
	}
}

// TestReread: what is kept of a receipt says what the receipt said, by text and by TLV, and by the tables that hold now.
func TestReread(t *testing.T) {
	t.Parallel()
	c := build(t, "127.0.0.1:1", "")
	tlvs := pdu.TLVs(nil).Append(pdu.TagReceiptedMessageID, []byte("tlv-1\x00")).Append(pdu.TagMessageState, []byte{5})
	for text := range recorded(t) {
		for _, with := range []pdu.TLVs{nil, tlvs} {
			sm := &pdu.SM{Short: []byte(text), TLVs: with}
			want := c.dialect.receipt(sm).Receipt
			if parseReceipt(sm.Text()).stat == "" && with == nil {
				continue
			}
			got, err := c.Reread(raw(sm))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%q with %x: %v %s", text, []byte(with), err, diff)
			}
		}
	}
	const odd = "id:7 sub:001 dlvrd:000 submit date:2603011159 done date:2603011200 stat:VENDOR err:000 text:"
	mended := build(t, "127.0.0.1:1", "states: {VENDOR: delivered}\n")
	if got, err := mended.Reread([]byte(odd)); err != nil || got.State != carriers.ReceiptDelivered {
		t.Errorf("a state that the config has got to know: %+v, %v", got, err)
	}
	if got, err := c.Reread([]byte(odd)); err != nil || got.State != carriers.ReceiptUnknown {
		t.Errorf("a state that nobody knows: %+v, %v", got, err)
	}
	for _, broken := range []string{"", "hello", "id:1 stat:DELIVRD [tlv 00", "x [tlv 0]", "x [tlv zz]"} {
		got, err := c.Reread([]byte(broken))
		if strings.Contains(broken, "DELIVRD") { // cut off in its parameters, the text still says it
			if err != nil || got.State != carriers.ReceiptDelivered {
				t.Errorf("%q: %+v, %v", broken, got, err)
			}
			continue
		}
		if !errors.Is(err, carriers.ErrPayload) {
			t.Errorf("%q: %+v, %v", broken, got, err)
		}
	}
}
