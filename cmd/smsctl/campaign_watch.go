package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/tui"
)

// watchOptions are the flags of `campaign watch`.
type watchOptions struct {
	runOptions
	readOnly, exitStatus bool
}

func newCampaignWatchCommand(a *app) *cobra.Command {
	var o watchOptions
	var simulate bool
	cmd := &cobra.Command{
		Use: "watch [CAMPAIGN]", Short: "Watch a campaign, whoever sends it, and steer it", Args: cobra.MaximumNArgs(1),
		Long: `Watch a campaign and steer it, whichever process sends it: on a terminal with the dashboard, else with a line of progress
now and then. Leaving never stops the campaign. It ends when nobody works on the campaign any more.`,
		Example: `smsctl campaign watch                     # the latest
smsctl campaign watch spring --read-only
smsctl campaign watch spring --exit-status --progress none   # wait for its end and tell how it went`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				c, err := s.campaign(ctx, strings.Join(args, ""))
				if err != nil {
					return err
				}
				return s.watchCampaign(ctx, c, &o)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.readOnly, "read-only", false, "only look: action keys are off")
	f.BoolVar(&o.exitStatus, "exit-status", false, "end with the campaign's own code; 8 while it is not finished")
	o.registerView(f)
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitPending, exitNotFound)
}

func (s *session) watchCampaign(ctx context.Context, c *campaign.Campaign, o *watchOptions) error {
	view, err := s.chooseView(o.progress)
	if err != nil {
		return err
	}
	o.signals = watchSignals(ctx, func(int, os.Signal) {})
	defer o.signals.close()
	if view == viewTUI {
		subject := s.subject(c, nil, nil)
		subject.Leave = true
		if o.readOnly {
			subject.Controls = nil
		}
		s.onScreen(o.signals.drain, tui.NewDashboard(s.screenOptions(), subject), nil)
	} else if err := s.follow(o.signals.drain, c, o, view); err != nil {
		return err
	}
	return s.watched(context.WithoutCancel(ctx), c, o)
}

// watched ends with the summary. Without --exit-status a look is a success whatever was seen.
func (s *session) watched(ctx context.Context, c *campaign.Campaign, o *watchOptions) error {
	c, err := s.store.Campaign(ctx, c.ID)
	if err != nil {
		return err
	}
	s.ring(&o.runOptions, final(c.Status))
	code, err := silent(s.summary(ctx, c, &o.runOptions, c.Status))
	switch {
	case err != nil || !o.exitStatus:
		return err
	case s.alive(c):
		return exitWith(exitPending)
	}
	return exitWith(code)
}

// silent takes an exit code that has no message out of an error.
func silent(err error) (exitCode, error) {
	var quiet quietExit
	if errors.As(err, &quiet) {
		return quiet.code, nil
	}
	return exitOK, err
}

// follow prints progress until nobody works on the campaign any more, or the person has seen enough.
func (s *session) follow(ctx context.Context, c *campaign.Campaign, o *watchOptions, view string) error {
	o.progress = view
	p, err := s.newProgress(c, &o.runOptions)
	if err != nil {
		return err
	}
	p.start(c)
	tick := time.NewTicker(controlTick)
	defer tick.Stop()
	last := s.now()
	seen := last
	var stood stateSeen
	for {
		fresh, err := s.store.Campaign(ctx, c.ID)
		if err != nil {
			return ignoreStop(ctx, err)
		}
		if now := (stateSeen{s.shownState(fresh), fresh.Reason}); now != stood {
			p.state(now)
			stood = now
		}
		if seen, err = s.tellNews(ctx, p, c.ID, seen); err != nil {
			return ignoreStop(ctx, err)
		}
		if !s.alive(fresh) {
			p.status()
			return nil
		}
		if now := s.now(); now.Sub(last) >= p.every {
			last = now
			p.status()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// controlTick is how often a watcher without a screen looks.
const controlTick = time.Second

func ignoreStop(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// stateSeen is a campaign's state with who or what brought it about.
type stateSeen struct {
	status campaign.Status
	reason string
}

// state tells a state in which a watcher finds a campaign.
func (p *progress) state(now stateSeen) {
	attrs := []slog.Attr{slog.String("state", string(now.status))}
	if now.reason != "" {
		attrs = append(attrs, slog.String("reason", now.reason))
	}
	p.event(campaign.Event{At: p.s.now(), Kind: "state", Attrs: attrs})
}

// tellNews prints what the process that sends has told since the last look.
func (s *session) tellNews(ctx context.Context, p *progress, id int64, seen time.Time) (time.Time, error) {
	v, err := s.store.Vitals(ctx, id)
	if err != nil || v == nil {
		return seen, err
	}
	for _, e := range v.Events {
		if !e.At.After(seen) {
			continue
		}
		if seen = e.At; e.Kind != "state" { // the campaign's row says that sooner
			p.told(e)
		}
	}
	return seen, nil
}

// ring calls the person back to the terminal.
func (s *session) ring(v *runOptions, over bool) {
	if view, err := s.chooseView(v.progress); err == nil && view == viewTUI && over && !v.noBell {
		_, _ = io.WriteString(s.stderr, "\a") // it is only a bell
	}
}

// count10 is a rate with at most one decimal.
func count10(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }
