package vonage

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // Vonage's scheme, and its default
	"crypto/sha1" //nolint:gosec // Vonage's scheme; HMAC-SHA1 is not broken
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"
)

// leeway is how far Vonage's clock may be ahead or behind where a token has an end.
const leeway = 2 * time.Minute

// signer verifies receipts. Neither scheme guards against a replay, and none is needed: a receipt heard twice changes
// nothing.
type signer struct {
	secret []byte
	method string // of the SMS API
}

// hashOf is the hash of a method; md5hash is no HMAC and has none.
func hashOf(method string) func() hash.Hash {
	switch method {
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha256":
		return sha256.New
	case "sha512":
		return sha512.New
	}
	return nil
}

func knownMethod(method string) bool { return method == "md5hash" || hashOf(method) != nil }

// params signs the parameters of an SMS receipt: all but sig, sorted, as &key=value, with & and = inside a value
// written as _.
func (s signer) params(params map[string]string) string {
	var b strings.Builder
	quote := strings.NewReplacer("&", "_", "=", "_")
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if key != "sig" {
			b.WriteString("&" + key + "=" + quote.Replace(params[key]))
		}
	}
	h := hashOf(s.method)
	if h == nil {
		b.Write(s.secret)
		sum := md5.Sum([]byte(b.String())) //nolint:gosec // see above
		return hex.EncodeToString(sum[:])
	}
	mac := hmac.New(h, s.secret)
	mac.Write([]byte(b.String()))
	return hex.EncodeToString(mac.Sum(nil))
}

// holdsFor compares in constant time. Vonage writes hex in capitals, and for md5hash in small letters.
func (s signer) holdsFor(params map[string]string) bool {
	given := strings.ToLower(params["sig"])
	return subtle.ConstantTimeCompare([]byte(s.params(params)), []byte(given)) == 1
}

// claims are those of a webhook's token.
type claims struct {
	APIKey  string `json:"api_key"`
	Payload string `json:"payload_hash"`
	Expires int64  `json:"exp"`
}

// holdsToken verifies the token of a Messages webhook: signed by HS256 and nothing else, of this account, and about
// this body. The claims api_key and payload_hash must be there: without them a token of another webhook would do.
func (s signer) holdsToken(authorization, account string, body []byte, now time.Time) bool {
	token, bearer := strings.CutPrefix(authorization, "Bearer ")
	parts := strings.Split(token, ".")
	if !bearer || len(parts) != 3 {
		return false
	}
	if !hmac.Equal([]byte(s.seal(parts[0]+"."+parts[1])), []byte(parts[2])) {
		return false
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	var c claims
	if !decodePart(parts[0], &head) || !decodePart(parts[1], &c) || head.Algorithm != "HS256" {
		return false
	}
	sum := sha256.Sum256(body)
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(strings.ToLower(c.Payload))) == 1 &&
		c.APIKey == account && (c.Expires == 0 || now.Before(time.Unix(c.Expires, 0).Add(leeway)))
}

// seal is the signature of a token's first two parts.
func (s signer) seal(input string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(input))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func decodePart(part string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, into) == nil
}
