package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// progress shows how far a campaign is: lines for people on stderr, events on stdout for programs, and the same lines
// in the log in either case. It reads the store's sums, so that the campaign never waits for it.
type progress struct {
	s     *session
	c     *campaign.Campaign
	v     *runOptions
	out   *events // nil without --json
	view  string
	human bool
	every time.Duration

	mu      sync.Mutex
	pace    report.Pace
	step    int64     // accessible: the last ten percent that were announced
	said    time.Time // accessible: when that was
	waiting bool      // for the next opening
	quit    chan struct{}
	over    chan struct{}
}

func (s *session) newProgress(c *campaign.Campaign, v *runOptions) (*progress, error) {
	view, err := s.chooseView(v.progress)
	if err != nil {
		return nil, err
	}
	p := &progress{
		s: s, c: c, v: v, every: v.every, view: view, human: view == viewPlain,
		quit: make(chan struct{}), over: make(chan struct{}),
	}
	if p.every <= 0 {
		p.every = s.interval()
		if s.stderr.tty && p.human && !s.flags.accessible {
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
	p.start(p.c)
	go p.tick()
}

// start prints the first line.
func (p *progress) start(c *campaign.Campaign) {
	n, err := p.s.store.Counts(context.Background(), c.ID)
	if err != nil {
		return
	}
	p.pace.Add(p.s.now(), n.Handled())
	if p.out != nil {
		_ = p.out.emit("plan", planEvent(c, n))
	}
	attrs := []slog.Attr{
		slog.String("campaign", c.Name), slog.String("mode", strings.ToUpper(string(c.Mode))), slog.Int64("eligible", n.Eligible),
		slog.Int64("queued", n.Queued), slog.String("est", c.Estimate.String()+c.Currency),
	}
	if len(p.s.carriers) > 0 {
		attrs = append(attrs, slog.String("carriers", strings.Join(p.s.carrierNames(), ",")))
	}
	if p.spoken() {
		p.step, p.said = decile(n), p.s.now()
		p.speak("Campaign %s, %s: %s recipients, %s still to send to.", c.Name, c.Mode, count(n.Eligible), count(n.Queued))
	}
	p.line(p.s.now(), "start", attrs...)
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
	if p.spoken() { // it looks often, and speaks seldom
		t.Reset(time.Second)
	}
	for {
		select {
		case <-t.C:
			if !p.spoken() || p.due() {
				p.status()
			}
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
	eta := p.eta(n)
	if p.out != nil {
		_ = p.out.emit("status", p.statusEvent(n, spent, eta))
	}
	pct := 100.0
	if n.Eligible > 0 {
		pct = 100 * float64(n.Handled()) / float64(n.Eligible)
	}
	if p.spoken() {
		p.sentence(n, pct, eta)
	}
	p.line(p.s.now(), "progress", slog.String("handled", fmt.Sprintf("%d/%d", n.Handled(), n.Eligible)), slog.String("pct", fmt.Sprintf("%.1f", pct)),
		slog.String("rate", fmt.Sprintf("%.1f/s", p.rate())), slog.String("eta", etaText(eta)), slog.Int64("accepted", n.Accepted()),
		slog.Int64("failed", n.Failed+n.Expired), slog.Int64("unknown", n.Unknown), slog.Int64("sending", n.Sending),
		slog.Int64("delivered", n.Delivered), slog.Int64("awaiting", n.Awaiting), slog.String("cost", spent.String()+p.c.Currency))
}

// eta tells the pace how far the campaign is and says how long the rest will take, 0 if that is not known yet.
func (p *progress) eta(n campaign.Counts) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pace.Add(p.s.now(), n.Handled())
	return p.pace.Left(n.Queued)
}

func (p *progress) rate() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace.PerSecond()
}

func etaText(d time.Duration) string {
	if d == 0 {
		return "--"
	}
	return shortDuration(d)
}

func (p *progress) statusEvent(n campaign.Counts, spent any, eta time.Duration) map[string]any {
	return map[string]any{
		"state": p.doing(), "eligible": n.Eligible, "queued": n.Queued, "sending": n.Sending, "accepted": n.Accepted(),
		"failed": n.Failed, "expired": n.Expired, "unknown": n.Unknown, "cancelled": n.Cancelled, "suppressed": n.Suppress,
		"delivered": n.Delivered, "undelivered": n.Undelivered, "awaiting": n.Awaiting, "no_receipt": n.NoReceipt,
		"rate_per_s": p.rate(), "eta_s": eta.Seconds(),
		"cost": map[string]any{"amount": fmt.Sprint(spent), "currency": p.c.Currency},
	}
}

// event passes on what happened in the run, at once.
func (p *progress) event(e campaign.Event) {
	if p.out != nil {
		_ = p.out.emit(e.Kind, e.Fields())
	}
	p.note(e)
	if p.spoken() {
		p.speakOf(e.Tell())
	}
	p.line(e.At, e.Kind, e.Attrs...)
}

// note remembers that the run waits, and says until when.
func (p *progress) note(e campaign.Event) {
	if e.Kind != "state" {
		return
	}
	var until time.Time
	for _, a := range e.Attrs {
		if t, ok := a.Value.Resolve().Any().(time.Time); ok && a.Key == "until" {
			until = t
		}
	}
	p.mu.Lock()
	p.waiting = !until.IsZero()
	p.mu.Unlock()
	if p.human && !until.IsZero() {
		p.s.say("Waiting until %s. Ctrl-C leaves the rest queued; then:  smsctl campaign resume %s", p.s.localTime(until), p.c.Name)
	}
}

// doing is what the run does.
func (p *progress) doing() campaign.Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting {
		return campaign.Waiting
	}
	return campaign.Running
}

// told passes on what another process has told.
func (p *progress) told(t campaign.Told) {
	if p.out != nil {
		fields := map[string]any{"text": t.Text, "at": utcTime(t.At)}
		maps.Copy(fields, t.Fields)
		_ = p.out.emit(t.Kind, fields)
	}
	if p.spoken() {
		p.speakOf(t)
	}
	p.line(t.At, t.Kind, slog.String("text", t.Text))
}

// line writes one line of key=value for people and the same into the log.
func (p *progress) line(at time.Time, kind string, attrs ...slog.Attr) {
	p.s.log().LogAttrs(context.Background(), slog.LevelInfo, kind, attrs...)
	if !p.human || p.spoken() {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-9s", at.In(p.s.zone).Format(time.TimeOnly), kind)
	for _, a := range attrs {
		v := a.Value.Resolve().String()
		if t, ok := a.Value.Resolve().Any().(time.Time); ok {
			v = p.s.localTime(t)
		}
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
	case campaign.CauseWaiting:
		p.s.say("The rest waits: %s.\nGo on then:  smsctl campaign resume %s", end.Reason, p.c.Name)
	case campaign.CauseDispatched:
		p.s.say("Nothing is left to send. Receipts are still awaited:  smsctl campaign show %s", p.c.Name)
	}
}
