package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smsctl/smsctl/campaign"
)

// sending is the command of these stories. It waits for no receipts: those that come, come with the answers.
func (s *stage) sending(list string, more ...string) []string {
	return append([]string{"send", "--csv", list, "-m", "Hi {{name}}", "--no-wait"}, more...)
}

// sent fails unless the vendor got so many submits.
func (v *vendor) sent(want int) {
	v.Helper()
	if got := len(v.submits()); got != want {
		v.Errorf("%d submits, not %d", got, want)
	}
}

// A live send that nobody can confirm does nothing, and names the flag that would do.
func TestLiveSendNeedsConfirmation(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(s *stage) { delete(s.config, "budget") })
	list := v.list("people.csv", 5)
	for _, c := range []struct {
		args []string
		want exitCode
		says string
	}{
		{nil, exitUnconfirmed, "--yes"},
		{[]string{"--json"}, exitUnconfirmed, `"--yes"`},
		{[]string{"--no-input"}, exitUnconfirmed, "--yes"},
		{[]string{"--yes"}, exitUnconfirmed, "--max-cost"},
		{[]string{"--yes", "--json"}, exitUnconfirmed, `"--max-cost"`},
		{[]string{"--yes", "--max-cost", "0.04EUR"}, exitGuard, "ceiling"},
	} {
		p := v.run(c.want, v.sending(list, c.args...)...)
		p.says(c.says)
	}
	v.sent(0)
	if got := v.status("people"); got != "" {
		t.Errorf("the campaign is there all the same, and %s", got)
	}
	v.run(exitOK, v.sending(list, "--yes", "--max-cost", "0.05EUR")...)
	v.reachedOnce(numbers(5))
}

// Planning tells everything and touches nobody: its carriers have an address that must not be called.
func TestPlanningTouchesNobody(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	list := v.list("people.csv", 50)
	message := []string{"--csv", list, "-m", "Hi {{name}}"}
	for _, args := range [][]string{
		append([]string{"plan"}, message...),
		append([]string{"plan", "-o", "people.plan"}, message...),
		append([]string{"send", "--dry-run"}, message...),
		append([]string{"send", "-n", "--yes"}, message...),
	} {
		v.run(exitOK, args...).says("50 messages, 50 segments", "EUR 0.50")
	}
	v.run(exitOK, "plan", "show", "people.plan").says("50 messages")
	v.run(exitOK, append([]string{"plan", "--json"}, message...)...).says(`"eligible":50`)
	v.run(exitPending, append([]string{"plan", "--detailed-exitcode"}, message...)...)
	if n := v.n.Load(); n != 0 {
		t.Errorf("the carriers were called %d times", n)
	}
	if got := v.info(); got.Campaigns != 0 {
		t.Errorf("%d campaigns are stored", got.Campaigns)
	}
}

// The same command again sends nothing, however often it is given.
func TestSameCommandSendsOnce(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.delivering()
	list := v.list("people.csv", 30)
	v.run(exitOK, v.sending(list, "--yes")...)
	for range 3 {
		v.run(exitOK, v.sending(list, "--yes")...).says("Nothing to send: 30 of 30 handled", "--new")
	}
	v.reachedOnce(numbers(30))
}

// What is in the list and in the message makes a campaign, not where the list lies.
func TestTheSameListFromElsewhereIsTheSameCampaign(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.delivering()
	v.run(exitOK, v.sending(v.list("people.csv", 10), "--yes")...)
	stdin := v.startWith(strings.NewReader(listOf(numbers(10))), v.sending("-", "--yes", "--campaign", "people")...)
	stdin.expect(exitOK)
	stdin.says("Nothing to send")
	v.sent(10)
	other := v.startWith(strings.NewReader(listOf(numbers(12))), v.sending("-", "--yes", "--campaign", "others")...)
	other.expect(exitOK)
	v.sent(22)
}

// A name that holds something else is an error that says what differs; --new is the way to mean it.
func TestChangedListOrMessageIsRefused(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.delivering()
	list := v.list("people.csv", 10)
	v.run(exitOK, v.sending(list, "--yes")...)

	v.write("people.csv", listOf(numbers(13)[1:]))
	v.run(exitInput, v.sending(list, "--yes")...).says("+3 new, -1 missing recipients", "--new", "campaign resume people")
	v.run(exitInput, v.sending(list, "--yes", "-m", "Hello")...).says("+3 new, -1 missing recipients, message differs")
	v.list("people.csv", 10)
	v.run(exitInput, v.sending(list, "--yes", "-m", "Hello")...).says("message differs")
	v.sent(10)

	v.run(exitOK, v.sending(list, "--yes", "-m", "Hello", "--new")...)
	v.sent(20)
	v.run(exitOK, v.sending(list, "--yes", "-m", "Hello")...) // it is the same as the second
	v.sent(20)
	if v.status("people-2") == "" {
		t.Error("there is no second campaign")
	}
	v.run(exitOK, v.sending(list, "--yes")...).says("Nothing to send")
	v.sent(20)
}

// A plan is sent as it was reviewed, once, and not when something of it has changed.
func TestPlanFile(t *testing.T) {
	t.Parallel()
	changes := []struct {
		name   string
		change func(v *vendor)
		says   string
	}{
		{"list", func(v *vendor) { v.list("people.csv", 11) }, "the list"},
		{"message", func(v *vendor) { v.write("hi.txt", "Hello") }, "the message"},
		{"config", func(v *vendor) {
			path := filepath.Join(v.dir, "config.yaml")
			b, err := os.ReadFile(path)
			v.ok(err)
			v.write("config.yaml", strings.Replace(string(b), "0.01", "0.02", 1))
		}, "the config"},
		{"opt-outs", func(v *vendor) { v.run(exitOK, "optout", "add", numbers(1)[0]) }, "the opt-outs"},
	}
	for _, c := range changes {
		t.Run("stale "+c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			plan := []string{"plan", "--csv", v.list("people.csv", 10), "-F", v.write("hi.txt", "Hi"), "-o", "people.plan"}
			v.run(exitOK, plan...)
			c.change(v)
			v.run(exitInput, "send", "--plan", "people.plan", "--yes", "--no-wait").says("stale", c.says)
			v.run(exitOK, "plan", "show", "people.plan")
			v.sent(0)
		})
	}
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t)
		v.delivering()
		v.run(exitOK, "plan", "--csv", v.list("people.csv", 10), "-m", "Hi", "-o", "people.plan", "--carrier", "alpha")
		v.run(exitUnconfirmed, "send", "--plan", "people.plan", "--no-wait")
		v.sent(0)
		v.run(exitOK, "send", "--plan", "people.plan", "--yes", "--no-wait")
		v.run(exitOK, "send", "--plan", "people.plan", "--yes", "--no-wait").says("Nothing to send")
		v.reachedOnce(numbers(10))
		if slices.ContainsFunc(v.submits(), func(s submit) bool { return s.carrier != "alpha" }) {
			t.Error("the plan's --carrier did not hold")
		}
	})
}

// Two processes with the same command: one sends, the other says who does.
func TestOneProcessSendsACampaign(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	list := v.list("people.csv", 30)
	first := v.start(v.sending(list, "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	v.run(exitLocked, v.sending(list, "--yes")...).says("another process", "people")
	v.run(exitLocked, v.sending(list, "--yes", "--json")...).says("campaign.locked")
	open()
	first.expect(exitOK)
	v.reachedOnce(numbers(30))
}

// A message to one number with a key is sent once for that key.
func TestSingleMessageWithAKey(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	to := func(key string) []string {
		return []string{"send", "--to", numbers(1)[0], "-m", "Your code is 4711", "--type", "transactional", "--ref", key, "--yes", "--no-wait"}
	}
	v.run(exitOK, to("order-17")...)
	v.run(exitOK, to("order-17")...)
	v.sent(1)
	v.run(exitOK, to("order-18")...)
	v.sent(2)
}

// What a list says wrongly is left out up to a limit, and above it nothing at all is sent.
func TestRejects(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	list := v.write("people.csv", listOf(append(numbers(18), "12", "not a number")))
	v.run(exitInput, v.sending(list, "--yes")...).says("2 of 20 rows are invalid")
	v.run(exitInput, v.sending(list, "--yes", "--max-rejects", "9%")...)
	v.run(exitUsage, v.sending(list, "--yes", "--max-rejects", "many")...)
	v.sent(0)
	v.run(exitGuard, v.sending(list, "--yes", "--skip-invalid", "--max-recipients", "17")...)
	v.sent(0)
	v.run(exitOK, v.sending(list, "--yes", "--max-rejects", "10%", "--rejects", "bad.csv")...)
	v.reachedOnce(numbers(18))
	b, err := os.ReadFile(filepath.Join(v.dir, "bad.csv"))
	v.ok(err)
	if !strings.Contains(string(b), "not a number") || strings.Contains(string(b), numbers(1)[0]) {
		t.Errorf("the rejects are\n%s", b)
	}
	if n := v.states("people"); n[campaign.Awaiting] != 18 {
		t.Errorf("%v", n)
	}
}
