package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/aymanbagabas/go-osc52/v2"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/tui"
)

// The views of a campaign that --progress chooses between.
const (
	viewAuto  = "auto"
	viewTUI   = "tui"
	viewPlain = "plain"
	viewNone  = "none"
)

// chooseView settles how progress is shown. Only a terminal on both ends gets a screen.
func (a *app) chooseView(wish string) (string, error) {
	able := a.keyboard != nil && a.stdinTTY && a.stderr.tty && a.stderr.file != nil && a.env.get("TERM") != "dumb"
	ci := a.env.get("CI")
	switch {
	case a.wantsJSON():
		return viewNone, nil
	case wish == viewTUI && !able:
		return "", fail(exitUsage, "usage.no_terminal", "--progress tui needs a terminal").at("stdin or stderr is none, or TERM=dumb").
			fix("leave --progress out, or --progress plain")
	case wish == viewTUI, wish == viewPlain, wish == viewNone:
		return wish, nil
	case a.flags.quiet:
		return viewNone, nil
	case !able || a.flags.accessible || ci != "" && ci != "false":
		return viewPlain, nil
	}
	return viewTUI, nil
}

// screenOptions are how a screen looks here.
func (s *session) screenOptions() tui.Options {
	return tui.Options{
		Profile: s.flags.profile, Zone: s.zone, Color: s.stderr.color, ASCII: s.ascii,
		Link: s.stderr.link,
		Copy: func(text string) { _, _ = osc52.New(text).WriteTo(s.stderr.file) }, // a terminal without a clipboard ignores it
	}
}

// onScreen draws a model while work runs, and returns when both have ended; without work, until a person leaves or ctx
// ends. What would tear the screen is held back. The screen may fail or hang: the work does not notice.
func (s *session) onScreen(ctx context.Context, m *tui.Model, work func()) {
	open := s.stderr.close()
	screen := tui.Open(ctx, m, s.keyboard, s.stderr.file)
	over := make(chan struct{})
	go func() {
		defer close(over)
		if work != nil {
			work()
			screen.Close()
		}
	}()
	err := screen.Run()
	open()
	if err != nil {
		s.log().Warn("the screen has failed; the campaign goes on", "error", err)
	}
	<-over
}

// watcher reads a campaign's state for a screen, wherever it is being sent.
type watcher struct {
	*session
	id     int64
	vitals func(ctx context.Context) (*campaign.Vitals, error) // nil: from the database
	rec    report.Recorder
	report *report.Report
	wishes []campaign.Told
	live   *campaign.Vitals
	readAt time.Time
}

var _ tui.Source = (*watcher)(nil)

// slowParts is how often what changes slowly is read again: sums by carrier, country and class, and the history.
const slowParts = time.Second

// Snapshot reads the state now.
func (w *watcher) Snapshot(ctx context.Context) (*report.Snapshot, error) {
	c, err := w.store.Campaign(ctx, w.id)
	if err != nil {
		return nil, err
	}
	now := w.now()
	if w.report == nil || now.Sub(w.readAt) >= slowParts {
		if err := w.readSlowParts(ctx); err != nil {
			return nil, err
		}
		w.readAt = now
	}
	n, err := w.store.Counts(ctx, w.id)
	if err != nil {
		return nil, err
	}
	spent, err := w.store.Spent(ctx, w.id)
	if err != nil {
		return nil, err
	}
	if w.vitals != nil {
		if w.live, err = w.vitals(ctx); err != nil {
			return nil, err
		}
	}
	return w.rec.Take(now, report.Facts{
		Campaign: c, Alive: w.alive(c), Counts: n, Spent: report.Money(spent), Report: w.report, Vitals: w.live, Wishes: w.wishes,
	}), nil
}

func (w *watcher) readSlowParts(ctx context.Context) (err error) {
	if w.report, err = w.store.Report(ctx, w.id); err != nil {
		return err
	}
	history, err := w.store.History(ctx, w.id)
	if err != nil {
		return err
	}
	w.wishes = w.wishes[:0:0]
	for _, h := range history {
		text := h.Actor
		if h.Detail != "" {
			text = h.Detail + "   by " + h.Actor
		}
		w.wishes = append(w.wishes, campaign.Told{At: h.At, Kind: h.Action, Text: text})
	}
	if w.vitals == nil {
		w.live, err = w.store.Vitals(ctx, w.id)
	}
	return err
}

// shelf tells a screen of a campaign's messages.
type shelf struct {
	*session
	id int64
}

var _ tui.Stories = (*shelf)(nil)

// Messages lists messages, masked.
func (h *shelf) Messages(ctx context.Context, choice tui.Choice) ([]report.Message, error) {
	c, err := h.store.Campaign(ctx, h.id)
	if err != nil {
		return nil, err
	}
	all, err := h.store.Messages(ctx, c, store.Filter{
		States: choice.States, Class: choice.Class, Carrier: choice.Carrier, Country: choice.Country, Limit: choice.Limit,
	})
	if err != nil {
		return nil, err
	}
	privacy, err := h.privacy(h.cfg, h.store, report.Masked)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].To = privacy.Number(all[i].To)
	}
	return all, nil
}

// Message tells one message's story. Whoever reveals its number is written down in the campaign's history first.
func (h *shelf) Message(ctx context.Context, id string, reveal bool) (*report.Detail, error) {
	c, sequence, number, err := h.findMessage(ctx, id, "")
	if err != nil {
		return nil, err
	}
	if reveal {
		if err := h.wish(ctx, c, "", "reveal", "number of "+id); err != nil {
			return nil, err
		}
	}
	d, err := h.store.Message(ctx, c, sequence, number)
	if err != nil || reveal {
		return d, err
	}
	privacy, err := h.privacy(h.cfg, h.store, report.Masked)
	if err != nil {
		return nil, err
	}
	return d.Private(privacy), nil
}

// steering carries out what a person wants on a screen.
type steering struct {
	*session
	id  int64
	own *interrupts // of the process that sends; nil elsewhere
}

var _ tui.Controls = (*steering)(nil)

// Do carries a wish out and says what was done.
func (t *steering) Do(ctx context.Context, w tui.Wish) (string, error) {
	c, err := t.store.Campaign(ctx, t.id)
	if err != nil {
		return "", err
	}
	said, err := t.obey(ctx, c, w)
	var known *cliError
	if errors.As(err, &known) {
		return "", errors.New(known.Error())
	}
	return oneLine(said), err
}

func (t *steering) obey(ctx context.Context, c *campaign.Campaign, w tui.Wish) (string, error) {
	switch w.Kind {
	case tui.Pause:
		return t.wishPause(ctx, c, "")
	case tui.Resume:
		if !t.alive(c) {
			return t.resumeBehind(ctx, c)
		}
		return t.wishResume(ctx, c)
	case tui.Cancel:
		return t.wishCancel(ctx, c)
	case tui.Rate:
		rate := "none"
		if w.Rate > 0 {
			rate = count10(w.Rate) + "/s"
		}
		return t.wishThrottle(ctx, c, rate, nil)
	case tui.Drain:
		return t.wishThrottle(ctx, c, "", []string{w.Carrier + "=0"})
	case tui.Undrain:
		return t.wishThrottle(ctx, c, "", []string{w.Carrier + "=none"})
	case tui.Report:
		return t.reportFile(ctx, c)
	case tui.Reset:
		return t.wishReset(ctx, c, w.Carrier)
	case tui.Test:
		return t.testCarrier(ctx, w.Carrier, w.Number)
	}
	if t.own == nil {
		return "", errors.New("this process does not send the campaign")
	}
	if w.Kind == tui.Detach {
		if c.Desired == campaign.WantPause { // a worker would send, and that is not what was wanted last
			return "", errors.New("it is paused: space resumes it, q and Pause & quit leave it as it is")
		}
		t.own.detach()
		return "Detaching: what is under way finishes, then a worker goes on.", nil
	}
	t.own.press()
	return "Stopping: no new messages, what is under way finishes. Ctrl-C again to abort now.", nil
}

// wishReset lets the process that sends give messages to a carrier again.
func (s *session) wishReset(ctx context.Context, c *campaign.Campaign, carrier string) (string, error) {
	if !s.alive(c) {
		return "", errors.New("nobody sends this campaign: a breaker is closed when it is resumed")
	}
	return carrier + ": its breaker is closed by hand", s.wish(ctx, c, "", store.ResetAction, carrier)
}

// testCarrier sends a message whose number was typed on a screen. It is a session of its own beside the campaign: with its
// own connections to the carrier, and with nothing to print or to ask.
func (s *session) testCarrier(ctx context.Context, carrier, number string) (_ string, err error) {
	a := *s.app
	a.flags.yes, a.flags.quiet, a.flags.json = true, true, false
	t := &session{app: &a, cfg: s.cfg, mode: s.mode, store: s.store}
	defer func() {
		for _, c := range t.carriers {
			err = errors.Join(err, c.Close(context.WithoutCancel(ctx)))
		}
	}()
	if err := t.useCarriers(ctx, []string{carrier}); err != nil {
		return "", err
	}
	said, story, err := t.sendOne(ctx, carrier, number, testText, mildCost.String()+string(s.cfg.Currency))
	if story != nil {
		err = t.tested(carrier, story, err)
	}
	var failed *cliError
	if errors.As(err, &failed) && failed.Code == "test.failed" {
		err = errors.New(carrier + " has not accepted the test message: see " + failed.Where)
	}
	return said, err
}

// reportFile writes the report beside where the person works, in the best form there is.
func (t *steering) reportFile(ctx context.Context, c *campaign.Campaign) (string, error) {
	path := fileName(c.Name) + "-report.html"
	if formatByName(path) == "" {
		path = fileName(c.Name) + "-report.txt"
	}
	if err := t.writeReport(ctx, c, path); err != nil {
		return "", err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return "The report is in " + dir + string(os.PathSeparator) + path, nil
}

// subject is a campaign as a screen sees it.
func (s *session) subject(c *campaign.Campaign, own *interrupts, vitals func() *campaign.Vitals) tui.Subject {
	w := &watcher{session: s, id: c.ID}
	if vitals != nil {
		w.vitals = func(context.Context) (*campaign.Vitals, error) { return vitals(), nil }
	}
	return tui.Subject{
		Source: w, Controls: &steering{session: s, id: c.ID, own: own}, Stories: &shelf{session: s, id: c.ID}, Owner: own != nil,
	}
}

// final says that nothing is sent any more unless a person wants it.
func final(st campaign.Status) bool {
	return slices.Contains([]campaign.Status{campaign.Completed, campaign.Incomplete, campaign.Stopped, campaign.Settling}, st)
}
