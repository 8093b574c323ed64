package campaign

import "time"

// timetable hands out what has become due, earliest first. A run has an appointment for every message whose receipt it
// awaits, so an entry is small and holds no pointer of its own: the collector need not look at a million of them.
type timetable[T any] struct {
	zero time.Time // what moments are counted from: the clock's monotonic part stays in force
	heap []timed[T]
}

// timed is something that is due at a moment.
type timed[T any] struct {
	at   time.Duration
	what T
}

func (t *timetable[T]) add(at time.Time, what T) {
	if t.zero.IsZero() {
		t.zero = at
	}
	h := append(t.heap, timed[T]{at.Sub(t.zero), what})
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent].at <= h[i].at {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
	t.heap = h
}

func (t *timetable[T]) len() int { return len(t.heap) }

// next is when the earliest is due.
func (t *timetable[T]) next() (at time.Time, ok bool) {
	if len(t.heap) == 0 {
		return time.Time{}, false
	}
	return t.zero.Add(t.heap[0].at), true
}

// due takes out the earliest if its moment has come.
func (t *timetable[T]) due(now time.Time) (what T, ok bool) {
	h := t.heap
	if len(h) == 0 || h[0].at > now.Sub(t.zero) {
		return what, false
	}
	what = h[0].what
	last := len(h) - 1
	h[0], h[last] = h[last], timed[T]{}
	t.heap = h[:last]
	t.sink()
	return what, true
}

// hasten makes some due at a moment that would be due later.
func (t *timetable[T]) hasten(at time.Time, which func(T) bool) {
	for i := range t.heap {
		if e := &t.heap[i]; which(e.what) {
			e.at = min(e.at, at.Sub(t.zero))
		}
	}
	for i := len(t.heap) / 2; i >= 0; i-- {
		t.sinkFrom(i)
	}
}

// sink moves the first entry down to its place.
func (t *timetable[T]) sink() { t.sinkFrom(0) }

func (t *timetable[T]) sinkFrom(i int) {
	h := t.heap
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1].at < h[child].at {
			child++
		}
		if h[i].at <= h[child].at {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
