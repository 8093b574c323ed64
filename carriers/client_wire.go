package carriers

import (
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// wireConn counts what was handed to the network. httptrace's WroteHeaders and WroteRequest fire when a request has
// been put into a buffer, which proves nothing about the wire in either direction for a connection that dies.
type wireConn struct {
	net.Conn
	writes atomic.Int64 // writes that began and did not end with zero bytes
}

// Write counts before it writes, so that a look at the count after Close cannot miss a write under way.
func (c *wireConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	n, err := c.Conn.Write(b)
	if n == 0 && err != nil {
		c.writes.Add(-1)
	}
	return n, err
}

// trip follows one request through the transport.
type trip struct {
	trace  httptrace.ClientTrace
	conn   *wireConn
	before int64 // conn.writes when the request got it
	reused bool
	lost   bool // got a connection that cannot be counted: nothing can be proved
}

// gotConn is called in the goroutine of the round trip, after the handshakes of TLS and proxy.
func (x *trip) gotConn(info httptrace.GotConnInfo) {
	conn := info.Conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*tls.Conn); ok { // TLS inside the TLS of an https proxy
		conn = t.NetConn()
	}
	w, ok := conn.(*wireConn)
	if !ok {
		x.lost = true
		return
	}
	x.conn, x.before, x.reused = w, w.writes.Load(), info.Reused
}

// written says, after a failed round trip, whether a byte of the request may have reached the network. It closes the
// connection first: what has not been written by then never will be.
func (x *trip) written() bool {
	if x.conn == nil {
		return x.lost
	}
	_ = x.conn.Close() // dead already; only the order matters
	return x.lost || x.conn.writes.Load() != x.before
}
