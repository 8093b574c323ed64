package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/store"
)

func newDBCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use: "db", Short: "Look after the database",
		Example: "smsctl db check     # do all sums hold?\nsmsctl db backup",
	},
		newDBInfoCommand(a), newDBCheckCommand(a), newDBBackupCommand(a), newDBMigrateCommand(a), newDBPruneCommand(a), newDBForgetCommand(a))
}

func newDBInfoCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "info", Short: "Show what the database holds and how large it is", Args: cobra.NoArgs,
		Example: "smsctl db info\nsmsctl db info --json --jq .size_bytes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dbInfo(ctx) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) dbInfo(ctx context.Context) error {
	i, err := s.store.Info(ctx)
	if err != nil {
		return err
	}
	doc := struct {
		Document string `json:"document"` // "schema" is the database's
		*store.Info
	}{"smsctl.db_info/1", i}
	return s.print(doc, func() error {
		disk := "--"
		if i.Disk != nil {
			disk = bytesText(*i.Disk)
		}
		return s.printf("%s\n%s", i.Path, fields([][2]string{
			{"id", i.ID},
			{"schema", fmt.Sprint(i.Schema)},
			{"sqlite", i.SQLite},
			{"size", bytesText(i.Size) + ", of which free " + bytesText(i.Free)},
			{"wal", bytesText(i.WAL)},
			{"disk free", disk},
			{"campaigns", count(i.Campaigns)},
			{"recipients", count(i.Recipients)},
			{"attempts", count(i.Attempts)},
			{"receipts", count(i.Receipts) + ", parked " + count(i.Parked)},
			{"opt-outs", count(i.OptOuts)},
		}))
	})
}

// fields are names and values, one pair a line.
func fields(pairs [][2]string) string {
	var b strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&b, "  %-11s %s\n", p[0], p[1])
	}
	return b.String()
}

// bytesText is a size for people.
func bytesText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

func newDBCheckCommand(a *app) *cobra.Command {
	var deep, simulate bool
	cmd := &cobra.Command{
		Use: "check", Short: "Prove the database: the file, the sums of every campaign, every message against its attempts", Args: cobra.NoArgs,
		Long: `Prove the database. SQLite checks the file; then, for every campaign, the sums are made from the rows:

    rows = invalid + duplicate + opted_out + eligible
    eligible = queued + sending + accepted + failed + expired + unknown + cancelled + suppressed
    accepted = delivered + undelivered + awaiting + no_receipt
    attempts = accepted + refused + ambiguous + sending

the rollups that reports are made of are compared with the rows, every message with its attempts, every attempt with its
receipts, and the opt-out list with its events. It can run while messages are being sent: it looks at one moment.`,
		Example: "smsctl db check\nsmsctl db check --deep     # SQLite's indexes too\nsmsctl db check --json --jq '.findings[]'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dbCheck(ctx, deep) })
		},
	}
	cmd.Flags().BoolVar(&deep, "deep", false, "compare the indexes with their tables too, which takes longer")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) dbCheck(ctx context.Context, deep bool) error {
	res, err := s.store.Check(ctx, deep)
	if err != nil {
		return storeError(err, s.store.Path())
	}
	total := int64(len(res.Findings)) + res.More
	doc := struct {
		Schema string `json:"schema"`
		OK     bool   `json:"ok"`
		*store.CheckResult
	}{"smsctl.db_check/1", total == 0, res}
	if err := s.print(doc, func() error {
		var b strings.Builder
		for _, f := range res.Findings {
			b.WriteString(cleanCell(f.String()) + "\n")
		}
		if res.More > 0 {
			fmt.Fprintf(&b, "… and %s more\n", count(res.More))
		}
		fmt.Fprintf(&b, "%s, %s, %s, %s: ", plural(res.Campaigns, "campaign"), plural(int(res.Recipients), "recipient"), plural(int(res.Attempts), "attempt"), plural(int(res.Receipts), "receipt"))
		if total == 0 {
			b.WriteString("✓ all sums hold\n")
		} else {
			b.WriteString(count(total) + " findings\n")
		}
		return s.printf("%s", b.String())
	}); err != nil {
		return err
	}
	if total > 0 {
		return fail(exitError, "db.findings", "the database does not prove: %s findings", count(total)).at("%s", s.store.Path()).
			fix("keep a copy (smsctl db backup) and report it; a backup of before may be sound").with("findings", total)
	}
	return nil
}

func newDBBackupCommand(a *app) *cobra.Command {
	var out string
	var simulate bool
	cmd := &cobra.Command{
		Use: "backup", Short: "Copy the database while it is being used", Args: cobra.NoArgs,
		Long:    "Copy the database, of one moment, while it is being used. The copy gets its name when it is whole. Nothing is overwritten.",
		Example: "smsctl db backup\nsmsctl db backup -o /backup/smsctl.db",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dbBackup(ctx, out) })
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "`FILE` to write (default: beside the database, with the time in its name)")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) dbBackup(ctx context.Context, out string) error {
	if out == "" {
		ext := filepath.Ext(s.store.Path())
		out = strings.TrimSuffix(s.store.Path(), ext) + "-" + s.now().UTC().Format("20060102T150405Z") + ext
	}
	err := s.store.Backup(ctx, out)
	switch {
	case errors.Is(err, os.ErrExist):
		return fail(exitError, "db.backup_exists", "there is a file of that name, and backups overwrite nothing").at("%s", out).
			fix("name another file with -o").because(err)
	case errors.Is(err, store.ErrFull):
		return fail(exitError, "store.full", "there is no room for the backup").at("%s", out).fix("name another disk with -o").because(err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		return unwritable(out, err)
	case err != nil:
		return storeError(err, s.store.Path())
	}
	st, err := os.Stat(out)
	if err != nil {
		return fmt.Errorf("looking at the backup: %w", err)
	}
	return s.print(map[string]any{"schema": "smsctl.db_backup/1", "path": out, "size_bytes": st.Size()}, func() error {
		return s.printf("%s  %s\n", out, bytesText(st.Size()))
	})
}

func newDBMigrateCommand(a *app) *cobra.Command {
	var dryRun, simulate bool
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database's schema up to date, after backing it up", Args: cobra.NoArgs,
		Example: "smsctl db migrate --dry-run   # what it would do\nsmsctl db migrate",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.dbMigrate(cmd.Context(), dryRun, simulate) },
	}
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only say what would be done")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

// dbMigrate works on the file before anything opens it as a store, which would bring it up to date by itself.
func (a *app) dbMigrate(ctx context.Context, dryRun, simulate bool) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	path := a.databasePath(cfg)
	if simulate && !cfg.onlySimulated() && a.flags.db == "" {
		path = simulatedPath(path)
	}
	var saved string
	var p store.Pending
	if dryRun {
		p, err = store.PendingMigrations(ctx, path)
	} else {
		p, saved, err = store.Migrate(ctx, path, store.Options{Now: a.now})
	}
	if err != nil {
		return storeError(err, path)
	}
	doc := struct {
		Schema string `json:"schema"`
		store.Pending
		Path   string `json:"path"`
		DryRun bool   `json:"dry_run"`
		Backup string `json:"backup"`
	}{"smsctl.db_migrate/1", p, path, dryRun, saved}
	return a.print(doc, func() error {
		switch {
		case len(p.Run) == 0:
			return a.printf("%s: schema %d, nothing to do\n", path, p.From)
		case dryRun:
			return a.printf("%s: schema %d, would run %s\n", path, p.From, strings.Join(p.Run, ", "))
		case saved != "":
			return a.printf("%s: schema %d, was %d; the old one is in %s\n", path, p.To, p.From, saved)
		}
		return a.printf("%s: schema %d\n", path, p.To)
	})
}
