package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/routing"
	"github.com/smsctl/smsctl/store"
)

func newCampaignCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{Use: "campaign", Aliases: []string{"campaigns"}, Short: "Look at campaigns and steer them",
		Example: "smsctl campaign list\nsmsctl campaign pause spring"},
		newCampaignListCommand(a), newCampaignShowCommand(a), newCampaignWatchCommand(a), newCampaignPauseCommand(a), newCampaignResumeCommand(a),
		newCampaignCancelCommand(a), newCampaignThrottleCommand(a), newCampaignRetryCommand(a), newCampaignReconcileCommand(a))
}

// addSimulate gives a command the flag that looks at the simulated campaigns beside a live config.
func addSimulate(cmd *cobra.Command, simulate *bool) {
	cmd.Flags().BoolVar(simulate, "simulate", false, "the simulated campaigns beside the live ones")
}

func newCampaignListCommand(a *app) *cobra.Command {
	var o struct {
		state    string
		tags     []string
		since    time.Duration
		limit    int
		simulate bool
	}
	cmd := &cobra.Command{
		Use: "list [FILTER...]", Short: "List campaigns, latest first",
		Long: `List campaigns, latest first. A filter is the one of the browser: state:paused,running state:!completed tag:team=crm tag:vip
conf<95 failed>=10 unknown>0 cost>50 age<2d, or a part of the name. All terms must hold.`,
		Example: "smsctl campaign list --state paused --tag team=crm\nsmsctl campaign list 'state:!completed' 'conf<95'",
		RunE: func(cmd *cobra.Command, args []string) error {
			tags, err := pairs("tag", o.tags)
			if err != nil {
				return err
			}
			query, err := campaign.ParseQuery(strings.Join(args, " "))
			if err != nil {
				return fail(exitUsage, "usage.bad_value", "%s", err).at("%s", strings.Join(args, " ")).fix("smsctl campaign list 'state:!completed' 'conf<95'")
			}
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error {
				return s.listCampaigns(ctx, o.limit, query, func(c *campaign.Campaign) bool {
					for k, v := range tags {
						if c.Tags[k] != v {
							return false
						}
					}
					return (o.state == "" || string(c.Status) == o.state) && (o.since == 0 || s.now().Sub(c.CreatedAt) <= o.since)
				})
			})
		},
	}
	cmd.Flags().StringVar(&o.state, "state", "", "only those in `STATE`, like paused")
	cmd.Flags().StringArrayVar(&o.tags, "tag", nil, "only those with this label, `k=v`; repeatable")
	cmd.Flags().DurationVar(&o.since, "since", 0, "only those younger than `TIME`")
	cmd.Flags().IntVar(&o.limit, "limit", 30, "at most `N`; 0 is all")
	addSimulate(cmd, &o.simulate)
	return cmd
}

// campaignRow is a campaign in a list, for programs.
type campaignRow struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	State     campaign.Status   `json:"state"`
	Reason    string            `json:"reason"`
	Mode      campaign.Mode     `json:"mode"`
	Profile   string            `json:"profile"`
	CreatedAt string            `json:"created_at"`
	Handled   int64             `json:"handled"`
	Eligible  int64             `json:"eligible"`
	Delivered int64             `json:"delivered"`
	Confirmed share             `json:"confirmed"`
	Failed    int64             `json:"failed"`
	Unknown   int64             `json:"unknown"`
	Cost      money             `json:"cost"`
	Tags      map[string]string `json:"tags"`
	Next      string            `json:"next"`
}

func (s *session) listCampaigns(ctx context.Context, limit int, query campaign.Query, want func(*campaign.Campaign) bool) error {
	all, err := s.store.Campaigns(ctx, s.mode, s.flags.profile, 0)
	if err != nil {
		return err
	}
	t, err := s.newTable(columns("name", "state", ">handled", ">eligible", ">confirmed", ">failed", ">unknown", ">cost", "created", "next"))
	if err != nil {
		return err
	}
	rows := []campaignRow{}
	for _, c := range all {
		if !want(c) {
			continue
		}
		if limit > 0 && len(rows) == limit {
			break
		}
		r, n, err := s.campaignRow(ctx, c)
		if err != nil {
			return err
		}
		if !query.Match(campaign.QueryFacts{
			Campaign: c, Status: r.State, Counts: n, Spent: float64(r.Cost.Amount) / 1e6, Age: s.now().Sub(c.CreatedAt),
		}) {
			continue
		}
		rows = append(rows, r)
		t.row(r.Name, string(r.State), r.Handled, r.Eligible, r.Confirmed, r.Failed, r.Unknown, r.Cost, c.CreatedAt, r.Next)
	}
	return s.print(map[string]any{"schema": "smsctl.campaigns/1", "campaigns": rows}, t.flush)
}

func (s *session) campaignRow(ctx context.Context, c *campaign.Campaign) (campaignRow, campaign.Counts, error) {
	n, err := s.store.Counts(ctx, c.ID)
	if err != nil {
		return campaignRow{}, n, err
	}
	spent, err := s.store.Spent(ctx, c.ID)
	if err != nil {
		return campaignRow{}, n, err
	}
	tags := c.Tags
	if tags == nil {
		tags = map[string]string{}
	}
	return campaignRow{
		ID: c.PublicID, Name: c.Name, State: s.shownState(c), Reason: c.Reason, Mode: c.Mode, Profile: c.Profile,
		CreatedAt: utcTime(c.CreatedAt), Handled: n.Handled(), Eligible: n.Eligible, Delivered: n.Delivered,
		Confirmed: share{n.Delivered, n.Delivered + n.Undelivered}, Failed: n.Failed + n.Expired, Unknown: n.Unknown,
		Cost: money{spent, c.Currency}, Tags: tags, Next: nextCommand(c, n),
	}, n, nil
}

// shownState is the stored state, but for a campaign whose process has died: nothing is running there.
func (s *session) shownState(c *campaign.Campaign) campaign.Status {
	if (c.Status == campaign.Running || c.Status == campaign.Settling) && !s.alive(c) && c.Status == campaign.Running {
		return campaign.Paused
	}
	return c.Status
}

// alive says whether a process works on the campaign.
func (s *session) alive(c *campaign.Campaign) bool {
	return c.Lease != nil && c.Lease.Until.After(s.now()) && !gone(*c.Lease)
}

// nextCommand is what a person would most likely do next, "" if there is nothing to do.
func nextCommand(c *campaign.Campaign, n campaign.Counts) string {
	switch {
	case c.Status == campaign.Stopped:
		return ""
	case n.Queued > 0 || n.Sending > 0:
		return "resume"
	case n.Unknown > 0:
		return "reconcile"
	case n.FailedActionable > 0:
		return "retry"
	}
	return ""
}

func newCampaignShowCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "show [CAMPAIGN]", Short: "Show a campaign: sums, owner, wishes, history", Args: cobra.MaximumNArgs(1),
		Example: "smsctl campaign show          # the latest\nsmsctl campaign show spring --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				c, err := s.campaign(ctx, strings.Join(args, ""))
				if err != nil {
					return err
				}
				return s.showCampaign(ctx, c)
			})
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound)
}

func (s *session) showCampaign(ctx context.Context, c *campaign.Campaign) error {
	row, n, err := s.campaignRow(ctx, c)
	if err != nil {
		return err
	}
	history, err := s.store.History(ctx, c.ID)
	if err != nil {
		return err
	}
	doc := map[string]any{
		"schema": "smsctl.campaign/1", "campaign": row, "type": c.Type, "sender": c.Sender, "template": c.Template,
		"source": c.Source, "csv_sha256": c.SourceSHA, "message_sha256": c.MessageSHA, "desired": c.Desired, "rate_cap": c.RateCap,
		"carrier_caps": c.CarrierCaps, "settings": c.Settings, "lease": s.leaseDocument(c), "reconciled": n.Reconciled(), "history": historyDocument(history),
	}
	return s.print(doc, func() error { return s.showCampaignText(c, row, n, history) })
}

func (s *session) leaseDocument(c *campaign.Campaign) any {
	if c.Lease == nil {
		return nil
	}
	return map[string]any{"host": c.Lease.Host, "pid": c.Lease.PID, "heartbeat_at": utcTime(c.Lease.At), "alive": s.alive(c)}
}

func historyDocument(history []store.Control) []map[string]any {
	out := []map[string]any{}
	for _, h := range history {
		out = append(out, map[string]any{"at": utcTime(h.At), "actor": h.Actor, "action": h.Action, "detail": h.Detail})
	}
	return out
}

func (s *session) showCampaignText(c *campaign.Campaign, r campaignRow, n campaign.Counts, history []store.Control) error {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s  %s  %s  %s, profile %s\n\n", c.Name, c.PublicID, strings.ToUpper(string(r.State)), strings.ToUpper(string(c.Mode)), c.Profile)
	if c.Reason != "" {
		line("reason", "%s", c.Reason)
	}
	line("list", "%s, %s eligible of %s rows", c.Source, count(n.Eligible), count(n.Rows))
	line("message", "%s, from %q: %s", c.Type, c.Sender, oneLine(c.Template))
	line("states", "queued %s  sending %s  accepted %s  failed %s  expired %s  unknown %s  cancelled %s  suppressed %s",
		count(n.Queued), count(n.Sending), count(n.Accepted()), count(n.Failed), count(n.Expired), count(n.Unknown), count(n.Cancelled), count(n.Suppress))
	line("accepted", "delivered %s  undelivered %s  awaiting %s  no receipt %s", count(n.Delivered), count(n.Undelivered), count(n.Awaiting), count(n.NoReceipt))
	line("cost", "%s so far, estimated %s%s", r.Cost, money{c.Estimate, c.Currency}, ceilingText(c))
	line("wished", "%s%s", c.Desired, capsText(c))
	if p := c.Settings.Policy; p != "" && p != routing.Learned {
		line("routing", "by policy %s", p)
	}
	owner := "nobody"
	if s.alive(c) {
		owner = fmt.Sprintf("pid %d on %s, last seen %s ago", c.Lease.PID, c.Lease.Host, shortDuration(s.now().Sub(c.Lease.At)))
	}
	line("owner", "%s", owner)
	for i, law := range n.Laws() {
		mark := "adds up"
		if !law.Holds() {
			mark = "DOES NOT ADD UP, please report"
		}
		line(map[int]string{0: "sums"}[i], "%s: %s", mark, law)
	}
	if len(history) > 0 {
		b.WriteString("\n  History\n")
	}
	for _, h := range history {
		fmt.Fprintf(&b, "  %s  %-9s %s  %s\n", s.localTime(h.At), h.Action, h.Actor, h.Detail)
	}
	if r.Next != "" {
		fmt.Fprintf(&b, "\nNext\n  smsctl campaign %s %s\n", r.Next, c.Name)
	}
	return s.printf("%s", b.String())
}

func ceilingText(c *campaign.Campaign) string {
	if c.Ceiling == nil {
		return ""
	}
	return ", ceiling " + money{*c.Ceiling, c.Currency}.String()
}

func capsText(c *campaign.Campaign) string {
	text := ""
	if c.RateCap != nil {
		text += fmt.Sprintf(", at most %g/s", *c.RateCap)
	}
	for name, limit := range c.CarrierCaps {
		if limit == 0 {
			text += ", " + name + " drained"
		} else {
			text += fmt.Sprintf(", %s at most %g/s", name, limit)
		}
	}
	for _, name := range c.Drained {
		text += ", " + name + " drained everywhere"
	}
	return text
}
