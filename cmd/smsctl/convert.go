package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/routing"
	"github.com/smsctl/smsctl/store"
)

func newConvertCommand(a *app) *cobra.Command {
	var o sendOptions
	var name, at string
	cmd := &cobra.Command{
		Use: "convert [ID|NUMBER]...", Short: "Report who did what a message asked for: evidence that it arrived",
		Long: `Report conversions: people who did what a message asked for (logged in with the code, followed the link, bought). They are
the only evidence of a delivery that no carrier can forge. Where the recipients of one carrier convert far less often than those of
others in the same country, routing stops believing its receipts (its trust falls), and says so in route explain.

Report all there are of a campaign, or a fair sample: routing compares carriers, not people. Each recipient counts once. With --csv
the file has a column with the numbers, and if you have it one named at (2026-10-09 or 2026-10-09T14:02:17Z).`,
		Example: `smsctl convert msg_7f3k9q2a.8411
smsctl convert +447700900123 --campaign spring
smsctl convert --csv sold.csv --campaign spring`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (o.csv == "") == (len(args) == 0) || o.csv != "" && name == "" {
				return fail(exitUsage, "usage.bad_value", "name messages or numbers, or a file and its campaign").
					at("%d arguments, --csv %q, --campaign %q", len(args), o.csv, name).fix("smsctl convert --csv sold.csv --campaign spring")
			}
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error { return s.convert(ctx, args, name, at, &o) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.csv, "csv", "", "all numbers of `FILE`; - is standard input")
	f.StringVar(&name, "campaign", "", "of this campaign, by name or `ID` (default: the latest that has the number)")
	f.StringVar(&at, "at", "", "when they did, `WHEN`: 2026-10-09, 2h ago as 2h (default: now)")
	f.StringVar(&o.toColumn, "to-column", "", "the column of the numbers, by `NAME`")
	f.StringVar(&o.delimiter, "delimiter", "", "between the cells: `CHAR` or tab (default: detected)")
	f.StringVar(&o.encoding, "encoding", "", "of the file, like `windows-1252` (default: detected)")
	addSimulate(cmd, &o.simulate)
	return exits(cmd, exitInput, exitNotFound, exitLocked)
}

// reported are the conversions of one campaign, and the rows of a file that could not be read.
type reported struct {
	of  *campaign.Campaign
	all []store.Conversion
}

func (s *session) convert(ctx context.Context, args []string, name, at string, o *sendOptions) error {
	when := s.now()
	if at != "" {
		var err error
		if when, err = s.moment("at", at); err != nil {
			return err
		}
	}
	var groups []*reported
	bad := []badRow{}
	if o.csv != "" {
		c, err := s.campaign(ctx, name)
		if err != nil {
			return err
		}
		all, rows, err := s.readConversions(o, when)
		if err != nil {
			return err
		}
		groups, bad = append(groups, &reported{c, all}), append(bad, rows...)
	}
	for _, id := range args {
		c, sequence, number, err := s.findMessage(ctx, id, name)
		if err != nil {
			return err
		}
		groups = append(groups, &reported{c, []store.Conversion{{Phone: number, Sequence: sequence, At: when, Source: "convert"}}})
	}
	return s.keepConversions(ctx, groups, bad)
}

// readConversions reads a file of numbers.
func (s *session) readConversions(o *sendOptions, when time.Time) (all []store.Conversion, bad []badRow, err error) {
	l, err := s.openList(o)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	r, done, err := l.rows(o)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	parser, err := phone.NewParser(phone.Options{DefaultRegion: string(s.cfg.DefaultRegion), AllowAnyType: true})
	if err != nil {
		return nil, nil, err
	}
	atColumn := r.Column("at")
	for {
		row, err := r.Next()
		var wrong *recipients.RowError
		switch {
		case errors.Is(err, io.EOF):
			return all, bad, nil
		case errors.As(err, &wrong):
			bad = append(bad, badRow{wrong.Line, wrong.Code, wrong.Message})
			continue
		case err != nil:
			return nil, nil, l.explain(err)
		}
		c := store.Conversion{At: when, Source: fmt.Sprintf("%s line %d", l.name, row.Line)}
		n, err := parser.Parse(row.Phone)
		if text := strings.TrimSpace(cellAt(&row, atColumn)); err == nil && text != "" {
			c.At, err = readDate(text, s.zone)
		}
		if err != nil {
			bad = append(bad, badRow{row.Line, "convert.bad_row", err.Error()})
			continue
		}
		c.Phone = n.Digits()
		all = append(all, c)
	}
}

// keepConversions stores them, lets the memory of routing know, and prints the sums.
func (s *session) keepConversions(ctx context.Context, groups []*reported, bad []badRow) error {
	last, err := s.store.LastConversion(ctx)
	if err != nil {
		return storeError(err, s.store.Path())
	}
	var sums [store.NewConversion + 1]int64
	for _, g := range groups {
		if err := s.store.Convert(ctx, g.of.ID, s.actor(), g.all); err != nil {
			return storeError(err, s.store.Path())
		}
		for i := range g.all {
			sums[g.all[i].Is]++
		}
	}
	if err := s.teachConversions(ctx, last); err != nil {
		return err
	}
	doc := map[string]any{
		"schema": "smsctl.convert/1", "added": sums[store.NewConversion], "known": sums[store.KnownConversion],
		"not_sent": sums[store.UnsentConversion], "not_found": sums[store.NobodysConversion], "bad": bad,
	}
	if err := s.print(doc, func() error {
		return s.printf("%s conversions added, %s known before, %s to whom nothing was sent, %s not in the campaign, %s bad rows\n",
			count(sums[store.NewConversion]), count(sums[store.KnownConversion]), count(sums[store.UnsentConversion]),
			count(sums[store.NobodysConversion]), count(int64(len(bad))))
	}); err != nil {
		return err
	}
	lost := sums[store.UnsentConversion] + sums[store.NobodysConversion]
	switch {
	case len(bad) > 0:
		return fail(exitInput, "convert.bad_rows", "%s cannot be read", plural(len(bad), "row")).at("line %d: %s", bad[0].Line, oneLine(bad[0].Message)).
			fix("mend them and report the file again: each recipient counts once").with("bad", len(bad))
	case lost > 0 && sums[store.NewConversion]+sums[store.KnownConversion] == 0:
		return fail(exitNotFound, "message.not_found", "no message of the campaign was sent to any of them").at("%s", groups[0].of.Name).
			fix("smsctl message list --campaign %s", groups[0].of.Name)
	}
	return nil
}

// teachConversions adds the new ones to what routing has learned. Campaigns that run take them in by themselves.
func (s *session) teachConversions(ctx context.Context, after int64) error {
	fresh, _, err := s.store.Conversions(ctx, after)
	if err != nil || len(fresh) == 0 {
		return err
	}
	if err := s.useCarriers(ctx, nil); err != nil {
		return err
	}
	records, _, err := s.store.Recall(ctx, 0)
	if err != nil {
		return err
	}
	now, router := s.now(), routing.New(carrierInfos(s.carriers), s.cfg.Routing.options())
	if err := router.Remember(now, records); err != nil {
		s.warn("what routing has learned is not all readable: smsctl route rebuild")
	}
	return s.store.Remember(ctx, 0, 0, campaign.Convert(router, s.carriers, fresh, now))
}
