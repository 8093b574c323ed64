package main

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
)

func newCarrierDrainCommand(a *app) *cobra.Command {
	var in, reason string
	var simulate bool
	cmd := &cobra.Command{
		Use: "drain NAME", Short: "Give nothing new to a carrier; what is under way ends", Args: cobra.ExactArgs(1),
		Long: `Give nothing new to a carrier, in all campaigns or in one. Whoever is sending obeys within a second; messages go to the
other carriers, and wait if there is none. It holds until carrier undrain.`,
		Example: "smsctl carrier drain alpha --reason \"maintenance tonight\"\nsmsctl carrier drain alpha --campaign spring",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				return s.drainCarrier(ctx, args[0], in, reason, true)
			})
		},
	}
	cmd.Flags().StringVar(&in, "campaign", "", "only in this campaign, by name or `ID`")
	cmd.Flags().StringVar(&reason, "reason", "", "why, `TEXT`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked, exitState)
}

func newCarrierUndrainCommand(a *app) *cobra.Command {
	var in string
	var simulate bool
	cmd := &cobra.Command{
		Use: "undrain NAME", Short: "Take a carrier back into use", Args: cobra.ExactArgs(1),
		Example: "smsctl carrier undrain alpha\nsmsctl carrier undrain alpha --campaign spring",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				return s.drainCarrier(ctx, args[0], in, "", false)
			})
		},
	}
	cmd.Flags().StringVar(&in, "campaign", "", "only in this campaign, by name or `ID`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked, exitState)
}

func (s *session) drainCarrier(ctx context.Context, name, in, reason string, drain bool) error {
	if _, err := s.carrier(ctx, name); err != nil {
		return err
	}
	word := map[bool]string{true: "drained", false: "in use"}[drain]
	doc := map[string]any{"schema": "smsctl.carrier_control/1", "carrier": name, "drained": drain, "campaign": nil}
	if in != "" {
		c, err := s.campaign(ctx, in)
		if err != nil {
			return err
		}
		doc["campaign"] = c.Name
		return errors.Join(s.drainIn(ctx, c, name, reason, drain), s.print(doc, func() error {
			return s.printf("%s is %s in campaign %s.\n", name, word, c.Name)
		}))
	}
	var err error
	if drain {
		err = s.store.DrainCarrier(ctx, name, s.actor(), reason)
	} else {
		err = s.store.UndrainCarrier(ctx, name)
	}
	if err != nil {
		return err
	}
	s.log().Info("carrier steered", "carrier", name, "drained", drain, "actor", s.actor())
	return s.print(doc, func() error { return s.printf("%s is %s.\n", name, word) })
}

// drainIn drains a carrier for one campaign: the same wish as `campaign throttle --carrier NAME=0`.
func (s *session) drainIn(ctx context.Context, c *campaign.Campaign, name, reason string, drain bool) error {
	if c.Status == campaign.Completed || c.Status == campaign.Stopped {
		return impossible(c, "steered")
	}
	action := map[bool]string{true: "drain", false: "undrain"}[drain]
	w := s.wishOf("", action, fmt.Sprintf("%s %s", name, reason))
	w.CarrierCaps = maps.Clone(c.CarrierCaps)
	if w.CarrierCaps == nil {
		w.CarrierCaps = map[string]float64{}
	}
	if drain {
		w.CarrierCaps[name] = 0
	} else {
		delete(w.CarrierCaps, name)
	}
	return s.store.Wish(ctx, c.ID, w)
}
