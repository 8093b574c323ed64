package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

const (
	// keeperTick is how often campaigns are looked for that nobody sends; whoever adds one rings the bell as well.
	keeperTick = time.Second
	// keeperMost bounds the campaigns that are sent at once: each has as many workers as its carriers have windows.
	keeperMost = 32
	// keeperRest is how long a campaign that broke down is left alone.
	keeperRest = 30 * time.Second
)

// keeper takes up campaigns that are meant to be sent and that nobody sends, each with a runner of its own.
type keeper struct {
	*service
	callback func(carrier, ref string) string
	bell     chan struct{}
	taken    atomic.Int64 // campaigns, since the start

	mu    sync.Mutex
	hands map[int64]*hand     // the campaigns in hand, by id
	rest  map[int64]time.Time // those that are left alone, until when
	all   sync.WaitGroup
}

// hand is a campaign that this process sends.
type hand struct {
	name string
	wake chan struct{} // recipients were added
}

func newKeeper(v *service, callback func(carrier, ref string) string) *keeper {
	return &keeper{service: v, callback: callback, bell: make(chan struct{}, 1), hands: map[int64]*hand{}, rest: map[int64]time.Time{}}
}

// ring says that recipients were added to a campaign: its runner looks at once, or one is started.
func (k *keeper) ring(campaignID int64) {
	k.mu.Lock()
	h := k.hands[campaignID]
	k.mu.Unlock()
	bell := k.bell
	if h != nil {
		bell = h.wake
	}
	select {
	case bell <- struct{}{}:
	default: // it is ringing
	}
}

// run looks until ctx ends, and returns when the last campaign has been given back.
func (k *keeper) run(ctx, abort context.Context) error {
	defer k.all.Wait()
	tick := time.NewTicker(keeperTick)
	defer tick.Stop()
	for {
		if !k.o.noWorkers {
			if err := k.look(ctx, abort); err != nil && ctx.Err() == nil {
				k.log().Error("campaigns cannot be looked for", "error", err)
			}
		}
		k.health.turned()
		select {
		case <-tick.C:
		case <-k.bell:
		case <-ctx.Done():
			return nil
		}
	}
}

// look starts a runner for every campaign that nobody sends.
func (k *keeper) look(ctx, abort context.Context) error {
	found, err := k.store.Unattended(ctx, k.mode, k.flags.profile)
	if err != nil {
		return err
	}
	for _, c := range found {
		if h := k.mayTake(c); h != nil {
			k.all.Add(1)
			go k.attend(ctx, abort, c, h)
		}
	}
	return nil
}

// mayTake puts a campaign into hand; nil says that it is already, or somebody else's, or is left alone.
func (k *keeper) mayTake(c *campaign.Campaign) *hand {
	if k.alive(c) {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.Status == campaign.Paused && k.rest[c.ID].IsZero() { // what has paused it may last: not at once again
		k.rest[c.ID] = k.now().Add(keeperRest)
		return nil
	}
	if k.hands[c.ID] != nil || len(k.hands) >= keeperMost || k.now().Before(k.rest[c.ID]) {
		return nil
	}
	delete(k.rest, c.ID)
	h := &hand{name: c.Name, wake: make(chan struct{}, 1)}
	k.hands[c.ID] = h
	return h
}

// attend takes a campaign's lease, runs it, and looks again: what was added at its very end needs another runner.
func (k *keeper) attend(ctx, abort context.Context, c *campaign.Campaign, h *hand) {
	defer k.all.Done()
	end, err := k.sendOne(ctx, abort, c, h)
	k.mu.Lock()
	delete(k.hands, c.ID)
	if err != nil || end.Status == left {
		k.rest[c.ID] = k.now().Add(keeperRest)
	}
	k.mu.Unlock()
	switch {
	case errors.Is(err, campaign.ErrLeased), errors.Is(err, campaign.ErrLeaseLost):
		k.log().Info("another process sends the campaign", "campaign", c.Name)
	case err != nil:
		k.log().Error("the campaign stopped", "campaign", c.Name, "error", err)
		k.tell("campaign_failed", c, map[string]any{"error": oneLine(k.hide(err.Error()))})
	default:
		k.log().Info("the campaign is given back", "campaign", c.Name, "cause", string(end.Cause), "status", string(end.Status), "reason", end.Reason)
		k.tell("campaign_ended", c, map[string]any{"cause": end.Cause, "status": end.Status, "reason": end.Reason})
	}
	k.ring(0)
}

func (k *keeper) sendOne(ctx, abort context.Context, c *campaign.Campaign, h *hand) (end campaign.End, err error) {
	mine, err := k.only(c.Settings.Carriers)
	if err != nil {
		return end, err
	}
	lease := k.newLease()
	if _, err := k.store.Acquire(ctx, c.ID, lease, gone); err != nil {
		return end, err
	}
	if c.Desired == campaign.WantCancel {
		_, err := k.carryOutCancel(ctx, c, lease, "cancelled")
		return campaign.End{Cause: campaign.CauseCancelled, Status: campaign.Stopped}, err
	}
	if c.ValidUntil.IsZero() && !c.Collects() {
		if err := k.store.SetValidUntil(ctx, c.ID, k.validUntil(c)); err != nil {
			return end, k.giveBack(ctx, c, lease, err)
		}
	}
	if c, err = k.store.Campaign(ctx, c.ID); err != nil {
		return end, err
	}
	gates, err := k.gates(c)
	if err != nil {
		return end, k.giveBack(ctx, c, lease, err)
	}
	quotas, err := k.cfg.quotas(c)
	if err != nil {
		return end, k.giveBack(ctx, c, lease, err)
	}
	k.taken.Add(1)
	k.log().Info("the campaign is taken up", "campaign", c.Name, "status", string(c.Status))
	k.tell("campaign_taken", c, nil)
	r := &campaign.Runner{
		Windows: gates, Quotas: quotas,
		Store: k.store, Campaign: c, Lease: lease.Token, Carriers: mine, Routing: k.cfg.Routing.options(), Callback: k.callback,
		Hears: k.hears, Now: k.now, Log: k.log(), Notify: k.note(c), DrainTimeout: k.o.drainTimeout,
		Interrupted: left, Served: true, Wake: h.wake,
	}
	if c.Collects() {
		r.Linger = campaign.OrderLinger
	}
	return r.Run(ctx, abort)
}

// note writes down what happens in a campaign.
func (k *keeper) note(c *campaign.Campaign) func(campaign.Event) {
	log := k.log().With("campaign", c.Name)
	return func(e campaign.Event) { log.LogAttrs(context.Background(), slog.LevelInfo, e.Kind, e.Attrs...) }
}

// tell is an event of the JSON stream.
func (k *keeper) tell(kind string, c *campaign.Campaign, more map[string]any) {
	if k.out == nil {
		return
	}
	fields := map[string]any{"campaign_id": c.PublicID, "campaign": c.Name}
	for name, v := range more {
		fields[name] = v
	}
	if err := k.out.emit(kind, fields); err != nil {
		k.log().Warn("an event was not written", "error", err)
	}
}

// only are the carriers of some names, all of them for none. A campaign whose carriers have left the config is not sent.
func (k *keeper) only(names []string) ([]carriers.Carrier, error) {
	if len(names) == 0 {
		return k.carriers, nil
	}
	var mine []carriers.Carrier
	for _, c := range k.carriers {
		for _, name := range names {
			if c.Info().Name == name {
				mine = append(mine, c)
			}
		}
	}
	if len(mine) == 0 {
		return nil, fail(exitConfig, "carrier.not_found", "none of the campaign's carriers is in the config").at("%v", names).
			fix("put them back, or: smsctl campaign resume NAME --carrier A")
	}
	return mine, nil
}

// inHand is how many campaigns this process sends.
func (k *keeper) inHand() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.hands)
}
