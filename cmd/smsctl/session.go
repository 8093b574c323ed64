package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/sim"
	"github.com/smsctl/smsctl/store"
)

// session is what a command works with once it needs the database: config, store, and the carriers when it asks.
type session struct {
	*app
	cfg      *config
	mode     campaign.Mode
	store    *store.Store
	carriers []carriers.Carrier
	others   []carriers.Carrier // of the config too, left out by --carrier and closed: they can still read what comes to the listener
	out      *events            // the JSON stream, once begun
	deaf     atomic.Bool        // the listener has failed: receipts cannot come in any more
}

// hears says whether receipts can come in.
func (s *session) hears() bool { return !s.deaf.Load() }

// open reads the config and opens the database of its mode. simulate asks for the built-in simulated carriers
// whatever the config says.
func (a *app) open(ctx context.Context, simulate bool) (*session, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	s := &session{app: a, cfg: cfg, mode: campaign.Live}
	if simulate || cfg.onlySimulated() {
		s.mode = campaign.Simulated
	}
	path := a.databasePath(cfg)
	if simulate && !cfg.onlySimulated() && a.flags.db == "" {
		path = simulatedPath(path)
	}
	s.store, err = store.Open(ctx, path, store.Options{
		Now: a.now, HashKeys: func() ([]optout.Key, error) { return a.hashKeys(cfg) },
	})
	if err != nil {
		return nil, storeError(err, path)
	}
	if a.prices, err = s.store.PriceLists(ctx); err != nil {
		return nil, errors.Join(storeError(err, path), s.store.Close())
	}
	return s, nil
}

// onlySimulated says that the config's carriers reach nobody.
func (c *config) onlySimulated() bool {
	return !slices.ContainsFunc(c.Carriers, func(e carrierEntry) bool { return e.Type != "sim" })
}

// simulatedPath is the database beside a live one in which simulated runs are kept, so that neither is in the other's
// way.
func simulatedPath(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "-simulated" + ext
}

// close ends the session; what it could not write is an error.
func (s *session) close(ctx context.Context) error {
	var errs []error
	for _, c := range s.carriers {
		errs = append(errs, c.Close(ctx))
	}
	return errors.Join(append(errs, s.store.Close())...)
}

// storeError says what a person can do about a database that cannot be used.
func storeError(err error, path string) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return fail(exitLocked, "store.locked", "the database is in use by another program").at("%s", path).
			fix("wait, or find it with: lsof %s", path).because(err)
	case errors.Is(err, store.ErrFull):
		return fail(exitError, "store.full", "there is no room left for the database").at("%s", path).
			fix("free some disk space; nothing is lost, run the same command again").because(err)
	case errors.Is(err, store.ErrCorrupt):
		return fail(exitError, "store.corrupt", "this file is damaged, or it is no smsctl database").at("%s", path).
			fix("name another with --db, or restore a backup of this one").because(err)
	case errors.Is(err, store.ErrNewer):
		return fail(exitError, "store.newer", "the database was written by a newer smsctl").at("%s", path).
			fix("update smsctl").because(err)
	case errors.Is(err, os.ErrPermission):
		return fail(exitError, "store.permission", "the database cannot be opened").at("%s", path).
			fix("check who owns it: ls -l %s", path).because(err)
	}
	return err
}

// useCarriers builds the carriers of the session's mode: the built-in pair without a config, else the config's; only
// narrows them to some names.
func (s *session) useCarriers(ctx context.Context, only []string) error {
	var err error
	if s.mode == campaign.Simulated && (len(s.cfg.Carriers) == 0 || !s.cfg.onlySimulated()) {
		s.carriers, err = s.builtIn()
	} else {
		s.carriers, err = s.configured(ctx)
	}
	if err != nil || len(only) == 0 {
		return err
	}
	return s.narrow(ctx, only)
}

func (s *session) builtIn() ([]carriers.Carrier, error) {
	var built []carriers.Carrier
	for _, n := range sim.Default() {
		c, err := sim.New(n.Name, n.Config, s.carrierEnv(n.Name))
		if err != nil {
			return nil, fmt.Errorf("building simulated carrier %s: %w", n.Name, err)
		}
		built = append(built, c)
	}
	return built, nil
}

func (s *session) carrierEnv(name string) carriers.Env {
	return carriers.Env{
		Log: s.log().With("carrier", name), Now: s.now,
		Secret: func(ref carriers.Secret) (string, error) { return s.secrets.resolve(string(ref)) },
	}
}

func (s *session) configured(ctx context.Context) ([]carriers.Carrier, error) {
	built, found := s.buildCarriers(ctx, s.cfg, s.log())
	if len(found) > 0 {
		return nil, found.cliError()
	}
	// A live campaign never goes to a simulated carrier: it would count as sent and reach nobody.
	return slices.DeleteFunc(built, func(c carriers.Carrier) bool {
		return s.mode == campaign.Live && c.Info().Simulated
	}), nil
}

func (s *session) narrow(ctx context.Context, only []string) error {
	names := make([]string, len(s.carriers))
	for i, c := range s.carriers {
		names[i] = c.Info().Name
	}
	for _, want := range only {
		if slices.Contains(names, want) {
			continue
		}
		return noCarrier(want, names)
	}
	var kept []carriers.Carrier
	for _, c := range s.carriers {
		if slices.Contains(only, c.Info().Name) {
			kept = append(kept, c)
			continue
		}
		if err := c.Close(ctx); err != nil {
			return err
		}
		s.others = append(s.others, c)
	}
	s.carriers = kept
	return nil
}

func noCarrier(want string, names []string) error {
	e := fail(exitNotFound, "carrier.not_found", "there is no carrier %q", want).at("carriers: %s", strings.Join(names, ", ")).
		fix("smsctl config show").with("valid", names)
	if near := nearest(want, names); near != "" {
		e.fix("did you mean --carrier %s?", near)
	}
	return e
}

// price is the dearest price of a segment among the carriers that serve a country: what a plan counts with.
func (s *session) price(country string) (highest carriers.Price, known bool) {
	for _, c := range s.carriers {
		common := c.Info().Common
		if len(common.Countries) > 0 && !slices.Contains(common.Countries, country) || slices.Contains(common.ExcludeCountries, country) {
			continue
		}
		if p, ok := common.PriceFor(country); ok {
			highest, known = max(highest, p), true
		}
	}
	return highest, known
}

// priced says whether any carrier costs money.
func (s *session) priced() bool {
	return slices.ContainsFunc(s.carriers, func(c carriers.Carrier) bool {
		for _, p := range c.Info().Common.Price {
			if p > 0 {
				return true
			}
		}
		return false
	})
}

// campaign finds a campaign by what a person calls it; "" is the latest one.
func (s *session) campaign(ctx context.Context, name string) (*campaign.Campaign, error) {
	if name == "" {
		all, err := s.store.Campaigns(ctx, s.mode, s.flags.profile, 1)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 {
			return all[0], nil
		}
		return nil, fail(exitNotFound, "campaign.none", "there is no campaign yet").at("%s", s.store.Path()).
			fix(`smsctl send --csv people.csv -m "Hi {{name}}" --simulate`)
	}
	c, err := s.store.CampaignByName(ctx, s.mode, s.flags.profile, name)
	if !errors.Is(err, campaign.ErrNotFound) {
		return c, err
	}
	e := fail(exitNotFound, "campaign.not_found", "there is no campaign %q", name).
		at("%s campaigns of profile %s in %s", s.mode, s.flags.profile, s.store.Path()).fix("smsctl campaign list")
	all, err := s.store.Campaigns(ctx, s.mode, s.flags.profile, 200)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	if near := nearest(name, names); near != "" {
		e.fix("did you mean %s?   all: smsctl campaign list", near)
	}
	return nil, e
}

// withSession runs a command's own part with the database open.
func (a *app) withSession(ctx context.Context, simulate bool, do func(context.Context, *session) error) (err error) {
	s, err := a.open(ctx, simulate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if err := do(ctx, s); err != nil {
		return storeError(err, s.store.Path())
	}
	return nil
}
