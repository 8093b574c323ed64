package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign/report"
)

// program is the binary under test: built once, and without the race detector, which would change every race with a
// kill and make twenty thousand messages a matter of minutes.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "smsctl-test-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "smsctl")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	out, err := exec.Command("go", "build", "-race=false", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("building the program: %w\n%s", err, out)
	}
	programDir = dir
	return path, err
})

var programDir string

// tidy removes the binary when all tests have ended.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer func() { _ = os.RemoveAll(programDir) }()
	return m.M.Run()
}

// process is the program, running.
type process struct {
	*exec.Cmd
	s              *stage
	stdout, stderr safeBuffer
	over           chan struct{}
	peak           chan int64 // bytes, where watchPeak can tell
}

// safeBuffer is read while a process writes to it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts the program in the stage's folder. Whatever the test comes to, it does not outlive it.
func (s *stage) start(args ...string) *process { return s.startWith(nil, args...) }

func (s *stage) startWith(stdin io.Reader, args ...string) *process {
	s.Helper()
	return s.launch(stdin, nil, args...)
}

// startTo starts the program with something else than its own buffer behind stdout.
func (s *stage) startTo(stdout io.Writer, args ...string) *process {
	s.Helper()
	return s.launch(nil, stdout, args...)
}

func (s *stage) launch(stdin io.Reader, stdout io.Writer, args ...string) *process {
	s.Helper()
	path := s.exe
	if path == "" {
		var err error
		path, err = program()
		s.ok(err)
	}
	p := &process{Cmd: exec.Command(path, args...), s: s, over: make(chan struct{})}
	p.Dir, p.Stdin, p.Stdout, p.Stderr = s.dir, stdin, &p.stdout, &p.stderr
	if stdout != nil {
		p.Stdout = stdout
	}
	p.Env = []string{
		"HOME=" + s.dir, "USERPROFILE=" + s.dir, "LANG=C.UTF-8", "TMPDIR=" + s.dir,
		"SMSCTL_CONFIG=" + filepath.Join(s.dir, "config.yaml"),
	}
	p.Env = append(p.Env, s.env...)
	if runtime.GOOS == "windows" {
		p.Env = append(p.Env, "SystemRoot="+os.Getenv("SystemRoot"))
	}
	s.ok(p.Cmd.Start())
	go func() {
		defer close(p.over)
		_ = p.Cmd.Wait() // the exit code is in ProcessState
	}()
	s.Cleanup(func() {
		p.kill()
		if s.Failed() && p.stderr.String() != "" {
			s.Logf("%s: exit %d\n%s", strings.Join(args, " "), p.ProcessState.ExitCode(), tail(p.stderr.String(), 4000))
		}
	})
	return p
}

func tail(text string, n int) string {
	if len(text) > n {
		return "…" + text[len(text)-n:]
	}
	return text
}

// kill ends the process as nothing in it can prevent: kill -9.
func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended
	<-p.over
}

// wait returns the exit code.
func (p *process) wait() int {
	p.s.Helper()
	select {
	case <-p.over:
	case <-time.After(patience):
		p.s.Fatalf("%v has not ended\n%s", p.Args[1:], tail(p.stderr.String(), 4000))
	}
	return p.ProcessState.ExitCode()
}

func (p *process) ended() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// run runs the program to its end and expects an exit code.
func (s *stage) run(want exitCode, args ...string) *process {
	s.Helper()
	p := s.start(args...)
	p.expect(want)
	return p
}

func (p *process) expect(want exitCode) {
	p.s.Helper()
	if got := p.wait(); got != int(want) {
		p.s.Fatalf("%s: exit %d, not %d\n%s\n%s", strings.Join(p.Args[1:], " "), got, want,
			tail(p.stdout.String(), 2000), tail(p.stderr.String(), 4000))
	}
}

// says fails unless every text is somewhere in what the process has said.
func (p *process) says(texts ...string) {
	p.s.Helper()
	for _, want := range texts {
		if !strings.Contains(p.stdout.String()+p.stderr.String(), want) {
			p.s.Errorf("%s: no %q in\n%s\n%s", strings.Join(p.Args[1:], " "), want, p.stdout.String(), p.stderr.String())
		}
	}
}

// summary is the last line of a JSON stream: what the program says about the campaign.
type summary struct {
	Campaign   struct{ ID, Name, State, Type string }
	Counts     report.Counts
	Cost       struct{ Actual, Ceiling string }
	Reconciled bool
	ExitCode   int `json:"exit_code"`
}

func (p *process) summary() (sum summary) {
	p.s.Helper()
	lines := strings.Split(strings.TrimSpace(p.stdout.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, `{"type":"summary"`) || json.Unmarshal([]byte(last), &sum) != nil {
		p.s.Fatalf("no summary at the end of the stream, but %q\n%s", last, tail(p.stderr.String(), 4000))
	}
	return sum
}
