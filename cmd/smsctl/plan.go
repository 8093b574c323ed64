package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/routing"
	"github.com/smsctl/smsctl/store"
)

// planOptions are the flags that only plan has.
type planOptions struct {
	out      string
	samples  int
	detailed bool
}

func newPlanCommand(a *app) *cobra.Command {
	var o sendOptions
	p := planOptions{samples: 3}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Validate a list, price it and preview it; send nothing",
		Example: `smsctl plan --csv people.csv -m "Hi {{name|there}}"
smsctl plan --csv people.csv -F spring.txt -o spring.plan
smsctl plan show spring.plan`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runPlan(cmd.Context(), &o, p) },
	}
	o.register(cmd.Flags())
	cmd.Flags().StringVarP(&p.out, "output", "o", "", "save the plan to `FILE` for send --plan")
	cmd.Flags().IntVar(&p.samples, "samples", 3, "show `N` messages")
	cmd.Flags().BoolVar(&p.detailed, "detailed-exitcode", false, "exit 8 when there is something to send")
	cmd.AddCommand(newPlanShowCommand(a))
	return exits(cmd, exitInput, exitGuard, exitPending, exitNotFound, exitLocked)
}

// runPlan reads everything and sends nothing. It is the import of send into a database of its own, which is thrown
// away: what plan says is what send will do.
func (a *app) runPlan(ctx context.Context, o *sendOptions, p planOptions) (err error) {
	if err := o.check(); err != nil {
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
	l, err := a.openList(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := s.refuseSample(l); err != nil {
		return err
	}
	c, in, err := s.scratch(ctx, o, l)
	if err != nil {
		return err
	}
	pinned, err := s.pin(ctx, o, l, c, in)
	if err != nil {
		return err
	}
	if p.out != "" {
		if err := pinned.save(p.out); err != nil {
			return err
		}
	}
	if err := s.showPlan(o, p, l, c, in, pinned); err != nil {
		return err
	}
	if p.detailed && in.Eligible() > 0 {
		return exitWith(exitPending)
	}
	return nil
}

// scratch imports the list into a temporary database, with the opt-outs of the real one.
func (s *session) scratch(ctx context.Context, o *sendOptions, l *list) (_ *campaign.Campaign, _ *intake, err error) {
	c, err := s.newCampaign(o, l)
	if err != nil {
		return nil, nil, err
	}
	path, remove, err := scratchPath()
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	real := s.store
	s.store, err = store.Open(ctx, path, store.Options{Now: s.now})
	defer func() { s.store = real }()
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	o.optOuts, o.consents, o.atCap, o.senderDay = real.OptOuts, real.Consents, real.AtCap, real.SenderDay
	in, err := s.intake(ctx, o, l, c, s.newLease())
	return c, in, err
}

// showPlan prints the plan for people, or as a document.
func (s *session) showPlan(o *sendOptions, p planOptions, l *list, c *campaign.Campaign, in *intake, pinned *planFile) error {
	return s.print(pinned.document(in), func() error {
		if err := s.printPlan(s.stdout, o, l, c, in); err != nil {
			return err
		}
		if err := s.printf("%s", samples(in, p.samples)); err != nil {
			return err
		}
		if p.out == "" {
			return nil
		}
		return s.printf("\nSaved %s (valid until the list, message, config or opt-outs change).\nSend it:  smsctl send --plan %s\n", s.stdout.link(p.out, p.out), p.out)
	})
}

// printPlan writes the plan for people: what is read, what is left out, what is sent, what it costs.
func (s *session) printPlan(w io.Writer, o *sendOptions, l *list, c *campaign.Campaign, in *intake) error {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "Plan  %s   profile %s, %s carriers\n\n", c.Name, c.Profile, strings.ToUpper(string(c.Mode)))
	line("Input", "%s   %s, %s, %q separated, sha256 %s…", l.name, plural(int(in.Rows), "row"), in.encoding, string(in.delimiter), l.sha[:8])
	line("Excluded", "%s   %s invalid, %s duplicate, %s opted out", count(in.Invalid+in.Duplicate+in.OptedOut),
		count(in.Invalid), count(in.Duplicate), count(in.OptedOut))
	line("Send", "%s, %s%s", plural(int(in.Eligible()), "message"), plural(int(in.AllSegments()), "segment"), histogram(in))
	ceiling := "no ceiling"
	if c.Ceiling != nil {
		ceiling = "ceiling " + money{*c.Ceiling, c.Currency}.String()
	}
	s.timingPlan(c, in, line)
	cappedPlan(c, in, line)
	in.labelPlan(line)
	in.senderPlan(line)
	line("Cost", "%s estimated with the dearest carrier, %s", money{in.cost, c.Currency}, ceiling)
	if p := c.Settings.Policy; p != "" && p != routing.Learned {
		line("Routing", "by policy %s: nothing that was learned of the carriers is used", p)
	}
	s.countryTable(&b, c, in)
	s.warnings(&b, o, c, in)
	b.WriteByte('\n')
	_, err := io.WriteString(w, s.glyphs(b.String()))
	return err
}

// histogram names how many messages need several segments.
func histogram(in *intake) string {
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(in.Segments)) {
		if n > 1 && in.Segments[n] > 0 {
			parts = append(parts, fmt.Sprintf("%s need %d", count(in.Segments[n]), n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// shownCountries is how many countries a plan names before it sums up the others.
const shownCountries = 12

func (s *session) countryTable(b *strings.Builder, c *campaign.Campaign, in *intake) {
	fmt.Fprintf(b, "\n  %-8s %10s %10s %12s %14s\n", "COUNTRY", "MESSAGES", "SEGMENTS", c.Currency+"/SEG", c.Currency)
	names := in.ByMessages()
	for i, country := range names {
		if i == shownCountries {
			fmt.Fprintf(b, "  %s more countries\n", count(int64(len(names)-i)))
			break
		}
		share := in.Countries[country]
		if share.Messages == 0 {
			continue
		}
		price, total := "unknown", "unknown"
		if p, ok := s.price(country); ok {
			price, total = p.String(), (p * carriers.Price(share.Segments)).String()
		}
		fmt.Fprintf(b, "  %-8s %10s %10s %12s %14s\n", country, count(share.Messages), count(share.Segments), price, total)
	}
}

// warnings names what costs more than it need, or is not known.
func (s *session) warnings(b *strings.Builder, o *sendOptions, c *campaign.Campaign, in *intake) {
	lines := append(s.timingWarnings(c, in), in.senderOverflow()...)
	lines = append(lines, s.labelWarnings(in)...)
	if in.UCS2 > 0 {
		var worst []string
		for _, r := range slices.SortedFunc(maps.Keys(in.Offenders), func(x, y rune) int { return int(in.Offenders[y] - in.Offenders[x]) }) {
			if len(worst) < 5 && in.Offenders[r] > 0 {
				worst = append(worst, fmt.Sprintf("%q (U+%04X)", r, r))
			}
		}
		text := fmt.Sprintf("%s messages become UCS-2 because of %s", count(in.UCS2), strings.Join(worst, ", "))
		if !o.transliterate {
			text += "\n    fix: --transliterate writes what has a near letter in GSM-7"
		}
		lines = append(lines, text)
	}
	if in.unpriced > 0 {
		lines = append(lines, fmt.Sprintf("%s messages go to countries without a price: the cost is higher than shown\n    fix: add them under price: in the config", count(in.unpriced)))
	}
	if in.rejects != "" {
		lines = append(lines, fmt.Sprintf("%s rows are not sent to: %s", count(in.Invalid+in.Duplicate+in.OptedOut), in.rejects))
	}
	if len(lines) == 0 {
		return
	}
	b.WriteString("\n  Warnings\n")
	for _, l := range lines {
		b.WriteString("  ! " + l + "\n")
	}
}

func samples(in *intake, n int) string {
	shown := in.Samples[:min(n, len(in.Samples))]
	if len(shown) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("  Samples\n")
	for _, r := range shown {
		size := gsm.Measure(r.Text)
		fmt.Fprintf(&b, "  %-20s %s %d/%d  %s\n", phone.Mask(phone.FromDigits(r.Phone)), size.Encoding, size.Units,
			size.PerSegment*max(1, size.Segments), strings.ReplaceAll(r.Text, "\n", "⏎"))
	}
	return b.String()
}
