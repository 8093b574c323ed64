package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/sim"
	"github.com/smsctl/smsctl/carriers/smpp"
)

// center is a simulator that speaks SMPP, and a client bound to it.
type center struct {
	*sim.Server
	carriers.Carrier
	truth *bytes.Buffer

	mu    sync.Mutex
	final map[string]carriers.ReceiptState // by the carrier's id
}

func newCenter(t *testing.T, behaviour, config string) *center {
	t.Helper()
	scenario, err := sim.ParseScenario([]byte("seed: 4\ncarriers: {gamma: {dialect: smpp, password: secret, receipt_delay: 0s..30ms, " + behaviour + "}}"))
	if err != nil {
		t.Fatal(err)
	}
	c := &center{truth: &bytes.Buffer{}, final: map[string]carriers.ReceiptState{}}
	if c.Server, err = sim.NewServer(sim.ServerOptions{Scenario: scenario, TruthLog: c.truth}); err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Carrier = build(t, smpp.Type(), "gamma", "type: smpp\nsystem_id: gamma\npassword: secret\naddress: "+ln.Addr().String()+"\n"+config)
	serving, stopServing := context.WithCancel(context.WithoutCancel(t.Context()))
	running, stopRunning := context.WithCancel(context.WithoutCancel(t.Context()))
	var servers, client sync.WaitGroup
	servers.Go(func() { _ = c.Run(serving) })
	servers.Go(func() {
		if err := c.ServeSMPP(serving, ln); err != nil {
			t.Error(err)
		}
	})
	client.Go(func() { _ = c.Carrier.(carriers.Session).Run(running, c.deliver) })
	t.Cleanup(func() {
		stopRunning()
		client.Wait()
		stopServing()
		servers.Wait()
	})
	return c
}

// TestSMPPInsideTLS: a client that knows the certificate's fingerprint sends and hears as over a plain line; one that knows
// nothing, or speaks no TLS, is not answered.
func TestSMPPInsideTLS(t *testing.T) {
	t.Parallel()
	scenario, err := sim.ParseScenario([]byte("carriers: {gamma: {dialect: smpp, password: secret, receipt_delay: 0s, latency: 0s, deliver: 1}}"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan sim.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- sim.Serve(ctx, sim.ServerOptions{
			Scenario: scenario, Listen: "127.0.0.1:0", SMPP: "127.0.0.1:0", SMPPTLS: "127.0.0.1:0", Ready: func(at sim.Addresses) { ready <- at },
		})
	}()
	at := <-ready
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		config string
		want   carriers.Acceptance
	}{
		"the fingerprint": {"tls: true\ntls_fingerprint: " + at.Fingerprint + "\naddress: " + at.SMPPTLS + "\n", carriers.Yes},
		"no authority":    {"tls: true\naddress: " + at.SMPPTLS + "\n", carriers.No},
		"plain":           {"address: " + at.SMPP + "\n", carriers.Yes},
	} {
		client := build(t, smpp.Type(), "gamma", "type: smpp\nsystem_id: gamma\npassword: secret\n"+c.config)
		running, stopRunning := context.WithCancel(ctx)
		heard, done := make(chan carriers.Receipt, 10), make(chan struct{})
		go func() {
			defer close(done)
			_ = client.(carriers.Session).Run(running, func(_ context.Context, rs []carriers.Receipt) error {
				for _, r := range rs {
					heard <- r
				}
				return nil
			})
		}()
		got := client.Submit(ctx, carriers.Message{Ref: "0000001abc", To: "+447700900123", From: "+15005550006", Text: "Hello", Segments: 1, ReceiptURL: "smpp"})
		if got.Accepted != c.want {
			t.Errorf("%s: %+v", name, got)
		} else if got.Accepted == carriers.Yes {
			if r := <-heard; r.ID != got.ID || r.State != carriers.ReceiptDelivered {
				t.Errorf("%s: %+v of %+v", name, r, got)
			}
		}
		stopRunning()
		<-done
	}
}

func (c *center) deliver(_ context.Context, rs []carriers.Receipt) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range rs {
		if r.State.Rank() > c.final[r.ID].Rank() {
			c.final[r.ID] = r.State
		}
	}
	return nil
}

func (c *center) known(key string) carriers.ReceiptState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.final[key]
}

// send submits n messages, 16 at a time, and returns what was said of each.
func (c *center) send(t *testing.T, n int, text func(i int) string) []carriers.Result {
	results := make([]carriers.Result, n)
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() {
			for i := w; i < n; i += 16 {
				results[i] = c.Submit(t.Context(), carriers.Message{
					Ref: fmt.Sprintf("ref%05d", i), To: fmt.Sprintf("+447740%06d", i), From: "ACME", Text: text(i), Segments: 1,
				})
			}
		})
	}
	all.Wait()
	return results
}

func count(results []carriers.Result) map[carriers.Acceptance]int64 {
	got := map[carriers.Acceptance]int64{}
	for _, r := range results {
		got[r.Accepted]++
	}
	return got
}

func hello(i int) string { return fmt.Sprint("Hello ", i) }

// TestSMPPAgrees: client and simulator agree on what happened, message by message, whatever the simulator does.
func TestSMPPAgrees(t *testing.T) {
	c := newCenter(t, `message_ids: resp_hex, latency: 0s..3ms, accept: 0.85, lost_answers: 0.05, lost_by: hang, deliver: 0.9, sent_receipts: true,
		errors: [{class: throttled}, {class: quota_exhausted}, {class: recipient_invalid}, {class: unknown, code: "0x00000412"}],
		early_receipts: 0.1, duplicate_receipts: 0.1, unordered_receipts: 0.1, bad_signatures: 0.1`, "window: 16\ntimeout: 500ms\n")
	const n = 600
	results := c.send(t, n, hello)
	got, truth := count(results), c.Summary().Carriers["gamma"]
	if got[carriers.Yes] != truth.Accepted-truth.AnswersLost || got[carriers.No] != truth.Refused || got[carriers.Unknown] != truth.AnswersLost ||
		truth.Submits != n || truth.Duplicates != 0 || truth.AnswersLost == 0 {
		t.Errorf("the client saw %v, the truth is %+v", got, truth)
	}
	codes := map[string]bool{}
	for _, r := range results {
		codes[r.Code] = true
	}
	for _, code := range []string{"ESME_RTHROTTLED", "ESME_RMSGQFUL", "ESME_RINVDSTADR", "0x00000412"} {
		if !codes[code] {
			t.Errorf("no message was refused by %s", code)
		}
	}
	wait(t, "every receipt is acknowledged", func() bool { return c.Summary().Carriers["gamma"].ReceiptsWaiting == 0 })
	delivered := int64(0)
	for i, r := range results {
		state := c.known(r.ID)
		if r.Accepted == carriers.Yes && !state.Final() {
			t.Errorf("message %d, %s: its last receipt is %q", i, r.ID, state)
		}
		if r.Accepted == carriers.Yes && state == carriers.ReceiptDelivered {
			delivered++
		}
	}
	if truth := c.Summary().Carriers["gamma"]; delivered == 0 || delivered > truth.Delivered || delivered < truth.Delivered-truth.AnswersLost {
		t.Errorf("%d are delivered, the truth is %+v", delivered, truth)
	}
}

// TestSMPPLong: the parts of a long message are one message in the truth.
func TestSMPPLong(t *testing.T) {
	for _, mode := range []string{"udh", "udh16", "sar", "payload"} {
		c := newCenter(t, "message_ids: resp_dec, latency: 0s", "long_messages: "+mode+"\n")
		results := c.send(t, 20, func(i int) string { return strings.Repeat("0123456789", 31) + fmt.Sprint(i) })
		if truth := c.Summary(); truth.Accepted != 20 || truth.Numbers != 20 || count(results)[carriers.Yes] != 20 {
			t.Errorf("%s: %v, the truth is %+v", mode, count(results), truth)
		}
		wait(t, mode+": all parts are delivered", func() bool {
			for _, r := range results {
				for id := range strings.SplitSeq(r.ID, ",") {
					if c.known(id) != carriers.ReceiptDelivered {
						return false
					}
				}
			}
			return true
		})
	}
}

// TestSMPPRestarts: the connections break again and again. What was answered was so, what was not is in doubt, and every
// receipt comes after all.
func TestSMPPRestarts(t *testing.T) {
	var phases []string
	for i := range 5 {
		phases = append(phases, fmt.Sprintf("{after: %d, for: 1, outage: reset}", 50+100*i))
	}
	c := newCenter(t, "latency: 0s..5ms, phases: ["+strings.Join(phases, ", ")+"]", "window: 16\ntimeout: 5s\n")
	results := c.send(t, 600, hello)
	got, truth := count(results), c.Summary().Carriers["gamma"]
	if got[carriers.Yes] > truth.Accepted || truth.Accepted > got[carriers.Yes]+got[carriers.Unknown] || truth.Duplicates != 0 || truth.SubmitsLost != 5 {
		t.Errorf("the client saw %v, the truth is %+v", got, truth)
	}
	wait(t, "every receipt is acknowledged", func() bool { return c.Summary().Carriers["gamma"].ReceiptsWaiting == 0 })
	for i, r := range results {
		if r.Accepted == carriers.Yes && c.known(r.ID) != carriers.ReceiptDelivered {
			t.Errorf("message %d, %s: its last receipt is %q", i, r.ID, c.known(r.ID))
		}
	}
}

// TestSMPPDoor: who does not get in, and what is said to them.
func TestSMPPDoor(t *testing.T) {
	for behaviour, want := range map[string]carriers.Acceptance{
		"outage: refuse": carriers.No, "outage: reset": carriers.No, "outage: hang": carriers.No, "outage: none": carriers.Yes,
	} {
		c := newCenter(t, behaviour, "timeout: 200ms\n")
		if r := c.send(t, 1, hello)[0]; r.Accepted != want || want == carriers.No && r.Class != carriers.ClassCarrierTransient {
			t.Errorf("%s: %+v", behaviour, r)
		}
	}
}

func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-time.After(5 * time.Millisecond) // receipts come over real sockets in their own time
	}
}
