package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/campaign/optout"
)

// OptOutSet is the opt-out list as intake asks it: a million numbers or hashes are eight megabytes, and a look-up costs less
// than a statement by far. Begin asks the database itself.
type OptOutSet struct {
	phones  []uint64 // sorted
	hashes  hashSet
	hashers []optout.Hasher
}

// hashSet is the first eight bytes of each hash, sorted: that a number shares them with another's hash is as likely as
// nothing. Hashes are spread evenly, so a table of where each first sixteen bits begin leaves a dozen of a million to look
// through, and these lie beside each other.
type hashSet struct {
	short []uint64
	first []uint32
}

func shortHash(sum []byte) uint64 { return binary.BigEndian.Uint64(sum) }

const hashBits = 16

func (h *hashSet) index() {
	h.first = make([]uint32, 1<<hashBits+1)
	for _, s := range h.short {
		h.first[s>>(64-hashBits)+1]++
	}
	for i := range 1 << hashBits {
		h.first[i+1] += h.first[i]
	}
}

func (h *hashSet) has(short uint64) bool {
	at := short >> (64 - hashBits)
	_, found := slices.BinarySearch(h.short[h.first[at]:h.first[at+1]], short)
	return found
}

// OptOuts loads the numbers to which a message must not go. A number whose reply waits for review is not among them: it
// is held in the moment of sending, and may be released before.
func (s *Store) OptOuts(ctx context.Context, t optout.Target) (*OptOutSet, error) {
	scopes := t.Scopes()
	args := make([]any, len(scopes))
	for i, scope := range scopes {
		args[i] = string(scope)
	}
	where := ` WHERE (scope = 'all' OR scope COLLATE NOCASE IN (?` + strings.Repeat(",?", len(args)-1) + `)`
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
		set.hashes.short = append(set.hashes.short, shortHash(hash))
		return nil
	}, `SELECT hash FROM optout_hashes`+where+` ORDER BY hash`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading hashed opt-outs: %w", explain(err))
	}
	set.hashes.index()
	return set, nil
}

// Has says whether a number is in the set.
func (s *OptOutSet) Has(phone uint64) bool {
	if _, found := slices.BinarySearch(s.phones, phone); found {
		return true
	}
	if len(s.hashes.short) == 0 {
		return false
	}
	for _, h := range s.hashers {
		for _, sum := range h.Sums(phone) {
			if s.hashes.has(shortHash(sum[:])) {
				return true
			}
		}
	}
	return false
}
