package carriers

import (
	"context"
	"time"
)

// Inbound is a message that somebody sent to one of our numbers: an answer, a STOP.
type Inbound struct {
	ID   string    // the carrier's id, "" where the protocol has none (SMPP)
	From string    // E.164 where the carrier says that it is international, else as it came
	To   string    // our number, likewise
	Text string    // one part of it where a long message comes in parts
	At   time.Time // the carrier's own time, or when it came
	Raw  []byte    // the payload as it came, bounded
}

// InboundSession is a [Session] on whose connection inbound messages come as well.
type InboundSession interface {
	Session

	// Hear says who takes inbound messages, before Run. take returns when they are committed, and an error means that
	// they are not and must be delivered again. Without it the carrier is told to try again later, because a STOP that
	// is acknowledged and forgotten is worse than one that waits.
	Hear(take func(context.Context, []Inbound) error)
}
