package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// op is one change. apply may run more than once, in a new transaction each time, and must leave nothing behind but its
// last run's results.
type op interface {
	apply(tx *txn) error
}

type opFunc func(tx *txn) error

func (f opFunc) apply(tx *txn) error { return f(tx) }

// request is an op with somebody who may wait for its commit; done nil means nobody does.
type request struct {
	op
	done chan error
}

// maxBatch bounds a transaction: 512 changes are some milliseconds of work, which is what the first of them waits.
const maxBatch = 512

// queueSize bounds the outcomes that may wait for the writer: two batches, so that it never idles and a crash never
// leaves more in doubt than that.
const queueSize = 2 * maxBatch

// ErrClosed says that the store was closed before the change could be made.
var ErrClosed = errors.New("the store is closed")

// writer is the one goroutine that changes the database.
type writer struct {
	c *conn
	cache
	tables *tables
	now    func() time.Time
	in     chan request
	quit   chan struct{} // closed by stop
	over   chan struct{} // closed when the goroutine has ended
	kept   []request     // changes that nobody waits for and that met a full disk or a lock: tried again before all others
	why    error         // they were kept
	lost   error         // the first change that nobody waited for and that could not be made
	err    error         // of closing
}

func startWriter(c *conn, now func() time.Time) *writer {
	w := &writer{
		c: c, tables: newTables(), now: now, in: make(chan request, queueSize),
		quit: make(chan struct{}), over: make(chan struct{}),
	}
	go w.loop()
	return w
}

// do makes the change and returns when it is durable.
func (w *writer) do(ctx context.Context, o op) error {
	r := request{op: o, done: make(chan error, 1)}
	if err := w.put(ctx, r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-w.over: // it may have been the last thing done
		select {
		case err := <-r.done:
			return err
		default:
			return ErrClosed
		}
	}
}

func (w *writer) put(ctx context.Context, r request) error {
	select {
	case w.in <- r:
		return nil
	case <-w.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop lets everything that waits be written, then closes the connection.
func (w *writer) stop() error {
	select {
	case <-w.quit:
	default:
		close(w.quit)
	}
	<-w.over
	return w.err
}

func (w *writer) loop() {
	defer close(w.over)
	batch := make([]request, 0, maxBatch)
	for {
		select {
		case r := <-w.in:
			w.commit(w.gather(append(batch[:0], r)))
		case <-w.quit:
			for batch = w.gather(batch[:0]); len(batch) > 0; batch = w.gather(batch[:0]) {
				w.commit(batch)
			}
			if len(w.kept) > 0 {
				w.commit(nil)
			}
			if n := len(w.kept); n > 0 {
				w.lost = errors.Join(w.lost, fmt.Errorf("%d outcomes could not be written, their attempts will be taken for unknown: %w", n, w.why))
			}
			w.err = errors.Join(w.lost, w.c.close())
			return
		}
	}
}

// gather takes what waits. It does not wait for more, but it lets those run once who are about to ask: under load that
// nearly doubles a batch, and what a commit costs is shared by more.
func (w *writer) gather(batch []request) []request {
	for yielded := false; len(batch) < maxBatch; {
		select {
		case r := <-w.in:
			batch = append(batch, r)
		default:
			if yielded {
				return batch
			}
			yielded = true
			runtime.Gosched()
		}
	}
	return batch
}

// commit makes a batch durable in one transaction. If that fails, each change is tried alone, so that a poison row
// fails alone and its neighbours do not.
func (w *writer) commit(batch []request) {
	if len(w.kept) > 0 {
		batch = append(w.kept, batch...)
		w.kept = nil
	}
	err := w.transact(batch)
	if err == nil {
		w.answer(batch, nil)
		return
	}
	if hopeless(err) {
		w.postpone(batch, explain(err))
		return
	}
	if len(batch) == 1 {
		w.answer(batch, explain(err))
		return
	}
	for i := range batch {
		w.answer(batch[i:i+1], explain(w.transact(batch[i:i+1])))
	}
}

// postpone tells those who wait and keeps the rest for the next commit. What is kept is bounded: whoever sends waits for
// the commit before it, so that only what was in flight comes after the first such error.
func (w *writer) postpone(batch []request, err error) {
	for _, r := range batch {
		if r.done != nil {
			r.done <- err
			continue
		}
		w.kept, w.why = append(w.kept, r), err
	}
}

// hopeless says that every change of the batch would meet the same error.
func hopeless(err error) bool {
	e := explain(err)
	return errors.Is(e, ErrLocked) || errors.Is(e, ErrFull) || errors.Is(e, ErrCorrupt)
}

func (w *writer) answer(batch []request, err error) {
	for _, r := range batch {
		switch {
		case r.done != nil:
			r.done <- err
		case err != nil && w.lost == nil:
			w.lost = err
		}
	}
}

// transact applies the changes and commits. Whatever goes wrong, no transaction stays open.
func (w *writer) transact(batch []request) (err error) {
	if _, err := w.c.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	tx := &txn{conn: w.c, cache: &w.cache, tables: w.tables, now: w.now().UnixMilli()}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a change panicked: %v", p)
		}
		if err != nil {
			_, _ = w.c.exec(`ROLLBACK`) // SQLite may have rolled back already
			w.cache.forget()            // it holds what never happened
		}
	}()
	if err := tx.cache.begun(tx); err != nil {
		return err
	}
	for _, r := range batch {
		if err := r.apply(tx); err != nil {
			return err
		}
	}
	if err := tx.settle(); err != nil {
		return err
	}
	if err := tx.tally.flush(tx); err != nil {
		return err
	}
	if _, err := w.c.exec(`COMMIT`); err != nil {
		return err
	}
	for _, f := range tx.committed {
		f()
	}
	return nil
}

// txn is the transaction that an op works in.
type txn struct {
	*conn
	cache     *cache
	tables    *tables
	pending   pending
	now       int64 // the same for all of it
	tally     tally
	leases    map[int64]string // lease tokens read in this transaction
	committed []func()
}

func (tx *txn) afterCommit(f func()) { tx.committed = append(tx.committed, f) }

func row(n int) []driver.Value { return make([]driver.Value, n) }
