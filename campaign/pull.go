package campaign

import (
	"context"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Where no receipt can be pushed to us, carriers are asked for them while the campaign runs: each message some seconds
// after its submit and then ever more rarely, until its receipt is overdue; then once more.

const (
	pullFirst = 15 * time.Second // twice what a receipt usually takes
	pullShare = 4                // of the wait for a receipt, the first turn comes after a quarter at the latest
)

// PollTurns are how old a message is when its carrier is asked about it again.
func PollTurns() []time.Duration {
	return []time.Duration{
		time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 12 * time.Hour, 24 * time.Hour, 72 * time.Hour,
	}
}

// pulls are the carriers whose receipts come only if they are asked for, each with half of the questions it may be asked;
// the other half is for what is overdue or in doubt.
func (r *Runner) pulls() map[string]*pace {
	if r.Callback != nil {
		return nil
	}
	all := map[string]*pace{}
	for _, c := range r.Carriers {
		_, asked := c.(carriers.Poller)
		_, tells := c.(carriers.Session)
		if asked && !tells {
			p := newPace(c.Info().Common.MaxPerSecond)
			p.every *= 2
			all[c.Info().Name] = p
		}
	}
	return all
}

// turn is when a carrier is asked about a message: from at on, when it is free. Who gets none before the receipt is overdue
// has none: a queue that never ends would keep the campaign from ending.
func (w *watch) turn(carrier string, at, overdue time.Time) (turn time.Time, ok bool) {
	p := w.pulls[carrier]
	if !p.free(at).Before(overdue) {
		return overdue, false
	}
	return p.turn(at), true
}

func (w *watch) firstTurn(c carriers.Carrier, submitted time.Time) (turn time.Time, ok bool) {
	wait := w.receiptWait(c)
	return w.turn(c.Info().Name, submitted.Add(min(pullFirst, wait/pullShare)), submitted.Add(wait))
}

// claim gives a new attempt its turn. The router follows only those that have one: the silence of the others says nothing.
func (w *watch) claim(now time.Time, res *result) {
	if len(w.pulls) == 0 || res.decision.Next != Awaiting {
		return
	}
	if c := w.Carriers[res.carrier]; w.pulls[c.Info().Name] != nil {
		turn, ok := w.firstTurn(c, now)
		res.turn, res.unasked = turn, !ok
	}
}

// pull asks about a message whose turn has come. It says whether there is nothing to do until the next.
func (w *watch) pull(ctx context.Context, v *visit) (later bool, err error) {
	o, now := &v.open, w.Now()
	overdue := o.BegunAt.Add(w.receiptWait(w.byName[o.Carrier]))
	if !now.Before(overdue) {
		return false, nil
	}
	if !w.pulls[o.Carrier].rests(now) {
		if _, settled, err := w.question(ctx, o); settled || err != nil {
			return true, err
		}
	}
	next := v.look
	next.asked++
	at, turns := overdue, PollTurns()
	if int(v.look.asked) < len(turns) {
		at, _ = w.turn(o.Carrier, o.BegunAt.Add(turns[v.look.asked]), overdue)
	}
	w.add(at, next)
	return true, nil
}
