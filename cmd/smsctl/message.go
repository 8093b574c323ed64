package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

// messageFilter are the flags by which messages are chosen.
type messageFilter struct {
	states                  []string
	class, carrier, country string
}

func (m *messageFilter) register(f *pflag.FlagSet) {
	f.StringSliceVar(&m.states, "state", nil, "only messages in these `STATES`")
	f.StringVar(&m.class, "class", "", "only those that ended with this error `CLASS`")
	f.StringVar(&m.carrier, "carrier", "", "only those that were tried on this carrier, by `NAME`")
	f.StringVar(&m.country, "country", "", "only those to this country, as `CC`")
}

func (m *messageFilter) empty() bool { return len(m.states) == 0 && m.class+m.carrier+m.country == "" }

// filter checks the words and makes the store's filter of them.
func (m *messageFilter) filter() (store.Filter, error) {
	f := store.Filter{Class: carriers.Class(m.class), Carrier: m.carrier, Country: strings.ToUpper(m.country)}
	for _, word := range m.states {
		s := campaign.State(strings.ToLower(word))
		if !slices.Contains(campaign.States(), s) {
			var all []string
			for _, s := range campaign.States() {
				all = append(all, string(s))
			}
			e := fail(exitUsage, "usage.bad_value", "--state: %q is no state of a message", word).at("states: %s", strings.Join(all, ", ")).
				fix("see: smsctl help states")
			if near := nearest(word, all); near != "" {
				e.fix("did you mean --state %s?", near)
			}
			return f, e
		}
		f.States = append(f.States, s)
	}
	if m.class != "" && !f.Class.Known() {
		var all []string
		for _, t := range carriers.Classes() {
			all = append(all, string(t.Class))
		}
		return f, fail(exitUsage, "usage.bad_value", "--class: %q is no error class", m.class).at("classes: %s", strings.Join(all, ", ")).
			fix("did you mean --class %s?", nearestOr(m.class, all))
	}
	return f, nil
}

func nearestOr(word string, all []string) string {
	if near := nearest(word, all); near != "" {
		return near
	}
	return all[0]
}

func newMessageCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use: "message", Aliases: []string{"messages"}, Short: "Messages one by one",
		Example: "smsctl message list --state failed\nsmsctl message show +447700900123",
	},
		newMessageListCommand(a), newMessageShowCommand(a))
}

func newMessageListCommand(a *app) *cobra.Command {
	var choice messageFilter
	var name, to string
	var limit int
	var simulate bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the messages of a campaign",
		Example: `smsctl message list --state failed,unknown
smsctl message list --campaign spring --class throttled --limit 0
smsctl message list --to +447700900123`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				f, err := choice.filter()
				if err != nil {
					return err
				}
				f.Limit = max(limit, 0)
				return s.listMessages(ctx, name, to, f)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "campaign", "", "of this campaign, by name or `ID` (default: the latest)")
	choice.register(f)
	f.StringVar(&to, "to", "", "only those to this `NUMBER`, in all campaigns unless one is named")
	f.IntVar(&limit, "limit", 100, "at most `N`; 0 is all")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitNotFound, exitLocked)
}

// number reads a phone number as a person types it.
func (s *session) number(text string) (phone.Number, error) {
	p, err := phone.NewParser(phone.Options{DefaultRegion: string(s.cfg.DefaultRegion), AllowAnyType: true})
	if err != nil {
		return phone.Number{}, err
	}
	n, err := p.Parse(text)
	var e *phone.Error
	if errors.As(err, &e) {
		return n, fail(exitInput, e.Code, "%q is no phone number: %s", text, e.Detail).at("default region %q", s.cfg.DefaultRegion).
			fix("write it with its country code, like +447700900123").because(err)
	}
	return n, err
}

func (s *session) listMessages(ctx context.Context, name, to string, f store.Filter) error {
	var where []*campaign.Campaign
	if to != "" {
		n, err := s.number(to)
		if err != nil {
			return err
		}
		f.Phone = n.Digits()
	}
	if to != "" && name == "" {
		var err error
		if where, err = s.campaignsTo(ctx, f.Phone); err != nil {
			return err
		}
	} else {
		c, err := s.campaign(ctx, name)
		if err != nil {
			return err
		}
		where = append(where, c)
	}
	privacy, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	all := []report.Message{}
	for _, c := range where {
		some, err := s.store.Messages(ctx, c, f)
		if err != nil {
			return err
		}
		for i := range some {
			some[i].To = privacy.Number(some[i].To)
		}
		all = append(all, some...)
		if f.Limit > 0 && len(all) >= f.Limit {
			all = all[:f.Limit]
			break
		}
	}
	if f.Limit > 0 && len(all) == f.Limit {
		s.say("The first %d are shown: --limit 0 shows all.", f.Limit)
	}
	return s.print(map[string]any{"schema": "smsctl.messages/1", "messages": all}, func() error { return s.messageTable(all) })
}

func (s *session) campaignsTo(ctx context.Context, number uint64) ([]*campaign.Campaign, error) {
	ids, err := s.store.CampaignsTo(ctx, number)
	if err != nil {
		return nil, err
	}
	var found []*campaign.Campaign
	for _, id := range ids {
		c, err := s.store.Campaign(ctx, id)
		if err != nil {
			return nil, err
		}
		if c.Profile == s.flags.profile && c.Mode == s.mode {
			found = append(found, c)
		}
	}
	return found, nil
}

func (s *session) messageTable(all []report.Message) error {
	t, err := s.newTable(columns("message_id", "campaign", ">row", "to", "country", "state", "carrier", ">attempts", "error_class", ">cost", "final_at"))
	if err != nil {
		return err
	}
	for i := range all {
		m := &all[i]
		var final any
		if m.FinalAt != nil {
			final = *m.FinalAt
		}
		t.row(m.ID, m.Campaign, m.Row, m.To, m.Country, string(m.State), m.Carrier, m.Attempts, string(m.Class),
			money{carriers.Price(m.Cost), m.Currency}, final)
	}
	return t.flush()
}

func newMessageShowCommand(a *app) *cobra.Command {
	var name string
	var simulate bool
	cmd := &cobra.Command{
		Use:   "show ID|NUMBER",
		Short: "Tell the story of one message: attempts, receipts, and why each carrier was chosen",
		Example: `smsctl message show msg_7f3k9q2a.8411
smsctl message show +447700900123 --campaign spring
smsctl message show +447700900123 --json --jq .timeline`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				return s.showMessage(ctx, args[0], name)
			})
		},
	}
	cmd.Flags().StringVar(&name, "campaign", "", "of this campaign, by name or `ID` (default: the latest that has the number)")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitNotFound, exitLocked)
}

func (s *session) showMessage(ctx context.Context, id, name string) error {
	c, sequence, number, err := s.findMessage(ctx, id, name)
	if err != nil {
		return err
	}
	d, err := s.store.Message(ctx, c, sequence, number)
	if errors.Is(err, campaign.ErrNotFound) {
		return fail(exitNotFound, "message.not_found", "there is no such message").at("%s in campaign %s", id, c.Name).fix("smsctl message list --campaign %s", c.Name)
	}
	if err != nil {
		return err
	}
	privacy, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	d = d.Private(privacy)
	return s.print(d, func() error { return d.WriteText(s.stdout, s.reportStyle()) })
}

// findMessage understands a message's id and a phone number.
func (s *session) findMessage(ctx context.Context, id, name string) (c *campaign.Campaign, sequence int64, number uint64, err error) {
	if strings.HasPrefix(id, "msg_") {
		public, sequence, err := campaign.ParseMessageID(id)
		if err != nil {
			return nil, 0, 0, fail(exitUsage, "usage.bad_value", "%s", err).at("%s", id).fix("smsctl message list")
		}
		c, err := s.campaign(ctx, public)
		return c, sequence, 0, err
	}
	n, err := s.number(id)
	if err != nil {
		return nil, 0, 0, err
	}
	if name != "" {
		c, err := s.campaign(ctx, name)
		return c, 0, n.Digits(), err
	}
	all, err := s.campaignsTo(ctx, n.Digits())
	if err != nil {
		return nil, 0, 0, err
	}
	if len(all) == 0 {
		return nil, 0, 0, fail(exitNotFound, "message.not_found", "there is no message to this number").
			at("%s in %s campaigns of profile %s", phone.Mask(n.E164), s.mode, s.flags.profile).fix("smsctl message list")
	}
	return all[0], 0, n.Digits(), nil
}
