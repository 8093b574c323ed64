package campaign

import (
	"context"
	"sync/atomic"

	"github.com/smsctl/smsctl/carriers/phone"
)

// feeder reads due recipients ahead of dispatch, so that dispatch never waits for the disk.
type feeder struct {
	*Runner
	pages  chan []Due
	wants  chan int
	limit  int // recipients in hand at most
	cursor int64
	spent  atomic.Bool // every recipient that was never tried has been read
	idleAt int64       // when the retries were last looked for, ms
}

func newFeeder(r *Runner, limit int) *feeder {
	return &feeder{Runner: r, pages: make(chan []Due), wants: make(chan int, 1), limit: limit}
}

// ask requests a page when there is room for half of one; it is called by dispatch only.
func (f *feeder) ask(inHand int, running bool) {
	room := f.limit - inHand
	if !running || room < f.limit/2 {
		return
	}
	now := f.Now().UnixMilli()
	if f.spent.Load() && now-f.idleAt < idle.Milliseconds()/2 {
		return
	}
	select {
	case f.wants <- room:
		f.idleAt = now
	default: // one is on its way
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
		if !f.spent.Load() && len(page) < room {
			fresh, err := f.Store.Fresh(ctx, f.Campaign.ID, f.cursor, room-len(page))
			if err != nil {
				return err
			}
			if n := len(fresh); n > 0 {
				f.cursor = fresh[n-1].ID
			}
			f.spent.Store(len(fresh) < room-len(page))
			page = append(page, fresh...)
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
