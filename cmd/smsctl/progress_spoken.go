package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// With --accessible progress is whole sentences: a screen reader reads every line, so there are few of them, none is
// drawn over, and no sign has to be read as a word.

// spokenEvery is the longest silence; in between, every ten percent are told.
const spokenEvery = 30 * time.Second

func (p *progress) spoken() bool { return p.human && p.s.flags.accessible }

// decile is how many tenths of the campaign are handled.
func decile(n campaign.Counts) int64 {
	if n.Eligible == 0 {
		return 10
	}
	return 10 * n.Handled() / n.Eligible
}

// due says whether there is something to tell.
func (p *progress) due() bool {
	now := p.s.now()
	every := spokenEvery
	if p.v.every > 0 {
		every = p.v.every
	}
	n, err := p.s.store.Counts(context.Background(), p.c.ID)
	if err != nil || decile(n) == p.step && now.Sub(p.said) < every {
		return false
	}
	p.step, p.said = decile(n), now
	return true
}

// sentence tells how far the campaign is.
func (p *progress) sentence(n campaign.Counts, pct float64, eta time.Duration) {
	rest := "It is not known yet how long the rest will take."
	switch {
	case n.Queued+n.Sending == 0:
		rest = fmt.Sprintf("Nothing is left to send; %s receipts are awaited.", count(n.Awaiting))
	case eta > 0:
		rest = "About " + inWords(eta) + " left."
	}
	p.speak("%.0f percent: %s of %s handled, %.0f a second. %s accepted, %s delivered, %s failed, %s unknown. %s",
		pct, count(n.Handled()), count(n.Eligible), p.rate(), count(n.Accepted()), count(n.Delivered), count(n.Failed+n.Expired), count(n.Unknown), rest)
}

// speakOf tells an event.
func (p *progress) speakOf(t campaign.Told) {
	text := strings.NewReplacer("->", " to ").Replace(t.Text)
	p.speak("%s: %s.", strings.ToUpper(t.Kind[:1])+t.Kind[1:], strings.TrimSuffix(text, "."))
}

func (p *progress) speak(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.s.stderr, p.s.glyphs(p.s.hide(fmt.Sprintf(format, args...))))
}

// inWords is a duration as it is read aloud.
func inWords(d time.Duration) string {
	unit := func(n int64, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return fmt.Sprintf("%d %ss", n, name)
	}
	switch {
	case d < time.Minute:
		return unit(int64(d.Round(time.Second)/time.Second), "second")
	case d < time.Hour:
		return unit(int64(d.Round(time.Minute)/time.Minute), "minute")
	}
	return unit(int64(d/time.Hour), "hour") + " " + unit(int64(d%time.Hour/time.Minute), "minute")
}
