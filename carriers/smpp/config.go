package smpp

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// Config is the carrier's part of the config file.
type Config struct {
	carriers.Common `yaml:",inline"`

	Address        string          `yaml:"address"`         // host:port
	TLS            bool            `yaml:"tls"`             // TLS from the first byte, there is no STARTTLS
	TLSFingerprint string          `yaml:"tls_fingerprint"` // SHA-256 of the certificate, for one that no authority signed
	SystemID       string          `yaml:"system_id"`
	Password       carriers.Secret `yaml:"password"`
	SystemType     string          `yaml:"system_type"`
	ServiceType    string          `yaml:"service_type"`
	AddressRange   string          `yaml:"address_range"`

	Bind        string            `yaml:"bind"`         // transceiver | transmitter+receiver
	Binds       int               `yaml:"binds"`        // how many of them
	Window      int               `yaml:"window"`       // requests without an answer, a bind
	EnquireLink carriers.Duration `yaml:"enquire_link"` // how often the peer is asked whether it lives

	From         string `yaml:"from"`          // used for messages that name no sender
	Alphabet     string `yaml:"alphabet"`      // gsm7 | latin1 | ascii | ucs2: what texts are written in where it has all characters
	DataCoding   *int   `yaml:"data_coding"`   // the number that says so, if not the usual one of the alphabet
	LongMessages string `yaml:"long_messages"` // udh | udh16 | sar | payload
	Validity     string `yaml:"validity"`      // relative | absolute | none: how validity_period is written
	SourceTON    *int   `yaml:"source_ton"`    // instead of what the sender looks like
	SourceNPI    *int   `yaml:"source_npi"`
	DestTON      *int   `yaml:"dest_ton"`
	DestNPI      *int   `yaml:"dest_npi"`

	MessageID string `yaml:"message_id"` // auto | same | resp_hex | resp_dec
	TimeZone  string `yaml:"time_zone"`  // of the dates in receipts; without it they are not read
}

const (
	bindBoth  = "transceiver"
	bindSplit = "transmitter+receiver"

	longUDH     = "udh"
	longUDH16   = "udh16"
	longSAR     = "sar"
	longPayload = "payload"

	defaultWindow      = 10 // what most message centers allow unasked
	defaultEnquireLink = 30 * time.Second
	maxBinds           = 64
	maxWindow          = 10_000
)

// fill puts the defaults in.
func (cfg *Config) fill() {
	cfg.Bind = cmp.Or(cfg.Bind, bindBoth)
	cfg.Binds = cmp.Or(cfg.Binds, 1)
	cfg.Window = cmp.Or(cfg.Window, defaultWindow)
	cfg.Alphabet = cmp.Or(cfg.Alphabet, alphabetGSM7)
	cfg.LongMessages = cmp.Or(cfg.LongMessages, longUDH)
	cfg.Validity = cmp.Or(cfg.Validity, validityRelative)
	cfg.MessageID = cmp.Or(cfg.MessageID, idAuto)
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = cfg.Window * cfg.Binds // so that there is always a message for a free place
	}
}

// check says what is wrong, beginning with the key.
func (cfg *Config) check() error {
	switch {
	case cfg.BaseURL != "":
		return errors.New("base_url: is for carriers that speak HTTP: write address: host:port")
	case cfg.SystemID == "" || len(cfg.SystemID) > 15:
		return errors.New("system_id: is missing or longer than the protocol's 15 characters")
	case len(cfg.SystemType) > 12:
		return errors.New("system_type: is longer than the protocol's 12 characters")
	case len(cfg.ServiceType) > 5:
		return errors.New("service_type: is longer than the protocol's 5 characters")
	case cfg.Binds < 1 || cfg.Binds > maxBinds:
		return fmt.Errorf("binds: %d is not between 1 and %d", cfg.Binds, maxBinds)
	case cfg.Window < 1 || cfg.Window > maxWindow:
		return fmt.Errorf("window: %d is not between 1 and %d", cfg.Window, maxWindow)
	case cfg.TLSFingerprint != "" && !cfg.TLS:
		return errors.New("tls_fingerprint: needs tls: true")
	}
	if _, port, err := net.SplitHostPort(cfg.Address); err != nil || port == "" {
		return fmt.Errorf("address: %q is not an address: write host:port, usually port 2775, or 3550 with tls: true", cfg.Address)
	}
	if _, err := fingerprint(cfg.TLSFingerprint); err != nil {
		return fmt.Errorf("tls_fingerprint: %w", err)
	}
	for _, k := range []struct{ key, value, words string }{
		{"bind", cfg.Bind, bindBoth + " " + bindSplit},
		{"alphabet", cfg.Alphabet, alphabetGSM7 + " " + alphabetLatin1 + " " + alphabetASCII + " " + alphabetUCS2},
		{"long_messages", cfg.LongMessages, longUDH + " " + longUDH16 + " " + longSAR + " " + longPayload},
		{"validity", cfg.Validity, validityRelative + " " + validityAbsolute + " " + validityNone},
		{"message_id", cfg.MessageID, idAuto + " " + idSame + " " + idRespHex + " " + idRespDec},
	} {
		if words := strings.Fields(k.words); !contains(words, k.value) {
			return fmt.Errorf("%s: %q is not one of %s", k.key, k.value, strings.Join(words, ", "))
		}
	}
	for _, k := range []struct {
		key   string
		value *int
		most  int
	}{
		{"data_coding", cfg.DataCoding, 255}, {"source_ton", cfg.SourceTON, 6}, {"source_npi", cfg.SourceNPI, 18},
		{"dest_ton", cfg.DestTON, 6}, {"dest_npi", cfg.DestNPI, 18},
	} {
		if k.value != nil && (*k.value < 0 || *k.value > k.most) {
			return fmt.Errorf("%s: %d is not between 0 and %d", k.key, *k.value, k.most)
		}
	}
	return nil
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// fingerprint reads the SHA-256 of a certificate, with or without colons and a "sha256:" before it.
func fingerprint(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(s), "sha256:"), ":", ""))
	if err != nil || len(sum) != 32 {
		return nil, errors.New("is not the SHA-256 of a certificate: write 64 hex digits")
	}
	return sum, nil
}

// commands are the binds that the carrier holds; what can submit comes first.
func (cfg *Config) commands() (commands []pdu.Command) {
	for range cfg.Binds {
		if cfg.Bind == bindBoth {
			commands = append(commands, pdu.BindTransceiver)
			continue
		}
		commands = append(commands, pdu.BindTransmitter, pdu.BindReceiver)
	}
	return commands
}
