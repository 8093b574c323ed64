package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/campaign"
)

// Whatever goes wrong and is sent again, the carriers never take more than the ceiling pays for.
func TestBudgetIsNeverExceeded(t *testing.T) {
	t.Parallel()
	const n, price = 40, 1 // cents
	v := newVendor(t, func(s *stage) { s.config["receipts"].(tree)["timeout"] = "100ms" })
	var mu sync.Mutex
	taken := 0
	v.answers(func(submit) int {
		mu.Lock()
		defer mu.Unlock()
		if taken++; taken%3 == 0 {
			return http.StatusInternalServerError // it may have been taken: it was
		}
		return 0
	})
	send := []string{"send", "--csv", v.list("people.csv", n), "-m", "Hi", "--yes", "--type", "transactional", "--max-cost", "0.40EUR", "--json"}
	p := v.run(exitGuard, send...)
	p.says("budget.tripped")
	if taken*price > n*price {
		t.Errorf("%d messages were taken for the price of %d", taken, n)
	}
	if sum := p.summary(); sum.Campaign.State != string(campaign.Paused) || sum.Counts.Queued == 0 || sum.Cost.Actual > "0.40" {
		t.Errorf("%+v", sum)
	}
	v.run(exitGuard, send...).says("ceiling")
	if taken*price > n*price {
		t.Errorf("%d messages were taken for the price of %d", taken, n)
	}
	v.messages("people")
}

// A guard pauses the campaign: most of the list is still there when somebody has understood why.
func TestGuardPauses(t *testing.T) {
	t.Parallel()
	v := newVendor(t, only("alpha"))
	v.answers(func(submit) int { return http.StatusBadRequest })
	list := v.list("people.csv", 20_000)
	v.run(exitGuard, v.sending(list, "--yes", "--guard", "failed_rate<10%", "--rate", "1000/s")...).says("guard", "failed_rate", "campaign resume people")
	got := v.states("people")
	if got[campaign.Failed] < 100 || got[campaign.Queued] == 0 || v.status("people") != campaign.Paused {
		t.Errorf("%s: %v", v.status("people"), got)
	}
	v.messages("people")

	small := v.list("few.csv", 200)
	v.run(exitOK, v.sending(small, "--yes", "--guard", "failed_rate<10%", "--on-guard", "warn")...)
	if got := v.states("few"); got[campaign.Failed] != 200 {
		t.Errorf("a guard that only warns left %v", got)
	}
}

// When no carrier can be used the campaign is paused, with nobody lost, and goes on when one can.
func TestEveryCarrierIsDown(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	down := true
	var mu sync.Mutex
	v.answers(func(submit) int {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	list := v.list("people.csv", 30)
	p := v.run(exitNoRoute, v.sending(list, "--yes", "--give-up", "1s", "--max-attempts", "20")...)
	p.says("nothing is lost", "campaign resume people")
	if got := v.states("people"); got[campaign.Queued] != 30 {
		t.Errorf("%v", got)
	}
	mu.Lock()
	down = false
	mu.Unlock()
	v.run(exitOK, v.sending(list, "--yes")...)
	if got := v.states("people"); got[campaign.Awaiting] != 30 {
		t.Errorf("%v", got)
	}
	v.messages("people")
}

// Wrong credentials are the operator's to mend: the campaign waits, and nobody counts as failed.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.answers(func(submit) int { return http.StatusUnauthorized })
	list := v.list("people.csv", 30)
	p := v.run(exitConfig, v.sending(list, "--yes", "--json")...)
	p.says("carrier.auth", "credentials")
	if got := v.states("people"); got[campaign.Queued] != 30 {
		t.Errorf("%v", got)
	}
	v.answers(nil)
	v.run(exitOK, v.sending(list, "--yes")...)
	v.messages("people")
}

// A carrier that has too much to do refuses nobody: being told "later" costs no attempt.
func TestThrottlingCostsNoAttempt(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	var mu sync.Mutex
	tries := map[string]int{}
	v.answers(func(s submit) int {
		mu.Lock()
		defer mu.Unlock()
		if tries[s.to]++; tries[s.to] <= 2 {
			return http.StatusTooManyRequests
		}
		return 0
	})
	v.run(exitOK, v.sending(v.list("people.csv", 10), "--yes", "--max-attempts", "1")...)
	if got := v.states("people"); got[campaign.Awaiting] != 10 {
		t.Errorf("%v", got)
	}
	for to, n := range tries {
		if n != 3 {
			t.Errorf("%s was submitted %d times", to, n)
		}
	}
	v.messages("people")
}

// Who opts out while a campaign runs gets nothing from it any more, even if their message is in memory already.
func TestOptOutWhileSending(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	list := v.list("people.csv", 100)
	p := v.start(v.sending(list, "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	under := map[string]bool{}
	for _, s := range v.submits() {
		under[s.to] = true
	}
	var out []string
	for i, n := range numbers(100) {
		if i%3 == 0 && !under[n] {
			out = append(out, n)
		}
	}
	v.run(exitOK, append([]string{"optout", "add"}, out...)...)
	open()
	p.expect(exitOK)
	for _, n := range out {
		for _, s := range v.submits() {
			if s.to == n {
				t.Errorf("%s was sent to after the opt-out", n)
			}
		}
	}
	if got := v.states("people"); got[campaign.Suppressed] != int64(len(out)) || got[campaign.Awaiting] != int64(100-len(out)) {
		t.Errorf("%v", got)
	}
	v.messages("people")
	v.run(exitInput, "send", "--to", out[0], "-m", "Hi", "--yes").says("opt-out")
}

// The list that `report` writes of those whom a campaign has failed is sent again as it is.
func TestFailuresAreSentAgainAsTheyAre(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	lost := map[string]bool{}
	for i, n := range numbers(30) {
		lost[n] = i%3 == 0
	}
	v.answers(func(s submit) int {
		if lost[s.to] && strings.HasPrefix(s.text, "Hi") {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	p := v.start(v.sending(v.list("people.csv", 30), "--yes", "--max-attempts", "2")...)
	p.expect(exitPartial)
	p.says("campaign retry people")
	v.run(exitOK, "report", "people", "--table", "failures", "-o", "failures.csv")
	before := len(v.submits())
	v.run(exitOK, "send", "--csv", "failures.csv", "-m", "Once more, {{name}}", "--yes", "--no-wait")
	again := v.submits()[before:]
	if len(again) != 10 {
		t.Errorf("%d messages, not 10", len(again))
	}
	for _, s := range again {
		if !lost[s.to] || !strings.HasPrefix(s.text, "Once more, Ann ") {
			t.Errorf("%q went to %s", s.text, s.to)
		}
	}
}

// Carriers that are well do not hide that nobody serves the rest of the list.
func TestNobodyServesACountryAnyMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer int
		want   exitCode
	}{{"wrong credentials", http.StatusUnauthorized, exitConfig}, {"down", http.StatusServiceUnavailable, exitNoRoute}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, func(s *stage) {
				s.carrier("alpha")["countries"] = []string{"GB"}
				s.carrier("delta")["countries"] = []string{"DE"}
			})
			v.answers(func(s submit) int {
				if s.carrier == "alpha" {
					return c.answer
				}
				return 0
			})
			german := []string{"+4915112345678", "+4915112345679"}
			list := v.write("people.csv", listOf(append(numbers(5), german...)))
			v.run(c.want, v.sending(list, "--yes", "--give-up", "1s", "--max-attempts", "20")...)
			if got := v.states("people"); got[campaign.Queued] != 5 || got[campaign.Awaiting] != 2 {
				t.Errorf("%v", got)
			}
			v.messages("people")
		})
	}
}

// Trying now and then whether a carrier has recovered is no use of it: the time without one goes on.
func TestGiveUpIsLongerThanAProbe(t *testing.T) {
	t.Parallel()
	v := newVendor(t, only("alpha"))
	v.answers(func(submit) int { return http.StatusServiceUnavailable })
	v.run(exitNoRoute, v.sending(v.list("people.csv", 20), "--yes", "--give-up", "8s", "--max-attempts", "20")...)
}
