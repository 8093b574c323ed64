package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
)

// eachCampaign does something for every campaign named on the command line; an error of one does not spare the others.
func (a *app) eachCampaign(ctx context.Context, simulate bool, names []string, do func(context.Context, *session, *campaign.Campaign) error) error {
	return a.withSession(ctx, simulate, func(ctx context.Context, s *session) error {
		found := make([]*campaign.Campaign, len(names))
		for i, name := range names { // all must exist before anything is done
			c, err := s.campaign(ctx, name)
			if err != nil {
				return err
			}
			found[i] = c
		}
		for _, c := range found {
			if err := do(ctx, s, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// impossible says that an action makes no sense in the campaign's state.
func impossible(c *campaign.Campaign, action string) error {
	state := string(c.Status)
	if c.Desired == campaign.WantCancel && c.Status != campaign.Stopped {
		state = "being cancelled"
	}
	return fail(exitState, "campaign.state", "campaign %s is %s: it cannot be %s", c.Name, state, action).
		at("%s", c.PublicID).fix("smsctl campaign show %s", c.Name)
}

// told answers a control in the form that was asked for.
func (s *session) told(c *campaign.Campaign, action, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return s.print(map[string]any{"schema": "smsctl.control/1", "campaign": c.Name, "id": c.PublicID, "action": action, "message": text},
		func() error { return s.printf("%s\n", text) })
}

func newCampaignPauseCommand(a *app) *cobra.Command {
	var reason string
	var simulate bool
	cmd := &cobra.Command{
		Use: "pause CAMPAIGN...", Short: "Stop sending; what is under way finishes", Args: cobra.MinimumNArgs(1),
		Example: `smsctl campaign pause spring --reason "wrong link"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachCampaign(cmd.Context(), simulate, args, func(ctx context.Context, s *session, c *campaign.Campaign) error {
				return s.pause(ctx, c, reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, `TEXT`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitState)
}

func (s *session) pause(ctx context.Context, c *campaign.Campaign, reason string) error {
	text, err := s.wishPause(ctx, c, reason)
	if err != nil {
		return err
	}
	return s.told(c, "pause", "%s\nContinue:  smsctl campaign resume %s", text, c.Name)
}

func (s *session) wishPause(ctx context.Context, c *campaign.Campaign, reason string) (string, error) {
	if c.Status == campaign.Completed || c.Desired == campaign.WantCancel || c.Status == campaign.Importing {
		return "", impossible(c, "paused")
	}
	detail := "paused by " + s.actor()
	if reason != "" {
		detail += ": " + reason
	}
	if err := s.wish(ctx, c, campaign.WantPause, "pause", detail); err != nil {
		return "", err
	}
	if s.alive(c) {
		return c.Name + " stops within a second; submits under way finish.", nil
	}
	lease := s.newLease()
	if _, err := s.store.Acquire(ctx, c.ID, lease, gone); err != nil {
		return "", leased(c, err)
	}
	if err := s.store.Release(ctx, c.ID, lease.Token, campaign.Paused, detail); err != nil {
		return "", err
	}
	return c.Name + " is paused; nobody was sending it.", nil
}

func newCampaignResumeCommand(a *app) *cobra.Command {
	var v runOptions
	var only []string
	var simulate bool
	cmd := &cobra.Command{
		Use: "resume CAMPAIGN...", Short: "Go on sending; who was handled is not contacted again", Args: cobra.MinimumNArgs(1),
		Example: "smsctl campaign resume spring",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachCampaign(cmd.Context(), simulate, args, func(ctx context.Context, s *session, c *campaign.Campaign) error {
				return s.resume(ctx, c, only, &v)
			})
		},
	}
	v.register(cmd.Flags())
	cmd.Flags().StringSliceVar(&only, "carrier", nil, "only these carriers, `A,B`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitGuard, exitNoRoute, exitNotFound, exitLocked, exitState, exitInterrupted, exitTerminated)
}

// resume lets the process that holds the campaign go on, or goes on itself.
func (s *session) resume(ctx context.Context, c *campaign.Campaign, only []string, v *runOptions) error {
	n, err := s.store.Counts(ctx, c.ID)
	if err != nil {
		return err
	}
	switch {
	case c.Status == campaign.Stopped, c.Status == campaign.Importing, c.Desired == campaign.WantCancel && s.alive(c):
		return impossible(c, "resumed")
	case s.alive(c):
		text, err := s.wishResume(ctx, c)
		if err != nil {
			return err
		}
		return s.told(c, "resume", "%s", text)
	case n.Queued+n.Sending+n.Awaiting+n.Unknown == 0:
		s.say("Nothing to send: %s of %s handled.", count(n.Handled()), count(n.Eligible))
		return s.summary(ctx, c, v, c.Status)
	}
	return s.takeUp(ctx, c, only, v, func(*campaign.Campaign, campaign.Lease) error {
		s.say("Resuming %s: %s to send, %s already handled will not be contacted again.", c.Name, count(n.Queued+n.Sending), count(n.Handled()))
		return nil
	})
}

// wishResume lets the process that holds the campaign go on.
func (s *session) wishResume(ctx context.Context, c *campaign.Campaign) (string, error) {
	n, err := s.store.Counts(ctx, c.ID)
	if err != nil {
		return "", err
	}
	if err := s.wish(ctx, c, campaign.WantRun, "resume", ""); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s goes on in pid %d: %s to send, %s already handled will not be contacted again.",
		c.Name, c.Lease.PID, count(n.Queued+n.Sending), count(n.Handled())), nil
}

// takeUp takes a campaign's lease, lets prepare change what is queued, and runs it.
func (s *session) takeUp(ctx context.Context, c *campaign.Campaign, only []string, v *runOptions, prepare func(*campaign.Campaign, campaign.Lease) error) error {
	if _, err := s.chooseView(v.progress); err != nil {
		return err
	}
	if err := s.useCampaignCarriers(ctx, c, only); err != nil {
		return err
	}
	v.signals = watchSignals(ctx, s.noteSignal(v))
	defer v.signals.close()
	lease := s.newLease()
	if _, err := s.store.Acquire(ctx, c.ID, lease, gone); err != nil {
		return leased(c, err)
	}
	if c.Desired == campaign.WantCancel {
		return s.wasCancelled(ctx, c, lease, "resumed")
	}
	if err := prepare(c, lease); err != nil {
		return s.giveBack(ctx, c, lease, err)
	}
	c, lease, err := s.ready(ctx, c, lease)
	if err != nil {
		return s.giveBack(ctx, c, lease, err)
	}
	return s.run(ctx, c, lease, v)
}

// giveBack releases a lease under which nothing was done after all.
func (s *session) giveBack(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, err error) error {
	if e := s.store.Release(context.WithoutCancel(ctx), c.ID, lease.Token, c.Status, c.Reason); e != nil {
		s.log().Warn("releasing the lease", "error", e)
	}
	return err
}

// useCampaignCarriers builds the carriers that the command names, else those that the campaign was made with.
func (s *session) useCampaignCarriers(ctx context.Context, c *campaign.Campaign, only []string) error {
	if s.carriers != nil { // several campaigns in one command
		return nil
	}
	if len(only) == 0 {
		only = c.Settings.Carriers
	}
	return s.useCarriers(ctx, only)
}

func newCampaignCancelCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "cancel CAMPAIGN", Short: "Never send what is still queued", Args: cobra.ExactArgs(1),
		Example: "smsctl campaign cancel spring",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachCampaign(cmd.Context(), simulate, args, func(ctx context.Context, s *session, c *campaign.Campaign) error {
				return s.cancel(ctx, c)
			})
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitUnconfirmed, exitNotFound, exitLocked, exitState)
}

func (s *session) cancel(ctx context.Context, c *campaign.Campaign) error {
	if c.Status == campaign.Completed || c.Status == campaign.Stopped || c.Status == campaign.Importing {
		return impossible(c, "cancelled")
	}
	n, err := s.store.Counts(ctx, c.ID)
	if err != nil {
		return err
	}
	question := fmt.Sprintf("%s of %s recipients are already handled, %s will NOT be sent. This cannot be undone.\nType the campaign's name to cancel it:",
		count(n.Handled()), count(n.Eligible), count(n.Queued))
	if err := s.confirmTyped(ctx, question, c.Name); err != nil {
		return err
	}
	text, err := s.wishCancel(ctx, c)
	if err != nil {
		return err
	}
	return s.told(c, "cancel", "%s", text)
}

// wishCancel cancels a campaign whose name was typed.
func (s *session) wishCancel(ctx context.Context, c *campaign.Campaign) (string, error) {
	if c.Status == campaign.Completed || c.Status == campaign.Stopped || c.Status == campaign.Importing {
		return "", impossible(c, "cancelled")
	}
	if err := s.wish(ctx, c, campaign.WantCancel, "cancel", "cancelled by "+s.actor()); err != nil {
		return "", err
	}
	if s.alive(c) {
		return c.Name + " is being cancelled by the process that sends it; submits under way finish.", nil
	}
	lease := s.newLease()
	if _, err := s.store.Acquire(ctx, c.ID, lease, gone); err != nil {
		return "", leased(c, err)
	}
	spared, err := s.carryOutCancel(ctx, c, lease, "cancelled by "+s.actor())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is cancelled: %s recipients will not be sent to.", c.Name, count(spared)), nil
}

// carryOutCancel does what the process that sends would have done.
func (s *session) carryOutCancel(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, reason string) (spared int64, err error) {
	if spared, err = s.store.CancelQueued(ctx, c.ID, lease.Token); err != nil {
		return spared, s.giveBack(ctx, c, lease, err)
	}
	return spared, s.store.Release(ctx, c.ID, lease.Token, campaign.Stopped, reason)
}

// wasCancelled carries out a cancel that the sending process did not live to hear, instead of going on.
func (s *session) wasCancelled(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, action string) error {
	if _, err := s.carryOutCancel(ctx, c, lease, "cancelled"); err != nil {
		return err
	}
	c.Status = campaign.Stopped
	return impossible(c, action)
}

func newCampaignThrottleCommand(a *app) *cobra.Command {
	var rate string
	var perCarrier []string
	var simulate bool
	cmd := &cobra.Command{
		Use: "throttle CAMPAIGN", Short: "Change how fast a campaign sends, while it runs",
		Example: "smsctl campaign throttle spring --rate 30/s\nsmsctl campaign throttle spring --carrier alpha=5/s\nsmsctl campaign throttle spring --rate none",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachCampaign(cmd.Context(), simulate, args, func(ctx context.Context, s *session, c *campaign.Campaign) error {
				return s.throttle(ctx, c, rate, perCarrier)
			})
		},
	}
	cmd.Flags().StringVar(&rate, "rate", "", "segments a second over all carriers, `30/s`, or none")
	cmd.Flags().StringArrayVar(&perCarrier, "carrier", nil, "of one carrier, `A=5/s`; A=0 drains it, A=none lifts its limit; repeatable")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitState)
}

func (s *session) throttle(ctx context.Context, c *campaign.Campaign, rate string, perCarrier []string) error {
	text, err := s.wishThrottle(ctx, c, rate, perCarrier)
	if err != nil {
		return err
	}
	return s.told(c, "throttle", "%s", text)
}

func (s *session) wishThrottle(ctx context.Context, c *campaign.Campaign, rate string, perCarrier []string) (string, error) {
	if c.Status == campaign.Completed || c.Status == campaign.Stopped {
		return "", impossible(c, "throttled")
	}
	if rate == "" && len(perCarrier) == 0 {
		return "", fail(exitUsage, "usage.no_rate", "no rate was given").at("campaign %s", c.Name).fix("--rate 30/s, --rate none or --carrier A=5/s")
	}
	w := s.wishOf("", "throttle", strings.TrimSpace(rate+" "+strings.Join(perCarrier, " ")))
	if rate != "" {
		r, err := parseRate("rate", rate)
		if err != nil {
			return "", err
		}
		w.SetRate = true
		if r > 0 {
			w.Rate = &r
		} else if c.Settings.Rate > 0 { // none lifts the cap that the campaign began with, too
			w.Rate = &r
		}
	}
	var err error
	if w.CarrierCaps, err = s.carrierCaps(c, perCarrier); err != nil {
		return "", err
	}
	if err := s.store.Wish(ctx, c.ID, w); err != nil {
		return "", err
	}
	return c.Name + ": " + w.Detail, nil
}

// carrierCaps applies A=5/s to the caps that a campaign has.
func (s *session) carrierCaps(c *campaign.Campaign, changes []string) (map[string]float64, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	caps := map[string]float64{}
	for name, v := range c.CarrierCaps {
		caps[name] = v
	}
	for _, change := range changes {
		name, value, ok := strings.Cut(change, "=")
		switch {
		case !ok || name == "":
			return nil, fail(exitUsage, "usage.bad_value", "--carrier takes NAME=RATE").at("--carrier %s", change).fix("--carrier alpha=5/s")
		case value == "none":
			delete(caps, name)
		case value == "0":
			caps[name] = 0
		default:
			r, err := parseRate("carrier", value)
			if err != nil {
				return nil, err
			}
			caps[name] = r
		}
	}
	return caps, nil
}
