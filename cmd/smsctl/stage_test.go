package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
)

// patience is how long a test waits for something that must happen: long, because machines are busy.
const patience = 5 * time.Minute

// stage is a place where the program runs as processes of its own, against a simulator in another process that has its
// own log of what truly happened.
type stage struct {
	testing.TB
	dir      string
	db       string
	config   tree   // as written to dir/config.yaml
	sim      string // address of the simulator
	smpp     string // where it speaks SMPP
	truthLog string
	receipts string // address of the listener
	opened   *store.Store
	ops      string   // where a service tells how it is
	api      string   // where a service takes orders
	env      []string // of the program's processes, beside the usual
	exe      string   // the program; "" is the one that is built from this folder
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
		s.sim, s.smpp = freeAddress(t), freeAddress(t)
		scenario = strings.ReplaceAll(scenario, "{{receipts}}", s.receipts)
		p := s.start("sim", "serve", "--scenario", s.write("scenario.yaml", scenario), "--listen", s.sim, "--smpp", s.smpp, "--truth", s.truthLog)
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
	s.rewrite()
	return s
}

// rewrite writes the config as it is now.
func (s *stage) rewrite() {
	s.Helper()
	text, err := yaml.Marshal(s.config)
	s.ok(err)
	s.write("config.yaml", string(text))
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
