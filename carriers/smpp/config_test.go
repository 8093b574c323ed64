package smpp

import (
	"strings"
	"testing"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// TestConfig: what is wrong is said with the key that is wrong.
func TestConfig(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, tt := range []struct{ change, want string }{
		{"address: example.com", "address"},
		{"address: \"\"", "address"},
		{"system_id: " + long, "system_id"},
		{"system_id: \"\"", "system_id"},
		{"password: 123456789" + long, "password"},
		{"password: \"\"", "password"},
		{"system_type: " + long, "system_type"},
		{"service_type: " + long, "service_type"},
		{"binds: 1000", "binds"},
		{"window: -1", "window"},
		{"bind: both", "bind"},
		{"long_messages: cut", "long_messages"},
		{"message_id: hex", "message_id"},
		{"alphabet: utf8", "alphabet"},
		{"validity: soon", "validity"},
		{"data_coding: 256", "data_coding"},
		{"dest_ton: 7", "dest_ton"},
		{"tls_fingerprint: abc", "tls_fingerprint"},
		{"time_zone: Mars/Phobos", "time_zone"},
		{"states: {GONE: away}", "states"},
		{"codes: {ESME_RSYSERR: away}", "codes"},
		{"base_url: http://127.0.0.1", "base_url"},
		{"no_such_key: 1", "no_such_key"},
	} {
		key, _, _ := strings.Cut(tt.change, ":")
		var lines []string
		for line := range strings.Lines(config("127.0.0.1:2775")) {
			if !strings.HasPrefix(line, key+":") {
				lines = append(lines, line)
			}
		}
		_, err := carriertest.Build(Type(), strings.Join(lines, "")+tt.change+"\n", nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "123456789") {
			t.Errorf("%s: %v", tt.change, err)
		}
	}
}

// TestInfo: there is a worker for each place in a window, and receipts do not carry our reference.
func TestInfo(t *testing.T) {
	info := build(t, "127.0.0.1:2775", "window: 100\nbinds: 3\n").Info()
	if info.Common.MaxInFlight != 300 || info.RefInReceipts || info.Signed || info.Simulated || info.Type != "smpp" {
		t.Errorf("%+v", info)
	}
	if info := build(t, "127.0.0.1:2775", "window: 100\nmax_in_flight: 7\n").Info(); info.Common.MaxInFlight != 7 {
		t.Errorf("%+v", info)
	}
}

// TestConfigOfTheManual is the example of the config page.
func TestConfigOfTheManual(t *testing.T) {
	c, err := carriertest.Build(Type(), `
type: smpp
address: 127.0.0.1:2775
system_id: gamma
password: canary-7
bind: transceiver
binds: 1
window: 100
long_messages: udh
message_id: auto
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
