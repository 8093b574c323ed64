package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	healthTick  = 5 * time.Second  // how often the database is tried
	healthStale = 60 * time.Second // without a turn of the keeper for that long, the service hangs
)

// health is what others are told about the service: whether it lives, and whether it can take work.
type health struct {
	now   func() time.Time
	began time.Time

	mu       sync.Mutex
	turn     time.Time // of the keeper, the last
	tried    time.Time // the database took a change, the last
	problem  error     // why not, since
	stopped  bool
	deafness func() bool
}

func newHealth(now func() time.Time) *health {
	return &health{now: now, began: now(), turn: now()}
}

func (h *health) uptime() time.Duration { return h.now().Sub(h.began) }

// turned notes that the keeper is at work.
func (h *health) turned() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turn = h.now()
}

func (h *health) stopping() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
}

// alive is nil as long as the service turns.
func (h *health) alive() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if since := h.now().Sub(h.turn); since > healthStale && !h.stopped {
		return errors.New("nothing has been looked at for " + since.Round(time.Second).String())
	}
	return nil
}

// ready is nil when work can be taken.
func (h *health) ready() error {
	if err := h.alive(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopped:
		return errors.New("the service is stopping")
	case h.problem != nil:
		return h.problem
	case h.tried.IsZero():
		return errors.New("the database has not been tried yet")
	case h.deafness != nil && h.deafness():
		return errors.New("the listener for receipts has failed")
	}
	return nil
}

// watch tries the database and keeps the watchdog quiet as long as the service lives.
func (h *health) watch(ctx context.Context, v *service) error {
	h.deafness = func() bool { return !v.hears() }
	every := healthTick
	if w := v.notify.watchdog; w > 0 {
		every = min(every, w/3)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := v.store.Writable(ctx)
		h.mu.Lock()
		if h.problem = err; err == nil {
			h.tried = h.now()
		}
		h.mu.Unlock()
		if h.alive() == nil {
			v.notify.say("WATCHDOG=1")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// probe answers /healthz and /readyz.
func (h *health) probe(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer := struct {
			OK      bool   `json:"ok"`
			Problem string `json:"problem,omitempty"`
			Uptime  int64  `json:"uptime_s"`
		}{true, "", int64(h.uptime().Seconds())}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if err := check(); err != nil {
			answer.OK, answer.Problem = false, err.Error()
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // whoever asked may have gone
	}
}
