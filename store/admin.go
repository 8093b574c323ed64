package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
)

// Info is what `db info` shows of a database.
type Info struct {
	Path       string    `json:"path"`
	ID         string    `json:"id"`
	Schema     int       `json:"schema"`
	SQLite     string    `json:"sqlite"`
	Size       int64     `json:"size_bytes"`
	WAL        int64     `json:"wal_bytes"`  // changes that are not in the file yet
	Free       int64     `json:"free_bytes"` // inside the file, to be used again
	OwesScrub  bool      `json:"owes_scrub"` // what was taken out may still be in unused parts of it
	Disk       *int64    `json:"disk_free_bytes"`
	Campaigns  int64     `json:"campaigns"`
	Recipients int64     `json:"recipients"`
	Attempts   int64     `json:"attempts"`
	Receipts   int64     `json:"receipts"`
	Parked     int64     `json:"receipts_parked"` // of messages that nobody knows
	OptOuts    int64     `json:"optouts"`
	At         time.Time `json:"at"`
}

// Info reads what the database holds. Rows are counted by the rollups and by the highest id, not one by one.
func (s *Store) Info(ctx context.Context) (*Info, error) {
	i := &Info{Path: s.path, ID: s.id, At: s.now().UTC(), Disk: diskFree(filepath.Dir(s.path))}
	err := s.snapshot(ctx, func(tx *sql.Tx) error {
		var pages, pageSize, freePages int64
		for _, q := range []struct {
			query string
			into  any
		}{
			{`SELECT sqlite_version()`, &i.SQLite},
			{`PRAGMA user_version`, &i.Schema},
			{`PRAGMA page_count`, &pages},
			{`PRAGMA page_size`, &pageSize},
			{`PRAGMA freelist_count`, &freePages},
			{`SELECT count(*) FROM campaigns`, &i.Campaigns},
			{`SELECT coalesce(sum(n), 0) FROM recipient_counts`, &i.Recipients},
			{`SELECT coalesce(sum(n), 0) FROM attempt_counts`, &i.Attempts},
			{`SELECT coalesce(max(id), 0) FROM receipts`, &i.Receipts},
			{`SELECT count(*) FROM receipts WHERE attempt_id IS NULL`, &i.Parked},
			{`SELECT count(*) FROM optouts`, &i.OptOuts},
		} {
			if err := tx.QueryRowContext(ctx, q.query).Scan(q.into); err != nil {
				return err
			}
		}
		i.Size, i.Free = pages*pageSize, freePages*pageSize
		return nil
	})
	if err == nil {
		i.OwesScrub, err = s.OwesScrub(ctx)
	}
	if st, e := os.Stat(s.path + "-wal"); e == nil {
		i.WAL = st.Size()
	}
	return i, err
}

// Backup writes a copy of the database, of one moment, while it is being used. The copy gets its name when it is whole;
// a file that has that name already is never touched.
func (s *Store) Backup(ctx context.Context, to string) error {
	if err := backup(ctx, s.path, to); err != nil {
		return fmt.Errorf("backing up to %s: %w", to, explain(err))
	}
	return nil
}

func backup(ctx context.Context, from, to string) (err error) {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%w: choose another name or move it away", os.ErrExist)
	}
	dir, err := os.MkdirTemp(filepath.Dir(to), ".smsctl-backup-*") // for the owner alone, as the database is
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tmp := filepath.Join(dir, "copy.db")
	if err := vacuumInto(ctx, from, tmp); err != nil {
		return err
	}
	if err := syncFile(tmp); err != nil {
		return err
	}
	// A link refuses a name that somebody took meanwhile, a rename would not.
	if err := os.Link(tmp, to); err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	return os.Rename(tmp, to)
}

// vacuumInto has SQLite write a compact copy: it reads one snapshot and stands in nobody's way.
func vacuumInto(ctx context.Context, from, to string) (err error) {
	db, err := sql.Open("sqlite", dsn(from, Options{BusyTimeout: 10 * time.Second}, 8<<10))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return err
	} else if err := f.Close(); err != nil { // SQLite fills an empty file, which has our permissions already
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	return err
}

func syncFile(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

// Pending is what `db migrate --dry-run` shows.
type Pending struct {
	From int      `json:"from"`
	To   int      `json:"to"`
	Run  []string `json:"migrations"` // files, in their order
}

// PendingMigrations says what Open would do to the database at path. A file that is not there needs them all.
func PendingMigrations(ctx context.Context, path string) (p Pending, err error) {
	p.To, p.Run = SchemaVersion(), []string{}
	if st, err := os.Stat(path); err == nil && st.Size() > 0 {
		if p.From, err = schemaOf(ctx, path); err != nil {
			return p, fmt.Errorf("reading the schema of %s: %w", path, explain(err))
		}
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return p, err
	}
	if p.From > SchemaVersion() {
		return p, fmt.Errorf("%s has schema %d, this smsctl knows %d: %w", path, p.From, SchemaVersion(), ErrNewer)
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return p, err
	}
	for _, f := range files {
		if v, err := goose.NumericComponent(f.Name()); err == nil && int(v) > p.From {
			p.Run = append(p.Run, f.Name())
		}
	}
	return p, nil
}

func schemaOf(ctx context.Context, path string) (v int, err error) {
	db, err := sql.Open("sqlite", dsn(path, Options{BusyTimeout: 10 * time.Second}, 2<<10)+"&_pragma=query_only(1)&mode=ro")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return schemaVersion(ctx, db)
}

// Migrate brings the database at path up to date. Before it changes anything it backs an existing database up, beside
// it and under the name that it returns.
func Migrate(ctx context.Context, path string, o Options) (p Pending, saved string, err error) {
	if p, err = PendingMigrations(ctx, path); err != nil {
		return p, "", err
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	if p.From > 0 && len(p.Run) > 0 {
		saved = fmt.Sprintf("%s.schema%d-%s.bak", path, p.From, now().UTC().Format("20060102T150405Z"))
		if err := backup(ctx, path, saved); err != nil {
			return p, "", fmt.Errorf("backing up to %s: %w", saved, explain(err))
		}
	}
	s, err := Open(ctx, path, o)
	if err != nil {
		return p, saved, err
	}
	return p, saved, s.Close()
}

// openPlain opens a connection of its own for work on the whole file.
func openPlain(dsn string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}
