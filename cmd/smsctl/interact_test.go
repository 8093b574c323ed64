package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

func exitOf(err error) exitCode {
	var e *cliError
	if errors.As(err, &e) {
		return e.Exit
	}
	if err != nil {
		return exitError
	}
	return exitOK
}

func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup setup
		flags globalFlags
		want  exitCode
		asked bool
	}{
		{"yes typed", setup{tty: true, stdin: "y\n"}, globalFlags{}, exitOK, true},
		{"YES typed", setup{tty: true, stdin: " YES \n"}, globalFlags{}, exitOK, true},
		{"no typed", setup{tty: true, stdin: "n\n"}, globalFlags{}, exitUnconfirmed, true},
		{"only enter", setup{tty: true, stdin: "\n"}, globalFlags{}, exitUnconfirmed, true},
		{"end of input", setup{tty: true}, globalFlags{}, exitUnconfirmed, true},
		{"--yes", setup{}, globalFlags{yes: true}, exitOK, false},
		{"--yes --no-input", setup{}, globalFlags{yes: true, noInput: true}, exitOK, false},
		{"no terminal", setup{stdin: "y\n"}, globalFlags{}, exitUnconfirmed, false},
		{"--no-input", setup{tty: true, stdin: "y\n"}, globalFlags{noInput: true}, exitUnconfirmed, false},
		{"--json", setup{tty: true, stdin: "y\n"}, globalFlags{json: true}, exitUnconfirmed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTestRun(t, c.setup)
			r.flags, r.parsed = c.flags, true
			err := r.confirm(t.Context(), "Send 12 live messages?")
			if exitOf(err) != c.want {
				t.Errorf("%v", err)
			}
			if asked := strings.Contains(r.err.String(), "Send 12 live messages? [y/N]"); asked != c.asked || r.out.Len() > 0 {
				t.Errorf("stderr %q, stdout %q", r.err, r.out)
			}
			var e *cliError
			if !c.asked && errors.As(err, &e) && e.Fix != "smsctl --yes" {
				t.Errorf("the fix does not name the flag: %q", e.Fix)
			}
		})
	}
}

func TestConfirmTyped(t *testing.T) {
	for _, c := range []struct {
		answer, want string
		exit         exitCode
	}{
		{"24000", "24000", exitOK}, {"24,000", "24000", exitOK}, {"24001", "24000", exitUnconfirmed},
		{"y", "24000", exitUnconfirmed}, {"spring-sale", "spring-sale", exitOK}, {"Spring-Sale", "spring-sale", exitUnconfirmed},
	} {
		r := newTestRun(t, setup{tty: true, stdin: c.answer + "\n"})
		if got := exitOf(r.confirmTyped(t.Context(), "Type it:", c.want)); got != c.exit {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestPromptEndsWithItsContext(t *testing.T) {
	reader, writer := io.Pipe()
	defer writer.Close()
	r := newTestRun(t, setup{tty: true})
	r.stdin.Reset(reader)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.confirm(ctx, "?"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		signals []os.Signal
		drained bool
		aborted bool
		want    exitCode
	}{
		{nil, false, false, exitOK},
		{[]os.Signal{os.Interrupt}, true, false, exitInterrupted},
		{[]os.Signal{syscall.SIGTERM}, true, false, exitTerminated},
		{[]os.Signal{os.Interrupt, syscall.SIGTERM}, true, true, exitInterrupted},
		{[]os.Signal{syscall.SIGTERM, os.Interrupt, os.Interrupt}, true, true, exitTerminated},
	} {
		synctest.Test(t, func(t *testing.T) {
			arrivals := make(chan os.Signal, 4)
			var told []int
			in := handleSignals(t.Context(), arrivals, func(n int, _ os.Signal) { told = append(told, n) })
			for _, s := range c.signals {
				arrivals <- s
				synctest.Wait()
			}
			if drained, aborted := in.drain.Err() != nil, in.abort.Err() != nil; drained != c.drained || aborted != c.aborted {
				t.Errorf("%v: drained %v, aborted %v", c.signals, drained, aborted)
			}
			if in.exitCode() != c.want || len(told) != min(len(c.signals), 2) {
				t.Errorf("%v: exit %d, told %v", c.signals, in.exitCode(), told)
			}
			in.close()
			if in.drain.Err() == nil || in.abort.Err() == nil {
				t.Error("contexts outlive close")
			}
		})
	}
}
