package main

import (
	"context"

	"github.com/smsctl/smsctl/campaign"
)

// announceService says where the service is reached, and by whom.
func (v *service) announceService(ctx context.Context) (err error) {
	type callback struct {
		Carrier string `json:"carrier"`
		callbackAddress
	}
	var rows []callback
	for _, c := range v.carriers {
		address, err := v.callbackAddress(c)
		if err != nil {
			return err
		}
		rows = append(rows, callback{c.Info().Name, address})
	}
	next, err := v.nextRuns(ctx)
	if err != nil {
		return err
	}
	addresses := v.addresses()
	if v.wantsJSON() {
		hello := map[string]any{"database": v.store.Path(), "mode": v.mode, "profile": v.flags.profile, "callbacks": rows, "next_runs": next}
		for _, a := range addresses {
			hello[a.key] = a.at
		}
		v.out, err = v.newEvents(hello)
		return err
	}
	mode := "LIVE"
	if v.mode == campaign.Simulated {
		mode = "SIMULATED"
	}
	if err := v.printf("%s, profile %s, database %s\n", mode, v.flags.profile, v.store.Path()); err != nil {
		return err
	}
	for _, a := range addresses {
		if err := v.printf("%-10s %s\n", a.name, a.text()); err != nil {
			return err
		}
	}
	for _, r := range rows {
		if err := v.printf("  %-14s %s\n", r.Carrier, r.callbackAddress); err != nil {
			return err
		}
	}
	if err := v.announceRuns(next); err != nil {
		return err
	}
	return v.printf("Ready. Stop with Ctrl-C or SIGTERM.\n")
}

// boundAddress is a way in.
type boundAddress struct{ key, name, at, note string }

func (b boundAddress) text() string {
	if b.at == "" || b.at == noAddress {
		return "none" + b.note
	}
	return b.at + b.note
}

func (v *service) addresses() []boundAddress {
	receipts := boundAddress{key: "receipts", name: "receipts", at: string(v.cfg.Receipts.Listen)}
	switch {
	case !v.receives():
		receipts.at, receipts.note = "", ": no carrier calls"
	case receipts.at == "":
		receipts.note = ": receipts.listen is not set, carriers are polled"
	case v.cfg.Receipts.PublicURL != "":
		receipts.note = ", for carriers " + string(v.cfg.Receipts.PublicURL)
	}
	programs := boundAddress{key: "api", name: "api", at: string(v.cfg.API.Listen)}
	if programs.at == "" {
		programs.note = ": api.listen is not set"
	}
	return []boundAddress{
		programs,
		receipts,
		{key: "metrics", name: "metrics", at: string(v.cfg.Serve.Metrics), note: ""},
	}
}
