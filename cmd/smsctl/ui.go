package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/tui"
)

func newUICommand(a *app) *cobra.Command {
	var simulate, readOnly bool
	cmd := &cobra.Command{
		Use: "ui", Short: "Browse campaigns, schedules, carriers, opt-outs and messages on the whole screen", Args: cobra.NoArgs,
		Long: `Browse campaigns on the whole screen: filter and sort them, open the dashboard of one, pause and resume, and go down to every
single message; S lists schedules, which are paused, resumed and run from there too. It needs a terminal; lists for scripts come from campaign list, message list and optout list.`,
		Example: "smsctl ui\nsmsctl ui --read-only",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.browse(ctx, readOnly) })
		},
	}
	cmd.Flags().BoolVar(&readOnly, "read-only", false, "only look: action keys are off")
	addSimulate(cmd, &simulate)
	return cmd
}

func (s *session) browse(ctx context.Context, readOnly bool) error {
	if view, err := s.chooseView(viewTUI); err != nil || view != viewTUI || s.flags.accessible {
		return fail(exitUsage, "usage.no_terminal", "the browser needs a terminal that it may draw on").
			at("stdin or stderr is none, or TERM=dumb, --json or --accessible was asked for").fix("smsctl campaign list")
	}
	signals := watchSignals(ctx, func(int, os.Signal) {})
	defer signals.close()
	l := &library{session: s, readOnly: readOnly}
	times := tui.Timetable{Source: schedules{s}}
	if !readOnly {
		times.Controls = schedules{s}
	}
	s.onScreen(signals.drain, tui.NewBrowser(s.screenOptions(), l, times, s.now), nil)
	return nil
}

// library is what the browser reads.
type library struct {
	*session
	readOnly bool

	mu   sync.Mutex
	kept map[int64]keptEntry // of campaigns that nobody works on
}

// keptEntry is an entry that is good for a while: late receipts are all that can change it.
type keptEntry struct {
	tui.Entry
	at time.Time
}

var _ tui.Library = (*library)(nil)

const (
	mostCampaigns = 500
	keepEntries   = 10 * time.Second
)

// Campaigns lists the latest ones.
func (l *library) Campaigns(ctx context.Context) ([]tui.Entry, error) {
	all, err := l.store.Campaigns(ctx, l.mode, l.flags.profile, mostCampaigns)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil {
		l.kept = map[int64]keptEntry{}
	}
	out := make([]tui.Entry, 0, len(all))
	for _, c := range all {
		k, ok := l.kept[c.ID]
		if ok && k.Campaign.Status == c.Status && !k.Alive && c.Lease == nil && l.now().Sub(k.at) < keepEntries {
			out = append(out, k.Entry)
			continue
		}
		e, err := l.entry(ctx, c)
		if err != nil {
			return nil, err
		}
		l.kept[c.ID] = keptEntry{e, l.now()}
		out = append(out, e)
	}
	return out, nil
}

func (l *library) entry(ctx context.Context, c *campaign.Campaign) (tui.Entry, error) {
	n, err := l.store.Counts(ctx, c.ID)
	if err != nil {
		return tui.Entry{}, err
	}
	spent, err := l.store.Spent(ctx, c.ID)
	return tui.Entry{
		Campaign: c, Status: l.shownState(c), Alive: l.alive(c), Counts: n, Spent: report.Money(spent), Next: nextCommand(c, n),
	}, err
}

// Open is a campaign for a dashboard.
func (l *library) Open(id int64) tui.Subject {
	s := l.subject(&campaign.Campaign{ID: id}, nil, nil)
	if l.readOnly {
		s.Controls = nil
	}
	return s
}

// Table is something to look at.
func (l *library) Table(ctx context.Context, t tui.Table) ([]string, [][]string, error) {
	if t == tui.OptOuts {
		return l.optOutTable(ctx)
	}
	return l.carrierTable()
}

// carrierTable is what the config says of the carriers.
func (l *library) carrierTable() (head []string, rows [][]string, err error) {
	head = []string{"NAME", "TYPE", "SEGMENTS/S", "WINDOW", "COUNTRIES", "PRICE"}
	if l.carriers == nil {
		if err := l.useCarriers(context.Background(), nil); err != nil {
			return head, nil, err
		}
	}
	for _, c := range l.carriers {
		info := c.Info()
		limit, window, countries, price := "no limit", "default", "all", "-"
		if info.Common.MaxPerSecond > 0 {
			limit = count10(info.Common.MaxPerSecond)
		}
		if info.Common.MaxInFlight > 0 {
			window = fmt.Sprint(info.Common.MaxInFlight)
		}
		if len(info.Common.Countries) > 0 {
			countries = strings.Join(info.Common.Countries, " ")
		}
		if n := len(info.Common.Price); n > 0 {
			price = fmt.Sprintf("%d countries", n)
			if p, ok := info.Common.PriceFor(""); ok {
				price = p.String() + " " + string(l.cfg.Currency)
			}
		}
		rows = append(rows, []string{info.Name, info.Type, limit, window, countries, price})
	}
	return head, rows, nil
}

// shownOptOuts is how many opt-outs a person looks through.
const shownOptOuts = 500

func (l *library) optOutTable(ctx context.Context) (head []string, rows [][]string, err error) {
	head = []string{"NUMBER", "SCOPE", "REASON", "SOURCE", "ACTOR", "AT", "EVIDENCE"}
	p, err := l.privacy(l.cfg, l.store, report.Masked)
	if err != nil {
		return head, nil, err
	}
	err = l.store.EachOptOut(ctx, func(o store.OptedOut) error {
		e := entryOf(o, p)
		rows = append(rows, []string{e.Number, e.Scope, e.Reason, e.Source, e.Actor, fmt.Sprint(e.At), e.Evidence})
		if len(rows) == shownOptOuts {
			return io.EOF
		}
		return nil
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head, slices.Clip(rows), err
}
