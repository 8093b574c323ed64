//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/api"
)

// orderAll orders messages to everybody, a few times over, by eight programs at once, and returns them all.
func (c *caller) orderAll(people []string, times int) (all []api.Message) {
	c.Helper()
	var mu sync.Mutex
	var callers sync.WaitGroup
	for worker := range 8 {
		callers.Go(func() {
			for i := worker; i < times*len(people); i += 8 {
				status, _, m := c.post("", map[string]any{"to": people[i%len(people)], "text": fmt.Sprintf("Code %d", i)})
				if status != http.StatusAccepted {
					c.Errorf("order %d: %d", i, status)
				}
				mu.Lock()
				all = append(all, m)
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return all
}

// tells is what the API says of a campaign's recipients, by state.
func (c *caller) tells(id string) map[string]int64 {
	c.Helper()
	status, _, got := c.call(http.MethodGet, "/v1/campaigns/"+id, "", "", nil)
	var out api.Campaign
	if err := json.Unmarshal(got, &out); err != nil || status != http.StatusOK {
		c.Fatalf("%d %s", status, got)
	}
	return out.Recipients
}

// A person may get one message a day: whoever orders by the API, gives it a list, or sends beside it, no carrier gets a
// second one, and what was not sent says why.
func TestCapsOfAService(t *testing.T) {
	t.Parallel()
	s := newStage(t, servedScenario, withAPI, func(s *stage) { s.config["caps"] = tree{"transactional": tree{"per_24h": 1}} })
	v := s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	c := s.caller()
	people := numbers(60)
	beside := s.start("send", "--csv", s.write("people.csv", listOf(people)), "-m", "Hi {{name}}", "--campaign", "beside", "--type", "transactional", "--yes")
	status, _, got := c.call(http.MethodPost, "/v1/campaigns?message=Hello&type=transactional&name=list", "text/csv", "", []byte(listOf(people)))
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, got)
	}
	ordered := c.orderAll(people, 2)
	beside.wait()
	ids := map[string]bool{"list": true, "beside": true}
	for _, m := range ordered {
		ids[m.CampaignID] = true
	}
	suppressed := int64(0)
	s.until("nothing is on its way", func() bool {
		suppressed = 0
		for id := range ids {
			n := c.tells(id)
			if n["queued"]+n["sending"]+n["awaiting"]+n["unknown"] > 0 {
				return false
			}
			suppressed += n["suppressed"]
		}
		return true
	})
	truth := s.truth()
	for _, number := range people {
		if n := truth.accepted[number]; n != 1 {
			t.Errorf("%s got %d messages in a day", number, n)
		}
	}
	if want := int64(3 * len(people)); suppressed != want {
		t.Errorf("%d are suppressed, not %d", suppressed, want)
	}
	for _, m := range ordered {
		_, _, got := c.call(http.MethodGet, "/v1/messages/"+m.ID, "", "", nil)
		if strings.Contains(string(got), `"state":"suppressed"`) && !strings.Contains(string(got), "frequency cap: 1 message in 24 hours") {
			t.Errorf("nobody knows why: %s", got)
		}
	}
	v.kill()
}

// What is ordered over a sender's daily cap waits, in the service as in whoever sends beside it; the carrier gets no segment
// more than the cap.
func TestSenderDayOfAService(t *testing.T) {
	t.Parallel()
	const most, ordered = 80, 60
	s := newStage(t, servedScenario, only("alpha"), withAPI, func(s *stage) {
		s.config["routing"] = tree{"validity": "48h"}
		s.config["senders"] = tree{"+15005550006": tree{"per_day_segments": most, "day_reset_tz": farFromMidnight()}}
	})
	v := s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	c := s.caller()
	beside := s.start("send", "--csv", s.list("people.csv", 60), "-m", "Hi {{name}}", "--campaign", "beside", "--validity", "48h", "--no-wait", "--yes")
	all := c.orderAll(numbers(ordered), 1)
	beside.wait()
	waits := map[string]api.Message{}
	s.until("all are sent, or wait and say why", func() bool {
		for _, m := range all {
			_, _, got := c.call(http.MethodGet, "/v1/messages/"+m.ID, "", "", nil)
			s.ok(json.Unmarshal(got, &m))
			switch {
			case m.State == campaign.Delivered:
			case m.State == campaign.Queued && m.Reason != "":
				waits[m.ID] = m
			default:
				return false
			}
		}
		return true
	})
	taken := 0
	for _, n := range s.truth().accepted {
		taken += n
	}
	left := s.states("beside")[campaign.Queued]
	t.Logf("%d of %d segments were taken; %d of the list and %d orders wait", taken, most, left, len(waits))
	if taken != most || int(left)+len(waits) != 60+ordered-most {
		t.Errorf("%d segments were taken, %d and %d wait", taken, left, len(waits))
	}
	for _, m := range waits {
		if !strings.Contains(m.Reason, "the daily cap of its sender") {
			t.Errorf("%s waits because of %q", m.ID, m.Reason)
		}
	}
	v.kill()
}
