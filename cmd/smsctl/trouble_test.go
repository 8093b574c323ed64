package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/routing"
)

// Receipts that are merely late are no loss: nothing is sent twice because of them, whatever the config's ceiling.
func TestLateReceiptsAreNotSentAgain(t *testing.T) {
	t.Parallel()
	n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 2000)
	s := newStage(t, `
seed: 11
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 1ms..5ms, receipt_delay: "lognormal(4s, 0.6)"}
  delta: {dialect: plain, token: delta-secret, latency: 1ms..5ms, receipt_delay: "lognormal(5s, 0.6)"}
`)
	p := s.start("send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--yes", "--json")
	p.expect(exitOK)
	if c := p.summary().Counts; c.Attempts > int64(n)*101/100 {
		t.Errorf("%d attempts for %d recipients", c.Attempts, n)
	}
	s.agrees("people", promotional)
}

// trouble is what goes wrong in the middle of a campaign.
type trouble struct {
	name   string
	alpha  string  // its phases and habits; delta is well
	share  float64 // of the recipients must be reached
	copies float64 // at most so many people may get it twice, as a share
	args   []string
}

// What goes wrong with one of two carriers costs little: the simulator, which alone knows who was reached, agrees.
//
// SMSCTL_TEST_RECIPIENTS is the size of each campaign. How many a grey outage costs depends on how late our own machine
// takes receipts in: its bar leaves room for a busy one.
func TestTroubleInTheMiddle(t *testing.T) {
	n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 3000)
	half := fmt.Sprint(n / 6)
	for _, c := range []trouble{
		{name: "outage", alpha: `, phases: [{after: ` + half + `, outage: refuse}]`, share: .99},
		{name: "grey outage", alpha: `, phases: [{after: ` + half + `, deliver: 0.05, silent_failures: 0.95}]`, share: .95, copies: .01}, // unnoticed: .76
		{name: "a country that nothing reaches", alpha: `, phases: [{after: ` + half + `, countries: [IE], deliver: 0, silent_failures: 1}]`, share: .98, copies: .01},
		{name: "a low rate limit", alpha: `, phases: [{after: ` + half + `, rate_limit: 20, errors: [{class: throttled}]}]`, share: .99},
		{name: "no receipts", alpha: `, poll: false, lost_receipts: 1`, share: .99},
		{name: "lost answers", alpha: `, phases: [{after: ` + half + `, lost_answers: 0.1}]`, share: .99},
		{name: "lost answers, transactional", alpha: `, phases: [{after: ` + half + `, lost_answers: 0.1}]`, share: .99, copies: .02, args: []string{"--type", "transactional"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, `
seed: 12
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms..8ms, receipt_delay: "lognormal(300ms, 0.8)"`+c.alpha+`}
  delta: {dialect: plain, token: delta-secret, latency: 2ms..8ms, receipt_delay: "lognormal(400ms, 0.8)"}
`, func(s *stage) { s.config["receipts"].(tree)["timeout"] = "20s" })
			list := s.write("people.csv", listOf(twoCountries(n)))
			p := s.start(append([]string{"send", "--csv", list, "-m", "Hi {{name}}", "--yes", "--json"}, c.args...)...)
			if code := p.wait(); code != int(exitOK) && code != int(exitPartial) {
				t.Fatalf("exit %d\n%s", code, tail(p.stderr.String(), 4000))
			}
			sum, truth := p.summary(), s.simulated()
			t.Logf("%+v\n%+v", sum.Counts, truth)
			if got := float64(truth.Delivered) / float64(n); got < c.share {
				t.Errorf("%.1f %% were reached", 100*got)
			}
			twice := -truth.Delivered // what people got beyond the first copy
			for _, c := range truth.Carriers {
				twice += int(c.Delivered)
			}
			if float64(twice) > c.copies*float64(n) {
				t.Errorf("%d people got it twice", twice)
			}
			if d := s.doubtful("people"); d > sum.Counts.PossibleDuplicates {
				t.Errorf("%d messages were sent again in doubt, the program counts %d", d, sum.Counts.PossibleDuplicates)
			}
			promise := promotional
			if len(c.args) > 0 {
				promise = atLeastOnce
			}
			s.agrees("people", promise)
		})
	}
}

// twoCountries are n numbers, a tenth of them in Ireland.
func twoCountries(n int) []string {
	all := numbers(n)
	for i := 0; i < n; i += 10 {
		all[i] = fmt.Sprintf("+35385%07d", i)
	}
	return all
}

// When every carrier is ill nothing is reshuffled: some tries, then the campaign pauses, and nothing is lost.
func TestAllCarriersIll(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
seed: 14
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms, phases: [{after: 50, outage: refuse}]}
  delta: {dialect: plain, token: delta-secret, latency: 2ms, phases: [{after: 50, outage: refuse}]}
`)
	n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 2000)
	list := s.list("people.csv", n)
	s.run(exitNoRoute, "send", "--csv", list, "-m", "Hi {{name}}", "--yes", "--give-up", "8s").says("carrier.none", "no carrier could be used")
	truth := s.simulated()
	submits := int64(0)
	for _, c := range truth.Carriers {
		submits += c.Submits
	}
	if submits > 500 || truth.Duplicates > 0 {
		t.Errorf("%d submits, %d copies too many: %+v", submits, truth.Duplicates, truth)
	}
	queued := int64(0)
	for _, m := range s.messages("people") {
		if m.State == "queued" {
			queued++
		}
	}
	if queued < int64(n)-truth.Accepted-20 {
		t.Errorf("%d are still queued of %d, %d were taken", queued, n, truth.Accepted)
	}
}

// The report says when a carrier was not used as usual, and the simulator agrees: it refused from then on, and took nothing
// until the end.
func TestOutagesInTheReport(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
seed: 15
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms, receipt_delay: 50ms, phases: [{after: 100, for: 4, outage: refuse}]}
  delta: {dialect: plain, token: delta-secret, latency: 2ms, receipt_delay: 50ms}
`, func(s *stage) { s.carrier("delta")["price"] = tree{"*": 0.05} })
	s.run(exitOK, "send", "--csv", s.list("people.csv", 1600), "-m", "Hi {{name}}", "--yes", "--rate", "100/s")
	var r report.Report
	p := s.run(exitOK, "report", "people", "--format", "json")
	s.ok(json.Unmarshal([]byte(p.stdout.String()), &r))
	if len(r.Outages) != 1 {
		t.Fatalf("%+v", r.Outages)
	}
	o := r.Outages[0]
	if o.Carrier != "alpha" || o.Trouble != routing.TroubleBreaker || o.Times < 1 || o.Ended == nil || o.Why == "" {
		t.Fatalf("%+v", o)
	}
	const slack = time.Second // several were under way, and machines are busy; it stays open for five
	var refused, took time.Time
	for _, e := range s.truth().events {
		switch {
		case e.Carrier != "alpha":
		case e.Event == "submit_refused":
			if refused.IsZero() {
				refused = e.Time
			}
		case e.taken() && e.Time.After(o.Began.Add(slack)) && took.IsZero(): // what was under way when it opened is no recovery
			took = e.Time
		}
	}
	if o.Began.Before(refused) || o.Began.After(refused.Add(slack)) || o.Ended.Before(took) || o.Ended.After(took.Add(slack)) {
		t.Errorf("from %s to %s, and it refused from %s on and took one again at %s", o.Began, o.Ended, refused, took)
	}
	page := filepath.Join(s.dir, "people.html")
	s.run(exitOK, "report", "people", "-o", page)
	text, err := os.ReadFile(page)
	s.ok(err)
	if !strings.Contains(string(text), `<rect class="o-breaker"`) {
		t.Error("the page does not show it")
	}
}

// A program is told of a breaker what people are: from which state to which, until when, and why.
func TestBreakerInJSON(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms, phases: [{after: 20, outage: refuse}]}
  delta: {dialect: plain, token: delta-secret, latency: 2ms}
`)
	p := s.start("send", "--csv", s.list("people.csv", 400), "-m", "Hi {{name}}", "--yes", "--json")
	p.expect(exitOK)
	for line := range strings.Lines(p.stdout.String()) {
		var e struct {
			Type, Carrier, From, To, Reason string
			TS                              time.Time
			RetryAt                         time.Time `json:"retry_at"`
		}
		s.ok(json.Unmarshal([]byte(line), &e))
		if e.Type != "breaker" {
			continue
		}
		if e.Carrier != "alpha" || e.From != "closed" || e.To != "open" || e.Reason == "" || !e.RetryAt.After(e.TS) {
			t.Errorf("%s", line)
		}
		return
	}
	t.Errorf("no breaker in\n%s", tail(p.stdout.String(), 4000))
}
