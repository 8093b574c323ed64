package optout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"
)

// Alg is how a hashed entry hides its number.
type Alg string

// The algorithms.
const (
	SHA256 Alg = "sha256"      // undone by trying all numbers: to exchange lists with others, no protection
	HMAC   Alg = "hmac-sha256" // nothing is learned from it without the key
)

// HashSize is the length of a hash of either algorithm.
const HashSize = sha256.Size

// HashKind is what has to be known to make a hash again. KeyID names the key of an HMAC, and is "" for SHA256.
type HashKind struct {
	Alg   Alg
	KeyID string
}

// Key is a key of hashed numbers.
type Key struct {
	ID     string // names it without giving it away
	secret []byte
}

// NewKey makes a key of a secret.
func NewKey(secret []byte) Key {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("smsctl: name of a key of hashed numbers"))
	return Key{ID: hex.EncodeToString(mac.Sum(nil)[:4]), secret: secret}
}

// Kind is the kind of hashes that the key makes.
func (k Key) Kind() HashKind { return HashKind{HMAC, k.ID} }

// Hasher makes the hashes of numbers. It is safe for concurrent use.
type Hasher struct {
	Kind HashKind
	pool *sync.Pool // of *hashState
}

// hashState is reused: an HMAC keeps what its key costs.
type hashState struct {
	hash.Hash
	number [24]byte
	sums   [2][HashSize]byte
}

func statesOf(fresh func() hash.Hash) *sync.Pool {
	return &sync.Pool{New: func() any { return &hashState{Hash: fresh()} }}
}

// Hashers makes one for each of the kinds. A kind whose key is not among keys is an [UnknownKeyError].
func Hashers(kinds []HashKind, keys []Key) ([]Hasher, error) {
	var all []Hasher
	for _, kind := range kinds {
		h, err := newHasher(kind, keys)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

func newHasher(kind HashKind, keys []Key) (Hasher, error) {
	if kind.Alg == SHA256 {
		return Hasher{kind, statesOf(sha256.New)}, nil
	}
	for _, k := range keys {
		if k.ID == kind.KeyID {
			return Hasher{kind, statesOf(func() hash.Hash { return hmac.New(sha256.New, k.secret) })}, nil
		}
	}
	return Hasher{}, &UnknownKeyError{kind.KeyID}
}

// UnknownKeyError says that there are hashes whose key is not known: nobody can tell whose they are.
type UnknownKeyError struct{ KeyID string }

func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("hashed opt-outs were made with the key %s, which is not known here", e.KeyID)
}

// Sums are the hashes that a number may stand under: lists hash it with its plus or without.
func (h Hasher) Sums(digits uint64) (sums [2][HashSize]byte) {
	state := h.pool.Get().(*hashState)
	number := appendE164(state.number[:0], digits)
	for i := range sums {
		state.Reset()
		state.Write(number[i:])
		state.Sum(state.sums[i][:0])
	}
	sums = state.sums
	h.pool.Put(state)
	return sums
}

func appendE164(b []byte, digits uint64) []byte {
	return strconv.AppendUint(append(b, '+'), digits, 10)
}

// Sum is the hash under which a number is kept by us: that of E.164 with its plus.
func (h Hasher) Sum(digits uint64) []byte {
	sums := h.Sums(digits)
	return sums[0][:]
}

// ParseHash reads a hash as lists write it: in hexadecimal.
func ParseHash(text string) ([]byte, error) {
	text = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "0x")
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != HashSize {
		return nil, fmt.Errorf("%.80q is no hash: %d hexadecimal digits are expected", text, 2*HashSize)
	}
	return sum, nil
}
