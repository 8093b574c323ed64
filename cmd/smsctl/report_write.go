package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// reporter writes the reports of some campaigns.
type reporter struct {
	*session
	o         *reportOptions
	table     report.Table
	format    report.Format
	campaigns []*campaign.Campaign
	reports   []*report.Report
	other     *report.Report // of --compare
}

func (r *reporter) find(ctx context.Context, names []string) error {
	if err := r.choose(ctx, names); err != nil {
		return err
	}
	for _, c := range r.campaigns {
		sums, err := r.store.Report(ctx, c.ID)
		if err != nil {
			return err
		}
		r.reports = append(r.reports, sums)
	}
	if r.o.compare != "" {
		c, err := r.campaign(ctx, r.o.compare)
		if err != nil {
			return err
		}
		if r.other, err = r.store.Report(ctx, c.ID); err != nil {
			return err
		}
	}
	if len(r.campaigns) > 1 && (r.format == formatHTML || r.other != nil) {
		return fail(exitUsage, "usage.arguments", "a page or a comparison is of one campaign").at("%d are chosen", len(r.campaigns)).
			fix("smsctl report %s -o report.html", r.campaigns[0].Name)
	}
	if len(r.campaigns) > 1 && slices.Contains([]report.Table{report.Failures, report.Invalid, report.Excluded}, r.table) {
		return fail(exitUsage, "usage.arguments", "the table %s has the columns of one list: name one campaign", r.table).
			at("%d are chosen", len(r.campaigns)).fix("smsctl report %s --table %s", r.campaigns[0].Name, r.table)
	}
	return nil
}

// choose finds the campaigns that are named, or those of a time, or the latest.
func (r *reporter) choose(ctx context.Context, names []string) error {
	if len(names) == 0 && !r.o.window.empty() {
		all, err := r.store.Campaigns(ctx, r.mode, r.flags.profile, 0)
		if err != nil {
			return err
		}
		for _, c := range slices.Backward(all) {
			if r.o.window.holds(c.CreatedAt) {
				r.campaigns = append(r.campaigns, c)
			}
		}
		if len(r.campaigns) == 0 {
			return fail(exitNotFound, "campaign.none", "no campaign was made in that time").at("since %q until %q", r.o.since, r.o.until).fix("smsctl campaign list")
		}
		r.o.window = timeWindow{} // the campaigns are chosen by it, and told whole
		return nil
	}
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		c, err := r.campaign(ctx, name)
		if err != nil {
			return err
		}
		r.campaigns = append(r.campaigns, c)
	}
	return nil
}

func (r *reporter) write(ctx context.Context) error {
	folder := r.o.out != "" && r.o.out != "-" && (strings.HasSuffix(r.o.out, "/") || isFolder(r.o.out))
	switch {
	case r.o.all || folder:
		return r.writeFolder(ctx)
	case r.o.out == "":
		return r.writeTable(ctx, r.stdout, r.table, r.format, report.Masked)
	case r.o.out == "-": // asked for as a file is: whoever pipes a list on wants its numbers
		return r.writeTable(ctx, r.stdout, r.table, r.format, report.Full)
	}
	if err := r.writeFile(r.o.out, func(w io.Writer) error { return r.writeTable(ctx, w, r.table, r.format, report.Full) }); err != nil {
		return err
	}
	r.notice(r.o.out, r.table)
	return nil
}

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// notice says in one line that a file has people's numbers in it.
func (r *reporter) notice(path string, tables ...report.Table) {
	named := slices.ContainsFunc(tables, func(t report.Table) bool { return !t.Aggregate() }) || r.format == formatHTML && r.flags.pii == report.Full
	if named && (r.flags.pii == "" || r.flags.pii == report.Full) {
		r.say("%s holds full phone numbers: for you alone to read. --pii masked or hash hides them.", r.stderr.link(path, path))
		return
	}
	r.say("Written: %s", r.stderr.link(path, path))
}

// writeTable writes one table to w. def is how numbers are shown unless --pii says.
func (r *reporter) writeTable(ctx context.Context, w io.Writer, t report.Table, format report.Format, def string) error {
	privacy, err := r.privacy(r.cfg, r.store, def)
	if err != nil {
		return err
	}
	toScreen := r.o.out == "" || r.o.out == "-"
	switch {
	case format == formatHTML:
		return r.writePage(ctx, w)
	case format == formatMarkdown:
		return r.writeMarkdown(w)
	case format == formatText:
		return r.writeText(w, toScreen)
	case t == report.Summary && format == report.JSON:
		return r.writeSummary(w, toScreen)
	case format == report.JSON && toScreen && r.filter != nil:
		var all bytes.Buffer
		if err := r.rows(ctx, &all, t, format, privacy); err != nil {
			return err
		}
		return r.document(json.RawMessage(all.Bytes()))
	}
	return r.rows(ctx, w, t, format, privacy)
}

func (r *reporter) writeText(w io.Writer, toScreen bool) error {
	style := report.Style{Zone: r.zone}
	if toScreen {
		style = r.reportStyle()
	}
	for i, sums := range r.reports {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := sums.WriteText(w, style); err != nil {
			return err
		}
		if r.other != nil {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
			if err := report.Compare(sums, r.other).WriteText(w, style); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reporter) writeMarkdown(w io.Writer) error {
	for _, sums := range r.reports {
		if err := sums.WriteMarkdown(w, r.zone); err != nil {
			return err
		}
		if r.other != nil {
			if err := report.Compare(sums, r.other).WriteMarkdown(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// writePage writes the HTML report. Numbers in it are masked unless --pii says otherwise: it is made to be sent around.
func (r *reporter) writePage(ctx context.Context, w io.Writer) error {
	privacy, err := r.privacy(r.cfg, r.store, report.Masked)
	if err != nil {
		return err
	}
	d, err := r.store.Dossier(ctx, r.campaigns[0].ID)
	if err != nil {
		return err
	}
	r.reports[0] = d.Report // what --final judges is what is on the page
	return d.WriteHTML(w, report.PageOptions{Privacy: privacy, Zone: r.zone, Version: buildVersion().Version, Compare: r.other})
}

// writeSummary writes one campaign as smsctl.report/1, several as a list of those.
func (r *reporter) writeSummary(w io.Writer, toScreen bool) error {
	var doc any = r.reports[0]
	if r.other != nil {
		doc = report.Compare(r.reports[0], r.other)
	} else if len(r.reports) > 1 {
		doc = map[string]any{"schema": "smsctl.reports/1", "reports": r.reports}
	}
	if toScreen {
		return r.document(doc)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// rows streams a table of all campaigns.
func (r *reporter) rows(ctx context.Context, w io.Writer, t report.Table, format report.Format, p report.Privacy) error {
	out, err := report.NewWriter(w, format, t.Like(r.campaigns[0].Columns), report.Options{Privacy: p, Excel: r.o.excel})
	if err != nil {
		return err
	}
	for i, c := range r.campaigns {
		if err := r.each(ctx, c, r.reports[i], t, out.Write); err != nil {
			return err
		}
	}
	return out.Close()
}

func (r *reporter) each(ctx context.Context, c *campaign.Campaign, sums *report.Report, t report.Table, do func(report.Row) error) error {
	f, err := r.o.choice.filter()
	if err != nil {
		return err
	}
	f.Since, f.Until = r.o.window.since, r.o.window.until
	switch t {
	case report.Messages:
		return r.store.EachMessage(ctx, c, f, func(m *report.Message) error { return do(m) })
	case report.Attempts:
		return r.store.EachAttempt(ctx, c, f, func(a *report.Attempt) error { return do(a) })
	case report.Failures:
		return r.store.EachFailure(ctx, c, f, func(x *report.Failure) error { return do(x) })
	case report.Invalid, report.Excluded:
		return r.store.EachReject(ctx, c, t == report.Invalid, func(x *report.Reject) error { return do(x) })
	}
	for _, row := range sums.Rows(t) {
		if err := do(row); err != nil {
			return err
		}
	}
	return nil
}

// writeFolder writes everything there is about one campaign, with the files' checksums.
func (r *reporter) writeFolder(ctx context.Context) error {
	if r.o.out == "" || r.o.out == "-" {
		return fail(exitUsage, "usage.arguments", "--all writes several files into a folder").at("no folder is named").
			fix("smsctl report --all -o %s/", r.campaigns[0].Name)
	}
	if len(r.campaigns) > 1 {
		return fail(exitUsage, "usage.arguments", "a folder holds one campaign").at("%d are named", len(r.campaigns)).fix("write each into a folder of its own")
	}
	if err := os.MkdirAll(r.o.out, 0o700); err != nil {
		return unwritable(r.o.out, err)
	}
	var sums strings.Builder
	for _, f := range []struct {
		name   string
		table  report.Table
		format report.Format
	}{
		{"report.html", report.Summary, formatHTML},
		{"summary.json", report.Summary, report.JSON},
		{"messages.csv", report.Messages, report.CSV},
		{"attempts.csv", report.Attempts, report.CSV},
		{"failures.csv", report.Failures, report.CSV},
	} {
		h := newChecksum()
		if err := r.writeFile(filepath.Join(r.o.out, f.name), func(w io.Writer) error {
			return r.writeTable(ctx, io.MultiWriter(w, h), f.table, f.format, report.Full)
		}); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%s  %s\n", h.hex(), f.name)
	}
	if err := r.writeFile(filepath.Join(r.o.out, "MANIFEST.sha256"), func(w io.Writer) error {
		_, err := io.WriteString(w, sums.String())
		return err
	}); err != nil {
		return err
	}
	r.notice(r.o.out, report.Messages)
	return nil
}
