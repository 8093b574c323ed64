package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
)

func TestColorWanted(t *testing.T) {
	for _, c := range []struct {
		mode string
		tty  bool
		env  string
		want bool
	}{
		{"auto", true, "", true},
		{"auto", false, "", false},
		{"always", false, "NO_COLOR=1", true},
		{"never", true, "FORCE_COLOR=1", false},
		{"auto", true, "NO_COLOR=1", false},
		{"auto", true, "NO_COLOR=", true},
		{"auto", false, "FORCE_COLOR=1", true},
		{"auto", true, "FORCE_COLOR=0", false},
		{"auto", false, "CLICOLOR_FORCE=1", true},
		{"auto", false, "CLICOLOR_FORCE=0", false},
		{"auto", true, "CLICOLOR=0", false},
		{"auto", true, "TERM=dumb", false},
		{"auto", true, "TERM=xterm", true},
		{"auto", true, "NO_COLOR=1 FORCE_COLOR=1", false},
	} {
		if got := colorWanted(c.mode, c.tty, envOf(c.env)); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func envOf(text string) lookup {
	env := map[string]string{}
	for _, pair := range strings.Fields(text) {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

func TestASCIIWanted(t *testing.T) {
	for env, want := range map[string]bool{
		"LANG=en_GB.UTF-8": false, "LANG=C.utf8": false, "LANG=C": true, "LANG=de_DE.ISO-8859-1": true,
		"LANG=en_GB.UTF-8 LC_ALL=C": true, "LC_CTYPE=C.UTF-8 LANG=C": false,
	} {
		if got := asciiWanted(envOf(env)); got != want {
			t.Errorf("%s: %v", env, got)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(24000), "24,000"}, {count(-1234567), "-1,234,567"},
		{money{1_100_000_000, "EUR"}.String(), "EUR 1,100.00"}, {money{7900, "USD"}.String(), "USD 0.0079"},
		{share{1, 3}.String(), "33.3 %"}, {share{0, 0}.String(), "--"}, {share{5, 5}.String(), "100.0 %"},
		{shortDuration(350 * time.Millisecond), "350ms"}, {shortDuration(3600 * time.Millisecond), "3.6s"},
		{shortDuration(17 * time.Second), "17s"}, {shortDuration(59990 * time.Millisecond), "1m00s"},
		{shortDuration(371 * time.Second), "6m11s"}, {shortDuration(125 * time.Minute), "2h05m"}, {shortDuration(76 * time.Hour), "3d04h"},
		{shortDuration(-time.Second), "-1s"},
		{asJSON(t, money{967_680_000, "EUR"}), `{"amount":"967.68","currency":"EUR"}`},
		{asJSON(t, share{97, 100}), `{"value":0.97,"num":97,"den":100}`}, {asJSON(t, share{}), `{"value":null,"num":0,"den":0}`},
		{plural(1, "fault"), "1 fault"}, {plural(1200, "carrier"), "1,200 carriers"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fill(t *testing.T, r testRun) {
	t.Helper()
	tab, err := r.newTable(columns("name", ">accepted", "since", ">took", ">cost", "note"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 9, 13, 1, 31, 0, time.UTC)
	tab.row("twilio-main", 12606, at, 3100*time.Millisecond, money{508_270_000, "EUR"}, "ok")
	tab.row("日本", int64(7), time.Time{}, time.Duration(0), money{0, "EUR"}, strings.Repeat("long ", 20)+"\x1b[31m\tend")
	if err := tab.flush(); err != nil {
		t.Fatal(err)
	}
}

func TestTableForPeople(t *testing.T) {
	r := newTestRun(t, setup{tty: true})
	fill(t, r)
	want := `NAME         ACCEPTED  SINCE                    TOOK        COST  NOTE
twilio-main    12,606  2026-10-09 13:01:31 UTC  3.1s  EUR 508.27  ok
日本                7  -                         0ms    EUR 0.00  long long lon…
`
	if diff := cmp.Diff(want, r.out.String()); diff != "" {
		t.Error(diff)
	}
	for line := range strings.Lines(r.out.String()) {
		if w := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); w > 80 {
			t.Errorf("%d columns: %s", w, line)
		}
	}
}

func TestTableForPrograms(t *testing.T) {
	r := newTestRun(t, setup{})
	fill(t, r)
	want := "name\taccepted\tsince\ttook\tcost\tnote\n" +
		"twilio-main\t12606\t2026-10-09T13:01:31.000Z\t3.100\t508.27\tok\n" +
		"日本\t7\t\t0.000\t0.00\t" + strings.Repeat("long ", 20) + " [31m end\n"
	if diff := cmp.Diff(want, r.out.String()); diff != "" {
		t.Error(diff)
	}
	r = newTestRun(t, setup{tty: true})
	r.flags.plain, r.flags.noHeader, r.flags.fields = true, true, []string{"cost", "name"}
	fill(t, r)
	if got := r.out.String(); got != "508.27\ttwilio-main\n0.00\t日本\n" {
		t.Errorf("%q", got)
	}
}

func TestTableInASCII(t *testing.T) {
	r := newTestRun(t, setup{tty: true})
	r.ascii = true
	tab, err := r.newTable(columns("text"))
	if err != nil {
		t.Fatal(err)
	}
	tab.row(strings.Repeat("x", 100))
	if err := tab.flush(); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsRune(r.out.String(), '…') {
		t.Error(r.out.String())
	}
}

func TestEvents(t *testing.T) {
	r := newTestRun(t, setup{})
	r.flags.json, r.parsed = true, true
	e, err := r.newEvents(map[string]any{"campaign": "spring"})
	if err != nil {
		t.Fatal(err)
	}
	for _, emit := range []error{
		e.emit("status", struct {
			Queued int `json:"queued"`
		}{5}),
		e.emit("drain", nil),
		e.emit("summary", map[string]any{"exit_code": 0}),
	} {
		if emit != nil {
			t.Fatal(emit)
		}
	}
	want := fmt.Sprintf(`{"type":"hello","seq":1,"ts":"2026-10-09T13:01:31.020Z","schema":"smsctl.events/1","smsctl":%q,"campaign":"spring"}
{"type":"status","seq":2,"ts":"2026-10-09T13:01:31.020Z","queued":5}
{"type":"drain","seq":3,"ts":"2026-10-09T13:01:31.020Z"}
{"type":"summary","seq":4,"ts":"2026-10-09T13:01:31.020Z","exit_code":0}
`, buildVersion().Version)
	if diff := cmp.Diff(want, r.out.String()); diff != "" {
		t.Error(diff)
	}
	if err := e.emit("list", []int{1}); err == nil {
		t.Error("an event that is no object")
	}
}

func TestQuietEventsAreTheSummary(t *testing.T) {
	r := newTestRun(t, setup{})
	r.flags.quiet = true
	e, err := r.newEvents(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.emit("status", nil), e.emit("summary", nil)); err != nil {
		t.Fatal(err)
	}
	if got := r.out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"summary"`) {
		t.Error(got)
	}
}

func TestEventsThroughAFilter(t *testing.T) {
	r := newTestRun(t, setup{})
	var err error
	if r.filter, err = newFilter(`select(.type == "status") | .queued`, ""); err != nil {
		t.Fatal(err)
	}
	e, err := r.newEvents(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.emit("status", map[string]any{"queued": 12345678901234567}); err != nil {
		t.Fatal(err)
	}
	if got := r.out.String(); got != "12345678901234567\n" {
		t.Errorf("%q", got)
	}
}

func TestMessagesGoToStderr(t *testing.T) {
	r := newTestRun(t, setup{})
	r.say("resuming: %s to send", count(8476))
	r.warn("careful")
	if r.out.Len() > 0 || r.err.String() != "resuming: 8,476 to send\nwarning: careful\n" {
		t.Errorf("%q %q", r.out, r.err)
	}
	r = newTestRun(t, setup{})
	r.flags.json, r.flags.quiet, r.parsed = true, true, true
	r.say("nothing")
	r.warn("careful")
	if got := r.err.String(); got != `{"level":"warning","message":"careful","type":"message"}`+"\n" {
		t.Error(got)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"validate", "show", "get", "max_attempts", "countries"}
	for word, want := range map[string]string{
		"valdate": "validate", "shw": "show", "SHOW": "show", "max_atempts": "max_attempts", "contries": "countries", "elephant": "", "": "",
	} {
		if got := nearest(word, words); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// The table of exit codes is complete and unambiguous.
func TestExitCodeTable(t *testing.T) {
	seen := map[exitCode]bool{}
	names := map[string]bool{}
	for _, row := range exitCodes() {
		if seen[row.Code] || names[row.Name] || row.Meaning == "" || row.Rerun == "" {
			t.Errorf("%+v", row)
		}
		seen[row.Code], names[row.Name] = true, true
	}
	for _, err := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {exitWith(exitPartial), 3}, {exitWith(exitOK), 0},
		{fmt.Errorf("sending: %w", fail(exitLocked, "a.b", "x")), 11},
	} {
		if got := newTestRun(t, setup{}).finish(err.err); got != err.want {
			t.Errorf("%v: %d, want %d", err.err, got, err.want)
		}
	}
}
