package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Whoever has nothing but the program comes with three commands to a campaign and its page, in less than a minute. On a busy
// machine the quickest of three newcomers has to.
func TestFirstMinute(t *testing.T) {
	t.Parallel()
	quickest := time.Hour
	for try := 0; try < 3 && quickest > time.Minute; try++ {
		quickest = min(quickest, newcomer(t))
	}
	if quickest > time.Minute {
		t.Errorf("it took %s", quickest)
	}
}

// newcomer types what the README begins with, and says how long that took.
func newcomer(t *testing.T) time.Duration {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Abs(filepath.Join("..", "..", "testdata", "csv", "recipients.csv"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	began := time.Now()
	var said strings.Builder
	for _, line := range [][]string{
		{"init", "--non-interactive"},
		{"send", "--csv", list, "-m", "Hi {{first_name|there}}, your parcel arrives today."},
		{"report", "-o", "report.html"},
	} {
		c := exec.Command(path, line...)
		c.Dir, c.Stdout, c.Stderr = home, &said, &said
		c.Env = []string{"HOME=" + home, "USERPROFILE=" + home, "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH")}
		if runtime.GOOS == "windows" {
			c.Env = append(c.Env, "SystemRoot="+os.Getenv("SystemRoot"), "APPDATA="+home, "LOCALAPPDATA="+home)
		}
		if err := c.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", line[0], err, &said)
		}
	}
	took := time.Since(began)
	for _, want := range []string{"SIMULATED", "reconciles to 990", "Written: report.html"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, &said)
		}
	}
	page, err := os.ReadFile(filepath.Join(home, "report.html"))
	if err != nil || !strings.HasPrefix(string(page), "<!DOCTYPE html>") {
		t.Errorf("%.100q, %v", page, err)
	}
	return took
}
