package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/smsctl/smsctl/campaign/optout"
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
	keys   func() ([]optout.Key, error) // of hashed numbers
	in     chan request
	quit   chan struct{} // closed by stop
	over   chan struct{} // closed when the goroutine has ended
	kept   []request     // changes that nobody waits for and that met a full disk or a lock: tried again before all others
	why    error         // they were kept
	lost   error         // the first change that nobody waited for and that could not be made
	err    error         // of closing

	syncer  *syncer
	syncing bool      // the syncer is at work
	fresh   bool      // something was committed since it began
	waiting []request // of those commits, whoever waits for one
	broken  error     // the disk failed: nothing can be promised any more
}

func startWriter(c *conn, now func() time.Time, keys func() ([]optout.Key, error)) *writer {
	w := &writer{
		c: c, tables: newTables(), now: now, keys: keys, in: make(chan request, queueSize), syncer: startSyncer(c.log()),
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
			batch = w.commit(append(batch[:0], r))
		case err := <-w.syncer.done:
			w.synced(err)
		case <-w.quit:
			w.finish(batch)
			return
		}
	}
}

// finish writes what waits, then closes.
func (w *writer) finish(batch []request) {
	for again := true; again; {
		select {
		case r := <-w.in:
			batch = w.commit(append(batch[:0], r))
		default:
			again = false
		}
	}
	if len(w.kept) > 0 {
		w.commit(batch[:0])
	}
	if n := len(w.kept); n > 0 {
		w.lost = errors.Join(w.lost, fmt.Errorf("%d outcomes could not be written, their attempts will be taken for unknown: %w", n, w.why))
	}
	for w.syncing {
		w.synced(<-w.syncer.done)
	}
	close(w.syncer.in)
	for range w.syncer.done { // until it has ended
	}
	w.err = errors.Join(w.lost, w.broken, w.c.close())
}

// commit makes a batch durable in one transaction, which takes in what comes meanwhile. If that fails, each change is
// tried alone, so that a poison row fails alone and its neighbours do not. It returns the batch's memory.
func (w *writer) commit(batch []request) []request {
	if len(w.kept) > 0 {
		batch = append(w.kept, batch...)
		w.kept = nil
	}
	if w.broken != nil {
		w.answer(batch, w.broken)
		return batch
	}
	err := w.transact(&batch, w.more)
	if err == nil {
		w.flush(batch)
		return batch
	}
	if hopeless(err) {
		w.postpone(batch, explain(err))
		return batch
	}
	if len(batch) == 1 {
		w.answer(batch, explain(err))
		return batch
	}
	for i := range batch {
		one := batch[i : i+1]
		if err := w.transact(&one, nil); err != nil {
			w.answer(one, explain(err))
		} else {
			w.flush(one)
		}
	}
	return batch
}

// more takes another request into the transaction that is open. While the last one is on its way to the disk there is
// nothing better to do than to wait for more; otherwise it does not wait, but it lets those run once who are about to ask:
// what a commit costs is shared by more.
func (w *writer) more(batch *[]request) bool {
	for yielded := false; len(*batch) < maxBatch; {
		if w.syncing {
			select {
			case r := <-w.in:
				*batch = append(*batch, r)
				return true
			case err := <-w.syncer.done:
				w.synced(err)
			}
			continue
		}
		select {
		case r := <-w.in:
			*batch = append(*batch, r)
			return true
		default:
			if yielded {
				return false
			}
			yielded = true
			runtime.Gosched()
		}
	}
	return false
}

// flush has a commit brought to the disk; whoever waits for it is answered then. If the disk failed while the transaction
// was open, a sync that succeeds now would prove nothing: what it does not bring along may lie before the commit.
func (w *writer) flush(batch []request) {
	if w.broken != nil {
		w.answer(batch, w.broken)
		return
	}
	w.fresh = true
	for _, r := range batch {
		if r.done != nil {
			w.waiting = append(w.waiting, r)
		}
	}
	w.sync()
}

// sync starts the syncer on what was committed since it began the last time.
func (w *writer) sync() {
	if w.syncing || !w.fresh {
		return
	}
	w.syncing, w.fresh = true, false
	waiting := w.waiting
	w.waiting = w.syncer.spare // before the syncer has the next to write
	w.syncer.spare = nil
	w.syncer.in <- waiting
}

// synced takes note of the end of a sync. After an error nothing is certain, also not what is written later.
func (w *writer) synced(err error) {
	w.syncing = false
	if err != nil && w.broken == nil {
		w.broken = err
	}
	if w.broken != nil {
		w.answer(w.waiting, w.broken)
		w.waiting, w.fresh = w.waiting[:0], false
		return
	}
	w.sync()
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

// transact applies the changes, and those that more adds to them, and commits. Whatever goes wrong, no transaction stays
// open.
func (w *writer) transact(batch *[]request, more func(*[]request) bool) (err error) {
	if _, err := w.c.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	tx := &txn{conn: w.c, cache: &w.cache, tables: w.tables, keys: w.keys, now: w.now().UnixMilli()}
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
	for i := 0; i < len(*batch) || more != nil && more(batch); i++ {
		if err := (*batch)[i].apply(tx); err != nil {
			return err
		}
	}
	if err := tx.settle(); err != nil {
		return err
	}
	if err := errors.Join(tx.bookOrders(), tx.tally.flush(tx)); err != nil {
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
	keys      func() ([]optout.Key, error)
	now       int64 // the same for all of it
	tally     tally
	leases    map[int64]string // lease tokens read in this transaction
	orders    map[int64]*orderBook
	committed []func()
}

func (tx *txn) afterCommit(f func()) { tx.committed = append(tx.committed, f) }

func row(n int) []driver.Value { return make([]driver.Value, n) }
