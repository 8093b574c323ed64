package main

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/smsctl/smsctl/campaign/report"
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

// hashKey is the config's keys.hash, else one that belongs to the database and leads back to no other key of it.
func (a *app) hashKey(cfg *config, s *store.Store) ([]byte, error) {
	if ref := cfg.Keys.Hash; ref != "" {
		key, err := a.secrets.resolve(string(ref))
		return []byte(key), err
	}
	mac := hmac.New(sha256.New, s.CallbackKey())
	mac.Write([]byte("phone numbers"))
	return mac.Sum(nil), nil
}
