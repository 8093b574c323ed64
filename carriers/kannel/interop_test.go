package kannel

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
	"github.com/smsctl/smsctl/carriers/generic"
)

// patience is what a real gateway on a busy machine may take.
const patience = 30 * time.Second

// TestInteropKannel runs Debian's kannel (bearerbox and smsbox) between this package and an operator that the test plays.
func TestInteropKannel(t *testing.T) {
	carriertest.Interop(t)
	k := startKannel(t)
	for _, method := range []string{"POST", "GET"} {
		t.Run(method, func(t *testing.T) { k.talks(t, method) })
	}
	t.Run("full", k.full) // last: the operator goes away
}

// TestInteropFakesmsc runs the connector that is made of configuration alone (type http) against the same gateway, whose
// operator is Kannel's own fakesmsc.
func TestInteropFakesmsc(t *testing.T) {
	carriertest.Interop(t)
	k := startBoxes(t)
	cmd := exec.CommandContext(t.Context(), "/usr/lib/kannel/test/fakesmsc", "-H", "127.0.0.1", "-r", k.operatorPort, "-i", "3600", "-m", "2", "1 2 text nop")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = cmd.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: install the Debian package kannel-extras", err)
	}
	heard := make(chan string, 64)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "447700900123") {
				heard <- lines.Text()
			}
		}
	})
	t.Cleanup(func() { reading.Wait(); _ = cmd.Wait() }) // the test's ctx has ended it

	c, err := carriertest.Build(generic.Type(), strings.ReplaceAll(kannelByConfig, "{smsbox}", k.smsbox), nil)
	if err != nil {
		t.Fatal(err)
	}
	public, receipts := listen(t, c)
	for i := range 3 {
		ref := fmt.Sprintf("0reffake%d", i)
		m := carriers.Message{
			Ref: ref, To: "+447700900123", From: "ACME", Text: fmt.Sprintf("Hello %d & 50 %%", i), Segments: 1, Validity: time.Hour,
			ReceiptURL: public + ref + "?k=x-y_z",
		}
		if res := c.Submit(t.Context(), m); res.Accepted != carriers.Yes {
			t.Fatalf("%+v", res)
		}
		if line := wait(t, heard); !strings.Contains(line, m.Text) {
			t.Errorf("fakesmsc has heard %q, not %q", line, m.Text)
		}
		seen := map[carriers.ReceiptState]bool{}
		for range 2 {
			r := wait(t, receipts)
			seen[r.State] = true
			if r.Ref != ref {
				t.Errorf("%+v is not of %s", r, ref)
			}
		}
		if !seen[carriers.ReceiptSent] || !seen[carriers.ReceiptDelivered] {
			t.Errorf("receipts %v", seen)
		}
	}
	bad := carriers.Message{Ref: "0refbad", To: "+4915112345678", From: "ACME", Text: "x", ReceiptURL: public + "0refbad?k=x-y_z"}
	if res := c.Submit(t.Context(), bad); res.Accepted != carriers.No || res.Class != carriers.ClassRouteUnavailable {
		t.Errorf("%+v", res)
	}
}

// kannelByConfig is a config of type http that speaks Kannel's language.
const kannelByConfig = `
type: http
submit:
  method: GET
  url: "http://{smsbox}/cgi-bin/sendsms"
  query:
    username: tester
    password: "${password}"
    to: "{{to}}"
    from: "{{from}}"
    text: "{{text}}"
    coding: "{{encoding}}"
    charset: UTF-8
    dlr-mask: "31"
    dlr-url: "{{receipt_url}}&type=%d&fid=%F"
  encodings: {gsm7: "0", ucs2: "2"}
  success: {status: [202], match: "^(0: Accepted|3: Queued) for (later )?delivery"}
  errors:
    - {match: "Not routable|denied by", class: route_unavailable}
    - {match: "Authorization failed", class: account_auth}
receipt:
  method: GET
  id: $.fid
  state: $.type
  states: {"1": delivered, "2": undelivered, "4": queued, "8": sent, "16": rejected}
secrets: {password: "s3cret word&"}
`

// listen takes a carrier's receipts at an address that needs escaping.
func listen(t *testing.T, c carriers.Carrier) (public string, receipts chan carriers.Receipt) {
	t.Helper()
	receipts = make(chan carriers.Receipt, 16) // two of each message
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, reply, err := c.(carriers.Receiver).Receipts(carriers.Callback{
			Method: r.Method, URL: "http://" + r.Host + r.RequestURI, Query: r.URL.Query(), Header: r.Header,
			Ref: r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], ReceivedAt: time.Now(),
		})
		if err != nil || !strings.HasPrefix(r.URL.EscapedPath(), "/receipts/a%20b/") || r.URL.Query().Get("k") != "x-y_z" {
			t.Errorf("%v: %s", err, r.RequestURI)
		}
		for _, one := range got {
			receipts <- one
		}
		w.WriteHeader(cmp.Or(reply.Status, http.StatusNoContent))
	}))
	t.Cleanup(listener.Close)
	return listener.URL + "/receipts/a%20b/", receipts
}

// talks sends through the gateway and waits for what arrives at the operator and what comes back.
func (k *gateway) talks(t *testing.T, method string) {
	c := k.carrier(t, method, interopPassword)
	public, receipts := listen(t, c)
	for i, tt := range []struct {
		text  string
		ucs2  bool
		parts int
	}{
		{"Plain é € [x] {{to}} & 50 % %41 + \"q\"", false, 1}, // the line of the operator has no way to say a line break
		{"Zoë 😀 ş\n& = % +", true, 1},
		{strings.Repeat("0123456789", 31), false, 3},
	} {
		ref := fmt.Sprintf("0ref%s%d", strings.ToLower(method), i)
		res := c.Submit(t.Context(), carriers.Message{
			Ref: ref, To: "+447700900123", From: "ACME", Text: tt.text, UCS2: tt.ucs2, Segments: tt.parts, Validity: time.Hour,
			ReceiptURL: public + ref + "?k=x-y_z",
		})
		if res.Accepted != carriers.Yes {
			t.Fatalf("%+v", res)
		}
		text := ""
		for range tt.parts {
			text += wait(t, k.arrived)
		}
		if text != tt.text {
			t.Errorf("arrived\n%q, sent\n%q", text, tt.text)
		}
		seen := map[carriers.ReceiptState]int{}
		for range 2 { // taken by the operator and delivered, in any order
			r := wait(t, receipts)
			seen[r.State]++
			if r.Ref != ref {
				t.Errorf("receipt %+v, want one of %s", r, ref)
			}
		}
		if seen[carriers.ReceiptSent] != 1 || seen[carriers.ReceiptDelivered] != 1 {
			t.Errorf("receipts %v", seen)
		}
	}
	for want, m := range map[carriers.Class]carriers.Message{
		carriers.ClassRouteUnavailable: {To: "+4915112345678", From: "ACME", Text: "x"}, // the operator takes +44 only
		carriers.ClassSenderRejected:   {To: "+447700900123", Text: "x"},
	} {
		if got := c.Submit(t.Context(), m); got.Accepted != carriers.No || got.Class != want {
			t.Errorf("%+v, want no %s", got, want)
		}
	}
	got := k.carrier(t, method, "wrong").Submit(t.Context(), carriers.Message{To: "+447700900123", From: "ACME", Text: "x"})
	if got.Accepted != carriers.No || got.Class != carriers.ClassAccountAuth {
		t.Errorf("%+v, want no account_auth", got)
	}
}

// full lets the operator go: Kannel keeps as much as it may, and refuses the rest.
func (k *gateway) full(t *testing.T) {
	_ = k.operator.Close()
	c := k.carrier(t, "POST", interopPassword)
	accepted := 0
	for range 100 {
		got := c.Submit(t.Context(), carriers.Message{To: "+447700900123", From: "ACME", Text: "x"})
		if got.Accepted == carriers.Yes {
			accepted++
			continue
		}
		if got.Accepted != carriers.No || got.Class != carriers.ClassThrottled || accepted == 0 {
			t.Errorf("%+v after %d", got, accepted)
		}
		return
	}
	t.Error("the queue has no end")
}

// gateway is a running Kannel.
type gateway struct {
	smsbox       string
	operatorPort string
	operator     net.Conn
	arrived      chan string // texts at the operator
}

const interopPassword = "s3cret word&"

func (k *gateway) carrier(t *testing.T, method, password string) carriers.Carrier {
	t.Helper()
	c, err := build(t, fmt.Sprintf("type: kannel\nbase_url: http://%s\nmethod: %s\nusername: tester\npassword: %q\n", k.smsbox, method, password))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func startKannel(t *testing.T) *gateway {
	t.Helper()
	k := startBoxes(t)
	k.operator, k.arrived = dial(t, "127.0.0.1:"+k.operatorPort), make(chan string, 16)
	go k.read()
	return k
}

// startBoxes starts a gateway without an operator.
func startBoxes(t *testing.T) *gateway {
	t.Helper()
	admin, box, smsbox, smsc := freeAddress(t), freeAddress(t), freeAddress(t), freeAddress(t)
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	folder := t.TempDir()
	file := filepath.Join(folder, "kannel.conf")
	text := fmt.Sprintf(kannelConf, port(admin), port(box), filepath.Join(folder, "bearerbox.log"), port(smsc),
		port(smsbox), filepath.Join(folder, "smsbox.log"), interopPassword)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "bearerbox", file)
	dial(t, box) // bearerbox listens
	run(t, "smsbox", file)
	dial(t, smsbox)
	return &gateway{smsbox: smsbox, operatorPort: port(smsc)}
}

const kannelConf = `
group = core
admin-port = %s
admin-password = admin
smsbox-port = %s
box-allow-ip = "127.0.0.1"
sms-outgoing-queue-limit = 2
log-file = "%s"

group = smsc
smsc = fake
smsc-id = operator
host = 127.0.0.1
port = %s
connect-allow-ip = 127.0.0.1
allowed-prefix = "+44;44"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %s
log-file = "%s"

group = sendsms-user
username = tester
password = "%s"
concatenation = true
max-messages = 10

group = sms-service
keyword = default
text = "none"
`

// read takes the operator's lines: "sender receiver text …" as it is, "… ucs-2 …" and "… udh … data …" with escapes.
func (k *gateway) read() {
	lines := bufio.NewScanner(k.operator)
	for lines.Scan() {
		field := strings.SplitN(lines.Text(), " ", 4)
		if len(field) < 4 {
			continue // not a message
		}
		payload := field[3]
		if field[2] == "text" {
			k.arrived <- payload
			continue
		}
		payload, _ = url.QueryUnescape(payload[strings.LastIndexByte(payload, ' ')+1:]) // a wrong one is seen by what arrives
		if field[2] == "ucs-2" {
			payload = utf16BE(payload)
		}
		k.arrived <- payload
	}
}

func utf16BE(s string) string {
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}

// run starts a box, which ends with the test.
func run(t *testing.T, box, file string) {
	t.Helper()
	path, err := exec.LookPath(box)
	if err != nil {
		path = "/usr/sbin/" + box // Debian's place, which is not in everybody's PATH
	}
	cmd := exec.CommandContext(t.Context(), path, file)
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: install the Debian package kannel", err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// dial waits until somebody listens.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			return conn
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("nobody listens on %s: %v", address, err)
		}
	}
}

func wait[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}
