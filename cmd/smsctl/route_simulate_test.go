package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestRouteSimulate(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := runCLI(t, setup{}, "route", "simulate", "--scenario", "grey-outage", "--messages", "5000", "--policy", "thompson,router", "--json")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var doc simulation
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range doc.Policies {
		names = append(names, p.Policy)
	}
	if got := strings.Join(names, " "); got != "static thompson router oracle" || doc.Messages != 5000 || doc.FalseAlarms == nil || len(doc.Troubles) != 1 {
		t.Errorf("%s\n%s", got, stdout)
	}
	again, same, _ := runCLI(t, setup{}, "route", "simulate", "--scenario", "grey-outage", "--messages", "5000", "--policy", "thompson,router", "--seed", "1", "--json")
	if again != 0 || same != stdout {
		t.Error("two runs of the same seed differ")
	}
}

func TestRouteSimulateReadsAFile(t *testing.T) {
	file := writeFile(t, "two.yaml", "carriers: {a: {deliver: 0.9}, b: {deliver: 0.5}}\nmessages: 300\n")
	code, stdout, stderr := runCLI(t, setup{}, "route", "simulate", "--scenario", file, "--policy", "router")
	if code != 0 || !strings.Contains(stdout, "router\t") || strings.Contains(stdout, "thompson") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, c := range []struct {
		args []string
		code exitCode
		want string
	}{
		{[]string{"--scenario", "gray-outage"}, exitInput, "did you mean grey-outage?"},
		{[]string{"--scenario", writeFile(t, "bad.yaml", "carriers: {a: {deliver: 3}}\n")}, exitInput, "carrier a: deliver"},
		{[]string{"--scenario", "mix", "--policy", "tompson"}, exitUsage, "did you mean thompson?"},
		{[]string{"--scenario", "mix", "--messages", "-4"}, exitUsage, "route.size"},
	} {
		code, _, stderr := runCLI(t, setup{}, append([]string{"route", "simulate"}, c.args...)...)
		if code != int(c.code) || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, stderr)
		}
	}
}

// Whatever sim serve plays can be simulated.
func TestRouteSimulatePlaysEveryScenario(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/scenarios/*.yaml")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, f := range append(files, "../../testdata/routing/market.yaml") {
		code, stdout, stderr := runCLI(t, setup{}, "route", "simulate", "--scenario", f, "--messages", "1000", "--policy", "router", "--json")
		var doc simulation
		if err := json.Unmarshal([]byte(stdout), &doc); err != nil || code != 0 {
			t.Errorf("%s: exit %d, %v: %s", f, code, err, stderr)
			continue
		}
		for _, p := range doc.Policies {
			if p.Delivered.Num == 0 || p.Delivered.Num > 1000 || p.OnTime.Num > p.Delivered.Num {
				t.Errorf("%s: %+v", f, p)
			}
		}
	}
}
