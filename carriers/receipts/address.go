package receipts

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"net/url"
	"strings"
	"sync"
)

const (
	prefix    = "/receipts/"
	inbound   = "/inbound/"
	wellKnown = ".well-known/smsctl" // no carrier can be called that: a name has no slash, and the two-part form is taken
	macBytes  = 16                   // 2^64 guesses over a network for an even chance of one forged receipt
)

// Key signs the addresses that carriers are told. It is safe for concurrent use.
type Key struct {
	set  bool
	macs sync.Pool // of *mac: an HMAC that has its key costs half of a new one
}

// mac is an HMAC at work, with the memory that it needs.
type mac struct {
	hash.Hash
	text, sum []byte
}

// NewKey takes the secret. An empty one makes a key by which no mac holds.
func NewKey(secret []byte) *Key {
	k := &Key{set: len(secret) > 0}
	k.macs.New = func() any {
		return &mac{Hash: hmac.New(sha256.New, secret), text: make([]byte, 0, 128), sum: make([]byte, 0, sha256.Size)}
	}
	return k
}

// URL is the address for the receipts of one attempt. It is made once per submit.
func (k *Key) URL(publicURL, carrier, ref string) string {
	base := strings.TrimRight(publicURL, "/")
	carrier, ref = url.PathEscape(carrier), url.PathEscape(ref)
	b := make([]byte, 0, len(base)+len(prefix)+len(carrier)+len(ref)+4+22)
	b = append(append(append(b, base...), prefix...), carrier...)
	b = append(append(append(b, '/'), ref...), "?k="...)
	return string(k.append(b, "receipt", carrier, ref))
}

// InboundURL is the address of a carrier's inbound messages: what a person enters at the carrier. The mac is what proves
// them where the type signs nothing; where it does, the carrier may be told the address without it.
func (k *Key) InboundURL(publicURL, carrier string) string {
	carrier = url.PathEscape(carrier)
	address := strings.TrimRight(publicURL, "/") + inbound + carrier + "?k="
	return string(k.append([]byte(address), "inbound", carrier, ""))
}

// append adds the mac over a purpose and names, which are escaped, so that the slash between them is unambiguous. The
// purpose keeps what one endpoint signs from being of use at another.
func (k *Key) append(dst []byte, purpose, carrier, ref string) []byte {
	m := k.macs.Get().(*mac)
	defer k.macs.Put(m)
	m.Reset()
	m.text = append(append(append(append(append(m.text[:0], purpose...), '/'), carrier...), '/'), ref...)
	_, _ = m.Write(m.text)
	m.sum = m.Sum(m.sum[:0])
	return base64.RawURLEncoding.AppendEncode(dst, m.sum[:macBytes])
}

// holds compares in constant time.
func (k *Key) holds(purpose, carrier, ref, mac string) bool {
	if k == nil || !k.set { // an empty key would make everybody's mac right
		return false
	}
	var want [24]byte
	return subtle.ConstantTimeCompare([]byte(mac), k.append(want[:0], purpose, url.PathEscape(carrier), url.PathEscape(ref))) == 1
}

// route is an escaped path taken apart: carrier, and reference if there is one.
type route struct {
	carrier, ref string
	inbound      bool
}

// cut reads a path. A trailing slash is not an empty reference but somebody else's address.
func cut(path string) (r route, ok bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		if rest, r.inbound = strings.CutPrefix(path, inbound); !r.inbound {
			return route{}, false
		}
	}
	carrier, ref, two := strings.Cut(rest, "/")
	var err1, err2 error
	r.carrier, err1 = url.PathUnescape(carrier)
	r.ref, err2 = url.PathUnescape(ref)
	if err1 != nil || err2 != nil || r.carrier == "" || two && (r.ref == "" || r.inbound) || strings.Contains(r.ref, "/") {
		return route{}, false
	}
	return r, true
}

// public is what the carriers are told, taken apart once.
type public struct {
	base string // without a slash at its end
	path string // the path of it, "" if none
}

func newPublic(publicURL string) public {
	p := public{base: strings.TrimRight(publicURL, "/")}
	if u, err := url.Parse(p.base); err == nil {
		p.path = u.EscapedPath()
	}
	return p
}

// strip removes public_url's own path from a request's: a proxy in front may have left it there or taken it away.
func (p public) strip(path string) string {
	if rest, ok := strings.CutPrefix(path, p.path); ok && strings.HasPrefix(rest, "/") {
		return rest
	}
	return path
}
