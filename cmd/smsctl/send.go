package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

func newSendCommand(a *app) *cobra.Command {
	var o sendOptions
	var v runOptions
	var planFile string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send one message to everyone in a CSV file",
		Long: `Send one message to everyone in a CSV file.

The same list and message again resume what was interrupted, or send nothing: nobody is sent to twice. Live sends show
the plan and ask first; without a terminal they need --yes and a cost ceiling.`,
		Example: `smsctl send --csv people.csv -m "Hi {{name|there}}, your parcel arrives today."
smsctl send --csv people.csv -F spring.txt --max-cost 50EUR
smsctl send --plan spring.plan --yes            # exactly what was reviewed
smsctl send --csv people.csv -m "Hi" --simulate # no account, no cost
smsctl send --to +447700900123 -m "Your code is 4711" --type transactional --ref order-17`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if planFile != "" {
				if err := o.load(planFile); err != nil {
					return err
				}
			}
			if dryRun {
				return a.runPlan(cmd.Context(), &o, planOptions{})
			}
			return a.runSend(cmd.Context(), &o, &v)
		},
	}
	o.register(cmd.Flags())
	v.register(cmd.Flags())
	cmd.Flags().BoolVarP(&v.detach, "detach", "d", false, "send in the background; watch it with campaign watch")
	cmd.Flags().StringVar(&planFile, "plan", "", "send exactly what `FILE` of `smsctl plan -o` has pinned")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "show the plan and send nothing")
	return exits(cmd, exitPartial, exitInput, exitGuard, exitNoRoute, exitUnconfirmed, exitNotFound, exitLocked, exitState, exitInterrupted, exitTerminated)
}

// runSend is the way of a campaign: flags, plan, confirmation, run, summary.
func (a *app) runSend(ctx context.Context, o *sendOptions, v *runOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	if _, err := a.chooseView(v.progress); err != nil {
		return err
	}
	s, err := a.open(ctx, o.simulate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if err := s.useCarriers(ctx, o.carriers); err != nil {
		return err
	}
	if err := errors.Join(s.mayAsk(o), s.checkTest(o)); err != nil {
		return err
	}
	l, err := a.openList(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := s.refuseSample(l); err != nil {
		return err
	}
	v.signals = watchSignals(ctx, a.noteSignal(v))
	defer v.signals.close()
	c, lease, err := s.claim(v.signals.drain, o, v, l)
	if code := v.signals.exitCode(); code != exitOK && errors.Is(err, context.Canceled) {
		s.say("Stopped before anything was sent.")
		return exitWith(code)
	}
	if err != nil || c == nil {
		return err
	}
	if v.detach {
		return s.detachNow(ctx, c, lease, v)
	}
	return s.run(ctx, c, lease, v)
}

// refuseSample keeps the list that comes with the program away from real carriers.
func (s *session) refuseSample(l *list) error {
	if s.mode == campaign.Live && l.sha == sampleSHA {
		return fail(exitInput, "csv.sample", "this is the sample list of smsctl: its numbers may belong to somebody").
			at("%s, profile %s is live", l.name, s.flags.profile).fix("add --simulate")
	}
	return nil
}

// claim finds or makes the campaign of these options and takes its lease. A nil campaign says that there is nothing
// left to send, and has told so.
func (s *session) claim(ctx context.Context, o *sendOptions, v *runOptions, l *list) (*campaign.Campaign, campaign.Lease, error) {
	c, err := s.newCampaign(o, l)
	if err != nil {
		return nil, campaign.Lease{}, err
	}
	lease := s.newLease()
	if err := s.unchanged(ctx, o, l, c); err != nil {
		return nil, lease, err
	}
	if c.Identity != "" && !o.fresh {
		old, err := s.store.CampaignByIdentity(ctx, c.Identity)
		switch {
		case err == nil && old.Status == campaign.Importing:
			if err := s.takeOverImport(ctx, old, lease); err != nil {
				return nil, lease, err
			}
		case err == nil:
			s.warnOfTimes(o, old)
			return s.again(ctx, v, old, lease)
		case !errors.Is(err, campaign.ErrNotFound):
			return nil, lease, err
		}
	}
	if err := s.freeName(ctx, o, l, c); err != nil {
		return nil, lease, err
	}
	return s.begin(ctx, o, v, l, c, lease)
}

// takeOverImport removes what a process left behind that died while importing: nothing of it was ever sendable.
func (s *session) takeOverImport(ctx context.Context, old *campaign.Campaign, lease campaign.Lease) error {
	if _, err := s.store.Acquire(ctx, old.ID, lease, gone); err != nil {
		return leased(old, err)
	}
	return s.store.Discard(ctx, old.ID)
}

// newCampaign is the campaign as the flags want it, not yet stored.
func (s *session) newCampaign(o *sendOptions, l *list) (*campaign.Campaign, error) {
	template, err := o.template()
	if err != nil {
		return nil, err
	}
	settings, err := o.settings(s.cfg)
	if err != nil {
		return nil, err
	}
	tags, err := pairs("tag", o.tags)
	if err != nil {
		return nil, err
	}
	from := sender(o.from)
	if o.from == "" {
		from = s.cfg.Sender
	} else if err := from.UnmarshalText([]byte(o.from)); err != nil {
		return nil, fail(exitUsage, "usage.bad_value", "%s", err).at("--from %s", o.from).fix("--from ACME, or --from +447700900000")
	}
	c := &campaign.Campaign{
		Name: o.campaignName(), Mode: s.mode, Profile: s.flags.profile, Type: campaign.MessageType(o.kind),
		Template: template, Sender: string(from), Currency: string(s.cfg.Currency), Source: l.name, SourceSHA: l.sha,
		MessageSHA: digest(template), Tags: tags, Settings: settings,
	}
	if err := s.timing(o, c); err != nil {
		return nil, err
	}
	c.Identity = s.identity(o, l, template, c.Sender)
	c.Ceiling, err = s.ceiling(o)
	return c, err
}

// ceiling is the lower of --max-cost and the config's budget.
func (s *session) ceiling(o *sendOptions) (*carriers.Price, error) {
	limit := s.cfg.Budget.Campaign
	if o.maxCost == "" {
		return limit, nil
	}
	p, err := parseCost(o.maxCost, string(s.cfg.Currency))
	if err != nil {
		return nil, err
	}
	if limit != nil && *limit < p {
		s.warn("--max-cost %s is above the config's budget.campaign of %s, which holds", p, limit)
		return limit, nil
	}
	return &p, nil
}

// again goes on with a campaign that holds this list and message already, or says that there is nothing to send.
func (s *session) again(ctx context.Context, v *runOptions, old *campaign.Campaign, lease campaign.Lease) (*campaign.Campaign, campaign.Lease, error) {
	n, err := s.store.Counts(ctx, old.ID)
	if err != nil {
		return nil, lease, err
	}
	if n.Queued+n.Sending == 0 && old.Status != campaign.Settling && old.Status != campaign.Running {
		s.say("Campaign %s already holds this list and message (%s).\nNothing to send: %s of %s handled. To contact these people again use --new.",
			old.Name, s.finished(old), count(n.Handled()), count(n.Eligible))
		return nil, lease, s.summary(ctx, old, v, old.Status)
	}
	if old.Status == campaign.Planned {
		if err := s.confirmSend(ctx, n.Queued, old.Estimate); err != nil {
			return nil, lease, err
		}
	}
	if _, err := s.store.Acquire(ctx, old.ID, lease, gone); err != nil {
		return nil, lease, leased(old, err)
	}
	if old.Desired == campaign.WantCancel {
		return nil, lease, s.wasCancelled(ctx, old, lease, "sent")
	}
	s.say("Resuming %s: %s to send, %s already handled will not be contacted again.", old.Name, count(n.Queued+n.Sending), count(n.Handled()))
	return s.ready(ctx, old, lease)
}

func (s *session) finished(c *campaign.Campaign) string {
	if c.FinishedAt.IsZero() {
		return string(c.Status)
	}
	return fmt.Sprintf("%s %s ago", c.Status, shortDuration(s.now().Sub(c.FinishedAt)))
}

// ready reads a campaign again and lets it run: whoever starts it wants that, whatever was wished before.
func (s *session) ready(ctx context.Context, c *campaign.Campaign, lease campaign.Lease) (*campaign.Campaign, campaign.Lease, error) {
	if err := s.wish(ctx, c, campaign.WantRun, "run", ""); err != nil {
		return nil, lease, err
	}
	if c.ValidUntil.IsZero() {
		if err := s.store.SetValidUntil(ctx, c.ID, s.validUntil(c)); err != nil {
			return nil, lease, err
		}
	}
	c, err := s.store.Campaign(ctx, c.ID)
	return c, lease, err
}

// freeName makes sure that the campaign's name is free, or finds another with --new.
func (s *session) freeName(ctx context.Context, o *sendOptions, l *list, c *campaign.Campaign) error {
	base := c.Name
	for i := 2; ; i++ {
		other, err := s.store.CampaignByName(ctx, s.mode, s.flags.profile, c.Name)
		switch {
		case errors.Is(err, campaign.ErrNotFound):
			return nil
		case err != nil:
			return err
		case !o.fresh:
			return s.different(ctx, o, l, c, other)
		}
		c.Name = base + "-" + strconv.Itoa(i)
	}
}

// begin imports the list, shows the plan, asks, and hands the campaign over to be run.
func (s *session) begin(ctx context.Context, o *sendOptions, v *runOptions, l *list, c *campaign.Campaign, lease campaign.Lease) (*campaign.Campaign, campaign.Lease, error) {
	started := s.now()
	in, err := s.prepare(ctx, o, l, c, lease)
	if err != nil {
		return nil, lease, err
	}
	s.log().Info("imported", "campaign", c.Name, "rows", in.Rows, "eligible", in.Eligible(), "took", s.now().Sub(started).Round(time.Millisecond))
	if err := s.affordable(c, in); err != nil {
		return nil, lease, errors.Join(err, s.discard(c))
	}
	if !s.wantsJSON() && !s.flags.quiet {
		if err := s.printPlan(s.stderr, o, l, c, in); err != nil {
			return nil, lease, err
		}
	}
	err = s.whileHolding(ctx, c, lease, func() error {
		if o.testTo != "" {
			said, err := s.sendTest(ctx, o, c, in)
			if err != nil {
				return err
			}
			s.say("%s", said)
		}
		return s.approve(ctx, o, v, l, c, in)
	})
	if err != nil {
		return nil, lease, errors.Join(err, s.discard(c))
	}
	return s.ready(ctx, c, lease)
}

// affordable refuses a campaign whose plan is above its ceiling: it would only stop half way.
func (s *session) affordable(c *campaign.Campaign, in *intake) error {
	if c.Ceiling == nil || in.cost <= *c.Ceiling {
		return nil
	}
	return fail(exitGuard, "budget.exceeded", "the campaign would cost %s, its ceiling is %s: nothing was sent",
		money{in.cost, c.Currency}, money{*c.Ceiling, c.Currency}).at("%s messages, %s segments", count(in.Eligible()), count(in.AllSegments())).
		fix("shorten the list, or raise --max-cost and budget.campaign")
}

// mayAsk refuses a live send that nobody can confirm before anything is read (cheap to find out, and nothing happened).
func (s *session) mayAsk(o *sendOptions) error {
	switch {
	case s.mode == campaign.Simulated, s.stdinTTY && !s.flags.noInput && !s.wantsJSON() && o.csv != "-" && !s.flags.yes:
		return nil
	case !s.flags.yes:
		return fail(exitUnconfirmed, "confirm.needed", "a live send needs a confirmation, and nobody can be asked").
			at("no terminal, or --no-input, or JSON output").fix("check it with smsctl plan, then add --yes").with("flag", "--yes")
	case s.priced() && s.cfg.Budget.Campaign == nil && o.maxCost == "":
		return fail(exitUnconfirmed, "budget.needed", "a live send with --yes needs a cost ceiling").
			at("neither --max-cost nor budget.campaign is set").fix("add --max-cost 50%s", s.cfg.Currency).with("flag", "--max-cost")
	}
	return nil
}
