package campaign

import (
	"context"
	"time"
)

// Sharer is a campaign that is being sent. All of them share the carriers' limits.
type Sharer struct {
	Campaign int64
	Type     MessageType
	Queued   bool    // it has messages left to send
	Divisor  float64 // by how much it divides the limits, as it has told last; 0 = it has told nothing yet
}

// overtake is how many times the part of an advertisement's campaign one with transactional messages gets of every
// carrier's limit, as long as it has any to send.
const overtake = 9

// shareOf is by how much a campaign divides the carriers' limits where so many promotional and transactional ones send.
func shareOf(t MessageType, promotional, transactional int) float64 {
	own := 1.0
	if t == Transactional {
		own = overtake
	}
	return max(1, float64(promotional+overtake*transactional)/own)
}

// divisor is by how much one of those who send divides the limits. A transactional campaign counts while it has some to
// send, and for itself in any case.
func divisor(all []Sharer, self int64, t MessageType) float64 {
	ads, urgent := 0, 0
	for i := range all {
		switch o := &all[i]; {
		case o.Type != Transactional:
			ads++
		case o.Queued || o.Campaign == self:
			urgent++
		}
	}
	return shareOf(t, ads, urgent)
}

// agreed says whether all others leave a campaign its part: they have told that they divide by as much as they must since
// it is among them.
func agreed(all []Sharer, self int64) (yes bool) {
	for i := range all {
		switch o := &all[i]; {
		case o.Campaign == self:
			yes = true
		case o.Divisor < divisor(all, o.Campaign, o.Type):
			return false
		}
	}
	return yes
}

func (r *Runner) shares(ctx context.Context) (n float64, all bool, err error) {
	who, err := r.Store.Sharers(ctx)
	return divisor(who, r.Campaign.ID, r.Campaign.Type), agreed(who, r.Campaign.ID), err
}

// joinMost is how long a campaign that begins, or goes on, waits at most for the others to leave it its part: each looks at
// who sends four times a second.
const joinMost = 3 * time.Second

// join lets a campaign be one of those who send. Until all others know, a carrier whose rate is limited gets one message
// at most.
func (d *dispatch) join(ctx context.Context) error {
	if err := d.Store.SetStatus(ctx, d.Campaign.ID, d.Lease, Running, ""); err != nil {
		return err
	}
	share, all, err := d.shares(ctx)
	now := d.Now()
	d.joined = now.Add(joinMost)
	d.router.Yield(now, d.joined)
	d.divide(now, share, all)
	return err
}

// divide takes over by how much the limits are divided, and whether all divide by as much.
func (d *dispatch) divide(now time.Time, by float64, all bool) {
	d.router.SetShare(now, by)
	d.journal.divide(by)
	if all && now.Before(d.joined) {
		d.joined = now
		d.router.Yield(now, now)
	}
}
