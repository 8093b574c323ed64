package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"

	"github.com/smsctl/smsctl/carriers"
)

func TestTwilioMessage(t *testing.T) {
	r := newRig(t, Behaviour{SentReceipts: ptr(true), ReceiptDelay: &Delay{lo: 30 * time.Millisecond}})
	text := "Grüße & \"quotes\" \\ 👋"
	status, m, err := r.twilio("+447700900123", text)
	if err != nil || status != http.StatusCreated || m["status"] != "queued" || m["body"] != text || m["num_segments"] != "1" || m["error_code"] != nil {
		t.Fatalf("%d %v %v", status, m, err)
	}
	sid, _ := m["sid"].(string)
	if len(sid) != 34 || !strings.HasPrefix(sid, "SM") {
		t.Errorf("sid is %q", sid)
	}
	r.wait(2)
	validator := client.NewRequestValidator("secret")
	said := map[string]bool{}
	for i := range 2 { // each by a connection of its own: on a busy machine one may overtake the other
		form, err := url.ParseQuery(r.bodies[i])
		if err != nil {
			t.Fatal(err)
		}
		said[form.Get("MessageStatus")] = true
		if form.Get("MessageSid") != sid || form.Get("To") != "+447700900123" {
			t.Errorf("receipt %d is %v", i, form)
		}
		params := make(map[string]string)
		for k := range form {
			params[k] = form.Get(k)
		}
		signature := r.got[i].Header.Get("X-Twilio-Signature")
		if !validator.Validate(r.hook+r.got[i].URL.RequestURI(), params, signature) {
			t.Errorf("signature %q of receipt %d does not hold", signature, i)
		}
	}
	if len(said) != 2 || !said["sent"] || !said["delivered"] {
		t.Errorf("the receipts say %v", said)
	}
	status, m, err = r.do(http.MethodGet, messages+"/"+sid+".json", "AC1", "secret", "", "")
	if err != nil || status != http.StatusOK || m["status"] != "delivered" || m["sid"] != sid || m["body"] != text {
		t.Errorf("%d %v %v", status, m, err)
	}
}

func TestTwilioRefusals(t *testing.T) {
	r := newRig(t, Behaviour{})
	form := func(kv ...string) string {
		v := url.Values{"To": {"+447700900123"}, "From": {"ACME"}, "Body": {"x"}}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v.Encode()
	}
	for name, c := range map[string]struct {
		method, path, user, pass, body string
		status                         int
		code                           float64
	}{
		"wrong password": {"POST", messages + ".json", "AC1", "guess", form(), 401, 20003},
		"no resource":    {"POST", "/alpha/2010-04-01/Accounts/AC1/Calls.json", "AC1", "secret", form(), 404, 20404},
		"method":         {"PUT", messages + ".json", "AC1", "secret", form(), 405, 20004},
		"no number":      {"POST", messages + ".json", "AC1", "secret", form("To", ""), 400, 21604},
		"bad number":     {"POST", messages + ".json", "AC1", "secret", form("To", "447700900123"), 400, 21211},
		"no text":        {"POST", messages + ".json", "AC1", "secret", form("Body", ""), 400, 21602},
		"no sender":      {"POST", messages + ".json", "AC1", "secret", form("From", ""), 400, 21603},
		"long text":      {"POST", messages + ".json", "AC1", "secret", form("Body", strings.Repeat("é", 1601)), 400, 21617},
		"bad callback":   {"POST", messages + ".json", "AC1", "secret", form("StatusCallback", "ftp://x/y"), 400, 21609},
		"no message":     {"GET", messages + "/SM0123456789abcdef0123456789abcdef.json", "AC1", "secret", "", 404, 20404},
	} {
		t.Run(name, func(t *testing.T) {
			status, m, err := r.do(c.method, c.path, c.user, c.pass, "application/x-www-form-urlencoded", c.body)
			if err != nil || status != c.status || m["code"] != c.code {
				t.Errorf("%d %v %v", status, m, err)
			}
		})
	}
	if sum := r.server.Summary(); sum.Accepted != 0 {
		t.Errorf("%d were taken", sum.Accepted)
	}
}

func TestTwilioList(t *testing.T) {
	r := newRig(t, Behaviour{})
	for i := range 5 {
		if _, _, err := r.twilio("+447700900123", fmt.Sprint("text ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := r.twilio("+447700900999", "another"); err != nil {
		t.Fatal(err)
	}
	today, tomorrow := time.Now().UTC().Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly)
	list := func(q url.Values) ([]any, map[string]any) {
		status, m, err := r.do(http.MethodGet, messages+".json?"+q.Encode(), "AC1", "secret", "", "")
		if err != nil || status != http.StatusOK {
			t.Fatalf("%d %v", status, err)
		}
		found, _ := m["messages"].([]any)
		return found, m
	}
	for name, c := range map[string]struct {
		q    url.Values
		want int
	}{
		"all":           {url.Values{}, 6},
		"number":        {url.Values{"To": {"+447700900123"}, "From": {"ACME"}, "DateSent": {today}}, 5},
		"other number":  {url.Values{"To": {"+447700900999"}}, 1},
		"nobody":        {url.Values{"To": {"+447700900000"}}, 0},
		"other sender":  {url.Values{"To": {"+447700900123"}, "From": {"OTHER"}}, 0},
		"since today":   {url.Values{"DateSent>": {today}}, 6},
		"from tomorrow": {url.Values{"DateSent>": {tomorrow}}, 0},
		"until later":   {url.Values{"DateSent<": {tomorrow}}, 6},
	} {
		if found, _ := list(c.q); len(found) != c.want {
			t.Errorf("%s: %d, want %d", name, len(found), c.want)
		}
	}
	first, m := list(url.Values{"To": {"+447700900123"}, "PageSize": {"3"}})
	next, _ := m["next_page_uri"].(string)
	if len(first) != 3 || next == "" {
		t.Fatalf("first page has %d, next is %q", len(first), next)
	}
	u, err := url.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	second, m := list(u.Query())
	if len(second) != 2 || m["next_page_uri"] != nil {
		t.Errorf("second page has %d, next is %v", len(second), m["next_page_uri"])
	}
}

func TestPlainMessage(t *testing.T) {
	r := newRig(t, Behaviour{Deliver: ptr(0.0)})
	status, m, err := r.plain("+447700900123", "Grüße")
	id, _ := m["id"].(string)
	if err != nil || status != http.StatusAccepted || id == "" {
		t.Fatalf("%d %v %v", status, m, err)
	}
	r.wait(1)
	var got struct{ ID, Ref, Status, Code string }
	if err := json.Unmarshal([]byte(r.bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != id || got.Ref != "ref447700900123" || got.Status != "undelivered" || got.Code != "carrier_transient" {
		t.Errorf("receipt is %+v", got)
	}
	if a := r.got[0].Header.Get("Authorization"); a != "Bearer token" {
		t.Errorf("authorization is %q", a)
	}
	status, m, err = r.do(http.MethodGet, "/delta/status/"+id, "", "token", "", "")
	if err != nil || status != http.StatusOK || m["status"] != "undelivered" {
		t.Errorf("%d %v %v", status, m, err)
	}
	for path, want := range map[string]int{"/delta/status/none": 404, "/delta/": 404, "/delta/send": 405} {
		if status, _, err := r.do(http.MethodGet, path, "", "token", "", ""); err != nil || status != want {
			t.Errorf("%s: %d %v, want %d", path, status, err, want)
		}
	}
	if status, _, _ := r.do(http.MethodPost, "/delta/send", "", "guess", "", "{}"); status != http.StatusUnauthorized {
		t.Errorf("with a wrong token: %d", status)
	}
}

func TestRefusalsAreSaidInEachDialect(t *testing.T) {
	for class, want := range map[carriers.Class][2]int{
		carriers.ClassThrottled:        {429, 429},
		carriers.ClassRecipientInvalid: {400, 422},
		carriers.ClassCarrierTransient: {503, 503},
		carriers.ClassAccountAuth:      {401, 401},
	} {
		t.Run(string(class), func(t *testing.T) {
			r := newRig(t, Behaviour{Accept: ptr(0.0), Errors: []Refusal{{Class: class}}})
			if status, _, err := r.twilio("+447700900123", "x"); err != nil || status != want[0] {
				t.Errorf("twilio: %d %v", status, err)
			}
			if status, _, err := r.plain("+447700900123", "x"); err != nil || status != want[1] {
				t.Errorf("plain: %d %v", status, err)
			}
		})
	}
}

func TestLostAnswerIsInTheTruth(t *testing.T) {
	r := newRig(t, Behaviour{LostAnswers: ptr(1.0)})
	if status, _, err := r.twilio("+447700900123", "x"); err == nil {
		t.Errorf("an answer came: %d", status)
	}
	r.wait(1) // and the receipt comes all the same
	if err := r.server.flush(); err != nil {
		t.Fatal(err)
	}
	lines := r.log.lines(t)
	if !slices.ContainsFunc(lines, func(l map[string]any) bool { // the receipt may be noted before it
		return l["event"] == eventLost && l["ref"] == "ref447700900123" && l["to"] == "+447700900123"
	}) {
		t.Errorf("log is %v", lines)
	}
	sum := r.server.Summary()
	if a := sum.Carriers["alpha"]; a.Accepted != 1 || a.AnswersLost != 1 || a.Submits != 1 {
		t.Errorf("summary is %+v", a)
	}
}

func TestReceiptIsRetriedUntilTaken(t *testing.T) {
	r := newRig(t, Behaviour{})
	r.status = func(n int) int {
		if n < 3 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	if _, _, err := r.plain("+447700900123", "x"); err != nil {
		t.Fatal(err)
	}
	r.wait(3)
	for r.server.peers["delta"].count.receiptsOK.Load() == 0 && t.Context().Err() == nil {
		runtime.Gosched() // the answer is on its way back
	}
	if s := r.server.Summary().Carriers["delta"]; s.ReceiptsFailed != 2 || s.ReceiptsOK != 1 || s.ReceiptsDropped != 0 {
		t.Errorf("summary is %+v", s)
	}
}

func TestStrangersSignatureDoesNotHold(t *testing.T) {
	r := newRig(t, Behaviour{BadSignatures: ptr(1.0), ReceiptDelay: &Delay{lo: 50 * time.Millisecond}})
	if _, _, err := r.plain("+447700900123", "x"); err != nil {
		t.Fatal(err)
	}
	r.wait(2)
	signed := map[string]bool{} // one is sent after the other, by different connections
	for _, got := range r.got {
		signed[got.Header.Get("Authorization")] = true
	}
	if len(signed) != 2 || !signed["Bearer token"] {
		t.Errorf("signed %v", signed)
	}
}

func TestTruthCountsDuplicates(t *testing.T) {
	r := newRig(t, Behaviour{})
	for _, to := range []string{"+447700900123", "+447700900123", "+447700900124"} {
		if _, _, err := r.twilio(to, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := r.plain("+447700900124", "x"); err != nil {
		t.Fatal(err)
	}
	status, m, err := r.do(http.MethodGet, "/truth/summary", "", "", "", "")
	if err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	if m["accepted"] != 4.0 || m["numbers"] != 2.0 || m["duplicates"] != 2.0 || m["delivered"] != 2.0 {
		t.Errorf("summary is %v", m)
	}
	resp, err := new(http.Client).Get(r.base + "/truth/accepted?carrier=alpha")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "+447700900123\n+447700900123\n+447700900124\n" {
		t.Errorf("accepted are %q", b)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	s := Scenario{Carriers: map[string]Peer{"a": {Dialect: DialectPlain, Token: "t", Model: Model{Behaviour: Behaviour{Outage: ptr(OutageHang)}}}}}
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- Serve(ctx, ServerOptions{Scenario: s, Listen: "127.0.0.1:0", Ready: func(at Addresses) { ready <- at.HTTP }})
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+<-ready+"/a/send",
		strings.NewReader(`{"to":"+447700900123","text":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer t")
	hung := make(chan error, 1)
	go func() {
		resp, err := new(http.Client).Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		hung <- err
	}()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-hung; err == nil {
		t.Error("a hanging submit was answered")
	}
}

func TestLedgerKnowsItsIDs(t *testing.T) {
	l, other := newLedger(1), newLedger(2)
	m, f := message("ref1"), fate{}
	for range pageSize + 10 {
		i := l.add(&m, &f, start, false)
		other.add(&m, &f, start, false)
		id := l.id(i)
		if back, ok := l.find(id); !ok || back != i {
			t.Fatalf("%s of %d finds %d, %v", id, i, back, ok)
		}
		if _, ok := other.find(id); ok {
			t.Fatalf("another run knows %s", id)
		}
	}
	n := 0
	l.list(m.To, func(int32, *record) bool { n++; return true })
	if n != pageSize+10 {
		t.Errorf("%d are listed", n)
	}
}

func TestSplit(t *testing.T) {
	for in, want := range map[string]target{
		"http://h/p?q=1":     {false, "h", "/p?q=1"},
		"https://h:8":        {true, "h:8", "/"},
		"http://h?q":         {false, "h", "/?q"},
		"http://h/p#frag/er": {false, "h", "/p"},
	} {
		if got, ok := split(in); !ok || got != want {
			t.Errorf("%q: %+v %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "h/p", "ftp://h/", "http://", "http:///p", "http://u:p@h/", "http://h/a b", "http://h/\r\nX: y"} {
		if got, ok := split(in); ok {
			t.Errorf("%q was taken as %+v", in, got)
		}
	}
}
