// Package pdu is the wire format of SMPP 3.4, as far as a client and a test SMSC need it: the binds, submit_sm,
// deliver_sm, data_sm, their answers, and what keeps a session alive.
//
// What is read is read tolerantly, because real message centers leave out terminators and append bytes of their own;
// only a length that makes no sense is an error, since nothing behind it can be found again.
package pdu

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Command is a command_id.
type Command uint32

// Response is the bit that makes the answer's command of a request's.
const Response Command = 1 << 31

// The commands.
const (
	GenericNack     Command = 0x80000000
	BindReceiver    Command = 0x00000001
	BindTransmitter Command = 0x00000002
	SubmitSM        Command = 0x00000004
	DeliverSM       Command = 0x00000005
	Unbind          Command = 0x00000006
	BindTransceiver Command = 0x00000009
	Outbind         Command = 0x0000000b
	EnquireLink     Command = 0x00000015
	Alert           Command = 0x00000102 // alert_notification
	DataSM          Command = 0x00000103
)

const (
	// HeaderSize is the length of every PDU's header.
	HeaderSize = 16
	// MaxSize is the longest PDU that is read: a message_payload of 64 KiB and all fields around it.
	MaxSize = 66 << 10
	// MaxSequence is the highest sequence number.
	MaxSequence = 0x7fffffff
)

// ErrLength is a command_length that cannot be.
var ErrLength = errors.New("command_length makes no sense")

// Header is what every PDU begins with.
type Header struct {
	Length   uint32
	Command  Command
	Status   Status
	Sequence uint32
}

// Reader cuts a stream into PDUs.
type Reader struct {
	buf  *bufio.Reader
	last int // bytes of the PDU that was handed out and is still in buf
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader { return &Reader{buf: bufio.NewReaderSize(r, MaxSize)} }

// Next returns the next PDU; its body is valid until the next call. io.EOF comes only between two PDUs. After ErrLength
// the header is the one that was read, and the stream is lost.
func (r *Reader) Next() (Header, []byte, error) {
	_, _ = r.buf.Discard(r.last) // it is buffered: this cannot fail
	r.last = 0
	head, err := r.buf.Peek(HeaderSize)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return Header{}, nil, err
	}
	h := Header{
		Length: binary.BigEndian.Uint32(head), Command: Command(binary.BigEndian.Uint32(head[4:])),
		Status: Status(binary.BigEndian.Uint32(head[8:])), Sequence: binary.BigEndian.Uint32(head[12:]),
	}
	if h.Length < HeaderSize || h.Length > MaxSize {
		return h, nil, fmt.Errorf("%w: %d bytes", ErrLength, h.Length)
	}
	whole, err := r.buf.Peek(int(h.Length))
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return h, nil, err
	}
	r.last = len(whole)
	return h, whole[HeaderSize:], nil
}

// Buffered says that Next will return without waiting for the network.
func (r *Reader) Buffered() bool {
	rest := r.buf.Buffered() - r.last
	if rest < HeaderSize {
		return false
	}
	ahead, _ := r.buf.Peek(r.last + 4) // all of it is buffered
	length := binary.BigEndian.Uint32(ahead[r.last:])
	return length > MaxSize || int(length) <= rest
}

// Append appends a PDU without a body.
func Append(b []byte, c Command, s Status, sequence uint32) []byte {
	return finish(begin(b, c, s, sequence), len(b))
}

// begin appends a header whose length is still open; finish closes it.
func begin(b []byte, c Command, s Status, sequence uint32) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(c))
	b = binary.BigEndian.AppendUint32(b, uint32(s))
	return binary.BigEndian.AppendUint32(b, sequence)
}

func finish(b []byte, at int) []byte {
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at))
	return b
}

// SetSequence gives a PDU that was appended earlier its sequence number.
func SetSequence(b []byte, sequence uint32) { binary.BigEndian.PutUint32(b[12:], sequence) }

// appendString appends a C-octet string. A NUL inside would end it early for the peer, so it ends here too.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] == 0 {
			s = s[:i]
			break
		}
	}
	return append(append(b, s...), 0)
}

// cursor reads the fields of a body. Behind the end there are zeros and empty strings; over says so.
type cursor struct {
	rest []byte
	over bool
}

func (c *cursor) byte() byte {
	if len(c.rest) == 0 {
		c.over = true
		return 0
	}
	v := c.rest[0]
	c.rest = c.rest[1:]
	return v
}

// string reads up to a NUL, or to the end where the peer forgot it.
func (c *cursor) string() string {
	for i, v := range c.rest {
		if v == 0 {
			s := string(c.rest[:i])
			c.rest = c.rest[i+1:]
			return s
		}
	}
	s := string(c.rest)
	c.rest, c.over = nil, true
	return s
}

func (c *cursor) bytes(n int) []byte {
	if n > len(c.rest) {
		n, c.over = len(c.rest), true
	}
	v := c.rest[:n]
	c.rest = c.rest[n:]
	return v
}
