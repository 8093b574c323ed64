package main

import (
	"testing"
)

func TestSmoke(t *testing.T) {
	s := newStage(t, "seed: 1\ncarriers:\n  alpha: {dialect: twilio, auth_token: alpha-secret, receipt_delay: 50ms..300ms, latency: 5ms}\n  delta: {dialect: plain, token: delta-secret, latency: 5ms}\n")
	p := s.run(exitOK, "send", "--csv", s.list("people.csv", 20000), "-m", "Hi {{name}}", "--yes", "--json")
	t.Logf("%+v", p.summary())
	tr := s.truth()
	t.Logf("%d %d", len(tr.accepted), len(tr.events))
	m := s.messages("people")
	t.Logf("%d", len(m))
}
