// Package carriertest is the suite that every carrier type speaking HTTP must pass.
//
// A type brings its config, its recorded payloads and, if its receipts are signed, a way to sign one. The payloads lie
// in testdata/carriers/<type>, each a plain HTTP message with a Want header that the suite takes out:
//
//	submit/*.http    an answer to a submit      Want: yes ID | no CLASS CODE | unknown CODE
//	submit/echo.http a refusal whose words hold {{request}}: the vendor that repeats what it was sent
//	receipts/*.http  a request to our listener  Want: STATE CLASS CODE ("-" for none)
//	inbound/*.http   a message from a person    Want: FROM TO ID SAID ("-" for none), and Want-Text: its text
//	poll/*.http      an answer to a poll        Want: STATE CLASS CODE
//	lookup/*.http    an answer to a lookup      Want: found ID | absent | undecided
//
// A submit folder has at least one yes, one no and one "no throttled" with a Retry-After.
package carriertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/carriers"
)

// What the suite sends, and when. Recorded lookups are about this message.
const (
	Ref  = "0h8k2m4n6p8q"
	To   = "+447700900123"
	From = "+15005550006"
	Text = "Dear Zoë, {{to}} & <b>\"50 %\"</b>\nüç €"
)

// PublicURL is what the carrier under test believes to be our own address.
const PublicURL = "https://sms.example.com"

// Now is the time of the suite; the message was submitted a minute before it.
func Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// Suite is what the suite needs to know about a type.
type Suite struct {
	Type    carriers.Type
	Config  string   // the carrier's part of the config; {{server}} is the vendor's address
	Secrets []string // the secrets in Config, written out there
	Folder  string   // recorded payloads

	// Proven are the statuses of 500, 502, 503 and 504 after which the vendor has provably taken nothing.
	Proven []int
	// Batch is the vendor's answer to a call with several messages, all of which it takes.
	Batch func(ms []carriers.Message) string
	// AsksByRef is set for types that look up by our reference alone, whatever id there is.
	AsksByRef bool
	// SecretsInURL is set for vendors that want a password in the query.
	SecretsInURL bool
	// Request checks what a submit sends, against the vendor's own specification where there is one.
	Request func(t *testing.T, r Request)
	// Asked checks what polls and lookups send.
	Asked func(t *testing.T, r Request)

	// States are all words in which the vendor speaks of a message, and what they mean.
	States map[string]carriers.ReceiptState
	// Callback is an honest callback that says the word, unsigned.
	Callback func(word string) carriers.Callback
	// Sign signs a callback as the vendor does, nil for vendors that do not.
	Sign func(c *carriers.Callback)
}

// run is one run of the suite: the vendor it plays and everything that the carrier said.
type run struct {
	Suite
	vendor *vendor
	log    *bytes.Buffer
	logMu  sync.Mutex

	mu   sync.Mutex
	said []string
}

// Run runs the suite's checks, each a subtest of its own.
func Run(t *testing.T, s Suite) {
	r := &run{Suite: s, vendor: newVendor(t), log: new(bytes.Buffer)}
	for _, check := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"01 info is constant", r.infoIsConstant},
		{"02 accepted", r.accepted},
		{"03 refused", r.refused},
		{"04 throttled", r.throttled},
		{"05 connection refused", r.connectionRefused},
		{"06 no host and no TLS", r.noHostNoTLS},
		{"07 no answer", r.noAnswer},
		{"08 reset", r.reset},
		{"09 server errors", r.serverErrors},
		{"10 unreadable success", r.unreadableSuccess},
		{"11 huge answer", r.hugeAnswer},
		{"12 cancelled", r.cancelled},
		{"13 receipts", r.receipts},
		{"14 receipt states", r.receiptStates},
		{"15 one request a submit", r.oneRequestASubmit},
		{"overrides", r.overrides},
		{"inbound", r.inbound},
		{"rehearsal", r.rehearsal},
		{"batch", r.batch},
		{"reread", r.reread},
		{"check", r.check},
		{"poll", r.poll},
		{"lookup", r.lookup},
		{"what has an id is never absent", r.whatHasAnIDIsNeverAbsent},
		{"16 no secret and no number", r.noSecret}, // last: it reads what all others made the carrier say
	} {
		t.Run(check.name, check.run)
	}
}

// Build makes a carrier of a type from YAML, strictly, as the program does. Secrets are literals.
func Build(typ carriers.Type, config string, log *slog.Logger) (carriers.Carrier, error) {
	decode := func(into any) error {
		if err := yaml.NewDecoder(strings.NewReader(config), yaml.Strict()).Decode(into); err != nil {
			return fmt.Errorf("decoding: %w", err)
		}
		return nil
	}
	return typ.New("alpha", decode, carriers.Env{
		Log:       log,
		Now:       Now,
		PublicURL: PublicURL,
		Secret: func(ref carriers.Secret) (string, error) {
			if ref == "" {
				return "", errors.New("is missing")
			}
			return string(ref), nil
		},
	})
}

// carrier builds one that talks to server.
func (r *run) carrier(t testing.TB, server string, timeout time.Duration) carriers.Carrier {
	t.Helper()
	config := strings.ReplaceAll(r.Config, "{{server}}", server) + "\ntimeout: " + timeout.String() + "\n"
	c, err := Build(r.Type, config, slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatalf("building the carrier: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return c
}

// patient is a carrier that talks to the vendor and has all the time it needs.
func (r *run) patient(t testing.TB) carriers.Carrier {
	return r.carrier(t, r.vendor.URL, 20*time.Second)
}

// Write takes the log.
func (r *run) Write(p []byte) (int, error) {
	r.logMu.Lock()
	defer r.logMu.Unlock()
	return r.log.Write(p)
}

// submit hands the suite's message over and remembers what was said.
func (r *run) submit(ctx context.Context, c carriers.Carrier) carriers.Result {
	res := c.Submit(ctx, message())
	r.hear(fmt.Sprintf("%+v", res))
	return res
}

// hear remembers words of the carrier for the check that looks for secrets in them.
func (r *run) hear(words string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, words)
}

func message() carriers.Message {
	return carriers.Message{
		Ref: Ref, To: To, Country: "GB", From: From, Text: Text, UCS2: true, Segments: 1, Type: "transactional",
		Validity: time.Hour, ReceiptURL: PublicURL + "/receipts/alpha/" + Ref + "?k=c2lnbmVk",
	}
}

func submitted(id string) carriers.Submitted {
	return carriers.Submitted{Ref: Ref, ID: id, To: To, From: From, Text: Text, At: Now().Add(-time.Minute)}
}

// expect compares the part of a result that dispatch decides by.
func expect(t *testing.T, got carriers.Result, accepted carriers.Acceptance, class carriers.Class) {
	t.Helper()
	if got.Accepted != accepted || got.Class != class {
		t.Errorf("got %s %q (%+v), want %s %q", got.Accepted, got.Class, got, accepted, class)
	}
}
