package carriers

import (
	"context"
	"strings"
	"time"
)

// Inbound is a message that somebody sent to one of our numbers: an answer, a STOP.
type Inbound struct {
	ID   string    // the carrier's id, "" where the protocol has none (SMPP)
	From string    // E.164 where the carrier says that it is international, else as it came
	To   string    // our number, likewise
	Text string    // one part of it where a long message comes in parts
	Said string    // what the carrier takes it for by keywords of its own: "stop", "start", "help"; "" if it does not say
	At   time.Time // the carrier's own time, or when it came
	Raw  []byte    // the payload as it came, bounded
}

// InboundReceiver is a carrier whose inbound messages come by HTTP. As with receipts, verification comes first: a request
// whose signature does not hold returns [ErrSignature], one that brings no inbound message [ErrPayload].
type InboundReceiver interface {
	Inbound(c Callback) ([]Inbound, Reply, error)
}

// InboundSession is a [Session] on whose connection inbound messages come as well.
type InboundSession interface {
	Session

	// Hear says who takes inbound messages, before Run. take returns when they are committed, and an error means that
	// they are not and must be delivered again. Without it the carrier is told to try again later, because a STOP that
	// is acknowledged and forgotten is worse than one that waits.
	Hear(take func(context.Context, []Inbound) error)
}

// International writes a number that a carrier gives in E.164, with or without the plus. What is none (a short code, a
// name) stays as it came.
func International(number string) string {
	number = strings.TrimSpace(number)
	digits := strings.TrimPrefix(number, "+")
	if len(digits) < 7 || len(digits) > 15 || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return number
	}
	return "+" + digits
}
