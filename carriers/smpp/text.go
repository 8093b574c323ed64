package smpp

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

const (
	alphabetGSM7   = "gsm7" // one septet an octet, not packed
	alphabetLatin1 = "latin1"
	alphabetASCII  = "ascii"
	alphabetUCS2   = "ucs2"

	validityRelative = "relative"
	validityAbsolute = "absolute"
	validityNone     = "none"

	maxParts = 255
)

// composer writes messages as one carrier wants them.
type composer struct {
	cfg      Config
	narrow   byte // data_coding of texts in cfg.Alphabet
	wide     byte // data_coding of all others
	sender   string
	receipts byte // registered_delivery
	now      func() time.Time
	ref      atomic.Uint32 // of long messages
}

func newComposer(cfg Config, sender string, now func() time.Time) *composer {
	c := &composer{cfg: cfg, sender: sender, now: now, receipts: 1, wide: pdu.DCUCS2}
	c.narrow = map[string]byte{alphabetGSM7: pdu.DCDefault, alphabetLatin1: pdu.DCLatin1, alphabetASCII: pdu.DCASCII}[cfg.Alphabet]
	if cfg.DataCoding != nil && cfg.Alphabet == alphabetUCS2 {
		c.wide = byte(*cfg.DataCoding)
	} else if cfg.DataCoding != nil {
		c.narrow = byte(*cfg.DataCoding)
	}
	if cfg.Receipts.Expected != nil && !*cfg.Receipts.Expected {
		c.receipts = 0
	}
	c.ref.Store(uint32(now().UnixNano() >> 10)) // two runs in a row should not begin with the same reference
	return c
}

// compose writes the submit_sm PDUs of a message behind one another, without sequence numbers, and returns where each
// ends.
func (c *composer) compose(m *carriers.Message) (b []byte, ends []int, err error) {
	from := m.From
	if from == "" {
		from = c.sender
	}
	sm := pdu.SM{
		ServiceType: c.cfg.ServiceType, Source: c.source(from), Dest: c.dest(m.To),
		RegisteredDelivery: c.receipts, ValidityPeriod: c.validity(m.Validity),
	}
	if len(sm.Source.Addr) > 20 || len(sm.Dest.Addr) > 20 {
		return nil, nil, fmt.Errorf("an address is longer than the protocol's 20 characters")
	}
	narrow := c.encoder(m.Text)
	pieces := []string{m.Text}
	long := units(m.Text, narrow == nil) > capacity(narrow == nil, 0)
	if long && c.cfg.LongMessages != longPayload {
		pieces = split(m.Text, capacity(narrow == nil, c.header()), narrow == nil)
	}
	if len(pieces) > maxParts {
		return nil, nil, fmt.Errorf("%d parts are more than a long message can have", len(pieces))
	}
	ref := uint16(0)
	if len(pieces) > 1 {
		ref = uint16(c.ref.Add(1))
	}
	b, ends = make([]byte, 0, len(pieces)*(len(m.Text)/len(pieces)+96)), make([]int, 0, len(pieces))
	for i, piece := range pieces {
		sm.ESMClass, sm.DataCoding, sm.TLVs = 0, c.wide, nil
		if narrow != nil {
			sm.Short, sm.DataCoding = narrow(piece), c.narrow
		} else {
			sm.Short = ucs2(piece)
		}
		switch {
		case len(pieces) > 1:
			c.mark(&sm, ref, len(pieces), i+1)
		case long:
			sm.Short, sm.TLVs = nil, sm.TLVs.Append(pdu.TagMessagePayload, sm.Short)
		}
		b = pdu.AppendSM(b, pdu.SubmitSM, 0, &sm)
		ends = append(ends, len(b))
	}
	return b, ends, nil
}

// mark makes a PDU part i of n.
func (c *composer) mark(sm *pdu.SM, ref uint16, n, i int) {
	switch c.cfg.LongMessages {
	case longSAR:
		sm.TLVs = sm.TLVs.Append(pdu.TagSARReference, binary.BigEndian.AppendUint16(nil, ref)).
			Append(pdu.TagSARTotal, []byte{byte(n)}).Append(pdu.TagSARPart, []byte{byte(i)})
	case longUDH16:
		sm.ESMClass = pdu.ESMHeader
		sm.Short = append([]byte{6, 8, 4, byte(ref >> 8), byte(ref), byte(n), byte(i)}, sm.Short...)
	default:
		sm.ESMClass = pdu.ESMHeader
		sm.Short = append([]byte{5, 0, 3, byte(ref), byte(n), byte(i)}, sm.Short...)
	}
}

// header is how many octets a user data header takes from each part.
func (c *composer) header() int {
	if c.cfg.LongMessages == longUDH16 {
		return 7
	}
	return 6
}

// capacity is how many units an SMS holds beside a header. Whatever alphabet a text travels in to the message center, on
// the air it is GSM-7 or UCS-2.
func capacity(wide bool, header int) int {
	if wide {
		return (140 - header) / 2
	}
	return (140 - header) * 8 / 7
}

// units is the length of a text on the air.
func units(text string, wide bool) (n int) {
	for _, r := range text {
		if wide {
			n += utf16.RuneLen(r)
		} else {
			n += gsm.Septets(r)
		}
	}
	return n
}

// split cuts a text into parts of at most size units. A surrogate pair, an escape sequence and, where it fits a part at
// all, a grapheme cluster stay whole.
func split(text string, size int, wide bool) (parts []string) {
	start, used, state := 0, 0, -1
	for at := 0; at < len(text); {
		var cluster string
		cluster, _, _, state = uniseg.FirstGraphemeClusterInString(text[at:], state)
		n := units(cluster, wide)
		if n > size { // no part can hold it: cut it between its characters
			_, width := utf8.DecodeRuneInString(cluster)
			cluster, state = cluster[:width], -1
			n = units(cluster, wide)
		}
		if used+n > size {
			parts = append(parts, text[start:at])
			start, used = at, 0
		}
		used += n
		at += len(cluster)
	}
	return append(parts, text[start:])
}

// encoder returns how a text is written in the carrier's alphabet, nil if that does not have all its characters. A text
// that is not GSM-7 goes as UCS-2 even where Latin-1 could hold it: what happens to it behind the message center is
// nobody's promise, and it was priced as UCS-2.
func (c *composer) encoder(text string) func(string) []byte {
	limit := rune(0xff)
	switch c.cfg.Alphabet {
	case alphabetUCS2:
		return nil
	case alphabetGSM7:
		limit = utf8.MaxRune
	case alphabetASCII:
		limit = 0x7f
	}
	for _, r := range text {
		if r > limit || gsm.Septets(r) == 0 {
			return nil
		}
	}
	if c.cfg.Alphabet == alphabetGSM7 {
		return func(s string) []byte {
			septets, _ := gsm.Encode(s) // every character was looked at above
			return septets
		}
	}
	return latin1
}

func latin1(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return b
}

func ucs2(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for _, r := range s {
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			b = binary.BigEndian.AppendUint16(b, uint16(high))
			r = low
		}
		b = binary.BigEndian.AppendUint16(b, uint16(r))
	}
	return b
}

// source guesses type of number and numbering plan from what a sender looks like.
func (c *composer) source(from string) pdu.Address {
	a := pdu.Address{TON: pdu.TONInternational, NPI: 1, Addr: strings.TrimPrefix(from, "+")}
	switch {
	case from == "":
		a.TON, a.NPI = pdu.TONUnknown, 0
	case !digits(a.Addr):
		a.TON, a.NPI = pdu.TONAlphanumeric, 0
	case len(from) <= 8: // a short code; a plus would have made it nine
		a.TON, a.NPI = pdu.TONNetwork, 0
	}
	return override(a, c.cfg.SourceTON, c.cfg.SourceNPI)
}

func (c *composer) dest(to string) pdu.Address {
	a := pdu.Address{TON: pdu.TONInternational, NPI: 1, Addr: strings.TrimPrefix(to, "+")}
	return override(a, c.cfg.DestTON, c.cfg.DestNPI)
}

func override(a pdu.Address, ton, npi *int) pdu.Address {
	if ton != nil {
		a.TON = byte(*ton)
	}
	if npi != nil {
		a.NPI = byte(*npi)
	}
	return a
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// validity writes validity_period: YYMMDDhhmmss, a tenth, and R for a span or the offset from UTC in quarters of an hour.
// A month's length is open, so spans are written in days, of which there is room for 99.
func (c *composer) validity(d time.Duration) string {
	if d <= 0 || c.cfg.Validity == validityNone {
		return ""
	}
	if c.cfg.Validity == validityAbsolute {
		return c.now().Add(d).UTC().Format("060102150405") + "000+"
	}
	s := int(max(time.Second, min(d, 99*24*time.Hour)) / time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60)
}
