package main

import (
	"database/sql"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Half of those whom a message reaches answer STOP, by two carriers, while two campaigns are sent to the same people by two
// processes. The simulator's own log says who was answered 2xx and who got what afterwards.
func TestStopsWhileSending(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
seed: 11
carriers:
  alpha:
    dialect: twilio
    auth_token: alpha-secret
    accept: 0.8
    errors: [{class: carrier_transient}]
    receipt_delay: 100ms
    replies: {share: 0.5, text: "Stop, please!", delay: 1ms..400ms, url: "http://{{receipts}}/inbound/alpha"}
  delta:
    dialect: plain
    token: delta-secret
    accept: 0.9
    errors: [{class: throttled}]
    receipt_delay: 100ms
    replies: {share: 0.5, delay: 1ms..400ms, url: "http://{{receipts}}/inbound/delta"}
`, func(s *stage) {
		s.carrier("delta")["inbound"] = tree{
			"id": "$.id", "from": "$.from", "to": "$.to", "text": "$.text",
			"verify": tree{"header": "Authorization", "equals": "Bearer ${token}"},
		}
		s.config["optout"] = tree{"brand": "Shop"}
	})
	const people = 600
	list := s.list("people.csv", people)
	one := s.start("send", "--csv", list, "-m", "One for {{name}}", "--campaign", "one", "--rate", "300/s", "--yes", "--json")
	two := s.start("send", "--csv", list, "-m", "Two for {{name}}", "--campaign", "two", "--rate", "100/s", "--yes", "--json")
	for _, p := range []*process{one, two} { // some may have failed at both carriers: that is another test's matter
		if code := p.wait(); code != int(exitOK) && code != int(exitPartial) {
			t.Fatalf("exit %d\n%s", code, tail(p.stderr.String(), 4000))
		}
	}

	truth := s.truth()
	began, out := s.attemptsAndOptOuts()
	acknowledged := map[string]time.Time{}
	after := 0
	for _, e := range truth.events {
		switch {
		case e.Event == "reply_sent" && e.HTTP/100 == 2:
			if _, known := acknowledged[e.To]; !known {
				acknowledged[e.To] = e.Time
			}
			if _, known := out[e.To]; !known {
				t.Errorf("the STOP of %s was acknowledged, and is not on the list", e.To)
			}
		case e.Ref != "" && strings.HasPrefix(e.Event, "submit") || e.Event == "answer_lost":
			if at, known := acknowledged[e.To]; known && e.Time.After(at) {
				after++
				if began[e.Ref] > out[e.To] {
					t.Errorf("%s was acknowledged at %s, and attempt %s began after it", e.To, at, e.Ref)
				}
			}
		}
	}
	stopped := s.states("two")[campaign.Suppressed] + s.states("one")[campaign.Suppressed]
	t.Logf("%d of %d people stopped; %d messages were not sent because of it, %d were under way", len(acknowledged), people, stopped, after)
	if len(acknowledged) < people/4 || stopped < 20 {
		t.Error("too few have stopped: the test has shown nothing")
	}
	s.messages("one")
	s.messages("two")

	// Nobody of them is in a plan any more; START brings one back, and the story is told.
	s.run(exitOK, "plan", "--csv", list, "-m", "Three", "--campaign", "three", "--json").says(`"opted_out":` + strconv.Itoa(len(out)))
	for to := range out {
		s.run(exitOK, "optout", "explain", to).says("stop", "brand:Shop", "reply", "Campaigns", "one")
		break
	}
	s.run(exitOK, "plan", "--csv", list, "-m", "Code", "--campaign", "four", "--type", "transactional", "--json").says(`"opted_out":0`)
}

// attemptsAndOptOuts reads when each attempt began, by its reference, and when each number stopped.
func (s *stage) attemptsAndOptOuts() (began, out map[string]int64) {
	s.Helper()
	info, err := s.store().Info(s.Context())
	s.ok(err)
	db, err := sql.Open("sqlite", "file:"+s.db+"?mode=ro")
	s.ok(err)
	defer func() { s.ok(db.Close()) }()
	read := func(query string, into func(key string, at int64)) {
		rows, err := db.QueryContext(s.Context(), query)
		s.ok(err)
		defer rows.Close()
		for rows.Next() {
			var key string
			var at int64
			s.ok(rows.Scan(&key, &at))
			into(key, at)
		}
		s.ok(rows.Err())
	}
	began, out = map[string]int64{}, map[string]int64{}
	read(`SELECT id, begun_at FROM attempts`, func(id string, at int64) {
		n, err := strconv.ParseInt(id, 10, 64)
		s.ok(err)
		began[info.ID+strconv.FormatInt(n, 36)] = at
	})
	read(`SELECT phone, min(recorded_at) FROM optout_events WHERE source = 'inbound' GROUP BY phone`, func(phone string, at int64) {
		out["+"+phone] = at
	})
	return began, out
}

// A STOP comes in by every way there is: three dialects over HTTP, an SMPP connection, a carrier in process.
func TestStopsByEveryWay(t *testing.T) {
	t.Parallel()
	smpp := freeAddress(t)
	replies := func(name string) string {
		return `replies: {share: 1, delay: 1ms, url: "http://{{receipts}}/inbound/` + name + `"}`
	}
	s := newStage(t, "", func(s *stage) {
		s.sim = freeAddress(t)
		scenario := strings.ReplaceAll(`
seed: 3
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, receipt_delay: 1s, `+replies("alpha")+`}
  beta: {dialect: vonage, api_secret: beta-secret, signature_secret: sig-secret, signature_method: sha256, receipt_delay: 1s, `+replies("beta")+`}
  delta: {dialect: plain, token: delta-secret, receipt_delay: 1s, `+replies("delta")+`}
  gamma: {dialect: smpp, password: gamma-secret, receipt_delay: 1s, `+replies("gamma")+`}
`, "{{receipts}}", s.receipts)
		p := s.start("sim", "serve", "--scenario", s.write("scenario.yaml", scenario), "--listen", s.sim, "--smpp", smpp, "--truth", s.truthLog)
		s.until("the simulator listens", func() bool { return strings.Contains(p.stderr.String(), "serving at") })
		s.carrier("alpha")["base_url"] = "http://" + s.sim + "/alpha"
		s.carrier("delta")["submit"].(tree)["url"] = "http://" + s.sim + "/delta/send"
		s.carrier("delta")["status"].(tree)["url"] = "http://" + s.sim + "/delta/status/{{id}}"
		s.carrier("delta")["inbound"] = tree{
			"id": "$.id", "from": "$.from", "to": "$.to", "text": "$.text",
			"verify": tree{"header": "Authorization", "equals": "Bearer ${token}"},
		}
		all := s.config["carriers"].(tree)
		all["beta"] = tree{
			"type": "vonage", "api_key": "abcd1234", "api_secret": "beta-secret", "signature_secret": "sig-secret", "signature_method": "sha256",
			"base_url": "http://" + s.sim + "/beta", "from": "ACME", "price": tree{"*": 0.01},
		}
		all["gamma"] = tree{"type": "smpp", "address": smpp, "system_id": "gamma", "password": "gamma-secret", "price": tree{"*": 0.01}}
	})
	const people = 20
	for i, carrier := range []string{"alpha", "beta", "delta", "gamma"} {
		list := s.write(carrier+".csv", listOf(numbers(people * (i + 1))[people*i:]))
		s.run(exitOK, "send", "--csv", list, "-m", "Hi", "--campaign", carrier, "--carrier", carrier, "--yes", "--json")
		want := int64(people * (i + 1))
		if n, _, err := s.store().CountOptOuts(s.Context()); err != nil || n != want {
			t.Errorf("after %s %d people are on the list, not %d: %v", carrier, n, want, err)
		}
	}
	s.write("sim.yaml", `
database: sim.db
carriers: {local: {type: sim, receipt_delay: 500ms, replies: {share: 1, text: "STOP ALL"}}}
optout: {replies: {stop: "You get no more messages."}}
`)
	list := s.list("sim.csv", people)
	s.run(exitOK, "send", "--config", "sim.yaml", "--csv", list, "-m", "Hi", "--json")
	s.run(exitOK, "optout", "list", "--config", "sim.yaml", "--json").says(`"total":20`, `"scope":"all"`, `"source":"inbound"`)
	s.run(exitOK, "optout", "explain", numbers(1)[0], "--config", "sim.yaml", "--json").says(`"kind":"stop"`, `"state":"accepted"`)
	s.run(exitOK, "send", "--config", "sim.yaml", "--csv", list, "-m", "Again", "--campaign", "again", "--json").says(`"opted_out":20`)
}
