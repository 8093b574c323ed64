package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/smsctl/smsctl/carriers"
)

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){"smsctl": main, clocked: mainByClock})
}

// TestScript runs the stories of testdata/script against the program. Beside testscript's own commands they have:
//
//	jsonlines FILE...     every line is JSON, and there is no ESC byte
//	noescape FILE...      there is no ESC byte
//	code N COMMAND...     the command ends with exit code N
//
// FILE may be stdout or stderr, of the last command.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else every process that a story starts lasts a second longer
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"jsonlines": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, file := range args {
					ts.Check(pureJSON(ts.ReadFile(file)))
				}
			},
			"noescape": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, file := range args {
					if strings.ContainsRune(ts.ReadFile(file), 0x1b) {
						ts.Fatalf("%s has an ESC byte", file)
					}
				}
			},
			"code": scriptExitCode,
		},
	})
}

// scriptExitCode runs a command and holds its exit code against the first argument: testscript itself only knows
// zero and not zero.
func scriptExitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(interface{ ExitCode() int }); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("running %s: %v", args[1], err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit code %d, not %s\n%s%s", got, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// pureJSON says what is wrong with a stream that must be JSON lines and nothing else.
func pureJSON(text string) error {
	if strings.ContainsRune(text, 0x1b) {
		return fmt.Errorf("ESC byte in %q", text)
	}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if line != "" && !json.Valid([]byte(line)) {
			return fmt.Errorf("line %d is no JSON: %q", i+1, line)
		}
	}
	return nil
}

// testRun is a run of the program inside the test.
type testRun struct {
	*app
	out, err *bytes.Buffer
}

// setup is what a test wants to be different from a pipe in an empty environment.
type setup struct {
	env   map[string]string
	tty   bool
	stdin string
	types []carriers.Type
}

func newTestRun(t testing.TB, s setup) testRun {
	t.Helper()
	out, errs := &bytes.Buffer{}, &bytes.Buffer{}
	to := func(w io.Writer) stream {
		return stream{Writer: w, tty: s.tty, width: func() int { return 80 }}
	}
	if s.env == nil {
		s.env = map[string]string{}
	}
	if _, ok := s.env["LANG"]; !ok {
		s.env["LANG"] = "C.UTF-8"
	}
	home := t.TempDir()
	a := newApp(world{
		stdin: strings.NewReader(s.stdin), stdinTTY: s.tty, stdout: to(out), stderr: to(errs),
		env:          func(name string) (string, bool) { v, ok := s.env[name]; return v, ok },
		now:          func() time.Time { return time.Date(2026, 10, 9, 13, 1, 31, 20e6, time.UTC) },
		home:         home,
		carrierTypes: func() []carriers.Type { return s.types },
	})
	a.zone = time.UTC
	return testRun{a, out, errs}
}

// runCLI runs one command line and returns its exit code and streams.
func runCLI(t testing.TB, s setup, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	r := newTestRun(t, s)
	code = run(args, r.app)
	return code, r.out.String(), r.err.String()
}

// writeFile puts a file into a fresh folder and returns its path.
func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
