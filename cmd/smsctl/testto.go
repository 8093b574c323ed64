package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// sendTest sends the first message of a campaign to the person who is about to send all of them. It is a campaign of
// its own, with its own row in every table: a test costs money too.
func (s *session) sendTest(ctx context.Context, o *sendOptions, c *campaign.Campaign, in *intake) (said string, err error) {
	if len(in.Samples) == 0 {
		return "There is no message to test with.", nil
	}
	t := *o
	t.csv, t.to, t.testTo, t.fresh, t.maxRejects = "", o.testTo, "", true, "100%"
	t.ready = true
	l, err := s.openList(&t)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	test := *c
	test.ID, test.Name, test.Identity, test.Source = 0, c.Name+"-test", "", "--test-to"
	test.Template = strings.ReplaceAll(in.Samples[0].Text, "{{", `\{{`)
	if err := s.freeName(ctx, &t, l, &test); err != nil {
		return "", err
	}
	lease := s.newLease()
	if _, err := s.prepare(ctx, &t, l, &test, lease); err != nil {
		return "", err
	}
	ready, lease, err := s.ready(ctx, &test, lease)
	if err != nil {
		return "", err
	}
	return s.runTest(ctx, ready, lease)
}

// testWait is how long the receipt of a test is waited for: somebody sits in front of it.
const testWait = 30 * time.Second

// runTest runs the campaign of one and says in words what became of it.
func (s *session) runTest(ctx context.Context, c *campaign.Campaign, lease campaign.Lease) (said string, err error) {
	stopListening, callback, err := s.listen(ctx)
	if err != nil {
		return "", errors.Join(err, s.store.Release(ctx, c.ID, lease.Token, campaign.Paused, "the listener could not start"))
	}
	r := &campaign.Runner{
		Store: s.store, Campaign: c, Lease: lease.Token, Carriers: s.carriers, Routing: s.cfg.Routing.options(), Callback: callback, Hears: s.hears, Now: s.now, Log: s.log(),
		DrainTimeout: testWait, Wait: testWait,
	}
	_, err = r.Run(ctx, ctx)
	if err = errors.Join(err, stopListening()); err != nil {
		return "", s.broken(c, err)
	}
	n, err := s.store.Counts(ctx, c.ID)
	if err != nil {
		return "", err
	}
	switch {
	case n.Delivered > 0:
		return "Test message delivered.", nil
	case n.Accepted() > 0:
		return "Test message accepted by a carrier; no receipt yet.", nil
	default:
		return "", fail(exitPartial, "test.failed", "the test message was not accepted by any carrier: nothing else was sent").
			at("campaign %s", c.Name).fix("smsctl campaign show %s", c.Name)
	}
}

// checkTest refuses a test after which nobody could be asked.
func (s *session) checkTest(o *sendOptions) error {
	if o.testTo == "" || s.stdinTTY && !s.flags.yes && !s.flags.noInput && !s.wantsJSON() && o.csv != "-" {
		return nil
	}
	return fail(exitUnconfirmed, "confirm.needed", "--test-to asks before the campaign is sent, and nobody can be asked").
		at("no terminal, or --yes, --no-input or JSON output").fix("leave out --yes, or send a test first with: smsctl send --to NUMBER")
}
