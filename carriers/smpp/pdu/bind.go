package pdu

// Version34 is the interface_version of SMPP 3.4.
const Version34 = 0x34

// Bind is the body of the three bind requests.
type Bind struct {
	SystemID, Password, SystemType string
	Version                        byte
	TON, NPI                       byte
	AddressRange                   string
}

// AppendBind appends a bind request.
func AppendBind(b []byte, c Command, sequence uint32, v Bind) []byte {
	at := len(b)
	b = begin(b, c, OK, sequence)
	b = appendString(b, v.SystemID)
	b = appendString(b, v.Password)
	b = appendString(b, v.SystemType)
	b = append(b, v.Version, v.TON, v.NPI)
	return finish(appendString(b, v.AddressRange), at)
}

// ParseBind reads the body of a bind request.
func ParseBind(body []byte) (Bind, error) {
	c := cursor{rest: body}
	v := Bind{SystemID: c.string(), Password: c.string(), SystemType: c.string(), Version: c.byte(), TON: c.byte(), NPI: c.byte()}
	if c.over {
		return v, ErrShort
	}
	v.AddressRange = c.string()
	return v, nil
}

// AppendAnswer appends an answer whose body is a string (a system_id or a message_id) and optional parameters, as those
// to binds, submit_sm and deliver_sm are.
func AppendAnswer(b []byte, c Command, s Status, sequence uint32, id string, tlvs TLVs) []byte {
	at := len(b)
	b = begin(b, c|Response, s, sequence)
	b = appendString(b, id)
	return finish(append(b, tlvs...), at)
}

// ParseAnswer reads the body of an answer. A refusal may have none.
func ParseAnswer(body []byte) (id string, tlvs TLVs) {
	c := cursor{rest: body}
	id = c.string()
	return id, TLVs(c.rest)
}
