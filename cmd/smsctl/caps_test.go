package main

import (
	"strings"
	"testing"

	"github.com/smsctl/smsctl/campaign"
)

const twoCarriers = `
seed: 7
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, accept: 0.8, errors: [{class: carrier_transient}], receipt_delay: 50ms}
  delta: {dialect: plain, token: delta-secret, accept: 0.9, errors: [{class: throttled}], receipt_delay: 50ms}
`

// Two campaigns go to the same people at once, by two processes, and a person may get one message a day: no carrier gets a
// second one, whoever was first, and each message that was not sent says why. Refused attempts count nothing.
func TestFrequencyCap(t *testing.T) {
	t.Parallel()
	s := newStage(t, twoCarriers, func(s *stage) { s.config["caps"] = tree{"promotional": tree{"per_24h": 1, "per_7d": 4}} })
	const people = 400
	list := s.list("people.csv", people)
	var both []*process
	for _, name := range []string{"one", "two"} {
		both = append(both, s.start("send", "--csv", list, "-m", name+" for {{name}}", "--campaign", name, "--rate", "300/s", "--validity", "12h", "--yes", "--json"))
	}
	for _, p := range both {
		if code := p.wait(); code != int(exitOK) && code != int(exitPartial) {
			t.Fatalf("exit %d\n%s", code, tail(p.stderr.String(), 4000))
		}
	}
	truth := s.truth()
	for to, n := range truth.accepted {
		if n > 1 {
			t.Errorf("%s got %d messages in a day", to, n)
		}
	}
	one, two := s.messages("one"), s.messages("two")
	suppressed := 0
	for to, n := range truth.accepted {
		if n != 1 {
			continue
		}
		held := one[to]
		if held.State != campaign.Suppressed {
			held = two[to]
		}
		if held.State == campaign.Suppressed {
			suppressed++
		}
		if held.State == campaign.Suppressed && !strings.Contains(held.Reason, "frequency cap: 1 message in 24 hours; the next from ") {
			t.Errorf("%s is suppressed because of %q", to, held.Reason)
		}
	}
	byOne, byTwo := s.states("one"), s.states("two")
	t.Logf("%d of %d people were reached; suppressed: %d and %d", len(truth.accepted), people, byOne[campaign.Suppressed], byTwo[campaign.Suppressed])
	if suppressed < people*9/10 || byOne[campaign.Suppressed] == 0 || byTwo[campaign.Suppressed] == 0 {
		t.Error("the campaigns did not get in each other's way: the test has shown nothing")
	}

	// A plan says so; what may wait longer waits, and is sent nothing meanwhile. Another type is counted by itself.
	s.run(exitOK, "plan", "--csv", list, "-m", "Three", "--campaign", "three").says("1 message in 24 hours, 4 messages in 7 days to a person: ", " are at the cap now")
	s.run(exitPending, "send", "--csv", list, "-m", "Three", "--campaign", "three", "--validity", "48h", "--no-wait", "--yes")
	if got := s.states("three"); got[campaign.Queued] < int64(len(truth.accepted)) || got[campaign.Suppressed] != 0 {
		t.Errorf("three: %v", got)
	}
	for to := range truth.accepted {
		s.run(exitOK, "message", "show", "--campaign", "three", to).says("frequency cap: 1 message in 24 hours")
		break
	}
	for to, n := range s.truth().accepted {
		if n > 1 {
			t.Errorf("%s got %d messages in a day", to, n)
		}
	}
	s.run(exitOK, "send", "--csv", list, "-m", "Code", "--campaign", "code", "--type", "transactional", "--yes")
	if got := s.states("code"); got[campaign.Suppressed] != 0 || got[campaign.Queued] != 0 {
		t.Errorf("transactional: %v", got)
	}
}

func TestCapsOfTheConfig(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"caps: {promotional: {per_24h: -1}}\n":           "below 0",
		"caps: {promotional: {per_24h: 3, per_7d: 2}}\n": "per_7d (2) is below per_24h (3)",
		"caps: {transactional: {per_day: 2}}\n":          "per_day",
	} {
		_, found := parseConfig("config.yaml", []byte(text), "default")
		if len(found) != 1 || !strings.Contains(found.Error(), want) {
			t.Errorf("%s: %v", text, found)
		}
	}
}
