package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// wish is what people and other processes want of a run.
type wish struct {
	campaign *Campaign
	share    float64 // by how much the carriers' limits are divided, because others send too
	agreed   bool    // all of them divide by as much
	tripped  *Guard  // the first guard that does not hold
	value    float64 // what it watches
}

// heed obeys a wish and writes down that it did.
func (d *dispatch) heed(ctx context.Context, w wish) error {
	was := d.hold
	d.obey(w)
	d.guard(w)
	if was != d.hold {
		d.awake()
	}
	switch {
	case was == "" && d.hold != "":
		d.notify("state", slog.String("state", "running->paused"), slog.String("reason", d.hold))
		return d.Store.SetStatus(ctx, d.Campaign.ID, d.Lease, Paused, d.hold)
	case was != "" && d.hold == "":
		d.notify("state", slog.String("state", "paused->running"))
		return d.join(ctx)
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
	d.divide(now, w.share, w.agreed)
	d.router.SetCarrierCaps(now, c.Caps())
	d.resets(now, c.Resets)
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

// resets closes breakers that a person wanted closed since this run has begun.
func (d *dispatch) resets(now time.Time, wanted map[string]time.Time) {
	last := d.heeded
	for name, at := range wanted {
		if at.After(d.heeded) {
			d.router.Reset(now, name)
		}
		if at.After(last) {
			last = at
		}
	}
	d.heeded = last
}

// control keeps the lease and brings what people want.
func (d *dispatch) control(ctx context.Context) error {
	tick := time.NewTicker(controlTick)
	defer tick.Stop()
	last, told := d.Now(), 0.0
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if now, share := d.Now(), d.journal.divisor(); now.Sub(last) >= heartbeat || share != told {
			p := Pulse{now.Add(LeaseTime), d.worked(now.Sub(last)), d.watch.followed(), d.vitals(publishedEvents), d.journal.outages.changed()}
			if err := d.Store.Heartbeat(ctx, d.Campaign.ID, d.Lease, p); err != nil {
				return err
			}
			last, told = now, share
		}
		c, err := d.Store.Campaign(ctx, d.Campaign.ID)
		if err != nil {
			return err
		}
		w := wish{campaign: c}
		if w.share, w.agreed, err = d.shares(ctx); err != nil {
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
