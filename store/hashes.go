package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign/optout"
)

// HashedOptOut is an opt-out whose number nobody has told us, or that we are not to keep.
type HashedOptOut struct {
	Hash       []byte
	Kind       optout.HashKind
	Scope      optout.Scope
	Reason     string
	Actor      string
	Evidence   string
	OccurredAt time.Time
	RecordedAt time.Time
	HonouredAt time.Time // when it first kept a message from being sent; zero = never yet
}

// NumberKey is the key of hashed numbers of a database whose config names none. It leads back to no other key of it.
func (s *Store) NumberKey() []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("phone numbers"))
	return mac.Sum(nil)
}

// Keys are those of the config, the first of which is ours, and the database's own.
func (s *Store) Keys() (keys []optout.Key, err error) {
	if s.o.HashKeys != nil {
		if keys, err = s.o.HashKeys(); err != nil {
			return nil, err
		}
	}
	return append(keys, optout.NewKey(s.NumberKey())), nil
}

// OwnKey is the key under which this database hashes numbers itself: the config's, else its own.
func (s *Store) OwnKey() (optout.Key, error) {
	keys, err := s.Keys()
	if err != nil {
		return optout.Key{}, err
	}
	return keys[0], nil
}

// hashRows is how many rows of a list one statement inserts.
const hashRows = 50

//nolint:gochecknoglobals // a constant statement
var insertHashes = `INSERT INTO optout_hashes (hash, scope, alg, key_id, reason, actor, evidence, occurred_at, recorded_at) VALUES ` +
	strings.TrimSuffix(strings.Repeat(`(?,?,?,?,?,?,?,?,?),`, hashRows), ",") + ` ON CONFLICT DO NOTHING`

// AddHashedOptOuts puts hashes on the list and returns how many were not there before. What is queued for their numbers is
// suppressed when its turn comes: until then nobody knows whose they are.
func (s *Store) AddHashedOptOuts(ctx context.Context, list []HashedOptOut) (added int, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		added = 0
		kinds := map[optout.HashKind]bool{}
		for part := range slices.Chunk(list, hashRows) {
			query, args := insertHashes, make([]any, 0, 9*hashRows)
			if len(part) < hashRows {
				query = strings.Replace(insertHashes, strings.Repeat(`,(?,?,?,?,?,?,?,?,?)`, hashRows-len(part)), "", 1)
			}
			for i := range part {
				o := &part[i]
				kinds[o.Kind] = true
				args = append(args, o.Hash, string(o.Scope), string(o.Kind.Alg), o.Kind.KeyID, o.Reason, o.Actor, o.Evidence, tx.at(o.OccurredAt), tx.now)
			}
			n, err := tx.exec(query, args...)
			if err != nil {
				return err
			}
			added += int(n)
		}
		for k := range kinds {
			if _, err := tx.exec(`INSERT INTO optout_hash_kinds (alg, key_id) VALUES (?, ?) ON CONFLICT DO NOTHING`, string(k.Alg), k.KeyID); err != nil {
				return err
			}
		}
		return nil
	}))
	return added, err
}

// at is when something happened: now, where nobody has said.
func (tx *txn) at(t time.Time) int64 {
	if t.IsZero() {
		return tx.now
	}
	return t.UnixMilli()
}

const hashKindsQuery = `SELECT alg, key_id FROM optout_hash_kinds`

// kindOf reads a row of optout_hash_kinds.
func kindOf(d []driver.Value) optout.HashKind {
	return optout.HashKind{Alg: optout.Alg(text(d[0])), KeyID: text(d[1])}
}

// hashers make the hashes of all kinds that are on the list.
func (tx *txn) hashers() ([]optout.Hasher, error) {
	if tx.cache.hashersKnown {
		return tx.cache.hashers, nil
	}
	var kinds []optout.HashKind
	d := row(2)
	if err := tx.conn.each(d, func() error { kinds = append(kinds, kindOf(d)); return nil }, hashKindsQuery); err != nil {
		return nil, err
	}
	all, err := hashersOf(kinds, tx.keys)
	if err != nil {
		return nil, err
	}
	tx.cache.hashers, tx.cache.hashersKnown = all, true
	return all, nil
}

// hashersOf asks for the keys only where a kind needs one.
func hashersOf(kinds []optout.HashKind, keys func() ([]optout.Key, error)) ([]optout.Hasher, error) {
	var known []optout.Key
	if slices.ContainsFunc(kinds, func(k optout.HashKind) bool { return k.Alg == optout.HMAC }) {
		var err error
		if known, err = keys(); err != nil {
			return nil, err
		}
	}
	return optout.Hashers(kinds, known)
}

// blockedHash returns the hashed entry that forbids sending a message to a number, nil if there is none.
func (tx *txn) blockedHash(phone int64, target optout.Target) (by *block, err error) {
	hashers, err := tx.hashers()
	if err != nil {
		return nil, err
	}
	d := row(1)
	for _, h := range hashers {
		for _, sum := range h.Sums(uint64(phone)) {
			err := tx.conn.each(d, func() error {
				if blocked, _ := target.Blocked(optout.Scope(text(d[0]))); blocked && by == nil {
					by = &block{scope: text(d[0]), hash: slices.Clone(sum[:])}
				}
				return nil
			}, `SELECT scope FROM optout_hashes WHERE hash = ?`, sum[:])
			if err != nil || by != nil {
				return by, err
			}
		}
	}
	return nil, nil //nolint:nilnil // no entry is a usual answer
}

// hashedEntries are the hashed entries that a number fits.
func (s *Store) hashedEntries(ctx context.Context, phone uint64) (list []HashedOptOut, err error) {
	hashers, err := s.hashers(ctx)
	for _, h := range hashers {
		for _, sum := range h.Sums(phone) {
			if err := s.EachHashedOptOut(ctx, func(o HashedOptOut) error { list = append(list, o); return nil }, sum[:]); err != nil {
				return nil, err
			}
		}
	}
	return list, err
}

func (s *Store) hashers(ctx context.Context) ([]optout.Hasher, error) {
	var kinds []optout.HashKind
	var k optout.HashKind
	if err := eachRow(ctx, s.read, []any{&k.Alg, &k.KeyID}, func() error { kinds = append(kinds, k); return nil }, hashKindsQuery); err != nil {
		return nil, fmt.Errorf("reading the kinds of hashed opt-outs: %w", explain(err))
	}
	return hashersOf(kinds, s.Keys)
}

// EachHashedOptOut calls do for the entries of a hash, or for all if it is nil.
func (s *Store) EachHashedOptOut(ctx context.Context, do func(HashedOptOut) error, hash []byte) error {
	where, args := ``, []any{}
	if hash != nil {
		where, args = ` WHERE hash = ?`, []any{hash}
	}
	var o HashedOptOut
	var occurred, recorded, honoured int64
	dest := []any{&o.Hash, &o.Scope, &o.Kind.Alg, &o.Kind.KeyID, &o.Reason, &o.Actor, &o.Evidence, &occurred, &recorded, &honoured}
	err := eachRow(ctx, s.read, dest, func() error {
		one := o
		one.Hash = slices.Clone(o.Hash)
		one.OccurredAt, one.RecordedAt = time.UnixMilli(occurred), time.UnixMilli(recorded)
		if honoured != 0 {
			one.HonouredAt = time.UnixMilli(honoured)
		}
		return do(one)
	}, `SELECT hash, scope, alg, key_id, reason, actor, evidence, occurred_at, recorded_at, coalesce(honoured_at, 0) FROM optout_hashes`+where, args...)
	if err != nil {
		return fmt.Errorf("reading hashed opt-outs: %w", explain(err))
	}
	return nil
}

// removeHashes takes the hashed entries of a number and scope off the list.
func (tx *txn) removeHashes(phone int64, scope optout.Scope) (removed int64, err error) {
	hashers, err := tx.hashers()
	if err != nil {
		var unknown *optout.UnknownKeyError
		if errors.As(err, &unknown) {
			return 0, nil // whose they are nobody can tell: they stay
		}
		return 0, err
	}
	for _, h := range hashers {
		for _, sum := range h.Sums(uint64(phone)) {
			n, err := tx.exec(`DELETE FROM optout_hashes WHERE hash = ? AND scope = ?`, sum[:], string(scope))
			if err != nil {
				return removed, err
			}
			removed += n
		}
	}
	return removed, nil
}

// hashName is how a hash is called where its number would stand.
func hashName(hash []byte) string { return hex.EncodeToString(hash[:8]) }
