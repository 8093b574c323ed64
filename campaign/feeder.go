package campaign

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/smsctl/smsctl/carriers/phone"
)

// feeder reads due recipients ahead of dispatch, so that dispatch never waits for the disk.
type feeder struct {
	*Runner
	pages   chan []Due
	wants   chan int
	limit   int         // recipients in hand at most
	blocks  *blocks     // nil before the first page
	cursor  int64       // the last recipient read, where some are added while the campaign runs
	spent   atomic.Bool // every recipient that was never tried has been read
	idleAt  int64       // when the retries were last looked for, ms
	hurried bool        // recipients were added since
}

func newFeeder(r *Runner, limit int) *feeder {
	return &feeder{Runner: r, pages: make(chan []Due), wants: make(chan int, 1), limit: limit}
}

// gather is how far apart pages of recipients that are added one by one lie: a question costs as much as some of them.
const gather = 2 * time.Millisecond

// hurry lets the next question not wait: recipients were added.
func (f *feeder) hurry() { f.hurried = true }

// ask requests a page when there is room for half of one; it is called by dispatch only. It returns when it wants to be
// asked again.
func (f *feeder) ask(inHand int, running bool) time.Duration {
	room := f.limit - inHand
	if !running || room < f.limit/2 {
		return idle
	}
	now, apart, again := f.Now().UnixMilli(), idle/2, idle
	if f.hurried {
		apart, again = gather, gather
	}
	if left := apart - time.Duration(now-f.idleAt)*time.Millisecond; f.spent.Load() && left > 0 {
		return left
	}
	select {
	case f.wants <- room:
		f.idleAt, f.hurried = now, false
		return idle
	default: // one is on its way
		return again
	}
}

// exhausted says whether only retries can still come.
func (f *feeder) exhausted() bool { return f.spent.Load() }

// run answers the requests: retries that are due first, then recipients never tried.
func (f *feeder) run(ctx context.Context) error {
	for {
		var room int
		select {
		case room = <-f.wants:
		case <-ctx.Done():
			return ctx.Err()
		}
		page, err := f.Store.Again(ctx, f.Campaign.ID, f.Now(), room)
		if err != nil {
			return err
		}
		if (f.Linger > 0 || !f.spent.Load()) && len(page) < room {
			if page, err = f.fresh(ctx, page, room); err != nil {
				return err
			}
		}
		if len(page) == 0 {
			continue
		}
		if len(f.Carriers) > 1 {
			for i := range page {
				page[i].Network = phone.Network(page[i].To)
			}
		}
		select {
		case f.pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fresh fills a page up with recipients that were never tried.
func (f *feeder) fresh(ctx context.Context, page []Due, room int) ([]Due, error) {
	if f.Linger > 0 { // whoever came first is first
		fresh, err := f.Store.Fresh(ctx, f.Campaign.ID, f.cursor, 0, room-len(page))
		if n := len(fresh); n > 0 {
			f.cursor = fresh[n-1].ID
		}
		f.spent.Store(len(fresh) < room-len(page))
		return append(page, fresh...), err
	}
	if f.blocks == nil {
		first, last, err := f.Store.Extent(ctx, f.Campaign.ID)
		if err != nil {
			return nil, err
		}
		f.blocks = newBlocks(first, last, len(f.Carriers) > 1)
	}
	for len(page) < room {
		after, until, ok := f.blocks.present()
		if !ok {
			f.spent.Store(true)
			break
		}
		limit := room - len(page)
		fresh, err := f.Store.Fresh(ctx, f.Campaign.ID, after, until, limit)
		if err != nil {
			return nil, err
		}
		if len(fresh) == limit {
			f.blocks.read(fresh[limit-1].ID, false)
		} else {
			f.blocks.read(until, true)
		}
		page = append(page, fresh...)
	}
	return page, nil
}
