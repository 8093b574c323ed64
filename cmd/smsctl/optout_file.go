package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

func newOptOutImportCommand(a *app) *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Put the numbers of a CSV file on the list", Args: cobra.ExactArgs(1),
		Long: `Put the numbers of a CSV file (- is stdin) on the list. Columns: number, and if you have them scope (all, a
sender, brand:NAME, class:promotional, campaign:NAME), reason, and at (2026-10-09 or 2026-10-09T14:02:17Z).

A row that cannot be read is a person who may still be written to. So every such row is named, and the command fails,
while all others are imported.`,
		Example: "smsctl optout import stops.csv\nsmsctl optout import stops.csv --to-column mobile --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.csv = args[0]
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error { return s.importOptOuts(ctx, &o) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.toColumn, "to-column", "", "the column of the numbers, by `NAME`")
	f.StringVar(&o.delimiter, "delimiter", "", "between the cells: `CHAR` or tab (default: detected)")
	f.StringVar(&o.encoding, "encoding", "", "of the file, like `windows-1252` (default: detected)")
	addSimulate(cmd, &o.simulate)
	return exits(cmd, exitInput, exitLocked)
}

// badRow is a row of an import that is not on the list, or not as it stands there.
type badRow struct {
	Line    int    `json:"line"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// optOutImport collects what an import came to.
type optOutImport struct {
	*session
	list   *list
	reader *recipients.Reader
	parser *phone.Parser
	scope  int // columns, -1 where there is none
	reason int
	at     int

	batch []store.OptOut
	rows  int
	added int
	bad   []badRow
}

// optOutBatch shares the price of a commit.
const optOutBatch = 1000

func (s *session) importOptOuts(ctx context.Context, o *sendOptions) (err error) {
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
	in := &optOutImport{session: s, list: l, reader: r, parser: parser, scope: r.Column("scope"), reason: r.Column("reason"), at: r.Column("at")}
	err = in.read(ctx)
	if e := in.flush(ctx); err == nil {
		err = e
	}
	if err = errors.Join(err, done()); err != nil {
		return err
	}
	return in.conclude()
}

func (in *optOutImport) read(ctx context.Context) error {
	for {
		row, err := in.reader.Next()
		var bad *recipients.RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			in.rows++
			in.bad = append(in.bad, badRow{bad.Line, bad.Code, bad.Message})
			continue
		case err != nil:
			return in.list.explain(err)
		}
		in.rows++
		in.row(&row)
		if len(in.batch) >= optOutBatch {
			if err := in.flush(ctx); err != nil {
				return err
			}
		}
	}
}

func (in *optOutImport) row(row *recipients.Row) {
	n, err := in.parser.Parse(row.Phone)
	if err != nil {
		bad := badRow{row.Line, phone.CodeInvalid, err.Error()}
		var e *phone.Error
		if errors.As(err, &e) {
			bad.Code, bad.Message = e.Code, e.Detail
		}
		in.bad = append(in.bad, bad)
		return
	}
	scope, err := optout.ParseScope(cellAt(row, in.scope))
	if err != nil { // rather everything than nothing
		in.bad = append(in.bad, badRow{row.Line, "optout.bad_scope", err.Error() + "; the number is on the list, for everything"})
		scope = optout.All
	}
	e := store.OptOut{
		Phone: n.Digits(), Scope: scope, Source: "import", Reason: strings.TrimSpace(cellAt(row, in.reason)),
		Actor: in.actor(), Evidence: fmt.Sprintf("%s sha256:%s line %d", in.list.name, in.list.sha, row.Line),
	}
	if e.Reason == "" {
		e.Reason = "import"
	}
	if at := strings.TrimSpace(cellAt(row, in.at)); at != "" {
		if e.OccurredAt, err = readDate(at, in.zone); err != nil { // the person is on the list all the same
			in.bad = append(in.bad, badRow{row.Line, "optout.bad_time", err.Error() + "; the number is on the list, as of now"})
		}
	}
	in.batch = append(in.batch, e)
}

func cellAt(row *recipients.Row, column int) string {
	if column < 0 || column >= len(row.Cells) {
		return ""
	}
	return row.Cells[column]
}

func readDate(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-10-09 or 2026-10-09T14:02:17Z", text)
}

func (in *optOutImport) flush(ctx context.Context) error {
	if len(in.batch) == 0 {
		return nil
	}
	added, err := in.store.AddOptOuts(ctx, in.batch)
	if err != nil {
		return storeError(err, in.store.Path())
	}
	in.added += added
	in.batch = in.batch[:0]
	return nil
}

// conclude prints the sums and fails if a row was bad.
func (in *optOutImport) conclude() error {
	if in.bad == nil {
		in.bad = []badRow{}
	}
	doc := map[string]any{"schema": "smsctl.optout_import/1", "rows": in.rows, "added": in.added, "bad": in.bad, "sha256": in.list.sha}
	if err := in.print(doc, func() error {
		return in.printf("%s rows: %s added, %s on the list before, %s bad\n", count(int64(in.rows)), count(int64(in.added)),
			count(int64(max(in.rows-in.added-len(in.bad), 0))), count(int64(len(in.bad))))
	}); err != nil || len(in.bad) == 0 {
		return err
	}
	const shown = 20
	for _, b := range in.bad[:min(shown, len(in.bad))] {
		in.warn("line %d: %s (%s)", b.Line, oneLine(b.Message), b.Code)
	}
	return fail(exitInput, "optout.bad_rows", "%s of %s rows are bad: these people may still be written to", count(int64(len(in.bad))), count(int64(in.rows))).
		at("%s, first on line %d", in.list.name, in.bad[0].Line).fix("mend these rows and import the file again: what is on the list stays").with("bad", len(in.bad))
}

func newOptOutExportCommand(a *app) *cobra.Command {
	var out string
	var simulate bool
	cmd := &cobra.Command{
		Use: "export", Short: "Write the list as a CSV file that import reads", Args: cobra.NoArgs,
		Example: "smsctl optout export -o stops.csv\nsmsctl optout export -o - --pii hash",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.exportOptOuts(ctx, out) })
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to `FILE`, or - for stdout")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) exportOptOuts(ctx context.Context, out string) error {
	if s.wantsJSON() && (out == "" || out == "-") {
		return s.listOptOuts(ctx, "", 0)
	}
	def := report.Full
	if out == "" {
		def = report.Masked
	}
	p, err := s.privacy(s.cfg, s.store, def)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return s.writeOptOuts(ctx, w, p) }
	if out == "" || out == "-" {
		return write(s.stdout)
	}
	if err := s.writeFile(out, write); err != nil {
		return err
	}
	s.say("Written: %s", out)
	if s.wantsJSON() {
		return s.document(map[string]any{"schema": "smsctl.optout_export/1", "path": out})
	}
	return nil
}

func (s *session) writeOptOuts(ctx context.Context, w io.Writer, p report.Privacy) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"number", "scope", "reason", "at", "source", "evidence"}); err != nil {
		return err
	}
	if err := s.store.EachOptOut(ctx, func(o store.OptedOut) error {
		if _, held := o.Scope.Held(); held {
			return nil // nobody has decided yet
		}
		e := entryOf(o, p)
		return c.Write([]string{e.Number, e.Scope, e.Reason, e.At.Format(timeFormat), e.Source, e.Evidence})
	}); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}
