package routing

import (
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Verdict is what a final receipt says, as far as it concerns the carrier.
type Verdict uint8

// The verdicts. Recipient means that nobody could have delivered it: the number does not exist, the person has opted
// out, the text is refused everywhere.
const (
	Delivered Verdict = iota
	Undelivered
	Recipient
)

// VerdictOf translates a final receipt.
func VerdictOf(state carriers.ReceiptState, class carriers.Class) Verdict {
	switch {
	case state == carriers.ReceiptDelivered:
		return Delivered
	case class == carriers.ClassRecipientUnreachable, class == carriers.ClassExpired, class == carriers.ClassNone:
		return Undelivered // another carrier might have been faster
	case class.Traits().Reach == carriers.ReachMessage:
		return Recipient
	}
	return Undelivered
}

// Receipt is the final receipt of an attempt.
type Receipt struct {
	Attempt int64
	Verdict Verdict
	Took    time.Duration // from the submit to the delivery, by the receipt's own date where it has one

	// Of an attempt of an earlier run, which is not followed any more. Age is from the submit until now.
	Carrier                int
	Country, Network, Type string
	Age                    time.Duration
}
