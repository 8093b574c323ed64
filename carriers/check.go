package carriers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Checker is a carrier that can be asked, without sending anything, whether it takes our credentials.
type Checker interface {
	// Check asks. [ErrAuth] says that the credentials are refused, any other error that nothing was learned.
	Check(ctx context.Context) (Standing, error)
}

// Standing is what a carrier says of an account.
type Standing struct {
	Balance string // as the carrier writes it, "" where it does not say
	Date    time.Time
}

// ErrAuth says that a carrier refuses the credentials.
var ErrAuth = errors.New("the carrier refuses the credentials")

// Ask asks at an address for the account's standing; read, if there is one, finds the balance in the answer.
func (a *Account) Ask(ctx context.Context, u *url.URL, read func(body []byte) string) (Standing, error) {
	return a.Asked(a.HTTP.Do(ctx, Request{Method: http.MethodGet, URL: u, Header: a.Header}), read)
}

// Asked makes a standing of an answer, and releases it.
func (a *Account) Asked(got *Answer, read func(body []byte) string) (s Standing, err error) {
	defer got.Release()
	if at, err := http.ParseTime(got.Header.Get("Date")); err == nil {
		s.Date = at
	}
	switch {
	case got.Err == nil && (got.Status == http.StatusUnauthorized || got.Status == http.StatusForbidden):
		return s, ErrAuth
	case got.Problem() != nil:
		return s, got.Problem()
	case read != nil:
		s.Balance = a.HTTP.Redact(read(got.Body))
	}
	return s, nil
}
