package campaign

import (
	"context"
	"log/slog"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// over says whether the run has come to its end.
func (d *dispatch) over(ctx context.Context, now time.Time) (bool, error) {
	if d.flying > 0 {
		d.quietAt = time.Time{}
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

// settled looks at the sums when nothing is in hand. The watch stands still meanwhile, and for good if this is the end:
// what it queues again must be sent, or stay as it is.
func (d *dispatch) settled(ctx context.Context, now time.Time) (bool, error) {
	if !d.watch.halt() {
		return false, nil
	}
	over, err := d.judge(ctx, now)
	if !over {
		d.watch.goOn()
	}
	return over, err
}

// judge says whether nothing is left to send and the receipts are in.
func (d *dispatch) judge(ctx context.Context, now time.Time) (bool, error) {
	c, err := d.Store.Counts(ctx, d.Campaign.ID)
	if err != nil || c.Queued+c.Sending > 0 || !d.feeder.exhausted() {
		d.quietAt = time.Time{}
		if err == nil && c.Sending == 0 && d.feeder.exhausted() && len(d.hand) == 0 {
			return d.await(ctx, now, c)
		}
		return false, err
	}
	if now.Sub(d.fed) < d.Linger {
		return false, nil
	}
	if d.quietAt.IsZero() {
		d.quietAt, d.settling = now, true
		if err := d.Store.SetStatus(ctx, d.Campaign.ID, d.Lease, Settling, ""); err != nil {
			return false, err
		}
		d.notify("state", slog.String("state", "running->settling"), slog.Int64("awaiting", c.Awaiting))
	}
	waited := d.Wait > 0 && now.Sub(d.quietAt) >= d.Wait
	if sure, err := d.sure(ctx, c); !sure || err != nil {
		return false, err
	}
	idle := d.watch.idle()
	if idle && c.Awaiting > 0 {
		if more, err := d.watch.remind(ctx); more || err != nil {
			return false, err
		}
	}
	switch {
	case c.Awaiting == 0 && !d.watch.doubts(), idle:
		d.end = End{Cause: CauseDone, Status: c.Outcome()}
	case d.NoWait || waited:
		d.end = End{Cause: CauseDispatched, Status: Settling}
	default:
		return false, nil
	}
	return true, nil
}

// sure says whether the sums are the last word: what an earlier run has left open is known, and every receipt that they
// count has been looked at, because one that says "not delivered" may send its message on to another carrier.
func (d *dispatch) sure(ctx context.Context, c Counts) (bool, error) {
	last, err := d.Store.LastReceipt(ctx)
	if err != nil || !d.watch.ready() || d.watch.followed() < last {
		return false, err
	}
	again, err := d.Store.Counts(ctx, d.Campaign.ID)
	return again == c, err
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

// standstill is what the lanes have in common: that no carrier works which may take their messages, and what all of
// these say that wait for a person.
type standstill struct {
	lanes int
	down  bool
	class carriers.Class
}

func (s *standstill) add(c routing.Choice) {
	if s.lanes++; s.lanes == 1 {
		s.down, s.class = c.Down, c.Class
		return
	}
	s.down = s.down && c.Down
	if s.class != c.Class {
		s.class = carriers.ClassNone
	}
}

// outage pauses the campaign when no carrier could be used for too long by any message that is left.
func (d *dispatch) outage(now time.Time) {
	if !d.still.down {
		return
	}
	class := d.still.class
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
