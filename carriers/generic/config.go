package generic

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// The placeholders of a submit, and of the questions about an earlier one.
//
//nolint:gochecknoglobals // tables that nothing writes to
var (
	messageNames   = []string{"to", "to_digits", "from", "text", "ref", "receipt_url", "segments", "validity_s", "encoding"}
	submittedNames = []string{"id", "ref", "to", "to_digits", "from"}
)

func digits(number string) string { return strings.TrimPrefix(number, "+") }

func newCarrier(name string, decode func(any) error, env carriers.Env) (carriers.Carrier, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	secrets, values, err := resolve(cfg.Secrets, env)
	if err != nil {
		return nil, err
	}
	if cfg.BaseURL != "" {
		if _, err := carriers.ParseURL(cfg.BaseURL, ""); err != nil {
			return nil, fmt.Errorf("base_url: %w", err)
		}
	}
	codes, err := carriers.LoadCodes("", cfg.Codes)
	if err != nil {
		return nil, err
	}
	// A GET on a fresh connection each time: gateways that want one tend to drop idle connections carelessly, and then
	// the message is in doubt. keep_alive: true is faster and as safe from sending twice.
	fresh := strings.EqualFold(cfg.Submit.Method, http.MethodGet)
	if cfg.Submit.KeepAlive != nil {
		fresh = !*cfg.Submit.KeepAlive
	}
	client := carriers.NewClient(carriers.ClientOptions{
		Common: cfg.Common, Now: env.Now, Secrets: values, DisableKeepAlives: fresh,
	})
	c := &carrier{http: client, codes: codes, now: env.Now, from: cmp.Or(cfg.From, env.Sender)}
	cfg.overrideStates()
	comp := compiler{scope: scope{names: messageNames, secrets: secrets}, base: cfg.BaseURL, client: client}
	if c.submit, err = comp.compileSubmit(cfg.Submit); err != nil {
		return nil, err
	}
	if cfg.Receipt != nil {
		if c.receipt, err = comp.compileReceipt(cfg.Receipt, cfg.Codes); err != nil {
			return nil, err
		}
	}
	if cfg.Inbound != nil {
		if c.inbound, err = comp.compileInbound(cfg.Inbound); err != nil {
			return nil, err
		}
	}
	c.info = c.describe(name, cfg)
	comp.names = submittedNames
	return comp.withQuestions(c, cfg)
}

// overrideStates lays the carrier's `states:` over those of the receipts and of status; case does not count.
func (cfg *Config) overrideStates() {
	lay := func(over map[string]carriers.ReceiptState) map[string]carriers.ReceiptState {
		if len(over) == 0 || len(cfg.States) == 0 {
			return over
		}
		all := maps.Clone(over)
		for word, state := range cfg.States {
			maps.DeleteFunc(all, func(other string, _ carriers.ReceiptState) bool { return strings.EqualFold(other, word) })
			all[word] = state
		}
		return all
	}
	if cfg.Receipt != nil {
		r := *cfg.Receipt // what decode filled may be shared
		r.States = lay(r.States)
		cfg.Receipt = &r
	}
	if cfg.Status != nil {
		s := *cfg.Status
		s.States = lay(s.States)
		cfg.Status = &s
	}
}

// withQuestions adds the methods for what the config says can be asked, so that nobody asks in vain.
func (c compiler) withQuestions(base *carrier, cfg Config) (carriers.Carrier, error) {
	var p *poller
	var l *looker
	var err error
	if cfg.Status != nil {
		var states map[string]carriers.ReceiptState
		if cfg.Receipt != nil {
			states = cfg.Receipt.States
		}
		if p, err = c.compileStatus(cfg.Status, base.receipt, states, cfg.Codes); err != nil {
			return nil, err
		}
	}
	if cfg.Lookup != nil {
		if l, err = c.compileLookup(cfg.Lookup, base.now); err != nil {
			return nil, err
		}
	}
	switch {
	case p != nil && l != nil:
		return struct {
			*carrier
			carriers.Poller
			carriers.Looker
		}{base, p, l}, nil
	case p != nil:
		return struct {
			*carrier
			carriers.Poller
		}{base, p}, nil
	case l != nil:
		return struct {
			*carrier
			carriers.Looker
		}{base, l}, nil
	}
	return base, nil
}

// describe says what follows from the config. Without receipts and status nothing is to be waited for.
func (c *carrier) describe(name string, cfg Config) carriers.Info {
	info := carriers.Info{Name: name, Type: "http", Common: cfg.Common}
	info.RefInReceipts = c.submit.uses("receipt_url") || cfg.Receipt != nil && cfg.Receipt.Ref != ""
	info.Signed = c.receipt != nil && c.receipt.verify.signed()
	info.SignedInbound = c.inbound != nil && c.inbound.verify.signed()
	if cfg.Receipt == nil && cfg.Status == nil && info.Common.Receipts.Expected == nil {
		none := false
		info.Common.Receipts.Expected = &none
	}
	return info
}

// resolve fetches the secrets.
func resolve(refs map[string]carriers.Secret, env carriers.Env) (byName map[string]string, values []string, err error) {
	byName = make(map[string]string, len(refs))
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		value, err := env.Secret(refs[name])
		if err != nil {
			return nil, nil, fmt.Errorf("secrets.%s: %w", name, err)
		}
		byName[name] = value
		values = append(values, value)
	}
	return byName, values, nil
}

func (c compiler) compileSubmit(cfg SubmitConfig) (s submit, err error) {
	if s.call, err = c.call("submit", cfg.CallConfig, http.MethodPost); err != nil {
		return s, err
	}
	if !s.uses("to") && !s.uses("to_digits") {
		return s, fmt.Errorf("submit: says nowhere whom the message is for: put {{to}} or {{to_digits}} into it")
	}
	if !s.uses("text") {
		return s, fmt.Errorf("submit: does not send the text: put {{text}} into it")
	}
	for _, f := range []struct {
		key, text string
		into      **finder
	}{{"success.id", cfg.Success.ID, &s.id}, {"code", cfg.Code, &s.code}, {"detail", cfg.Detail, &s.detail}} {
		if *f.into, err = compileFinder("submit."+f.key, f.text); err != nil {
			return s, err
		}
	}
	if s.match, err = compileRegexp("submit.success.match", cfg.Success.Match); err != nil {
		return s, err
	}
	for _, status := range cfg.Success.Status {
		if status < 200 || status > 299 {
			return s, fmt.Errorf("submit.success.status: %d is not one of 200 to 299", status)
		}
	}
	s.success = cfg.Success.Status
	s.gsm7, s.ucs2 = "gsm7", "ucs2"
	for word, as := range cfg.Encodings {
		switch word {
		case "gsm7":
			s.gsm7 = as
		case "ucs2":
			s.ucs2 = as
		default:
			return s, fmt.Errorf("submit.encodings.%s: there are only gsm7 and ucs2", word)
		}
	}
	s.errors, err = compileErrors(cfg.Errors, s.code != nil)
	return s, err
}
