package campaign

import (
	"time"

	"github.com/smsctl/smsctl/campaign/windows"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// job is a due recipient in the hands of dispatch.
type job struct {
	Due
	tries  int
	tried  routing.Set
	barred routing.Set
	since  time.Time // when it became ready
	gate   *windows.Gate
	astray string // why it is not known when it may be sent
}

// lane is the key of messages that are decided alike: if one of them must wait for a carrier, all must. Networks of a
// country need not have the same best carrier; with a single carrier no message has a network.
type lane struct {
	country, network string
	tried, barred    routing.Set
}

func (j *job) lane() lane { return lane{j.Country, j.Network, j.tried, j.barred} }

// lanes are the messages that may be sent now, first in first out within each lane. A message that must wait holds up
// its lane and no other.
type lanes struct {
	queues map[lane][]*job
	order  []lane // round robin: whose turn it is comes first
	size   int
}

func (l *lanes) push(now time.Time, j *job) {
	j.since = now
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

// behind is how many messages wait for the head of a lane.
func (l *lanes) behind(k lane) int { return len(l.queues[k]) - 1 }

func (l *lanes) pop(k lane) {
	q := l.queues[k]
	q[0] = nil
	l.queues[k] = q[1:]
	l.size--
}

// turn lets another lane be the first to be served: those that wait for the same carrier share it.
func (l *lanes) turn() {
	if n := len(l.order); n > 1 {
		first := l.order[0]
		copy(l.order, l.order[1:])
		l.order[n-1] = first
	}
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

// result is a job that comes back from a worker.
type result struct {
	job      *job
	carrier  int
	cost     carriers.Price
	submit   carriers.Result
	decision Decision
	attempt  int64
	ticket   routing.Ticket
	skipped  bool  // nothing was submitted
	shut     bool  // of those: it may be once its hours come again
	full     bool  // of those: the carrier's sender has sent all of its day
	err      error // the store cannot go on

	turn    time.Time // when the carrier is asked about it, where its receipts come only if they are asked for
	unasked bool      // it has no turn
}
