package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What one campaign has learned is known to the next; a decision is explained as it was stored; and all of it can be
// learned again from the attempts.
func TestRoutingRemembers(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
seed: 13
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms, receipt_delay: 20ms..200ms, deliver: 0.5}
  delta: {dialect: plain, token: delta-secret, latency: 2ms, receipt_delay: 20ms..200ms}
`)
	send := []string{"send", "--csv", s.list("people.csv", 800), "-m", "Hi {{name}}", "--yes", "--json", "--duplicate-tolerance", "1%"}
	if code := s.start(send...).wait(); code != int(exitOK) && code != int(exitPartial) {
		t.Fatalf("exit %d", code)
	}
	explain := func(args ...string) (x explanation) {
		p := s.run(exitOK, append([]string{"route", "explain", "+447400000007", "--json"}, args...)...)
		s.ok(json.Unmarshal([]byte(p.stdout.String()), &x))
		return x
	}
	known := explain("--campaign", "people")
	trials := 0.0
	for _, c := range known.Now.Candidates {
		if trials += c.Above; c.Excluded != "" || c.Score != c.Worth-c.Price-c.Queue-c.Late {
			t.Errorf("%+v", c)
		}
	}
	if trials < 500 || *known.Carrier != "delta" || len(known.Order) != 2 {
		t.Errorf("%+v", known.Now)
	}
	var story struct {
		AttemptList []struct{ Why json.RawMessage } `json:"attempt_list"`
	}
	s.ok(json.Unmarshal([]byte(s.run(exitOK, "message", "show", "+447400000007", "--json").stdout.String()), &story))
	stored, err := json.Marshal(known.Stored[0])
	s.ok(err)
	if len(known.Stored) != len(story.AttemptList) || !sameJSON(t, stored, story.AttemptList[0].Why) {
		t.Errorf("%s\n%s", stored, story.AttemptList[0].Why)
	}
	s.run(exitOK, "route", "rebuild")
	again := explain()
	for i, c := range again.Now.Candidates {
		if was := known.Now.Candidates[i]; c.Mean < was.Mean-.05 || c.Mean > was.Mean+.05 {
			t.Errorf("learned again: %+v\nwas %+v", c, was)
		}
	}
	s.start("send", "--csv", s.list("more.csv", 1), "-m", "Hello {{name}}", "--yes", "--json").wait()
	for to := range s.messages("more") {
		for _, c := range s.attempts("more")[s.messages("more")[to].ID][0].Decision.Candidates {
			if c.Above == 0 {
				t.Errorf("the next campaign knows nothing: %+v", c)
			}
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}
