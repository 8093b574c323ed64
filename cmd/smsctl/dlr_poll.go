package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

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
