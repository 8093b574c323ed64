package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// app is what a command sees of the world. Tests build one from buffers and a map; nothing in this package touches
// os.Args, os.Stdout or the environment behind its back.
type app struct {
	stdin    *bufio.Reader
	stdinTTY bool
	keyboard *os.File // what a screen reads keys from; nil in tests
	stdout   stream
	stderr   stream
	env      lookup
	now      func() time.Time
	home     string

	// carrierTypes lists the carrier types this program knows.
	carrierTypes func() []carriers.Type

	flags   globalFlags
	origins map[string]string // where a flag got its value: "flag" or the variable's name; absent = default
	args    []string          // as given, for errors that come before the flags are parsed
	parsed  bool              // flags are valid: before that only the raw arguments say what is wanted
	running *cobra.Command    // set when a command's own code has begun: errors before that are errors of use
	zone    *time.Location
	ascii   bool
	filter  *filter // --jq, --template

	secrets  *secretStore
	cfg      *config                    // see config()
	prices   map[string]store.PriceList // imported, by carrier; once the database is open
	logger   *slog.Logger
	logFiles []*lazyFile
}

func systemApp() *app {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	a := newApp(world{
		stdin: os.Stdin, stdinTTY: term.IsTerminal(int(os.Stdin.Fd())),
		stdout: systemStream(os.Stdout), stderr: systemStream(os.Stderr),
		env: os.LookupEnv, now: time.Now, home: home,
		carrierTypes: carrierTypes,
	})
	a.keyboard = os.Stdin
	return a
}

// world is everything outside the process that an app needs.
type world struct {
	stdin          io.Reader
	stdinTTY       bool
	stdout, stderr stream
	env            lookup
	now            func() time.Time
	home           string
	carrierTypes   func() []carriers.Type
}

func newApp(w world) *app {
	a := &app{
		stdin: bufio.NewReader(w.stdin), stdinTTY: w.stdinTTY, stdout: w.stdout, stderr: w.stderr,
		env: w.env, now: w.now, home: w.home, carrierTypes: w.carrierTypes,
		origins: map[string]string{}, zone: time.Local,
	}
	a.secrets = newSecretStore(w.env)
	a.ascii = asciiWanted(w.env)
	return a
}

// run is the whole program between its arguments and its exit code.
func run(args []string, a *app) int {
	if args == nil {
		args = []string{} // cobra reads os.Args for nil
	}
	a.args = args
	a.settleColors() // for errors that come before the flags are read
	root := newRoot(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	if err != nil && a.running == nil {
		a.running, err = cmd, usageError(err)
	}
	code := a.finish(err)
	if err := a.closeLog(); err != nil && code == int(exitOK) {
		return a.finish(fail(exitError, "log.write", "writing the log: %v", err))
	}
	return code
}

// say prints a message for people to stderr, as an event where stderr is JSON. --quiet silences it.
func (a *app) say(format string, args ...any) {
	if !a.flags.quiet {
		a.message("info", fmt.Sprintf(format, args...))
	}
}

// warn is say for what must be seen even with --quiet.
func (a *app) warn(format string, args ...any) {
	a.message("warning", fmt.Sprintf(format, args...))
}

func (a *app) message(level, text string) {
	text = a.hide(text)
	if a.wantsJSON() {
		a.stderrJSON(map[string]any{"type": "message", "level": level, "message": text})
		return
	}
	if level == "warning" {
		text = a.stderr.paint(bold, "warning:") + " " + text
	}
	fmt.Fprintln(a.stderr, a.glyphs(text))
}

// commandPath names the command for messages, "smsctl" when none was found.
func (a *app) commandPath() string {
	if a.running != nil {
		return a.running.CommandPath()
	}
	return "smsctl"
}

// hide takes secrets out of a text that goes to stderr or into a log.
func (a *app) hide(text string) string { return a.secrets.hide(text) }
