package sim

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/goccy/go-yaml"
)

// Scenario is what a [Server] plays: the carriers behind one address, each under /NAME.
type Scenario struct {
	Seed     uint64          `yaml:"seed"`
	Carriers map[string]Peer `yaml:"carriers"`
}

// Peer is one carrier of a server.
type Peer struct {
	Dialect    Dialect `yaml:"dialect"`     // twilio or plain
	AccountSID string  `yaml:"account_sid"` // twilio: user of the Basic auth; "" = AC and 32 zeros
	AuthToken  string  `yaml:"auth_token"`  // twilio: its password, and the key of X-Twilio-Signature
	Token      string  `yaml:"token"`       // plain: the bearer token of submits and receipts

	ReceiptRetries     *int `yaml:"receipt_retries"`     // attempts beyond the first to hand a receipt over; 10
	ReceiptConnections int  `yaml:"receipt_connections"` // to the callback's host; 16

	Model `yaml:",inline"`
}

// Dialect is the language in which a server's carrier speaks.
type Dialect string

// The dialects.
const (
	DialectTwilio Dialect = "twilio" // Twilio's Messages resource
	DialectPlain  Dialect = "plain"  // JSON, as in the example of a generic connector in the config
)

// Model is a carrier's nature, the same in process and behind a server.
type Model struct {
	Seed      uint64 `yaml:"seed"` // the fates; carriers that share it share their dead numbers
	Poll      *bool  `yaml:"poll"` // false: it cannot be asked about a message
	Behaviour `yaml:",inline"`
	Phases    []Phase `yaml:"phases"`
}

// maxPhases keeps the set of phases that hold in one word.
const maxPhases = 64

func (m Model) check() error {
	if err := m.Behaviour.check(); err != nil {
		return err
	}
	if len(m.Phases) > maxPhases {
		return fmt.Errorf("phases: %d are more than %d", len(m.Phases), maxPhases)
	}
	for i, p := range m.Phases {
		if err := p.check(); err != nil {
			return fmt.Errorf("phase %d: %w", i+1, err)
		}
	}
	return nil
}

func (m Model) pollable() bool { return m.Poll == nil || *m.Poll }

// ReadScenario reads a scenario file.
func ReadScenario(path string) (Scenario, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Scenario{}, err
	}
	s, err := ParseScenario(b)
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// ParseScenario reads a scenario, refuses keys that it does not know and values that cannot be meant, and fills in the
// carriers' defaults.
func ParseScenario(b []byte) (Scenario, error) {
	var s Scenario
	if err := decode(b, &s); err != nil {
		return Scenario{}, fmt.Errorf("reading the scenario: %w", err)
	}
	return s, s.prepare()
}

// decode is strict, and survives the tags on which the library itself breaks ("errors: !x 0" is one).
func decode(b []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not readable as YAML: %v", p)
		}
	}()
	return yaml.UnmarshalWithOptions(b, into, yaml.Strict())
}

// prepare fills in defaults and checks. It may be called twice.
func (s *Scenario) prepare() error {
	if len(s.Carriers) == 0 {
		return fmt.Errorf("carriers: a scenario without carriers does nothing")
	}
	ready := make(map[string]Peer, len(s.Carriers))
	for _, name := range slices.Sorted(maps.Keys(s.Carriers)) {
		p := s.Carriers[name]
		if !plainName(name) {
			return fmt.Errorf("carrier %q: a name is letters, digits and dashes, and not \"truth\"", name)
		}
		if err := p.prepare(s.Seed); err != nil {
			return fmt.Errorf("carrier %s: %w", name, err)
		}
		ready[name] = p
	}
	s.Carriers = ready
	return nil
}

func (p *Peer) prepare(seed uint64) error {
	if p.Seed == 0 {
		p.Seed = seed
	}
	if p.ReceiptRetries == nil {
		p.ReceiptRetries = ptr(10)
	}
	if p.ReceiptConnections == 0 {
		p.ReceiptConnections = 16
	}
	switch {
	case p.Dialect == DialectTwilio && p.AccountSID == "":
		p.AccountSID = "AC00000000000000000000000000000000"
	case p.Dialect != DialectTwilio && p.Dialect != DialectPlain:
		return fmt.Errorf("dialect: %q is neither twilio nor plain", p.Dialect)
	}
	if p.Dialect == DialectTwilio && p.AuthToken == "" || p.Dialect == DialectPlain && p.Token == "" {
		return fmt.Errorf("a twilio carrier needs an auth_token, a plain one a token")
	}
	if *p.ReceiptRetries < 0 || p.ReceiptConnections < 0 {
		return fmt.Errorf("receipt_retries and receipt_connections cannot be negative")
	}
	return p.check()
}

// plainName keeps names out of trouble in paths.
func plainName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != "" && s != "truth"
}
