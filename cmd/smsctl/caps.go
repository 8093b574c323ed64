package main

import (
	"context"

	"github.com/smsctl/smsctl/campaign"
)

// capsConfig are how many messages a person gets, by the type of campaign.
type capsConfig struct {
	Promotional   campaign.Caps `yaml:"promotional"`
	Transactional campaign.Caps `yaml:"transactional"`
}

func (c *capsConfig) of(t campaign.MessageType) campaign.Caps {
	if t == campaign.Transactional {
		return c.Transactional
	}
	return c.Promotional
}

func (c *capsConfig) check(complain func(key, format string, args ...any)) {
	for _, t := range []campaign.MessageType{campaign.Promotional, campaign.Transactional} {
		key, caps := "caps."+string(t), c.of(t)
		switch {
		case caps.Day < 0 || caps.Week < 0:
			complain(key, "a cap cannot be below 0")
		case caps.Day > 0 && caps.Week > 0 && caps.Week < caps.Day:
			complain(key, "per_7d (%d) is below per_24h (%d)", caps.Week, caps.Day)
		}
	}
}

// atCap finds who of a list is at the cap, for its plan; nil asks for nobody.
func (s *session) atCap(ctx context.Context, o *sendOptions, c *campaign.Campaign) (func(phone uint64) bool, error) {
	if !c.Settings.Caps.On() || o.to != "" { // a single message has no plan
		return nil, nil //nolint:nilnil // nothing is asked of intake
	}
	load := s.store.AtCap
	if o.atCap != nil {
		load = o.atCap
	}
	full, err := load(ctx, c.Mode, c.Type, c.Settings.Caps)
	return func(phone uint64) bool { return full[phone] }, err
}

// cappedPlan says how many messages the caps hold.
func cappedPlan(c *campaign.Campaign, in *intake, line func(label, format string, args ...any)) {
	if caps := c.Settings.Caps; caps.On() {
		line("Caps", "%s to a person: %s of %s are at the cap now. They wait, or are suppressed if their validity ends first",
			caps, count(in.AtCap), plural(int(in.Eligible()), "message"))
	}
}

// cappedDocument is the same for programs.
type cappedDocument struct {
	campaign.Caps
	Messages int64 `json:"at_cap"`
}

func cappedOf(st *campaign.Settings, in *intake) *cappedDocument {
	if !st.Caps.On() {
		return nil
	}
	return &cappedDocument{st.Caps, in.AtCap}
}
