package smpp

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

const recipient = "+447700900123"

func bookWith(mode string, ids ...string) *book {
	b := newBook(mode)
	for _, id := range ids {
		b.taken(jobTo(recipient), id)
	}
	return b
}

func jobTo(to string) *job {
	return newJob(&carriers.Message{Ref: "0h8k2m4n6p8q", To: to}, nil, []int{1})
}

func noticeOf(tlv, text string) notice {
	return notice{tlvID: tlv, textID: text, addresses: []string{"447700900123", "ACME"}}
}

// TestIDs: the id in a receipt becomes the one that was in the answer, or stays nobody's.
func TestIDs(t *testing.T) {
	for _, tt := range []struct {
		name, mode string
		answers    []string
		tlv, text  string
		want       string
	}{
		{"same", "same", []string{"F4241"}, "", "F4241", "F4241"},
		{"same to the letter", "same", []string{"000F4241"}, "", "000F4241", "000F4241"},
		{"same, the parameter first", "same", nil, "abc", "xyz", "abc"},
		{"hex in the answer", "resp_hex", []string{"F4241"}, "", "1000001", "f4241"},
		{"hex in the answer, padded", "resp_hex", []string{"00F4241"}, "", "0001000001", "f4241"},
		{"hex in the answer, all digits", "resp_hex", []string{"10"}, "", "16", "10"},
		{"hex in the answer, the parameter alone", "resp_hex", nil, "1000001", "", "f4241"},
		{"hex in the receipt", "resp_dec", []string{"1000001"}, "", "F4241", "1000001"},
		{"an UUID is no number", "resp_hex", nil, "", "7b5a0c5e-1f65-4a8e-9d2c-0a7c2f1b3d4e", "7b5a0c5e-1f65-4a8e-9d2c-0a7c2f1b3d4e"},
		{"more than 64 bits", "resp_hex", nil, "", "99999999999999999999999999", "99999999999999999999999999"},
		{"found out: same", "auto", []string{"1000001"}, "", "1000001", "1000001"},
		{"found out: padded", "auto", []string{"1000001"}, "", "0001000001", "1000001"},
		{"found out: capitals", "auto", []string{"F4241"}, "", "f4241", "f4241"},
		{"found out: hex in the answer", "auto", []string{"f4241"}, "", "1000001", "f4241"},
		{"found out: hex in the receipt", "auto", []string{"1000001"}, "", "f4241", "1000001"},
		{"found out: the parameter is the answer's", "auto", []string{"f4241"}, "f4241", "1000001", "f4241"},
		{"found out: of nobody known", "auto", []string{"5"}, "", "1000001", "1000001"},
		{"found out: of two", "auto", []string{"16", "10"}, "", "16", ""},
		{"of an UUID", "auto", []string{"7B5A-0c5e"}, "", "7B5A-0c5e", "7B5A-0c5e"},
		{"none", "auto", []string{"1"}, "", "", ""},
		{"zero", "auto", nil, "", "000", "0"},
	} {
		if got := bookWith(tt.mode, tt.answers...).resolve(noticeOf(tt.tlv, tt.text)); got.ID != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got.ID, tt.want)
		}
	}
}

// TestAutoComparesTheRecipient: an id that fits a message to somebody else is not that message's.
func TestAutoComparesTheRecipient(t *testing.T) {
	b := newBook("auto")
	b.taken(jobTo("+447700900999"), "1000001") // the trap: all digits, as the decimal form of another
	b.taken(jobTo(recipient), "f4241")
	if got := b.resolve(noticeOf("", "1000001")); got.ID != "f4241" {
		t.Errorf("%q", got.ID)
	}
	national := notice{textID: "1000001", addresses: []string{"ACME", "07700900123"}} // swapped, and without the country
	if got := b.resolve(national); got.ID != "f4241" {
		t.Errorf("%q", got.ID)
	}
}

// TestOneIDForTwoMessages: a receipt that could be of two messages is nobody's.
func TestOneIDForTwoMessages(t *testing.T) {
	b := newBook("auto")
	b.taken(jobTo(recipient), "123")
	other := jobTo(recipient)
	other.ref = "another"
	b.taken(other, "123")
	if got := b.resolve(noticeOf("", "123")); got.ID != "" || got.Ref != "" {
		t.Errorf("%+v", got)
	}
}

// TestAutoLearns: once enough receipts agree, those of messages that are not known here are read in the same way.
func TestAutoLearns(t *testing.T) {
	for _, tt := range []struct {
		how            string
		answer, notice int // bases
		want           string
	}{{idSame, 10, 10, "1000001"}, {idRespHex, 16, 10, "f4241"}, {idRespDec, 10, 16, "16777217"}} {
		b := newBook("auto")
		for i := range int64(votes) {
			n := 0xabcdef00 + i
			b.taken(jobTo(recipient), strconv.FormatInt(n, tt.answer))
			if got := b.resolve(noticeOf("", strconv.FormatInt(n, tt.notice))); got.ID != strconv.FormatInt(n, tt.answer) {
				t.Fatalf("%s: %q", tt.how, got.ID)
			}
		}
		if b.mode != tt.how {
			t.Errorf("learnt %s, want %s", b.mode, tt.how)
		}
		if got := b.resolve(noticeOf("", "1000001")); got.ID != tt.want {
			t.Errorf("%s: of a message of another process %q, want %q", tt.how, got.ID, tt.want)
		}
	}
}

// TestAutoLearnsNothingFromDigits: what reads alike in both bases is no evidence.
func TestAutoLearnsNothingFromDigits(t *testing.T) {
	b := newBook("auto")
	for i := range 3 * votes {
		id := strconv.Itoa(1 + i%9)
		b.taken(jobTo(recipient), id)
		if got := b.resolve(noticeOf("", "00"+id)); got.ID != id {
			t.Fatalf("%q", got.ID)
		}
	}
	if b.mode != idAuto {
		t.Errorf("learnt %s", b.mode)
	}
}

// TestBookForgets: memory is bounded, however many messages there are.
func TestBookForgets(t *testing.T) {
	b := newBook("auto")
	for i := range 3 * generation {
		b.taken(jobTo(recipient), fmt.Sprintf("id-%d", i))
	}
	if len(b.now)+len(b.old) > 2*generation {
		t.Errorf("%d ids", len(b.now)+len(b.old))
	}
	for i := range 2 * earlyMost {
		b.resolve(noticeOf("", fmt.Sprintf("none-%d", i)))
	}
	if len(b.early)+len(b.earlier) > 2*earlyMost {
		t.Errorf("%d early receipts", len(b.early)+len(b.earlier))
	}
}

// TestAllThatWasSaidBefore: none of several receipts that came before the answer is lost.
func TestAllThatWasSaidBefore(t *testing.T) {
	b := newBook("auto")
	for _, state := range []carriers.ReceiptState{carriers.ReceiptDelivered, carriers.ReceiptSent} {
		n := noticeOf("", "1000001")
		n.State = state
		b.resolve(n)
	}
	failed := noticeOf("", "1000002")
	failed.State = carriers.ReceiptFailed
	b.resolve(failed)
	_, early := b.taken(jobTo(recipient), "f4241")
	for i := range votes { // what is found out meanwhile changes nothing for it
		n := strconv.Itoa(0xabcdef00 + i)
		b.taken(jobTo(recipient), strconv.FormatInt(int64(0xabcdef00+i), 16))
		b.resolve(noticeOf("", n))
	}
	if _, again := b.taken(jobTo(recipient), "f4242"); b.mode != idRespHex || len(again) != 1 || again[0].State != carriers.ReceiptFailed {
		t.Errorf("%s: %+v", b.mode, again)
	}
	if len(early) != 2 || early[0].State != carriers.ReceiptDelivered || early[0].ID != "f4241" || early[1].State != carriers.ReceiptSent {
		t.Errorf("%+v", early)
	}
}

// TestReceiptBeforeTheAnswer: it is handed on as it came, and again under the message's own id and our reference.
func TestReceiptBeforeTheAnswer(t *testing.T) {
	s := newCenter(t, "")
	s.submit = func(_ *pdu.SM, answer func(smsc.Answer)) {
		s.Deliver(systemID, receiptFor("1000001", "DELIVRD"), func() { answer(smsc.Answer{ID: "f4241"}) })
	}
	c := build(t, s.address, "")
	d := run(t, c)
	if r := c.Submit(t.Context(), message("Hello")); r.ID != "f4241" {
		t.Fatalf("%+v", r)
	}
	if r := d.next(t); r.ID != "1000001" || r.Ref != "" {
		t.Errorf("%+v", r)
	}
	if r := d.next(t); r.ID != "f4241" || r.Ref != message("").Ref || r.State != carriers.ReceiptDelivered {
		t.Errorf("%+v", r)
	}
}
