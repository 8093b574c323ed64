//go:build unix

package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/smsctl/smsctl/campaign"
)

const servedScenario = `
seed: 1
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms..30ms, receipt_delay: 50ms..500ms}
  delta: {dialect: plain, token: delta-secret, latency: 2ms..30ms, receipt_delay: 50ms..500ms}
`

// served puts the addresses of a service into the config.
func served(s *stage) {
	s.ops = freeAddress(s)
	s.config["serve"] = tree{"metrics": s.ops}
}

// get is what the service answers at a path of its ops address; status 0 while nobody listens.
func (s *stage) get(path string) (status int, body string) {
	s.Helper()
	resp, err := http.Get("http://" + s.ops + path)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	s.ok(err)
	return resp.StatusCode, string(b)
}

func (s *stage) ready() bool { status, _ := s.get("/readyz"); return status == http.StatusOK }

// supervisor is systemd's end of sd_notify.
type supervisor struct {
	mu    sync.Mutex
	heard []string
}

func (s *stage) supervise() *supervisor {
	s.Helper()
	dir, err := os.MkdirTemp("", "notify") // a socket's path may not be long
	s.ok(err)
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	s.ok(err)
	v := &supervisor{}
	s.Cleanup(func() { _ = conn.Close(); _ = os.RemoveAll(dir) })
	s.env = append(s.env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=300000")
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			v.mu.Lock()
			v.heard = append(v.heard, string(b[:n]))
			v.mu.Unlock()
		}
	}()
	return v
}

func (v *supervisor) has(state string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Contains("\n"+strings.Join(v.heard, "\n")+"\n", "\n"+state+"\n")
}

// A campaign whose process is killed is gone on with by the service; a stop of the service leaves it to the next one. All
// the while everybody gets his message once.
func TestServeTakesUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, servedScenario, served)
	systemd := s.supervise()
	const n = 6000
	log := s.followTruth()
	p := s.start("send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--type", "transactional", "--rate", "600/s", "--yes", "--json") // not done before the service is there
	s.until("the send has begun", func() bool { return log.submits() > n/10 })
	v := s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	if !systemd.has("READY=1") {
		t.Error("systemd was not told READY=1")
	}
	p.kill()
	seen := log.submits()
	s.until("the service goes on", func() bool { return log.submits() > seen+n/10 })
	s.until("the watchdog is kept quiet", func() bool { return systemd.has("WATCHDOG=1") })

	s.ok(v.Process.Signal(syscall.SIGTERM))
	if code := v.wait(); code != int(exitTerminated) {
		t.Errorf("exit %d after SIGTERM", code)
	}
	if !systemd.has("STOPPING=1") {
		t.Error("systemd was not told STOPPING=1")
	}
	if st := s.status("people"); st != campaign.Running && st != campaign.Settling && st != campaign.Completed {
		t.Errorf("the campaign was left %s", st)
	}
	again := s.start("serve", "--json")
	s.until("the campaign is completed", func() bool { return s.status("people") == campaign.Completed })
	s.agrees("people", atLeastOnce)
	s.scrapes(n)
	again.kill()
	hello := map[string]any{}
	s.ok(json.Unmarshal([]byte(strings.SplitN(v.stdout.String(), "\n", 2)[0]), &hello))
	if hello["type"] != "hello" || hello["metrics"] != s.ops || hello["receipts"] != s.receipts {
		t.Errorf("hello: %v", hello)
	}
	if !strings.Contains(v.stdout.String(), `"type":"summary"`) {
		t.Errorf("no summary at the end:\n%s", tail(v.stdout.String(), 1000))
	}
}

// scrapes reads the metrics as Prometheus would, and lets its linter look at them.
func (s *stage) scrapes(delivered int) {
	s.Helper()
	status, body := s.get("/metrics")
	if status != http.StatusOK || !strings.Contains(body, "smsctl_ready 1\n") || !strings.Contains(body, `smsctl_recipients{state="queued"} 0`) {
		s.Errorf("/metrics: %d\n%s", status, body)
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	s.ok(err)
	for _, p := range problems {
		s.Errorf("metric %s: %s", p.Metric, p.Text)
	}
	if delivered > 0 && !strings.Contains(body, `smsctl_segments_total{carrier="alpha"}`) {
		s.Errorf("no segments:\n%s", body)
	}
	if status, body := s.get("/healthz"); status != http.StatusOK {
		s.Errorf("/healthz: %d %s", status, body)
	}
}

// The dashboard asks for nothing that the service does not have.
func TestServeGrafana(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(grafanaDashboard), &dashboard); err != nil {
		t.Fatal(err)
	}
	known := metricNames()
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %s asks nothing", p.Title)
		}
		for _, q := range p.Targets {
			for _, name := range metricWord.FindAllString(q.Expr, -1) {
				if !known[name] {
					t.Errorf("panel %s: there is no metric %s", p.Title, name)
				}
			}
		}
	}
}
