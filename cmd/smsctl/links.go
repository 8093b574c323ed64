package main

import (
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// linksWanted decides whether a stream shows links (OSC 8). A terminal cannot be asked whether it knows them, and one that
// does not may print the address into the text: so only those get them that are known to. A pipe never does.
func linksWanted(tty bool, env lookup) bool {
	if !tty || env.get("TERM") == "dumb" {
		return false
	}
	switch env.get("FORCE_HYPERLINK") { // what other programs call it too
	case "":
	case "0", "false":
		return false
	default:
		return true
	}
	return linksKnown(env)
}

// linksKnown says that the terminal names itself as one that has links.
func linksKnown(env lookup) bool {
	program, number := env.get("TERM_PROGRAM"), env.get("TERM_PROGRAM_VERSION")
	switch {
	case env.get("TMUX") != "": // what is known of the terminal around it does not count
		return program == "tmux" && atLeast(number, 3, 4)
	case env.get("STY") != "":
		return false
	case slices.Contains([]string{"iTerm.app", "WezTerm", "vscode", "ghostty", "mintty", "rio", "Tabby"}, program):
		return true
	case slices.Contains([]string{"xterm-kitty", "xterm-ghostty", "alacritty", "foot", "foot-extra", "wezterm", "contour"}, env.get("TERM")):
		return true
	}
	vte, _ := strconv.Atoi(env.get("VTE_VERSION")) // 0 is none, or one from before there were links
	return vte >= 5000 || env.get("KONSOLE_VERSION") != "" || env.get("WT_SESSION") != "" || env.get("DOMTERM") != ""
}

// atLeast compares the first two numbers of a version like 3.5a.
func atLeast(version string, major, minor int) bool {
	a, b, _ := strings.Cut(version, ".")
	b = strings.TrimRightFunc(b, func(r rune) bool { return r < '0' || r > '9' })
	x, err := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return err == nil && (x > major || x == major && y >= minor)
}

// link makes text a link to a file or an address, where this stream shows any.
func (s stream) link(target, text string) string {
	if !s.links {
		return text
	}
	if !strings.Contains(target, "://") {
		path, err := filepath.Abs(target)
		if err != nil {
			return text
		}
		if path = filepath.ToSlash(path); !strings.HasPrefix(path, "/") { // C:/
			path = "/" + path
		}
		target = (&url.URL{Scheme: "file", Host: hostname(), Path: path}).String()
	}
	return ansi.SetHyperlink(target) + text + ansi.ResetHyperlink()
}
