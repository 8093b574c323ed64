package all_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/all"
)

// Every type that can be asked asks its vendor for the account once, with its credentials, and says what is left, whose
// clock is ahead, and whether the credentials were refused.
func TestCheckersReadTheAccount(t *testing.T) {
	now := time.Date(2026, 10, 9, 13, 0, 10, 0, time.UTC)
	for _, c := range []struct {
		typ, config, path, body, balance, unit string
	}{
		{"twilio", "account_sid: AC00000000000000000000000000000000\nauth_token: secret\nfrom: '+15005550006'", "/2010-04-01/Accounts/AC00000000000000000000000000000000/Balance.json",
			`{"balance":"812.40","currency":"USD"}`, "812.40", "USD"},
		{"telnyx", "api_key: secret\npublic_key: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "/v2/balance", `{"data":{"balance":"300.00","currency":"USD"}}`, "300.00", "USD"},
		{"plivo", "auth_id: MAXXXXXXXXXXXXXXXXXX\nauth_token: secret\nfrom: '15005550006'", "/v1/Account/MAXXXXXXXXXXXXXXXXXX/", `{"cash_credits":"12.5"}`, "12.5", "USD"},
		{"infobip", "api_key: secret", "/account/1/balance", `{"balance":47.79134,"currency":"EUR"}`, "47.79134", "EUR"},
		{"clicksend", "username: me\napi_key: secret", "/v3/account", `{"data":{"balance":"9.1","_currency":{"currency_name_short":"AUD"}}}`, "9.1", "AUD"},
		{"africastalking", "username: me\napi_key: secret", "/version1/user?username=me", `{"UserData":{"balance":"KES 1785.50"}}`, "1785.50", "KES"},
		{"vonage", "api_key: abcd1234\napi_secret: secret", "/account/get-balance", `{"value":3.14159,"autoReload":false}`, "3.14159", "EUR"},
	} {
		t.Run(c.typ, func(t *testing.T) {
			status, asked := http.StatusOK, 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				if r.Method != http.MethodGet || r.URL.RequestURI() != c.path {
					t.Errorf("%s %s, want %s", r.Method, r.URL.RequestURI(), c.path)
				}
				if head := fmt.Sprint(r.Header); !strings.Contains(head, "Authorization") && !strings.Contains(head, "secret") {
					t.Errorf("without credentials: %s", head)
				}
				w.Header().Set("Date", now.Add(-5*time.Second).Format(http.TimeFormat))
				w.WriteHeader(status)
				_, _ = w.Write([]byte(c.body)) // the client is the test's own
			}))
			defer server.Close()
			asker := build(t, c.typ, c.config+"\nbase_url: "+server.URL, now)
			st, err := asker.Check(t.Context())
			if err != nil || st.Balance != c.balance || st.Unit != c.unit || st.Ahead.Round(time.Second) != 5*time.Second && st.Ahead != 4500*time.Millisecond {
				t.Errorf("%+v, %v", st, err)
			}
			status = http.StatusUnauthorized
			if _, err = asker.Check(t.Context()); !errors.Is(err, carriers.ErrCredentials) || strings.Contains(err.Error(), "secret") {
				t.Errorf("refused: %v", err)
			}
			status = http.StatusInternalServerError
			if _, err = asker.Check(t.Context()); err == nil || errors.Is(err, carriers.ErrCredentials) {
				t.Errorf("a fault of the vendor: %v", err)
			}
			if asked != 3 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

func build(t *testing.T, typ, config string, now time.Time) carriers.Checker {
	t.Helper()
	for _, known := range all.Types() {
		if known.Name != typ {
			continue
		}
		c, err := known.New("main", func(into any) error {
			return yaml.UnmarshalWithOptions([]byte("type: "+typ+"\n"+config), into, yaml.DisallowUnknownField())
		}, carriers.Env{Now: func() time.Time { return now }, Secret: func(s carriers.Secret) (string, error) { return string(s), nil }, Sender: "ACME"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(t.Context()) })
		return c.(carriers.Checker)
	}
	t.Fatalf("no type %s", typ)
	return nil
}
