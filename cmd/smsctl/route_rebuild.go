package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/routing"
)

func newRouteRebuildCommand(a *app) *cobra.Command {
	var since time.Duration
	var simulate bool
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Learn anew from the attempts in the database",
		Long: `Learn anew from the attempts in the database: what routing knows is thrown away, and every attempt that a carrier took is
lived through again, in its order. Of use after receipts were replayed, or when what is known was spoilt.`,
		Example: "smsctl route rebuild\nsmsctl route rebuild --since 720h",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.rebuildRoutes(ctx, since) })
		},
	}
	cmd.Flags().DurationVar(&since, "since", 90*24*time.Hour, "from attempts of the last `TIME`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) rebuildRoutes(ctx context.Context, since time.Duration) error {
	if err := s.useCarriers(ctx, nil); err != nil {
		return err
	}
	began, taken := s.now(), 0
	replay := campaign.NewReplay(routing.New(carrierInfos(s.carriers), s.cfg.Routing.options()), s.carriers)
	if err := s.store.EachTaken(ctx, began.Add(-since), func(t campaign.Taken) error {
		replay.Add(t)
		taken++
		return nil
	}); err != nil {
		return err
	}
	records := replay.End(began)
	if err := s.store.RelearnWith(ctx, records); err != nil {
		return err
	}
	doc := struct {
		Schema   string `json:"schema"`
		Attempts int    `json:"attempts"`
		Skipped  int    `json:"skipped"` // of carriers that have left the config
		Records  int    `json:"records"`
	}{"smsctl.route_rebuild/1", taken, replay.Skipped, len(records)}
	return s.print(doc, func() error {
		s.say("Learned from %s attempts; %s of carriers that have left the config were passed over.", count(int64(taken-replay.Skipped)), count(int64(replay.Skipped)))
		return nil
	})
}
