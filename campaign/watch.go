package campaign

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smsctl/smsctl/carriers"
)

// Fates are the attempts of which something is not known yet.
type Fates interface {
	OpenAttempts(ctx context.Context, campaignID, after int64, limit int) (open []Open, last int64, err error)
	OpenAttempt(ctx context.Context, attempt int64) (Open, error)
	Resolve(ctx context.Context, lease string, o Outcome) error
}

// Arrivals are the receipts, whoever received them.
type Arrivals interface {
	Follow(ctx context.Context, campaignID, after int64, limit int, delivered bool) ([]Settled, int64, error)
	LastReceipt(ctx context.Context) (int64, error)
	ApplyReceipts(ctx context.Context, carrier, via string, rs []carriers.Receipt) error
	Overdue(ctx context.Context, lease string, attempt int64, again bool, reason string, at time.Time) error
	Requeue(ctx context.Context, lease string, recipient int64, from State, reason string, at time.Time) error
}

// watch follows the attempts after their submit: receipts that say "not delivered", receipts that do not come, submits
// whose outcome is not known.
type watch struct {
	*Runner
	byName map[string]carriers.Carrier
	polls  map[string]*pace
	pulls  map[string]*pace // carriers whose receipts come only if they are asked for (pull.go)

	arrived chan []Settled // final receipts, for the router; nobody reads it where there is a single carrier
	asks    chan inquiry   // what silence means, for the router to answer
	settled bitset         // attempts of this run with a final receipt: nothing is to be looked at any more

	mu       sync.Mutex
	due      timetable[look]
	doubtful int       // ambiguous attempts among them
	working  int       // rounds that are under way
	halted   bool      // none may begin
	resumed  bool      // the appointments of earlier runs are made
	cursor   int64     // the last receipt row followed; written by the watch alone
	seen     time.Time // when the receipts were looked at last
	heard    time.Time // since when they could come in
}

// look is an appointment with an attempt.
type look struct {
	attempt   int64
	carrier   int8 // by position, -1 = unknown
	ambiguous bool
	asked     int16 // times a question was undecided
}

const (
	watchTick   = 100 * time.Millisecond
	lookupFirst = 5 * time.Second  // a vendor's search lags behind its sends
	lookupAgain = 30 * time.Second // and says "absent" only when asked twice
	resumeGrace = 10 * time.Second // for receipts that a vendor repeats after we were away
	pageOfOpen  = 1000
)

func newWatch(r *Runner) *watch {
	w := &watch{
		Runner: r, cursor: r.Campaign.Followed, byName: map[string]carriers.Carrier{}, polls: map[string]*pace{},
		arrived: make(chan []Settled), asks: make(chan inquiry), seen: r.Now(), heard: r.Now(),
	}
	for _, c := range r.Carriers {
		name := c.Info().Name
		w.byName[name], w.polls[name] = c, newPace(c.Info().Common.MaxPerSecond)
	}
	w.pulls = r.pulls()
	return w
}

// submitted makes an appointment with a new attempt, if its story is not over.
func (w *watch) submitted(now time.Time, res result, due time.Time) {
	switch res.decision.Next {
	case Awaiting:
		if !res.turn.IsZero() {
			due = res.turn
		}
		w.add(due, look{attempt: res.attempt, carrier: int8(res.carrier)})
	case Unknown:
		w.add(now.Add(lookupFirst), look{attempt: res.attempt, ambiguous: true})
	}
}

func (w *watch) add(at time.Time, l look) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due.add(at, l)
	if l.ambiguous {
		w.doubtful++
	}
}

// hasten looks at once at what awaits a receipt of a carrier that has come under suspicion.
func (w *watch) hasten(now time.Time, carrier int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pulls[w.Carriers[carrier].Info().Name] != nil {
		return // each has its turn to be asked about
	}
	w.due.hasten(now, func(l look) bool { return !l.ambiguous && int(l.carrier) == carrier })
}

// idle says that there is no appointment left.
func (w *watch) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.due.len() == 0
}

// halt keeps the watch from queueing anything again, so that the sums stand still; false says that it is about to.
func (w *watch) halt() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.halted = w.working == 0
	return w.halted
}

// goOn ends halt.
func (w *watch) goOn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.halted = false
}

// doubts says whether an ambiguous attempt is still being asked about.
func (w *watch) doubts() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.doubtful > 0
}

// followed is the last receipt row whose consequences are committed.
func (w *watch) followed() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cursor
}

// ready says whether it is known what earlier runs have left open.
func (w *watch) ready() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.resumed
}

// run keeps the appointments until ctx ends.
func (w *watch) run(ctx context.Context) (err error) {
	if err := w.resume(ctx); err != nil {
		return err
	}
	w.mu.Lock()
	w.resumed = true
	w.mu.Unlock()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.often(ctx, w.follow) })
	g.Go(func() error { return w.often(ctx, w.keep) })
	return g.Wait()
}

// often does something ten times a second until ctx ends, unless the watch is halted. Receipts and appointments are
// looked at apart: a carrier that does not answer a question must not keep the receipts waiting.
func (w *watch) often(ctx context.Context, do func(context.Context) error) error {
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !w.begin() {
			continue
		}
		err := do(ctx)
		w.end()
		if err != nil {
			return err
		}
	}
}

func (w *watch) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.halted {
		return false
	}
	w.working++
	return true
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.working--
}

// looked is when the receipts were looked at last, all that there were.
func (w *watch) looked() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// hears notes that receipts can come in again, from now on.
func (w *watch) hears(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = now
}

// resume makes appointments with what an earlier run has left open.
func (w *watch) resume(ctx context.Context) error {
	_, err := w.lookUp(ctx, true)
	return err
}

// remind makes appointments with attempts that turn out to have been taken after they were given up: a receipt has said
// so that is not the last word. It says whether there are any.
func (w *watch) remind(ctx context.Context) (bool, error) {
	n, err := w.lookUp(ctx, false)
	return n > 0, err
}

// lookUp makes an appointment with every attempt whose fate is not known.
func (w *watch) lookUp(ctx context.Context, doubtful bool) (n int, err error) {
	now := w.Now()
	for after := int64(0); ; {
		open, last, err := w.Store.OpenAttempts(ctx, w.Campaign.ID, after, pageOfOpen)
		if err != nil || last == after {
			return n, err
		}
		after = last
		for i := range open {
			o := &open[i]
			at, c, ambiguous := now.Add(lookupFirst), w.byName[o.Carrier], o.State == AttemptAmbiguous
			if !ambiguous && c != nil {
				at = later(o.BegunAt.Add(w.receiptWait(c)), now.Add(min(resumeGrace, w.receiptWait(c))))
			}
			if !ambiguous && c != nil && w.pulls[o.Carrier] != nil {
				at, _ = w.firstTurn(c, now)
			}
			if doubtful || !ambiguous {
				w.add(at, look{attempt: o.Attempt, carrier: w.position(o.Carrier), ambiguous: ambiguous})
				n++
			}
		}
	}
}

// position is where a carrier stands in the list, -1 if it has left it.
func (w *watch) position(name string) int8 {
	return int8(slices.IndexFunc(w.Carriers, func(c carriers.Carrier) bool { return c.Info().Name == name }))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// follow sends messages on whose receipts say "not delivered" for a reason that is not the recipient's, and lets the
// router learn from all that are final.
func (w *watch) follow(ctx context.Context) error {
	for {
		arrived, last, err := w.Store.Follow(ctx, w.Campaign.ID, w.cursor, pageOfOpen, w.choice())
		if err != nil {
			return err
		}
		full := last-w.cursor >= pageOfOpen
		if err := w.pass(ctx, arrived); err != nil {
			return err
		}
		if err := together(ctx, arrived, w.failed); err != nil {
			return err
		}
		w.mu.Lock()
		w.cursor = last
		if !full {
			w.seen = w.Now()
		}
		w.mu.Unlock()
		if !full {
			return nil
		}
	}
}

// choice says whether there is more than one carrier: only then does it matter what becomes of messages with each.
func (w *watch) choice() bool { return len(w.Carriers) > 1 }

// pass gives final receipts to the router.
func (w *watch) pass(ctx context.Context, arrived []Settled) error {
	if !w.choice() || len(arrived) == 0 {
		return nil
	}
	w.mu.Lock()
	for i := range arrived {
		w.settled.set(arrived[i].Attempt)
	}
	w.mu.Unlock()
	select {
	case w.arrived <- arrived:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// together does something for many attempts at once: each waits for a commit, and the commits are shared.
func together[T any](ctx context.Context, all []T, do func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, one := range all {
		g.Go(func() error { return do(ctx, one) })
	}
	return g.Wait()
}

// atOnce bounds how many attempts are asked about or moved on at the same time.
const atOnce = 64

func (w *watch) failed(ctx context.Context, s Settled) error {
	if s.State == carriers.ReceiptDelivered || !s.Applied || s.Now != Undelivered || !s.State.Final() || !mayFollow(s.State, s.Class) || !w.maySend(s.Counted, s.Scheduled) {
		return nil
	}
	err := w.Store.Requeue(ctx, w.Lease, s.Recipient, Undelivered, "not delivered by "+s.Carrier, w.Now())
	return ignore(err, ErrNotDue)
}

// maySend says whether another attempt is left to a message and its validity has not ended.
func (w *watch) maySend(counted int, scheduled time.Time) bool {
	end := w.Campaign.Deadline(scheduled)
	return counted < w.Campaign.Settings.MaxAttempts && (end.IsZero() || w.Now().Before(end))
}

func ignore(err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return err
}

// askAbout tries to find out whether a carrier took a message whose answer was lost, then applies the policy of the
// message's type.
func (w *watch) askAbout(ctx context.Context, l look, o *Open) error {
	if _, can := w.byName[o.Carrier].(carriers.Looker); can && !w.polls[o.Carrier].allow(w.Now()) {
		w.add(w.Now().Add(time.Second), l) // not its turn yet, which is no answer
		return nil
	}
	found, err := w.lookup(ctx, o)
	switch {
	case err != nil:
		w.Log.Warn("lookup", slog.String("carrier", o.Carrier), slog.Any("error", err))
		w.rest(o.Carrier)
	case found.Verdict == carriers.Found:
		// The copy of another attempt to the same number says nothing about this one.
		if err := w.found(ctx, o, found); !errors.Is(err, ErrAnother) {
			return err
		}
	case found.Verdict == carriers.Absent:
		res := carriers.Refuse(carriers.ClassCarrierTransient, "", "", "the carrier has no record of it")
		return w.resolve(ctx, o, res, w.requeueOr(o, Failed), "proved not taken by "+o.Carrier)
	}
	_, canAsk := w.byName[o.Carrier].(carriers.Looker)
	now, deadline := w.Now(), o.BegunAt.Add(w.receiptWait(w.byName[o.Carrier]))
	early := found.Again.After(now) // its silence will be proof
	if canAsk && (l.asked == 0 || early && w.holds()) || !w.holds() && now.Before(deadline) {
		at := now.Add(lookupAgain)
		if early {
			at = found.Again
		}
		if !w.holds() && at.After(deadline) { // nothing depends on the deadline of what is held
			at = later(deadline, now.Add(watchTick))
		}
		w.add(at, look{attempt: l.attempt, ambiguous: true, asked: l.asked + 1})
		return nil
	}
	if w.holds() || !o.Last || !w.maySend(o.Counted, o.Scheduled) {
		return nil // it stays unknown: a person may reconcile it
	}
	return w.resolve(ctx, o, carriers.Ambiguous("", "", ""), Queued, "no answer from "+o.Carrier+", sent again")
}

// holds says whether a message whose outcome is not known stays where it is.
func (w *watch) holds() bool {
	return w.Campaign.Settings.HoldAmbiguous || w.Campaign.Settings.AtMostOnce
}

// rest leaves a carrier alone that did not answer a question.
func (w *watch) rest(carrier string) {
	w.polls[carrier].rest(w.Now())
	if p := w.pulls[carrier]; p != nil {
		p.rest(w.Now())
	}
}

func (w *watch) requeueOr(o *Open, otherwise State) State {
	if w.maySend(o.Counted, o.Scheduled) {
		return Queued
	}
	return otherwise
}

func (w *watch) lookup(ctx context.Context, o *Open) (carriers.Finding, error) {
	c, ok := w.byName[o.Carrier].(carriers.Looker)
	if !ok {
		return carriers.Finding{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return c.Lookup(ctx, o.Submitted)
}

// found adopts a message that the carrier turned out to have taken.
func (w *watch) found(ctx context.Context, o *Open, f carriers.Finding) error {
	if err := w.resolve(ctx, o, carriers.Accept(f.ID, "found by lookup"), Awaiting, ""); err != nil {
		return err
	}
	w.add(w.Now().Add(w.receiptWait(w.byName[o.Carrier])), look{attempt: o.Attempt, carrier: w.position(o.Carrier)})
	if f.Receipt.State.Rank() == 0 {
		return nil
	}
	f.Receipt.Ref = o.Submitted.Ref
	return w.Store.ApplyReceipts(ctx, o.Carrier, "lookup", []carriers.Receipt{f.Receipt})
}

func (w *watch) resolve(ctx context.Context, o *Open, res carriers.Result, next State, reason string) error {
	return w.Store.Resolve(ctx, w.Lease, Outcome{
		Attempt: o.Attempt, Recipient: o.Recipient, Result: res, Next: next, NotBefore: w.Now(), Reason: reason,
	})
}
