package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// dispatch is the heart of a run: one goroutine that knows every message in hand and gives each to a worker when a
// carrier is free for it. Everything else talks to it by channels.
type dispatch struct {
	*Runner
	router *routing.Router
	feeder *feeder
	watch  *watch
	cutNow context.CancelFunc

	assign  chan assignment // as many as workers: the router's windows bound what is under way, so this never blocks
	results chan result     // likewise
	wishes  chan wish       // the newest desired state

	ready    lanes
	parked   timetable[*job]
	hand     map[int64]bool // recipients that are ready, parked or under way
	flying   int
	spent    carriers.Price
	hold     string    // why nothing is handed out; "" = running
	stopping bool      // the process is to end
	out      time.Time // since when no carrier could be used
	lastSums time.Time
	warned   bool      // a guard has warned
	quietAt  time.Time // since when nothing is left to send
	cancel   bool
	end      End
}

// wish is what people and other processes want of a run.
type wish struct {
	campaign *Campaign
	share    int     // processes that share the carriers' limits
	tripped  *Guard  // the first guard that does not hold
	value    float64 // what it watches
}

type assignment struct {
	job     *job
	carrier int
	cost    carriers.Price
	why     string
}

func newDispatch(ctx context.Context, r *Runner) (*dispatch, error) {
	if err := checkCarriers(r.Carriers); err != nil {
		return nil, err
	}
	spent, err := r.Store.Spent(ctx, r.Campaign.ID)
	if err != nil {
		return nil, err
	}
	if r.Campaign.Desired == WantPause {
		return nil, ErrState // whoever starts a run first wishes it to run
	}
	router := routing.New(infos(r.Carriers), routing.Options{})
	n := router.Window()
	d := &dispatch{
		Runner: r, router: router, spent: spent, hand: map[int64]bool{},
		assign: make(chan assignment, n), results: make(chan result, n), wishes: make(chan wish, 1),
		watch: newWatch(r),
	}
	d.feeder = newFeeder(r, max(2*n, 256))
	d.obey(wish{campaign: r.Campaign, share: 1})
	return d, r.Store.SetStatus(ctx, r.Campaign.ID, r.Lease, Running, "")
}

// loop hands out messages until there is nothing left to do or stop says so.
func (d *dispatch) loop(ctx context.Context, stop <-chan struct{}) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now := d.Now()
		d.wake(now)
		wait, err := d.handOut(ctx, now)
		if err != nil {
			return err
		}
		d.tell()
		if over, err := d.over(ctx, now); over || err != nil {
			return err
		}
		d.feeder.ask(len(d.hand), !d.held())
		timer.Reset(wait)
		select {
		case page := <-d.feeder.pages:
			d.take(page)
		case res := <-d.results:
			err = d.finishAll(ctx, res)
		case w := <-d.wishes:
			err = d.heed(ctx, w)
		case <-timer.C:
		case <-stop:
			stop = nil
			d.stop(CauseInterrupted, Paused, "interrupted")
			d.end.InFlight = d.flying
			d.notify("drain", slog.Int("in_flight", d.flying), slog.Duration("timeout", d.DrainTimeout))
			time.AfterFunc(d.DrainTimeout, d.cutNow)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// idle is how long dispatch sleeps at most: it looks at the sums and the outage then.
const idle = 250 * time.Millisecond

// held says that nothing may be handed out now.
func (d *dispatch) held() bool { return d.hold != "" || d.stopping || d.Reconcile }

// wake moves what has become due into the lanes.
func (d *dispatch) wake(now time.Time) {
	for {
		j, ok := d.parked.due(now)
		if !ok {
			return
		}
		d.ready.push(j)
	}
}

func (d *dispatch) take(page []Due) {
	for i := range page {
		if d.hand[page[i].ID] {
			continue
		}
		j := &job{Due: page[i], tries: len(page[i].Tried), tried: d.setOf(page[i].Tried)}
		d.hand[j.ID] = true
		d.ready.push(j)
	}
	d.quietAt = time.Time{}
}

// handOut gives every message that a carrier is free for to a worker and says how long nothing will change by itself.
func (d *dispatch) handOut(ctx context.Context, now time.Time) (wait time.Duration, err error) {
	wait = idle
	if at, ok := d.parked.next(); ok {
		wait = min(wait, max(at.Sub(now), time.Millisecond))
	}
	if d.held() {
		return wait, nil
	}
	for _, k := range d.ready.order {
		for {
			j := d.ready.head(k)
			if j == nil {
				break
			}
			if d.expired(now) {
				d.ready.pop(k)
				if err := d.endJob(ctx, j, Expired, carriers.ClassExpired, "its validity ended"); err != nil {
					return 0, err
				}
				continue
			}
			c := d.router.Choose(now, routing.Query{
				Message: uint64(j.ID), Country: j.Country, Type: string(d.Campaign.Type), Segments: j.Segments,
				Behind: d.ready.behind(k), Tried: j.tried, Barred: j.barred,
			})
			if c.Carrier < 0 && !c.NoRoute {
				wait = min(wait, max(c.Wait, time.Millisecond))
				break
			}
			d.ready.pop(k)
			if c.NoRoute {
				if err := d.endJob(ctx, j, Failed, carriers.ClassNoRoute, "no carrier may take it"); err != nil {
					return 0, err
				}
				continue
			}
			if !d.start(j, c) {
				return wait, nil
			}
		}
	}
	d.ready.sweep()
	return wait, nil
}

// start gives a message to a worker, unless that would go over the ceiling.
func (d *dispatch) start(j *job, c routing.Choice) bool {
	cost := price(d.Carriers[c.Carrier], j.Country, j.Segments)
	if max := d.Campaign.Ceiling; max != nil && d.spent+cost > *max {
		d.router.Cancel(c.Carrier)
		d.ready.push(j)
		d.notify("guard", slog.String("name", "cost"), slog.String("value", (d.spent+cost).String()),
			slog.String("limit", max.String()), slog.String("action", "pause"))
		d.stop(CauseBudget, Paused, "the cost ceiling of "+max.String()+" is reached")
		return false
	}
	d.spent += cost
	d.flying++
	d.assign <- assignment{job: j, carrier: c.Carrier, cost: cost, why: d.router.Why()}
	return true
}

func (d *dispatch) expired(now time.Time) bool {
	return !d.Campaign.ValidUntil.IsZero() && !now.Before(d.Campaign.ValidUntil)
}

func (d *dispatch) endJob(ctx context.Context, j *job, to State, class carriers.Class, reason string) error {
	delete(d.hand, j.ID)
	return d.Store.End(ctx, d.Lease, []int64{j.ID}, to, class, reason)
}

// finishAll takes in a result, and those that wait behind it.
func (d *dispatch) finishAll(ctx context.Context, res result) error {
	for {
		if err := d.finish(res); err != nil {
			return err
		}
		select {
		case res = <-d.results:
		default:
			return nil
		}
	}
}

// finish decides what becomes of a message that comes back from a worker.
func (d *dispatch) finish(res result) error {
	d.flying--
	j := res.job
	if res.skipped || res.err != nil {
		d.router.Cancel(res.carrier)
		d.spent -= res.cost
		delete(d.hand, j.ID)
		return res.err
	}
	now := d.Now()
	d.router.Done(now, res.carrier, j.Country, res.submit)
	if res.submit.Accepted == carriers.No {
		d.spent -= res.cost
	}
	d.watch.submitted(now, res)
	if res.decision.Next != Queued {
		delete(d.hand, j.ID)
		return nil
	}
	j.tries++
	j.tried = j.tried.With(res.carrier)
	if res.decision.Counted {
		j.Counted++
	}
	if res.decision.Bar {
		j.barred = j.barred.With(res.carrier)
	}
	if res.decision.After > 0 {
		d.parked.add(now.Add(res.decision.After), j)
	} else {
		d.ready.push(j)
	}
	return nil
}

// stop lets nothing new start; the loop ends when nothing is under way any more.
func (d *dispatch) stop(cause Cause, st Status, reason string) {
	if d.stopping {
		return
	}
	d.stopping = true
	d.end.Cause, d.end.Status, d.end.Reason = cause, st, reason
}

// heed obeys a wish and writes down that it did.
func (d *dispatch) heed(ctx context.Context, w wish) error {
	was := d.hold
	d.obey(w)
	d.guard(w)
	switch {
	case was == "" && d.hold != "":
		d.notify("state", slog.String("state", "running->paused"), slog.String("reason", d.hold))
		return d.Store.SetStatus(ctx, d.Campaign.ID, d.Lease, Paused, d.hold)
	case was != "" && d.hold == "":
		d.notify("state", slog.String("state", "paused->running"))
		return d.Store.SetStatus(ctx, d.Campaign.ID, d.Lease, Running, "")
	}
	return nil
}

// guard pauses the campaign when a threshold is crossed, or warns once.
func (d *dispatch) guard(w wish) {
	if w.tripped == nil || d.warned || d.stopping {
		return
	}
	action := "pause"
	if d.Campaign.Settings.GuardsWarn {
		action, d.warned = "warn", true
	}
	d.notify("guard", slog.String("name", w.tripped.Metric), slog.Float64("value", w.value),
		slog.Float64("limit", w.tripped.Limit), slog.Bool("passed", false), slog.String("action", action))
	if action == "pause" {
		d.stop(CauseGuard, Paused, fmt.Sprintf("guard %s: %.2f %%", w.tripped.Expr, 100*w.value))
	}
}

// obey takes over what people want of the campaign.
func (d *dispatch) obey(w wish) {
	now, c := d.Now(), w.campaign
	rate := c.Settings.Rate
	if c.RateCap != nil {
		rate = *c.RateCap
	}
	d.router.SetCap(now, rate)
	d.router.SetShare(now, w.share)
	d.router.SetCarrierCaps(now, c.CarrierCaps)
	switch c.Desired {
	case WantPause:
		if d.hold = c.Reason; d.hold == "" {
			d.hold = "paused"
		}
	case WantRun:
		d.hold = ""
	case WantCancel:
		d.cancel = true
		d.stop(CauseCancelled, Stopped, c.Reason)
	}
}

// tell passes on what the router has noticed.
func (d *dispatch) tell() {
	for _, e := range d.router.Events() {
		d.notify(e.Kind, slog.String("carrier", e.Carrier), slog.String("state", e.Text))
	}
}

// over says whether the run has come to its end.
func (d *dispatch) over(ctx context.Context, now time.Time) (bool, error) {
	if d.flying > 0 {
		d.quietAt, d.out = time.Time{}, time.Time{}
		return false, nil
	}
	if d.stopping {
		return true, d.close(ctx)
	}
	if d.Reconcile {
		return d.reconciled(ctx)
	}
	if d.ready.size > 0 && d.hold == "" {
		d.outage(now)
		return false, nil
	}
	if d.hold != "" || d.parked.len() > 0 || now.Sub(d.lastSums) < idle/2 {
		return false, nil
	}
	d.lastSums = now
	return d.settled(ctx, now)
}

// close gives a cancelled campaign's recipients their last state.
func (d *dispatch) close(ctx context.Context) error {
	if !d.cancel {
		return nil
	}
	_, err := d.Store.CancelQueued(ctx, d.Campaign.ID, d.Lease)
	return err
}

// settled looks at the sums when nothing is in hand: is there nothing left to send, and are the receipts in?
func (d *dispatch) settled(ctx context.Context, now time.Time) (bool, error) {
	c, err := d.Store.Counts(ctx, d.Campaign.ID)
	if err != nil || c.Queued+c.Sending > 0 || !d.feeder.exhausted() {
		d.quietAt = time.Time{}
		return false, err
	}
	if d.quietAt.IsZero() {
		d.quietAt = now
		if err := d.Store.SetStatus(ctx, d.Campaign.ID, d.Lease, Settling, ""); err != nil {
			return false, err
		}
		d.notify("state", slog.String("state", "running->settling"), slog.Int64("awaiting", c.Awaiting))
	}
	waited := d.Wait > 0 && now.Sub(d.quietAt) >= d.Wait
	switch {
	case !d.watch.ready(): // an earlier run may have left something open
		return false, nil
	case c.Awaiting == 0 && !d.watch.doubts(), d.watch.len() == 0:
		d.end = End{Cause: CauseDone, Status: c.Outcome()}
	case d.NoWait || waited:
		d.end = End{Cause: CauseDispatched, Status: Settling}
	default:
		return false, nil
	}
	return true, nil
}

// reconciled ends a reconciliation when every ambiguous attempt has been asked about as often as that makes sense.
func (d *dispatch) reconciled(ctx context.Context) (bool, error) {
	if !d.watch.ready() || d.watch.doubts() {
		return false, nil
	}
	c, err := d.Store.Counts(ctx, d.Campaign.ID)
	if err != nil {
		return false, err
	}
	d.end = End{Cause: CauseDone, Status: c.Outcome()}
	if c.Queued > 0 {
		d.end.Status, d.end.Reason = Paused, "reconciled; not yet sent"
	}
	return true, nil
}

// outage pauses the campaign when no carrier could be used for too long.
func (d *dispatch) outage(now time.Time) {
	out, class := d.router.Outage(now)
	if !out {
		d.out = time.Time{}
		return
	}
	if d.out.IsZero() {
		d.out = now
	}
	switch {
	case class != "":
		d.stop(causeOf(class), Paused, "every carrier waits for a person: "+class.Traits().Title)
	case now.Sub(d.out) >= d.Campaign.Settings.GiveUp:
		d.stop(CauseNoRoute, Paused, "no carrier could be used for "+d.Campaign.Settings.GiveUp.String())
	}
}

func causeOf(class carriers.Class) Cause {
	if class == carriers.ClassAccountAuth {
		return CauseAuth
	}
	return CauseNoRoute
}

// control keeps the lease and brings what people want.
func (d *dispatch) control(ctx context.Context) error {
	tick := time.NewTicker(controlTick)
	defer tick.Stop()
	last := d.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if now := d.Now(); now.Sub(last) >= heartbeat {
			if err := d.Store.Heartbeat(ctx, d.Campaign.ID, d.Lease, now.Add(LeaseTime), now.Sub(last)); err != nil {
				return err
			}
			last = now
		}
		c, err := d.Store.Campaign(ctx, d.Campaign.ID)
		if err != nil {
			return err
		}
		w := wish{campaign: c}
		if w.share, err = d.Store.Sharing(ctx); err != nil {
			return err
		}
		if err := d.checkGuards(ctx, &w); err != nil {
			return err
		}
		select {
		case <-d.wishes: // an older one that nobody has looked at
		default:
		}
		d.wishes <- w
	}
}

// checkGuards holds the sums against the thresholds.
func (d *dispatch) checkGuards(ctx context.Context, w *wish) error {
	guards := d.Campaign.Settings.Guards
	if len(guards) == 0 {
		return nil
	}
	c, err := d.Store.Counts(ctx, d.Campaign.ID)
	if err != nil {
		return err
	}
	for i := range guards {
		if v, ok := guards[i].Value(c); !ok {
			w.tripped, w.value = &guards[i], v
			return nil
		}
	}
	return nil
}
