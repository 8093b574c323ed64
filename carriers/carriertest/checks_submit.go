package carriertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

func (r *run) infoIsConstant(t *testing.T) {
	c := r.patient(t)
	info := c.Info()
	if info.Name != "alpha" || info.Type != r.Type.Name {
		t.Errorf("is %q of type %q, want alpha of type %q", info.Name, info.Type, r.Type.Name)
	}
	if r.Type.Doc == "" {
		t.Error("the type has no line for help")
	}
	if info.Signed != (r.Sign != nil) {
		t.Errorf("Signed is %v, and the suite can sign: %v", info.Signed, r.Sign != nil)
	}
	r.vendor.plays(r.first(t, "yes").ServeHTTP)
	r.submit(t.Context(), c)
	if !reflect.DeepEqual(info, c.Info()) {
		t.Error("Info changed by a submit")
	}
	r.hear(fmt.Sprintf("%+v %#v", info, info))
}

// first is the first recorded answer to a submit whose Want begins with the words.
func (r *run) first(t testing.TB, words ...string) answer {
	t.Helper()
	for _, a := range r.answersOf(t, "submit") {
		if len(a.want) >= len(words) && slices.Equal(a.want[:len(words)], words) {
			return a
		}
	}
	t.Fatalf("no recorded answer with Want: %s", strings.Join(words, " "))
	return answer{}
}

func (r *run) accepted(t *testing.T) {
	c := r.patient(t)
	n := 0
	for _, a := range r.answersOf(t, "submit") {
		if a.want[0] != "yes" {
			continue
		}
		n++
		t.Run(a.name, func(t *testing.T) {
			r.vendor.plays(a.ServeHTTP)
			got := r.submit(t.Context(), c)
			expect(t, got, carriers.Yes, carriers.ClassNone)
			if got.ID != wanted(a.want, 1) || got.Status == "" {
				t.Errorf("id %q with status %q, want id %q and a status", got.ID, got.Status, wanted(a.want, 1))
			}
			reqs := r.vendor.requests()
			if len(reqs) != 1 {
				t.Fatalf("%d requests, want 1", len(reqs))
			}
			r.request(t, reqs[0], r.Request)
		})
	}
	if n == 0 {
		t.Error("no recorded answer says yes")
	}
}

// request checks what every vendor may expect of a request.
func (r *run) request(t *testing.T, req Request, own func(*testing.T, Request)) {
	t.Helper()
	if !strings.HasPrefix(req.Header.Get("User-Agent"), "smsctl/") {
		t.Errorf("User-Agent %q, want smsctl/…", req.Header.Get("User-Agent"))
	}
	for _, secret := range r.Secrets {
		if strings.Contains(req.URL.String(), secret) && !r.SecretsInURL {
			t.Error("a secret stands in the URL, where proxies log it")
		}
	}
	if own != nil {
		own(t, req)
	}
}

func (r *run) refused(t *testing.T) {
	c := r.patient(t)
	n := 0
	for _, a := range r.answersOf(t, "submit") {
		if a.want[0] == "yes" {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			r.vendor.plays(a.ServeHTTP)
			got := r.submit(t.Context(), c)
			code := 2
			if a.want[0] == "unknown" {
				expect(t, got, carriers.Unknown, carriers.ClassAmbiguous)
				code = 1
			} else {
				n++
				expect(t, got, carriers.No, carriers.Class(wanted(a.want, 1)))
			}
			if got.Code != wanted(a.want, code) || got.Status == "" {
				t.Errorf("code %q with status %q, want %q and a status", got.Code, got.Status, wanted(a.want, code))
			}
		})
	}
	if n == 0 {
		t.Error("no recorded answer says no")
	}
}

func (r *run) throttled(t *testing.T) {
	a := r.first(t, "no", string(carriers.ClassThrottled))
	if a.header.Get("Retry-After") == "" {
		t.Fatalf("submit/%s.http has no Retry-After", a.name)
	}
	r.vendor.plays(a.ServeHTTP)
	got := r.submit(t.Context(), r.patient(t))
	expect(t, got, carriers.No, carriers.ClassThrottled)
	if got.RetryAfter <= 0 {
		t.Error("Retry-After was not read")
	}
}

// oneRequestASubmit warms a connection, has the vendor drop it after it read a submit, and counts: net/http would
// repeat a GET. Then a hundred at once, for the race detector and for mixed up answers.
func (r *run) oneRequestASubmit(t *testing.T) {
	c := r.patient(t)
	yes := r.first(t, "yes")
	r.vendor.plays(yes.ServeHTTP)
	r.submit(t.Context(), c)
	r.vendor.plays(drops(false))
	expect(t, r.submit(t.Context(), c), carriers.Unknown, carriers.ClassAmbiguous)
	if n := len(r.vendor.requests()); n != 1 {
		t.Errorf("the vendor saw %d submits, want 1", n)
	}

	const many = 100
	r.vendor.plays(yes.ServeHTTP)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			m := message()
			m.To = fmt.Sprintf("+4477009%05d", i)
			if res := c.Submit(t.Context(), m); res.Accepted != carriers.Yes {
				t.Errorf("submit %d: %+v", i, res)
			}
		})
	}
	wg.Wait()
	distinct := map[string]bool{}
	for _, req := range r.vendor.requests() {
		distinct[req.URL.String()+string(req.Body)] = true
	}
	if len(distinct) != many {
		t.Errorf("%d different requests for %d messages", len(distinct), many)
	}
}

// noSecret has the vendor repeat the whole request in its refusal, and searches all that the carrier ever said.
func (r *run) noSecret(t *testing.T) {
	echo := r.echo(t)
	r.vendor.plays(func(w http.ResponseWriter, req *http.Request) {
		reqs := r.vendor.requests()
		last := reqs[len(reqs)-1]
		quoted, err := json.Marshal(fmt.Sprint(last.URL, last.Header["Authorization"], string(last.Body)))
		if err != nil {
			t.Error(err)
		}
		a := echo
		a.body = strings.ReplaceAll(a.body, "{{request}}", strings.Trim(string(quoted), `"`))
		a.ServeHTTP(w, req)
	})
	c := r.patient(t)
	got := r.submit(t.Context(), c)
	if got.Detail == "" {
		t.Error("the vendor's words are lost: its refusal has no detail")
	}
	said := strings.Join(r.said, "\n") + "\n" + r.log.String() + fmt.Sprintf("%v", got)
	for _, secret := range r.Secrets {
		if strings.Contains(said, secret) {
			t.Error("a secret stands in a result, an error, the info or the log")
		}
	}
	if strings.Contains(said, To) || strings.Contains(said, strings.TrimPrefix(To, "+")) {
		t.Error("the recipient's whole number stands in a result, an error or the log")
	}
}

func (r *run) echo(t *testing.T) answer {
	t.Helper()
	for _, a := range r.answersOf(t, "submit") {
		if a.name == "echo" {
			return a
		}
	}
	t.Fatal("submit/echo.http is missing: a refusal whose words hold {{request}}")
	return answer{}
}
