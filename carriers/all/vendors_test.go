package all

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/sim"
)

// The two gateways of the config page, as far as the simulator's scenario describes their other half.
const (
	scenario = `
seed: 7
carriers:
  alpha: {dialect: twilio, account_sid: AC00000000000000000000000000000000, auth_token: alpha-secret, latency: 0s, receipt_delay: 0s}
  delta: {dialect: plain, token: delta-secret, latency: 0s, receipt_delay: 0s}
`
	alpha = `
type: twilio
account_sid: AC00000000000000000000000000000000
auth_token: alpha-secret
base_url: {{server}}/alpha
from: "+15005550006"
`
	delta = `
type: http
submit:
  method: POST
  url: "{{server}}/delta/send"
  headers: {Authorization: "Bearer ${token}"}
  json: {to: "{{to}}", from: "{{from}}", text: "{{text}}", ref: "{{ref}}", callback: "{{receipt_url}}"}
  success: {status: [200, 201, 202], id: "$.id"}
  errors:
    - {status: 422, class: recipient_invalid}
    - {status: 429, class: throttled}
    - {status: 503, class: carrier_transient}
status: {method: GET, url: "{{server}}/delta/status/{{id}}", headers: {Authorization: "Bearer ${token}"}, state: "$.status"}
receipt:
  id: "$.id"
  state: "$.status"
  states: {accepted: accepted, queued: queued, sent: sent, delivered: delivered, undelivered: undelivered}
  verify: {header: Authorization, equals: "Bearer ${token}"}
secrets: {token: delta-secret}
`
)

// TestTypesAgainstTheSimulatedVendors: what the adapters say is what the simulator's dialects understand, and back.
func TestTypesAgainstTheSimulatedVendors(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		listed       bool // the vendor can be searched
	}{{"alpha", alpha, true}, {"delta", delta, false}} {
		t.Run(tt.name, func(t *testing.T) {
			vendor := vendors(t)
			c := build(t, tt.name, strings.ReplaceAll(tt.config, "{{server}}", vendor))
			receipts := listener(t, c)
			m := carriers.Message{
				Ref: "0h8k2m4n6p8q", To: "+447700900123", Text: "Zoë & co: 50 % + {{to}}", Segments: 1, Type: "transactional",
				From: "ACME", Validity: time.Hour, ReceiptURL: receipts.url + "/receipts/" + tt.name + "/0h8k2m4n6p8q?k=x",
			}
			began := time.Now()
			res := c.Submit(t.Context(), m)
			if res.Accepted != carriers.Yes || res.ID == "" {
				t.Fatalf("submit: %+v", res)
			}
			for got := range receipts.came {
				if got.Ref != m.Ref || got.ID != res.ID {
					t.Fatalf("receipt %+v of submit %+v", got, res)
				}
				if got.State.Final() {
					break
				}
			}
			asked := carriers.Submitted{Ref: m.Ref, ID: res.ID, To: m.To, From: m.From, Text: m.Text, At: began}
			state, err := c.(carriers.Poller).Poll(t.Context(), asked)
			if err != nil || !state.State.Final() || state.ID != res.ID {
				t.Errorf("poll: %+v %v", state, err)
			}
			if !tt.listed {
				return
			}
			asked.ID = ""
			found, err := c.(carriers.Looker).Lookup(t.Context(), asked)
			if err != nil || found.Verdict != carriers.Found || found.ID != res.ID {
				t.Errorf("lookup: %+v %v", found, err)
			}
			asked.To, asked.At = "+447700900999", began.Add(-time.Hour)
			if found, err = c.(carriers.Looker).Lookup(t.Context(), asked); err != nil || found.Verdict != carriers.Absent {
				t.Errorf("lookup of what was never sent: %+v %v", found, err)
			}
		})
	}
}

// vendors serves the scenario and returns its address.
func vendors(t testing.TB) string {
	t.Helper()
	var s sim.Scenario
	if err := yaml.UnmarshalWithOptions([]byte(scenario), &s, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	server, err := sim.NewServer(sim.ServerOptions{Scenario: s})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context()) }()
	front := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		front.Close()
		if err := <-done; err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return front.URL
}

func build(t testing.TB, name, config string) carriers.Carrier {
	t.Helper()
	decode := func(into any) error { return yaml.UnmarshalWithOptions([]byte(config), into, yaml.Strict()) }
	for _, typ := range Types() {
		if !strings.Contains(config, "type: "+typ.Name+"\n") {
			continue
		}
		c, err := typ.New(name, decode, carriers.Env{
			Now: time.Now, Secret: func(s carriers.Secret) (string, error) { return string(s), nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(t.Context()) })
		return c
	}
	t.Fatal("no such type")
	return nil
}

// heard is a listener that hands what it hears to one carrier.
type heard struct {
	url  string
	came chan carriers.Receipt
}

func listener(t *testing.T, c carriers.Carrier) heard {
	t.Helper()
	h := heard{came: make(chan carriers.Receipt, 16)} // a message has five states at most
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, _, err := c.(carriers.Receiver).Receipts(carriers.Callback{
			Method: r.Method, URL: h.url + r.RequestURI, Query: r.URL.Query(), Header: r.Header, Body: body,
			Ref: r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], ReceivedAt: time.Now(),
		})
		if err != nil {
			t.Errorf("%v: %s %s %v", err, r.Method, body, r.Header)
			http.Error(w, fmt.Sprint(err), http.StatusForbidden)
			return
		}
		for _, receipt := range got {
			h.came <- receipt
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func BenchmarkSubmit(b *testing.B) {
	for name, config := range map[string]string{"twilio": alpha, "http": delta} {
		b.Run(name, func(b *testing.B) {
			carrier := map[string]string{"twilio": "alpha", "http": "delta"}[name]
			c := build(b, carrier, strings.ReplaceAll(config, "{{server}}", vendors(b)))
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := c.Submit(b.Context(), carriers.Message{
						Ref: "0h8k2m4n6p8q", To: "+447700900123", Text: "Hello there, this is a message", From: "ACME", Segments: 1,
					})
					if r.Class == carriers.ClassCarrierTransient {
						b.Errorf("%+v", r)
					}
				}
			})
		})
	}
}
