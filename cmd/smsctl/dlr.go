package main

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/receipts"
)

func newDLRCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{Use: "dlr", Short: "Receipts: listen for them, ask for them, rehearse them, look for lost ones",
		Example: "smsctl dlr listen\nsmsctl dlr orphans --since 24h"},
		newDLRListenCommand(a), newDLRPollCommand(a), newDLRTriggerCommand(a), newDLRReplayCommand(a), newDLROrphansCommand(a))
}

// callbackAddress is where a carrier's receipts come to.
type callbackAddress struct {
	URL   string `json:"url"`
	Note  string `json:"note"`
	reach bool   // it is an address of the listener
}

func (c callbackAddress) String() string { return strings.TrimSpace(c.URL + "  " + c.Note) }

// callbackAddress says where receipts of a carrier go, for a person to set up or to know.
func (s *session) callbackAddress(c carriers.Carrier) (callbackAddress, error) {
	key, err := s.callbackKey()
	if err != nil {
		return callbackAddress{}, err
	}
	info, public := c.Info(), string(s.cfg.Receipts.PublicURL)
	_, receives := c.(carriers.Receiver)
	_, session := c.(carriers.Session)
	switch {
	case session && !receives:
		return callbackAddress{Note: "on the carrier's own connection"}, nil
	case !receives:
		return callbackAddress{Note: "none come"}, nil
	case public == "":
		return callbackAddress{Note: "receipts.public_url is not set: none can be pushed"}, nil
	case info.OneAddress:
		address, _, _ := strings.Cut(key.URL(public, info.Name, "x"), "/x?")
		note := "to be set at the carrier"
		if !info.Signed {
			note += "; nothing proves these receipts, so they are refused: see the type's secret of callbacks, or receipts.allow_unsigned"
		}
		return callbackAddress{address, note, true}, nil
	}
	address := strings.NewReplacer("%7Bref%7D", "{ref}").Replace(key.URL(public, info.Name, "{ref}"))
	address, _, _ = strings.Cut(address, "?k=")
	return callbackAddress{address + "?k={mac}", "goes with every message", true}, nil
}

// reach is the result of the self-test.
type reach struct {
	URL       string `json:"url"`
	Reachable bool   `json:"reachable"`
	TookMS    int64  `json:"took_ms"`
	Problem   string `json:"problem"`
}

// selfTest asks the listener through its public address who it is.
func (s *session) selfTest(ctx context.Context) reach {
	r := reach{URL: string(s.cfg.Receipts.PublicURL)}
	if r.URL == "" {
		r.Problem = "receipts.public_url is not set: carriers are not told where to send receipts"
		return r
	}
	key, err := s.callbackKey()
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	began := s.now()
	same, err := receipts.Probe(ctx, r.URL, key)
	r.TookMS = s.now().Sub(began).Milliseconds()
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		r.Problem = "the name does not resolve: " + dns.Name
	case errors.Is(err, context.DeadlineExceeded):
		r.Problem = "no answer: is a firewall or the wrong port in between?"
	case err != nil:
		r.Problem = s.hide(oneLine(err.Error()))
	case !same:
		r.Problem = "something else answers there: does the proxy pass /receipts/ on to " + string(s.cfg.Receipts.Listen) + "?"
	default:
		r.Reachable = true
	}
	return r
}
