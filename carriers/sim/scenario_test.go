package sim

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/carriers"
)

func TestScenarioFiles(t *testing.T) {
	files, err := filepath.Glob("../../testdata/scenarios/*.yaml")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		s, err := ReadScenario(f)
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.HasSuffix(f, "dialects.yaml") {
			continue
		}
		if s.Carriers["alpha"].Dialect != DialectTwilio || s.Carriers["delta"].Dialect != DialectPlain {
			t.Errorf("%s: alpha speaks %q, delta %q", f, s.Carriers["alpha"].Dialect, s.Carriers["delta"].Dialect)
		}
	}
}

func TestScenarioIsRead(t *testing.T) {
	s, err := ParseScenario([]byte(`
seed: 5
carriers:
  alpha:
    dialect: twilio
    auth_token: secret
    latency: lognormal(40ms, 0.4)
    deliver: 0
    phases:
      - {after: 300, for: 250, accept: 0.2, errors: [{class: throttled, retry_after: 2s}]}
      - {from: 10s, countries: [GB], outage: hang}
`))
	if err != nil {
		t.Fatal(err)
	}
	a := s.Carriers["alpha"]
	if a.Seed != 5 || a.AccountSID == "" || *a.ReceiptRetries != 10 || !a.pollable() {
		t.Errorf("defaults are %d %q %d", a.Seed, a.AccountSID, *a.ReceiptRetries)
	}
	if a.Latency.String() != "lognormal(40ms, 0.4)" || a.Deliver == nil || *a.Deliver != 0 || a.Accept != nil {
		t.Errorf("behaviour is %+v", a.Behaviour)
	}
	p := a.Phases
	if len(p) != 2 || p[0].For != 250 || *p[0].Accept != 0.2 || p[0].Errors[0].RetryAfter != secs(2) || *p[1].Outage != OutageHang {
		t.Errorf("phases are %+v", p)
	}
}

func TestScenarioRefuses(t *testing.T) {
	carrier := func(s string) string { return "carriers: {a: {dialect: plain, token: t, " + s + "}}" }
	for name, c := range map[string]struct{ in, says string }{
		"nothing":          {"", "carriers"},
		"unknown key":      {carrier("delivery_rate: 1"), "delivery_rate"},
		"unknown dialect":  {"carriers: {a: {dialect: smtp, token: t}}", "dialect"},
		"no secret":        {"carriers: {a: {dialect: twilio}}", "auth_token"},
		"no password":      {"carriers: {a: {dialect: smpp}}", "password"},
		"no api secret":    {"carriers: {a: {dialect: vonage}}", "api_secret"},
		"signature method": {"carriers: {a: {dialect: vonage, api_secret: s, signature_method: rot13}}", "rot13"},
		"ids":              {"carriers: {a: {dialect: smpp, password: p, message_ids: roman}}", "roman"},
		"receipt form":     {"carriers: {a: {dialect: smpp, password: p, receipt_form: song}}", "song"},
		"system ids":       {"carriers: {a: {dialect: smpp, password: p}, b: {dialect: smpp, password: p, system_id: a}}", "system_id"},
		"share above one":  {carrier("deliver: 1.5"), "deliver"},
		"not a number":     {carrier("deliver: .nan"), "deliver"},
		"negative rate":    {carrier("rate_limit: -1"), "rate_limit"},
		"delay":            {carrier("latency: soon"), "soon"},
		"error class":      {carrier("errors: [{class: tired}]"), "tired"},
		"error status":     {carrier("errors: [{class: throttled, status: 200}]"), "200"},
		"failure state":    {carrier("failures: [{state: delivered}]"), "delivered"},
		"outage":           {carrier("outage: maybe"), "maybe"},
		"loss":             {carrier("lost_by: magic"), "magic"},
		"phase ends early": {carrier("phases: [{from: 10s, until: 5s}]"), "phase 1"},
		"prefix":           {carrier("phases: [{prefixes: [\"44\"]}]"), "prefixes"},
		"name":             {"carriers: {truth: {dialect: plain, token: t}}", "truth"},
		"name with slash":  {"carriers: {a/b: {dialect: plain, token: t}}", "a/b"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseScenario([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
		})
	}
}

func TestConfigOfTypeSim(t *testing.T) {
	decode := func(in string) func(any) error {
		return func(into any) error { return yaml.UnmarshalWithOptions([]byte(in), into, yaml.Strict()) }
	}
	c, err := Type().New("north", decode(`
type: sim
max_per_second: 50
price: {"*": 0.05, GB: 0.04}
receipts: {expected: true, timeout: 10s}
countries: [GB]
seed: 3
deliver: 0.9
phases: [{after: 10, for: 5, outage: refuse}]
`), carriers.Env{})
	if err != nil {
		t.Fatal(err)
	}
	i := c.Info()
	if !i.Simulated || !i.RefInReceipts || i.Type != "sim" || i.Name != "north" || i.Common.Price["GB"] != 40_000 {
		t.Errorf("info is %+v", i)
	}
	if _, ok := c.(carriers.Poller); !ok {
		t.Error("it cannot be polled")
	}
	mute, err := Type().New("mute", decode("type: sim\npoll: false"), carriers.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := mute.(carriers.Poller); ok {
		t.Error("poll: false can be polled")
	}
	if _, ok := mute.(carriers.Session); !ok {
		t.Error("poll: false has no session")
	}
	for _, bad := range []string{"type: sim\nacept: 1", "type: sim\naccept: 2"} {
		if _, err := Type().New("x", decode(bad), carriers.Env{}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParseScenario(f *testing.F) {
	f.Add("carriers: {a: {dialect: plain, token: t, latency: 1s..2s, phases: [{after: 3}]}}")
	f.Add("seed: 1\ncarriers:\n  a:\n    dialect: twilio\n    auth_token: x\n    errors: [{class: throttled}]\n")
	f.Fuzz(func(_ *testing.T, in string) {
		s, err := ParseScenario([]byte(in))
		if err != nil {
			return
		}
		for name, p := range s.Carriers { // what was accepted can be played
			e := newEngine(name, p.Model, &epoch{})
			m := message("ref1")
			e.submit(&m, start)
		}
	})
}
