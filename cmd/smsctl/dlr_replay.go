package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newDLRReplayCommand(a *app) *cobra.Command {
	var since time.Duration
	var only string
	var dryRun, simulate bool
	cmd := &cobra.Command{
		Use: "replay", Short: "Read the stored receipts anew, after a table of codes or states was mended", Args: cobra.NoArgs,
		Long: `Read the stored payloads of receipts anew with the tables that hold now: after codes: or states: of a carrier were changed in
the config, or after an update. What a receipt means now is stored; messages of which more is known by that are raised, and
receipts that matched nothing may find theirs. What is known is never lowered, nothing is sent, and replaying twice does
nothing twice. Receipts that were asked for (polls) are left alone: dlr poll asks again.`,
		Example: "smsctl dlr replay --since 24h --dry-run\nsmsctl dlr replay --since 72h --carrier alpha",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dlrReplay(ctx, since, only, dryRun) })
		},
	}
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "receipts of the last `TIME`")
	cmd.Flags().StringVar(&only, "carrier", "", "only receipts of this carrier, by `NAME`")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only count what would change")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked)
}

// replayed is what a replay did.
type replayed struct {
	Schema     string `json:"schema"`
	Read       int    `json:"read"`
	Unreadable int    `json:"unreadable"` // cut off, or of a carrier that is not in the config any more
	Bare       int    `json:"bare"`       // came without a payload: what sim says is what it means
	Changed    int    `json:"changed"`
	Raised     int    `json:"raised"`
	Matched    int    `json:"matched"`
	DryRun     bool   `json:"dry_run"`
}

func (s *session) dlrReplay(ctx context.Context, since time.Duration, only string, dryRun bool) error {
	var names []string
	if only != "" {
		names = []string{only}
	}
	if err := s.useCarriers(ctx, names); err != nil {
		return err
	}
	byName := map[string]carriers.Carrier{}
	for _, c := range s.carriers {
		byName[c.Info().Name] = c
	}
	sum := replayed{Schema: "smsctl.dlr_replay/1", DryRun: dryRun}
	err := s.store.EachReceipt(ctx, s.now().Add(-since), false, func(k *store.Kept) error {
		if k.Via == "poll" || k.Via == "lookup" || only != "" && k.Carrier != only {
			return nil
		}
		if len(k.Raw) == 0 {
			sum.Bare++
			return nil
		}
		sum.Read++
		now, ok := reread(byName[k.Carrier], k)
		if !ok {
			sum.Unreadable++
			return nil
		}
		if dryRun {
			if now.State != k.State || now.Class != k.Class || now.Code != k.Code {
				sum.Changed++
			}
			return nil
		}
		did, err := s.store.Replay(ctx, k.Row, now)
		switch did {
		case store.Raised:
			sum.Raised++
			sum.Changed++
		case store.Matched:
			sum.Matched++
			sum.Changed++
		case store.Retold:
			sum.Changed++
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.print(sum, func() error {
		word := "changed"
		if dryRun {
			word = "would change"
		}
		bare := ""
		if sum.Bare > 0 {
			bare = fmt.Sprintf("; %s of simulated carriers have no payload to read", count(int64(sum.Bare)))
		}
		return s.printf("%s receipts read anew, %s unreadable: %s %s, %s messages known better, %s receipts matched%s\n", count(int64(sum.Read)),
			count(int64(sum.Unreadable)), count(int64(sum.Changed)), word, count(int64(sum.Raised)), count(int64(sum.Matched)), bare)
	})
}

// reread reads what is kept of a receipt, if it still can be. A request may have brought several.
func reread(c carriers.Carrier, k *store.Kept) (carriers.Receipt, bool) {
	if c == nil {
		return carriers.Receipt{}, false
	}
	all, err := carriers.Reread(c, k.Raw, k.Ref)
	if err != nil {
		return carriers.Receipt{}, false
	}
	for _, r := range all {
		mine := len(all) == 1 || k.Ref != "" && r.Ref == k.Ref || k.ID != "" && r.ID == k.ID
		part := k.ID == "" && r.ID != "" && r.State == carriers.ReceiptDelivered // of several, that are known elsewhere
		if mine && !part {
			if r.ID == "" {
				r.ID = k.ID
			}
			return r, true
		}
	}
	return carriers.Receipt{}, false
}
