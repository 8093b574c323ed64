package optout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestHashes(t *testing.T) {
	t.Parallel()
	key := NewKey([]byte("secret"))
	hashers, err := Hashers([]HashKind{{Alg: SHA256}, key.Kind()}, []Key{NewKey([]byte("another")), key})
	if err != nil {
		t.Fatal(err)
	}
	with, without := sha256.Sum256([]byte("+447700900123")), sha256.Sum256([]byte("447700900123"))
	if got := hashers[0].Sums(447700900123); got[0] != with || got[1] != without {
		t.Errorf("sha256 is %x", got)
	}
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte("+447700900123"))
	for range 3 { // the state of the one before leaves nothing behind
		if got := hashers[1].Sum(447700900123); !hmac.Equal(got, mac.Sum(nil)) {
			t.Errorf("hmac is %x", got)
		}
	}
	if strings.Contains(key.ID, "secret") || len(key.ID) != 8 || NewKey([]byte("secret2")).ID == key.ID {
		t.Errorf("the key is called %q", key.ID)
	}
	var unknown *UnknownKeyError
	if _, err := Hashers([]HashKind{{HMAC, "feedbeef"}}, []Key{key}); !errors.As(err, &unknown) || unknown.KeyID != "feedbeef" {
		t.Errorf("a key that is not known: %v", err)
	}
}

func TestParseHash(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("x"))
	text := hex.EncodeToString(sum[:])
	for _, s := range []string{text, strings.ToUpper(text), " 0x" + text + "\n"} {
		if got, err := ParseHash(s); err != nil || hex.EncodeToString(got) != text {
			t.Errorf("%q: %x %v", s, got, err)
		}
	}
	for _, s := range []string{"", text[:62], text + "00", "+447700900123", strings.Repeat("zz", 32)} {
		if _, err := ParseHash(s); err == nil {
			t.Errorf("%q is taken for a hash", s)
		}
	}
}
