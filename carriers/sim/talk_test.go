package sim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/generic"
	"github.com/smsctl/smsctl/carriers/receipts"
	"github.com/smsctl/smsctl/carriers/sim"
	"github.com/smsctl/smsctl/carriers/twilio"
	"github.com/smsctl/smsctl/carriers/vonage"
)

// talkScenario loses answers, lies about refusals, forges and repeats receipts, but loses no receipt for good.
const talkScenario = `
seed: 4
carriers:
  alpha:
    dialect: twilio
    auth_token: alpha-secret
    latency: 0s..3ms
    accept: 0.9
    errors: [{class: throttled}, {class: recipient_invalid}, {class: carrier_transient}, {class: ambiguous, taken: true}]
    lost_answers: 0.1
    deliver: 0.9
    receipt_delay: 0s..30ms
    sent_receipts: true
    early_receipts: 0.1
    duplicate_receipts: 0.1
    unordered_receipts: 0.1
    bad_signatures: 0.1
  delta:
    dialect: plain
    token: delta-secret
    latency: 0s..3ms
    accept: 0.9
    errors: [{class: throttled}, {class: recipient_invalid}, {class: carrier_transient}]
    deliver: 0.9
    receipt_delay: 0s..30ms
    early_receipts: 0.1
    bad_signatures: 0.1
  vega:
    dialect: vonage
    api_secret: vega-secret
    signature_secret: vega-signs
    signature_method: sha256
    latency: 0s..3ms
    accept: 0.9
    errors: [{class: throttled}, {class: recipient_invalid}, {class: carrier_transient}, {class: ambiguous, taken: true}]
    deliver: 0.9
    receipt_delay: 0s..30ms
    sent_receipts: true
    early_receipts: 0.1
    duplicate_receipts: 0.1
    bad_signatures: 0.1
`

const vegaConfig = `
type: vonage
api_key: abcd1234
api_secret: vega-secret
signature_secret: vega-signs
signature_method: sha256
base_url: SERVER/vega
from: ACME
timeout: 5s
`

const alphaConfig = `
type: twilio
account_sid: AC00000000000000000000000000000000
auth_token: alpha-secret
base_url: SERVER/alpha
from: ACME
timeout: 5s
`

const deltaConfig = `
type: http
submit:
  method: POST
  url: SERVER/delta/send
  headers: {Authorization: "Bearer ${token}"}
  json: {to: "{{to}}", from: "{{from}}", text: "{{text}}", ref: "{{ref}}", callback: "{{receipt_url}}"}
  success: {status: [200, 201, 202], id: "$.id"}
  errors:
    - {status: 422, class: recipient_invalid}
    - {status: 429, class: throttled}
    - {status: 503, class: carrier_transient}
status: {method: GET, url: "SERVER/delta/status/{{id}}", headers: {Authorization: "Bearer ${token}"}, state: "$.status"}
receipt:
  id: "$.id"
  state: "$.status"
  states: {delivered: delivered, undelivered: undelivered}
  verify: {header: Authorization, equals: "Bearer ${token}"}
secrets: {token: delta-secret}
`

// book is a sink that keeps the highest state of each reference.
type book struct {
	mu     sync.Mutex
	states map[string]carriers.ReceiptState
}

func (b *book) ApplyReceipts(_ context.Context, _, _ string, rs []carriers.Receipt) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range rs {
		if r.State.Rank() > b.states[r.Ref].Rank() {
			b.states[r.Ref] = r.State
		}
	}
	return nil
}

func (b *book) finals() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, s := range b.states {
		if s.Final() {
			n++
		}
	}
	return n
}

// The adapters, the listener and the simulator agree on what happened, message by message.
func TestAdaptersAndSimulatorAgree(t *testing.T) {
	scenario, err := sim.ParseScenario([]byte(talkScenario))
	if err != nil {
		t.Fatal(err)
	}
	server, err := sim.NewServer(sim.ServerOptions{Scenario: scenario})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan error, 1)
	go func() { running <- server.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-running; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}()

	cs := map[string]carriers.Carrier{
		"alpha": build(t, twilio.Type(), "alpha", strings.ReplaceAll(alphaConfig, "SERVER", web.URL)),
		"delta": build(t, generic.Type(), "delta", strings.ReplaceAll(deltaConfig, "SERVER", web.URL)),
		"vega":  build(t, vonage.Type(), "vega", strings.ReplaceAll(vegaConfig, "SERVER", web.URL)),
	}
	var hook *httptest.Server
	b := &book{states: make(map[string]carriers.ReceiptState)}
	key := receipts.NewKey([]byte("a key of this test's own"))
	hook = httptest.NewUnstartedServer(nil)
	public := "http://" + hook.Listener.Addr().String()
	listener := receipts.New(receipts.Options{Carriers: cs, Sink: b, Key: key, PublicURL: public})
	hook.Config.Handler = listener.Handler()
	hook.Start()
	defer hook.Close()

	const each = 300
	took := make(map[string]map[carriers.Acceptance]int)
	for name, c := range cs {
		took[name] = submitAll(t, c, each, func(ref string) string { return key.URL(public, name, ref) })
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	sum := server.Summary()
	for deadline := time.Now().Add(20 * time.Second); int64(b.finals()) < sum.Accepted; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d have a final receipt; listener %+v", b.finals(), sum.Accepted, listener.Stats())
		}
		<-time.After(5 * time.Millisecond) // receipts come over real sockets in their own time
	}
	for name, got := range took {
		truth := sum.Carriers[name]
		if int64(got[carriers.Yes]) != truth.Accepted-truth.AnswersLost || int64(got[carriers.No]) != truth.Refused ||
			int64(got[carriers.Unknown]) != truth.AnswersLost || truth.Submits != each || truth.Duplicates != 0 {
			t.Errorf("%s: adapter saw %v, truth is %+v", name, got, truth)
		}
	}
	if took["alpha"][carriers.Unknown] < 10 || listener.Stats().WrongSignature < 10 {
		t.Errorf("the scenario was too tame: %v, %+v", took, listener.Stats())
	}
	if st := listener.Stats(); st.Refused() != st.WrongSignature || st.SinkErrors != 0 {
		t.Errorf("listener: %+v", st)
	}
	if total := server.Summary(); total.Delivered < each || total.Delivered == int(total.Accepted) {
		t.Errorf("delivered %d of %d", total.Delivered, total.Accepted)
	}
}

// Whoever knows the secrets is told a balance, others are refused: carrier test, carrier login and doctor ask this.
func TestAccountsCanBeAsked(t *testing.T) {
	scenario, err := sim.ParseScenario([]byte(talkScenario))
	if err != nil {
		t.Fatal(err)
	}
	server, err := sim.NewServer(sim.ServerOptions{Scenario: scenario})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	for _, c := range []struct {
		typ          carriers.Type
		name, config string
		balance      string
	}{{twilio.Type(), "alpha", alphaConfig, "1000.00 USD"}, {vonage.Type(), "vega", vegaConfig, "1000 EUR"}} {
		config := strings.ReplaceAll(c.config, "SERVER", web.URL)
		right := build(t, c.typ, c.name, config).(carriers.Checker)
		if got, err := right.Check(t.Context()); err != nil || got.Balance != c.balance {
			t.Errorf("%s: %+v, %v, want %s", c.name, got, err, c.balance)
		}
		wrong := build(t, c.typ, c.name, strings.ReplaceAll(config, c.name+"-secret", "guessed")).(carriers.Checker)
		if _, err := wrong.Check(t.Context()); !errors.Is(err, carriers.ErrAuth) {
			t.Errorf("%s: a wrong secret gets %v", c.name, err)
		}
	}
}

func build(t *testing.T, typ carriers.Type, name, config string) carriers.Carrier {
	t.Helper()
	c, err := typ.New(name, func(into any) error {
		return yaml.UnmarshalWithOptions([]byte(config), into, yaml.Strict())
	}, carriers.Env{Now: time.Now, Secret: func(s carriers.Secret) (string, error) { return string(s), nil }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// submitAll submits n messages, asks about each that has an id, and looks for each whose answer was lost.
func submitAll(t *testing.T, c carriers.Carrier, n int, callback func(ref string) string) map[carriers.Acceptance]int {
	t.Helper()
	got := make(map[carriers.Acceptance]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	window := make(chan struct{}, 16)
	name := c.Info().Name
	for i := range n {
		window <- struct{}{}
		wg.Go(func() {
			defer func() { <-window }()
			m := carriers.Message{
				Ref: fmt.Sprintf("%s%05d", name, i), To: fmt.Sprintf("+4477%s%05d", map[string]string{"alpha": "1", "delta": "2", "vega": "3"}[name], i),
				From: "ACME", Text: fmt.Sprint("Hello ", i), Segments: 1, Type: "promotional",
			}
			m.ReceiptURL = callback(m.Ref)
			sub := carriers.Submitted{Ref: m.Ref, To: m.To, From: m.From, Text: m.Text, At: time.Now()}
			res := c.Submit(t.Context(), m)
			mu.Lock()
			got[res.Accepted]++
			mu.Unlock()
			if res.Accepted == carriers.Unknown {
				f, err := c.(carriers.Looker).Lookup(t.Context(), sub)
				if err != nil || f.Verdict != carriers.Found {
					t.Errorf("%s: lookup gave %+v, %v", m.Ref, f, err)
				}
				return
			}
			sub.ID = res.ID
			if r, err := c.(carriers.Poller).Poll(t.Context(), sub); res.Accepted == carriers.Yes && (err != nil || r.State == "") {
				t.Errorf("%s: poll gave %+v, %v", m.Ref, r, err)
			}
		})
	}
	wg.Wait()
	return got
}
