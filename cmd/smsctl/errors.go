package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// cliError is an error as a person and a script need it: what happened, where, and what to do about it. Its Code is
// stable ("csv.invalid_rows"): scripts switch on it where the exit code is too coarse.
type cliError struct {
	Exit    exitCode
	Code    string
	What    string         // one line, no trailing stop
	Where   string         // one line: the place, or the first examples
	Fix     string         // best a command that can be pasted
	Details map[string]any // for --json
	Cause   error          // for the log and errors.Is
}

// fail starts an error; at, fix, with and because complete it:
//
//	fail(exitNotFound, "campaign.not_found", "no campaign %q", id).at("in %s", db).fix("smsctl campaign list")
func fail(exit exitCode, code, format string, args ...any) *cliError {
	return &cliError{Exit: exit, Code: code, What: fmt.Sprintf(format, args...)}
}

func (e *cliError) at(format string, args ...any) *cliError {
	e.Where = fmt.Sprintf(format, args...)
	return e
}

func (e *cliError) fix(format string, args ...any) *cliError {
	e.Fix = fmt.Sprintf(format, args...)
	return e
}

func (e *cliError) with(key string, value any) *cliError {
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	e.Details[key] = value
	return e
}

func (e *cliError) because(err error) *cliError {
	e.Cause = err
	return e
}

// Error is the one-line form for logs and wrapping.
func (e *cliError) Error() string {
	if e.Where != "" {
		return e.What + ": " + e.Where
	}
	return e.What
}

func (e *cliError) Unwrap() error { return e.Cause }

// quietExit ends with a code and prints nothing: the command has already said all there is to say, as its summary.
type quietExit struct{ code exitCode }

func (q quietExit) Error() string { return "exit " + q.code.info().Name }

// exitWith returns the error that ends the program with code and without a message; nil for exitOK.
func exitWith(code exitCode) error {
	if code == exitOK {
		return nil
	}
	return quietExit{code}
}

// asCLIError maps any error to the type with all fields set. Whatever nobody foresaw is exit 1 with the code
// "internal"; usage errors come typed from root.go.
func (a *app) asCLIError(err error) *cliError {
	var e *cliError
	if err = unknownKey(err); !errors.As(err, &e) {
		e = fail(exitError, "internal", "%s", oneLine(err.Error())).because(err)
	}
	full := *e
	if full.Where == "" {
		full.Where = "in: " + a.commandPath()
	}
	if full.Fix == "" {
		full.Fix = a.commandPath() + " --help"
		if full.Exit == exitError {
			full.Fix = "run it again with -vv to see more, and report it if it stays"
		}
	}
	return &full
}

// finish prints err, if any, to stderr and returns the process's exit code. It is the only place that does either.
func (a *app) finish(err error) int {
	if err == nil {
		return int(exitOK)
	}
	var quiet quietExit
	if errors.As(err, &quiet) {
		return int(quiet.code)
	}
	e := a.asCLIError(err)
	if a.wantsJSON() {
		a.writeErrorJSON(e)
	} else {
		paint := a.stderr.paint
		fmt.Fprintf(a.stderr, "%s %s (%s)\n       %s\n%s   %s\n",
			paint(red, "error:"), a.hide(oneLine(e.What)), e.Code, a.hide(oneLine(e.Where)), paint(bold, "fix:"), a.hide(oneLine(e.Fix)))
	}
	return int(e.Exit)
}

type errorDocument struct {
	Type     string         `json:"type"`
	Code     string         `json:"code"`
	ExitCode exitCode       `json:"exit_code"`
	Message  string         `json:"message"`
	Where    string         `json:"where"`
	Hint     string         `json:"hint"`
	Details  map[string]any `json:"details"`
}

func (a *app) writeErrorJSON(e *cliError) {
	doc := errorDocument{"error", e.Code, e.Exit, a.hide(e.What), a.hide(e.Where), a.hide(e.Fix), e.Details}
	if doc.Details == nil {
		doc.Details = map[string]any{}
	}
	line, err := json.Marshal(doc)
	if err != nil { // details that are no JSON must not swallow the error itself
		doc.Details = map[string]any{}
		line, _ = json.Marshal(doc)
	}
	fmt.Fprintln(a.stderr, a.hide(string(line)))
}

// oneLine keeps the three-line shape whatever an error text holds.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}
