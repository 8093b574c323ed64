package campaign

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// keep keeps the appointments that are due.
func (w *watch) keep(ctx context.Context) error {
	for {
		looks := w.take()
		if len(looks) == 0 {
			return nil
		}
		err := w.visit(ctx, looks)
		w.mu.Lock()
		for _, l := range looks {
			if l.ambiguous {
				w.doubtful--
			}
		}
		w.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// take removes some appointments that are due from the timetable.
func (w *watch) take() (looks []look) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(looks) < pageOfOpen {
		l, ok := w.due.due(w.Now())
		if !ok {
			break
		}
		if l.ambiguous || !w.settled.has(l.attempt) {
			looks = append(looks, l)
		}
	}
	return looks
}

// visit keeps appointments: it reads what is known by now, asks what the silence of those means whose receipts are
// missing, and acts.
func (w *watch) visit(ctx context.Context, looks []look) error {
	visits := make([]*visit, len(looks))
	err := together(ctx, indexes(looks), func(ctx context.Context, i int) error {
		o, err := w.Store.OpenAttempt(ctx, looks[i].attempt)
		if err == nil {
			visits[i] = &visit{look: looks[i], open: o}
		}
		return ignore(err, ErrNotDue)
	})
	if err != nil {
		return err
	}
	visits = slices.DeleteFunc(visits, func(v *visit) bool { return v == nil })
	if err := w.ask(ctx, visits); err != nil {
		return err
	}
	return together(ctx, visits, func(ctx context.Context, v *visit) error {
		switch v.open.State {
		case AttemptSending: // its outcome is known here and still on its way into the database
			w.add(w.Now().Add(lookupFirst), v.look)
			return nil
		case AttemptAmbiguous:
			return ignore(w.askAbout(ctx, v.look, &v.open), ErrNotDue)
		}
		return ignore(w.overdue(ctx, v), ErrNotDue)
	})
}

// visit is an appointment that is being kept.
type visit struct {
	look look
	open Open
	silence
}

func indexes[T any](s []T) []int {
	out := make([]int, len(s))
	for i := range s {
		out[i] = i
	}
	return out
}

// ask lets the router say what the silence of attempts means.
func (w *watch) ask(ctx context.Context, visits []*visit) error {
	if !w.choice() || len(visits) == 0 {
		return nil
	}
	w.mu.Lock()
	q := inquiry{heard: w.heard, answer: make(chan []silence, 1)}
	w.mu.Unlock()
	for _, v := range visits {
		q.open = append(q.open, v.open)
	}
	select {
	case w.asks <- q:
	case <-ctx.Done():
		return ctx.Err()
	}
	for i, s := range <-q.answer {
		visits[i].silence = s
	}
	return nil
}

// overdue waits on if a receipt may well come. Else it asks the carrier first, if it can be asked; then the message goes
// to another one, or is held.
func (w *watch) overdue(ctx context.Context, v *visit) error {
	o, s := &v.open, &w.Campaign.Settings
	if v.look.ambiguous { // a receipt has settled the doubt since: it has its time like any other
		v.look = look{attempt: o.Attempt, carrier: w.position(o.Carrier)}
		due := o.BegunAt.Add(w.receiptWait(w.byName[o.Carrier]))
		if now := w.Now(); v.wait == 0 && due.After(now) {
			v.wait = due.Sub(now)
		}
	}
	if w.pulls[o.Carrier] != nil {
		if later, err := w.pull(ctx, v); later || err != nil {
			return err
		}
	}
	if v.wait > 0 {
		w.add(w.Now().Add(v.wait), v.look)
		return nil
	}
	answered, settled, err := w.poll(ctx, o)
	if settled || err != nil {
		return err
	}
	if w.pulls[o.Carrier] != nil && !answered {
		v.again = false // nobody has said anything: its silence is none
	}
	again := v.again && !s.HoldNoReceipt && !s.AtMostOnce && o.Last && w.maySend(o.Counted, o.Scheduled)
	if early := w.receiptWait(w.byName[o.Carrier]) - w.Now().Sub(o.BegunAt); v.again && !again && early > 0 {
		w.add(w.Now().Add(early), v.look) // it cannot be sent again: its receipt has all the time there is
		return nil
	}
	return w.Store.Overdue(ctx, w.Lease, o.Attempt, again, "no receipt from "+o.Carrier+" in time", w.Now())
}

// poll asks about an attempt whose receipt is overdue. That is skipped when it would take more than a tenth of the
// carrier's rate.
func (w *watch) poll(ctx context.Context, o *Open) (answered, settled bool, err error) {
	if _, ok := w.byName[o.Carrier].(carriers.Poller); !ok || o.Submitted.ID == "" || !w.polls[o.Carrier].allow(w.Now()) {
		return false, false, nil
	}
	return w.question(ctx, o)
}

// question asks a carrier what became of an attempt and stores the answer as a receipt.
func (w *watch) question(ctx context.Context, o *Open) (answered, settled bool, err error) {
	p, ok := w.byName[o.Carrier].(carriers.Poller)
	if !ok || o.Submitted.ID == "" {
		return false, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	rc, err := p.Poll(ctx, o.Submitted)
	if err != nil {
		w.Log.Warn("poll", slog.String("carrier", o.Carrier), slog.Any("error", err))
		w.rest(o.Carrier)
		return false, false, nil
	}
	if rc.State.Rank() == 0 {
		return true, false, nil
	}
	if rc.Ref == "" {
		rc.Ref = o.Submitted.Ref
	}
	return true, rc.State.Final(), w.Store.ApplyReceipts(ctx, o.Carrier, "poll", []carriers.Receipt{rc})
}

const askTimeout = 10 * time.Second
