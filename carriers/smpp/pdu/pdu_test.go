package pdu

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	gosmpp "github.com/linxGnu/gosmpp/pdu"
	"pgregory.net/rapid"
)

// drawSM draws a message that the specification allows.
func drawSM(t *rapid.T) SM {
	word := func(most int, name string) string {
		return rapid.StringMatching(`[0-9A-Za-z]{0,`+string(rune('0'+most/10))+string(rune('0'+most%10))+`}`).Draw(t, name)
	}
	octet := func(name string) byte { return rapid.Byte().Draw(t, name) }
	address := func(name string) Address {
		return Address{TON: octet(name + " ton"), NPI: octet(name + " npi"), Addr: word(20, name)}
	}
	m := SM{
		ServiceType: word(5, "service type"), Source: address("source"), Dest: address("dest"),
		ESMClass: octet("esm_class") &^ ESMHeader, ProtocolID: octet("protocol"), Priority: octet("priority"),
		ValidityPeriod: word(16, "validity"), RegisteredDelivery: octet("registered"), Replace: octet("replace"),
		DataCoding: rapid.SampledFrom([]byte{DCDefault, DCASCII, DCLatin1, DCUCS2}).Draw(t, "coding"), // gosmpp reads others as 0
		Short:      rapid.SliceOfN(rapid.Byte(), 0, MaxShort).Draw(t, "short"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "tlvs") {
		m.TLVs = m.TLVs.Append(Tag(rapid.Uint16().Draw(t, "tag")), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value"))
	}
	return m
}

// TestAgainstGosmpp has the other library read what we write, write it again, and us read that.
func TestAgainstGosmpp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawSM(t)
		m.TLVs = nil // gosmpp keeps them in a map: below
		command := rapid.SampledFrom([]Command{SubmitSM, DeliverSM}).Draw(t, "command")
		ours := AppendSM(nil, command, 7, &m)
		theirs, err := gosmpp.Parse(bytes.NewReader(ours))
		if err != nil {
			t.Fatal(err)
		}
		if sm, ok := theirs.(*gosmpp.SubmitSM); ok {
			data, _ := sm.Message.GetMessageData()
			if sm.SourceAddr.Address() != m.Source.Addr || sm.DestAddr.Address() != m.Dest.Addr || sm.EsmClass != m.ESMClass ||
				sm.RegisteredDelivery != m.RegisteredDelivery || sm.ValidityPeriod != m.ValidityPeriod || !bytes.Equal(data, m.Short) {
				t.Fatalf("gosmpp reads %+v of %+v", sm, m)
			}
		}
		buf := gosmpp.NewBuffer(nil)
		theirs.Marshal(buf)
		if !bytes.Equal(buf.Bytes(), ours) {
			t.Fatalf("gosmpp writes\n%x, we\n%x", buf.Bytes(), ours)
		}
	})
}

func TestSMRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawSM(t)
		h, body, err := NewReader(bytes.NewReader(AppendSM(nil, DeliverSM, 9, &m))).Next()
		if err != nil || h.Command != DeliverSM || h.Sequence != 9 {
			t.Fatal(h, err)
		}
		got, err := ParseSM(body)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Short) == 0 {
			m.Short, got.Short = nil, nil
		}
		if len(m.TLVs) == 0 {
			m.TLVs, got.TLVs = nil, nil
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestBindsAndAnswersAgainstGosmpp covers the small PDUs.
func TestBindsAndAnswersAgainstGosmpp(t *testing.T) {
	bind := Bind{SystemID: "gamma", Password: "secret", SystemType: "VMA", Version: Version34, TON: 1, NPI: 1, AddressRange: "447*"}
	tlv := TLVs(nil).Append(TagReceiptedMessageID, []byte("f4241\x00"))
	for name, b := range map[string][]byte{
		"bind_transceiver":  AppendBind(nil, BindTransceiver, 1, bind),
		"bind_transmitter":  AppendBind(nil, BindTransmitter, 1, bind),
		"bind_receiver":     AppendBind(nil, BindReceiver, 1, bind),
		"bind_resp":         AppendAnswer(nil, BindTransceiver, OK, 1, "SMSC", nil),
		"submit_sm_resp":    AppendAnswer(nil, SubmitSM, OK, 2, "f4241", nil),
		"with a parameter":  AppendAnswer(nil, SubmitSM, OK, 2, "f4241", tlv),
		"deliver_sm_resp":   AppendAnswer(nil, DeliverSM, OK, 3, "", nil),
		"enquire_link":      Append(nil, EnquireLink, OK, 4),
		"enquire_link_resp": Append(nil, EnquireLink|Response, OK, 4),
		"unbind":            Append(nil, Unbind, OK, 5),
		"generic_nack":      Append(nil, GenericNack, InvalidCmd, 6),
	} {
		theirs, err := gosmpp.Parse(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		buf := gosmpp.NewBuffer(nil)
		theirs.Marshal(buf)
		if !bytes.Equal(buf.Bytes(), b) {
			t.Errorf("%s: gosmpp writes\n%x, we\n%x", name, buf.Bytes(), b)
		}
	}
	_, body, _ := NewReader(bytes.NewReader(AppendBind(nil, BindTransceiver, 1, bind))).Next()
	if got, err := ParseBind(body); err != nil || got != bind {
		t.Errorf("%+v %v", got, err)
	}
	id, tlvs := ParseAnswer(AppendAnswer(nil, SubmitSM, OK, 2, "f4241", tlv)[HeaderSize:])
	if id != "f4241" || tlvs.String(TagReceiptedMessageID) != "f4241" {
		t.Errorf("%q %x", id, tlvs)
	}
}

// TestReaderTakesPDUsHoweverTheyCome: whole, in pieces, several at once.
func TestReaderTakesPDUsHoweverTheyCome(t *testing.T) {
	long := SM{TLVs: TLVs(nil).Append(TagMessagePayload, bytes.Repeat([]byte("x"), 60_000))}
	stream := Append(nil, EnquireLink, OK, 1)
	stream = AppendSM(stream, DeliverSM, 2, &long)
	stream = AppendAnswer(stream, SubmitSM, OK, 3, "id", nil)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "octet by octet": iotest.OneByteReader, "halves": iotest.HalfReader,
		"error with data": iotest.DataErrReader,
	} {
		r := NewReader(wrap(bytes.NewReader(stream)))
		for want := uint32(1); want <= 3; want++ {
			h, body, err := r.Next()
			if err != nil || h.Sequence != want {
				t.Fatalf("%s: PDU %d: %+v %v", name, want, h, err)
			}
			if sm, err := ParseSM(body); h.Command == DeliverSM && (err != nil || len(sm.Text()) != 60_000) {
				t.Errorf("%s: %d octets, %v", name, len(sm.Text()), err)
			}
			if name == "whole" && r.Buffered() != (want < 3) && want != 1 { // the buffer holds one long PDU at a time
				t.Errorf("after PDU %d: buffered %v", want, r.Buffered())
			}
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: %v at the end", name, err)
		}
	}
	for cut := 1; cut < len(stream); cut += 997 {
		r := NewReader(bytes.NewReader(stream[:cut]))
		var err error
		for err == nil {
			_, _, err = r.Next()
		}
		if err == io.EOF && cut != HeaderSize {
			t.Errorf("cut after %d bytes: a clean end", cut)
		}
	}
}

func TestLengthsThatMakeNoSense(t *testing.T) {
	for _, head := range []string{"\x00\x00\x00\x00", "\x00\x00\x00\x0f", "\x7f\xff\xff\xff", "\xff\xff\xff\xff", "HTTP"} {
		_, _, err := NewReader(strings.NewReader(head + strings.Repeat("\x00", 100))).Next()
		if !errors.Is(err, ErrLength) {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func TestTLVsThatEndEarly(t *testing.T) {
	whole := TLVs(nil).Append(TagMessageState, []byte{2}).Append(TagNetworkError, []byte{3, 0, 11})
	for cut := range whole {
		if v, ok := whole[:cut].Find(TagNetworkError); ok {
			t.Errorf("found %x in %x", v, whole[:cut])
		}
	}
	if v, ok := whole.Find(TagNetworkError); !ok || !bytes.Equal(v, []byte{3, 0, 11}) {
		t.Errorf("%x", v)
	}
}

func TestStatusNames(t *testing.T) {
	for s, want := range map[Status]string{OK: "ESME_ROK", Throttled: "ESME_RTHROTTLED", QueueFull: "ESME_RMSGQFUL", 0x400: "0x00000400"} {
		if s.String() != want {
			t.Errorf("%d: %s", uint32(s), s)
		}
	}
}

// FuzzPDU: nothing that comes makes the reader and the parsers do more than return an error, and what they take they write
// again so that it reads the same.
func FuzzPDU(f *testing.F) {
	sm := SM{Source: Address{1, 1, "447700900123"}, Dest: Address{5, 0, "ACME"}, Short: []byte("id:1 stat:DELIVRD"),
		TLVs: TLVs(nil).Append(TagMessageState, []byte{2})}
	f.Add(AppendSM(nil, DeliverSM, 1, &sm))
	f.Add(AppendSM(AppendAnswer(nil, SubmitSM, Throttled, 2, "", nil), DataSM, 3, &sm))
	f.Add(AppendBind(nil, BindTransceiver, 1, Bind{SystemID: "a"}))
	f.Add([]byte("\x00\x00\x00\x0fgarbage and more garbage"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewReader(bytes.NewReader(stream))
		for {
			h, body, err := r.Next()
			if err != nil {
				return
			}
			if int(h.Length) != len(body)+HeaderSize {
				t.Fatalf("length %d of a body of %d", h.Length, len(body))
			}
			_, tlvs := ParseAnswer(body)
			_ = tlvs.String(TagReceiptedMessageID)
			_, _ = ParseBind(body)
			_, _ = ParseData(body)
			first, err := ParseSM(body)
			if err != nil || len(first.Short) > MaxShort {
				continue
			}
			again, err := ParseSM(AppendSM(nil, DeliverSM, 1, &first)[HeaderSize:])
			if err != nil || !bytes.Equal(first.Text(), again.Text()) || first.Source != again.Source {
				t.Fatalf("%+v reads again as %+v, %v", first, again, err)
			}
		}
	})
}
