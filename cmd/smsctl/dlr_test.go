package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// One process listens in the foreground, another plays the carrier, a third program gets what is forwarded.
func TestDLRListenAndTrigger(t *testing.T) {
	t.Parallel()
	for _, carrier := range []string{"alpha", "delta"} {
		v := newVendor(t, only(carrier), func(s *stage) { s.config["receipts"].(tree)["timeout"] = "1h" })
		v.run(exitOK, v.sending(v.list("people.csv", 2), "--yes", "--no-wait")...)
		var mu sync.Mutex
		var forwarded []receiptEvent
		other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			var e receiptEvent
			mu.Lock()
			defer mu.Unlock()
			if json.Unmarshal(body, &e) == nil {
				forwarded = append(forwarded, e)
			}
		}))
		t.Cleanup(other.Close)
		p := v.start("dlr", "listen", "--json", "--forward-to", other.URL)
		v.until("the listener is tried", func() bool { return strings.Contains(p.stdout.String(), `"type":"self_test"`) })
		p.says(`"reachable":true`, "/receipts/"+carrier+"/")

		who := numbers(2)
		v.run(exitOK, "dlr", "trigger", "delivered", "--message", who[0], "--bad-signature").says("403")
		if got := v.states("people")[campaign.Awaiting]; got != 2 {
			t.Fatalf("%d are awaiting after a forged receipt", got)
		}
		v.run(exitOK, "dlr", "trigger", "delivered", "--message", who[0], "--duplicate")
		v.run(exitOK, "dlr", "trigger", "undelivered", "--message", who[1])
		if now := v.states("people"); now[campaign.Delivered] != 1 || now[campaign.Undelivered] != 1 {
			t.Errorf("%v", now)
		}
		v.until("all is forwarded", func() bool { mu.Lock(); defer mu.Unlock(); return len(forwarded) == 3 })
		if forwarded[2].State != carriers.ReceiptUndelivered || forwarded[0].Carrier != carrier {
			t.Errorf("%+v", forwarded)
		}
		_ = p.Process.Signal(stopSignals()[0])
		p.expect(exitInterrupted)
		p.says(`"type":"summary"`, `"receipts":3`)
		if v.info().Receipts != 3 {
			t.Errorf("%d rows", v.info().Receipts)
		}
		v.messages("people")
	}
}

// Nobody listens: trigger takes the receipt in itself. What makes no sense is said to make none.
func TestDLRTriggerAlone(t *testing.T) {
	t.Parallel()
	v := newVendor(t, only("alpha"), func(s *stage) { s.config["receipts"].(tree)["timeout"] = "1h" })
	v.run(exitOK, v.sending(v.list("people.csv", 1), "--yes", "--no-wait")...)
	who := numbers(1)[0]
	v.run(exitOK, "dlr", "trigger", "expired", "--message", who).says("Nobody listens", "204")
	if got := v.messages("people")[who]; got.State != campaign.Undelivered || got.Class != carriers.ClassExpired {
		t.Errorf("%+v", got)
	}
	v.run(exitConfig, "dlr", "trigger", "frobnicated", "--message", who).says("dlr.cannot_rehearse")
	v.run(exitNotFound, "dlr", "trigger", "delivered", "--message", who, "--carrier", "omega")
	v.run(exitNotFound, "dlr", "trigger", "delivered", "--message", "+447400999999")
	v.run(exitUsage, "dlr", "trigger", "delivered")
}

func TestDLRListenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	strange := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(strange.Close)
	s := newVendor(t, only("alpha"))
	s.run(exitOK, "dlr", "listen", "--for", "1ms", "--public-url", strange.URL).says("not reachable", "something else answers")
	s.run(exitOK, "dlr", "listen", "--for", "1ms", "--public-url", "http://127.0.0.1:1").says("not reachable")
	s.run(exitOK, "dlr", "listen", "--for", "1ms", "--public-url", "http://sms.invalid").says("not reachable")
	s.run(exitUsage, "dlr", "listen", "--public-url", "sms.example.com")
	s.run(exitUsage, "dlr", "listen", "--forward-to", "x")
	s.run(exitConfig, "dlr", "listen", "--tunnel", "cloudflared").says("not installed")
}

// A word of the carrier's was not known; the config is mended, and what came before is understood. Once.
func TestDLRReplay(t *testing.T) {
	t.Parallel()
	v := newVendor(t, only("delta"), func(s *stage) { s.config["receipts"].(tree)["timeout"] = "1h" })
	p := v.start(v.sending(v.list("people.csv", 3), "--yes", "--no-wait=false")...)
	who := numbers(3)
	v.until("all are awaiting", func() bool { return v.states("people")[campaign.Awaiting] == 3 })
	for i, word := range []string{"arrived", "arrived", "lost"} {
		if status := v.receipt(v.submitTo(who[i]), word); status/100 != 2 {
			t.Fatalf("%s: %d", word, status)
		}
	}
	p.kill()
	v.run(exitOK, "dlr", "replay", "--since", "1h").says("0 changed")
	states := v.carrier("delta")["receipt"].(tree)["states"].(tree)
	states["arrived"] = "delivered"
	v.carrier("delta")["states"] = tree{"lost": "undelivered"}
	v.rewrite()
	v.run(exitOK, "dlr", "replay", "--since", "1h", "--dry-run").says("3 would change")
	if now := v.states("people"); now[campaign.Delivered] != 0 {
		t.Errorf("a dry run changed %v", now)
	}
	v.run(exitOK, "dlr", "replay", "--since", "1h").says("3 changed", "3 messages known better")
	if now := v.states("people"); now[campaign.Delivered] != 2 || now[campaign.Undelivered] != 1 {
		t.Errorf("%v", now)
	}
	v.messages("people") // db check
	v.run(exitOK, "dlr", "replay", "--since", "1h").says("0 changed")
	if got := v.info().Receipts; got != 3 {
		t.Errorf("%d rows of 3 receipts", got)
	}
	v.messages("people")
}

func TestDLROrphans(t *testing.T) {
	t.Parallel()
	v := newReceiptStage(t, "alpha")
	v.run(exitOK, "dlr", "orphans", "--json", "--jq", ".orphans | length").says("0")
	v.start("dlr", "listen")
	stranger := submit{carrier: "alpha", id: "SMffffffffffffffffffffffffffffffff", to: "+447400000009"}
	v.until("the receipt is taken", func() bool { return v.tries(stranger) })
	v.run(exitOK, "dlr", "orphans").says(stranger.id, "alpha", "delivered", "another program")
}

// tries posts a receipt of an unknown message.
func (v *vendor) tries(stranger submit) bool {
	resp, err := v.client.Get("http://" + v.stage.receipts)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return v.post(stranger, "http://"+v.stage.receipts+"/receipts/alpha", "delivered", true)/100 == 2
}

// The carrier sends no receipt; asked, it says what became of the message.
func TestDLRPoll(t *testing.T) {
	t.Parallel()
	state, asked := "accepted", 0
	var mu sync.Mutex
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id":"m-1"}`)
			return
		}
		asked++
		if state == "away" {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, `{"status":"`+state+`"}`)
	}))
	t.Cleanup(gateway.Close)
	s := newStage(t, "", only("delta"), func(s *stage) {
		s.carrier("delta")["submit"].(tree)["url"] = gateway.URL + "/send"
		s.carrier("delta")["status"].(tree)["url"] = gateway.URL + "/status/{{id}}"
		s.carrier("delta")["receipt"].(tree)["states"].(tree)["accepted"] = "accepted"
		s.config["receipts"].(tree)["timeout"] = "1h"
	})
	say := func(word string) { mu.Lock(); defer mu.Unlock(); state = word }
	s.run(exitOK, "send", "--csv", s.list("people.csv", 1), "-m", "Hi", "--yes", "--no-wait")
	s.run(exitOK, "dlr", "poll").says("1 messages wait", "1 asked about, 0 settled")
	say("away")
	s.run(exitNoRoute, "dlr", "poll", "--again").says("carrier.unreachable")
	say("delivered")
	s.run(exitOK, "dlr", "poll", "--again").says("1 settled")
	s.run(exitOK, "dlr", "poll").says("0 messages wait")
	if got := s.states("people")[campaign.Delivered]; got != 1 || asked != 3 {
		t.Errorf("%d delivered, asked %d times", got, asked)
	}
	s.messages("people")
}

// TestPollTurns: what has been asked about is asked about again when it has grown old enough, once for each turn.
func TestPollTurns(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		last, now time.Duration
		want      bool
	}{
		{-time.Hour, 0, true}, {-time.Millisecond, time.Hour, true}, {0, 0, false}, {0, 59 * time.Second, false}, {0, time.Minute, true},
		{time.Minute, time.Minute, false}, {time.Minute, 4 * time.Minute, false}, {time.Minute, 5 * time.Minute, true}, {10 * time.Minute, 29 * time.Minute, false},
		{10 * time.Minute, 90 * time.Minute, true}, {90 * time.Minute, 3 * time.Hour, true}, {25 * time.Hour, 71 * time.Hour, false}, {25 * time.Hour, 72 * time.Hour, true},
		{73 * time.Hour, 1000 * time.Hour, false},
	} {
		if got := dueAgain(begun, begun.Add(c.last), begun.Add(c.now)); got != c.want {
			t.Errorf("asked at %v, now %v: %v", c.last, c.now, got)
		}
	}
	if !dueAgain(begun, time.Time{}, begun) {
		t.Error("what was never asked about is not due")
	}
}
