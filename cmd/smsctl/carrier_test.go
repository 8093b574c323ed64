package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

func TestCarrierListAndShow(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.run(exitOK, v.sending(v.list("people.csv", 3), "--yes")...)
	v.run(exitOK, "carrier", "list").says("alpha", "twilio", "delta", "http", "ready")
	p := v.run(exitOK, "carrier", "list", "--json", "--jq", `[.carriers[].accepted] | add`)
	if got := strings.TrimSpace(p.stdout.String()); got != "3" {
		t.Errorf("%s accepted", got)
	}
	v.run(exitOK, "carrier", "show", "alpha").says("/receipts/alpha/{ref}?k={mac}", "poll, lookup")
	v.run(exitNotFound, "carrier", "show", "alhpa").says("did you mean", "alpha")
}

// Drained in all campaigns from another terminal, a carrier gets nothing more, and the other takes over.
func TestCarrierDrain(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.delivering()
	v.run(exitOK, "carrier", "drain", "alpha", "--reason", "maintenance").says("alpha is drained")
	v.run(exitOK, "carrier", "list").says("drained", "maintenance")
	v.run(exitOK, v.sending(v.list("people.csv", 20), "--yes")...)
	for _, s := range v.submits() {
		if s.carrier != "delta" {
			t.Fatalf("%s got %s", s.carrier, s.to)
		}
	}
	v.run(exitOK, "carrier", "undrain", "alpha")
	v.run(exitNotFound, "carrier", "drain", "alpha", "--campaign", "nobody")
	v.run(exitOK, "carrier", "drain", "delta")
	v.run(exitOK, v.sending(v.list("more.csv", 5), "--yes", "--new")...)
	n := 0
	for _, s := range v.submits() {
		if s.carrier == "alpha" {
			n++
		}
	}
	if n != 5 {
		t.Errorf("alpha got %d of 5", n)
	}
}

// While it runs: the campaign's own drain holds up nobody else, and it is written into its history.
func TestCarrierDrainInOneCampaign(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	v.start(v.sending(v.list("people.csv", 50), "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	v.run(exitOK, "carrier", "drain", "alpha", "--campaign", "people")
	<-time.After(time.Second) // four looks at what is wished
	open()
	v.until("what was under way has ended", func() bool { return v.states("people")[campaign.Sending] == 0 })
	if got := v.states("people")[campaign.Queued]; got < 50-2*window {
		t.Errorf("%d are queued: the drain did not hold", got)
	}
	v.run(exitOK, "campaign", "show", "people").says("alpha drained")
	v.run(exitOK, "carrier", "undrain", "alpha", "--campaign", "people")
	v.until("the rest is submitted", func() bool { return len(v.submits()) == 50 })
}

func TestCarrierTestAsks(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/Balance.json") {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write([]byte(`{"balance":"12.50","currency":"USD"}`))
	}))
	t.Cleanup(account.Close)
	s := newVendor(t, func(s *stage) { s.carrier("alpha")["base_url"] = account.URL })
	status.Store(200)
	s.run(exitOK, "carrier", "test", "alpha").says("takes the credentials", "12.50 USD")
	status.Store(401)
	s.run(exitConfig, "carrier", "test", "alpha").says("carrier.auth", "carrier login alpha")
	status.Store(500)
	s.run(exitNoRoute, "carrier", "test", "alpha").says("carrier.unreachable")
	s.run(exitNotFound, "carrier", "test", "omega")
	s.run(exitUsage, "carrier", "test", "delta").says("--to")
	s.run(exitUnconfirmed, "carrier", "test", "alpha", "--to", "+447400000000").says("--yes")
}

func TestCarrierTestSends(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.delivering()
	v.run(exitOK, "carrier", "test", "delta", "--to", "+447400000000", "--yes").says("delivered", "receipt delivered")
	if all := v.submits(); len(all) != 1 || all[0].carrier != "delta" || !strings.Contains(all[0].text, "delta") {
		t.Errorf("%+v", all)
	}
	v.answers(func(submit) int { return http.StatusUnauthorized })
	v.run(exitConfig, "carrier", "test", "alpha", "--to", "+447400000000", "--yes").says("carrier.auth")
	v.answers(func(submit) int { return http.StatusServiceUnavailable })
	v.run(exitNoRoute, "carrier", "test", "alpha", "--to", "+447400000000", "--yes").says("carrier.unreachable")
}

func TestCarrierLogin(t *testing.T) {
	t.Parallel()
	const good = "right-secret-0123456789"
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != good {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(account.Close)
	s := newStage(t, "", only("alpha"), func(s *stage) { s.carrier("alpha")["base_url"] = account.URL })
	config := filepath.Join(s.dir, "config.yaml")
	before, err := os.ReadFile(config)
	s.ok(err)
	login := func(want exitCode, secret string, args ...string) *process {
		p := s.startWith(strings.NewReader(secret+"\n"), append([]string{"carrier", "login", "alpha", "--store", "file"}, args...)...)
		p.expect(want)
		if secret != "" && strings.Contains(p.stdout.String()+p.stderr.String(), secret) {
			t.Error("the secret is shown")
		}
		return p
	}
	login(exitConfig, "wrong-secret-987654321", "--key", "auth_token").says("carrier.auth", "nothing was changed")
	if now, _ := os.ReadFile(config); string(now) != string(before) {
		t.Errorf("the config was changed:\n%s", now)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "secrets", "alpha.auth_token")); err == nil {
		t.Error("a refused secret was kept")
	}
	login(exitOK, good, "--key", "auth_token").says("file:secrets/alpha.auth_token", "accepted")
	now, err := os.ReadFile(config)
	s.ok(err)
	if strings.Contains(string(now), "alpha-secret") || !strings.Contains(string(now), "auth_token: file:secrets/alpha.auth_token") {
		t.Errorf("config:\n%s", now)
	}
	s.run(exitOK, "carrier", "test", "alpha")
	login(exitConfig, "wrong-secret-987654321").says("carrier.auth") // in place, and back
	s.run(exitOK, "carrier", "test", "alpha")
	login(exitUnconfirmed, "")
}

// The secrets of type http have names of the user's own.
func TestCarrierLoginOfHTTP(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", only("delta"))
	p := s.startWith(strings.NewReader("right-secret-0123456789\n"), "carrier", "login", "delta", "--store", "file", "--no-test")
	p.expect(exitOK)
	p.says("secrets.token of delta", "file:secrets/delta.secrets.token")
	now, err := os.ReadFile(filepath.Join(s.dir, "config.yaml"))
	s.ok(err)
	if strings.Contains(string(now), "delta-secret") || !strings.Contains(string(now), "token: file:secrets/delta.secrets.token") {
		t.Errorf("config:\n%s", now)
	}
	s.run(exitUsage, "carrier", "login", "delta", "--key", "secrets.other").says("secrets.token")
}

func TestCarrierPrices(t *testing.T) {
	t.Parallel()
	s := newVendor(t, only("alpha"), func(s *stage) { delete(s.carrier("alpha"), "price") })
	s.run(exitOK, "carrier", "list").says("none")
	good := s.write("prices.csv", "Country,network,price\nGB,EE,0.04\nGB,O2,0.05\n*,,0.10\n")
	s.run(exitOK, "carrier", "prices", "import", "alpha", good, "--dry-run").says("would be imported")
	s.run(exitOK, "carrier", "list").says("none")
	s.run(exitOK, "carrier", "prices", "import", "alpha", good).says("2 prices imported from 3 rows")
	s.run(exitOK, "carrier", "show", "alpha").says("GB", "0.05", "0.10")
	s.run(exitOK, "plan", "--csv", s.list("people.csv", 10), "-m", "Hi").says("0.50")
	for text, want := range map[string]string{
		"country,price\nXX,0.1\n": "country code", "country,price\nGB,cheap\n": "amount", "land,preis\nGB,1\n": "no columns", "": "empty",
		"country,price\n": "no prices", "country,price\nGB\n": "too few",
	} {
		s.run(exitInput, "carrier", "prices", "import", "alpha", s.write("bad.csv", text)).says(want, "prices.invalid")
	}
	s.run(exitInput, "carrier", "prices", "import", "alpha", good, "--currency", "USD").says("prices.currency")
}

func TestCarrierStats(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.run(exitOK, v.sending(v.list("people.csv", 3), "--yes")...)
	v.run(exitOK, "carrier", "stats").says("carrier", "accept_rate", "100.0 %", "alpha")
	for _, by := range []string{"country", "network", "type", "hour", "class"} {
		p := v.run(exitOK, "carrier", "stats", "--by", by, "--json", "--jq", `"\([.rows[].accepted] | add) \(.rows[0].key | length > 0) \(.by)"`)
		if got, want := strings.TrimSpace(p.stdout.String()), "3 "+map[bool]string{true: "true", false: "false"}[by != "class"]+" "+by; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	v.run(exitOK, "carrier", "stats", "--since", "2100-01-01", "--json", "--jq", ".rows | length").says("0")
	v.run(exitUsage, "carrier", "stats", "--by", "weather").says("country, network, type, hour, class")
	v.run(exitUsage, "carrier", "stats", "--since", "yesterday").says("is no time")
	v.run(exitNotFound, "carrier", "stats", "alhpa").says("did you mean", "alpha")
}
