package main

import (
	"fmt"
	"strconv"
	"strings"
)

// yaml is the config of the answers, with the reasons that somebody who edits it will want.
func (o *setupOptions) yaml() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Made by smsctl init. All keys: smsctl help configuration")
	line("default_region: %s          # of numbers that are written without a country", scalar(o.region))
	if o.sender != "" {
		line("sender: %s", scalar(o.sender))
	}
	line("currency: %s", scalar(o.currency))
	line("budget:")
	line("  campaign: %s              # hard ceiling of each campaign", scalar(o.budget))
	if o.carrierType != "sim" {
		line("compliance: provider       # promotional messages keep the hours of countries: smsctl help configuration. Not legal advice")
	}
	if o.hashKey != "" {
		line("keys:")
		line("  hash: %s   # of hashed opt-outs: keep that file, a hash cannot be made again without it", scalar(o.hashKey))
	}
	line("")
	line("carriers:")
	line("  %s:", o.carrierName)
	line("    type: %s", scalar(o.carrierType))
	for _, kv := range o.values {
		line("    %s: %s", kv.key, scalar(kv.value))
	}
	if o.carrierType != "sim" && o.value("price") == "" {
		line("    # price: {\"*\": 0.05, GB: 0.04}   # of a segment, by country: without it campaigns count as free")
	}
	switch o.receipts {
	case receiptsListen:
		line("")
		line("receipts:")
		line("  listen: %s", scalar(o.listen))
		if o.publicURL != "" {
			line("  public_url: %s   # what carriers are told: a proxy that ends TLS points it at listen", scalar(o.publicURL))
		}
	case receiptsNone:
		if o.carrierType != "sim" {
			line("    receipts: {expected: false}")
		}
	}
	return b.String()
}

// scalar is a value as YAML reads it back. Lists and mappings, for --set, and numbers are left as they are.
func scalar(s string) string {
	if s == "" {
		return `""`
	}
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && !strings.HasPrefix(s, "+") && !strings.HasPrefix(s, "0") || s == "true" || s == "false" {
		return s
	}
	plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == ""
	if plain && s != "null" && s != "yes" && s != "no" && s != "on" && s != "off" && strings.Trim(s, "0123456789._-") != "" {
		return s
	}
	return strconv.Quote(s)
}
