package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/campaign/optout"
)

// OptOutSet is the opt-out list as intake asks it: a million numbers are eight megabytes, a million hashes sixteen, and a
// look-up costs less than a statement by far. Begin asks the database itself.
type OptOutSet struct {
	phones  []uint64 // sorted
	hashes  []shortHash
	hashers []optout.Hasher
}

// shortHash is the first half of a hash: that two numbers share it is as likely as nothing.
type shortHash [optout.HashSize / 2]byte

// OptOuts loads the numbers to which a message must not go. A number whose reply waits for review is not among them: it
// is held in the moment of sending, and may be released before.
func (s *Store) OptOuts(ctx context.Context, t optout.Target) (*OptOutSet, error) {
	scopes := t.Scopes()
	args := make([]any, len(scopes))
	for i, scope := range scopes {
		args[i] = string(scope)
	}
	where := ` WHERE (scope COLLATE NOCASE IN (?` + strings.Repeat(",?", len(args)-1) + `)`
	if t.AnyBrand() {
		where += ` OR scope LIKE 'brand:%'`
	}
	where += `)`
	set := &OptOutSet{}
	d := row(1)
	err := s.run.each(ctx, d, func() error {
		if n := len(set.phones); n == 0 || set.phones[n-1] != uint64(integer(d[0])) {
			set.phones = append(set.phones, uint64(integer(d[0])))
		}
		return nil
	}, `SELECT phone FROM optouts`+where+` AND phone > 0 ORDER BY phone`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the opt-out list: %w", explain(err))
	}
	if set.hashers, err = s.hashers(ctx); err != nil || len(set.hashers) == 0 {
		return set, err
	}
	err = s.run.each(ctx, d, func() error {
		hash, _ := d[0].([]byte)
		set.hashes = append(set.hashes, shortHash(hash[:len(shortHash{})]))
		return nil
	}, `SELECT hash FROM optout_hashes`+where+` ORDER BY hash`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading hashed opt-outs: %w", explain(err))
	}
	return set, nil
}

// Has says whether a number is in the set.
func (s *OptOutSet) Has(phone uint64) bool {
	if _, found := slices.BinarySearch(s.phones, phone); found {
		return true
	}
	if len(s.hashes) == 0 {
		return false
	}
	for _, h := range s.hashers {
		for _, sum := range h.Sums(phone) {
			short := shortHash(sum[:len(shortHash{})])
			if _, found := slices.BinarySearchFunc(s.hashes, short, func(a, b shortHash) int { return bytes.Compare(a[:], b[:]) }); found {
				return true
			}
		}
	}
	return false
}
