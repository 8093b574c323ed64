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

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// reportOptions are the flags of `report`.
type reportOptions struct {
	format, out, table string
	all, excel, final  bool
	simulate           bool
	choice             messageFilter
}

func newReportCommand(a *app) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report [CAMPAIGN...]",
		Short: "Show what became of a campaign, and export its rows",
		Long: `Show what became of a campaign: the latest one, or those that are named by name or id.

Tables: summary, messages, attempts, failures, carriers, countries, errors, timeseries, invalid, excluded.
failures holds all columns of the list as they were, then smsctl_*: it can be edited and sent again as it is. It has no
message whose outcome is unknown, because that one may have arrived; --state unknown asks for them.

A report can be made at any time. While a campaign goes on it is marked as partial.`,
		Example: `smsctl report                                        # the latest campaign
smsctl report spring --table failures -o failures.csv  # who did not get it, to be sent again
smsctl report spring -o messages.csv --table messages --excel
smsctl report spring --all -o out/                     # everything, with checksums
smsctl report --json --jq .counts`,
		RunE: func(cmd *cobra.Command, names []string) error { return a.runReport(cmd.Context(), names, &o) },
	}
	f := cmd.Flags()
	f.Var(newEnum(&o.format, "", "text", "json", "ndjson", "csv"), "format", "text, json, ndjson, csv (default: by the file's name, else text)")
	f.StringVarP(&o.out, "output", "o", "", "write to `FILE`, into a folder (with --all), or - for stdout")
	f.StringVar(&o.table, "table", "summary", "which `TABLE`")
	f.BoolVar(&o.all, "all", false, "every table into the folder of -o, with checksums")
	o.choice.register(f)
	f.BoolVar(&o.excel, "excel", false, "CSV for spreadsheets: byte order mark, CRLF, cells protected from being run as formulas")
	f.BoolVar(&o.final, "final", false, "exit 8 while messages or receipts are outstanding")
	addSimulate(cmd, &o.simulate)
	return exits(cmd, exitPending, exitNotFound, exitLocked)
}

func (a *app) runReport(ctx context.Context, names []string, o *reportOptions) error {
	table, format, err := a.reportShape(o)
	if err != nil {
		return err
	}
	return a.withSession(ctx, o.simulate, func(ctx context.Context, s *session) error {
		r := reporter{session: s, o: o, table: table, format: format}
		if err := r.find(ctx, names); err != nil {
			return err
		}
		if err := r.write(ctx); err != nil {
			return err
		}
		if o.final && slices.ContainsFunc(r.reports, (*report.Report).Pending) {
			return exitWith(exitPending)
		}
		return nil
	})
}

// reportShape settles what is written and how, before anything is read.
func (a *app) reportShape(o *reportOptions) (report.Table, report.Format, error) {
	table, err := report.ParseTable(o.table)
	if err != nil {
		return "", "", fail(exitUsage, "usage.bad_value", "--table: %q is no table", o.table).at("tables: %s", tableNames()).
			fix("%s --table failures", a.commandPath())
	}
	if _, err := o.choice.filter(); err != nil {
		return "", "", err
	}
	if !o.choice.empty() && !o.all && !slices.Contains([]report.Table{report.Messages, report.Attempts, report.Failures}, table) {
		return "", "", fail(exitUsage, "usage.bad_value", "--state, --class, --carrier and --country choose messages").
			at("the table is %s", table).fix("add --table messages, attempts or failures")
	}
	format := report.Format(o.format)
	if format == "" {
		format = formatByName(o.out)
	}
	if strings.EqualFold(filepath.Ext(o.out), ".html") && o.format == "" {
		return "", "", fail(exitUsage, "usage.bad_value", "this smsctl writes no HTML reports").at("-o %s", o.out).
			fix("use a name that ends in .txt, .json, .ndjson or .csv")
	}
	switch {
	case format == "" && (a.wantsJSON() || o.out == "" && a.filter != nil):
		format = report.JSON
	case format == "" && table != report.Summary:
		format = report.CSV
	case format == "":
		format = "text"
	case format == "text" && table != report.Summary:
		return "", "", fail(exitUsage, "usage.bad_value", "the table %s is written as csv, json or ndjson", table).at("--format text").
			fix("leave --format out, or --format csv")
	case o.out == "" && a.wantsJSON() && format != report.JSON && format != report.NDJSON:
		return "", "", fail(exitUsage, "usage.format_with_json", "--json and --format %s exclude each other", format).
			at("stdout can be only one of them").fix("write the %s to a file with -o", format)
	}
	if o.excel && format != report.CSV && !o.all {
		return "", "", fail(exitUsage, "usage.bad_value", "--excel is a form of CSV").at("the format is %s", format).fix("add --format csv")
	}
	return table, format, nil
}

func tableNames() string {
	var names []string
	for _, t := range report.Tables() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

func formatByName(path string) report.Format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		return report.JSON
	case ".ndjson", ".jsonl":
		return report.NDJSON
	case ".csv":
		return report.CSV
	case ".txt":
		return "text"
	}
	return ""
}

// reporter writes the reports of some campaigns.
type reporter struct {
	*session
	o         *reportOptions
	table     report.Table
	format    report.Format
	campaigns []*campaign.Campaign
	reports   []*report.Report
}

func (r *reporter) find(ctx context.Context, names []string) error {
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		c, err := r.campaign(ctx, name)
		if err != nil {
			return err
		}
		sums, err := r.store.Report(ctx, c.ID)
		if err != nil {
			return err
		}
		r.campaigns, r.reports = append(r.campaigns, c), append(r.reports, sums)
	}
	if len(names) > 1 && slices.Contains([]report.Table{report.Failures, report.Invalid, report.Excluded}, r.table) {
		return fail(exitUsage, "usage.arguments", "the table %s has the columns of one list: name one campaign", r.table).
			at("%s", strings.Join(names, ", ")).fix("smsctl report %s --table %s", names[0], r.table)
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
	named := slices.ContainsFunc(tables, func(t report.Table) bool { return !t.Aggregate() })
	if named && (r.flags.pii == "" || r.flags.pii == report.Full) {
		r.say("%s holds full phone numbers: for you alone to read. --pii masked or hash hides them.", path)
		return
	}
	r.say("Written: %s", path)
}

// writeTable writes one table to w. def is how numbers are shown unless --pii says.
func (r *reporter) writeTable(ctx context.Context, w io.Writer, t report.Table, format report.Format, def string) error {
	privacy, err := r.privacy(r.cfg, r.store, def)
	if err != nil {
		return err
	}
	toScreen := r.o.out == "" || r.o.out == "-"
	switch {
	case format == "text":
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
	}
	return nil
}

// writeSummary writes one campaign as smsctl.report/1, several as a list of those.
func (r *reporter) writeSummary(w io.Writer, toScreen bool) error {
	var doc any = r.reports[0]
	if len(r.reports) > 1 {
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
