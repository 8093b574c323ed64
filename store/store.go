// Package store keeps everything that smsctl knows in SQLite. It is the only package that knows SQL.
//
// All writes go through one writer goroutine on a connection of its own (writer.go). Whoever must not go on before a
// write is durable blocks until its commit; the writer takes everything that waits into one transaction, so the price
// of an fsync is shared by all. Reads use a small pool beside it.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
)

// Options say how a store is opened.
type Options struct {
	Now         func() time.Time // the clock; nil is time.Now
	BusyTimeout time.Duration    // how long another process's write is waited for; 0 is 10 s
	CacheKB     int              // the writer's page cache; 0 is 64 MB

	HashKeys func() ([]optout.Key, error) // of hashed numbers: the config's, ours first. Asked when there is something to hash
}

// Store is one open database. It is safe for concurrent use.
type Store struct {
	path  string
	o     Options
	now   func() time.Time
	read  *sql.DB
	run   reader // of what a run asks for all the time
	w     *writer
	id    string // of the database: refs of attempts begin with it
	key   []byte // signs callback URLs
	names carrierNames
}

// Open opens the database at path, makes it if it is not there, and brings its schema up to date.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 10 * time.Second
	}
	if o.CacheKB == 0 {
		o.CacheKB = 64 << 10
	}
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	s := &Store{path: path, o: o, now: o.Now, run: reader{path: path, o: o}}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database %s: %w", path, explain(err)), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	if err := migrate(ctx, dsn(s.path, o, 2<<10)); err != nil {
		return err
	}
	c, err := openConn(uri(s.path), append(pragmas(o, o.CacheKB), "synchronous(NORMAL)")) // syncer.go does the rest
	if err != nil {
		return err
	}
	s.w = startWriter(c, o.Now, s.Keys)
	s.read, err = sql.Open("sqlite", dsn(s.path, o, 8<<10)+"&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	return s.identify(ctx)
}

// createPrivate makes the file before SQLite does, so that nobody else may read the numbers in it.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// uri names the file so that no character of its path means anything to SQLite.
func uri(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}

// pragmas are the settings of every connection. That the journal is a WAL is a property of the file (migrate.go).
func pragmas(o Options, cacheKB int) []string {
	return []string{
		fmt.Sprintf("busy_timeout(%d)", o.BusyTimeout.Milliseconds()),
		"synchronous(FULL)",
		"foreign_keys(0)",
		"temp_store(FILE)",
		fmt.Sprintf("cache_size(-%d)", cacheKB),
		"wal_autocheckpoint(10000)",
		"journal_size_limit(67108864)",
	}
}

func dsn(path string, o Options, cacheKB int) string {
	q := url.Values{}
	for _, p := range pragmas(o, cacheKB) {
		q.Add("_pragma", p)
	}
	return uri(path) + "?" + q.Encode()
}

// Close waits for what is being written and closes the database.
func (s *Store) Close() error {
	var errs []error
	if s.w != nil {
		errs = append(errs, s.w.stop())
	}
	errs = append(errs, s.run.close())
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	return errors.Join(errs...)
}

// Path is where the database lies.
func (s *Store) Path() string { return s.path }

// ID is the database's own name: it makes the refs of its attempts unique among all databases of a carrier's account.
func (s *Store) ID() string { return s.id }

// CallbackKey signs the callback URLs unless the config names a key.
func (s *Store) CallbackKey() []byte { return s.key }

// identify reads the database's id and key and makes them the first time.
func (s *Store) identify(ctx context.Context) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		for _, m := range []struct {
			key  string
			make func() string
		}{
			{"database_id", func() string { return randomID() }},
			{"callback_key", func() string { b := make([]byte, 32); _, _ = rand.Read(b); return hex.EncodeToString(b) }},
		} {
			if _, err := tx.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, m.key, m.make()); err != nil {
				return err
			}
		}
		return s.readIdentity(tx)
	}))
}

func (s *Store) readIdentity(tx *txn) error {
	d := row(2)
	return tx.each(d, func() (err error) {
		switch text(d[0]) {
		case "database_id":
			s.id = text(d[1])
		case "callback_key":
			s.key, err = hex.DecodeString(text(d[1]))
		}
		return err
	}, `SELECT key, value FROM meta WHERE key IN ('database_id', 'callback_key')`)
}

// randomID is eight characters of Crockford's alphabet in lower case: no letter that reads as another.
func randomID() string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b)
}

// carrierNames gives carriers the small integers by which rows name them.
type carrierNames struct {
	mu   sync.RWMutex
	ids  map[string]int64
	name map[int64]string
}

func (n *carrierNames) id(name string) (int64, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	id, ok := n.ids[name]
	return id, ok
}

func (n *carrierNames) of(id int64) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.name[id]
}

func (n *carrierNames) put(name string, id int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ids == nil {
		n.ids, n.name = map[string]int64{}, map[int64]string{}
	}
	n.ids[name], n.name[id] = id, name
}

// carrierID finds or makes the integer of a carrier's name, inside the transaction that uses it. A rolled back
// transaction may leave a name in the cache whose row is gone, so the row is written whenever the name is new to us.
func (s *Store) carrierID(tx *txn, name string) (int64, error) {
	if id, ok := s.names.id(name); ok {
		return id, nil
	}
	if _, err := tx.exec(`INSERT INTO carriers (name) VALUES (?) ON CONFLICT DO NOTHING`, name); err != nil {
		return 0, err
	}
	d := row(1)
	if _, err := tx.row(d, `SELECT id FROM carriers WHERE name = ?`, name); err != nil {
		return 0, err
	}
	id := integer(d[0])
	tx.afterCommit(func() { s.names.put(name, id) })
	return id, nil
}

var _ campaign.Store = (*Store)(nil)
