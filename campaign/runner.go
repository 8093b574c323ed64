package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smsctl/smsctl/campaign/windows"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// Queue gives the recipients that are due.
type Queue interface {
	Extent(ctx context.Context, campaignID int64) (first, last int64, err error)
	Fresh(ctx context.Context, campaignID, after, until int64, limit int) ([]Due, error)
	Again(ctx context.Context, campaignID int64, now time.Time, limit int) ([]Due, error)
	NextDue(ctx context.Context, campaignID int64) (at time.Time, ok bool, err error) // of those that wait for a moment
}

// Ledger makes every step durable. Begin returns when the attempt is committed.
type Ledger interface {
	Begin(ctx context.Context, s Start) (Started, error)
	Record(ctx context.Context, o Outcome) error
	End(ctx context.Context, lease string, ids []int64, to State, class carriers.Class, reason string) error
	Postpone(ctx context.Context, lease string, delays []Delay) error
}

// Keeper holds the campaign itself.
type Keeper interface {
	Campaign(ctx context.Context, id int64) (*Campaign, error)
	Heartbeat(ctx context.Context, campaignID int64, lease string, p Pulse) error
	SetStatus(ctx context.Context, campaignID int64, lease string, st Status, reason string) error
}

// Memory is what routing knows from one campaign to the next.
type Memory interface {
	Enrol(ctx context.Context, carriers []string) error // makes the names known by which decisions speak
	Recall(ctx context.Context, campaignID int64) (records []routing.Record, receipt int64, err error)
	Remember(ctx context.Context, campaignID, receipt int64, records []routing.Record) error // returns at once
	LastConversion(ctx context.Context) (int64, error)
	Conversions(ctx context.Context, after int64) ([]Conversion, int64, error)
}

// Sums answers how far the campaign is.
type Sums interface {
	Counts(ctx context.Context, campaignID int64) (Counts, error)
	Spent(ctx context.Context, campaignID int64) (carriers.Price, error)
	// Sharers are the campaigns that are sent with this database at present.
	Sharers(ctx context.Context) ([]Sharer, error)
}

// Store is what a runner needs of the database.
type Store interface {
	Queue
	Ledger
	Keeper
	Sums
	Fates
	Arrivals
	Memory
	CancelQueued(ctx context.Context, campaignID int64, lease string) (int64, error)
	Release(ctx context.Context, campaignID int64, lease string, st Status, reason string) error
}

// Cause is why a run ended.
type Cause string

// The causes.
const (
	CauseDone        Cause = "done"        // every recipient is final, or its deadlines are spent
	CauseDispatched  Cause = "dispatched"  // nothing is left to send, and the receipts were not waited for
	CauseInterrupted Cause = "interrupted" // somebody asked this process to stop
	CauseBudget      Cause = "budget"      // the next message would have gone over the ceiling
	CauseGuard       Cause = "guard"       // a threshold was crossed
	CauseNoRoute     Cause = "no_route"    // no carrier could be used for too long
	CauseAuth        Cause = "auth"        // every carrier refuses the credentials
	CauseCancelled   Cause = "cancelled"
	CauseWaiting     Cause = "waiting" // everybody who is left waits for a moment, and it was not to be waited for
)

// End is how a run ended.
type End struct {
	Cause    Cause
	Status   Status
	Reason   string
	InFlight int // submits under way when the stop began
	Aborted  int // of those, cut off
}

// Event is something that happened in a run and that people want to see when it happens.
type Event struct {
	At    time.Time
	Kind  string // start, state, breaker, route, guard …
	Attrs []slog.Attr
	Text  string // in words, where the attributes would not read well
}

// Fields are an event's attributes for programs.
func (e Event) Fields() map[string]any {
	m := make(map[string]any, len(e.Attrs))
	for _, a := range e.Attrs {
		v := a.Value.Resolve().Any()
		switch x := v.(type) {
		case time.Duration:
			v = x.Seconds()
		case time.Time:
			v = x.UTC().Format("2006-01-02T15:04:05.000Z07:00")
		}
		m[a.Key] = v
	}
	return m
}

// Runner sends one campaign. It owns its goroutines: Run returns when all have ended.
type Runner struct {
	Store    Store
	Campaign *Campaign
	Lease    string
	Carriers []carriers.Carrier
	Routing  routing.Options
	Windows  *windows.Gates                   // when recipients may be sent to; nil = at any time
	Quotas   map[string]*Quota                // of the senders, by carrier; nil = there are none
	Hears    func() bool                      // whether receipts can come in at present; nil = always
	Callback func(carrier, ref string) string // where receipts of an attempt shall go; nil = they cannot be pushed
	Now      func() time.Time
	Log      *slog.Logger
	Notify   func(Event) // called from the runner's goroutines, must return at once

	DrainTimeout time.Duration   // how long a stop waits for submits under way
	Reconcile    bool            // send nothing: only ask what became of the submits whose outcome is not known
	NoWait       bool            // return when nothing is left to send now
	Interrupted  Status          // in which state a stop leaves the campaign; "" = paused
	Served       bool            // somebody else holds the carriers' own connections
	Linger       time.Duration   // recipients are added while it runs: that long without one, the end may come
	Wake         <-chan struct{} // some were added
	Wait         time.Duration   // at most that long for receipts; 0 = as long as their deadlines

	journal journal
}

// LeaseTime is how long a lease holds without a heartbeat.
const LeaseTime = 15 * time.Second

const (
	heartbeat   = 2 * time.Second
	controlTick = 250 * time.Millisecond // how fast a person's wish is obeyed
)

// Run sends until nothing is left to do, or until ctx ends, which drains: nothing new starts, what is under way may
// finish within DrainTimeout. When abort ends, or that time is over, submits under way are cut off and become
// ambiguous. The lease is given back in every case.
func (r *Runner) Run(ctx, abort context.Context) (End, error) {
	live, cancelLive := context.WithCancel(context.WithoutCancel(ctx)) // of everything that must outlast the stop
	defer cancelLive()
	cut, cutNow := context.WithCancel(abort) // of the submits under way
	defer cutNow()

	d, err := newDispatch(live, r)
	if err != nil {
		return End{}, r.release(live, End{Status: Paused, Reason: err.Error()}, err)
	}
	d.cutNow = cutNow
	g, gctx := errgroup.WithContext(live)
	quiet, stopQuiet := context.WithCancel(gctx) // ends when dispatch has ended
	g.Go(func() error { defer stopQuiet(); defer close(d.assign); return d.loop(gctx, ctx.Done()) })
	g.Go(func() error { return ended(d.feeder.run(quiet)) })
	g.Go(func() error { return ended(d.control(quiet)) })
	g.Go(func() error { return ended(d.watch.run(quiet)) })
	for _, c := range r.Carriers {
		if s, ok := c.(carriers.Session); ok && !r.Served {
			g.Go(func() error { return ended(s.Run(quiet, r.deliver(c.Info().Name))) })
		}
	}
	for range d.router.Window() {
		g.Go(func() error { d.work(cut, gctx); return nil })
	}
	err = g.Wait()
	return d.end, r.release(context.WithoutCancel(ctx), d.end, err)
}

// ended is nil for a goroutine that stopped because it was told to.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// deliver takes the receipts that come on a carrier's own connection.
func (r *Runner) deliver(carrier string) func(context.Context, []carriers.Receipt) error {
	return func(ctx context.Context, rs []carriers.Receipt) error {
		return r.Store.ApplyReceipts(ctx, carrier, "session", rs)
	}
}

// release gives the lease back with the status in which the campaign is left.
func (r *Runner) release(ctx context.Context, end End, err error) error {
	if errors.Is(err, ErrLeaseLost) {
		return err // it is not ours to give
	}
	if err != nil {
		end.Status, end.Reason = Paused, err.Error()
	}
	if left := r.journal.outages.changed(); len(left) > 0 { // since the last heartbeat
		err = errors.Join(err, r.Store.Heartbeat(ctx, r.Campaign.ID, r.Lease, Pulse{Until: r.Now().Add(LeaseTime), Vitals: r.vitals(publishedEvents), Outages: left}))
	}
	return errors.Join(err, r.Store.Release(ctx, r.Campaign.ID, r.Lease, end.Status, end.Reason))
}

// price is what a message costs with a carrier; an unknown price counts nothing, and plan warns about it.
func price(c carriers.Carrier, country string, segments int) carriers.Price {
	p, _ := c.Info().Common.PriceFor(country)
	return p * carriers.Price(segments)
}

// blind says whether no receipt can be expected of a carrier.
func blind(c carriers.Carrier) bool {
	e := c.Info().Common.Receipts.Expected
	return e != nil && !*e
}

// receiptWait is how long the receipt of a carrier is waited for.
func (r *Runner) receiptWait(c carriers.Carrier) time.Duration {
	if c == nil { // it has left the config
		return r.Campaign.Settings.ReceiptWait
	}
	return c.Info().Common.Receipts.Timeout.Or(r.Campaign.Settings.ReceiptWait)
}

// setOf names carriers by their positions; names that are not configured any more are left out.
func (r *Runner) setOf(names []string) (s routing.Set) {
	for i, c := range r.Carriers {
		for _, n := range names {
			if n == c.Info().Name {
				s = s.With(i)
			}
		}
	}
	return s
}

// routing are the options with what this campaign wants.
func (r *Runner) routing() routing.Options {
	o := r.Routing
	o.Policy = r.Campaign.Settings.Policy
	if p := r.Campaign.Settings.Doubt; p > 0 {
		o.Doubt = [2]float64{p, p}
	}
	return o
}

// infos are the carriers as routing sees them. One whose receipts have no way in is one that sends none.
func (r *Runner) infos() []carriers.Info {
	out, never := make([]carriers.Info, len(r.Carriers)), false
	for i, c := range r.Carriers {
		out[i] = c.Info()
		if _, session := c.(carriers.Session); r.Callback == nil && !session {
			out[i].Common.Receipts.Expected = &never
		}
	}
	return out
}

func names(cs []carriers.Carrier) []string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = c.Info().Name
	}
	return out
}

func checkCarriers(cs []carriers.Carrier) error {
	switch {
	case len(cs) == 0:
		return errors.New("no carrier is configured")
	case len(cs) > routing.MaxCarriers:
		return fmt.Errorf("%d carriers are configured, at most %d can be used", len(cs), routing.MaxCarriers)
	}
	return nil
}
