package store

import (
	"database/sql/driver"

	"github.com/smsctl/smsctl/campaign/optout"
)

// cache is what the writer remembers between its transactions. A message's steps (begin, outcome, receipt) come some
// milliseconds apart, and reading its rows again for each would cost more than writing them.
//
// It is right for two reasons. Every transaction holds the database's write lock and asks SQLite first whether another
// connection has written since the last one: then everything is forgotten. And every statement that a change runs
// through its txn writes what is pending first, and forgets when it is one that writes; only what keeps the cache right
// by itself goes past that, by txn.conn.
type cache struct {
	version    int64 // SQLite's count of the commits of other connections
	recipients shelf[recipientRow]
	attempts   shelf[attemptRow]
	attemptID  int64                   // the last id given out; 0 = not known
	receiptID  int64                   // likewise
	targets    map[int64]optout.Target // of campaigns
	optOuts    answer                  // whether there is any
	recent     map[int64][]int64       // the campaigns that count for the caps of a campaign

	hashers      []optout.Hasher // of the kinds of hashed opt-outs
	hashersKnown bool
}

// answer is a yes or no that may have to be found out.
type answer int8

const (
	notAsked answer = iota
	no
	yes
)

// begun finds out, at the beginning of a transaction, whether another connection has written.
func (c *cache) begun(tx *txn) error {
	d := row(1)
	if _, err := tx.conn.row(d, `PRAGMA data_version`); err != nil {
		return err
	}
	if v := integer(d[0]); v != c.version {
		c.forget()
		c.version = v
	}
	c.recipients.age()
	c.attempts.age()
	return nil
}

// forget drops everything but the version.
func (c *cache) forget() { *c = cache{version: c.version} }

// stored is a row as it is to be, and as the database has it.
type stored[T any] struct {
	row, was T
	fresh    bool // the database has it not yet
	pending  bool
}

// shelf keeps rows by id. They grow old together, and are thrown away together unless somebody has asked for them.
type shelf[T any] struct{ young, old map[int64]*stored[T] }

// shelfRows is how many rows grow old together: at full speed, the receipts of some seconds find their attempts.
const shelfRows = 8192

func (s *shelf[T]) get(id int64) *stored[T] {
	if p, ok := s.young[id]; ok {
		return p
	}
	p, ok := s.old[id]
	if ok {
		s.put(id, p)
	}
	return p
}

func (s *shelf[T]) put(id int64, p *stored[T]) {
	if s.young == nil {
		s.young = make(map[int64]*stored[T])
	}
	s.young[id] = p
}

func (s *shelf[T]) drop(id int64) {
	delete(s.young, id)
	delete(s.old, id)
}

// age is called between transactions, when nothing is pending.
func (s *shelf[T]) age() {
	if len(s.young) >= shelfRows {
		s.young, s.old = s.old, s.young
		clear(s.young)
	}
}

// exec, insert, row and each are those of the connection, after what is pending: no statement finds other rows than the
// changes before it have left.
func (tx *txn) exec(query string, args ...any) (int64, error) {
	if err := tx.settle(); err != nil {
		return 0, err
	}
	tx.cache.forget()
	return tx.conn.exec(query, args...)
}

func (tx *txn) insert(query string, args ...any) (int64, error) {
	if err := tx.settle(); err != nil {
		return 0, err
	}
	tx.cache.forget()
	return tx.conn.insert(query, args...)
}

func (tx *txn) row(dest []driver.Value, query string, args ...any) (found bool, err error) {
	if err := tx.settle(); err != nil {
		return false, err
	}
	return tx.conn.row(dest, query, args...)
}

func (tx *txn) each(dest []driver.Value, do func() error, query string, args ...any) error {
	if err := tx.settle(); err != nil {
		return err
	}
	return tx.conn.each(dest, do, query, args...)
}
