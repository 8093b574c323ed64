package main

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Two processes send from the same number at once, through two carriers, more than its day allows: together the carriers
// take no segment more than the cap and hardly one less, and what is left waits for the next day.
func TestSenderDay(t *testing.T) {
	t.Parallel()
	s := newStage(t, twoCarriers, func(s *stage) {
		s.config["senders"] = tree{"+15005550006": tree{"per_day_segments": 300, "day_reset_tz": farFromMidnight()}}
	})
	list := s.list("people.csv", 250)
	s.run(exitOK, "plan", "--csv", list, "-m", "one", "--from", "+15005550006").says("+15005550006 has sent 0 of the 300 segments of its day")
	var both []*process
	for _, name := range []string{"one", "two"} {
		both = append(both, s.start("send", "--csv", list, "-m", name+" for {{name}}", "--campaign", name, "--from", "+15005550006", "--rate", "300/s",
			"--validity", "48h", "--no-wait", "--yes", "--json"))
	}
	for _, p := range both {
		if code := p.wait(); code != int(exitPending) && code != int(exitOK) && code != int(exitPartial) {
			t.Fatalf("exit %d\n%s", code, tail(p.stderr.String(), 4000))
		}
	}
	taken := 0
	for _, n := range s.truth().accepted {
		taken += n
	}
	one, two := s.states("one"), s.states("two")
	t.Logf("%d of 300 segments were taken; %d and %d wait", taken, one[campaign.Queued], two[campaign.Queued])
	if taken > 300 || taken < 200 {
		t.Errorf("%d segments were taken, the cap is 300", taken)
	}
	if one[campaign.Queued]+two[campaign.Queued] < 500-300 {
		t.Errorf("one: %v, two: %v", one, two)
	}
	for _, m := range s.messages("two") {
		if m.State == campaign.Queued && m.Reason == "" {
			t.Errorf("%s waits, and nobody knows why", m.To)
		}
	}
	s.run(exitOK, "plan", "--csv", list, "-m", "three", "--from", "+15005550006").says("of the 300 segments of its day", "more than the senders' daily caps leave today")
}

// farFromMidnight is a zone in which no day ends while a test runs.
func farFromMidnight() string {
	if h := time.Now().UTC().Hour(); h >= 6 && h < 18 {
		return "UTC"
	}
	return "Etc/GMT+12"
}
