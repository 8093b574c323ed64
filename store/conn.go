package store

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime"
	"unsafe"

	"modernc.org/libc"
	_ "modernc.org/sqlite" // the driver of the reading side
	sqlite3 "modernc.org/sqlite/lib"
)

// conn is the writer's connection, by SQLite's own interface. Every message is some statements of two to five
// microseconds, and through database/sql or the driver each costs twice that: locks, a copy of each column's name and
// type, an allocation for each word. It belongs to one goroutine, so it needs none of SQLite's locks either.
type conn struct {
	tls   *libc.TLS
	db    uintptr
	out   uintptr // where SQLite puts a handle
	words buffer  // the texts and blobs of the statement that runs
	stmts map[string]*statement
}

// statement is prepared once and kept.
type statement struct {
	handle  uintptr
	columns int
}

// buffer is memory of SQLite's side.
type buffer struct {
	at         uintptr
	size, used int
}

func openConn(uri string, pragmas []string) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), stmts: map[string]*statement{}}
	name, err := libc.CString(uri)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, uintptr(unsafe.Pointer(&c.out)),
		sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_NOMUTEX|sqlite3.SQLITE_OPEN_URI, 0)
	c.db = c.out
	if rc != sqlite3.SQLITE_OK {
		return nil, errors.Join(c.failure(), c.close())
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	for _, p := range pragmas {
		if _, err := c.exec(`PRAGMA ` + p); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// log is the file of the write-ahead log. SQLite puts it beside the file that a symbolic link leads to.
func (c *conn) log() string {
	return libc.GoString(sqlite3.Xsqlite3_filename_wal(c.tls, sqlite3.Xsqlite3_db_filename(c.tls, c.db, 0)))
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		sqlite3.Xsqlite3_finalize(c.tls, s.handle)
	}
	var err error
	if sqlite3.Xsqlite3_close_v2(c.tls, c.db) != sqlite3.SQLITE_OK {
		err = c.failure()
	}
	libc.Xfree(c.tls, c.words.at)
	c.tls.Close()
	return err
}

// databaseError is what SQLite says.
type databaseError struct {
	code int
	text string
}

func (e *databaseError) Error() string { return fmt.Sprintf("%s (%d)", e.text, e.code) }

// Code is SQLite's extended result code.
func (e *databaseError) Code() int { return e.code }

func (c *conn) failure() error {
	return &databaseError{
		code: int(sqlite3.Xsqlite3_extended_errcode(c.tls, c.db)),
		text: libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)),
	}
}

// prepare keeps every statement it has seen: there are a few dozen, all constant.
func (c *conn) prepare(query string) (*statement, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	text, err := libc.CString(query)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(query)+1), sqlite3.SQLITE_PREPARE_PERSISTENT, uintptr(unsafe.Pointer(&c.out)), 0)
	if rc != sqlite3.SQLITE_OK {
		return nil, fmt.Errorf("preparing %.60q: %w", query, c.failure())
	}
	s := &statement{handle: c.out, columns: int(sqlite3.Xsqlite3_column_count(c.tls, c.out))}
	c.stmts[query] = s
	return s, nil
}

// bind gives a statement its parameters. All are given every time, so none has to be cleared.
func (c *conn) bind(s *statement, args []any) error {
	size := 0
	for _, a := range args {
		switch v := a.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	if err := c.words.reset(c.tls, size); err != nil {
		return err
	}
	free := static
	if s.columns > 0 { // while its rows are read, others may run
		free = transient
	}
	for i, a := range args {
		if c.bindOne(s.handle, int32(i+1), a, free) != sqlite3.SQLITE_OK {
			return c.failure()
		}
	}
	return nil
}

// static says that a parameter stays where it is until the statement has run, transient that SQLite must copy it.
const (
	static    = uintptr(0)
	transient = ^uintptr(0)
)

func (c *conn) bindOne(stmt uintptr, i int32, a any, free uintptr) int32 {
	switch v := a.(type) {
	case nil:
		return sqlite3.Xsqlite3_bind_null(c.tls, stmt, i)
	case int64:
		return sqlite3.Xsqlite3_bind_int64(c.tls, stmt, i, v)
	case string:
		return sqlite3.Xsqlite3_bind_text(c.tls, stmt, i, c.words.add(c.tls, unsafe.StringData(v), len(v)), int32(len(v)), free)
	case []byte:
		if v == nil {
			return sqlite3.Xsqlite3_bind_null(c.tls, stmt, i)
		}
		return sqlite3.Xsqlite3_bind_blob(c.tls, stmt, i, c.words.add(c.tls, unsafe.SliceData(v), len(v)), int32(len(v)), free)
	case float64:
		return sqlite3.Xsqlite3_bind_double(c.tls, stmt, i, v)
	}
	v, err := driver.DefaultParameterConverter.ConvertValue(a)
	if err != nil {
		return sqlite3.SQLITE_MISUSE
	}
	if b, ok := v.(bool); ok {
		v = boolInt(b)
	}
	return c.bindOne(stmt, i, v, free)
}

// reset makes room for size bytes.
func (b *buffer) reset(tls *libc.TLS, size int) error {
	if b.used = 0; size < b.size {
		return nil
	}
	libc.Xfree(tls, b.at)
	b.size = 2*size + 4096
	if b.at = libc.Xmalloc(tls, libc.Tsize_t(b.size)); b.at == 0 {
		b.size = 0
		return errors.New("out of memory")
	}
	return nil
}

// add copies; Go's own check of pointers does not know SQLite's memory.
//
//go:nocheckptr
func (b *buffer) add(tls *libc.TLS, from *byte, n int) uintptr {
	at := b.at + uintptr(b.used)
	if n > 0 {
		libc.Xmemcpy(tls, at, uintptr(unsafe.Pointer(from)), libc.Tsize_t(n))
		runtime.KeepAlive(from)
	}
	b.used += n
	return at
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	if err := c.each(nil, nil, query, args...); err != nil {
		return 0, err
	}
	return int64(sqlite3.Xsqlite3_changes(c.tls, c.db)), nil
}

// insert runs an INSERT and returns the new row's id.
func (c *conn) insert(query string, args ...any) (int64, error) {
	if err := c.each(nil, nil, query, args...); err != nil {
		return 0, err
	}
	return sqlite3.Xsqlite3_last_insert_rowid(c.tls, c.db), nil
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
	if err := c.bind(s, args); err != nil {
		return err
	}
	defer sqlite3.Xsqlite3_reset(c.tls, s.handle) // its result is that of the step
	for {
		switch sqlite3.Xsqlite3_step(c.tls, s.handle) {
		case sqlite3.SQLITE_DONE:
			return nil
		case sqlite3.SQLITE_ROW:
			if do == nil {
				continue
			}
		default:
			return c.failure()
		}
		for i := range dest[:min(len(dest), s.columns)] {
			dest[i] = c.column(s.handle, int32(i))
		}
		if err := do(); err != nil {
			return ignoreEOF(err)
		}
	}
}

func (c *conn) column(stmt uintptr, i int32) driver.Value {
	switch sqlite3.Xsqlite3_column_type(c.tls, stmt, i) {
	case sqlite3.SQLITE_INTEGER:
		return sqlite3.Xsqlite3_column_int64(c.tls, stmt, i)
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(c.tls, stmt, i)
	case sqlite3.SQLITE_TEXT:
		return libc.GoString(sqlite3.Xsqlite3_column_text(c.tls, stmt, i))
	case sqlite3.SQLITE_BLOB:
		return bytes.Clone(libc.GoBytes(sqlite3.Xsqlite3_column_blob(c.tls, stmt, i), int(sqlite3.Xsqlite3_column_bytes(c.tls, stmt, i)))) // it is SQLite's until the next step
	}
	return nil
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

// explain puts a sentence that people understand before SQLite's.
func explain(err error) error {
	var e interface {
		error
		Code() int
	}
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
