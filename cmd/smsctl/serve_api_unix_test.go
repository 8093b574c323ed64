//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/api"
)

// program that sends by the API.
type caller struct {
	*stage
	contract routers.Router
}

// withAPI puts the API into the config.
func withAPI(s *stage) {
	served(s)
	s.api = freeAddress(s)
	s.config["api"] = tree{"listen": s.api, "token": "api-secret"}
}

// callers read the contract that the service serves; everything that they say and hear is held against it.
func (s *stage) caller() *caller {
	s.Helper()
	resp, err := http.Get("http://" + s.api + "/v1/openapi.json")
	s.ok(err)
	text, err := io.ReadAll(resp.Body)
	s.ok(err)
	s.ok(resp.Body.Close())
	doc, err := openapi3.NewLoader().LoadFromData(text)
	s.ok(err)
	s.ok(doc.Validate(context.Background()))
	doc.Servers = openapi3.Servers{{URL: "http://" + s.api}}
	r, err := gorillamux.NewRouter(doc)
	s.ok(err)
	return &caller{s, r}
}

// call sends a request and holds both ways against the contract. Status 0 says that nobody answered.
func (c *caller) call(method, path, contentType, key string, body []byte) (int, http.Header, []byte) {
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+c.api+path, bytes.NewReader(body))
	if err != nil {
		c.Error(err)
		return 0, nil, nil
	}
	req.Header.Set("Authorization", "Bearer api-secret")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, nil
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, nil
	}
	c.agreesWithContract(req, resp, body, got)
	return resp.StatusCode, resp.Header, got
}

func (c *caller) agreesWithContract(req *http.Request, resp *http.Response, body, got []byte) {
	route, params, err := c.contract.FindRoute(req)
	if err != nil {
		c.Errorf("%s %s is not in the contract: %v", req.Method, req.URL, err)
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateRequest(context.Background(), in); (err == nil) != (resp.StatusCode < 400) && resp.StatusCode < 300 {
		c.Errorf("%s %s was answered %d, the contract says %v", req.Method, req.URL, resp.StatusCode, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: in.Options}
	out.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		c.Errorf("%s %s: the answer is not the contract's: %v\n%s", req.Method, req.URL, err, got)
	}
}

// post orders a message.
func (c *caller) post(key string, m map[string]any) (int, http.Header, api.Message) {
	body, _ := json.Marshal(m)
	status, header, got := c.call(http.MethodPost, "/v1/messages", "application/json", key, body)
	var out api.Message
	_ = json.Unmarshal(got, &out) // a problem has no id
	return status, header, out
}

func (c *caller) problem(status int, code string, got int, body []byte) {
	c.Helper()
	var p api.Problem
	if err := json.Unmarshal(body, &p); err != nil || got != status || p.Code != code || p.Status != status {
		c.Errorf("got %d %s, expected %d %s", got, body, status, code)
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	s := newStage(t, servedScenario, withAPI)
	s.run(exitOK, "optout", "add", "+447400999999", "--reason", "stop")
	v := s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	c := s.caller()

	status, header, m := c.post("first", map[string]any{"to": "+447400000001", "text": "Your code is 4711", "ref": "o-1"})
	if status != http.StatusAccepted || header.Get("Location") != "/v1/messages/"+m.ID || m.State != campaign.Queued || m.Ref != "o-1" {
		t.Fatalf("%d %v %+v", status, header, m)
	}
	again, header, same := c.post("first", map[string]any{"to": "+44 7400 000001", "text": "Your code is 4711", "ref": "o-1"})
	if again != http.StatusOK || same.ID != m.ID || same.Ref != "o-1" || header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same key again: %d %+v", again, same)
	}
	status, _, other := c.post("second", map[string]any{"to": "+447400000001", "text": "Your code is 4711"})
	if status != http.StatusAccepted || other.ID == m.ID {
		t.Errorf("a second message to the number: %d %+v", status, other)
	}
	for _, id := range []string{m.ID, other.ID} {
		s.until("the message is delivered", func() bool {
			_, _, got := c.call(http.MethodGet, "/v1/messages/"+id, "", "", nil)
			return strings.Contains(string(got), `"state":"delivered"`) && strings.Contains(string(got), `"ref":"o-1"`) == (id == m.ID)
		})
	}
	c.refusals()
	c.lists()

	s.ok(v.Process.Signal(syscall.SIGTERM))
	v.wait()
	if got := s.messages(s.campaignOf(m.CampaignID)); len(got) != 1 { // by number: it has two
		t.Errorf("messages to %d numbers", len(got))
	}
}

func (s *stage) campaignOf(id string) string {
	s.Helper()
	c, err := s.store().CampaignByName(context.Background(), campaign.Live, "default", id)
	s.ok(err)
	return c.Name
}

// At the ceiling nothing is taken: what was answered with a 2xx is sent, what was refused is not, and the campaign does not
// pause over it. That is what the simulator has seen, too.
func TestAPICeiling(t *testing.T) {
	t.Parallel()
	const n = 50
	s := newStage(t, servedScenario, withAPI, func(s *stage) { s.config["budget"] = tree{"campaign": float64(n) / 100} }) // a message is 0.01
	v := s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	c := s.caller()
	order := func(i int) (int, []byte) {
		body := fmt.Appendf(nil, `{"to":"+447400%06d","text":"Code"}`, i)
		status, _, got := c.call(http.MethodPost, "/v1/messages", "application/json", fmt.Sprintf("key-%d", i), body)
		return status, got
	}
	var mu sync.Mutex
	taken := map[string]bool{}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := worker; i < 2*n; i += 8 {
				status, got := order(i)
				mu.Lock()
				if status == http.StatusAccepted {
					taken[fmt.Sprintf("+447400%06d", i)] = true
				} else {
					c.problem(422, "budget.exceeded", status, got)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(taken) != n {
		t.Errorf("%d messages were taken, the ceiling is that of %d", len(taken), n)
	}
	for to := range taken { // a key that is known is answered, money or not
		var i int
		_, _ = fmt.Sscanf(to, "+447400%d", &i)
		if status, got := order(i); status != http.StatusOK {
			t.Errorf("the key of %s again: %d %s", to, status, got)
		}
		break
	}
	path := "/v1/campaigns?" + url.Values{"message": {"Hi"}, "type": {"transactional"}}.Encode()
	status, _, got := c.call(http.MethodPost, path, "text/csv", "", []byte(listOf(numbers(n+1))))
	c.problem(422, "budget.exceeded", status, got)
	name := "api@" + time.Now().UTC().Format(time.DateOnly)
	s.until("what was taken is delivered", func() bool { return s.status(name) == campaign.Completed })
	for to, times := range s.truth().accepted {
		if !taken[to] || times != 1 {
			t.Errorf("%s was sent to %d times, taken: %t", to, times, taken[to])
		}
	}
	if got := len(s.truth().accepted); got != n {
		t.Errorf("%d numbers were sent to", got)
	}
	v.kill()
}

// refusals are what cannot be done, each with its code.
func (c *caller) refusals() {
	c.Helper()
	for _, r := range []struct {
		body, key, code string
		status          int
	}{
		{`{"to":"+447400000001","text":"other"}`, "first", "idempotency_key.used", 422},
		{`{"to":"+447400999999","text":"Hi"}`, "", "opted_out", 422},
		{`{"to":"12","text":"Hi"}`, "", "phone.no_region", 422},
		{`{"to":"+447400000001","text":""}`, "", "text.empty", 422},
		{`{"to":"+447400000001","text":"` + strings.Repeat("a", 600) + `"}`, "", "text.too_long", 422},
		{`{"to":"+447400000001","text":"Hi","type":"spam"}`, "", "type.unknown", 422},
		{`{"to":"+447400000001","text":"Hi","from":"much too long a name"}`, "", "from.malformed", 422},
		{`{"to":"+447400000001","text":"Hi","form":"ACME"}`, "", "json.malformed", 400},
		{`{"to":"+447400000001","text":"Hi"} {}`, "", "json.malformed", 400},
		{`{"to":`, "", "json.malformed", 400},
		{`{"to":"+447400000001","text":"` + strings.Repeat("a", 70_000) + `"}`, "", "body.too_long", 413},
	} {
		status, _, got := c.call(http.MethodPost, "/v1/messages", "application/json", r.key, []byte(r.body))
		c.problem(r.status, r.code, status, got)
	}
	status, _, got := c.call(http.MethodGet, "/v1/messages/msg_nothing.1", "", "", nil)
	c.problem(404, "not_found", status, got)
	for _, token := range []string{"", "wrong"} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+c.api+"/v1/messages/msg_a.1", nil)
		c.ok(err)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		c.ok(err)
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusUnauthorized {
			c.Errorf("token %q: %d", token, resp.StatusCode)
		}
	}
}

// lists become campaigns, once.
func (c *caller) lists() {
	c.Helper()
	path := "/v1/campaigns?" + url.Values{"message": {"Hi {{name}}"}, "name": {"spring"}, "type": {"transactional"}}.Encode()
	list := []byte(listOf(numbers(300)) + "+12,Bad\n")
	status, header, body := c.call(http.MethodPost, path, "text/csv", "list-1", list)
	var made api.Campaign
	c.ok(json.Unmarshal(body, &made))
	if status != http.StatusCreated || header.Get("Location") != "/v1/campaigns/"+made.ID || made.Eligible != 300 || made.Invalid != 1 || made.Rows != 301 {
		c.Fatalf("%d %s", status, body)
	}
	for _, key := range []string{"list-1", "list-2", ""} { // the same list and message is the same campaign, whatever the key
		status, _, body = c.call(http.MethodPost, path, "text/csv", key, list)
		if status != http.StatusOK || !strings.Contains(string(body), `"id":"`+made.ID+`"`) {
			c.Errorf("again with key %q: %d %s", key, status, body)
		}
	}
	status, _, body = c.call(http.MethodPost, path, "text/csv", "list-1", []byte(listOf(numbers(10))))
	c.problem(422, "idempotency_key.used", status, body)
	status, _, body = c.call(http.MethodPost, path, "text/csv", "", []byte(listOf(numbers(10))))
	c.problem(409, "campaign.differs", status, body)
	status, _, body = c.call(http.MethodPost, "/v1/campaigns?massage=x", "text/csv", "", list)
	c.problem(400, "parameter.unknown", status, body)
	c.until("the list is delivered", func() bool {
		_, _, got := c.call(http.MethodGet, "/v1/campaigns/"+made.ID, "", "", nil)
		return strings.Contains(string(got), `"state":"completed"`)
	})
	if got := c.messages("spring"); len(got) != 300 {
		c.Errorf("%d messages of the list", len(got))
	}
}

// A service that is killed with -9 under load, again and again: what it has answered with a 2xx is there and is sent, and a
// key that is given again makes nothing new. That is held against the simulator's own log, which nobody has killed.
//
//	SMSCTL_TEST_KILLS=20 SMSCTL_TEST_MESSAGES=20000 go test -run TestAPIKilled -v ./cmd/smsctl
func TestAPIKilled(t *testing.T) {
	t.Parallel()
	dice := newDice(t)
	s := newStage(t, servedScenario, withAPI, func(s *stage) { s.config["routing"] = tree{"max_attempts": 10} })
	n, kills := envNumber(t, "SMSCTL_TEST_MESSAGES", 1500), envNumber(t, "SMSCTL_TEST_KILLS", 3)
	v := s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	c := s.caller()
	var mu sync.Mutex
	ids := map[string]int{} // of messages that were answered with a 2xx, with their number
	answered := func() int { mu.Lock(); defer mu.Unlock(); return len(ids) }
	order := func(i int) bool {
		status, _, m := c.post(fmt.Sprintf("key-%d", i), map[string]any{"to": fmt.Sprintf("+447400%06d", i), "text": fmt.Sprintf("Code %d", i), "group": "killed"})
		if status/100 != 2 {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		if was, known := ids[m.ID]; known && was != i {
			t.Errorf("%s was answered for %d and for %d", m.ID, was, i)
		}
		ids[m.ID] = i
		return true
	}
	work := make(chan int)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range work {
				for !order(i) && !t.Failed() {
				}
				if i%7 == 0 && !order(i) { // again, while everything dies and rises
					all.Go(func() { order(i) })
				}
			}
		})
	}
	go func() {
		defer close(work)
		for i := range n {
			work <- i
		}
	}()
	for _, at := range dice.points(kills, n-1) {
		s.until("the next point is reached", func() bool { return answered() >= at })
		v.kill()
		v = s.start("serve", "--json")
	}
	all.Wait()
	if len(ids) != n {
		t.Fatalf("%d ids for %d messages", len(ids), n)
	}
	s.until("everything is done", func() bool {
		backlog, err := s.store().Backlog(context.Background())
		s.ok(err)
		return backlog == 0
	})
	name := ""
	for id := range ids {
		public, _, err := campaign.ParseMessageID(id)
		s.ok(err)
		name = s.campaignOf(public)
		break
	}
	s.until("the campaign is completed", func() bool { return s.status(name) == campaign.Completed })
	if got := s.messages(name); len(got) != n {
		t.Errorf("%d messages in the database, %d were answered", len(got), n)
	}
	s.agrees(name, atLeastOnce)
}

// sends a list by the API and returns its campaign's name.
func (c *caller) sends(name string, list []byte) string {
	c.Helper()
	path := "/v1/campaigns?" + url.Values{"message": {"Hi {{name}}"}, "name": {name}}.Encode()
	status, _, body := c.call(http.MethodPost, path, "text/csv", "", list)
	if status != http.StatusCreated {
		c.Fatalf("%d %s", status, body)
	}
	return name
}

// A send beside the service and a campaign of the service share the rate of the carrier: in no second has the simulator seen
// more than that, once both know of each other.
func TestServeSharesTheRate(t *testing.T) {
	t.Parallel()
	const rate, n = 60, 300
	s := newStage(t, servedScenario, withAPI, only("alpha"), func(s *stage) { s.carrier("alpha")["max_per_second"] = rate })
	s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	c, log := s.caller(), s.followTruth()
	p := s.start("send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--yes", "--json")
	s.until("the send has begun", func() bool { return log.submits() > rate/2 })
	others := make([]string, n)
	for i := range others {
		others[i] = fmt.Sprintf("+447400%06d", n+i)
	}
	c.sends("served", []byte(listOf(others)))
	both := time.Now().Add(2 * time.Second) // they look at each other four times a second, the keeper once
	p.expect(exitOK)
	s.until("both are completed", func() bool {
		return s.status("served") == campaign.Completed && s.status("people") == campaign.Completed
	})
	var all, at []time.Time
	served, beside := 0, 0
	for _, e := range s.truth().events {
		if !e.taken() {
			continue
		}
		all = append(all, e.Time)
		if e.Time.Before(both) {
			continue
		}
		at = append(at, e.Time)
		if e.To < others[0] {
			beside++
		} else {
			served++
		}
	}
	most := busiest(at) // what a busy machine holds up arrives together; twice the rate is what each on its own would send
	if most > rate*3/2 || served == 0 || beside == 0 {
		t.Errorf("%d in a second, the carrier's rate is %d; of the service %d while the other sent %d", most, rate, served, beside)
	}
	t.Logf("at most %d in a second, of %d; %d before both knew of each other", most, rate, busiest(all))
}

// busiest is how many there are in the busiest second.
func busiest(at []time.Time) (most int) {
	first := 0
	for i := range at {
		for at[i].Sub(at[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// What waits for the hours in which it may be sent is sent by the service when they begin, and not before.
func TestServeWindowOpens(t *testing.T) {
	t.Parallel()
	exe, err := exec.LookPath(clocked)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, servedScenario, withAPI, func(s *stage) { s.config["windows"] = tree{"window": "08:00-20:00", "zone": "UTC"} })
	s.exe = exe
	const early = 20 * time.Second
	s.env = []string{fmt.Sprintf("SMSCTL_TEST_CLOCK=%d", instant(t, "2026-10-12T08:00:00Z").Add(-early).UnixMilli())}
	opens := time.Now().Add(early) // or a little later: its clock begins when the process does
	s.start("serve", "--json")
	s.until("the service is ready", s.ready)
	name := s.caller().sends("morning", []byte(listOf(numbers(100))))
	s.until("the campaign waits", func() bool { return s.status(name) == campaign.Waiting })
	s.until("the campaign is completed", func() bool { return s.status(name) == campaign.Completed })
	truth := s.truth()
	for _, e := range truth.events {
		if e.Time.Before(opens) {
			t.Errorf("%s %s before the window has opened", e.Event, opens.Sub(e.Time))
		}
	}
	if len(truth.accepted) != 100 {
		t.Errorf("%d numbers were sent to", len(truth.accepted))
	}
}
