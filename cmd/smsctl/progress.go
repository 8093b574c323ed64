package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// progress shows how far a campaign is: lines for people on stderr, events on stdout for programs, and the same lines
// in the log in either case. It reads the store's sums, so that the campaign never waits for it.
type progress struct {
	s     *session
	c     *campaign.Campaign
	v     *runOptions
	out   *events // nil without --json
	human bool
	every time.Duration

	mu     sync.Mutex
	last   campaign.Counts
	lastAt time.Time
	rate   float64
	quit   chan struct{}
	over   chan struct{}
}

func (s *session) newProgress(c *campaign.Campaign, v *runOptions) (*progress, error) {
	p := &progress{
		s: s, c: c, v: v, every: v.every, human: !s.wantsJSON() && v.progress != "none" && !s.flags.quiet,
		quit: make(chan struct{}), over: make(chan struct{}),
	}
	if p.every <= 0 {
		p.every = s.interval()
		if s.stderr.tty {
			p.every = 2 * time.Second
		}
	}
	if s.wantsJSON() {
		var err error
		if p.out, err = s.stream(c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// begin prints the first line and starts the ticking.
func (p *progress) begin() {
	n, err := p.s.store.Counts(context.Background(), p.c.ID)
	if err == nil {
		p.last, p.lastAt = n, p.s.now()
		names := make([]string, len(p.s.carriers))
		for i, c := range p.s.carriers {
			names[i] = c.Info().Name
		}
		if p.out != nil {
			_ = p.out.emit("plan", planEvent(p.c, n))
		}
		p.line("start", slog.String("campaign", p.c.Name), slog.String("mode", strings.ToUpper(string(p.c.Mode))),
			slog.Int64("eligible", n.Eligible), slog.Int64("queued", n.Queued),
			slog.String("est", p.c.Estimate.String()+p.c.Currency), slog.String("carriers", strings.Join(names, ",")))
	}
	go p.tick()
}

func planEvent(c *campaign.Campaign, n campaign.Counts) map[string]any {
	return map[string]any{
		"rows": n.Rows, "invalid": n.Invalid, "duplicate": n.Duplicate, "opted_out": n.OptedOut, "eligible": n.Eligible,
		"segments": n.Segments, "estimated_cost": money{c.Estimate, c.Currency},
	}
}

func (p *progress) tick() {
	defer close(p.over)
	t := time.NewTicker(p.every)
	defer t.Stop()
	asked := make(chan os.Signal, 1) // whoever asks twice gets one answer
	if wanted := statusSignals(); len(wanted) > 0 {
		signal.Notify(asked, wanted...)
		defer signal.Stop(asked)
	}
	for {
		select {
		case <-t.C:
			p.status()
		case <-asked:
			p.status()
		case <-p.quit:
			return
		}
	}
}

// end stops the ticking; the last state is in the summary.
func (p *progress) end() {
	close(p.quit)
	<-p.over
}

// status says how far the campaign is.
func (p *progress) status() {
	n, err := p.s.store.Counts(context.Background(), p.c.ID)
	if err != nil {
		p.s.log().Warn("reading the sums", "error", err)
		return
	}
	spent, err := p.s.store.Spent(context.Background(), p.c.ID)
	if err != nil {
		p.s.log().Warn("reading the cost", "error", err)
		return
	}
	eta := p.pace(n)
	if p.out != nil {
		_ = p.out.emit("status", p.statusEvent(n, spent, eta))
	}
	pct := 100.0
	if n.Eligible > 0 {
		pct = 100 * float64(n.Handled()) / float64(n.Eligible)
	}
	p.line("progress", slog.String("handled", fmt.Sprintf("%d/%d", n.Handled(), n.Eligible)), slog.String("pct", fmt.Sprintf("%.1f", pct)),
		slog.String("rate", fmt.Sprintf("%.1f/s", p.rate)), slog.String("eta", etaText(eta)), slog.Int64("accepted", n.Accepted()),
		slog.Int64("failed", n.Failed+n.Expired), slog.Int64("unknown", n.Unknown), slog.Int64("sending", n.Sending),
		slog.Int64("delivered", n.Delivered), slog.Int64("awaiting", n.Awaiting), slog.String("cost", spent.String()+p.c.Currency))
}

// pace keeps a rate that does not jump (moving average over about ten seconds) and says how long the rest will take, 0
// if that is not known yet.
func (p *progress) pace(n campaign.Counts) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.s.now()
	dt := now.Sub(p.lastAt).Seconds()
	if dt <= 0 {
		return 0
	}
	current := max(0, float64(n.Handled()-p.last.Handled())/dt)
	weight := min(1, dt/10)
	if p.rate == 0 {
		weight = 1
	}
	p.rate += weight * (current - p.rate)
	p.last, p.lastAt = n, now
	if p.rate < 0.01 || n.Queued == 0 {
		return 0
	}
	return time.Duration(float64(n.Queued) / p.rate * float64(time.Second))
}

func etaText(d time.Duration) string {
	if d == 0 {
		return "--"
	}
	return shortDuration(d)
}

func (p *progress) statusEvent(n campaign.Counts, spent any, eta time.Duration) map[string]any {
	return map[string]any{
		"state": "running", "eligible": n.Eligible, "queued": n.Queued, "sending": n.Sending, "accepted": n.Accepted(),
		"failed": n.Failed, "expired": n.Expired, "unknown": n.Unknown, "cancelled": n.Cancelled, "suppressed": n.Suppress,
		"delivered": n.Delivered, "undelivered": n.Undelivered, "awaiting": n.Awaiting, "no_receipt": n.NoReceipt,
		"rate_per_s": p.rate, "eta_s": eta.Seconds(),
		"cost": map[string]any{"amount": fmt.Sprint(spent), "currency": p.c.Currency},
	}
}

// event passes on what happened in the run, at once.
func (p *progress) event(e campaign.Event) {
	if p.out != nil {
		_ = p.out.emit(e.Kind, attrsJSON(e.Attrs))
	}
	p.line(e.Kind, e.Attrs...)
}

// line writes one line of key=value for people and the same into the log.
func (p *progress) line(kind string, attrs ...slog.Attr) {
	p.s.log().LogAttrs(context.Background(), slog.LevelInfo, kind, attrs...)
	if !p.human {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-9s", p.s.now().In(p.s.zone).Format(time.TimeOnly), kind)
	for _, a := range attrs {
		v := a.Value.Resolve().String()
		if strings.ContainsAny(v, " \"=") {
			v = fmt.Sprintf("%q", v)
		}
		fmt.Fprintf(&b, " %s=%s", a.Key, v)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.s.stderr, p.s.glyphs(p.s.hide(b.String())))
}

// ended says how the run ended where that is not plain from the summary.
func (p *progress) ended(end campaign.End) {
	switch end.Cause {
	case campaign.CauseInterrupted:
		n, err := p.s.store.Counts(context.Background(), p.c.ID)
		if err != nil {
			return
		}
		p.s.say("Paused at %s of %s.\nContinue:  smsctl campaign resume %s", count(n.Handled()), count(n.Eligible), p.c.Name)
		if n.Unknown > 0 {
			p.s.say("%s submits are marked unknown and will not be sent again on their own.\nCheck them:  smsctl campaign reconcile %s",
				count(n.Unknown), p.c.Name)
		}
	case campaign.CauseDispatched:
		p.s.say("Nothing is left to send. Receipts are still awaited:  smsctl campaign show %s", p.c.Name)
	}
}
