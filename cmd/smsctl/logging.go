package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/lmittmann/tint"

	"github.com/smsctl/smsctl/carriers/phone"
)

// log is the program's logger: warnings (more with -v) on stderr, everything from info on in a file. Every message
// and attribute passes the mask first, so that no caller can leak a number or a secret.
func (a *app) log() *slog.Logger {
	if a.logger == nil {
		a.newLog("smsctl")
	}
	return a.logger
}

// newLog makes the program's logger one whose file has its own name, as a campaign's has.
func (a *app) newLog(name string) { a.logger = a.logTo(name) }

// logTo is a logger whose file has a name of its own.
func (a *app) logTo(name string) *slog.Logger {
	handlers := []slog.Handler{a.stderrHandler()}
	if a.flags.logFile != "none" {
		path := a.flags.logFile
		if path == "" {
			path = filepath.Join(a.stateDir(), "log", filepath.Base(name)+".log")
		}
		file := &lazyFile{path: path}
		a.logFiles = append(a.logFiles, file)
		handlers = append(handlers, a.fileHandler(file))
	}
	return slog.New(mask{next: slog.NewMultiHandler(handlers...), hide: a.hide})
}

func (a *app) stderrHandler() slog.Handler {
	level := slog.LevelWarn
	switch {
	case a.flags.quiet:
		level = slog.LevelError
	case a.flags.verbose == 1:
		level = slog.LevelInfo
	case a.flags.verbose > 1:
		level = slog.LevelDebug
	}
	switch {
	case a.wantsJSON():
		return slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: machineTime}).
			WithAttrs([]slog.Attr{slog.String("type", "log")})
	case a.stderr.tty:
		return tint.NewTextHandler(a.stderr, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !a.stderr.color})
	}
	return slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: machineTime})
}

func (a *app) fileHandler(w io.Writer) slog.Handler {
	level := slog.LevelInfo
	if a.flags.verbose > 1 {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: machineTime}
	if a.flags.logFormat == "json" {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// machineTime writes the record's own time as all machine output does.
func machineTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey && attr.Value.Kind() == slog.KindTime {
		attr.Key, attr.Value = "ts", slog.StringValue(attr.Value.Time().UTC().Format(timeFormat))
	}
	return attr
}

// closeLog ends the log files, and tells what went wrong with them: slog itself drops errors of writing.
func (a *app) closeLog() error {
	var errs []error
	for _, file := range a.logFiles {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// lazyFile is created by its first write: a command that logs nothing leaves no file.
type lazyFile struct {
	path string
	mu   sync.Mutex
	file *os.File
	err  error
}

func (l *lazyFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil && l.err == nil {
		l.err = l.open()
	}
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.file.Write(b)
	if err != nil {
		l.err = fmt.Errorf("writing the log: %w", err)
	}
	return n, err
}

func (l *lazyFile) open() error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return fmt.Errorf("creating the log's folder: %w", err)
	}
	file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	l.file = file
	return nil
}

func (l *lazyFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return l.err
	}
	if err := l.file.Close(); l.err == nil {
		l.err = err
	}
	l.file = nil
	return l.err
}

// mask is the handler in front of all others: it takes phone numbers and secrets out of every message and value.
type mask struct {
	next slog.Handler
	hide func(string) string
}

var _ slog.Handler = mask{}

func (m mask) Enabled(ctx context.Context, level slog.Level) bool { return m.next.Enabled(ctx, level) }

func (m mask) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, m.text(r.Message), r.PC)
	r.Attrs(func(attr slog.Attr) bool {
		clean.AddAttrs(m.attr(attr))
		return true
	})
	return m.next.Handle(ctx, clean)
}

func (m mask) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i := range attrs {
		clean[i] = m.attr(attrs[i])
	}
	return mask{m.next.WithAttrs(clean), m.hide}
}

func (m mask) WithGroup(name string) slog.Handler { return mask{m.next.WithGroup(name), m.hide} }

func (m mask) attr(attr slog.Attr) slog.Attr {
	value := attr.Value.Resolve()
	switch value.Kind() {
	case slog.KindString:
		value = slog.StringValue(m.text(value.String()))
	case slog.KindGroup:
		group := value.Group()
		clean := make([]slog.Attr, len(group))
		for i := range group {
			clean[i] = m.attr(group[i])
		}
		value = slog.GroupValue(clean...)
	case slog.KindAny: // errors, structs, slices: only their text can be cleaned
		value = slog.StringValue(m.text(fmt.Sprintf("%+v", value.Any())))
	}
	return slog.Attr{Key: attr.Key, Value: value}
}

func (m mask) text(s string) string { return maskNumbers(m.hide(s)) }

// shortestNumber is the fewest digits that can be a subscriber's number. Long ids of digits are masked with them:
// that costs a log reader less than a number in a log costs a person.
const shortestNumber = 7

var numberPattern = regexp.MustCompile(`(?:\+|%2[Bb])\d(?:[ .()-]{0,2}\d){6,14}|\d{7,15}`)

// maskNumbers masks what looks like a phone number, with or without its plus, spaced or escaped in a URL.
func maskNumbers(s string) string {
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	if digits < shortestNumber { // most texts: no regexp needed
		return s
	}
	return numberPattern.ReplaceAllStringFunc(s, func(n string) string {
		if n[0] == '%' {
			n = "+" + n[3:]
		}
		return phone.Mask(n)
	})
}
