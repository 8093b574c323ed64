package store

import (
	"context"
	"database/sql/driver"
	"sync"
)

// reader is a connection for the pages of recipients and receipts that a run reads all the time: through database/sql a
// row costs more than it does in SQLite. It is opened when it is first asked, and answers one at a time.
type reader struct {
	path string
	o    Options

	mu   sync.Mutex
	c    *conn
	over bool
}

// each calls do for every row, with dest filled.
func (r *reader) each(ctx context.Context, dest []driver.Value, do func() error, query string, args ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over:
		return ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case r.c == nil:
		c, err := openConn(uri(r.path), append(pragmas(r.o, 4<<10), "query_only(1)"))
		if err != nil {
			return err
		}
		r.c = c
	}
	return r.c.each(dest, do, query, args...)
}

func (r *reader) close() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c != nil {
		err = r.c.close()
	}
	r.c, r.over = nil, true
	return err
}
