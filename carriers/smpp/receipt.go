package smpp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// dialect is how one message center speaks of what it took.
type dialect struct {
	words    map[string]word // of stat: and message_state, in capitals
	codes    *carriers.Codes
	alphabet string
	zone     *time.Location // nil = dates are not read
}

// word is a row of states.tsv.
type word struct {
	state carriers.ReceiptState
	class carriers.Class
}

func newDialect(tsv string, cfg Config, codes *carriers.Codes) (*dialect, error) {
	d := &dialect{words: map[string]word{}, codes: codes, alphabet: cfg.Alphabet}
	if cfg.TimeZone != "" {
		zone, err := time.LoadLocation(cfg.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("time_zone: %q is not known: write for example UTC or Europe/London", cfg.TimeZone)
		}
		d.zone = zone
	}
	for i, line := range strings.Split(strings.TrimSpace(tsv), "\n") {
		f := strings.Split(line, "\t")
		if i == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 4 {
			return nil, fmt.Errorf("states.tsv:%d: %d columns, want word, state, class, note", i+1, len(f))
		}
		d.words[f[0]] = word{carriers.ReceiptState(f[1]), carriers.Class(f[2])}
	}
	for name, state := range cfg.States {
		if state.Rank() == 0 {
			return nil, fmt.Errorf("states: %s: %q is not a state", name, string(state))
		}
		w := word{state: state}
		if state.Final() && state != carriers.ReceiptDelivered {
			w.class = carriers.ClassUnknown
		}
		d.words[strings.ToUpper(name)] = w
	}
	return d, nil
}

// notice is a receipt whose id is still as the message center wrote it.
type notice struct {
	carriers.Receipt

	tlvID, textID string   // of receipted_message_id and of the text
	addresses     []string // of the PDU; one of them is the recipient's
}

// receipt reads a deliver_sm or data_sm that is a receipt. What the parameters say counts more than what the text says,
// unless only the text knows the end.
func (d *dialect) receipt(sm *pdu.SM) notice {
	text := parseReceipt(sm.Text())
	n := notice{tlvID: sm.TLVs.String(pdu.TagReceiptedMessageID), textID: text.id, addresses: []string{sm.Source.Addr, sm.Dest.Addr}}
	said := strings.ToUpper(text.stat)
	w, known := d.words[said]
	if v, ok := sm.TLVs.Find(pdu.TagMessageState); ok && len(v) == 1 {
		number := strconv.Itoa(int(v[0]))
		if byNumber, ok := d.words[number]; ok && (!known || byNumber.state.Final() || !w.state.Final()) {
			w, known = byNumber, true
		}
		if said == "" {
			said = "message_state " + number
		}
	}
	if !known {
		w = word{state: carriers.ReceiptUnknown}
	}
	network := networkError(sm.TLVs)
	n.State, n.Class, n.Code = w.state, w.class, text.err
	if n.Code == "" || strings.Trim(n.Code, "0") == "" {
		if n.Code = network; network == "" {
			n.Code = text.err
		}
	}
	if w.class != "" {
		n.Class = d.classOf(said, text.err, network, w.class)
	}
	n.Detail = detail(said, n.Code, known)
	n.At = d.date(text.done)
	n.Raw = raw(sm)
	if sm.Source.TON == pdu.TONInternational && digits(sm.Source.Addr) {
		n.To = "+" + sm.Source.Addr
	}
	return n
}

// classOf looks the most telling word up first.
func (d *dialect) classOf(stat, text, network string, class carriers.Class) carriers.Class {
	for _, key := range []string{"err/" + text, "net/" + network, "stat/" + stat} {
		if c, ok := d.codes.Class(key); ok {
			return c
		}
	}
	return class
}

// detail is for people, and holds nothing that came from a handset.
func detail(stat, code string, known bool) string {
	stat = clean(stat)
	switch {
	case !known:
		return "unknown state " + stat
	case code != "" && strings.Trim(code, "0") != "":
		return stat + " err " + clean(code)
	}
	return stat
}

// clean makes a word of a peer fit to be shown.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 40)]
}

// networkError reads network_error_code: a byte for the kind of network and two for the code, or three digits where a
// message center writes it as text.
func networkError(tlvs pdu.TLVs) string {
	v, ok := tlvs.Find(pdu.TagNetworkError)
	switch {
	case !ok || len(v) != 3:
		return ""
	case digits(string(v)):
		return string(v)
	}
	return strconv.Itoa(int(binary.BigEndian.Uint16(v[1:])))
}

// date reads the dates of receipts: two or four digits of the year, with or without seconds.
func (d *dialect) date(s string) time.Time {
	layout, ok := map[int]string{10: "0601021504", 12: "060102150405", 14: "20060102150405"}[len(s)]
	if d.zone == nil || !ok {
		return time.Time{}
	}
	t, err := time.ParseInLocation(layout, s, d.zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// raw is the payload as people can read it: the text, then the parameters in hex.
func raw(sm *pdu.SM) []byte {
	b := append([]byte(nil), sm.Text()...)
	if len(sm.TLVs) > 0 {
		b = fmt.Appendf(b, " [tlv %x]", []byte(sm.TLVs))
	}
	return carriers.RawPayload(b)
}

// Reread reads the raw payload of a receipt anew: what raw made of it.
func (c *Carrier) Reread(kept []byte) (carriers.Receipt, error) {
	text, tlvs := string(kept), []byte(nil)
	switch i := strings.LastIndex(text, " [tlv "); {
	case i < 0:
	case strings.Trim(text[i+len(" [tlv "):], "0123456789abcdef") == "": // cut off: the text says what it says
		text = text[:i]
	case strings.HasSuffix(text, "]"):
		b, err := hex.DecodeString(text[i+len(" [tlv ") : len(text)-1])
		if err != nil {
			return carriers.Receipt{}, fmt.Errorf("%w: the parameters are cut off", carriers.ErrPayload)
		}
		text, tlvs = text[:i], b
	}
	sm := &pdu.SM{Short: []byte(text), TLVs: tlvs}
	if parseReceipt(sm.Text()).stat == "" && len(tlvs) == 0 {
		return carriers.Receipt{}, fmt.Errorf("%w: the state is missing", carriers.ErrPayload)
	}
	return c.dialect.receipt(sm).Receipt, nil
}

// inbound reads a message from a person.
func (d *dialect) inbound(sm *pdu.SM) carriers.Inbound {
	text := sm.Text()
	if sm.ESMClass&pdu.ESMHeader != 0 && len(text) > 0 {
		text = text[min(len(text), 1+int(text[0])):]
	}
	return carriers.Inbound{
		From: international(sm.Source), To: international(sm.Dest), Text: d.decode(text, sm.DataCoding), Raw: raw(sm),
	}
}

func international(a pdu.Address) string {
	if a.TON == pdu.TONInternational && digits(a.Addr) {
		return "+" + a.Addr
	}
	return a.Addr
}

// decode reads a text. What is not as it says it is is read octet by octet: half a STOP is better than none.
func (d *dialect) decode(b []byte, coding byte) string {
	switch {
	case coding&0xef == pdu.DCUCS2 || coding&0xfc == 0x18:
		units := make([]uint16, 0, len(b)/2)
		for ; len(b) >= 2; b = b[2:] {
			units = append(units, binary.BigEndian.Uint16(b))
		}
		return string(utf16.Decode(units))
	case coding == pdu.DCDefault && d.alphabet == alphabetGSM7 || coding&0xf4 == 0xf0:
		if text, err := gsm.Decode(b); err == nil {
			return text
		}
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// stated is what stands in the text of a receipt.
type stated struct{ id, stat, err, done string }

// parseReceipt reads "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…" in whatever form. A value ends where
// the next known key begins; what follows `text:` is the message's, and may say anything.
func parseReceipt(b []byte) (r stated) {
	var into *string
	from := 0
	for at := 0; at < len(b); {
		key, width := keyAt(b, at)
		if width == 0 {
			at++
			continue
		}
		set(into, b[from:at])
		at += width
		into, from = nil, at
		switch key {
		case "id":
			into = &r.id
		case "stat":
			into = &r.stat
		case "err":
			into = &r.err
		case "donedate":
			into = &r.done
		case "text":
			return r
		}
	}
	set(into, b[from:])
	return r
}

// set keeps the first value of a key.
func set(into *string, value []byte) {
	if into != nil && *into == "" {
		*into = string(bytes.Trim(value, " \t\r\n\x00"))
	}
}

// keyAt returns the key that stands at a place, without spaces and in small letters, and how much it takes with its colon.
func keyAt(b []byte, at int) (key string, width int) {
	if at > 0 && b[at-1] != ' ' && b[at-1] != '\n' && b[at-1] != '\t' {
		return "", 0
	}
	for _, key := range [...]string{"id", "sub", "dlvrd", "submitdate", "donedate", "stat", "err", "text"} {
		if n := matches(b[at:], key); n > 0 {
			return key, n
		}
	}
	return "", 0
}

// matches compares a key, in any case and with a space where there may be one, and returns its length with the colon.
func matches(b []byte, key string) int {
	i, word := 0, strings.TrimSuffix(key, "date")
	for k := 0; k < len(key); i++ {
		switch {
		case i == len(b):
			return 0
		case b[i]|0x20 == key[k]:
			k++
		case b[i] != ' ' || k != len(word):
			return 0
		}
	}
	if i == len(b) || b[i] != ':' {
		return 0
	}
	return i + 1
}
