package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers/all"
)

// For a screen reader init is numbered lines, each whole, and the answers may be numbers or words. This is what it hears.
func TestInitTranscript(t *testing.T) {
	r := newTestRun(t, setup{
		tty: true, types: all.Types(), env: map[string]string{"ACCESSIBLE": "1", "NO_COLOR": "1"},
		stdin: "Germany\nde\nACME\n99\ntelnyx\nKEY-canary-1\n" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n50\n1\n",
	})
	code := run([]string{"init", "--offline"}, r.app)
	if code != 0 {
		t.Fatalf("exit %d\n%s%s", code, r.err, r.out)
	}
	if strings.ContainsRune(r.err.String()+r.out.String(), 0x1b) {
		t.Error("an ESC byte")
	}
	if strings.Contains(r.err.String()+r.out.String(), "canary") {
		t.Error("the secret is shown")
	}
	for _, want := range []string{
		"Question 1. Default region. Country of numbers that are written without one, like GB. Empty is GB. \n",
		`warning: "GERMANY" is not a country code`,
		"Question 2. Sender.", "Question 3. Carrier.", "  1. sim: simulated, reaches nobody\n", `warning: "99" is none of them`,
		"Question 4. api_key.", "Question 5. public_key.", "Ceiling of a campaign, in EUR", "Receipts.\n  1. poll",
	} {
		if !strings.Contains(r.err.String(), want) {
			t.Errorf("no %q in\n%s", want, r.err)
		}
	}
	dir := filepath.Join(r.home, ".config", "smsctl")
	secret, err := os.ReadFile(filepath.Join(dir, "secrets", "telnyx-main.api_key"))
	if err != nil || string(secret) != "KEY-canary-1\n" {
		t.Errorf("%q, %v", secret, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "config.yaml"))
	if err != nil || !strings.Contains(string(text), "api_key: \"file:secrets/telnyx-main.api_key\"") || !strings.Contains(string(text), "default_region: DE") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestScalarsAreReadBack(t *testing.T) {
	for _, s := range []string{"GB", "+15005550006", "0100", "env:TOKEN", "ACME & Co", "a: b", "#x", "null", "yes", "1e3", "-", `"q"`, "ünï", "2026-10-09", "0x10", "12.50", ""} {
		cfg, found := parseConfig("x.yaml", []byte("carriers:\n  a:\n    type: x\n    v: "+scalar(s)+"\n"), "default")
		if len(found) > 0 {
			t.Errorf("%q: %v", s, found)
			continue
		}
		var into struct {
			Type string `yaml:"type"`
			V    string `yaml:"v"`
		}
		if err := cfg.Carriers[0].decode(&into); err != nil || into.V != s {
			t.Errorf("%q came back as %q, %v", s, into.V, err)
		}
	}
}

// What completion offers for --fields are the columns that the tables have.
func TestTableFieldsAreTheTables(t *testing.T) {
	for command, fields := range tableFields() {
		if command == "message list" { // needs a campaign: see the story of completion
			continue
		}
		r := newTestRun(t, setup{})
		code := run(append(strings.Fields(command), "--fields", "no-such-field"), r.app)
		_, after, _ := strings.Cut(r.err.String(), "valid fields: ")
		line, _, _ := strings.Cut(after, "\n")
		if code != int(exitUsage) || line == "" {
			t.Errorf("%s: exit %d, %s", command, code, r.err)
			continue
		}
		if diff := cmp.Diff(strings.Split(line, ", "), fields); diff != "" {
			t.Errorf("%s: %s", command, diff)
		}
	}
}
