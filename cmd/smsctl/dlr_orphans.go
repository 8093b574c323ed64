package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/store"
)

func newDLROrphansCommand(a *app) *cobra.Command {
	var since time.Duration
	var simulate bool
	cmd := &cobra.Command{
		Use: "orphans", Short: "List receipts that match no message, and what may be why", Args: cobra.NoArgs,
		Long: `List receipts that match no message. A few come early, before the answer that names the carrier's id, and are matched then.
What stays is of another program on the same account, or an id that carrier and receipt write differently: leading zeros,
hex and decimal. Such a likeness is named.`,
		Example: "smsctl dlr orphans\nsmsctl dlr orphans --since 72h --json --jq '.orphans[].carrier'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dlrOrphans(ctx, since) })
		},
	}
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "receipts of the last `TIME`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) dlrOrphans(ctx context.Context, since time.Duration) error {
	type orphan struct {
		receiptEvent
		Alike []string `json:"alike"` // ids of attempts that are the same number in another spelling
	}
	t, err := s.newTable(columns("received_at", "carrier", "via", "id", "ref", "state", "code", "why"))
	if err != nil {
		return err
	}
	var kept []store.Kept
	if err := s.store.EachReceipt(ctx, s.now().Add(-since), true, func(k *store.Kept) error {
		kept = append(kept, *k)
		return nil
	}); err != nil {
		return err
	}
	orphans := []orphan{}
	for i := range kept {
		alike, err := s.store.Alike(ctx, &kept[i])
		if err != nil {
			return err
		}
		why := "no attempt has this id: of another program on the account?"
		if len(alike) > 0 {
			why = "an attempt has " + strings.Join(alike, ", ") + ": set message_id of the carrier, then dlr replay"
		}
		if alike == nil {
			alike = []string{}
		}
		k := &kept[i]
		orphans = append(orphans, orphan{eventOf(k), alike})
		t.row(k.At, k.Carrier, k.Via, k.ID, k.Ref, string(k.State), k.Code, why)
	}
	return s.print(map[string]any{"schema": "smsctl.dlr_orphans/1", "orphans": orphans}, t.flush)
}
