package generic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// defaultSettle is how long after a submit a gateway may still not know of it.
const defaultSettle = 30 * time.Second

// StatusConfig describes how the gateway can be asked about a message it took. States are those of the receipts unless
// it has its own.
type StatusConfig struct {
	CallConfig `yaml:",inline"`

	State  string                           `yaml:"state"`
	Code   string                           `yaml:"code"`
	Detail string                           `yaml:"detail"`
	States map[string]carriers.ReceiptState `yaml:"states"`
}

// LookupConfig describes how the gateway can be asked whether it took a message.
type LookupConfig struct {
	CallConfig `yaml:",inline"`

	ID     string            `yaml:"id"`     // what is there is found
	Absent AbsentConfig      `yaml:"absent"` // what proves that it is not
	Settle carriers.Duration `yaml:"settle"` // not believed earlier than this after the submit; 30s
}

// AbsentConfig is the answer that proves absence: all that is set must hold.
type AbsentConfig struct {
	Status []int  `yaml:"status"`
	Match  string `yaml:"match"`
}

// poller is the part of a gateway that has status.
type poller struct {
	http *carriers.Client
	call
	words
}

// looker is the part of a gateway that has lookup.
type looker struct {
	http *carriers.Client
	call
	id     *finder
	absent AbsentConfig
	match  *regexp.Regexp
	settle time.Duration
	now    func() time.Time
}

// Poll asks for the state of a message.
func (p *poller) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" && p.uses("id") {
		return carriers.Receipt{}, errors.New("the gateway cannot be asked about a message without its id")
	}
	req, err := p.request(submittedValues(s))
	if err != nil {
		return carriers.Receipt{}, err
	}
	a := p.http.Do(ctx, req)
	defer a.Release()
	if err := a.Problem(); err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking for a status: %w", err)
	}
	r, ok := p.receipt(newDocument(a.Header, a.Body))
	if !ok {
		return carriers.Receipt{}, errors.New("asking for a status: the answer has nothing at status.state")
	}
	r.Ref, r.ID, r.To = s.Ref, s.ID, s.To
	r.Detail, r.Raw = p.http.Redact(r.Detail), carriers.RawPayload(a.Body)
	return r, nil
}

// Lookup asks whether a message was taken. Only the answer that the config calls absent proves that it was not.
func (l *looker) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	req, err := l.request(submittedValues(s))
	if err != nil {
		return carriers.Finding{}, err
	}
	a := l.http.Do(ctx, req)
	defer a.Release()
	if a.Err != nil {
		return carriers.Finding{}, fmt.Errorf("looking a message up: %w", a.Err)
	}
	if l.provesAbsence(a) {
		if s.ID != "" { // whoever gave an id took the message
			return carriers.Finding{Verdict: carriers.Undecided}, nil
		}
		return carriers.Missing(l.now(), s.At.Add(l.settle)), nil
	}
	if err := a.Problem(); err != nil {
		return carriers.Finding{}, fmt.Errorf("looking a message up: %w", err)
	}
	if id, ok := l.id.find(newDocument(a.Header, a.Body)); ok && id != "" {
		return carriers.Finding{Verdict: carriers.Found, ID: id}, nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

func (l *looker) provesAbsence(a *carriers.Answer) bool {
	if len(l.absent.Status) == 0 && l.match == nil {
		return false
	}
	return (len(l.absent.Status) == 0 && a.OK() || slices.Contains(l.absent.Status, a.Status)) && (l.match == nil || l.match.Match(a.Body))
}

// submittedValues are the placeholders' values for an earlier submit.
func submittedValues(s carriers.Submitted) func(string) string {
	return func(name string) string {
		switch name {
		case "id":
			return s.ID
		case "ref":
			return s.Ref
		case "to":
			return s.To
		case "to_digits":
			return digits(s.To)
		case "from":
			return s.From
		}
		return ""
	}
}

func (c compiler) compileStatus(cfg *StatusConfig, receipts *receipt, receiptStates map[string]carriers.ReceiptState,
	overrides map[string]carriers.Class) (*poller, error) {
	p := &poller{http: c.client}
	var err error
	if p.call, err = c.call("status", cfg.CallConfig, http.MethodGet); err != nil {
		return nil, err
	}
	states := cfg.States
	if len(states) == 0 {
		states = receiptStates
	}
	if p.words, err = compileWords("status", cfg.State, cfg.Code, cfg.Detail, states); err != nil {
		return nil, err
	}
	if receipts != nil {
		p.codes = receipts.codes
		return p, nil
	}
	p.codes, err = receiptCodes(nil, overrides)
	return p, err
}

func (c compiler) compileLookup(cfg *LookupConfig, now func() time.Time) (*looker, error) {
	l := &looker{http: c.client, absent: cfg.Absent, settle: cfg.Settle.Or(defaultSettle), now: now}
	var err error
	if l.call, err = c.call("lookup", cfg.CallConfig, http.MethodGet); err != nil {
		return nil, err
	}
	if !l.uses("ref") && !l.uses("to") && !l.uses("to_digits") {
		return nil, errors.New("lookup: names no message: put {{ref}} or {{to}} into its url, query or body")
	}
	if cfg.ID == "" {
		return nil, errors.New("lookup.id: is missing: say where the id of the message stands, for example \"$.id\"")
	}
	if l.id, err = compileFinder("lookup.id", cfg.ID); err != nil {
		return nil, err
	}
	if l.match, err = compileRegexp("lookup.absent.match", cfg.Absent.Match); err != nil {
		return nil, err
	}
	return l, nil
}
