package generic

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // some gateways have nothing better
	"crypto/sha1" //nolint:gosec // HMAC-SHA1 is not broken
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// VerifyConfig says how a receipt proves where it comes from: `none`, or one of
//
//	{header: Authorization, equals: "Bearer ${token}"}
//	{query: key, equals: "${token}"}
//	{hmac: {algo: sha256, header: X-Signature, secret: "${key}", string: "{{header.X-Time}}.{{body}}", encoding: hex}}
type VerifyConfig struct {
	None   bool        `yaml:"none"`
	Header string      `yaml:"header"`
	Query  string      `yaml:"query"`
	Equals string      `yaml:"equals"`
	HMAC   *HMACConfig `yaml:"hmac"`
}

// UnmarshalYAML reads the word `none` as well as a mapping.
func (v *VerifyConfig) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		if word != "none" {
			return fmt.Errorf("verify: %q is not a way to verify: write none, or {header: …, equals: …}", word)
		}
		v.None = true
		return nil
	}
	type plain VerifyConfig // without this method
	return decode((*plain)(v))
}

// HMACConfig describes a signature. Its string may hold {{body}} {{url}} {{method}} {{header.NAME}} {{query.NAME}}.
type HMACConfig struct {
	Algo     string `yaml:"algo"` // md5, sha1, sha256 (default), sha512
	Header   string `yaml:"header"`
	Query    string `yaml:"query"`
	Prefix   string `yaml:"prefix"` // before the signature itself, as in sha256=…
	Secret   string `yaml:"secret"`
	String   string `yaml:"string"`   // default {{body}}
	Encoding string `yaml:"encoding"` // hex (default), base64
}

// verifier is the compiled VerifyConfig.
type verifier struct {
	kind   byte // 0 by the ref in the URL only, n none, e equals, h hmac
	header string
	query  string
	equals string

	sum    func() hash.Hash
	key    []byte
	text   template
	prefix string
	encode func([]byte) string
}

// signed says that receipts prove their origin by themselves.
func (v *verifier) signed() bool { return v.kind == 'e' || v.kind == 'h' }

func (v *verifier) check(cb carriers.Callback) error {
	if cb.Kept {
		return nil
	}
	switch v.kind {
	case 'n':
		return nil
	case 'e':
		if subtle.ConstantTimeCompare([]byte(v.given(cb)), []byte(v.equals)) == 1 {
			return nil
		}
	case 'h':
		given, ok := strings.CutPrefix(v.given(cb), v.prefix)
		mac := hmac.New(v.sum, v.key)
		_, _ = mac.Write(v.text.append(nil, callbackValues(cb)))
		want := v.encode(mac.Sum(nil))
		if ok && (hmac.Equal([]byte(given), []byte(want)) || isHex(want) && hmac.Equal([]byte(strings.ToLower(given)), []byte(want))) {
			return nil
		}
	default:
		if cb.Ref != "" {
			return nil
		}
	}
	return fmt.Errorf("verify: %w", carriers.ErrSignature)
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// given is the proof that the request brings.
func (v *verifier) given(cb carriers.Callback) string {
	if v.header != "" {
		return cb.Header.Get(v.header)
	}
	return cb.Query.Get(v.query)
}

func callbackValues(cb carriers.Callback) func(string) string {
	return func(name string) string {
		switch name {
		case "body":
			return string(cb.Body)
		case "url":
			return cb.URL
		case "method":
			return cb.Method
		}
		if header, ok := strings.CutPrefix(name, "header."); ok {
			return cb.Header.Get(header)
		}
		return cb.Query.Get(strings.TrimPrefix(name, "query."))
	}
}

func (c compiler) compileVerify(cfg *VerifyConfig) (v verifier, err error) {
	switch {
	case cfg == nil:
		return v, nil
	case cfg.None:
		return verifier{kind: 'n'}, nil
	case cfg.HMAC != nil:
		return c.compileHMAC(cfg.HMAC)
	case (cfg.Header == "") == (cfg.Query == ""):
		return v, errors.New("receipt.verify: needs one of header, query and hmac, or the word none")
	}
	v = verifier{kind: 'e', header: cfg.Header, query: cfg.Query}
	if v.equals, err = c.constant("receipt.verify.equals", cfg.Equals); err != nil {
		return v, err
	}
	return v, nil
}

func (c compiler) compileHMAC(cfg *HMACConfig) (v verifier, err error) {
	const where = "receipt.verify.hmac"
	v = verifier{kind: 'h', header: cfg.Header, query: cfg.Query, prefix: cfg.Prefix}
	if (cfg.Header == "") == (cfg.Query == "") {
		return v, errors.New(where + ": needs header or query: where the signature stands")
	}
	sums := map[string]func() hash.Hash{"": sha256.New, "md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	if v.sum = sums[strings.ToLower(cfg.Algo)]; v.sum == nil {
		return v, fmt.Errorf("%s.algo: %q is not one of md5, sha1, sha256, sha512", where, cfg.Algo)
	}
	switch cfg.Encoding {
	case "", "hex":
		v.encode = hex.EncodeToString
	case "base64":
		v.encode = base64.StdEncoding.EncodeToString
	default:
		return v, fmt.Errorf("%s.encoding: %q is not hex or base64", where, cfg.Encoding)
	}
	key, err := c.constant(where+".secret", cfg.Secret)
	if err != nil {
		return v, err
	}
	v.key = []byte(key)
	text := cfg.String
	if text == "" {
		text = "{{body}}"
	}
	s := scope{names: []string{"body", "url", "method", "header.", "query."}, secrets: c.secrets}
	if v.text, err = s.compile(text, escNone); err != nil {
		return v, fmt.Errorf("%s.string: %w", where, err)
	}
	return v, nil
}

// constant is a text with secrets and nothing else in it, and not empty: an empty one would let everything pass.
func (c compiler) constant(where, text string) (string, error) {
	t, err := scope{names: []string{}, secrets: c.secrets}.compile(text, escNone)
	if err != nil {
		return "", fmt.Errorf("%s: %w", where, err)
	}
	s, _ := t.static()
	if s == "" {
		return "", fmt.Errorf("%s: is empty: write for example \"${token}\" and token under secrets", where)
	}
	return s, nil
}
