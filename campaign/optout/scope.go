package optout

import (
	"fmt"
	"strings"
)

// Scope is what an entry of the opt-out list stops: `all`, or a kind and a value as in `sender:ACME`.
type Scope string

// All stops every message.
const All Scope = "all"

// The kinds of scopes that have a value.
const (
	kindBrand    = "brand"    // its promotional messages
	kindSender   = "sender"   // whatever comes from it
	kindClass    = "class"    // promotional or transactional messages
	kindCampaign = "campaign" // one campaign, by name or id
	kindHold     = "hold"     // what the scope behind it would stop, until a person has read the reply
)

// Promotional stops the promotional messages of every brand: what STOP means where no brand is configured.
const Promotional Scope = kindClass + ":promotional"

// Brand is the scope of a brand's promotional messages.
func Brand(name string) Scope { return kindBrand + ":" + Scope(name) }

// Sender is the scope of whatever comes from a sender.
func Sender(name string) Scope { return kindSender + ":" + Scope(name) }

// Campaign is the scope of one campaign, by its name or id.
func Campaign(name string) Scope { return kindCampaign + ":" + Scope(name) }

// Hold is the scope that stops what s would stop until a person has read the reply.
func Hold(s Scope) Scope { return kindHold + ":" + s }

// Held returns the scope behind a hold.
func (s Scope) Held() (of Scope, held bool) {
	rest, held := strings.CutPrefix(string(s), kindHold+":")
	return Scope(rest), held
}

// Brand returns the brand of a scope of that kind.
func (s Scope) Brand() (name string, ok bool) { return strings.CutPrefix(string(s), kindBrand+":") }

// ParseScope reads what a person wrote. A word without a kind is a sender; nothing at all is everything.
func ParseScope(text string) (Scope, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.EqualFold(text, string(All)) {
		return All, nil
	}
	kind, value, ok := strings.Cut(text, ":")
	kind, value = strings.ToLower(strings.TrimSpace(kind)), strings.TrimSpace(value)
	if !ok {
		return Sender(text), nil
	}
	if kind == kindClass {
		switch value = strings.ToLower(value); value {
		case "marketing":
			value = "promotional"
		case "promotional", "transactional":
		default:
			return "", fmt.Errorf("class:%s is not class:promotional or class:transactional", value)
		}
	}
	switch kind {
	case kindBrand, kindSender, kindClass, kindCampaign:
		if value == "" {
			return "", fmt.Errorf("%s: has no name behind it", kind)
		}
		return Scope(kind + ":" + value), nil
	}
	return "", fmt.Errorf("%q is not a scope: write all, brand:NAME, sender:NAME, class:promotional, class:transactional or campaign:NAME", text)
}

// Target is a message that may be stopped, as far as scopes tell messages apart.
type Target struct {
	Sender     string // the campaign's, "" where each carrier has its own
	Brand      string
	Class      string // promotional or transactional
	Campaign   string // its name
	CampaignID string // cmp_…

	NeedsConsent bool // only whoever has agreed may be sent to
}

// Scopes lists the scopes that stop the message, but those of all brands: see [Target.AnyBrand]. Letters' case does not count: see [Fold].
func (t Target) Scopes() []Scope {
	all := []Scope{All, Scope(kindClass + ":" + t.Class)}
	if t.Sender != "" {
		all = append(all, Sender(t.Sender))
	}
	if t.Brand != "" && t.Class != "transactional" {
		all = append(all, Brand(t.Brand))
	}
	for _, name := range []string{t.Campaign, t.CampaignID} {
		if name != "" {
			all = append(all, Campaign(name))
		}
	}
	return all
}

// AnyBrand says that the message is promotional and of a brand that is not known: the opt-outs of every brand stop it.
func (t Target) AnyBrand() bool { return t.Brand == "" && t.Class != "transactional" }

// Blocked says whether an entry of this scope stops the message. held says that it does so until a person has decided.
func (t Target) Blocked(by Scope) (blocked, held bool) {
	by, held = by.Held()
	if _, ok := by.Brand(); ok && t.AnyBrand() {
		return true, held
	}
	for _, s := range t.Scopes() {
		if Fold(string(s)) == Fold(string(by)) {
			return true, held
		}
	}
	return false, false
}

// Fold is the form in which scopes are compared: ASCII letters alone lose their case, as in SQLite's NOCASE.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// Reply says where a STOP reaches: which scope an answer to a message of t creates. wanted is the config's choice.
func (t Target) Reply(wanted string) Scope {
	switch {
	case wanted == string(All):
		return All
	case wanted == kindSender && t.Sender != "":
		return Sender(t.Sender)
	case wanted == kindCampaign && t.CampaignID != "":
		return Campaign(t.CampaignID)
	case t.Brand != "":
		return Brand(t.Brand)
	}
	return Promotional // nothing narrower is known
}
