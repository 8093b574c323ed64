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

// SchemaVersion is the schema that this program writes.
const SchemaVersion = 1

// ErrNewer says that the database was written by a later smsctl.
var ErrNewer = errors.New("the database was written by a newer smsctl: update smsctl")

// migrate brings the schema up to date. Several processes may try at the same time; each migration is one transaction
// and the losers find it done.
func migrate(ctx context.Context, dsn string) (err error) {
	db, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	v, err := schemaVersion(ctx, db)
	switch {
	case err != nil:
		return err
	case v == SchemaVersion:
		return nil
	case v > SchemaVersion:
		return fmt.Errorf("schema %d, this smsctl knows %d: %w", v, SchemaVersion, ErrNewer)
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		if v, e := schemaVersion(ctx, db); e == nil && v == SchemaVersion {
			return nil // another process was faster
		}
		return fmt.Errorf("migrating the schema: %w", err)
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", SchemaVersion))
	return err
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
