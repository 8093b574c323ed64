package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

func newDLRPollCommand(a *app) *cobra.Command {
	var since time.Duration
	var only string
	var simulate, again bool
	cmd := &cobra.Command{
		Use: "poll", Short: "Ask the carriers what became of messages that wait for a receipt", Args: cobra.NoArgs,
		Long: `Ask the carriers, where they can be asked, what became of the messages that they took and of which no final receipt has come.
At most a tenth of a carrier's rate is used, and what was asked about is asked about again ever more rarely: when it is 1 minute
old, then 5 and 30 minutes, 2, 12, 24 and 72 hours; --again asks about everything now. What they answer is stored as a receipt.`,
		Example: "smsctl dlr poll\nsmsctl dlr poll --carrier alpha --since 72h\nsmsctl dlr poll --again",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dlrPoll(ctx, since, only, again) })
		},
	}
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "messages submitted in the last `TIME`")
	cmd.Flags().StringVar(&only, "carrier", "", "only this carrier, by `NAME`")
	cmd.Flags().BoolVar(&again, "again", false, "ask about everything, also about what was asked about a while ago")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNoRoute, exitNotFound, exitLocked, exitInterrupted, exitTerminated)
}

// polled is what was learned.
type polled struct {
	Schema  string `json:"schema"`
	Waiting int    `json:"waiting"` // attempts without a final receipt
	Early   int    `json:"not_yet"` // of those: asked about before, and not due again
	Asked   int    `json:"asked"`
	Final   int    `json:"final"`
	Failed  int    `json:"failed"` // questions without an answer
}

func (s *session) dlrPoll(ctx context.Context, since time.Duration, only string, again bool) error {
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
	began := s.now()
	p := poller{
		s: s, since: began.Add(-since), by: map[string]carriers.Poller{}, next: map[string]time.Time{}, every: map[string]time.Duration{},
		last: map[string]time.Time{}, answered: map[string]bool{},
	}
	p.sum.Schema = "smsctl.dlr_poll/1"
	for _, c := range s.carriers {
		if asks, ok := c.(carriers.Poller); ok {
			name := c.Info().Name
			p.by[name], p.every[name] = asks, pollEvery(c.Info().Common.MaxPerSecond)
			if !again {
				last, err := s.store.LastPoll(ctx, name)
				if err != nil {
					return err
				}
				p.last[name] = last
			}
		}
	}
	all, err := s.store.Campaigns(ctx, s.mode, s.flags.profile, 0)
	if err != nil {
		return err
	}
	whole := true
	for _, c := range all {
		err := p.campaign(ctx, c)
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		whole = whole && err == nil
	}
	for name := range p.answered {
		if whole { // what was broken off is asked about next time
			if err := s.store.NotePoll(ctx, name, began); err != nil {
				return err
			}
		}
	}
	if err := s.print(p.sum, func() error {
		early := ""
		if p.sum.Early > 0 {
			early = fmt.Sprintf("; %s were asked about before and are not due again (--again asks now)", count(int64(p.sum.Early)))
		}
		return s.printf("%s messages wait for a receipt: %s asked about, %s settled, %s without an answer%s\n", count(int64(p.sum.Waiting)),
			count(int64(p.sum.Asked)), count(int64(p.sum.Final)), count(int64(p.sum.Failed)), early)
	}); err != nil {
		return err
	}
	if p.sum.Asked > 0 && p.sum.Failed == p.sum.Asked {
		return fail(exitNoRoute, "carrier.unreachable", "no question was answered").at("the last: %s", s.hide(oneLine(p.problem.Error()))).fix("smsctl carrier test NAME").because(p.problem)
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

	last     map[string]time.Time // by carrier: when all of its messages were asked about last
	answered map[string]bool      // by carrier: some question was
	problem  error                // of the last question without an answer
}

// dueAgain says whether a message has had another turn since it was asked about last, or never was.
func dueAgain(begun, last, now time.Time) bool {
	if last.Before(begun) {
		return true
	}
	for _, t := range campaign.PollTurns() {
		if turn := begun.Add(t); turn.After(last) && !turn.After(now) {
			return true
		}
	}
	return false
}

const pollPage = 500

func (p *poller) campaign(ctx context.Context, c *campaign.Campaign) error {
	for after := int64(0); ; {
		open, last, err := p.s.store.SilentAttempts(ctx, c.ID, after, pollPage)
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
	if o.BegunAt.Before(p.since) {
		return nil
	}
	p.sum.Waiting++
	if asks == nil || o.Submitted.ID == "" {
		return nil
	}
	if !dueAgain(o.BegunAt, p.last[o.Carrier], p.s.now()) {
		p.sum.Early++
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
		p.problem = err
		p.s.log().Warn("poll", slog.String("carrier", o.Carrier), slog.Any("error", err))
		return nil
	}
	p.answered[o.Carrier] = true
	if r.State.Rank() == 0 {
		return nil
	}
	if r.State.Final() {
		p.sum.Final++
	}
	r.Ref = o.Submitted.Ref
	return p.s.store.ApplyReceipts(context.WithoutCancel(ctx), o.Carrier, "poll", []carriers.Receipt{r})
}
