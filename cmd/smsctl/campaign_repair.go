package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newCampaignRetryCommand(a *app) *cobra.Command {
	var v runOptions
	var only, maxCost string
	var use []string
	var simulate bool
	cmd := &cobra.Command{
		Use: "retry CAMPAIGN", Short: "Send again to those whom it has failed", Args: cobra.ExactArgs(1),
		Long: `Send again to the recipients of a campaign who ended without a delivery: by default those whose failure can be mended
(a carrier, a sender, a text), never to an invalid number or an opted out person.`,
		Example: "smsctl campaign retry spring\nsmsctl campaign retry spring --only sender_rejected,route_unavailable --carrier beta",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachCampaign(cmd.Context(), simulate, args, func(ctx context.Context, s *session, c *campaign.Campaign) error {
				return s.retry(ctx, c, only, maxCost, use, &v)
			})
		},
	}
	v.register(cmd.Flags())
	cmd.Flags().StringVar(&only, "only", "actionable", "whom: actionable, failed, or error classes, `CLASS,…`")
	cmd.Flags().StringVar(&maxCost, "max-cost", "", "hard ceiling of the campaign as a whole, like `50EUR`")
	cmd.Flags().StringSliceVar(&use, "carrier", nil, "only these carriers, `A,B`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitGuard, exitNoRoute, exitUnconfirmed, exitNotFound, exitLocked, exitState, exitInterrupted, exitTerminated)
}

func (s *session) retry(ctx context.Context, c *campaign.Campaign, only, maxCost string, use []string, v *runOptions) error {
	if c.Status == campaign.Stopped || c.Status == campaign.Importing {
		return impossible(c, "retried")
	}
	if s.alive(c) {
		return leased(c, fmt.Errorf("%w: %s, pid %d", campaign.ErrLeased, c.Lease.Host, c.Lease.PID))
	}
	all, err := s.store.Groups(ctx, c.ID)
	if err != nil {
		return err
	}
	groups, n, segments, err := choose(all, only)
	if err != nil {
		return err
	}
	if n == 0 {
		s.say("Nothing to retry: of campaign %s nobody is left who failed (--only %s).", c.Name, only)
		return s.summary(ctx, c, v, c.Status)
	}
	if err := s.useCampaignCarriers(ctx, c, use); err != nil {
		return err
	}
	dearest, _ := s.price("")
	for _, carrier := range s.carriers {
		for _, p := range carrier.Info().Common.Price {
			dearest = max(dearest, p)
		}
	}
	est := dearest * carriers.Price(segments)
	s.say("Retry %s: %s messages, at most %s.", c.Name, count(n), money{est, c.Currency})
	if err := s.confirmAgain(ctx, n, est, maxCost != "" || c.Ceiling != nil); err != nil {
		return err
	}
	return s.takeUp(ctx, c, use, v, func(c *campaign.Campaign, lease campaign.Lease) error {
		return s.requeue(ctx, c, lease, groups, maxCost)
	})
}

// requeue queues the groups anew, with a new validity and, if one was given, a new ceiling.
func (s *session) requeue(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, groups []store.Group, maxCost string) error {
	if maxCost != "" {
		p, err := parseCost(maxCost, c.Currency)
		if err != nil {
			return err
		}
		if limit := s.cfg.Budget.Campaign; limit != nil {
			p = min(p, *limit)
		}
		if err := s.store.SetCeiling(ctx, c.ID, p); err != nil {
			return err
		}
	}
	if err := s.store.SetValidUntil(ctx, c.ID, s.now().Add(c.Settings.Validity)); err != nil {
		return err
	}
	_, err := s.store.Retry(ctx, c.ID, lease.Token, s.actor(), groups)
	return err
}

// choose picks the groups that --only names.
func choose(all []store.Group, only string) (groups []store.Group, n, segments int64, err error) {
	var classes []carriers.Class
	if only != "actionable" && only != "failed" {
		for _, word := range strings.Split(only, ",") {
			class := carriers.Class(strings.TrimSpace(word))
			if !class.Known() {
				return nil, 0, 0, fail(exitUsage, "usage.bad_value", "%q is no error class", word).at("in --only").
					fix("use actionable, failed, or classes as `smsctl report` names them")
			}
			classes = append(classes, class)
		}
	}
	for _, g := range all {
		lost := g.State == campaign.Failed || g.State == campaign.Expired
		want := lost && g.Class.Traits().Actionable
		switch {
		case classes != nil:
			want = (lost || g.State == campaign.Undelivered) && slices.Contains(classes, g.Class)
		case only == "failed":
			want = lost
		}
		if want {
			groups, n, segments = append(groups, g), n+g.N, segments+g.Segments
		}
	}
	return groups, n, segments, nil
}

// confirmAgain asks before a live campaign sends more than was planned.
func (s *session) confirmAgain(ctx context.Context, n int64, est carriers.Price, bounded bool) error {
	if s.mode == campaign.Simulated {
		return nil
	}
	if s.flags.yes && !bounded && s.priced() {
		return fail(exitUnconfirmed, "budget.needed", "a live retry with --yes needs a cost ceiling").at("the campaign has none").
			fix("add --max-cost 50%s", s.cfg.Currency).with("flag", "--max-cost")
	}
	return s.confirmSend(ctx, n, est)
}

func newCampaignReconcileCommand(a *app) *cobra.Command {
	var v runOptions
	var resend, simulate bool
	cmd := &cobra.Command{
		Use: "reconcile CAMPAIGN", Short: "Ask the carriers about submits whose outcome is not known", Args: cobra.ExactArgs(1),
		Example: "smsctl campaign reconcile spring\nsmsctl campaign reconcile spring --resend-unknown",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachCampaign(cmd.Context(), simulate, args, func(ctx context.Context, s *session, c *campaign.Campaign) error {
				return s.reconcile(ctx, c, resend, &v)
			})
		},
	}
	cmd.Flags().BoolVar(&resend, "resend-unknown", false, "send again to those who stay unknown: they may get it twice")
	cmd.Flags().DurationVar(&v.wait, "wait", 0, "give up after this `TIME`")
	cmd.Flags().DurationVar(&v.drainTimeout, "drain-timeout", 15*time.Second, "when stopped, let questions under way finish for this `TIME`")
	v.progress = "none"
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitUnconfirmed, exitNotFound, exitLocked, exitState, exitInterrupted, exitTerminated)
}

func (s *session) reconcile(ctx context.Context, c *campaign.Campaign, resend bool, v *runOptions) error {
	n, err := s.store.Counts(ctx, c.ID)
	if err != nil {
		return err
	}
	if n.Unknown+n.Sending > 0 {
		v.reconcile = true
		if err := s.takeUp(ctx, c, nil, v, func(*campaign.Campaign, campaign.Lease) error { return nil }); err != nil && !resend {
			return err
		}
		v.reconcile = false
		if n, err = s.store.Counts(ctx, c.ID); err != nil {
			return err
		}
	}
	if !resend || n.Unknown == 0 {
		if n.Unknown == 0 {
			s.say("No submit of %s is unknown any more.", c.Name)
		}
		return s.summary(ctx, c, v, c.Status)
	}
	return s.resendUnknown(ctx, c, n.Unknown, v)
}

// resendUnknown sends again what may have been sent: the one place where a person may decide that.
func (s *session) resendUnknown(ctx context.Context, c *campaign.Campaign, n int64, v *runOptions) error {
	question := fmt.Sprintf("%s recipients may have got this message already. Type %d to send it to them again:", count(n), n)
	if err := s.confirmTyped(ctx, question, strconv.FormatInt(n, 10)); err != nil {
		return err
	}
	all, err := s.store.Groups(ctx, c.ID)
	if err != nil {
		return err
	}
	groups := slices.DeleteFunc(all, func(g store.Group) bool { return g.State != campaign.Unknown })
	return s.takeUp(ctx, c, nil, v, func(c *campaign.Campaign, lease campaign.Lease) error {
		return s.requeue(ctx, c, lease, groups, "")
	})
}
