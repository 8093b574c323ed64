package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newCarrierTestCommand(a *app) *cobra.Command {
	var to, text, maxCost string
	var simulate bool
	cmd := &cobra.Command{
		Use: "test NAME", Short: "Ask whether a carrier takes the credentials; with --to send one message", Args: cobra.ExactArgs(1),
		Long: `Ask a carrier whether it takes the credentials and what the account's balance is; nothing is sent. With --to one real message
goes out, after a confirmation; its receipt is waited for and its timeline printed. It is a campaign of its own, as a test
costs money too.`,
		Example: "smsctl carrier test alpha\nsmsctl carrier test alpha --to +447700900123 --yes --max-cost 1EUR",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				c, err := s.carrier(ctx, args[0])
				if err != nil {
					return err
				}
				if to != "" {
					return s.tryCarrier(ctx, args[0], to, text, maxCost)
				}
				return s.checkCarrier(ctx, c)
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "send one real message to `NUMBER`")
	cmd.Flags().StringVarP(&text, "message", "m", testText, "message `TEXT` of the test")
	cmd.Flags().StringVar(&maxCost, "max-cost", "", "hard ceiling, like `1EUR`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitInput, exitNoRoute, exitUnconfirmed, exitNotFound, exitLocked)
}

// checkCarrier asks for the account's standing.
func (s *session) checkCarrier(ctx context.Context, c carriers.Carrier) error {
	name, st := c.Info().Name, s.askCarrier(ctx, c)
	switch {
	case errors.Is(st.err, errors.ErrUnsupported):
		return fail(exitUsage, "carrier.no_check", "a carrier of type %s cannot be asked without sending", c.Info().Type).at("carrier %s", name).
			fix("smsctl carrier test %s --to NUMBER", name)
	case errors.Is(st.err, carriers.ErrAuth):
		return fail(exitConfig, "carrier.auth", "carrier %s refuses the credentials", name).at("carriers.%s in the config", name).
			fix("smsctl carrier login %s", name).because(st.err)
	case st.err != nil:
		return fail(exitNoRoute, "carrier.unreachable", "carrier %s does not answer as it should: %s", name, s.hide(oneLine(st.err.Error()))).
			at("asked for the account's standing").fix("check base_url and the network, and ask again").because(st.err)
	}
	doc := map[string]any{
		"schema": "smsctl.carrier_test/1", "carrier": name, "ok": true, "balance": st.Balance, "took_ms": st.Took.Milliseconds(),
		"clock_skew_s": int64(st.Ahead.Seconds()),
	}
	return s.print(doc, func() error {
		text := fmt.Sprintf("%s takes the credentials (%s)", name, shortDuration(st.Took))
		if st.Balance != "" {
			text += ", balance " + st.Balance
		}
		if st.Ahead.Abs() > skewWrong {
			text += fmt.Sprintf(", and its clock is %s off", shortDuration(st.Ahead.Abs()))
		}
		return s.printf("%s\n", text)
	})
}

// tryCarrier sends one message over one carrier and tells its story.
func (s *session) tryCarrier(ctx context.Context, name, to, text, maxCost string) error {
	said, story, err := s.sendOne(ctx, name, to, text, maxCost)
	if said != "" {
		s.say("%s", said)
	}
	if story == nil {
		return err
	}
	privacy, perr := s.privacy(s.cfg, s.store, report.Masked)
	if perr != nil {
		return perr
	}
	story = story.Private(privacy)
	return errors.Join(s.print(story, func() error { return story.WriteText(s.stdout, s.reportStyle()) }), s.tested(name, story, err))
}

// testText is the message of a carrier's test.
const testText = "Test of the carrier {{carrier}} by smsctl"

// sendOne sends one message over one carrier, as a campaign of its own, and returns its story: nil if there is none.
func (s *session) sendOne(ctx context.Context, name, to, text, maxCost string) (said string, story *report.Detail, err error) {
	var o sendOptions
	o.add(pflag.NewFlagSet("test", pflag.ContinueOnError)) // the defaults of send
	o.to, o.message, o.maxCost, o.carriers, o.fresh, o.kind = to, text, maxCost, []string{name}, true, string(campaign.Transactional)
	o.vars, o.name, o.maxRejects, o.maxAttempts = []string{"carrier=" + name}, "test-"+name, "100%", 1
	if err := s.mayAsk(&o); err != nil {
		return "", nil, err
	}
	l, err := s.openList(&o)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	var v runOptions
	c, lease, err := s.claim(ctx, &o, &v, l)
	if err != nil || c == nil {
		return "", nil, err
	}
	said, sent := s.runTest(ctx, c, lease)
	if err := s.store.EachMessage(ctx, c, store.Filter{Limit: 1}, func(m *report.Message) error {
		_, sequence, err := campaign.ParseMessageID(m.ID)
		if err == nil {
			story, err = s.store.Message(ctx, c, sequence, 0)
		}
		return err
	}); err != nil {
		return said, nil, errors.Join(sent, err)
	}
	return said, story, sent
}

// tested is how a test ended: refused credentials are a fault of the config, a carrier that is away is not.
func (s *session) tested(name string, d *report.Detail, sent error) error {
	if sent == nil || len(d.History) == 0 {
		return sent
	}
	last := d.History[len(d.History)-1]
	switch last.Class.Traits().Class {
	case carriers.ClassAccountAuth, carriers.ClassAccountSuspended, carriers.ClassAccountBalance:
		return fail(exitConfig, "carrier.auth", "carrier %s: %s", name, last.Class.Traits().Title).at("carriers.%s in the config", name).
			fix("smsctl carrier login %s", name)
	case carriers.ClassCarrierTransient, carriers.ClassThrottled:
		return fail(exitNoRoute, "carrier.unreachable", "carrier %s took nothing: %s", name, last.Class.Traits().Title).at("attempt %d", last.N).
			fix("check base_url and the network, and try again")
	}
	return sent
}
