package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers"
)

// The example of `smsctl help configuration` is a valid config, and means what it says.
func TestHelpExampleIsValid(t *testing.T) {
	text, err := topicTexts.ReadFile("help/configuration.txt")
	if err != nil {
		t.Fatal(err)
	}
	var example strings.Builder
	config, _, _ := strings.Cut(string(text), "\nSecrets\n")
	for line := range strings.Lines(config) {
		if strings.HasPrefix(line, "  ") {
			example.WriteString(strings.TrimPrefix(line, "  "))
		}
	}
	cfg, found := parseConfig("config.yaml", []byte(example.String()), "staging")
	if len(found) > 0 {
		t.Fatalf("%v in\n%s", found, example.String())
	}
	if got := cfg.Budget.Campaign.String(); got != "5.00" {
		t.Errorf("the profile's budget is %s", got)
	}
	if got := cfg.Carriers.names(); !cmp.Equal(got, []string{"alpha"}) {
		t.Errorf("carriers: %v", got)
	}
}

func TestDefaultsSurviveASection(t *testing.T) {
	cfg, found := parseConfig("config.yaml", []byte("routing: {max_attempts: 5}\nreceipts: {settle: 3d}\n"), "default")
	if len(found) > 0 {
		t.Fatal(found)
	}
	want := defaultConfig().Routing
	want.MaxAttempts = 5
	if diff := cmp.Diff(want, cfg.Routing); diff != "" {
		t.Error(diff)
	}
	if time.Duration(cfg.Receipts.Timeout) != 2*time.Minute || time.Duration(cfg.Receipts.Settle) != 72*time.Hour {
		t.Errorf("receipts: %+v", cfg.Receipts)
	}
}

// What YAML would read as a number or a truth value stays the text that a person wrote.
func TestScalarsStayText(t *testing.T) {
	raw := "sender: +15005550006\ndatabase: 0123\nkeys: {callback: 0x10, hash: 1e3}\nbudget: {campaign: 0.10}\nreceipts: {tls: {cert: yes, key: true}}\n"
	cfg, found := parseConfig("config.yaml", []byte(raw), "default")
	if len(found) > 0 {
		t.Fatal(found)
	}
	got := []string{
		string(cfg.Sender), cfg.Database, string(cfg.Keys.Callback), string(cfg.Keys.Hash),
		cfg.Budget.Campaign.String(), cfg.Receipts.TLS.Cert, cfg.Receipts.TLS.Key,
	}
	if diff := cmp.Diff([]string{"+15005550006", "0123", "0x10", "1e3", "0.10", "yes", "true"}, got); diff != "" {
		t.Error(diff)
	}
}

// fakeConfig is a carrier type's config with everything that the contract allows.
type fakeConfig struct {
	carriers.Common `yaml:",inline"`
	User            string            `yaml:"user"`
	Password        carriers.Secret   `yaml:"password"`
	Headers         map[string]string `yaml:"headers"`
	Mode            decision          `yaml:"mode"`
	Steps           []fakeStep        `yaml:"steps"`
	JSON            any               `yaml:"json"`
}

type fakeStep struct {
	Status int      `yaml:"status"`
	Also   []int    `yaml:"also"`
	Words  []string `yaml:"words"`
}

type fakeCarrier struct {
	carriers.Carrier
	name   string
	closed *int
}

func (f fakeCarrier) Info() carriers.Info         { return carriers.Info{Name: f.name, Type: "fake"} }
func (f fakeCarrier) Close(context.Context) error { *f.closed++; return nil }

// fakeType decodes into cfg, resolves the password and refuses the user "nobody".
func fakeType(cfg *fakeConfig, password *string, closed *int) carriers.Type {
	return carriers.Type{Name: "fake", Doc: "for tests", New: func(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
		var own fakeConfig
		if err := decode(&own); err != nil {
			return nil, err
		}
		if own.User == "nobody" {
			return nil, errors.New("user nobody may not send")
		}
		secret, err := env.Secret(own.Password)
		if err != nil {
			return nil, err
		}
		*cfg, *password = own, secret
		return fakeCarrier{name: name, closed: closed}, nil
	}}
}

func buildFrom(t *testing.T, raw string, env map[string]string) (got fakeConfig, password string, closed int, built int, found problems) {
	t.Helper()
	r := newTestRun(t, setup{env: env, types: []carriers.Type{fakeType(&got, &password, &closed)}})
	cfg, bad := parseConfig("config.yaml", []byte(raw), "default")
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	all, found := r.buildCarriers(t.Context(), cfg, r.log())
	return got, password, closed, len(all), found
}

func TestCarrierDecodesItsOwnKeys(t *testing.T) {
	got, password, _, built, found := buildFrom(t, `
carriers:
  alpha:
    type: fake
    user: 007
    password: env:PASSWORD
    timeout: 10s
    max_per_second: 50
    price: {"*": 0.0079, GB: 0.04}
    countries: [GB, IE]
    receipts: {expected: false, timeout: 1m}
    headers: {X-Number: 12}
    mode: hold
    steps:
      - {status: 429, also: [1, 2], words: [yes, 3.0]}
    json: {to: "{{to}}", n: 1}
`, map[string]string{"PASSWORD": "geheim"})
	if len(found) > 0 || built != 1 {
		t.Fatalf("built %d, %v", built, found)
	}
	no := false
	want := fakeConfig{
		Common: carriers.Common{
			Type: "fake", Timeout: carriers.Duration(10 * time.Second), MaxPerSecond: 50,
			Price: map[string]carriers.Price{"*": 7900, "GB": 40000}, Countries: []string{"GB", "IE"},
			Receipts: carriers.ReceiptSettings{Expected: &no, Timeout: carriers.Duration(time.Minute)},
		},
		User: "007", Password: "env:PASSWORD", Headers: map[string]string{"X-Number": "12"}, Mode: hold,
		Steps: []fakeStep{{429, []int{1, 2}, []string{"yes", "3.0"}}},
		JSON:  map[string]any{"to": "{{to}}", "n": uint64(1)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if password != "geheim" {
		t.Errorf("password %q", password)
	}
}

func TestCarrierProblemsHavePlaces(t *testing.T) {
	_, _, closed, built, found := buildFrom(t, `carriers:
  good: {type: fake, password: literal}
  alpha:
    type: fake
    usr: x
    timeout: long
    receipts: {expectd: true}
    steps: [{status: many}]
    headers: {a: [1]}
    mode: later
  beta: {type: fak}
  gamma: {type: fake, user: nobody}
  delta: {type: fake, password: "env:NOT_SET"}
`, nil)
	var got []string
	for _, p := range found {
		got = append(got, p.Error())
	}
	want := []string{
		`config.yaml:5: unknown key "usr" in carriers.alpha`,
		`config.yaml:6: timeout: "long" is not a duration: write 10s, 2m, 4h or 3d`,
		`config.yaml:7: unknown key "expectd" in carriers.alpha.receipts`,
		`config.yaml:8: status must be a whole number`,
		`config.yaml:9: a must be a text`,
		`config.yaml:10: mode: "later" is neither hold nor failover`,
		`config.yaml:11: carrier beta: unknown type "fak"`,
		`config.yaml:12: carrier gamma: user nobody may not send`,
		`config.yaml:13: carrier delta: the environment variable is not set: env:NOT_SET`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if found[0].Hint != `did you mean "user"?` || found[6].Hint != `did you mean "fake"?` {
		t.Errorf("hints: %q, %q", found[0].Hint, found[6].Hint)
	}
	if built != 0 || closed != 1 {
		t.Errorf("%d built, %d closed: the good one must not stay open", built, closed)
	}
}

// The Go type of a carrier's config decides what is a secret, better than any name.
func TestShownByType(t *testing.T) {
	path := writeFile(t, "config.yaml", `carriers:
  alpha: {type: fake, user: "auth", password: canary-1, headers: {X-Token: canary-2, Accept: text/plain}, json: {key: canary-3, to: "{{to}}"}}
`)
	var cfg fakeConfig
	var password string
	var closed int
	types := []carriers.Type{fakeType(&cfg, &password, &closed)}
	for _, args := range [][]string{
		{"config", "show"}, {"config", "show", "--json"}, {"config", "show", "--origin"}, {"config", "get", "carriers.alpha"}, {"config", "validate"},
	} {
		code, stdout, stderr := runCLI(t, setup{types: types}, append(args, "--config", path)...)
		if code != 0 || strings.Contains(stdout+stderr, "canary") {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	_, user, _ := runCLI(t, setup{types: types}, "config", "get", "carriers.alpha.user", "--config", path)
	_, accept, _ := runCLI(t, setup{types: types}, "config", "get", "carriers.alpha.headers.Accept", "--config", path)
	if user != "auth\n" || accept != "text/plain\n" {
		t.Errorf("user %q, accept %q", user, accept)
	}
}

func TestSecretReferences(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("from-file\n"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("private", 0o600)
	write("open", 0o644)
	s := newSecretStore(func(name string) (string, bool) {
		v, ok := map[string]string{"SET": "from-env", "EMPTY": ""}[name]
		return v, ok
	})
	s.dir = dir
	s.keyring = func(service, user string) (string, error) {
		if service == keyringService && user == "known" {
			return "from-keyring", nil
		}
		return "", errors.New("canary of the keyring")
	}
	for _, c := range []struct{ ref, want, fault string }{
		{"env:SET", "from-env", ""},
		{"env:UNSET", "", "not set"},
		{"env:EMPTY", "", "empty"},
		{"file:private", "from-file", ""},
		{"file:" + filepath.Join(dir, "private"), "from-file", ""},
		{"file:open", "", "others may read the file (mode 0644)"},
		{"file:missing", "", "does not exist"},
		{"cmd:printf 'from-cmd\\nmore\\n'", "from-cmd", ""},
		{"cmd:cat private; cat private >&2; exit 3", "", "exit status 3"},
		{"keyring:known", "from-keyring", ""},
		{"keyring:other", "", "no such secret"},
		{"a literal: with a colon", "a literal: with a colon", ""},
		{"", "", "empty"},
	} {
		got, err := s.resolve(c.ref)
		if c.fault == "" && (err != nil || got != c.want) {
			t.Errorf("%s: %q, %v", c.ref, got, err)
		}
		if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: %q, %v, want %q", c.ref, got, err, c.fault)
		}
		if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "from-")) {
			t.Errorf("%s: the error shows what was read: %v", c.ref, err)
		}
	}
	if got := s.hide("a from-env b from%2Dfile from-cmd"); strings.Contains(got, "from-env") || strings.Contains(got, "from-cmd") {
		t.Errorf("hidden: %q", got)
	}
}

// A secret that ended up in an error is hidden on its way out.
func TestErrorsHideSecrets(t *testing.T) {
	for _, jsonOut := range []bool{false, true} {
		r := newTestRun(t, setup{})
		r.parsed, r.flags.json = true, jsonOut
		r.secrets.remember(`can"ary/1`)
		r.finish(fail(exitConfig, "x.y", "the carrier said can\"ary/1").at("url ?k=can%%22ary%%2F1").with("raw", `can"ary/1`))
		if got := r.err.String(); strings.Contains(got, "ary") {
			t.Errorf("json %v: %s", jsonOut, got)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("sender: ACME\nrouting: {max_attempts: 3}\n", "default")
	f.Add("carriers:\n  a: {type: fake, price: {\"*\": 0.1}, steps: [{status: 1}]}\n", "default")
	f.Add("profiles: {p: {sender: X}}\n", "p")
	f.Add("? [a]\n: b\n", "default")
	f.Add("a: &x [*x]\n<<: *x\n", "default")
	f.Add("keys: |\n  x\n \tb", "default")
	f.Add("carriers: {a: {type: fake, json: {b: [1, {c: d}]}, headers: {1: 2}}}", "default")
	f.Fuzz(func(t *testing.T, raw, profile string) {
		if len(raw) > 4096 { // the YAML library takes seconds for thousands of tags in a row, and finds nothing new there
			return
		}
		cfg, found := parseConfig("config.yaml", []byte(raw), profile)
		if cfg == nil && len(found) == 0 {
			t.Fatal("neither a config nor a problem")
		}
		for _, p := range found {
			if p.Message == "" || p.Code == "" || p.Line > len(strings.Split(raw, "\n"))+1 {
				t.Fatalf("incomplete: %+v", p)
			}
		}
		if cfg == nil {
			return
		}
		for _, e := range cfg.Carriers {
			var into fakeConfig
			_ = e.decode(&into) // an error is fine, a panic is not
		}
		if _, err := yamlText(nested(cfg.settings(), 0)); err != nil {
			t.Fatal(err)
		}
	})
}
