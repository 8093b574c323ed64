package campaign

import "fmt"

// Counts are the numbers of a campaign that must always add up.
type Counts struct {
	Rows, Invalid, Duplicate, OptedOut int64 // intake

	Eligible                                                       int64
	Queued, Sending, Failed, Expired, Unknown, Cancelled, Suppress int64
	Delivered, Undelivered, Awaiting, NoReceipt                    int64

	Attempts, AcceptedAttempts, RefusedAttempts, AmbiguousAttempts, SendingAttempts int64

	FailedActionable   int64 // failed or expired for a cause that can be mended
	PossibleDuplicates int64 // sent again while an earlier copy may still arrive
	FailedOver         int64 // tried on more than one carrier
	Rescued            int64 // accepted by a later carrier after an earlier one had failed
	Segments           int64
}

// Accepted is the number of recipients whose message some carrier took.
func (c Counts) Accepted() int64 { return c.Delivered + c.Undelivered + c.Awaiting + c.NoReceipt }

// Handled is the number of recipients for whom there is nothing left to send.
func (c Counts) Handled() int64 { return c.Eligible - c.Queued - c.Sending }

// Add counts n recipients in state s.
func (c *Counts) Add(s State, n int64) {
	if p := c.of(s); p != nil {
		*p += n
	}
}

// In is the number of recipients in state s.
func (c Counts) In(s State) int64 {
	if p := c.of(s); p != nil {
		return *p
	}
	return 0
}

func (c *Counts) of(s State) *int64 {
	switch s {
	case Queued:
		return &c.Queued
	case Sending:
		return &c.Sending
	case Awaiting:
		return &c.Awaiting
	case NoReceipt:
		return &c.NoReceipt
	case Undelivered:
		return &c.Undelivered
	case Delivered:
		return &c.Delivered
	case Failed:
		return &c.Failed
	case Expired:
		return &c.Expired
	case Unknown:
		return &c.Unknown
	case Cancelled:
		return &c.Cancelled
	case Suppressed:
		return &c.Suppress
	}
	return nil
}

// Law is one of the sums that hold in every output.
type Law struct {
	Name        string
	Left, Right int64
}

// Holds says whether the sum closes.
func (l Law) Holds() bool { return l.Left == l.Right }

// String names the law with its two sides.
func (l Law) String() string { return fmt.Sprintf("%s: %d = %d", l.Name, l.Left, l.Right) }

// Laws evaluates the conservation laws. The third of the architecture, accepted = delivered + undelivered + awaiting +
// no_receipt, holds by construction here; `db check` proves it against the attempts.
func (c Counts) Laws() []Law {
	return []Law{
		{"rows = invalid + duplicate + opted_out + eligible", c.Rows, c.Invalid + c.Duplicate + c.OptedOut + c.Eligible},
		{
			"eligible = queued + sending + accepted + failed + expired + unknown + cancelled + suppressed", c.Eligible,
			c.Queued + c.Sending + c.Accepted() + c.Failed + c.Expired + c.Unknown + c.Cancelled + c.Suppress,
		},
		{
			"attempts = accepted + refused + ambiguous + sending", c.Attempts,
			c.AcceptedAttempts + c.RefusedAttempts + c.AmbiguousAttempts + c.SendingAttempts,
		},
	}
}

// Reconciled says whether all laws hold.
func (c Counts) Reconciled() bool {
	for _, l := range c.Laws() {
		if !l.Holds() {
			return false
		}
	}
	return true
}

// Outcome is the status of a campaign for which nothing is under way any more.
func (c Counts) Outcome() Status {
	if c.Queued+c.Sending+c.Unknown+c.FailedActionable > 0 {
		return Incomplete
	}
	if c.Awaiting > 0 {
		return Settling
	}
	return Completed
}
