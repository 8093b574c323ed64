//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	carrierName = "alpha"
	sender      = "+15005550006"
)

// carrierConfig is the carrier's part of smsctl's config, the ceiling's too.
func carrierConfig(typ, base string, window int) string {
	text := `type: twilio
account_sid: AC00000000000000000000000000000000
auth_token: alpha-secret
base_url: {base}
from: "+15005550006"
`
	switch typ {
	case "smpp":
		text = "type: smpp\naddress: {base}\nsystem_id: " + carrierName + "\npassword: alpha-pw\nwindow: " + strconv.Itoa(window) + "\n"
	case "http":
		text = `type: http
submit:
  method: POST
  url: "{base}/send"
  headers: {Authorization: "Bearer ${token}"}
  json: {to: "{{to}}", from: "{{from}}", text: "{{text}}", ref: "{{ref}}", callback: "{{receipt_url}}"}
  success: {status: [200, 201, 202], id: "$.id"}
  errors: [{status: 422, class: recipient_invalid}, {status: 429, class: throttled}]
receipt:
  id: "$.id"
  state: "$.status"
  states: {delivered: delivered, undelivered: undelivered}
  verify: {header: Authorization, equals: "Bearer ${token}"}
secrets: {token: delta-secret}
`
	}
	return strings.ReplaceAll(text, "{base}", base) + fmt.Sprintf("max_in_flight: %d\n", window)
}

// scenario is a carrier that answers at once and sends its receipt at once, over as many connections as it is sent to:
// only work takes time.
func (b *bench) scenario(typ, more string) string {
	speaks := map[string]string{"http": "plain, token: delta-secret", "twilio": "twilio, auth_token: alpha-secret", "smpp": "smpp, password: alpha-pw"}[typ]
	return fmt.Sprintf("carriers: {%s: {dialect: %s, latency: 0s, delivery: 0s, receipt_delay: 0s, deliver: 1, receipt_connections: %d%s}}\n",
		carrierName, speaks, b.window, more)
}

// sending is what one run of messages took, from the first submit to the last receipt that was acknowledged.
type sending struct {
	n              int
	wall           time.Duration
	client, vendor usage
	receipts       int           // that were acknowledged
	receiving      time.Duration // from the first of them to the last
}

func (s sending) rate() float64 { return float64(s.n) / s.wall.Seconds() }

// costs are the processors' time of each side for a message. The client's holds whatever its process did, intake too.
func (s sending) costs() string {
	each := func(u usage) float64 { return float64(u.cpu.Microseconds()) / float64(s.n) }
	return fmt.Sprintf("cpu a message: client %.0f µs, simulator %.0f µs; client rss %d MB", each(s.client), each(s.vendor), s.client.rss>>20)
}

// ceiling measures the client that records nothing.
func (b *bench) ceiling(ctx context.Context, typ string, n int) (sending, error) {
	return b.against(ctx, typ, "", n, func(base, listen string) (usage, error) {
		self, err := os.Executable()
		if err != nil {
			return usage{}, err
		}
		_, used, err := command(ctx, b.dir, self, clientWord, "-type", typ, "-base", base, "-listen", listen,
			"-n", strconv.Itoa(n), "-window", strconv.Itoa(b.windowOf(typ)), "-seed", strconv.FormatUint(b.seed, 10))
		return used, err
	})
}

// endToEnd measures smsctl; after looks at the database before it is removed.
func (b *bench) endToEnd(ctx context.Context, typ, list string, n int, after func(config string) error) (sending, error) {
	return b.sends(ctx, typ, list, n, how{after: after})
}

// how is what is not as usual in a run.
type how struct {
	more  string // what the carrier does beyond what it must
	view  string // on a terminal, with that view; "" = in pipes and quiet
	args  []string
	after func(config string) error // looks at the database before it is removed
}

// sends measures smsctl.
func (b *bench) sends(ctx context.Context, typ, list string, n int, h how) (sending, error) {
	home, err := os.MkdirTemp(b.dir, "send-")
	if err != nil {
		return sending{}, err
	}
	defer os.RemoveAll(home)
	config := filepath.Join(home, "config.yaml")
	return b.against(ctx, typ, h.more, n, func(base, listen string) (usage, error) {
		text := fmt.Sprintf("database: bench.db\nsender: %q\nreceipts: {listen: %s, public_url: \"http://%s\"}\ncarriers:\n  %s:\n    %s\n",
			sender, listen, listen, carrierName, strings.ReplaceAll(carrierConfig(typ, base, b.windowOf(typ)), "\n", "\n    "))
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return usage{}, err
		}
		args := append([]string{"send", "--config", config, "--log-file", "none", "--csv", list, "-m", template, "--yes"}, h.args...)
		var used usage
		var err error
		if h.view != "" {
			used, err = onTerminal(ctx, home, b.smsctl, append(args, "--progress", h.view, "--no-bell"), func(io.Writer, []byte) {})
		} else {
			_, used, err = command(ctx, home, b.smsctl, append(args, "--no-input", "--quiet")...)
		}
		if err == nil && h.after != nil {
			err = h.after(config)
		}
		return used, err
	})
}

// against runs a client against a fresh simulator and reads from its log what happened when.
func (b *bench) against(ctx context.Context, typ, more string, n int, client func(base, listen string) (usage, error)) (s sending, err error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return s, err
	}
	listen, err := freeAddress(ctx)
	if err != nil {
		return s, err
	}
	smpp, err := freeAddress(ctx)
	if err != nil {
		return s, err
	}
	play, truth := filepath.Join(b.dir, "scenario.yaml"), filepath.Join(b.dir, "truth.jsonl")
	if err := errors.Join(os.WriteFile(play, []byte(b.scenario(typ, more)), 0o600), os.RemoveAll(truth)); err != nil {
		return s, err
	}
	vendor, err := serve(ctx, b.dir, address, b.smsctl, "sim", "serve", "--scenario", play, "--listen", address, "--smpp", smpp,
		"--truth", truth, "--log-file", "none")
	if err != nil {
		return s, err
	}
	s.n = n
	base := "http://" + address + "/" + carrierName
	if typ == "smpp" {
		base = smpp
	}
	s.client, err = client(base, listen)
	used, stopErr := vendor.stop()
	if err := errors.Join(err, stopErr); err != nil {
		return s, err
	}
	s.vendor = used
	t, err := readTruth(truth)
	if err != nil {
		return s, err
	}
	if t.taken != n || t.receipts < n || more == "" && t.receipts != n {
		return s, fmt.Errorf("%d of %d messages taken, %d receipts acknowledged", t.taken, n, t.receipts)
	}
	s.wall, s.receipts, s.receiving = t.lastReceipt.Sub(t.first), t.receipts, t.lastReceipt.Sub(t.firstReceipt)
	return s, nil
}

// truth is what a run looked like by the simulator's clock: what it took, and which receipts were acknowledged.
type truth struct {
	taken, receipts                  int
	first, firstReceipt, lastReceipt time.Time
}

func readTruth(path string) (t truth, err error) {
	f, err := os.Open(path)
	if err != nil {
		return t, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l struct {
			Time   time.Time
			Event  string
			HTTP   int
			Status string
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return t, err
		}
		switch {
		case l.Event == "submit_accepted":
			t.taken++
			t.first = earlier(t.first, l.Time)
		case l.Event == "receipt_sent" && (l.HTTP/100 == 2 || l.Status == "ESME_ROK"):
			t.receipts++
			t.firstReceipt = earlier(t.firstReceipt, l.Time)
			if l.Time.After(t.lastReceipt) {
				t.lastReceipt = l.Time
			}
		}
	}
	return t, nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// freeAddress finds a port that nobody holds.
func freeAddress(ctx context.Context) (string, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}
