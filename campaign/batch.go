package campaign

import (
	"context"
	"sync"

	"github.com/smsctl/smsctl/carriers"
)

// batcher puts messages that workers submit at the same time into common calls. It never waits for more of them: the
// first message goes at once, and what comes while a call is under way goes together with the next. So a slow campaign
// pays nothing for it, and a fast one saves calls by itself. The attempt of every message is committed before it comes
// here; what a lost answer leaves in doubt is one call's messages, each on its own.
type batcher struct {
	carriers.BatchSubmitter
	size, most int // messages of a call, calls at once

	mu     sync.Mutex
	queue  []*seat
	flying int
}

// seat is a message that waits for its call.
type seat struct {
	m    carriers.Message
	done chan carriers.Result // 1: nobody waits for its reader
	lead chan struct{}        // 1: likewise; whoever hears it makes the next call
}

// newBatcher is nil for a carrier whose messages go one by one.
func newBatcher(c carriers.Carrier, window int) *batcher {
	b, ok := c.(carriers.BatchSubmitter)
	if !ok || b.BatchSize() < 2 {
		return nil
	}
	size := b.BatchSize()
	return &batcher{BatchSubmitter: b, size: size, most: max(2, window/size)}
}

// submit is Submit for one worker.
func (b *batcher) submit(ctx context.Context, m carriers.Message) carriers.Result {
	s := &seat{m: m, done: make(chan carriers.Result, 1), lead: make(chan struct{}, 1)}
	b.mu.Lock()
	b.queue = append(b.queue, s)
	if b.flying < b.most {
		b.flying++
		s.lead <- struct{}{}
	}
	b.mu.Unlock()
	for {
		select {
		case <-s.lead:
			b.call(ctx)
		case r := <-s.done:
			select {
			case <-s.lead: // another call has taken this message along
				b.pass()
			default:
			}
			return r
		}
	}
}

// pass gives the right to a call to the next message that waits, or back.
func (b *batcher) pass() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 {
		select {
		case b.queue[0].lead <- struct{}{}:
			return
		default: // it has one already, and takes the others along
		}
	}
	b.flying--
}

// refusedTogether says that a call was refused as a whole for what may be the fault of one of its messages. None was
// taken then, that is proved, so each may go once more on its own: one bad message must not fail its neighbours. Messages
// that were refused one by one in the same call are not sent again: a carrier that remembers references would take the
// second for a repetition of the first, and say so as if it had taken it.
func refusedTogether(results []carriers.Result) bool {
	for _, r := range results {
		t := r.Class.Traits()
		if !r.Together || r.Accepted != carriers.No || r.Class != results[0].Class || t.RetrySame || t.Reach > carriers.ReachAttempt {
			return false
		}
	}
	return true
}

// call takes what waits, submits it, and passes the right to call on.
func (b *batcher) call(ctx context.Context) {
	defer b.pass()
	b.mu.Lock()
	n := min(len(b.queue), b.size)
	seats := b.queue[:n:n]
	b.queue = b.queue[n:]
	b.mu.Unlock()
	if n == 0 { // another call has taken all along
		return
	}
	ms := make([]carriers.Message, n)
	for i, s := range seats {
		ms[i] = s.m
	}
	results := b.together(ctx, ms)
	apart := n > 1 && refusedTogether(results)
	for i, s := range seats {
		if apart {
			results[i] = b.together(ctx, ms[i:i+1])[0]
		}
		s.done <- results[i]
	}
}

// together makes one call and has as many results as messages.
func (b *batcher) together(ctx context.Context, ms []carriers.Message) []carriers.Result {
	results := b.SubmitBatch(ctx, ms)
	if len(results) != len(ms) { // a fault of the adapter: nothing is proved of any
		return carriers.ForAll(carriers.Ambiguous("batch", "", "the carrier's results do not fit its messages"), len(ms))
	}
	return results
}
