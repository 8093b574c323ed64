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
	Dialect    Dialect `yaml:"dialect"`     // twilio, vonage, plain or smpp
	AccountSID string  `yaml:"account_sid"` // twilio: user of the Basic auth; "" = AC and 32 zeros
	AuthToken  string  `yaml:"auth_token"`  // twilio: its password, and the key of X-Twilio-Signature
	Token      string  `yaml:"token"`       // plain: the bearer token of submits and receipts

	APIKey          string `yaml:"api_key"`          // vonage; "" = abcd1234
	APISecret       string `yaml:"api_secret"`       // vonage
	SignatureSecret string `yaml:"signature_secret"` // vonage: signs receipts; "" = they carry no sig
	SignatureMethod string `yaml:"signature_method"` // vonage: md5hash (the default), md5, sha1, sha256, sha512

	SystemID    string      `yaml:"system_id"`    // smpp; "" = the carrier's name
	Password    string      `yaml:"password"`     // smpp
	MessageIDs  MessageIDs  `yaml:"message_ids"`  // smpp: same (the default), resp_hex or resp_dec
	ReceiptForm ReceiptForm `yaml:"receipt_form"` // smpp: text, tlv or both; "" = both, and text where ids are not the same

	ReceiptRetries     *int `yaml:"receipt_retries"`     // attempts beyond the first to hand a receipt over; 10 (smpp: for ever)
	ReceiptConnections int  `yaml:"receipt_connections"` // to the callback's host; 16

	Model `yaml:",inline"`
}

// Dialect is the language in which a server's carrier speaks.
type Dialect string

// The dialects.
const (
	DialectTwilio Dialect = "twilio" // Twilio's Messages resource
	DialectVonage Dialect = "vonage" // Vonage's SMS API and the records of its Reports API
	DialectPlain  Dialect = "plain"  // JSON, as in the example of a generic connector in the config
	DialectSMPP   Dialect = "smpp"   // SMPP 3.4, at an address of its own
)

// MessageIDs is how a message center writes ids in its answers and in its receipts.
type MessageIDs string

// The ways to write ids.
const (
	IDsSame    MessageIDs = "same"     // decimal in both
	IDsRespHex MessageIDs = "resp_hex" // hex in the answer, decimal in the receipt
	IDsRespDec MessageIDs = "resp_dec" // decimal in the answer, hex in the receipt
)

// ReceiptForm is where a message center writes what its receipts say.
type ReceiptForm string

// The forms of receipts.
const (
	FormText ReceiptForm = "text"
	FormTLV  ReceiptForm = "tlv"
	FormBoth ReceiptForm = "both"
)

// Model is a carrier's nature, the same in process and behind a server.
type Model struct {
	Seed      uint64 `yaml:"seed"` // the fates; carriers that share it share their dead numbers
	Poll      *bool  `yaml:"poll"` // false: it cannot be asked about a message
	Behaviour `yaml:",inline"`
	Phases    []Phase `yaml:"phases"`
	Replies   Replies `yaml:"replies"` // what people write back
}

// maxPhases keeps the set of phases that hold in one word.
const maxPhases = 64

func (m Model) check() error {
	if err := m.Behaviour.check(); err != nil {
		return err
	}
	if err := m.Replies.check(); err != nil {
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
	ready, accounts := make(map[string]Peer, len(s.Carriers)), map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s.Carriers)) {
		p := s.Carriers[name]
		if !plainName(name) {
			return fmt.Errorf("carrier %q: a name is letters, digits and dashes, and not \"truth\"", name)
		}
		if err := p.prepare(name, s.Seed); err != nil {
			return fmt.Errorf("carrier %s: %w", name, err)
		}
		if p.Dialect == DialectSMPP {
			if other := accounts[p.SystemID]; other != "" {
				return fmt.Errorf("carrier %s: system_id: %q is carrier %s's already", name, p.SystemID, other)
			}
			accounts[p.SystemID] = name
		}
		ready[name] = p
	}
	s.Carriers = ready
	return nil
}

func (p *Peer) prepare(name string, seed uint64) error {
	if p.Seed == 0 {
		p.Seed = seed
	}
	if p.ReceiptRetries == nil {
		p.ReceiptRetries = ptr(10)
	}
	if p.ReceiptConnections == 0 {
		p.ReceiptConnections = 16
	}
	if err := p.prepareDialect(name); err != nil {
		return err
	}
	if *p.ReceiptRetries < 0 || p.ReceiptConnections < 0 {
		return fmt.Errorf("receipt_retries and receipt_connections cannot be negative")
	}
	return p.check()
}

// prepareDialect fills in and checks what one dialect has and the others have not.
func (p *Peer) prepareDialect(name string) error {
	switch p.Dialect {
	case DialectTwilio:
		p.AccountSID = or(p.AccountSID, "AC00000000000000000000000000000000")
		if p.AuthToken == "" {
			return fmt.Errorf("auth_token: a twilio carrier needs one")
		}
	case DialectVonage:
		p.APIKey, p.SignatureMethod = or(p.APIKey, "abcd1234"), or(p.SignatureMethod, "md5hash")
		if p.APISecret == "" {
			return fmt.Errorf("api_secret: a vonage carrier needs one")
		}
		if _, ok := vonageHash(p.SignatureMethod); !ok {
			return fmt.Errorf("signature_method: %q is none of md5hash, md5, sha1, sha256, sha512", p.SignatureMethod)
		}
	case DialectPlain:
		if p.Token == "" {
			return fmt.Errorf("token: a plain carrier needs one")
		}
	case DialectSMPP:
		return p.prepareSMPP(name)
	default:
		return fmt.Errorf("dialect: %q is none of twilio, vonage, plain, smpp", p.Dialect)
	}
	return nil
}

func (p *Peer) prepareSMPP(name string) error {
	p.SystemID, p.MessageIDs = or(p.SystemID, name), or(p.MessageIDs, IDsSame)
	if p.ReceiptForm == "" {
		p.ReceiptForm = FormBoth
		if p.MessageIDs != IDsSame {
			p.ReceiptForm = FormText // receipted_message_id would be the answer's, and give the riddle away
		}
	}
	switch {
	case p.Password == "":
		return fmt.Errorf("password: an smpp carrier needs one")
	case len(p.SystemID) > 15:
		return fmt.Errorf("system_id: %q is longer than the protocol's 15 characters", p.SystemID)
	case !slices.Contains([]MessageIDs{IDsSame, IDsRespHex, IDsRespDec}, p.MessageIDs):
		return fmt.Errorf("message_ids: %q is none of same, resp_hex, resp_dec", p.MessageIDs)
	case !slices.Contains([]ReceiptForm{FormText, FormTLV, FormBoth}, p.ReceiptForm):
		return fmt.Errorf("receipt_form: %q is none of text, tlv, both", p.ReceiptForm)
	}
	return nil
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
