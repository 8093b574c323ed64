package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

func newOptOutImportCommand(a *app) *cobra.Command {
	var o sendOptions
	var hashed string
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Put the numbers of a CSV file on the list", Args: cobra.ExactArgs(1),
		Long: `Put the numbers of a CSV file (- is stdin) on the list. Columns: number, and if you have them scope (all, a
sender, brand:NAME, class:promotional, campaign:NAME), reason, and at (2026-10-09 or 2026-10-09T14:02:17Z).

A list may hold hashes instead of numbers, in hexadecimal: the column hash, and hash_alg (sha256 or hmac-sha256) or --hashed.
They are hashes of +447700900123, with the plus or without. A hash of hmac-sha256 needs its key in the config (keys.hash, or
keys.partners of others); hash_key names it as optout export --pii hash does. Whoever fits a hash is not sent to.

A row that cannot be read is a person who may still be written to. So every such row is named, and the command fails,
while all others are imported.`,
		Example: "smsctl optout import stops.csv\nsmsctl optout import stops.csv --to-column mobile --json\nsmsctl optout import partner.csv --hashed sha256",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.csv = args[0]
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error { return s.importOptOuts(ctx, &o, hashed) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.toColumn, "to-column", "", "the column of the numbers, by `NAME`")
	f.StringVar(&o.delimiter, "delimiter", "", "between the cells: `CHAR` or tab (default: detected)")
	f.StringVar(&o.encoding, "encoding", "", "of the file, like `windows-1252` (default: detected)")
	f.Var(newEnum(&hashed, "", string(optout.SHA256), string(optout.HMAC)), "hashed", "the list holds hashes: sha256, hmac-sha256")
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
	who    string // who imports
	scope  int    // columns, -1 where there is none
	reason int
	at     int
	hashes *hashColumns // nil: the list holds numbers

	batch optOutBatch
	rows  int
	added int
	bad   []badRow
}

// optOutBatch shares the price of a commit. While one is written, the next is read.
type optOutBatch struct {
	plain  []store.OptOut
	hashed []store.HashedOptOut
}

// Hashes come in no order, and each row of a long list lies on another page of the table: sorted, many of them share the
// page that is written for one. So they are collected five times as long, and written in as many transactions.
const (
	optOutBatchRows = 10_000
	hashedBatchRows = 5 * optOutBatchRows
)

func (b *optOutBatch) full() bool {
	return len(b.plain) >= optOutBatchRows || len(b.hashed) >= hashedBatchRows
}

func (s *session) importOptOuts(ctx context.Context, o *sendOptions, hashed string) (err error) {
	l, err := s.openList(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	r, done, err := l.optOutRows(o, hashed != "")
	if err != nil {
		return err
	}
	parser, err := phone.NewParser(phone.Options{DefaultRegion: string(s.cfg.DefaultRegion), AllowAnyType: true})
	if err != nil {
		return err
	}
	in := &optOutImport{
		session: s, list: l, reader: r, parser: parser, who: s.actor(), scope: r.Column("scope"), reason: r.Column("reason"), at: r.Column("at"),
	}
	if in.hashes, err = s.hashColumns(r, hashed); err == nil {
		err = in.run(ctx)
	}
	if err = errors.Join(err, done()); err != nil {
		return err
	}
	return in.conclude()
}

// optOutRows opens a list whose people are named by a number, or by a hash where it has such a column.
func (l *list) optOutRows(o *sendOptions, hashed bool) (*recipients.Reader, func() error, error) {
	if o.toColumn == "" {
		byHash := *o
		byHash.toColumn = hashColumn
		r, done, err := l.rows(&byHash)
		if err == nil || hashed {
			return r, done, err
		}
	}
	return l.rows(o)
}

// run reads and writes at the same time.
func (in *optOutImport) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	full := make(chan optOutBatch)
	g.Go(func() error {
		defer close(full)
		return in.read(ctx, full)
	})
	g.Go(func() error {
		for b := range full {
			if err := in.write(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

func (in *optOutImport) read(ctx context.Context, full chan<- optOutBatch) error {
	flush := func() error {
		select {
		case full <- in.batch:
			in.batch = optOutBatch{}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		row, err := in.reader.Next()
		var bad *recipients.RowError
		switch {
		case errors.Is(err, io.EOF):
			return flush()
		case errors.As(err, &bad):
			in.rows++
			in.bad = append(in.bad, badRow{bad.Line, bad.Code, bad.Message})
			continue
		case err != nil:
			return errors.Join(in.list.explain(err), flush())
		}
		in.rows++
		in.row(&row)
		if in.batch.full() {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// write puts a batch on the list. What is on it stays if the rest fails: importing the file again adds the rest.
func (in *optOutImport) write(ctx context.Context, b optOutBatch) error {
	added, err := in.store.AddOptOuts(ctx, b.plain)
	if err != nil {
		return storeError(err, in.store.Path())
	}
	in.added += added
	slices.SortFunc(b.hashed, func(x, y store.HashedOptOut) int { return bytes.Compare(x.Hash, y.Hash) })
	for part := range slices.Chunk(b.hashed, optOutBatchRows) {
		added, err := in.store.AddHashedOptOuts(ctx, part)
		if err != nil {
			return storeError(err, in.store.Path())
		}
		in.added += added
	}
	return nil
}

func (in *optOutImport) row(row *recipients.Row) {
	if in.hashes != nil {
		in.hashedRow(row)
		return
	}
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
	e := in.event(row)
	e.Phone = n.Digits()
	in.batch.plain = append(in.batch.plain, e)
}

// event is what a row says beside who it is about.
func (in *optOutImport) event(row *recipients.Row) store.OptOut {
	scope, err := optout.ParseScope(cellAt(row, in.scope))
	if err != nil { // rather everything than nothing
		in.bad = append(in.bad, badRow{row.Line, "optout.bad_scope", err.Error() + "; the number is on the list, for everything"})
		scope = optout.All
	}
	e := store.OptOut{
		Scope: scope, Source: "import", Reason: strings.TrimSpace(cellAt(row, in.reason)), Actor: in.who,
		Evidence: in.list.name + " sha256:" + in.list.sha + " line " + strconv.Itoa(row.Line),
	}
	if e.Reason == "" {
		e.Reason = "import"
	}
	if at := strings.TrimSpace(cellAt(row, in.at)); at != "" {
		if e.OccurredAt, err = readDate(at, in.zone); err != nil { // the person is on the list all the same
			in.bad = append(in.bad, badRow{row.Line, "optout.bad_time", err.Error() + "; the number is on the list, as of now"})
		}
	}
	return e
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
