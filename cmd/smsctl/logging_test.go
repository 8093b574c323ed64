package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type person struct{ Name, Phone string }

func (p person) LogValue() slog.Value { return slog.GroupValue(slog.String("phone", p.Phone)) }

// Whatever a caller does, no number and no secret reaches stderr or the log file.
func TestLogHasNoNumbersAndNoSecrets(t *testing.T) {
	const number, canary = "+447700900123", "canary-token"
	for _, flags := range []globalFlags{
		{verbose: 2, logFormat: "text"}, {verbose: 2, logFormat: "json"}, {verbose: 2, json: true, logFormat: "text"},
	} {
		r := newTestRun(t, setup{env: map[string]string{"TOKEN": canary}})
		r.flags, r.parsed = flags, true
		if _, err := r.secrets.resolve("env:TOKEN"); err != nil {
			t.Fatal(err)
		}
		log := r.log().With("to", number, "auth", "Bearer "+canary).WithGroup("g")
		log.Info("sent to "+number+" with "+canary, "err", errors.New("post To=%2B447700900123: "+canary))
		log.Debug("structs", "person", person{"Ana", number}, "list", []string{number, canary}, "plain", struct{ P string }{number})
		log.Warn("spaced", slog.Group("inner", "a", "+44 7700 900123", "b", "07700900123", "n", 24000, "line", "row 17"))
		if err := r.closeLog(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join(r.stateDir(), "log", "smsctl.log"))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"stderr": r.err.String(), "file": string(file)} {
			if strings.Contains(text, "900123") || strings.Contains(text, "canary") {
				t.Errorf("%+v: %s leaks:\n%s", flags, name, text)
			}
			if !strings.Contains(text, "•••123") || !strings.Contains(text, "[redacted]") ||
				!strings.Contains(text, "24000") || !strings.Contains(text, "row 17") {
				t.Errorf("%+v: %s masks too much or too little:\n%s", flags, name, text)
			}
		}
		if flags.json {
			if err := pureJSON(r.err.String()); err != nil {
				t.Error(err)
			}
		}
	}
}

// A command that logs nothing leaves no file, and a log that cannot be written is an error, not silence.
func TestLogFileIsLazyAndHonest(t *testing.T) {
	r := newTestRun(t, setup{})
	r.log().Debug("below the file's level")
	if err := r.closeLog(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(r.home, ".local")); !os.IsNotExist(err) {
		t.Errorf("a log was made: %v", err)
	}

	r = newTestRun(t, setup{})
	r.flags.logFile = filepath.Join(writeFile(t, "not-a-folder", ""), "x.log")
	r.log().Warn("cannot be kept")
	if err := r.closeLog(); err == nil {
		t.Error("no error for a log that could not be written")
	}

	r = newTestRun(t, setup{})
	r.flags.logFile = "none"
	r.log().Error("only on stderr")
	if err := r.closeLog(); err != nil || !strings.Contains(r.err.String(), "only on stderr") {
		t.Errorf("%v, %q", err, r.err.String())
	}
}

func TestLogLevels(t *testing.T) {
	for _, c := range []struct {
		flags globalFlags
		want  string
	}{
		{globalFlags{quiet: true}, "error"},
		{globalFlags{}, "warn error"},
		{globalFlags{verbose: 1}, "info warn error"},
		{globalFlags{verbose: 2}, "debug info warn error"},
	} {
		r := newTestRun(t, setup{})
		r.flags = c.flags
		r.flags.logFile = "none"
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			r.log().Log(t.Context(), level, "m-"+strings.ToLower(level.String()))
		}
		var got []string
		for _, word := range []string{"debug", "info", "warn", "error"} {
			if strings.Contains(r.err.String(), "m-"+word) {
				got = append(got, word)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, want %s", c.flags, got, c.want)
		}
	}
}
