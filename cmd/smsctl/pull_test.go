package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// asked is a stage whose carriers can push no receipt to us, and the number of questions that they were asked.
func asked(t *testing.T, perSecond int) (s *stage, questions *atomic.Int64) {
	t.Helper()
	questions = &atomic.Int64{}
	s = newStage(t, `
seed: 31
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms, receipt_delay: 1s..2s}
  delta: {dialect: plain, token: delta-secret, latency: 2ms, receipt_delay: 1s..2s}
`, func(s *stage) {
		sim, err := url.Parse("http://" + s.sim)
		s.ok(err)
		proxy := httputil.NewSingleHostReverseProxy(sim)
		counts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				questions.Add(1)
			}
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(counts.Close)
		all := s.config["carriers"].(tree)
		all["alpha"].(tree)["base_url"] = counts.URL + "/alpha"
		ask := all["delta"].(tree)["status"].(tree)
		ask["url"], ask["headers"] = counts.URL+"/delta/status/{{id}}", tree{"Authorization": "Bearer ${token}"}
		for _, name := range []string{"alpha", "delta"} {
			all[name].(tree)["max_per_second"] = perSecond
		}
		s.config["receipts"] = tree{"timeout": "20s"}
	})
	return s, questions
}

// once says that n people have got one copy each, by the simulator's word: without an address for receipts, alpha's log
// does not name our references.
func (s *stage) once(n int) {
	s.Helper()
	if truth := s.simulated(); truth.Numbers != n || truth.Duplicates > 0 {
		s.Errorf("%+v", truth)
	}
}

// Where no receipt can be pushed, the carriers are asked while the campaign runs, once for each message that has been
// delivered by then.
func TestReceiptsAreAskedFor(t *testing.T) {
	t.Parallel()
	s, questions := asked(t, 40)
	const n = 40
	p := s.start("send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--yes", "--json")
	p.expect(exitOK)
	if c := p.summary().Counts; c.Delivered != n || c.Attempts != n {
		t.Errorf("%+v", c)
	}
	if got := questions.Load(); got != n {
		t.Errorf("%d questions about %d messages", got, n)
	}
	s.once(n)
}

// Of too many messages some are not asked about in time: that is no reason to send them again.
func TestSilenceOfWhoWasNotAskedIsNone(t *testing.T) {
	t.Parallel()
	const n, rate = 900, 200 // recipients, and a second
	s, questions := asked(t, rate)
	began := time.Now()
	p := s.start("send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--yes", "--json")
	p.expect(exitOK)
	if most := 2*rate/10*time.Since(began).Seconds() + 2*rate/10; float64(questions.Load()) > most {
		t.Errorf("%d questions in %v: more than a tenth of the rates", questions.Load(), time.Since(began))
	}
	c := p.summary().Counts
	if c.Attempts != n || c.Delivered < n/4 || c.Delivered == n {
		t.Errorf("%+v", c)
	}
	s.once(n)
	s.run(exitOK, "dlr", "poll", "--again").says(fmt.Sprintf("%d settled", n-c.Delivered))
}
