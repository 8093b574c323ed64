package campaign

import (
	"container/heap"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// job is a due recipient in the hands of dispatch.
type job struct {
	Due
	tries  int
	tried  routing.Set
	barred routing.Set
}

// lane is the key of messages that have the same candidates: if one of them must wait for a carrier, all must.
type lane struct {
	country       string
	tried, barred routing.Set
}

func (j *job) lane() lane { return lane{j.Country, j.tried, j.barred} }

// lanes are the messages that may be sent now, first in first out within each lane. A message that must wait holds up
// its lane and no other.
type lanes struct {
	queues map[lane][]*job
	order  []lane // round robin
	size   int
}

func (l *lanes) push(j *job) {
	if l.queues == nil {
		l.queues = map[lane][]*job{}
	}
	k := j.lane()
	if _, ok := l.queues[k]; !ok {
		l.order = append(l.order, k)
	}
	l.queues[k] = append(l.queues[k], j)
	l.size++
}

func (l *lanes) head(k lane) *job {
	if q := l.queues[k]; len(q) > 0 {
		return q[0]
	}
	return nil
}

// behind is how many wait behind the head of a lane.
func (l *lanes) behind(k lane) int { return max(0, len(l.queues[k])-1) }

func (l *lanes) pop(k lane) *job {
	q := l.queues[k]
	j := q[0]
	q[0] = nil
	l.queues[k] = q[1:]
	l.size--
	return j
}

// sweep forgets lanes that have run empty.
func (l *lanes) sweep() {
	kept := l.order[:0]
	for _, k := range l.order {
		if len(l.queues[k]) > 0 {
			kept = append(kept, k)
		} else {
			delete(l.queues, k)
		}
	}
	l.order = kept
}

// drain takes everything out.
func (l *lanes) drain() (all []*job) {
	for _, k := range l.order {
		all = append(all, l.queues[k]...)
	}
	*l = lanes{}
	return all
}

// timed is something that is due at a moment.
type timed[T any] struct {
	at   time.Time
	what T
}

// timetable hands out what has become due, earliest first.
type timetable[T any] struct{ h timedHeap[T] }

func (t *timetable[T]) add(at time.Time, what T) { heap.Push(&t.h, timed[T]{at, what}) }

func (t *timetable[T]) len() int { return len(t.h) }

// next is when the earliest is due.
func (t *timetable[T]) next() (at time.Time, ok bool) {
	if len(t.h) == 0 {
		return time.Time{}, false
	}
	return t.h[0].at, true
}

// due takes out the earliest if its moment has come.
func (t *timetable[T]) due(now time.Time) (what T, ok bool) {
	if len(t.h) == 0 || t.h[0].at.After(now) {
		return what, false
	}
	return heap.Pop(&t.h).(timed[T]).what, true
}

type timedHeap[T any] []timed[T]

func (h timedHeap[T]) Len() int           { return len(h) }
func (h timedHeap[T]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timedHeap[T]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *timedHeap[T]) Push(x any)        { *h = append(*h, x.(timed[T])) }
func (h *timedHeap[T]) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// result is a job that comes back from a worker.
type result struct {
	job      *job
	carrier  int
	cost     carriers.Price
	submit   carriers.Result
	decision Decision
	attempt  int64
	skipped  bool  // nothing was submitted
	err      error // the store cannot go on
}
