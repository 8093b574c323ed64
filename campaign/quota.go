package campaign

import (
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// Quota is how many segments a sender may send in a day, in all campaigns together: networks in the US count so.
type Quota struct {
	Sender   string
	Segments int64
	Zone     *time.Location // a day begins at its midnight
}

// Day names the day of a moment.
func (q *Quota) Day(at time.Time) string { return at.In(q.Zone).Format(time.DateOnly) }

// Reset is when the next day begins.
func (q *Quota) Reset(at time.Time) time.Time {
	y, m, d := at.In(q.Zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, q.Zone)
}

// fill notes that the sender of a carrier has sent all of its day. What is refused of what is under way is free again, and
// stays so: the cap is not exceeded, and at most the carrier's window is left of it.
func (d *dispatch) fill(now time.Time, carrier int) {
	if d.full == nil {
		d.full = map[int]time.Time{}
	}
	d.full[carrier] = d.quotas[carrier].Reset(now)
}

// exhausted are the carriers whose sender has sent all of its day, and when the first of them may go on.
func (d *dispatch) exhausted(now time.Time) (set routing.Set, until time.Time) {
	for i, reset := range d.full {
		if !now.Before(reset) {
			delete(d.full, i)
			continue
		}
		set = set.With(i)
		if until.IsZero() || reset.Before(until) {
			until = reset
		}
	}
	return set, until
}

// untilReset lets a message wait that only carriers may take whose senders have sent all of their day.
func (d *dispatch) untilReset(j *job, until time.Time, out *leavers) {
	if end := d.Campaign.Deadline(j.Scheduled); !end.IsZero() && !until.Before(end) {
		out.full = append(out.full, j)
		return
	}
	out.delays = append(out.delays, Delay{Recipient: j.ID, Until: until, Reason: "the daily cap of its sender is reached; it begins anew " + until.UTC().Format("2006-01-02 15:04 UTC")})
	out.waiting = append(out.waiting, j)
}

// quotasOf lists the quotas by the carriers' positions, nil where there is none.
func (r *Runner) quotasOf() []*Quota {
	list := make([]*Quota, len(r.Carriers))
	for i, c := range r.Carriers {
		list[i] = r.Quotas[c.Info().Name]
	}
	return list
}

// unused is the quota of a submit that a carrier has refused.
func unused(q *Quota, res carriers.Result) *Quota {
	if res.Accepted == carriers.No {
		return q
	}
	return nil
}
