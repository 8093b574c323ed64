package campaign

import (
	"context"
	"log/slog"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// leavers are messages that leave dispatch unsent.
type leavers struct {
	noRoute []*job  // nobody may take them
	expired []*job  // their validity has ended
	shut    []*job  // nor do their hours come again before it does
	astray  []*job  // it is not known where they go to, so their hours are not either
	full    []*job  // nor does the next day of their sender begin before it does
	delays  []Delay // of those that have to wait
	waiting []*job
}

// dismiss writes down what becomes of the leavers, in a commit a kind.
func (d *dispatch) dismiss(ctx context.Context, l *leavers) error {
	for _, e := range []struct {
		jobs   []*job
		to     State
		class  carriers.Class
		reason string
	}{
		{l.noRoute, Failed, carriers.ClassNoRoute, "no carrier may take it"},
		{l.expired, Expired, carriers.ClassExpired, "its validity ended"},
		{l.shut, Expired, carriers.ClassExpired, "its hours do not come again before its validity ends"},
		{l.full, Expired, carriers.ClassExpired, "its validity ends before the next day of its sender, whose daily cap is reached"},
		{l.astray, Expired, carriers.ClassExpired, "its hours are not known"},
	} {
		if err := d.endAll(ctx, e.jobs, e.to, e.class, e.reason); err != nil {
			return err
		}
	}
	if len(l.waiting) == 0 {
		return nil
	}
	if err := d.Store.Postpone(ctx, d.Lease, l.delays); err != nil {
		return err
	}
	for _, j := range l.waiting {
		delete(d.hand, j.ID)
	}
	return nil
}

// place finds when a message may be sent.
func (d *dispatch) place(j *job) {
	if d.Windows == nil {
		return
	}
	gate, err := d.Windows.Of(j.To, j.Country, j.Zone)
	if j.gate = gate; err != nil {
		j.astray = err.Error()
	}
}

// keepsOut says whether a message may not be sent now, and lets it leave.
func (d *dispatch) keepsOut(now time.Time, j *job, out *leavers) bool {
	end := d.Campaign.Deadline(j.Scheduled)
	switch {
	case !end.IsZero() && !now.Before(end):
		out.expired = append(out.expired, j)
		return true
	case j.astray != "":
		out.astray = append(out.astray, j)
		return true
	}
	if open, _ := j.gate.Open(now); open {
		return false
	}
	next, ok := j.gate.Next(now)
	if !ok || !end.IsZero() && !next.Before(end) {
		out.shut = append(out.shut, j)
		return true
	}
	out.delays = append(out.delays, Delay{Recipient: j.ID, Until: next, Reason: "waits for its hours"})
	out.waiting = append(out.waiting, j)
	return true
}

// soon is a wait that is not worth a word.
const soon = 5 * time.Second

// await is the end of a run in which everybody who is left waits for a moment, or how it goes on until that comes.
func (d *dispatch) await(ctx context.Context, now time.Time, c Counts) (over bool, err error) {
	at, ok, err := d.Store.NextDue(ctx, d.Campaign.ID)
	if err != nil || !ok || at.Sub(now) < soon || at.Equal(d.waiting) || !d.watch.ready() {
		return false, err
	}
	reason := "the next is due " + at.UTC().Format("2006-01-02 15:04 UTC")
	if d.NoWait {
		d.end = End{Cause: CauseWaiting, Status: Waiting, Reason: reason}
		return true, nil
	}
	d.waiting, d.settling = at, false
	d.asleep.Store(true)
	d.notify("state", slog.String("state", "running->waiting"), slog.Time("until", at), slog.Int64("queued", c.Queued))
	return false, d.Store.SetStatus(ctx, d.Campaign.ID, d.Lease, Waiting, reason)
}

// awake ends await.
func (d *dispatch) awake() {
	if !d.waiting.IsZero() {
		d.notify("state", slog.String("state", "waiting->running"))
	}
	d.waiting = time.Time{}
	d.asleep.Store(false)
}

// worked is how much of a time was work: waiting is none, whatever the clock says.
func (d *dispatch) worked(t time.Duration) time.Duration {
	if d.asleep.Load() {
		return 0
	}
	return t
}
