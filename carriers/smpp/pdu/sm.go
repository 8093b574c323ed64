package pdu

import (
	"encoding/binary"
	"errors"
)

// ErrShort is a body that ends before its mandatory fields do.
var ErrShort = errors.New("the body ends too early")

// MaxShort is the longest short_message.
const MaxShort = 254

// Address is an address with its type of number and numbering plan.
type Address struct {
	TON, NPI byte
	Addr     string
}

// The types of number that we tell apart.
const (
	TONUnknown       = 0
	TONInternational = 1
	TONNetwork       = 3
	TONAlphanumeric  = 5
)

// Bits of esm_class.
const (
	ESMKind    = 0x3c // mask of the message type: 0 is a message, the rest are kinds of receipts
	ESMReceipt = 0x04
	ESMHeader  = 0x40 // the text begins with a user data header
)

// Values of data_coding.
const (
	DCDefault = 0
	DCASCII   = 1
	DCLatin1  = 3
	DCUCS2    = 8
)

// SM is the body of submit_sm and deliver_sm, which have the same fields.
type SM struct {
	ServiceType        string
	Source, Dest       Address
	ESMClass           byte
	ProtocolID         byte
	Priority           byte
	ScheduleTime       string
	ValidityPeriod     string
	RegisteredDelivery byte
	Replace            byte
	DataCoding         byte
	DefaultMsgID       byte
	Short              []byte
	TLVs               TLVs
}

// AppendSM appends a submit_sm or a deliver_sm. Of a short message that is too long nothing is sent but its first
// [MaxShort] octets: the caller splits.
func AppendSM(b []byte, c Command, sequence uint32, m *SM) []byte {
	at := len(b)
	b = begin(b, c, OK, sequence)
	b = appendString(b, m.ServiceType)
	b = appendAddress(b, m.Source)
	b = appendAddress(b, m.Dest)
	b = append(b, m.ESMClass, m.ProtocolID, m.Priority)
	b = appendString(b, m.ScheduleTime)
	b = appendString(b, m.ValidityPeriod)
	short := m.Short[:min(len(m.Short), MaxShort)]
	b = append(b, m.RegisteredDelivery, m.Replace, m.DataCoding, m.DefaultMsgID, byte(len(short)))
	b = append(b, short...)
	return finish(append(b, m.TLVs...), at)
}

func appendAddress(b []byte, a Address) []byte { return appendString(append(b, a.TON, a.NPI), a.Addr) }

func (c *cursor) address() Address { return Address{TON: c.byte(), NPI: c.byte(), Addr: c.string()} }

// ParseSM reads the body of a submit_sm or a deliver_sm. Short and TLVs lie in body.
func ParseSM(body []byte) (SM, error) {
	c := cursor{rest: body}
	m := SM{
		ServiceType: c.string(), Source: c.address(), Dest: c.address(),
		ESMClass: c.byte(), ProtocolID: c.byte(), Priority: c.byte(),
		ScheduleTime: c.string(), ValidityPeriod: c.string(),
		RegisteredDelivery: c.byte(), Replace: c.byte(), DataCoding: c.byte(), DefaultMsgID: c.byte(),
	}
	n := int(c.byte())
	if c.over {
		return m, ErrShort
	}
	m.Short = c.bytes(n)
	if c.over {
		return m, ErrShort
	}
	m.TLVs = TLVs(c.rest)
	return m, nil
}

// ParseData reads the body of a data_sm, which has fewer fields and its text in message_payload.
func ParseData(body []byte) (SM, error) {
	c := cursor{rest: body}
	m := SM{
		ServiceType: c.string(), Source: c.address(), Dest: c.address(),
		ESMClass: c.byte(), RegisteredDelivery: c.byte(), DataCoding: c.byte(),
	}
	if c.over {
		return m, ErrShort
	}
	m.TLVs = TLVs(c.rest)
	return m, nil
}

// Text is the message wherever it stands.
func (m *SM) Text() []byte {
	if len(m.Short) == 0 {
		if payload, ok := m.TLVs.Find(TagMessagePayload); ok {
			return payload
		}
	}
	return m.Short
}

// Concat is what a part of a long message says of itself.
type Concat struct {
	Ref   uint16
	Total byte
	Part  byte // from 1
}

// Piece splits the text of a part from what its user data header or its parameters say: which part of what it is. Total
// is 1 where nothing says that there are others.
func (m *SM) Piece() (Concat, []byte) {
	one := Concat{Total: 1, Part: 1}
	text := m.Text()
	if m.ESMClass&ESMHeader == 0 || len(text) == 0 || int(text[0]) >= len(text) {
		ref, _ := m.TLVs.Find(TagSARReference)
		total, _ := m.TLVs.Find(TagSARTotal)
		part, _ := m.TLVs.Find(TagSARPart)
		if len(ref) == 2 && len(total) == 1 && len(part) == 1 {
			one = Concat{binary.BigEndian.Uint16(ref), total[0], part[0]}
		}
		return one, text
	}
	header, text := text[1:1+int(text[0])], text[1+int(text[0]):]
	for len(header) >= 2 && int(header[1]) <= len(header)-2 {
		element := header[2 : 2+int(header[1])]
		switch {
		case header[0] == 0 && len(element) == 3:
			return Concat{uint16(element[0]), element[1], element[2]}, text
		case header[0] == 8 && len(element) == 4:
			return Concat{binary.BigEndian.Uint16(element), element[2], element[3]}, text
		}
		header = header[2+len(element):]
	}
	return one, text
}

// TLVs are optional parameters in their wire form.
type TLVs []byte

// Tag names an optional parameter.
type Tag uint16

// The tags that we write or read.
const (
	TagReceiptedMessageID Tag = 0x001e
	TagSARReference       Tag = 0x020c
	TagSARTotal           Tag = 0x020e
	TagSARPart            Tag = 0x020f
	TagSCVersion          Tag = 0x0210
	TagNetworkError       Tag = 0x0423
	TagMessagePayload     Tag = 0x0424
	TagMessageState       Tag = 0x0427
	TagCongestionState    Tag = 0x0428
)

// Append appends a parameter; one of more than 65,535 bytes is cut.
func (t TLVs) Append(tag Tag, value []byte) TLVs {
	value = value[:min(len(value), 0xffff)]
	b := binary.BigEndian.AppendUint16(t, uint16(tag))
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// Find returns the first parameter of that tag. What does not look like parameters ends the search.
func (t TLVs) Find(tag Tag) ([]byte, bool) {
	for len(t) >= 4 {
		n := 4 + int(binary.BigEndian.Uint16(t[2:]))
		if n > len(t) {
			return nil, false
		}
		if Tag(binary.BigEndian.Uint16(t)) == tag {
			return t[4:n:n], true
		}
		t = t[n:]
	}
	return nil, false
}

// String returns a parameter that is a C-octet string, without its terminator.
func (t TLVs) String(tag Tag) string {
	v, _ := t.Find(tag)
	c := cursor{rest: v}
	return c.string()
}
