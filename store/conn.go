package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// conn is the writer's connection, used through the driver itself: database/sql's pool and its conversions cost as much
// as the statement where one statement is a few microseconds. It belongs to one goroutine.
type conn struct {
	c     driver.Conn
	stmts map[string]statement
	args  []driver.NamedValue
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func openConn(dsn string) (*conn, error) {
	c, err := (&sqlite.Driver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: map[string]statement{}}, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		_ = s.Close()
	}
	return c.c.Close()
}

// prepare keeps every statement it has seen: there are a few dozen, all constant.
func (c *conn) prepare(query string) (statement, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	p, err := c.c.Prepare(query)
	if err != nil {
		return nil, fmt.Errorf("preparing %.60q: %w", query, err)
	}
	s, ok := p.(statement)
	if !ok {
		return nil, errors.New("the SQLite driver's statements take no context")
	}
	c.stmts[query] = s
	return s, nil
}

func (c *conn) bind(args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	res, err := c.run(query, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// insert runs an INSERT and returns the new row's id.
func (c *conn) insert(query string, args ...any) (int64, error) {
	res, err := c.run(query, args)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func (c *conn) run(query string, args []any) (driver.Result, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	vals, err := c.bind(args)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), vals)
}

// row reads the first row into dest and says whether there was one.
func (c *conn) row(dest []driver.Value, query string, args ...any) (found bool, err error) {
	err = c.each(dest, func() error { found = true; return io.EOF }, query, args...)
	return found, err
}

// each calls do for every row, with dest filled; io.EOF from do ends it early.
func (c *conn) each(dest []driver.Value, do func() error, query string, args ...any) (err error) {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	vals, err := c.bind(args)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), vals)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		if err := rows.Next(dest); err != nil {
			return ignoreEOF(err)
		}
		if err := do(); err != nil {
			return ignoreEOF(err)
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// integer reads a column that may be NULL.
func integer(v driver.Value) int64 { n, _ := v.(int64); return n }

func text(v driver.Value) string {
	switch s := v.(type) {
	case string:
		return s
	case []byte:
		return string(s)
	}
	return ""
}

// The errors of the database that a user can do something about.
var (
	// ErrLocked says that another process held the database's write lock for longer than the busy timeout.
	ErrLocked = errors.New("the database is locked by another process")
	// ErrFull says that there was no room for the transaction, which is rolled back.
	ErrFull = errors.New("the disk is full")
	// ErrCorrupt says that the file is damaged or no smsctl database.
	ErrCorrupt = errors.New("the file is damaged or no smsctl database")
)

// explain puts a sentence that people understand before the driver's.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}
