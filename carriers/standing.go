package carriers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Checker is a carrier that can be asked whether it knows the account and what is left on it. Nothing is sent and
// nothing is paid.
type Checker interface {
	// Check returns [ErrCredentials] when the carrier answered and refused them, another error when nothing was learned.
	Check(ctx context.Context) (Standing, error)
}

// Standing is how an account stands with its carrier.
type Standing struct {
	Balance string        // decimal, "" where the vendor does not say
	Unit    string        // currency, "" if unknown
	Ahead   time.Duration // our clock against the carrier's; 0 where it does not tell its own
}

// ErrCredentials says that a carrier does not take the account's credentials.
var ErrCredentials = errors.New("the carrier refuses the credentials")

// Standing reads a resource that only the account's owner may read. balance takes amount and currency out of it.
func (a *Account) Standing(ctx context.Context, u *url.URL, header http.Header, balance func(body []byte) (amount, unit string)) (Standing, error) {
	if header == nil {
		header = a.Header
	}
	got := a.HTTP.Do(ctx, Request{Method: http.MethodGet, URL: u, Header: header})
	defer got.Release()
	var s Standing
	if at, err := http.ParseTime(got.Header.Get("Date")); err == nil { // whole seconds: half of one is in doubt
		s.Ahead = a.Now().Sub(at.Add(500 * time.Millisecond))
	}
	if got.Err == nil && (got.Status == http.StatusUnauthorized || got.Status == http.StatusForbidden) {
		return s, fmt.Errorf("%w: HTTP %d", ErrCredentials, got.Status)
	}
	if err := got.Problem(); err != nil {
		return s, err
	}
	s.Balance, s.Unit = balance(got.Body)
	return s, nil
}

// Field reads a value out of JSON by its names, "" if there is none: numbers keep their digits.
func Field(body []byte, names ...string) string {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return ""
	}
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[name]
	}
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
