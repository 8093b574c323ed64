package rules

import "fmt"

// Mode is how far the rules are obeyed.
type Mode string

// The modes.
const (
	Off      Mode = "off"      // they are shown, not obeyed
	Provider Mode = "provider" // what the law or the providers ask
	Strict   Mode = "strict"   // where sources differ, the narrower
)

// On says that rules are obeyed at all. The zero Mode is off.
func (m Mode) On() bool { return m == Provider || m == Strict }

// UnmarshalText reads a mode from the config.
func (m *Mode) UnmarshalText(text []byte) error {
	switch v := Mode(text); v {
	case Off, Provider, Strict:
		*m = v
		return nil
	}
	return fmt.Errorf("%q is not off, provider or strict", text)
}
