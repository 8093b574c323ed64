package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/routing"
)

// explainOptions are the flags of route explain.
type explainOptions struct {
	campaign, text, kind string
	seed                 uint64
	simulate             bool
}

func newRouteExplainCommand(a *app) *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain NUMBER",
		Short: "Say which carrier a message would go to, and why; nothing is sent",
		Long: `Say which carrier a message would go to, and why. Nothing is sent.

What has been learned so far decides, with no message under way: the terms of each candidate add up to its score, and the
highest score wins. With --campaign, the decisions are shown too that were stored when the campaign sent to this number.`,
		Example: `smsctl route explain +447700900123
smsctl route explain +447700900123 --type transactional -m "Your code is 4711"
smsctl route explain +447700900123 --campaign spring --json --jq '.stored[0].candidates'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error {
				return s.explainRoute(ctx, args[0], &o)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.campaign, "campaign", "", "as this campaign would send it, by name or `ID`")
	f.StringVarP(&o.text, "message", "m", "", "the `TEXT`, for its number of segments (default: one)")
	f.Var(newEnum(&o.kind, string(campaign.Promotional), string(campaign.Promotional), string(campaign.Transactional)), "type", "promotional, transactional")
	f.Uint64Var(&o.seed, "seed", 0, "of the noise in decisions, `N`")
	addSimulate(cmd, &o.simulate)
	return exits(cmd, exitInput, exitNoRoute, exitNotFound, exitLocked)
}

// explanation is route explain for programs.
type explanation struct {
	Schema   string             `json:"schema"`
	To       string             `json:"to"`
	Country  string             `json:"country"`
	Network  string             `json:"network"`
	Type     string             `json:"type"`
	Segments int                `json:"segments"`
	Carrier  *string            `json:"carrier"` // nil = none may take it
	Order    []string           `json:"order"`   // in which carriers would be asked if each refused
	Now      *report.Decision   `json:"now"`
	Stored   []*report.Decision `json:"stored"` // as it was decided, oldest attempt first
	Currency string             `json:"currency"`
}

func (s *session) explainRoute(ctx context.Context, number string, o *explainOptions) error {
	n, err := s.number(number)
	if err != nil {
		return err
	}
	if err := s.useCarriers(ctx, nil); err != nil {
		return err
	}
	x := explanation{
		Schema: "smsctl.route_explain/1", Country: n.Country, Network: phone.Network(n.E164), Type: o.kind,
		Segments: max(1, gsm.Measure(o.text).Segments), Currency: string(s.cfg.Currency), Order: []string{}, Stored: []*report.Decision{},
	}
	q := routing.Query{Message: n.Digits(), Country: x.Country, Network: x.Network, Segments: x.Segments}
	if o.campaign != "" {
		if err := s.storedDecisions(ctx, o.campaign, n.Digits(), &x, &q); err != nil {
			return err
		}
	}
	q.Type, q.Segments = x.Type, x.Segments
	if err := s.decideNow(ctx, o, q, &x); err != nil {
		return err
	}
	privacy, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	x.To = privacy.Number(n.E164)
	if err := s.print(&x, func() error { return s.writeExplanation(&x) }); err != nil {
		return err
	}
	if x.Carrier == nil {
		return fail(exitNoRoute, "carrier.none", "no carrier may take a message to %s", x.Country).at("%s, %s", x.To, x.Type).
			fix("smsctl config show carriers")
	}
	return nil
}

// storedDecisions adds what was decided when a campaign sent to the number.
func (s *session) storedDecisions(ctx context.Context, name string, number uint64, x *explanation, q *routing.Query) error {
	c, err := s.campaign(ctx, name)
	if err != nil {
		return err
	}
	x.Type = string(c.Type)
	d, err := s.store.Message(ctx, c, 0, number)
	if errors.Is(err, campaign.ErrNotFound) {
		return fail(exitNotFound, "message.not_found", "campaign %s has no message to this number", c.Name).at("%s", phone.Mask(phone.FromDigits(number))).
			fix("smsctl route explain NUMBER, without --campaign")
	}
	if err != nil {
		return err
	}
	x.Segments = d.Segments
	if _, sequence, err := campaign.ParseMessageID(d.ID); err == nil {
		q.Message = uint64(c.ID<<32 | sequence)
	}
	for i := range d.History {
		if w := d.History[i].Decision; w != nil {
			x.Stored = append(x.Stored, w)
		}
	}
	return nil
}

// decideNow asks a router that knows what has been learned.
func (s *session) decideNow(ctx context.Context, o *explainOptions, q routing.Query, x *explanation) error {
	options := s.cfg.Routing.options()
	options.Seed = o.seed
	router := routing.New(carrierInfos(s.carriers), options)
	records, _, err := s.store.Recall(ctx, 0)
	if err != nil {
		return err
	}
	now := s.now()
	if err := router.Remember(now, records); err != nil {
		s.warn("what routing has learned is not all readable: smsctl route rebuild")
	}
	first := router.Explain(now, q)
	x.Now = report.DecisionOf(first)
	for d := first; len(x.Order) < len(s.carriers); d = router.Explain(now, q) {
		i := chosen(d)
		if i < 0 {
			break
		}
		x.Order = append(x.Order, d.Candidates[i].Carrier)
		q.Tried, q.Barred = q.Tried.With(i), q.Barred.With(i)
	}
	if len(x.Order) > 0 {
		x.Carrier = &x.Order[0]
	}
	return nil
}

func chosen(d routing.Decision) int {
	for i := range d.Candidates {
		if d.Candidates[i].Chosen {
			return i
		}
	}
	return -1
}

func carrierInfos(cs []carriers.Carrier) []carriers.Info {
	out := make([]carriers.Info, len(cs))
	for i, c := range cs {
		out[i] = c.Info()
	}
	return out
}

func (s *session) writeExplanation(x *explanation) error {
	style := s.reportStyle()
	network := x.Network
	if network == "" {
		network = "network not known"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s   %s   %s   %s   %d segment(s)\n\n", x.To, x.Country, network, x.Type, x.Segments)
	if x.Carrier == nil {
		b.WriteString("No carrier may take it.\n")
	} else {
		fmt.Fprintf(&b, "It would go to %s; if that refused, to %s.\n", x.Order[0], orNobody(x.Order[1:]))
	}
	b.WriteString(style.WriteDecision(x.Now))
	for i, d := range x.Stored {
		fmt.Fprintf(&b, "\nDecided for attempt %d\n%s", i+1, style.WriteDecision(d))
	}
	_, err := s.stdout.Write([]byte(b.String()))
	return err
}

func orNobody(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", then ")
}
