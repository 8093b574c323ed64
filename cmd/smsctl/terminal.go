package main

import (
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// stream is stdout or stderr with what is known about its other end. Each is judged alone: `smsctl … | less` keeps
// colours on stderr.
type stream struct {
	io.Writer
	tty   bool
	width func() int // columns, 0 when unknown
	color bool
	links bool
	file  *os.File // what a screen draws on; nil in tests
}

func systemStream(f *os.File) stream {
	s := stream{Writer: &gate{w: f}, tty: term.IsTerminal(int(f.Fd())), file: f}
	s.width = func() int {
		w, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0
		}
		return w
	}
	return s
}

// color is one of the 16 ANSI colours or attributes: no others, so that the user's theme decides how they look.
type color string

const (
	bold  color = "1"
	faint color = "2"
	red   color = "31"
)

// paint wraps text in a colour when this stream shows any.
func (s stream) paint(c color, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// lookup reads one environment variable.
type lookup func(name string) (string, bool)

// get is the variable's value, "" when it is unset.
func (l lookup) get(name string) string {
	v, _ := l(name)
	return v
}

// colorWanted decides for one stream. A flag beats the environment, a refusal beats a wish, and without either only a
// terminal that can show colours gets them.
func colorWanted(mode string, tty bool, env lookup) bool {
	on := func(name string) bool { v := env.get(name); return v != "" && v != "0" && v != "false" }
	switch {
	case mode == "always":
		return true
	case mode == "never", env.get("NO_COLOR") != "":
		return false
	case on("FORCE_COLOR"), on("CLICOLOR_FORCE"):
		return true
	case env.get("FORCE_COLOR") != "", env.get("CLICOLOR") == "0", env.get("TERM") == "dumb":
		return false
	}
	return tty
}

// asciiWanted says that the locale cannot show more than ASCII. LC_ALL beats LC_CTYPE beats LANG, as in POSIX; none of
// them is the C locale, except on Windows, where terminals are UTF-8 and set none.
func asciiWanted(env lookup) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env.get(name); v != "" {
			v = strings.ToLower(v)
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return runtime.GOOS != "windows"
}

// glyphs replaces the few characters we print beyond ASCII where they cannot be shown. Data is never touched.
func (a *app) glyphs(text string) string {
	if !a.ascii {
		return text
	}
	return strings.NewReplacer("…", "...", "•", ".", "·", "-", "→", "->", "✓", "ok", "✗", "x", "–", "-").Replace(text)
}

// gate is a stream that can be shut for a while: what is written meanwhile comes out afterwards. While a screen is drawn,
// a line of a log would tear it.
type gate struct {
	mu   sync.Mutex
	w    io.Writer
	shut bool
	kept []byte
}

// keptMost bounds what a shut gate keeps: whoever logs that much has a log file.
const keptMost = 64 << 10

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		return g.w.Write(b)
	}
	if len(g.kept)+len(b) <= keptMost {
		g.kept = append(g.kept, b...)
	}
	return len(b), nil
}

// close shuts the stream until the returned function is called.
func (s stream) close() (open func()) {
	g, ok := s.Writer.(*gate)
	if !ok {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.shut = false
		_, _ = g.w.Write(g.kept) // nobody is left to be told
		g.kept = nil
	}
}

// decouple lets whoever writes to the stream go on at once while a goroutine waits for its reader, until the returned
// function is called. Of what nobody reads for long, whole lines are dropped: they are in the log, and events are numbered.
func (s stream) decouple() (couple func()) {
	g, ok := s.Writer.(*gate)
	if !ok {
		return func() {}
	}
	open := s.close()
	quit, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = g.w.Write(g.take()) // nobody is left to be told
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-over
		open()
	}
}

// take empties what is kept.
func (g *gate) take() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := g.kept
	g.kept = nil
	return kept
}
