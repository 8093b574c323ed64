//go:build linux

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A terminal is not questioned by commands that print: not one that answers, and not one that would keep them waiting.
func TestTerminalIsNotQuestioned(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("script"); err != nil {
		if os.Getenv("CI_TERMINAL") != "" {
			t.Fatal(err)
		}
		t.Skip("script, which opens a terminal, is not installed")
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "script", "-qec", path+" version --color never", os.DevNull)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "LANG=C.UTF-8", "TERM=xterm-256color", "SHELL=/bin/sh"}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "smsctl ") || strings.Contains(string(out), "\x1b") {
		t.Errorf("%v, %q", err, out)
	}
	if os.Getenv("CI") == "quiet" {
		t.Error("CI is still set")
	}
}
