//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// pane is a real terminal: a tmux server of the test's own, whose keys are typed and whose screen is read.
type pane struct {
	*stage
	socket string
}

// terminal opens a terminal of w by h and runs a command line in it.
func (s *stage) terminal(w, h int, env []string, args ...string) *pane {
	s.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI_TERMINAL") != "" {
			s.Fatal("tmux is not installed")
		}
		s.Skip("tmux is not installed")
	}
	path, err := program()
	s.ok(err)
	p := &pane{s, filepath.Join(s.dir, fmt.Sprintf("tmux-%dx%d", w, h))}
	line := "cd " + s.dir + "; exec env -i HOME=" + s.dir + " PATH=/usr/bin:/bin LANG=C.UTF-8 TERM=screen-256color SMSCTL_CONFIG=" +
		filepath.Join(s.dir, "config.yaml") + " " + strings.Join(env, " ") + " sh -c '" + path
	for _, a := range args {
		line += ` "` + a + `"`
	}
	line += `; echo "exit=$?"; sleep 600'`
	p.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h), line)
	s.Cleanup(func() { _ = exec.Command("tmux", "-S", p.socket, "kill-server").Run() })
	return p
}

func (p *pane) tmux(args ...string) string {
	p.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", p.socket}, args...)...)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8", "TERM=xterm-256color")
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (p *pane) keys(keys ...string) { p.tmux(append([]string{"send-keys"}, keys...)...) }

func (p *pane) screen() string { return p.tmux("capture-pane", "-p") }

// shows waits until the screen has all texts on it at once.
func (p *pane) shows(texts ...string) {
	p.Helper()
	last := ""
	defer func() {
		if p.Failed() {
			p.Log(last)
		}
	}()
	p.until(fmt.Sprintf("the screen shows %q", texts), func() bool {
		last = p.screen()
		for _, text := range texts {
			if !strings.Contains(last, text) {
				return false
			}
		}
		return true
	})
}

// In a real terminal: the dashboard steers the campaign, another process's pause is seen with its author, and the
// summary stays on the normal screen.
func TestRealTerminal(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	p := v.terminal(120, 36, nil, v.sending(v.list("people.csv", 60), "--yes")...)
	p.shows("people", "RUNNING", "1 Funnel", "› 3 Carriers", "alpha", "sending 8", "space pause")
	v.run(exitOK, "campaign", "pause", "people", "--reason", "lunch")
	p.shows("paused by", "lunch")
	v.until("it is paused", func() bool { return v.status("people") == campaign.Paused })
	p.keys("?")
	p.shows("rate cap by 10 %", "cancel (typed name)")
	p.keys("?", "r", "4", "0", "Enter")
	p.shows("people: 40/s", "cap 40/s")
	p.keys("c", "w", "r", "o", "n", "g", "Enter")
	p.shows("That is not its name")
	p.keys("Escape")
	p.tmux("resize-window", "-x", "38", "-y", "6")
	p.shows("panes need 56x10")
	p.tmux("resize-window", "-x", "80", "-y", "24")
	p.shows("Funnel", "Carriers", "Events")
	p.keys("q")
	p.shows("Campaign is still sending", "Detach", "Pause & quit", "Stay")
	p.keys("s")
	p.shows("q quit")
	p.keys("Space")
	open()
	p.shows("✓ reconciles to 60", "exit=0")
	v.reachedOnce(numbers(60))
	v.messages("people")
	last := v.submits()[60-41:] // 40 a second was typed: no busy machine is quicker than that
	if took := last[40].at.Sub(last[0].at); took < 900*time.Millisecond {
		t.Errorf("40 submits within %v at a cap of 40/s", took)
	}
}

// A live send shows its plan and goes only when the number of messages was typed; a test message goes before. What a person
// leaves has sent nothing.
func TestRealTerminalPlan(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	line := v.sending(v.list("people.csv", 150))
	p := v.terminal(80, 24, nil, line...)
	p.shows("LIVE carriers", "150 messages", "Samples", "Type 150 to send 150 live messages", "t test to yourself")
	p.keys("y", "Enter")
	p.shows("That is not 150: nothing was sent.")
	p.keys("Escape")
	p.shows("confirm.declined", "exit=9")
	v.sent(0)
	p = v.terminal(81, 24, nil, line...)
	p.shows("Type 150 to send")
	p.keys("t")
	p.shows("To number")
	p.keys("+447400999999", "Enter")
	p.shows("the test is under way")
	v.until("the test has come", func() bool { return len(v.submits()) == 1 })
	open()
	p.shows("Test message accepted")
	p.keys("150", "Enter")
	p.shows("✓ reconciles to 150", "exit=0")
	v.reachedOnce(append(numbers(150), "+447400999999"))
}

// The questions of init on a terminal: a default by Enter, a carrier found by its name, a secret that is not shown.
func TestRealTerminalInit(t *testing.T) {
	t.Parallel()
	v := newStage(t, "")
	p := v.terminal(80, 24, nil, "init", "--offline", "--config", filepath.Join(v.dir, "new", "config.yaml"))
	p.shows("Default region", "> GB")
	p.keys("C-u", "de", "Enter")
	p.shows("Sender", "> ACME")
	p.keys("Enter")
	p.shows("Carrier", "sim: simulated, reaches nobody")
	p.keys("/")
	p.shows("esc set filter")
	p.keys("clicks")
	p.shows("/clicks", "> clicksend")
	p.keys("Enter")
	for _, key := range []string{"username", "api_key"} {
		p.shows("┃ " + key)
		p.keys("canary-"+key, "Enter")
	}
	p.shows("Ceiling of a campaign")
	if s := p.screen(); strings.Contains(s, "canary-api_key") {
		t.Errorf("the secret is on the screen:\n%s", s)
	}
	p.keys("Enter")
	p.shows("Receipts", "poll: ask the carrier")
	p.keys("Enter")
	p.shows("Next", "smsctl doctor", "exit=0")
	text, err := os.ReadFile(filepath.Join(v.dir, "new", "config.yaml"))
	v.ok(err)
	for _, want := range []string{`default_region: DE`, `type: clicksend`, `username: canary-username`, `api_key: "file:secrets/`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// Ctrl-C on the dashboard stops as it does without one: what is under way finishes, exit 130, and the way on is named.
func TestRealTerminalInterrupt(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	p := v.terminal(80, 24, nil, v.sending(v.list("people.csv", 60), "--yes")...)
	p.shows("RUNNING", "Carriers")
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	p.keys("C-c")
	p.shows("DRAINING")
	open()
	p.shows("campaign resume people", "exit=130")
	v.sent(window)
}

// The key d hands the campaign to a worker; the browser finds it, and its dashboard steers the worker.
func TestRealTerminalDetachAndBrowse(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	p := v.terminal(100, 30, nil, v.sending(v.list("people.csv", 60), "--yes")...)
	p.shows("RUNNING", "Carriers")
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	p.keys("d")
	p.shows("DETACHING")
	open()
	p.shows("Detached: people goes on in pid", "exit=0")
	u := v.terminal(101, 30, nil, "ui")
	u.shows("smsctl ui", "people", "1 of 1 campaigns")
	v.until("all are sent", func() bool { return len(v.submits()) == 60 })
	u.keys("Enter")
	u.shows("Funnel", "60/60")
	u.keys("m")
	u.shows("next state", "awaiting") // the dashboard below has the other words too
	u.keys("Enter")
	u.shows("Attempts", "Timeline", "alpha")
	u.keys("Escape")
	u.shows("next state")
	u.keys("q")
	u.shows("Funnel")
	u.keys("q")
	u.shows("smsctl ui")
	u.keys("q")
	u.shows("exit=0")
	v.reachedOnce(numbers(60))
	if strings.Contains(u.screen(), "447400") {
		t.Error("a number in full on the screen")
	}
}

// What a terminal cannot do is not used: no colour, no cursor, no box, and the same work is done.
func TestRealTerminalKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want string
		no   string
	}{
		{"dumb", []string{"TERM=dumb"}, nil, "start", "Funnel"},
		{"CI", []string{"CI=1"}, []string{"--interval", "200ms"}, "start", "Funnel"},
		{"accessible", []string{"ACCESSIBLE=1"}, nil, "3 recipients, 3 still to send to.", "handled="},
		{"plain", nil, []string{"--progress", "plain", "--interval", "200ms"}, "start", "Funnel"},
		{"C locale", []string{"LANG=C"}, []string{"--progress", "tui"}, "exit=0", "─"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, open := newGate(t)
			p := v.terminal(120, 40, c.env, v.sending(v.list("people.csv", 3), append([]string{"--yes"}, c.args...)...)...)
			v.until("they are under way", func() bool { return len(v.submits()) == 3 })
			if c.name == "C locale" {
				p.shows("+- smsctl  people")
				if s := p.screen(); strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e }) {
					t.Errorf("not ASCII:\n%s", s)
				}
			}
			open()
			p.shows("exit=0", c.want)
			if s := p.screen(); strings.Contains(s, c.no) {
				t.Errorf("%q on\n%s", c.no, s)
			}
		})
	}
}

// A terminal that takes no output any more slows nothing: the campaign ends while the screen stands still.
func TestFrozenTerminal(t *testing.T) {
	t.Parallel()
	for _, view := range []string{"tui", "plain"} {
		t.Run(view, func(t *testing.T) {
			v, open := newGate(t)
			p := v.terminal(120, 36, nil, v.sending(v.list("people.csv", 2000), "--yes", "--progress", view, "--interval", "20ms")...)
			v.until("the window is full", func() bool { return len(v.submits()) == window })
			p.shows("people")
			p.keys("C-s") // in raw mode a key like any other, so the terminal itself is stopped too
			pid := strings.TrimSpace(p.tmux("display-message", "-p", "#{pid}"))
			v.ok(exec.Command("kill", "-STOP", pid).Run())
			t.Cleanup(func() { _ = exec.Command("kill", "-CONT", pid).Run() })
			open()
			v.until("all are sent", func() bool { return len(v.submits()) == 2000 })
			v.until("all are recorded", func() bool {
				got := v.states("people")
				return got[campaign.Queued]+got[campaign.Sending]+got[campaign.Unknown] == 0
			})
			v.ok(exec.Command("kill", "-CONT", pid).Run())
			p.keys("C-q")
			p.shows("exit=0")
			v.messages("people")
		})
	}
}

// A program that does not read the events slows nothing either; what it reads later are whole lines, and the summary last.
func TestStalledReader(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	r, w, err := os.Pipe()
	v.ok(err)
	defer r.Close()
	log := filepath.Join(v.dir, "stalled.log")
	p := v.startTo(w, v.sending(v.list("people.csv", 500), "--yes", "--json", "--interval", "1ms", "--log-file", log)...)
	v.ok(w.Close())
	const lines = 600 // more than the pipe and our own buffer hold
	v.until("it goes on reporting", func() bool {
		raw, err := os.ReadFile(log)
		return err == nil && strings.Count(string(raw), "progress") > lines
	})
	open()
	v.until("all are recorded", func() bool {
		got := v.states("people")
		return got[campaign.Queued]+got[campaign.Sending]+got[campaign.Unknown] == 0
	})
	raw, err := io.ReadAll(r)
	v.ok(err)
	p.expect(exitOK)
	read := strings.Split(strings.TrimSpace(string(raw)), "\n")
	var last struct {
		Type string
		Seq  int
	}
	for _, line := range read {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
	}
	if last.Type != "summary" || last.Seq <= len(read) {
		t.Errorf("the last of %d lines is %+v", len(read), last)
	}
}

// From the browser a schedule is paused, resumed and run: a run has the terminal for itself, asks as it does from a shell, and
// gives it back.
func TestSchedulesInTheBrowser(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	open()
	v.run(exitOK, "schedule", "add", "news", "--cron", "0 6 1 1 *", "--tz", "UTC", "--csv", v.list("people.csv", 150), "-m", "Hi {{name}}", "--max-cost", "50EUR", "--yes")
	p := v.terminal(80, 24, nil, "ui")
	p.shows("There is no campaign yet", "S C O")
	p.keys("S")
	p.shows("news", "enabled", "0 6 1 1 *", "06:00 UTC", "policy overlap skip")
	p.keys("Space")
	p.shows("Pause news?")
	p.keys("y")
	p.shows("news is paused", "paused by ")
	p.keys("Space", "y")
	p.shows("news goes on", "enabled")
	p.keys("r", "y")
	p.shows("150 messages", "Type 150 to send")
	p.keys("1", "5", "0", "Enter")
	p.shows("COMPLETED  150 recipients", "enter goes back to the browser")
	p.keys("Enter")
	p.shows("schedules", "the run of news has ended", "150 of 150 sent")
	p.keys("Escape")
	p.shows("smsctl ui", "news@")
	p.keys("q")
	p.shows("exit=0")
	if n := len(v.submits()); n != 150 {
		t.Errorf("%d messages", n)
	}
}
