package main

import (
	"errors"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// privacy is how people's numbers are shown: --pii, or def where it is not given.
func (a *app) privacy(cfg *config, s *store.Store, def string) (report.Privacy, error) {
	mode := a.flags.pii
	if mode == "" {
		mode = def
	}
	var key []byte
	if mode == report.Hash {
		var err error
		if key, err = a.hashKey(cfg, s); err != nil {
			return report.Privacy{}, err
		}
	}
	return report.PrivacyOf(mode, key)
}

// hashKey is the config's keys.hash, else one that belongs to the database.
func (a *app) hashKey(cfg *config, s *store.Store) ([]byte, error) {
	if ref := cfg.Keys.Hash; ref != "" {
		key, err := a.secrets.resolve(string(ref))
		return []byte(key), err
	}
	return s.NumberKey(), nil
}

// hashKeys are the config's keys of hashed numbers: ours, then those that others have hashed their lists with.
func (a *app) hashKeys(cfg *config) ([]optout.Key, error) {
	var keys []optout.Key
	for _, ref := range append([]carriers.Secret{cfg.Keys.Hash}, cfg.Keys.Partners...) {
		if ref == "" {
			continue
		}
		secret, err := a.secrets.resolve(string(ref))
		if err != nil {
			return nil, err
		}
		keys = append(keys, optout.NewKey([]byte(secret)))
	}
	return keys, nil
}

// unknownKey explains hashed opt-outs that nobody can compare with: as long as they are there nothing can be sent.
func unknownKey(err error) error {
	var unknown *optout.UnknownKeyError
	if !errors.As(err, &unknown) {
		return err
	}
	return fail(exitConfig, "optout.unknown_key", "there are hashed opt-outs whose key is not known: nobody can tell who must not be sent to").
		at("their key is called %s", unknown.KeyID).fix("put the key back under keys.hash, or under keys.partners, in the config").because(err)
}
