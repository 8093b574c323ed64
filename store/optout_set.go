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
	phones  evenSet // scattered
	hashes  evenSet // the first eight bytes of each: that another's hash shares them is as likely as nothing
	hashers []optout.Hasher
}

func shortHash(sum []byte) uint64 { return binary.BigEndian.Uint64(sum) }

// scatter spreads numbers evenly. It is a multiplication by an odd number, so no two of them become one.
func scatter(phone uint64) uint64 { return phone * 0x9e3779b97f4a7c15 }

// evenSet holds values that are spread evenly: a table of where those begin that share their first sixteen bits leaves a
// dozen of a million to look through, and these lie beside each other.
type evenSet struct {
	sorted []uint64
	first  []uint32
}

const evenBits = 16

func newEvenSet(values []uint64) evenSet {
	slices.Sort(values)
	e := evenSet{values, make([]uint32, 1<<evenBits+1)}
	for _, v := range values {
		e.first[v>>(64-evenBits)+1]++
	}
	for i := range 1 << evenBits {
		e.first[i+1] += e.first[i]
	}
	return e
}

func (e *evenSet) has(v uint64) bool {
	if len(e.sorted) == 0 {
		return false
	}
	at := v >> (64 - evenBits)
	_, found := slices.BinarySearch(e.sorted[e.first[at]:e.first[at+1]], v)
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
	var values []uint64
	d := row(1)
	err := s.run.each(ctx, d, func() error {
		values = append(values, scatter(uint64(integer(d[0]))))
		return nil
	}, `SELECT phone FROM optouts`+where+` AND phone > 0`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the opt-out list: %w", explain(err))
	}
	set.phones, values = newEvenSet(values), nil
	if set.hashers, err = s.hashers(ctx); err != nil || len(set.hashers) == 0 {
		return set, err
	}
	err = s.run.each(ctx, d, func() error {
		hash, _ := d[0].([]byte)
		values = append(values, shortHash(hash))
		return nil
	}, `SELECT hash FROM optout_hashes`+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading hashed opt-outs: %w", explain(err))
	}
	set.hashes = newEvenSet(values)
	return set, nil
}

// Has says whether a number is in the set.
func (s *OptOutSet) Has(phone uint64) bool {
	if s.phones.has(scatter(phone)) {
		return true
	}
	if len(s.hashes.sorted) == 0 {
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
