package main

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLinksWanted(t *testing.T) {
	for name, c := range map[string]struct {
		env  string
		want bool
	}{
		"nobody knows it":               {"TERM=xterm-256color", false},
		"Terminal.app":                  {"TERM=xterm-256color TERM_PROGRAM=Apple_Terminal", false},
		"iTerm2":                        {"TERM=xterm-256color TERM_PROGRAM=iTerm.app", true},
		"kitty":                         {"TERM=xterm-kitty", true},
		"GNOME Terminal":                {"TERM=xterm-256color VTE_VERSION=7200", true},
		"one from before":               {"TERM=xterm-256color VTE_VERSION=4800", false},
		"Windows Terminal":              {"WT_SESSION=1", true},
		"tmux in one that has them":     {"TERM=tmux-256color TMUX=x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=3.5a VTE_VERSION=7200", true},
		"an old tmux in one":            {"TERM=tmux-256color TMUX=x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=3.3a VTE_VERSION=7200", false},
		"tmux that does not say which":  {"TERM=screen TMUX=x VTE_VERSION=7200", false},
		"screen in one that has them":   {"TERM=screen STY=x VTE_VERSION=7200", false},
		"dumb":                          {"TERM=dumb FORCE_HYPERLINK=1", false},
		"somebody knows better":         {"TERM=xterm-256color FORCE_HYPERLINK=1", true},
		"somebody does not want any":    {"TERM=xterm-kitty FORCE_HYPERLINK=0", false},
		"a number that cannot be read":  {"TMUX=x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=next-3.6", false},
		"a number without a second one": {"TMUX=x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=4", true},
	} {
		env := lookup(func(name string) (string, bool) {
			for _, v := range strings.Fields(c.env) {
				if k, v, _ := strings.Cut(v, "="); k == name {
					return v, true
				}
			}
			return "", false
		})
		if got := linksWanted(true, env); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if linksWanted(false, env) {
			t.Errorf("%s: links in a pipe", name)
		}
	}
}

func TestLink(t *testing.T) {
	if got := (stream{}).link("a.html", "a.html"); got != "a.html" {
		t.Errorf("%q", got)
	}
	s := stream{links: true}
	if got, want := s.link("http://127.0.0.1:9090", "here"), "\x1b]8;;http://127.0.0.1:9090\ahere\x1b]8;;\a"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if runtime.GOOS == "windows" {
		return // a path like the next one is not absolute there
	}
	path := filepath.Join("/tmp", "50 % off.html")
	if got, want := s.link(path, "50 % off.html"), "\x1b]8;;file://"+hostname()+"/tmp/50%20%25%20off.html\a50 % off.html\x1b]8;;\a"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
