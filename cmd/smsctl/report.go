package main

import (
	"cmp"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign/report"
)

// reportOptions are the flags of `report`.
type reportOptions struct {
	format, out, table string
	compare            string
	since, until       string
	all, excel, final  bool
	simulate, schema   bool
	choice             messageFilter
	window             timeWindow // since and until, read
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

html is one file that needs no network and no script: for a mail, or to be printed. --since and --until choose what was tried
in that time, or, where no campaign is named, the campaigns that were made in it.

A report can be made at any time. While a campaign goes on it is marked as partial.`,
		Example: `smsctl report                                        # the latest campaign
smsctl report spring --table failures -o failures.csv  # who did not get it, to be sent again
smsctl report spring -o messages.csv --table messages --excel
smsctl report spring --all -o out/                     # everything, with checksums
smsctl report spring -o spring.html                  # a page to send around
smsctl report spring --compare winter                # what differs, and whether that is chance
smsctl report --since 30d --format csv               # a line for each campaign of a month
smsctl report --json --jq .counts`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if o.schema {
				return a.document(json.RawMessage(report.JSONSchema()))
			}
			return a.runReport(cmd.Context(), names, &o)
		},
	}
	f := cmd.Flags()
	f.Var(newEnum(&o.format, "", "text", "json", "ndjson", "csv", "html", "md"), "format", "text, json, ndjson, csv, html, md (default: by the file's name, else text)")
	f.StringVarP(&o.out, "output", "o", "", "write to `FILE`, into a folder (with --all), or - for stdout")
	f.StringVar(&o.table, "table", "summary", "which `TABLE`")
	f.BoolVar(&o.all, "all", false, "every table into the folder of -o, with checksums")
	f.StringVar(&o.compare, "compare", "", "hold it against another `CAMPAIGN`")
	o.choice.register(f)
	f.StringVar(&o.since, "since", "", "from `TIME` on: 24h, 7d, 2026-10-09, 2026-10-09T08:00")
	f.StringVar(&o.until, "until", "", "before `TIME`")
	f.BoolVar(&o.excel, "excel", false, "CSV for spreadsheets: byte order mark, CRLF, cells protected from being run as formulas")
	f.BoolVar(&o.final, "final", false, "exit 8 while messages or receipts are outstanding")
	f.BoolVar(&o.schema, "schema", false, "print the JSON Schema of smsctl.report/1")
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
	if o.window, err = a.window(o.since, o.until); err != nil {
		return "", "", err
	}
	if !o.choice.empty() && !o.all && !slices.Contains([]report.Table{report.Messages, report.Attempts, report.Failures}, table) {
		return "", "", fail(exitUsage, "usage.bad_value", "--state, --class, --carrier and --country choose messages").
			at("the table is %s", table).fix("add --table messages, attempts or failures")
	}
	format := a.reportFormat(o, table)
	return table, format, a.checkShape(o, table, format)
}

// reportFormat is the one that was named, or that the file's name says, or that fits what is asked.
func (a *app) reportFormat(o *reportOptions, table report.Table) report.Format {
	if f := report.Format(cmp.Or(o.format, string(formatByName(o.out)))); f != "" {
		return f
	}
	switch {
	case a.wantsJSON() || o.out == "" && a.filter != nil:
		return report.JSON
	case table != report.Summary:
		return report.CSV
	}
	return formatText
}

// The forms of a summary for people.
const (
	formatText     report.Format = "text"
	formatHTML     report.Format = "html"
	formatMarkdown report.Format = "md"
)

// checkShape refuses what does not go together.
func (a *app) checkShape(o *reportOptions, table report.Table, format report.Format) error {
	prose := format == formatText || format == formatHTML || format == formatMarkdown
	switch {
	case prose && table != report.Summary && !o.all:
		return fail(exitUsage, "usage.bad_value", "the table %s is written as csv, json or ndjson", table).at("--format %s", format).
			fix("leave --format out, or --format csv")
	case o.out == "" && a.wantsJSON() && format != report.JSON && format != report.NDJSON && !o.all:
		return fail(exitUsage, "usage.format_with_json", "--json and --format %s exclude each other", format).
			at("stdout can be only one of them").fix("write the %s to a file with -o", format)
	case o.excel && format != report.CSV && !o.all:
		return fail(exitUsage, "usage.bad_value", "--excel is a form of CSV").at("the format is %s", format).fix("add --format csv")
	case o.compare != "" && (table != report.Summary || format == report.CSV || format == report.NDJSON):
		return fail(exitUsage, "usage.bad_value", "--compare is for summaries as text, json, md or html").at("the table %s as %s", table, format).
			fix("leave --table out, or --format json")
	}
	return nil
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
		return formatText
	case ".html", ".htm":
		return formatHTML
	case ".md", ".markdown":
		return formatMarkdown
	}
	return ""
}
