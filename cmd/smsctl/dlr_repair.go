package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
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
		return s.printf("%s receipts read anew, %s unreadable: %s %s, %s messages known better, %s receipts matched\n", count(int64(sum.Read)),
			count(int64(sum.Unreadable)), count(int64(sum.Changed)), word, count(int64(sum.Raised)), count(int64(sum.Matched)))
	})
}

// reread reads what is kept of a receipt, if it still can be. A request may have brought several.
func reread(c carriers.Carrier, k *store.Kept) (carriers.Receipt, bool) {
	if c == nil || len(k.Raw) == 0 {
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

func newDLRPollCommand(a *app) *cobra.Command {
	var since time.Duration
	var only string
	var simulate bool
	cmd := &cobra.Command{
		Use: "poll", Short: "Ask the carriers what became of messages that wait for a receipt", Args: cobra.NoArgs,
		Long: `Ask the carriers, where they can be asked, what became of the messages that they took and of which no final receipt has come.
At most a tenth of a carrier's rate is used. What they answer is stored as a receipt.`,
		Example: "smsctl dlr poll\nsmsctl dlr poll --carrier alpha --since 72h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dlrPoll(ctx, since, only) })
		},
	}
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "messages submitted in the last `TIME`")
	cmd.Flags().StringVar(&only, "carrier", "", "only this carrier, by `NAME`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNoRoute, exitNotFound, exitLocked, exitInterrupted, exitTerminated)
}

// polled is what was learned.
type polled struct {
	Schema  string `json:"schema"`
	Waiting int    `json:"waiting"` // attempts without a final receipt
	Asked   int    `json:"asked"`
	Final   int    `json:"final"`
	Failed  int    `json:"failed"` // questions without an answer
}

func (s *session) dlrPoll(ctx context.Context, since time.Duration, only string) error {
	var names []string
	if only != "" {
		names = []string{only}
	}
	if err := s.useCarriers(ctx, names); err != nil {
		return err
	}
	signals := watchSignals(ctx, s.noteStop)
	defer signals.close()
	ctx = signals.drain
	p := poller{s: s, since: s.now().Add(-since), by: map[string]carriers.Poller{}, next: map[string]time.Time{}, every: map[string]time.Duration{}}
	p.sum.Schema = "smsctl.dlr_poll/1"
	for _, c := range s.carriers {
		if asks, ok := c.(carriers.Poller); ok {
			p.by[c.Info().Name], p.every[c.Info().Name] = asks, pollEvery(c.Info().Common.MaxPerSecond)
		}
	}
	all, err := s.store.Campaigns(ctx, s.mode, s.flags.profile, 0)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := p.campaign(ctx, c); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	if err := s.print(p.sum, func() error {
		return s.printf("%s messages wait for a receipt: %s asked about, %s settled, %s without an answer\n", count(int64(p.sum.Waiting)),
			count(int64(p.sum.Asked)), count(int64(p.sum.Final)), count(int64(p.sum.Failed)))
	}); err != nil {
		return err
	}
	if p.sum.Asked > 0 && p.sum.Failed == p.sum.Asked {
		return fail(exitNoRoute, "carrier.unreachable", "no question was answered").at("the last: %s", s.hide(oneLine(p.last.Error()))).fix("smsctl carrier test NAME").because(p.last)
	}
	return exitWith(signals.exitCode())
}

// pollEvery is a tenth of a carrier's rate; without a limit it is 50 questions a second.
func pollEvery(perSecond float64) time.Duration {
	if perSecond <= 0 {
		perSecond = 500
	}
	return time.Duration(float64(10*time.Second) / perSecond)
}

// poller asks about messages one by one.
type poller struct {
	s     *session
	since time.Time
	by    map[string]carriers.Poller
	every map[string]time.Duration
	next  map[string]time.Time // by carrier: when it may be asked again
	sum   polled
	last  error
}

const pollPage = 500

func (p *poller) campaign(ctx context.Context, c *campaign.Campaign) error {
	for after := int64(0); ; {
		open, last, err := p.s.store.OpenAttempts(ctx, c.ID, after, pollPage)
		if err != nil || last == after {
			return err
		}
		after = last
		for i := range open {
			if err := p.one(ctx, &open[i]); err != nil {
				return err
			}
		}
	}
}

func (p *poller) one(ctx context.Context, o *campaign.Open) error {
	asks := p.by[o.Carrier]
	if o.State != campaign.AttemptAccepted || o.BegunAt.Before(p.since) {
		return nil
	}
	p.sum.Waiting++
	if asks == nil || o.Submitted.ID == "" {
		return nil
	}
	if wait := p.next[o.Carrier].Sub(p.s.now()); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p.next[o.Carrier] = p.s.now().Add(p.every[o.Carrier])
	p.sum.Asked++
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	r, err := asks.Poll(ctx, o.Submitted)
	if err != nil {
		p.sum.Failed++
		p.last = err
		p.s.log().Warn("poll", slog.String("carrier", o.Carrier), slog.Any("error", err))
		return nil
	}
	if r.State.Rank() == 0 {
		return nil
	}
	if r.State.Final() {
		p.sum.Final++
	}
	r.Ref = o.Submitted.Ref
	return p.s.store.ApplyReceipts(context.WithoutCancel(ctx), o.Carrier, "poll", []carriers.Receipt{r})
}
