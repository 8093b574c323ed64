package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/all"
)

// carrierTypes lists the carrier types of this program.
func carrierTypes() []carriers.Type { return all.Types() }

// buildCarriers constructs every carrier of the config, without touching the network. All that is wrong comes back,
// and then nothing stays open.
func (a *app) buildCarriers(ctx context.Context, cfg *config, log *slog.Logger) ([]carriers.Carrier, problems) {
	var (
		built []carriers.Carrier
		found problems
		types = a.carrierTypes()
	)
	for _, entry := range cfg.Carriers {
		c, bad := a.buildCarrier(cfg, entry, types, log, a.secrets.resolve)
		found = append(found, bad...)
		if c != nil {
			built = append(built, c)
		}
	}
	if len(found) == 0 {
		return built, nil
	}
	for _, c := range built {
		if err := c.Close(ctx); err != nil {
			log.Warn("closing a carrier", "carrier", c.Info().Name, "error", err)
		}
	}
	return nil, found
}

// carrierFaults are the faults of the carriers of a config that is of no use anyhow, so that all of them are named at once.
// No secret is fetched for that: a carrier that cannot be built without one is passed over.
func (a *app) carrierFaults(ctx context.Context, cfg *config) (found problems) {
	types := a.carrierTypes()
	if len(types) == 0 {
		return nil
	}
	silent := slog.New(slog.DiscardHandler)
	for _, entry := range cfg.Carriers {
		unknown := false
		c, bad := a.buildCarrier(cfg, entry, types, silent, func(ref string) (string, error) {
			if kind, _, _ := strings.Cut(ref, ":"); kind == "cmd" || kind == "keyring" {
				unknown = true
				return "", errors.New("not fetched")
			}
			return a.secrets.resolve(ref)
		})
		if c != nil {
			_ = c.Close(ctx) // it has done nothing
		}
		if !unknown {
			found = append(found, bad...)
		}
	}
	return found
}

func (a *app) buildCarrier(cfg *config, entry carrierEntry, types []carriers.Type, log *slog.Logger,
	secret func(ref string) (string, error),
) (carriers.Carrier, problems) {
	typ, ok := typeNamed(types, entry.Type)
	if !ok {
		return nil, problems{unknownType(entry, types)}
	}
	decode := func(into any) error {
		err := entry.decode(into)
		if priced, ok := into.(interface {
			AddPrices(prices map[string]carriers.Price)
		}); ok && err == nil {
			priced.AddPrices(a.prices[entry.Name].Prices)
		}
		return err
	}
	c, err := typ.New(entry.Name, decode, carriers.Env{
		Log:       log.With("carrier", entry.Name),
		Now:       a.now,
		Secret:    func(ref carriers.Secret) (string, error) { return secret(string(ref)) },
		Sender:    string(cfg.Sender),
		PublicURL: string(cfg.Receipts.PublicURL),
	})
	if err == nil {
		return c, nil
	}
	var known problems
	if errors.As(err, &known) {
		return nil, known
	}
	p := cfg.file.problem("config.carrier", entry.key, fmt.Sprintf("carrier %s: %s", entry.Name, a.hide(oneLine(err.Error()))))
	var typed *cliError
	if errors.As(err, &typed) {
		p.Code = typed.Code
		p.Hint = typed.Fix
	}
	return nil, problems{p}
}

func typeNamed(types []carriers.Type, name string) (carriers.Type, bool) {
	for _, t := range types {
		if t.Name == name {
			return t, true
		}
	}
	return carriers.Type{}, false
}

func unknownType(entry carrierEntry, types []carriers.Type) problem {
	var names []string
	for _, t := range types {
		names = append(names, t.Name)
	}
	p := entry.file.problem("config.unknown_type", entry.key+".type", fmt.Sprintf("carrier %s: unknown type %q", entry.Name, entry.Type))
	p.Valid = names
	p.Hint = "types: " + strings.Join(names, ", ")
	if near := nearest(entry.Type, names); near != "" {
		p.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return p
}
