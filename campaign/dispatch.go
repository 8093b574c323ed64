package campaign

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
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
	fed    time.Time // when the last page came, or the run began

	quotas  []*Quota          // by carrier
	full    map[int]time.Time // carriers whose sender has sent all of its day, and when the next begins
	batches []*batcher        // by carrier, nil for those whose messages go one by one
	cutNow  context.CancelFunc

	assign  chan assignment // as many as workers: the router's windows bound what is under way, so this never blocks
	results chan result     // likewise
	wishes  chan wish       // the newest desired state

	learns   *learning // nil where there is no choice of carriers
	ready    lanes
	parked   timetable[*job]
	hand     map[int64]bool // recipients that are ready, parked or, true, under way
	flying   int
	spent    carriers.Price
	hold     string      // why nothing is handed out; "" = running
	waiting  time.Time   // the stored status says that everybody left waits until then
	asleep   atomic.Bool // the same, for the other goroutines
	stopping bool        // the process is to end
	still    standstill
	out      time.Time // since when no carrier could be used
	lastSums time.Time
	shown    time.Time // when screens last got the carriers' lines
	warned   bool      // a guard has warned
	settling bool      // the stored status says so
	quietAt  time.Time // since when nothing is left to send
	cancel   bool
	joined   time.Time // until when it takes little, because the others may not know yet that it sends too
	heeded   time.Time // the last reset of a breaker that was carried out
	end      End
}

type assignment struct {
	job     *job
	carrier int
	cost    carriers.Price
	why     string
	ticket  routing.Ticket
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
	if err := r.Store.Enrol(ctx, names(r.Carriers)); err != nil {
		return nil, err
	}
	router := routing.New(r.infos(), r.routing())
	n := router.Window()
	d := &dispatch{
		Runner: r, router: router, spent: spent, hand: map[int64]bool{},
		assign: make(chan assignment, n), results: make(chan result, n), wishes: make(chan wish, 1),
		watch: newWatch(r), heeded: r.Now(), fed: r.Now(), quotas: r.quotasOf(),
	}
	if d.learns, err = newLearning(ctx, d); err != nil {
		return nil, err
	}
	for _, c := range r.Carriers {
		window := c.Info().Common.MaxInFlight
		if window <= 0 {
			window = routing.DefaultWindow
		}
		d.batches = append(d.batches, newBatcher(c, window))
	}
	d.remembered()
	d.feeder = newFeeder(r, max(2*n, 256))
	d.obey(wish{campaign: r.Campaign, share: 1})
	return d, d.join(ctx)
}

// loop hands out messages until there is nothing left to do or stop says so.
func (d *dispatch) loop(ctx context.Context, stop <-chan struct{}) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now := d.Now()
		d.wake(now)
		d.learns.pass(now)
		wait, err := d.handOut(ctx, now)
		if err != nil {
			return err
		}
		d.tell()
		d.show(now)
		over, err := d.over(ctx, now)
		if err := errors.Join(err, d.learns.save(ctx, now, over)); over || err != nil {
			return err
		}
		timer.Reset(min(wait, d.feeder.ask(len(d.hand), !d.held())))
		select {
		case page := <-d.feeder.pages:
			err = d.take(ctx, d.Now(), page)
		case res := <-d.results:
			err = d.finishAll(res)
		case batch := <-d.watch.arrived:
			d.learns.arrived(d.Now(), batch)
		case q := <-d.watch.asks:
			d.learns.answer(d.Now(), q)
		case w := <-d.wishes:
			err = d.heed(ctx, w)
		case <-d.Wake:
			d.feeder.hurry()
		case <-timer.C:
		case <-stop:
			stop = nil
			d.stop(CauseInterrupted, cmp.Or(d.Interrupted, Paused), "interrupted")
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
		d.ready.push(now, j)
	}
}

// take takes a page of due recipients in. After dispatch had come to its end, a message that goes to another carrier lets
// the campaign run again.
func (d *dispatch) take(ctx context.Context, now time.Time, page []Due) error {
	d.fed = now
	for i := range page {
		if _, ok := d.hand[page[i].ID]; ok {
			continue
		}
		j := &job{Due: page[i], tries: len(page[i].Tried), tried: d.setOf(page[i].Tried)}
		d.place(j)
		d.hand[j.ID] = false
		d.ready.push(now, j)
	}
	if !d.settling && d.waiting.IsZero() || len(d.hand) == 0 {
		return nil
	}
	d.settling, d.quietAt = false, time.Time{}
	d.awake()
	return d.join(ctx)
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
	var out leavers
	d.still = standstill{}
	for _, k := range d.ready.order {
		wait = min(wait, d.serve(now, k, &out))
		if d.stopping {
			break
		}
	}
	d.ready.sweep()
	d.ready.turn()
	if d.still.lanes > 0 && !d.still.down {
		d.out = time.Time{}
	}
	return wait, d.dismiss(ctx, &out)
}

// serve hands out the messages of one lane until its head has to wait, and returns how long that is. Those that cannot be
// sent now, or at all, leave.
func (d *dispatch) serve(now time.Time, k lane, out *leavers) (wait time.Duration) {
	full, reset := d.exhausted(now)
	for j := d.ready.head(k); j != nil; j = d.ready.head(k) {
		if d.keepsOut(now, j, out) {
			d.ready.pop(k)
			continue
		}
		c := d.router.Choose(now, routing.Query{
			Message: uint64(j.ID), Country: j.Country, Network: j.Network, Type: string(d.Campaign.Type), Segments: j.Segments,
			Behind: d.ready.behind(k), Waited: now.Sub(j.since), Tried: j.tried, Barred: j.barred | full,
		})
		if !c.NoRoute {
			d.still.add(c)
		}
		switch {
		case c.NoRoute && full != 0:
			d.untilReset(j, reset, out)
		case c.NoRoute:
			out.noRoute = append(out.noRoute, j)
		case c.Carrier < 0:
			return max(c.Wait, time.Millisecond)
		case !d.start(j, c):
			return idle
		}
		d.ready.pop(k)
	}
	return idle
}

// start gives a message to a worker, unless that would go over the ceiling.
func (d *dispatch) start(j *job, c routing.Choice) bool {
	cost := price(d.Carriers[c.Carrier], j.Country, j.Segments)
	if max := d.Campaign.Ceiling; max != nil && d.spent+cost > *max {
		d.router.Cancel(c.Carrier)
		d.notify("guard", slog.String("name", "cost"), slog.String("value", (d.spent+cost).String()),
			slog.String("limit", max.String()), slog.Bool("passed", false), slog.String("action", "pause"))
		d.stop(CauseBudget, Paused, "the cost ceiling of "+max.String()+" is reached")
		return false
	}
	d.spent += cost
	d.flying++
	d.hand[j.ID] = true
	d.assign <- assignment{job: j, carrier: c.Carrier, cost: cost, why: d.router.Why(), ticket: c.Ticket}
	return true
}

// endAll gives messages that are not sent any more their last state, in one commit.
func (d *dispatch) endAll(ctx context.Context, jobs []*job, to State, class carriers.Class, reason string) error {
	if len(jobs) == 0 {
		return nil
	}
	ids := make([]int64, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
		delete(d.hand, j.ID)
	}
	return d.Store.End(ctx, d.Lease, ids, to, class, reason)
}

// finishAll takes in a result, and those that wait behind it.
func (d *dispatch) finishAll(res result) error {
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
		if res.full {
			d.fill(d.Now(), res.carrier)
		}
		if res.shut || res.full {
			d.hand[j.ID] = false
			d.ready.push(d.Now(), j)
		}
		return res.err
	}
	now := d.Now()
	d.router.Done(now, res.carrier, j.Country, res.submit)
	if res.submit.Accepted == carriers.No {
		d.spent -= res.cost
	}
	d.watch.claim(now, &res)
	d.watch.submitted(now, res, d.expect(now, res))
	if res.decision.Next != Queued {
		delete(d.hand, j.ID)
		return nil
	}
	d.hand[j.ID] = false
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
		d.ready.push(now, j)
	}
	return nil
}

// expect says when the receipt of an attempt should have come.
func (d *dispatch) expect(now time.Time, res result) time.Time {
	if d.learns != nil {
		return d.learns.submitted(now, res)
	}
	return now.Add(d.receiptWait(d.Carriers[res.carrier]))
}

// stop lets nothing new start; the loop ends when nothing is under way any more.
func (d *dispatch) stop(cause Cause, st Status, reason string) {
	if d.stopping {
		return
	}
	d.stopping = true
	d.end.Cause, d.end.Status, d.end.Reason = cause, st, reason
}

// eventOf is what the router has noticed, for people and for programs.
func eventOf(e routing.Event) Event {
	carrier := slog.String("carrier", e.Carrier)
	if e.To == "" {
		return Event{Kind: e.Kind, Attrs: []slog.Attr{carrier, slog.String("state", e.Text)}}
	}
	attrs := []slog.Attr{carrier, slog.String("from", e.From), slog.String("to", e.To)}
	if !e.RetryAt.IsZero() {
		attrs = append(attrs, slog.Time("retry_at", e.RetryAt))
	}
	if e.Why != "" && !e.Over {
		attrs = append(attrs, slog.String("reason", e.Why))
	}
	return Event{Kind: e.Kind, Attrs: attrs, Text: e.Carrier + " " + e.Text}
}

// tell passes on what the router has noticed.
func (d *dispatch) tell() {
	for _, e := range d.router.Events() {
		d.pass(eventOf(e))
		d.journal.outages.note(e)
		if e.Trouble == routing.TroubleSilent && !e.Over && d.Campaign.Type == Transactional {
			d.watch.hasten(d.Now(), int(d.watch.position(e.Carrier)))
		}
	}
}
