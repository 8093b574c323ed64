package carriers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Rehearser is a [Receiver] that can play its vendor as well: what signs stands beside what verifies.
type Rehearser interface {
	// Rehearse writes the callback with which the vendor would report a message, signed as the vendor signs.
	Rehearse(r Rehearsal) (Callback, error)
}

// Rehearsal is a callback to be written.
type Rehearsal struct {
	Submitted
	Status string    // one of the states, or the vendor's own word
	URL    string    // where receipts of the message go
	At     time.Time // when it happens
	Forged bool      // signed with another key than the vendor's
}

// Key is the key to sign with: the right one, or another that is as long.
func (r Rehearsal) Key(right []byte) []byte {
	if !r.Forged {
		return right
	}
	wrong := slices.Clone(right)
	for i := range wrong {
		wrong[i] ^= 0x55
	}
	return wrong
}

// Word is Key for a secret that is sent as it is: a password, a token.
func (r Rehearsal) Word(right string) string {
	if !r.Forged {
		return right
	}
	return strings.Repeat("x", len(right)+1)
}

// Account is the address for receipts of all messages: what carriers use that have one setting for the account.
func (r Rehearsal) Account() string {
	address, _, _ := strings.Cut(r.URL, "?")
	return strings.TrimSuffix(address, "/"+r.Ref)
}

// Form is a POST of a form to an address.
func (r Rehearsal) Form(address string, form url.Values) Callback {
	return r.post(address, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// JSON is a POST of JSON to an address.
func (r Rehearsal) JSON(address string, v any) Callback {
	body, _ := json.Marshal(v) // what adapters write are plain values
	return r.post(address, "application/json", body)
}

func (r Rehearsal) post(address, contentType string, body []byte) Callback {
	cb := r.Get(address)
	cb.Method, cb.Body = http.MethodPost, body
	cb.Header.Set("Content-Type", contentType)
	return cb
}

// Get is a GET of an address.
func (r Rehearsal) Get(address string) Callback {
	cb := Callback{Method: http.MethodGet, URL: address, Query: url.Values{}, Header: http.Header{}, ReceivedAt: r.At}
	if u, err := url.Parse(address); err == nil {
		cb.Query = u.Query()
		if strings.HasSuffix(u.Path, "/"+r.Ref) {
			cb.Ref = r.Ref
		}
	}
	return cb
}

// Say puts a status into the vendor's words: the word itself if it is one, else a word that means the state. Of a state
// for which the vendor has no word it takes a wider one, with a code that says the rest. fits chooses among several
// words, nil takes any.
func (a *Account) Say(status string, fits func(word string) bool) (word, code string, err error) {
	if _, known := a.State(status); known {
		return status, "", nil
	}
	state := ReceiptState(status)
	if err := CheckState(state); err != nil {
		return "", "", fmt.Errorf("%w, or a word of %s's own", err, a.info.Type)
	}
	pick := func(state ReceiptState) string {
		words := slices.DeleteFunc(a.Words(state), func(w string) bool { return fits != nil && !fits(w) })
		if slices.Contains(words, string(state)) {
			return string(state)
		}
		if len(words) == 0 {
			return ""
		}
		return words[0]
	}
	if word = pick(state); word != "" {
		return word, "", nil
	}
	if state == ReceiptExpired {
		for _, row := range a.Codes.All() {
			if row.Class == ClassExpired && pick(ReceiptFailed) != "" {
				return pick(ReceiptFailed), row.Code, nil
			}
		}
	}
	return "", "", fmt.Errorf("%s has no word for %s", a.info.Type, state)
}
