package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// allCommands walks the tree as it is: a command that is added later is tested without anyone thinking of it.
func allCommands(t testing.TB) []*cobra.Command {
	var found []*cobra.Command
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		found = append(found, cmd)
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(newTestRun(t, setup{}).app))
	return found
}

func argsOf(cmd *cobra.Command) []string { return strings.Fields(cmd.CommandPath())[1:] }

// Whatever happens, with JSON asked for both streams are JSON, and an error says so with the code the process ends
// with.
func TestJSONIsPureOnEveryPath(t *testing.T) {
	t.Parallel()
	broken := writeFile(t, "config.yaml", "databse: x.db\n")
	suffixes := [][]string{
		{"--json", "--help"},
		{"--json", "--no-such-flag"},
		{"--no-such-flag", "--json"},
		{"--json", "-Z"},
		{"--json", "--color", "pink"},
		{"--json", "--db"},
		{"--json", "--tz", "Nowhere/Land"},
		{"--json", "--jq", "]"},
		{"--json", "--fields", "a"},
		{"--json", "no-such-word", "and", "another"},
		{"--json", "--config", broken},
		{"--json", "--config", "does-not-exist.yaml"},
		{"--json", "--no-input", "--config", "none"},
		{"--json", "--color", "always", "--verbose", "-v"},
	}
	for _, cmd := range allCommands(t) {
		if cmd.Hidden {
			continue
		}
		for _, suffix := range suffixes {
			args := append(argsOf(cmd), suffix...)
			t.Run(strings.Join(args, " "), func(t *testing.T) {
				t.Parallel()
				code, stdout, stderr := runCLI(t, setup{}, args...)
				if err := pureJSON(stdout); err != nil {
					t.Errorf("stdout: %v", err)
				}
				if err := pureJSON(stderr); err != nil {
					t.Errorf("stderr: %v", err)
				}
				checkErrorLine(t, code, stderr)
			})
		}
	}
}

func checkErrorLine(t *testing.T, code int, stderr string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	last := lines[len(lines)-1]
	if code == 0 {
		if strings.Contains(last, `"type":"error"`) {
			t.Errorf("exit 0 with an error: %s", last)
		}
		return
	}
	var e errorDocument
	if err := json.Unmarshal([]byte(last), &e); err != nil {
		t.Fatalf("exit %d, but the last line of stderr is no error: %q", code, last)
	}
	if e.Type != "error" || int(e.ExitCode) != code || e.Code == "" || e.Message == "" || e.Hint == "" || e.Details == nil {
		t.Errorf("exit %d with an incomplete error: %s", code, last)
	}
	if e.Code == "internal" {
		t.Errorf("an error nobody foresaw: %s", last)
	}
}

// Without JSON an error is three lines: what, where, fix.
func TestErrorsAreThreeLines(t *testing.T) {
	t.Parallel()
	for _, cmd := range allCommands(t) {
		for _, suffix := range []string{"--no-such-flag", "--color=pink", "--db"} {
			args := append(argsOf(cmd), suffix)
			code, stdout, stderr := runCLI(t, setup{}, args...)
			lines := strings.Split(stderr, "\n")
			if code != int(exitUsage) || stdout != "" || len(lines) != 4 ||
				!strings.HasPrefix(lines[0], "error: ") || !strings.HasPrefix(lines[1], "       ") || !strings.HasPrefix(lines[2], "fix:   ") {
				t.Errorf("%v: exit %d, stdout %q, stderr\n%s", args, code, stdout, stderr)
			}
		}
	}
}

// The help page of every command has its examples before all else, and its exit codes are of the table.
func TestEveryCommandExplainsItself(t *testing.T) {
	for _, cmd := range allCommands(t) {
		if cmd.Hidden || cmd.Name() == "completion" && cmd.HasSubCommands() {
			continue
		}
		code, stdout, stderr := runCLI(t, setup{}, append(argsOf(cmd), "--help")...)
		if code != 0 || stderr != "" {
			t.Errorf("%s --help: exit %d, stderr %q", cmd.CommandPath(), code, stderr)
		}
		before, _, _ := strings.Cut(stdout, "\nUsage\n")
		if cmd.Short == "" || cmd.Example == "" || !strings.Contains(before, "\nExamples\n") {
			t.Errorf("%s --help does not lead with examples:\n%s", cmd.CommandPath(), stdout)
		}
		if !cmd.HasSubCommands() && !strings.Contains(stdout, "\nExit status\n    0  ok") {
			t.Errorf("%s --help has no exit status:\n%s", cmd.CommandPath(), stdout)
		}
	}
}

// A --help anywhere shows help, whatever else is wrong on the line or in the environment.
func TestHelpBeatsEverything(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"config", "show", "--bogus", "-h"}, {"-h", "--bogus"}, {"config", "--help", "show"}, {"version", "--color", "pink", "--help"},
	} {
		code, stdout, stderr := runCLI(t, setup{env: map[string]string{"SMSCTL_COLOR": "pink"}}, args...)
		if code != 0 || !strings.Contains(stdout, "Examples") || stderr != "" {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

// Every flag of every command can come from its variable, and a bad value there is refused by name.
func TestEveryFlagHasATwin(t *testing.T) {
	t.Parallel()
	samples := map[string]string{"bool": "true", "count": "2", "int": "3", "uint64": "3", "duration": "3s", "WORD": "", "float64": "0.5"}
	for _, cmd := range allCommands(t) {
		flags := cmd.Flags()
		flags.AddFlagSet(cmd.InheritedFlags())
		flags.VisitAll(func(f *pflag.Flag) {
			if !hasTwin(f) {
				return
			}
			value, known := samples[f.Value.Type()]
			if !known {
				value = "x"
			}
			if e, ok := f.Value.(*enum); ok {
				value = e.allowed[len(e.allowed)-1]
			}
			f.Changed = false // global flags are shared by all commands of a tree
			a := newTestRun(t, setup{env: map[string]string{twin(f.Name): value}}).app
			own := pflag.NewFlagSet("one", pflag.ContinueOnError)
			own.AddFlag(f)
			if err := a.applyTwins(own); err != nil {
				t.Errorf("%s: %s=%s: %v", cmd.CommandPath(), twin(f.Name), value, err)
			} else if !f.Changed || a.origins[f.Name] != twin(f.Name) {
				t.Errorf("%s: %s did not set --%s", cmd.CommandPath(), twin(f.Name), f.Name)
			}
		})
	}
	code, _, stderr := runCLI(t, setup{env: map[string]string{"SMSCTL_PII": "none"}}, "version")
	if code != int(exitUsage) || !strings.Contains(stderr, "SMSCTL_PII") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

// The topic "environment" names the twin of every global flag.
func TestEnvironmentTopicIsComplete(t *testing.T) {
	text, err := topicTexts.ReadFile("help/environment.txt")
	if err != nil {
		t.Fatal(err)
	}
	newRoot(newTestRun(t, setup{}).app).PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if hasTwin(f) && !strings.Contains(string(text), twin(f.Name)+" ") {
			t.Errorf("help environment does not name %s", twin(f.Name))
		}
	})
}

// Every topic has a page that fits a terminal, and every page is a topic.
func TestTopics(t *testing.T) {
	entries, err := topicTexts.ReadDir("help")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries)+1 != len(topics()) { // exit-codes is generated
		t.Errorf("%d pages for %d topics", len(entries), len(topics()))
	}
	for _, topic := range topics() {
		code, stdout, _ := runCLI(t, setup{}, "help", topic.name)
		if code != 0 || len(stdout) < 200 {
			t.Errorf("help %s: exit %d, %d bytes", topic.name, code, len(stdout))
		}
		for line := range strings.Lines(stdout) {
			if len([]rune(line)) > 125 {
				t.Errorf("help %s: too long: %s", topic.name, line)
			}
		}
	}
}
