package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

func newConsentCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use: "consent", Aliases: []string{"consents"}, Short: "Who has agreed to be written to, and how",
		Long: `Who has agreed to be written to, and how. Every consent and every withdrawal is an event that stays, with when, by which
method, and to which wording; the last one of a number and class of messages holds. smsctl send --require-consent sends to
nobody else: rows without consent are rejected, and whoever withdraws meanwhile is not sent to. An opt-out goes before any
consent.`,
		Example: "smsctl consent import signups.csv\nsmsctl send --csv people.csv -m Hi --require-consent",
	}, newConsentAddCommand(a), newConsentImportCommand(a), newConsentListCommand(a), newConsentWithdrawCommand(a))
}

// consentFlags say what the consent was.
type consentFlags struct {
	class, method, wording, source, at string
	simulate                           bool
}

func (o *consentFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(newEnum(&o.class, string(campaign.Promotional), string(campaign.Promotional), string(campaign.Transactional)), "class", "of messages: promotional, transactional")
	f.StringVar(&o.method, "method", "", "how: `TEXT` like web, keyword, paper")
	f.StringVar(&o.wording, "wording", "", "version or hash of the text that was shown: `TEXT`")
	f.StringVar(&o.source, "source", "", "where: `TEXT` like an address or a form")
	f.StringVar(&o.at, "at", "", "when: `TIME` like 2026-10-09 (default: now)")
	addSimulate(cmd, &o.simulate)
}

func (s *session) consentOf(o *consentFlags, withdrawn bool) (c store.Consent, err error) {
	c = store.Consent{
		Class: campaign.MessageType(o.class), Withdrawn: withdrawn, Method: o.method, Wording: o.wording, Source: o.source, Actor: s.actor(),
		Evidence: "command line",
	}
	if o.at != "" {
		if c.OccurredAt, err = readDate(o.at, s.zone); err != nil {
			return c, fail(exitUsage, "usage.bad_value", "%s", err).at("--at %s", o.at).fix("--at 2026-10-09")
		}
	}
	return c, nil
}

func newConsentAddCommand(a *app) *cobra.Command {
	var o consentFlags
	cmd := &cobra.Command{
		Use: "add NUMBER...", Short: "Record that people have agreed", Args: cobra.MinimumNArgs(1),
		Example: "smsctl consent add +447700900123 --method web --wording terms-2026-03",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error { return s.addConsents(ctx, args, &o, false) })
		},
	}
	o.register(cmd)
	return exits(cmd, exitInput, exitLocked)
}

func newConsentWithdrawCommand(a *app) *cobra.Command {
	var o consentFlags
	cmd := &cobra.Command{
		Use: "withdraw NUMBER...", Short: "Record that people agree no more", Args: cobra.MinimumNArgs(1),
		Example: "smsctl consent withdraw +447700900123 --method phone --source 'ticket 4711'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error { return s.addConsents(ctx, args, &o, true) })
		},
	}
	o.register(cmd)
	return exits(cmd, exitInput, exitLocked)
}

func (s *session) addConsents(ctx context.Context, numbers []string, o *consentFlags, withdrawn bool) error {
	c, err := s.consentOf(o, withdrawn)
	if err != nil {
		return err
	}
	var list []store.Consent
	for _, text := range numbers { // all are read before any is written
		n, err := s.number(text)
		if err != nil {
			return err
		}
		c.Phone = n.Digits()
		list = append(list, c)
	}
	if err := s.store.AddConsents(ctx, list); err != nil {
		return err
	}
	return s.print(map[string]any{"schema": "smsctl.consent_add/1", "recorded": len(list), "withdrawn": withdrawn}, func() error {
		return s.printf("%s recorded\n", count(int64(len(list))))
	})
}

func newConsentImportCommand(a *app) *cobra.Command {
	var f consentFlags
	var o sendOptions
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Record the consents of a CSV file", Args: cobra.ExactArgs(1),
		Long: `Record the consents of a CSV file (- is stdin). Columns: number, and if you have them class (promotional, transactional),
method, wording, source, at (2026-10-09 or 2026-10-09T14:02:17Z). What a row does not say, the flags say. A row that cannot be
read is named and left out: nobody has agreed by it. Then the command fails, and all others are recorded.`,
		Example: "smsctl consent import signups.csv --method web --wording terms-2026-03",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.csv = args[0]
			return a.withSession(cmd.Context(), f.simulate, func(ctx context.Context, s *session) error { return s.importConsents(ctx, &o, &f) })
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&o.toColumn, "to-column", "", "the column of the numbers, by `NAME`")
	return exits(cmd, exitInput, exitLocked)
}

func (s *session) importConsents(ctx context.Context, o *sendOptions, f *consentFlags) (err error) {
	base, err := s.consentOf(f, false)
	if err != nil {
		return err
	}
	l, err := s.openList(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	r, done, err := l.rows(o)
	if err != nil {
		return err
	}
	parser, err := phone.NewParser(phone.Options{DefaultRegion: string(s.cfg.DefaultRegion), AllowAnyType: true})
	if err != nil {
		return err
	}
	var list []store.Consent
	rows, recorded, bad := 0, 0, []badRow{}
	for err == nil {
		var row recipients.Row
		row, err = r.Next()
		var broken *recipients.RowError
		switch {
		case errors.As(err, &broken):
			rows, bad, err = rows+1, append(bad, badRow{broken.Line, broken.Code, broken.Message}), nil
			continue
		case err != nil:
			continue
		}
		rows++
		c, e := s.consentRow(base, r, &row, parser)
		if e != nil {
			bad = append(bad, badRow{row.Line, "consent.bad_row", e.Error()})
			continue
		}
		c.Evidence = l.name + " sha256:" + l.sha
		if list = append(list, c); len(list) == optOutBatchRows {
			err, recorded, list = s.store.AddConsents(ctx, list), recorded+len(list), list[:0]
		}
	}
	if !errors.Is(err, io.EOF) {
		return errors.Join(l.explain(err), done())
	}
	if err := errors.Join(s.store.AddConsents(ctx, list), done()); err != nil {
		return err
	}
	recorded += len(list)
	if err := s.print(map[string]any{"schema": "smsctl.consent_import/1", "rows": rows, "recorded": recorded, "bad": bad}, func() error {
		return s.printf("%s rows: %s recorded, %s bad\n", count(int64(rows)), count(int64(recorded)), count(int64(len(bad))))
	}); err != nil || len(bad) == 0 {
		return err
	}
	for _, b := range bad[:min(20, len(bad))] {
		s.warn("line %d: %s (%s)", b.Line, oneLine(b.Message), b.Code)
	}
	return fail(exitInput, "consent.bad_rows", "%s of %s rows are bad, and nobody has agreed by them", count(int64(len(bad))), count(int64(rows))).
		at("%s, first on line %d", l.name, bad[0].Line).fix("mend these rows and import them alone").with("bad", len(bad))
}

// consentRow is what a row says, over what the flags say.
func (s *session) consentRow(c store.Consent, r *recipients.Reader, row *recipients.Row, parser *phone.Parser) (store.Consent, error) {
	n, err := parser.Parse(row.Phone)
	if err != nil {
		return c, err
	}
	c.Phone = n.Digits()
	for name, to := range map[string]*string{"method": &c.Method, "wording": &c.Wording, "source": &c.Source} {
		if cell := strings.TrimSpace(cellAt(row, r.Column(name))); cell != "" {
			*to = cell
		}
	}
	if class := strings.ToLower(strings.TrimSpace(cellAt(row, r.Column("class")))); class != "" {
		if c.Class = campaign.MessageType(class); c.Class != campaign.Promotional && c.Class != campaign.Transactional {
			return c, errors.New(class + " is not promotional or transactional")
		}
	}
	if at := strings.TrimSpace(cellAt(row, r.Column("at"))); at != "" {
		c.OccurredAt, err = readDate(at, s.zone)
	}
	return c, err
}

func newConsentListCommand(a *app) *cobra.Command {
	var limit int
	var simulate bool
	cmd := &cobra.Command{
		Use: "list [NUMBER]", Short: "Show what holds, or the whole story of a number", Args: cobra.MaximumNArgs(1),
		Example: "smsctl consent list\nsmsctl consent list +447700900123 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.listConsents(ctx, args, limit) })
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "at most `N`; 0 is all")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitLocked)
}

type consentView struct {
	Number   string    `json:"number"`
	Class    string    `json:"class"`
	Action   string    `json:"action"`
	Method   string    `json:"method"`
	Wording  string    `json:"wording"`
	Source   string    `json:"source"`
	Actor    string    `json:"actor"`
	Evidence string    `json:"evidence"`
	At       time.Time `json:"at"`
}

func (s *session) listConsents(ctx context.Context, args []string, limit int) error {
	p, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	var of uint64
	if len(args) > 0 {
		n, err := s.number(args[0])
		if err != nil {
			return err
		}
		of = n.Digits()
	}
	all := []consentView{}
	if err := s.store.EachConsent(ctx, of, func(c store.Consent) error {
		v := consentView{p.Number(phone.FromDigits(c.Phone)), string(c.Class), "give", c.Method, c.Wording, c.Source, c.Actor, c.Evidence, c.OccurredAt.UTC()}
		if c.Withdrawn {
			v.Action = "withdraw"
		}
		if all = append(all, v); limit > 0 && len(all) == limit {
			return io.EOF
		}
		return nil
	}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return s.print(map[string]any{"schema": "smsctl.consents/1", "consents": all}, func() error {
		t, err := s.newTable(columns("number", "class", "action", "method", "wording", "at", "evidence"))
		if err != nil {
			return err
		}
		for _, v := range all {
			t.row(v.Number, v.Class, v.Action, v.Method, v.Wording, v.At, v.Evidence)
		}
		return t.flush()
	})
}

// oldConsent is how old a consent may be before a plan says so.
const oldConsent = 2 * 365 * 24 * time.Hour

// consented says who has agreed to a campaign's messages; nil where it does not ask.
func (s *session) consented(ctx context.Context, o *sendOptions, c *campaign.Campaign) (func(uint64) bool, error) {
	if !o.requireConsent {
		return nil, nil //nolint:nilnil // nothing is asked of intake
	}
	load := s.store.Consents
	if o.consents != nil {
		load = o.consents
	}
	set, err := load(ctx, c.Type)
	if err != nil {
		return nil, err
	}
	if !set.Oldest.IsZero() && s.now().Sub(set.Oldest) > oldConsent {
		s.warn("some consents are older than two years, the oldest of %s: carriers advise against writing to people of old lists", set.Oldest.In(s.zone).Format(time.DateOnly))
	}
	return set.Has, nil
}
