package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers/all"
)

// The doctor asks each carrier once, reads its balance and its clock, and tells refused credentials from silence.
func TestDoctorAsksCarriers(t *testing.T) {
	status, ahead := http.StatusOK, time.Duration(0)
	now := time.Date(2026, 10, 9, 13, 1, 31, 20e6, time.UTC) // the test run's clock
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", now.Add(-ahead).Format(http.TimeFormat))
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"balance":"812.40","currency":"USD"}`)) // the client is the program's own
	}))
	defer vendor.Close()
	config := writeFile(t, "config.yaml", `carriers:
  alpha:
    type: twilio
    account_sid: AC00000000000000000000000000000000
    auth_token: env:TOKEN
    from: "+15005550006"
    base_url: `+vendor.URL+`
    price: {"*": 0.01}
`)
	for _, c := range []struct {
		name   string
		status int
		ahead  time.Duration
		code   int
		want   []string
	}{
		{"well", 200, 0, 0, []string{"[ok]   carriers   alpha auth ok, balance 812.40 USD", "[ok]   clock"}},
		{"slow clock", 200, 10 * time.Second, 0, []string{"[warn] clock      +9.5 s against alpha", "timedatectl"}},
		{"wrong clock", 200, -10 * time.Minute, 4, []string{"[fail] clock      -600"}},
		{"refused", 401, 0, 4, []string{"[fail] carriers   alpha: ", "fix: smsctl carrier login alpha"}},
		{"broken", 500, 0, 4, []string{"[fail] carriers   alpha does not answer as it should"}},
	} {
		status, ahead = c.status, c.ahead
		code, stdout, stderr := runCLI(t, setup{types: all.Types(), env: map[string]string{"TOKEN": "canary-token"}}, "doctor", "carriers", "clock", "--config", config)
		if code != c.code {
			t.Errorf("%s: exit %d\n%s%s", c.name, code, stdout, stderr)
		}
		for _, w := range c.want {
			if !strings.Contains(stdout, w) {
				t.Errorf("%s: no %q in\n%s", c.name, w, stdout)
			}
		}
		if strings.Contains(stdout+stderr, "canary-token") {
			t.Errorf("%s: the secret is shown", c.name)
		}
	}
}

// A carrier whose prices were imported has prices, and a list that has become old is named with its age.
func TestDoctorKnowsImportedPrices(t *testing.T) {
	dir := t.TempDir()
	config, list := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "prices.csv")
	for path, text := range map[string]string{
		list:   "country,price\nGB,0.04\n*,0.08\n",
		config: "database: smsctl.db\ncarriers:\n  alpha: {type: twilio, account_sid: AC00000000000000000000000000000000, auth_token: secret, from: \"+15005550006\"}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args  []string
		later time.Duration
		want  string
	}{
		{[]string{"carrier", "prices", "import", "alpha", list}, 0, "alpha"},
		{[]string{"doctor", "prices"}, time.Hour, "[ok]   prices     1 carrier priced by an imported list"},
		{[]string{"doctor", "prices"}, 40*24*time.Hour + time.Hour, "[warn] prices     the price list of alpha was imported 40 days ago"},
	} {
		r := newTestRun(t, setup{types: all.Types()})
		now := r.app.now
		r.app.now = func() time.Time { return now().Add(c.later) }
		if code := run(append(c.args, "--config", config), r.app); code != 0 || !strings.Contains(r.out.String(), c.want) {
			t.Errorf("%v: exit %d, no %q in\n%s%s", c.args, code, c.want, r.out, r.err)
		}
	}
}
