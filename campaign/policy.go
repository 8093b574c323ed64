package campaign

import (
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Decision is what follows from the outcome of a submit.
type Decision struct {
	Next    State
	After   time.Duration // of Next = queued: not before that long from now
	Reason  string
	Counted bool // max_attempts counts this attempt
	Bar     bool // this carrier will not take this message later either
	OptOut  bool
}

// facts are what a decision about a message depends on beside the answer.
type facts struct {
	settings *Settings
	counted  int  // attempts before this one that max_attempts counts
	tries    int  // all attempts before this one
	blind    bool // the carrier sends no receipts
}

// decide is the one place that says what becomes of a message after a submit. What it says holds unless a receipt was
// faster.
func decide(res carriers.Result, f facts) Decision {
	switch res.Accepted {
	case carriers.Yes:
		if f.blind {
			return Decision{Next: NoReceipt, Counted: true, Reason: "the carrier sends no receipts"}
		}
		return Decision{Next: Awaiting, Counted: true}
	case carriers.Unknown:
		return Decision{Next: Unknown, Counted: true, Reason: "the outcome of the submit is not known"}
	}
	return refused(res, f)
}

// refused decides after a proof of non-acceptance: whether anybody may and will take the message.
func refused(res carriers.Result, f facts) Decision {
	t := res.Class.Traits()
	d := Decision{Next: Queued, Reason: t.Title, Counted: res.Class != carriers.ClassThrottled}
	// What is wrong with an account says nothing about the message: the router keeps the carrier closed until it is mended.
	d.Bar = !t.RetrySame && t.Reach != carriers.ReachAccount
	switch {
	case t.Reach == carriers.ReachMessage:
		d.Next, d.OptOut = Failed, res.Class == carriers.ClassRecipientOptedOut
	case d.Counted && f.counted+1 >= f.settings.MaxAttempts:
		d.Next = Failed
	case t.RetrySame && f.tries > 0:
		d.After = min(retryFirst<<min(f.tries-1, 10), retryMost)
	}
	return d
}

// A message that some carrier has refused goes to the next at once; one that goes round again waits longer each time.
const (
	retryFirst = time.Second
	retryMost  = time.Minute
)

// mayFollow says whether a message that a receipt calls not delivered may go to another carrier: it was not the
// recipient's fault, nor the text's.
func mayFollow(state carriers.ReceiptState, class carriers.Class) bool {
	if class == carriers.ClassNone {
		return state == carriers.ReceiptFailed || state == carriers.ReceiptRejected
	}
	return class.Traits().RetryOther || class.Traits().RetrySame
}
