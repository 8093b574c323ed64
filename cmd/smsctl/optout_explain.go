package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newOptOutExplainCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "explain NUMBER", Short: "Show everything that the list knows about a number, and why", Args: cobra.ExactArgs(1),
		Long: `Show everything that the list knows about a number: each event with who, why and where it is written down, what they have
sent us and what it was taken for, what they were answered, and what became of them in every campaign.`,
		Example: "smsctl optout explain +447700900123\nsmsctl optout explain +447700900123 --json --pii full",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.explainOptOut(ctx, args[0]) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitLocked)
}

// chain is the whole story of a number.
type chain struct {
	Schema    string        `json:"schema"`
	Number    string        `json:"number"`
	OptedOut  bool          `json:"opted_out"`
	Held      bool          `json:"held"`
	Entries   []optOutEntry `json:"entries"`
	Events    []eventView   `json:"events"`
	Inbound   []replyView   `json:"inbound"`
	Answers   []answerView  `json:"answers"`
	Campaigns []writtenView `json:"campaigns"`
}

type eventView struct {
	ID         int64     `json:"id"`
	Action     string    `json:"action"`
	Scope      string    `json:"scope"`
	Source     string    `json:"source"`
	Reason     string    `json:"reason"`
	Actor      string    `json:"actor"`
	Evidence   string    `json:"evidence"`
	At         time.Time `json:"at"`
	RecordedAt time.Time `json:"recorded_at"`
}

type answerView struct {
	Inbound int64     `json:"inbound"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

type writtenView struct {
	Campaign string     `json:"campaign"`
	State    string     `json:"state"`
	Reason   string     `json:"reason"`
	LastSent *time.Time `json:"last_sent_at"`
}

func (s *session) explainOptOut(ctx context.Context, text string) error {
	p, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	n, err := s.number(text)
	if err != nil {
		return err
	}
	c, err := s.chainOf(ctx, n.Digits(), p)
	if err != nil {
		return err
	}
	c.Number = p.Number(n.E164)
	return s.print(c, func() error { return s.printChain(c) })
}

func (s *session) chainOf(ctx context.Context, digits uint64, p report.Privacy) (*chain, error) {
	c := &chain{
		Schema: "smsctl.optout_explain/1", Entries: []optOutEntry{}, Events: []eventView{}, Inbound: []replyView{}, Answers: []answerView{},
		Campaigns: []writtenView{},
	}
	entries, err := s.store.CheckOptOut(ctx, digits)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		_, held := e.Scope.Held()
		c.Held, c.OptedOut = c.Held || held, c.OptedOut || !held
		c.Entries = append(c.Entries, entryOf(e, p))
	}
	events, err := s.store.Events(ctx, digits)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		c.Events = append(c.Events, eventView{e.ID, e.Action, string(e.Scope), e.Source, e.Reason, e.Actor, e.Evidence, e.OccurredAt.UTC(), e.RecordedAt.UTC()})
	}
	if err := s.store.EachInbound(ctx, digits, func(r *store.Reply) error { c.Inbound = append(c.Inbound, replyOf(r, p)); return nil }); err != nil {
		return nil, err
	}
	answers, err := s.store.RepliesTo(ctx, digits)
	if err != nil {
		return nil, err
	}
	for _, r := range answers {
		c.Answers = append(c.Answers, answerView{r.Inbound, r.Kind, r.State, r.Text, r.At.UTC()})
	}
	written, err := s.store.WrittenTo(ctx, digits)
	for _, w := range written {
		v := writtenView{Campaign: w.Campaign, State: string(w.State), Reason: w.Reason}
		if !w.LastSent.IsZero() {
			at := w.LastSent.UTC()
			v.LastSent = &at
		}
		c.Campaigns = append(c.Campaigns, v)
	}
	return c, err
}

// printChain tells the story to people, oldest first.
func (s *session) printChain(c *chain) error {
	var b strings.Builder
	when := func(t time.Time) string { return t.In(s.zone).Format("2006-01-02 15:04:05") }
	switch {
	case c.OptedOut:
		fmt.Fprintf(&b, "%s has opted out", c.Number)
	case c.Held:
		fmt.Fprintf(&b, "%s is held: a reply waits for review (smsctl optout review)", c.Number)
	default:
		fmt.Fprintf(&b, "%s may be written to", c.Number)
	}
	b.WriteString("\n")
	for _, e := range c.Entries {
		fmt.Fprintf(&b, "  %s since %s", e.Scope, when(e.At))
		if e.HonouredAt != nil {
			fmt.Fprintf(&b, ", first kept a message back %s (%s later)", when(*e.HonouredAt), shortDuration(e.HonouredAt.Sub(e.RecordedAt)))
		}
		b.WriteString("\n")
	}
	section := func(title string, n int) {
		if n > 0 {
			fmt.Fprintf(&b, "\n%s\n", title)
		}
	}
	section("What they sent", len(c.Inbound))
	for _, r := range c.Inbound {
		fmt.Fprintf(&b, "  %s  reply %d to %s via %s: %q\n    taken for %s", when(r.At), r.ID, r.To, r.Carrier, oneLine(r.Text), r.Action)
		if r.Word != "" {
			fmt.Fprintf(&b, ", by %q (%s; %s, certainty %s)", r.Word, strings.ReplaceAll(r.Rule, "_", " "), r.Authority, r.Certainty)
		}
		if r.Review != "" {
			fmt.Fprintf(&b, "; review %s %s", r.Review, r.Reviewer)
		}
		b.WriteString("\n")
	}
	section("What they were answered", len(c.Answers))
	for _, r := range c.Answers {
		fmt.Fprintf(&b, "  %s  to reply %d (%s, %s): %q\n", when(r.At), r.Inbound, r.Kind, r.State, oneLine(r.Text))
	}
	section("Events", len(c.Events))
	for _, e := range c.Events {
		fmt.Fprintf(&b, "  %s  #%d %s %s: %s, by %s (%s)\n    %s\n", when(e.At), e.ID, e.Action, e.Scope, e.Reason, e.Actor, e.Source, oneLine(e.Evidence))
	}
	section("Campaigns", len(c.Campaigns))
	for _, w := range c.Campaigns {
		fmt.Fprintf(&b, "  %s  %s", w.Campaign, w.State)
		if w.Reason != "" {
			fmt.Fprintf(&b, " (%s)", w.Reason)
		}
		if w.LastSent != nil {
			fmt.Fprintf(&b, ", last sent to %s", when(*w.LastSent))
		}
		b.WriteString("\n")
	}
	return s.printf("%s", b.String())
}

func newOptOutKeywordsCommand(a *app) *cobra.Command {
	var tsv bool
	cmd := &cobra.Command{
		Use: "keywords", Short: "Show the words by which replies are judged, with their sources", Args: cobra.NoArgs,
		Long: `Show the words by which replies are judged, with who lists them and how sure that is: A law, B a provider's documentation,
C convention. --tsv prints the list as a file that optout.keywords in the config may name, to be edited. Not legal advice.`,
		Example: "smsctl optout keywords\nsmsctl optout keywords --tsv > keywords.tsv",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			s := &session{app: a, cfg: cfg}
			list, err := s.keywords()
			if err != nil {
				return err
			}
			if tsv {
				return optout.WriteKeywords(s.stdout, list)
			}
			return s.print(map[string]any{"schema": "smsctl.optout_keywords/1", "keywords": list, "notice": notAdvice}, func() error {
				t, err := s.newTable(columns("action", "word", "strength", "language", "authority", "source", "certainty"))
				if err != nil {
					return err
				}
				for _, k := range list {
					t.row(string(k.Action), k.Word, string(k.Strength), k.Language, k.Authority, k.Source, k.Certainty)
				}
				s.say(notAdvice)
				return t.flush()
			})
		},
	}
	cmd.Flags().BoolVar(&tsv, "tsv", false, "as a file for optout.keywords")
	return exits(cmd)
}

const notAdvice = "This is not legal advice."

func newOptOutAddressesCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "addresses", Short: "Show where each carrier must send the messages that people write", Args: cobra.NoArgs,
		Long: `Show where each carrier must send the messages that people write: the address to enter at the carrier for inbound messages.
Its key proves that a request is the carrier's where the carrier signs nothing, so keep it to yourself.`,
		Example: "smsctl optout addresses",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.inboundAddresses(ctx) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitConfig, exitLocked)
}

func (s *session) inboundAddresses(ctx context.Context) error {
	type address struct {
		Carrier string `json:"carrier"`
		Type    string `json:"type"`
		Signed  bool   `json:"signed"`
		URL     string `json:"url"` // "" where they come on the carrier's own connection, or not at all
		How     string `json:"how"`
	}
	if err := s.useCarriers(ctx, nil); err != nil {
		return err
	}
	key, err := s.callbackKey()
	if err != nil {
		return err
	}
	public := string(s.cfg.Receipts.PublicURL)
	all := []address{}
	for _, c := range s.carriers {
		info := c.Info()
		one := address{Carrier: info.Name, Type: info.Type, Signed: info.SignedInbound, How: "none"}
		switch c.(type) {
		case carriers.InboundSession:
			one.How = "connection"
		case carriers.InboundReceiver:
			if one.How = "http"; public != "" {
				one.URL = key.InboundURL(public, info.Name)
			}
		}
		all = append(all, one)
	}
	if public == "" {
		s.say("receipts.public_url is not set in the config: without it no carrier can send anything by HTTP.")
	}
	return s.print(map[string]any{"schema": "smsctl.optout_addresses/1", "addresses": all}, func() error {
		t, err := s.newTable(columns("carrier", "type", "how", "signed", "url"))
		if err != nil {
			return err
		}
		for _, one := range all {
			t.row(one.Carrier, one.Type, one.How, yesNo(one.Signed), one.URL)
		}
		return t.flush()
	})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
