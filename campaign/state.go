package campaign

import "slices"

// State is the one state that every eligible recipient is in.
type State string

// The states of a recipient. What each means stands in doc.go.
const (
	Queued      State = "queued"
	Sending     State = "sending"
	Awaiting    State = "awaiting"
	NoReceipt   State = "no_receipt"
	Undelivered State = "undelivered"
	Delivered   State = "delivered"
	Failed      State = "failed"
	Expired     State = "expired"
	Unknown     State = "unknown"
	Cancelled   State = "cancelled"
	Suppressed  State = "suppressed"
)

// States lists them in the order in which a recipient meets them.
func States() []State {
	return []State{
		Queued, Sending, Awaiting, NoReceipt, Undelivered, Delivered,
		Failed, Expired, Unknown, Cancelled, Suppressed,
	}
}

// next is the transition table: what may follow a state without a person's word. Delivered may follow every state,
// because a receipt is proof.
//
//nolint:gochecknoglobals // a table that nothing writes to
var next = map[State][]State{
	Queued:      {Sending, Expired, Cancelled, Suppressed, Awaiting, NoReceipt, Undelivered, Failed},
	Sending:     {Awaiting, Queued, Failed, Unknown, Expired, NoReceipt, Undelivered, Cancelled, Suppressed},
	Awaiting:    {Undelivered, NoReceipt, Queued},
	NoReceipt:   {Undelivered, Awaiting, Queued},
	Undelivered: {Queued, Awaiting, NoReceipt},
	Unknown:     {Awaiting, NoReceipt, Undelivered, Queued, Failed},
	Failed:      {Awaiting, Undelivered},
	Expired:     {Awaiting, Undelivered},
	Cancelled:   {Awaiting, Undelivered},
	Suppressed:  {Awaiting, Undelivered},
	Delivered:   {},
}

// CanBecome says whether to may follow s.
func (s State) CanBecome(to State) bool {
	return s != Delivered && to == Delivered || slices.Contains(next[s], to)
}

// Accepted says whether the state is one of those in which a carrier has taken the message.
func (s State) Accepted() bool {
	return s == Awaiting || s == NoReceipt || s == Undelivered || s == Delivered
}

// Retryable says whether a person may queue a recipient in this state again by `campaign retry`.
func (s State) Retryable() bool { return s == Failed || s == Expired || s == Undelivered }

// AttemptState is what is known about one try.
type AttemptState string

// The states of an attempt. AttemptSending is committed before the request's first byte.
const (
	AttemptSending   AttemptState = "sending"
	AttemptAccepted  AttemptState = "accepted"
	AttemptRefused   AttemptState = "refused"
	AttemptAmbiguous AttemptState = "ambiguous"
)

// Tries is what a recipient's attempts add up to, as far as its state depends on it.
type Tries struct {
	Accepted int // attempts that a carrier took
	Open     int // of those, without a final receipt
	Overdue  int // of those, past the receipt deadline
}

// Rest is the state of a recipient for which nothing more is tried: what its accepted attempts say, or otherwise.
// A recipient with an accepted attempt never ends failed, expired, cancelled or suppressed.
func (t Tries) Rest(otherwise State) State {
	switch {
	case t.Accepted == 0:
		return otherwise
	case t.Open == 0:
		return Undelivered
	case t.Open == t.Overdue:
		return NoReceipt
	}
	return Awaiting
}
