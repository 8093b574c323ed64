package sim

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Behaviour is how a simulated carrier behaves. What is absent keeps its default, or, in a phase, what held before it.
// All shares lie between 0 and 1.
type Behaviour struct {
	// Answers to submits.
	Latency     *Delay    `yaml:"latency"`      // until the answer to a submit; 20ms
	RateLimit   *float64  `yaml:"rate_limit"`   // messages a second that are taken, the rest is throttled; 0 = any
	Accept      *float64  `yaml:"accept"`       // share that is taken; 1
	Errors      []Refusal `yaml:"errors"`       // what the others hear, by share; carrier_transient
	LostAnswers *float64  `yaml:"lost_answers"` // share of the taken ones whose answer never comes; 0
	LostBy      *Loss     `yaml:"lost_by"`      // how it does not come: reset (the default) or hang
	Outage      *Outage   `yaml:"outage"`       // none, refuse (not taken, and it shows), reset or hang (not taken, no answer)

	// What becomes of the messages that were taken.
	Deliver        *float64  `yaml:"deliver"`         // share that reaches the handset; 1
	Failures       []Failure `yaml:"failures"`        // why the others do not, by share; undelivered, carrier_transient
	SilentFailures *float64  `yaml:"silent_failures"` // share of those of which no receipt tells; 0
	Delivery       *Delay    `yaml:"delivery"`        // from the answer to the handset; 0s
	DeadNumbers    *float64  `yaml:"dead_numbers"`    // share of numbers that do not exist, the same on every carrier; 0
	HandsetOff     *float64  `yaml:"handset_off"`     // share of numbers that are off for a while, likewise; 0
	HandsetOffFor  *Delay    `yaml:"handset_off_for"` // that while; lognormal(15m, 1)

	// Receipts.
	ReceiptDelay      *Delay   `yaml:"receipt_delay"`      // from the handset to the receipt; 1s
	SentReceipts      *bool    `yaml:"sent_receipts"`      // a receipt "sent" comes before the final one; false
	LostReceipts      *float64 `yaml:"lost_receipts"`      // 0
	LateReceipts      *float64 `yaml:"late_receipts"`      // 0
	LateBy            *Delay   `yaml:"late_by"`            // on top of receipt_delay; 5m
	EarlyReceipts     *float64 `yaml:"early_receipts"`     // come before the answer to the submit; 0
	DuplicateReceipts *float64 `yaml:"duplicate_receipts"` // come twice; 0
	UnorderedReceipts *float64 `yaml:"unordered_receipts"` // "sent" comes after the final one; 0
	ForgedReceipts    *float64 `yaml:"forged_receipts"`    // the carrier says delivered whatever became of it; 0
	BadSignatures     *float64 `yaml:"bad_signatures"`     // a stranger's "delivered", wrongly signed, comes first; 0 (server)
}

// Refusal is an answer of a carrier that does not take a message, or does not say so.
type Refusal struct {
	Class      carriers.Class    `yaml:"class"`
	Code       string            `yaml:"code"`        // "" = the usual one of the class
	Status     int               `yaml:"status"`      // HTTP; 0 = the usual one of the class
	RetryAfter carriers.Duration `yaml:"retry_after"` // asks to be left alone that long
	Taken      bool              `yaml:"taken"`       // the answer is wrong: the message was taken all the same
	Share      float64           `yaml:"share"`       // against the other entries; 0 = 1
}

// Failure is a way in which a message that was taken does not arrive.
type Failure struct {
	State carriers.ReceiptState `yaml:"state"` // "" = undelivered
	Class carriers.Class        `yaml:"class"` // "" = unknown
	Code  string                `yaml:"code"`  // "" = the usual one of the class
	Share float64               `yaml:"share"` // against the other entries; 0 = 1
}

// Loss is how an answer gets lost.
type Loss string

// The losses.
const (
	LossReset Loss = "reset" // the connection breaks
	LossHang  Loss = "hang"  // nothing comes until the client gives up
)

// Outage is how a carrier is down.
type Outage string

// The outages.
const (
	OutageNone   Outage = "none"
	OutageRefuse Outage = "refuse"
	OutageReset  Outage = "reset"
	OutageHang   Outage = "hang"
)

// Phase overrides a behaviour for a while, for some messages, or both. Where several hold at once, the later in the
// list wins.
type Phase struct {
	From      carriers.Duration `yaml:"from"`      // since the first submit
	Until     carriers.Duration `yaml:"until"`     // 0 = for ever
	After     int64             `yaml:"after"`     // submits to this carrier
	For       int64             `yaml:"for"`       // 0 = all that follow
	Countries []string          `yaml:"countries"` // ISO; none = all
	Prefixes  []string          `yaml:"prefixes"`  // of numbers, such as +4477: a network
	Types     []string          `yaml:"types"`     // promotional, transactional (in process only)
	Behaviour `yaml:",inline"`
}

// defaults is a carrier that works.
func defaults() Behaviour {
	return Behaviour{
		Latency: ptr(Delay{lo: 20 * time.Millisecond}), RateLimit: ptr(0.0),
		Accept: ptr(1.0), Errors: []Refusal{{Class: carriers.ClassCarrierTransient}},
		LostAnswers: ptr(0.0), LostBy: ptr(LossReset), Outage: ptr(OutageNone),
		Deliver: ptr(1.0), Failures: []Failure{{Class: carriers.ClassCarrierTransient}}, SilentFailures: ptr(0.0),
		Delivery: ptr(Delay{}), DeadNumbers: ptr(0.0), HandsetOff: ptr(0.0),
		HandsetOffFor: ptr(Delay{kind: lognormal, lo: 15 * time.Minute, sigma: 1}),
		ReceiptDelay:  ptr(Delay{lo: time.Second}), SentReceipts: ptr(false),
		LostReceipts: ptr(0.0), LateReceipts: ptr(0.0), LateBy: ptr(Delay{lo: 5 * time.Minute}), EarlyReceipts: ptr(0.0),
		DuplicateReceipts: ptr(0.0), UnorderedReceipts: ptr(0.0), ForgedReceipts: ptr(0.0), BadSignatures: ptr(0.0),
	}
}

func ptr[T any](v T) *T { return &v }

// over is b with the gaps filled from base.
func (b Behaviour) over(base Behaviour) Behaviour {
	upper, out := reflect.ValueOf(b), reflect.ValueOf(&base).Elem()
	for i := range out.NumField() {
		if f := upper.Field(i); !f.IsNil() {
			out.Field(i).Set(f)
		}
	}
	return base
}

// check refuses what cannot be meant.
func (b Behaviour) check() error {
	v := reflect.ValueOf(b)
	for i := range v.NumField() {
		share, ok := v.Field(i).Interface().(*float64)
		key := v.Type().Field(i).Tag.Get("yaml")
		if !ok || share == nil {
			continue
		}
		if !(*share >= 0) || key != "rate_limit" && *share > 1 {
			return fmt.Errorf("%s: %v is not between 0 and 1", key, *share)
		}
	}
	if b.LostBy != nil && *b.LostBy != LossReset && *b.LostBy != LossHang {
		return fmt.Errorf("lost_by: %q is neither reset nor hang", *b.LostBy)
	}
	if b.Outage != nil && !slices.Contains([]Outage{OutageNone, OutageRefuse, OutageReset, OutageHang}, *b.Outage) {
		return fmt.Errorf("outage: %q is none of none, refuse, reset, hang", *b.Outage)
	}
	for _, e := range b.Errors {
		if !e.Class.Known() || e.Class == "" || !(e.Share >= 0) || e.Status != 0 && (e.Status < 400 || e.Status > 599) {
			return fmt.Errorf("errors: %q with status %d and share %v is not a refusal", e.Class, e.Status, e.Share)
		}
	}
	for _, f := range b.Failures {
		if f.Class != "" && !f.Class.Known() || !(f.Share >= 0) || f.State != "" && (!f.State.Final() || f.State == carriers.ReceiptDelivered) {
			return fmt.Errorf("failures: %q %q with share %v is not a failure", f.State, f.Class, f.Share)
		}
	}
	return nil
}

func (p Phase) check() error {
	if p.Until != 0 && p.Until <= p.From {
		return fmt.Errorf("until: %s is not after from", time.Duration(p.Until))
	}
	if p.After < 0 || p.For < 0 {
		return fmt.Errorf("after and for count messages: %d and %d are too few", p.After, p.For)
	}
	for _, pre := range p.Prefixes {
		if len(pre) < 2 || pre[0] != '+' || strings.Trim(pre[1:], "0123456789") != "" {
			return fmt.Errorf("prefixes: %q does not begin like +44", pre)
		}
	}
	return p.Behaviour.check()
}

// holds says whether the phase covers the n-th submit (from 0), made after elapsed, of m.
func (p *Phase) holds(n int64, elapsed time.Duration, m *carriers.Message, country func() string) bool {
	switch {
	case elapsed < time.Duration(p.From), p.Until != 0 && elapsed >= time.Duration(p.Until):
		return false
	case n < p.After, p.For != 0 && n >= p.After+p.For:
		return false
	case len(p.Types) > 0 && !slices.Contains(p.Types, m.Type):
		return false
	case len(p.Prefixes) > 0 && !slices.ContainsFunc(p.Prefixes, func(pre string) bool { return strings.HasPrefix(m.To, pre) }):
		return false
	}
	return len(p.Countries) == 0 || slices.Contains(p.Countries, country())
}
