package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SchemaVersion is the schema that this program writes: the number of its last migration.
func SchemaVersion() int {
	files, err := migrations.ReadDir("migrations") // in their order
	if err != nil {
		panic(err) // they are part of the program
	}
	n, err := goose.NumericComponent(files[len(files)-1].Name())
	if err != nil {
		panic(err)
	}
	return int(n)
}

// ErrNewer says that the database was written by a later smsctl.
var ErrNewer = errors.New("the database was written by a newer smsctl: update smsctl")

// migrate brings the schema up to date. Whoever has to change something keeps everybody else out meanwhile: others that
// start now wait and find it done, and nobody changes the schema under a program that is at work.
func migrate(ctx context.Context, dsn string) (err error) {
	db, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if ready, err := current(ctx, db); ready || err != nil {
		return err
	}
	// In this order: whoever asks for the lock in the exclusive mode does not let go of a shared one while it waits.
	for _, alone := range []string{"BEGIN EXCLUSIVE", "PRAGMA locking_mode = EXCLUSIVE", "COMMIT"} {
		if _, err := db.ExecContext(ctx, alone); err != nil {
			return err
		}
	}
	if ready, err := current(ctx, db); ready || err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", SchemaVersion()))
	return err
}

// current says whether the database is as this program wants it.
func current(ctx context.Context, db *sql.DB) (bool, error) {
	v, err := schemaVersion(ctx, db)
	if err != nil {
		return false, err
	}
	if known := SchemaVersion(); v > known {
		return false, fmt.Errorf("schema %d, this smsctl knows %d: %w", v, known, ErrNewer)
	}
	var journal string
	err = db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal)
	return v == SchemaVersion() && journal == "wal", err
}

func provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithLogger(goose.NopLogger()))
}

// schemaVersion reads a header field: asking goose each time would cost every start some milliseconds.
func schemaVersion(ctx context.Context, db *sql.DB) (v int, err error) {
	err = db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&v)
	return v, err
}
