package campaign

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// slow takes a second for a call, whatever is in it.
type slow struct {
	carriers.Carrier
	size   int
	wrong  bool // says less than it was asked
	mu     sync.Mutex
	calls  []int
	flying int
	most   int
	seen   map[string]int
}

func (s *slow) BatchSize() int { return s.size }

func (s *slow) SubmitBatch(_ context.Context, ms []carriers.Message) []carriers.Result {
	s.mu.Lock()
	s.calls = append(s.calls, len(ms))
	s.flying++
	s.most = max(s.most, s.flying)
	for _, m := range ms {
		s.seen[m.Ref]++
	}
	s.mu.Unlock()
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
	if s.wrong {
		return nil
	}
	out := make([]carriers.Result, len(ms))
	for i, m := range ms {
		out[i] = carriers.Accept("id-"+m.Ref, "200")
	}
	return out
}

// Each message is in exactly one call and gets its own result; the calls fill up by themselves.
func TestBatcher(t *testing.T) {
	for _, c := range []struct{ size, window, messages, most, calls int }{
		{10, 64, 1, 6, 1}, {100, 64, 64, 2, 4}, {10, 64, 1000, 6, 400}, {2, 4, 7, 2, 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &slow{size: c.size, seen: map[string]int{}}
			b := newBatcher(s, c.window)
			work := make(chan int)
			var wg sync.WaitGroup
			for range c.window {
				wg.Go(func() {
					for i := range work {
						ref := fmt.Sprint(i)
						if r := b.submit(t.Context(), carriers.Message{Ref: ref}); r.ID != "id-"+ref {
							t.Errorf("message %s got %+v", ref, r)
						}
					}
				})
			}
			for i := range c.messages {
				work <- i
			}
			close(work)
			wg.Wait()
			for ref, n := range s.seen {
				if n != 1 {
					t.Errorf("message %s was in %d calls", ref, n)
				}
			}
			if len(s.seen) != c.messages || s.most > c.most || len(s.calls) > c.calls || b.flying != 0 {
				t.Errorf("%+v: %d messages in calls of %v, %d at once, %d still counted", c, len(s.seen), s.calls, s.most, b.flying)
			}
			for _, n := range s.calls {
				if n < 1 || n > c.size {
					t.Errorf("a call with %d", n)
				}
			}
		})
	}
}

func TestBatcherDoubtsAll(t *testing.T) {
	s := &slow{size: 5, wrong: true, seen: map[string]int{}}
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(s, 10)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if r := b.submit(t.Context(), carriers.Message{Ref: fmt.Sprint(i)}); r.Accepted != carriers.Unknown {
					t.Errorf("%+v", r)
				}
			})
		}
		wg.Wait()
	})
	if newBatcher(&slow{size: 1}, 10) != nil || newBatcher(struct{ carriers.Carrier }{}, 10) != nil {
		t.Error("one by one needs no batcher")
	}
}

// fickle refuses what comes together, and has nothing to say about a message that comes alone.
type fickle struct{ carriers.Carrier }

func (fickle) BatchSize() int { return 5 }

func (fickle) SubmitBatch(_ context.Context, ms []carriers.Message) []carriers.Result {
	if len(ms) == 1 {
		return nil
	}
	return carriers.ForAll(carriers.Refuse(carriers.ClassContentRejected, "", "400", ""), len(ms))
}

// choosy refuses every message for its own sake.
type choosy struct {
	carriers.Carrier
	calls int
}

func (*choosy) BatchSize() int { return 5 }

func (c *choosy) SubmitBatch(_ context.Context, ms []carriers.Message) []carriers.Result {
	c.calls++
	out := make([]carriers.Result, len(ms))
	for i := range ms {
		out[i] = carriers.Refuse(carriers.ClassRecipientInvalid, "", "200", "")
	}
	return out
}

// What was refused message by message is not sent again: only a call that was refused as a whole is.
func TestBatcherTakesAnswersForWhatTheyAre(t *testing.T) {
	c := &choosy{}
	b := newBatcher(c, 5)
	b.queue, b.flying = seatsOf(3), 1
	seats := b.queue
	b.call(t.Context())
	for i, s := range seats {
		if r := <-s.done; r.Accepted != carriers.No {
			t.Errorf("message %d: %+v", i, r)
		}
	}
	if c.calls != 1 {
		t.Errorf("%d calls", c.calls)
	}
}

func seatsOf(n int) []*seat {
	seats := make([]*seat, n)
	for i := range seats {
		seats[i] = &seat{m: carriers.Message{Ref: fmt.Sprint(i)}, done: make(chan carriers.Result, 1), lead: make(chan struct{}, 1)}
	}
	return seats
}

// An adapter that does not answer for a message of a call that was refused as a whole proves nothing either.
func TestBatcherDoubtsEachAlone(t *testing.T) {
	b := newBatcher(fickle{}, 5)
	seats := seatsOf(3)
	b.queue, b.flying = seats, 1
	b.call(t.Context())
	for i, s := range seats {
		if r := <-s.done; r.Accepted != carriers.Unknown {
			t.Errorf("message %d: %+v", i, r)
		}
	}
}
