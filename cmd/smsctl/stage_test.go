package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers/sim"
	"github.com/smsctl/smsctl/store"
)

// patience is how long a test waits for something that must happen: long, because machines are busy.
const patience = 90 * time.Second

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

// stage is a place where the program runs as processes of its own, against a simulator in another process that has its
// own log of what truly happened.
type stage struct {
	testing.TB
	dir      string
	db       string
	config   tree   // as written to dir/config.yaml
	sim      string // address of the simulator
	truthLog string
	receipts string // address of the listener
	opened   *store.Store
}

// tree is a piece of YAML.
type tree = map[string]any

func (s *stage) carrier(name string) tree { return s.config["carriers"].(tree)[name].(tree) }

// newStage starts the simulator with a scenario and writes the config of its carriers: alpha, which speaks twilio, and
// delta, the config's example of a generic connector. edit changes the config before it is written.
func newStage(t testing.TB, scenario string, edit ...func(s *stage)) *stage {
	t.Helper()
	s := &stage{TB: t, dir: t.TempDir(), receipts: freeAddress(t)}
	s.db, s.truthLog = filepath.Join(s.dir, "smsctl.db"), filepath.Join(s.dir, "truth.jsonl")
	if scenario != "" {
		s.sim = freeAddress(t)
		p := s.start("sim", "serve", "--scenario", s.write("scenario.yaml", scenario), "--listen", s.sim, "--truth", s.truthLog)
		s.until("the simulator listens", func() bool { return strings.Contains(p.stderr.String(), "serving at") })
	}
	s.config = tree{
		"database": "smsctl.db", "sender": "ACME", "budget": tree{"campaign": 1000},
		"carriers": tree{
			"alpha": tree{
				"type": "twilio", "account_sid": "AC00000000000000000000000000000000", "auth_token": "alpha-secret",
				"base_url": "http://" + s.sim + "/alpha", "from": "+15005550006", "price": tree{"*": 0.01},
			},
			"delta": tree{
				"type": "http", "price": tree{"*": 0.01}, "secrets": tree{"token": "delta-secret"},
				"submit": tree{
					"method": "POST", "url": "http://" + s.sim + "/delta/send", "headers": tree{"Authorization": "Bearer ${token}"},
					"json":    tree{"to": "{{to}}", "from": "{{from}}", "text": "{{text}}", "ref": "{{ref}}", "callback": "{{receipt_url}}"},
					"success": tree{"status": []int{200, 201, 202}, "id": "$.id"},
					"errors": []tree{
						{"status": 422, "class": "recipient_invalid"}, {"status": 429, "class": "throttled"},
						{"status": 401, "class": "account_auth"}, {"status": 503, "class": "carrier_transient"},
					},
				},
				"status": tree{"method": "GET", "url": "http://" + s.sim + "/delta/status/{{id}}", "state": "$.status"},
				"receipt": tree{
					"id": "$.id", "state": "$.status", "states": tree{"delivered": "delivered", "undelivered": "undelivered"},
					"verify": tree{"header": "Authorization", "equals": "Bearer ${token}"},
				},
			},
		},
		"receipts": tree{"listen": s.receipts, "public_url": "http://" + s.receipts, "timeout": "2s"},
	}
	for _, e := range edit {
		e(s)
	}
	text, err := yaml.Marshal(s.config)
	s.ok(err)
	s.write("config.yaml", string(text))
	return s
}

// only leaves a single carrier in the config.
func only(name string) func(*stage) {
	return func(s *stage) { s.config["carriers"] = tree{name: s.carrier(name)} }
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// freeAddress is an address where nobody listens. It lies below the ports that systems give to outgoing connections.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15000+rand.IntN(15000)))
		ln, err := net.Listen("tcp", address)
		if err == nil {
			_ = ln.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

func (s *stage) write(name, content string) (path string) {
	s.Helper()
	path = filepath.Join(s.dir, name)
	s.ok(os.WriteFile(path, []byte(content), 0o600))
	return path
}

// list writes a list of n recipients and returns its path. Their numbers are valid ones, and go to the simulator only.
func (s *stage) list(name string, n int) string {
	s.Helper()
	return s.write(name, listOf(numbers(n)))
}

func listOf(numbers []string) string {
	var b strings.Builder
	b.WriteString("phone,name\n")
	for i, n := range numbers {
		fmt.Fprintf(&b, "%s,Ann %d\n", n, i)
	}
	return b.String()
}

func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("+447400%06d", i)
	}
	return all
}

// process is the program, running.
type process struct {
	*exec.Cmd
	s              *stage
	stdout, stderr safeBuffer
	over           chan struct{}
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
	path, err := program()
	s.ok(err)
	p := &process{Cmd: exec.Command(path, args...), s: s, over: make(chan struct{})}
	p.Dir, p.Stdin, p.Stdout, p.Stderr = s.dir, stdin, &p.stdout, &p.stderr
	p.Env = []string{
		"HOME=" + s.dir, "USERPROFILE=" + s.dir, "LANG=C.UTF-8", "TMPDIR=" + s.dir,
		"SMSCTL_CONFIG=" + filepath.Join(s.dir, "config.yaml"),
	}
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

// until waits until something is so.
func (s *stage) until(what string, so func() bool) {
	s.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !so(); <-tick.C {
		if time.Now().After(end) {
			s.Fatalf("waited in vain: %s", what)
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

// store is the database, read beside whoever works with it.
func (s *stage) store() *store.Store {
	s.Helper()
	if s.opened == nil {
		var err error
		s.opened, err = store.Open(context.Background(), s.db, store.Options{})
		s.ok(err)
		s.Cleanup(func() { s.ok(s.opened.Close()) })
	}
	return s.opened
}

// messages are what the database says of a campaign's recipients, by number. db check must have nothing to say.
func (s *stage) messages(name string) map[string]report.Message {
	s.Helper()
	ctx, st := context.Background(), s.store()
	checked, err := st.Check(ctx, true)
	s.ok(err)
	for _, f := range checked.Findings {
		s.Errorf("db check: %s", f)
	}
	c, err := st.CampaignByName(ctx, campaign.Live, "default", name)
	s.ok(err)
	n, err := st.Counts(ctx, c.ID)
	s.ok(err)
	for _, law := range n.Laws() {
		if !law.Holds() {
			s.Errorf("%s", law)
		}
	}
	all := map[string]report.Message{}
	s.ok(st.EachMessage(ctx, c, store.Filter{}, func(m *report.Message) error {
		all[m.To] = *m
		return nil
	}))
	return all
}

// event is a line of the truth log.
type event struct {
	Time                                      time.Time
	Carrier, Event, ID, To, Ref, Class, State string
	HTTP                                      int
}

// taken says that the carrier has the message, whatever it answered.
func (e event) taken() bool { return e.Event == "submit_accepted" || e.Event == "answer_lost" }

// truth is the simulator's log: it alone knows what was taken.
type truth struct {
	events   []event
	accepted map[string]int // messages taken, by number
}

// truth reads the log, once everything that the simulator has counted is in it.
func (s *stage) truth() truth {
	s.Helper()
	var found truth
	s.until("the truth is written down", func() bool {
		found = s.readTruth()
		n, want := int64(0), s.simulated()
		for _, k := range found.accepted {
			n += int64(k)
		}
		return n == want.Accepted
	})
	return found
}

func (s *stage) readTruth() truth {
	s.Helper()
	f := truth{accepted: map[string]int{}}
	b, err := os.ReadFile(s.truthLog)
	s.ok(err)
	for line := range bytes.Lines(b) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			break // half written
		}
		f.events = append(f.events, e)
		if e.taken() {
			f.accepted[e.To]++
		}
	}
	return f
}

// simulated is the simulator's own count.
func (s *stage) simulated() (sum sim.Summary) {
	s.Helper()
	resp, err := http.Get("http://" + s.sim + "/truth/summary")
	s.ok(err)
	defer resp.Body.Close()
	s.ok(json.NewDecoder(resp.Body).Decode(&sum))
	return sum
}

// status is a campaign's own state, "" if there is none of that name.
func (s *stage) status(name string) campaign.Status {
	s.Helper()
	c, err := s.store().CampaignByName(context.Background(), campaign.Live, "default", name)
	if errors.Is(err, campaign.ErrNotFound) {
		return ""
	}
	s.ok(err)
	return c.Status
}
