package campaign

import (
	"context"
	"errors"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// work submits what dispatch assigns. There are as many workers as the carriers' windows hold.
// Nothing is begun any more once going has ended: what dispatch has handed out when the run broke off stays queued.
func (d *dispatch) work(ctx, going context.Context) {
	for a := range d.assign {
		if going.Err() != nil {
			continue
		}
		d.results <- d.submit(ctx, a)
	}
}

// submit is the one place from which a message leaves: the attempt is committed, then the carrier is called, then the
// outcome is queued for the writer.
func (d *dispatch) submit(ctx context.Context, a assignment) result {
	j, c := a.job, d.Carriers[a.carrier]
	info := c.Info()
	res := result{job: j, carrier: a.carrier, cost: a.cost, ticket: a.ticket}
	if ctx.Err() != nil {
		res.skipped = true
		return res
	}
	open, ends := j.gate.Open(d.Now())
	if !open { // it has closed since dispatch looked
		res.skipped, res.shut = true, true
		return res
	}
	started, err := d.Store.Begin(ctx, Start{
		Lease: d.Lease, Recipient: j.ID, Carrier: info.Name, ByID: !info.RefInReceipts, Cost: a.cost, Why: a.why, Before: ends,
		Until: d.Campaign.Deadline(j.Scheduled), Caps: d.Campaign.Settings.Caps, Quota: d.quotas[a.carrier],
	})
	switch {
	case errors.Is(err, ErrOptedOut), errors.Is(err, ErrHeld), errors.Is(err, ErrNotDue), errors.Is(err, context.Canceled):
		res.skipped = true
		return res
	case errors.Is(err, ErrFull):
		res.skipped, res.full = true, true
		return res
	case errors.Is(err, ErrShut):
		res.skipped, res.shut = true, true
		return res
	case err != nil:
		res.err = err
		return res
	}
	if m := d.message(j, info, started.Ref, ends); d.batches[a.carrier] != nil {
		res.submit = d.batches[a.carrier].submit(ctx, m)
	} else {
		res.submit = c.Submit(ctx, m)
	}
	res.decision = decide(res.submit, facts{
		settings: &d.Campaign.Settings, counted: j.Counted, tries: j.tries, blind: blind(c),
	})
	o := Outcome{
		Attempt: started.Attempt, Recipient: j.ID, Result: res.submit, Counted: res.decision.Counted, Next: res.decision.Next,
		NotBefore: d.Now().Add(res.decision.After), Reason: res.decision.Reason, OptOut: res.decision.OptOut,
		Unused: unused(d.quotas[a.carrier], res.submit),
	}
	res.attempt = started.Attempt
	// The outcome must reach the writer even when the run is being cut off.
	res.err = d.Store.Record(context.WithoutCancel(ctx), o)
	return res
}

// message is what the carrier gets. It may arrive until its validity or its window ends.
func (d *dispatch) message(j *job, info carriers.Info, ref string, ends time.Time) carriers.Message {
	m := carriers.Message{
		Ref: ref, To: j.To, Country: j.Country, Text: j.Text, UCS2: j.UCS2, Segments: j.Segments,
		Type: string(d.Campaign.Type),
	}
	if d.Campaign.Settings.SenderGiven {
		m.From = d.Campaign.Sender
	}
	end := d.Campaign.Deadline(j.Scheduled)
	if end.IsZero() || !ends.IsZero() && ends.Before(end) {
		end = ends
	}
	if !end.IsZero() {
		m.Validity = max(end.Sub(d.Now()), time.Second)
	}
	if d.Callback != nil {
		m.ReceiptURL = d.Callback(info.Name, ref)
	}
	return m
}
