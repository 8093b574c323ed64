package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/store"
)

// hashColumn is the column of hashes in a list.
const hashColumn = "hash"

// hashColumns say what the hashes of a list are.
type hashColumns struct {
	alg   int // columns, -1 where there is none
	key   int
	given optout.Alg // by --hashed, where the list does not say
	own   string     // name of our key
	known []string
}

// hashColumns returns nil for a list of numbers.
func (s *session) hashColumns(r *recipients.Reader, given string) (*hashColumns, error) {
	if r.PhoneColumn() != r.Column(hashColumn) && given == "" {
		return nil, nil //nolint:nilnil // a list of numbers is the usual one
	}
	keys, err := s.store.Keys()
	if err != nil {
		return nil, err
	}
	h := &hashColumns{alg: r.Column("hash_alg"), key: r.Column("hash_key"), given: optout.Alg(given), own: keys[0].ID}
	for _, k := range keys {
		h.known = append(h.known, k.ID)
	}
	if h.alg < 0 && given == "" {
		return nil, fail(exitInput, "optout.hash_alg", "the list does not say how its hashes were made").at("there is a column hash and none hash_alg").
			fix("add --hashed sha256 or --hashed hmac-sha256")
	}
	return h, nil
}

// kind is what a row's hash is.
func (h *hashColumns) kind(row *recipients.Row) (optout.HashKind, error) {
	k := optout.HashKind{Alg: optout.Alg(strings.ToLower(strings.TrimSpace(cellAt(row, h.alg)))), KeyID: strings.TrimSpace(cellAt(row, h.key))}
	if k.Alg == "" {
		k.Alg = h.given
	}
	switch {
	case k.Alg == optout.SHA256:
		k.KeyID = ""
		return k, nil
	case k.Alg != optout.HMAC:
		return k, errors.New(string(k.Alg) + " is not sha256 or hmac-sha256")
	case k.KeyID == "":
		k.KeyID = h.own
	}
	if !slices.Contains(h.known, k.KeyID) {
		return k, &optout.UnknownKeyError{KeyID: k.KeyID}
	}
	return k, nil
}

func (in *optOutImport) hashedRow(row *recipients.Row) {
	sum, err := optout.ParseHash(row.Phone)
	if err != nil {
		in.bad = append(in.bad, badRow{row.Line, "optout.bad_hash", err.Error()})
		return
	}
	kind, err := in.hashes.kind(row)
	if err != nil {
		in.bad = append(in.bad, badRow{row.Line, "optout.hash_kind", err.Error()})
		return
	}
	e := in.event(row)
	in.batch.hashed = append(in.batch.hashed, store.HashedOptOut{
		Hash: sum, Kind: kind, Scope: e.Scope, Reason: e.Reason, Actor: e.Actor, Evidence: e.Evidence, OccurredAt: e.OccurredAt,
	})
}
