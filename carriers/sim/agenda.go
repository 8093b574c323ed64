package sim

import (
	"context"
	"sync"
	"time"
)

// agenda hands things out when they are due. It is one heap and one timer, however many things wait: a goroutine with
// a timer per message would cost more than everything else a simulated carrier does.
type agenda[T any] struct {
	now  func() time.Time
	mu   sync.Mutex
	heap []entry[T]
	wake chan struct{} // 1: a nudge is a nudge, however many come
}

type entry[T any] struct {
	at time.Time
	v  T
}

// grain is how late a thing may be handed out: what falls due within it leaves together.
const grain = 2 * time.Millisecond

func newAgenda[T any](now func() time.Time) *agenda[T] {
	return &agenda[T]{now: now, wake: make(chan struct{}, 1)}
}

// add enters v for a time.
func (a *agenda[T]) add(at time.Time, v T) {
	a.mu.Lock()
	a.heap = append(a.heap, entry[T]{at, v})
	i := len(a.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !a.heap[i].at.Before(a.heap[parent].at) {
			break
		}
		a.heap[i], a.heap[parent] = a.heap[parent], a.heap[i]
		i = parent
	}
	a.mu.Unlock()
	if i == 0 {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

// len counts what waits.
func (a *agenda[T]) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.heap)
}

// next waits until something is due and returns up to limit of it, earliest first, in buf's memory. It is called by
// one goroutine; an error is ctx's, and what is returned beside it is due all the same.
func (a *agenda[T]) next(ctx context.Context, buf []T, limit int) ([]T, error) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		var wait time.Duration
		buf, wait = a.take(buf[:0], limit)
		if len(buf) > 0 {
			return buf, ctx.Err()
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// take moves what is due into buf, or says how long to wait.
func (a *agenda[T]) take(buf []T, limit int) ([]T, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.heap) == 0 {
		return buf, time.Hour
	}
	now := a.now()
	for len(a.heap) > 0 && len(buf) < limit && !a.heap[0].at.After(now) {
		buf = append(buf, a.pop())
	}
	if len(buf) > 0 {
		return buf, 0
	}
	return buf, max(a.heap[0].at.Sub(now), grain)
}

func (a *agenda[T]) pop() T {
	h := a.heap
	v := h[0].v
	last := len(h) - 1
	h[0] = h[last]
	h[last] = entry[T]{} // let go of what it pointed to
	h = h[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h[child+1].at.Before(h[child].at) {
			child++
		}
		if !h[child].at.Before(h[i].at) {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	a.heap = h
	return v
}
