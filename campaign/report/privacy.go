package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/smsctl/smsctl/carriers/phone"
)

// Privacy says how people's numbers are shown. The zero value masks them.
type Privacy struct {
	mode string
	key  []byte
}

// The ways to show numbers: --pii.
const (
	Masked = "masked" // +44 7700 •••123
	Full   = "full"
	Hash   = "hash" // HMAC-SHA256 under the key: the same in every file, and no way back without it
)

// PrivacyOf reads the value of --pii. The key is needed for Hash alone.
func PrivacyOf(mode string, key []byte) (Privacy, error) {
	switch mode {
	case Masked, Full:
		return Privacy{mode: mode}, nil
	case Hash:
		if len(key) == 0 {
			return Privacy{}, fmt.Errorf("hashing numbers needs a key: a hash without one is undone by trying all numbers")
		}
		return Privacy{mode: mode, key: key}, nil
	}
	return Privacy{}, fmt.Errorf("%q is none of masked, full, hash", mode)
}

// Hides says that numbers are not shown in full.
func (p Privacy) Hides() bool { return p.mode != Full }

// Number shows an E.164 number.
func (p Privacy) Number(e164 string) string {
	switch {
	case p.mode == Full || e164 == "":
		return e164
	case p.mode == Hash:
		return p.hash(e164)
	}
	return phone.Mask(e164)
}

func (p Privacy) hash(text string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// hideIn shows a cell of the list whose row's number is e164: the number may stand in it however the list wrote it.
func (p Privacy) hideIn(cell, e164 string) string {
	if p.mode == Full {
		return cell
	}
	if d := strings.TrimLeft(digits(cell), "0"); len(d) >= 6 && strings.HasSuffix(digits(e164), d) ||
		len(d) >= 6 && strings.HasSuffix(d, digits(e164)) {
		return p.Number(e164)
	}
	return cell
}

// hideDigits shows text that may hold a number which nobody could read: whatever has six digits or more is taken for one.
func (p Privacy) hideDigits(text string) string {
	if p.mode == Full || len(digits(text)) < 6 {
		return text
	}
	if p.mode == Hash {
		return p.hash(text)
	}
	return phone.Mask(text)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// hideNumber shows a text in which the number e164 may stand in full.
func (p Privacy) hideNumber(text, e164 string) string {
	if p.mode == Full || e164 == "" {
		return text
	}
	shown := p.Number(e164)
	return strings.NewReplacer(e164, shown, strings.TrimPrefix(e164, "+"), shown).Replace(text)
}
