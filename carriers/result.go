package carriers

import "time"

// Acceptance answers whether a carrier has taken a message.
type Acceptance uint8

// Unknown is the zero value: whoever forgets to prove something has proved nothing.
const (
	Unknown Acceptance = iota
	Yes
	No
)

// String is the word of logs and JSON.
func (a Acceptance) String() string { return [...]string{"unknown", "yes", "no"}[a] }

// Result is the outcome of one submit.
type Result struct {
	Accepted   Acceptance
	ID         string        // the carrier's id of the message
	Class      Class         // why not; "" when accepted
	Code       string        // the vendor's code, raw
	Status     string        // protocol status for people: "HTTP 201", "ESME_ROK"
	Detail     string        // the vendor's words, shortened, without secrets and numbers
	RetryAfter time.Duration // the carrier asked to be left alone that long
	Segments   int           // what the carrier says it will bill, 0 = it does not say
	Together   bool          // it is the answer to a call with several messages as a whole, not to each of them
	Parts      []string      // the carrier's ids of the parts of a long message whose receipts come one by one; "" = not taken
}

// Accept is the result of a submit that the carrier took.
func Accept(id, status string) Result { return Result{Accepted: Yes, ID: id, Status: status} }

// Refuse is the result of a submit that the carrier provably did not take.
func Refuse(class Class, code, status, detail string) Result {
	return Result{Accepted: No, Class: class, Code: code, Status: status, Detail: detail}
}

// Ambiguous is the result of a submit of which it is not known whether the carrier took it.
func Ambiguous(code, status, detail string) Result {
	return Result{Accepted: Unknown, Class: ClassAmbiguous, Code: code, Status: status, Detail: detail}
}

// Finding is the answer of a [Looker].
type Finding struct {
	Verdict Verdict
	ID      string  // the carrier's id when found
	Receipt Receipt // present state when found; State "" if the vendor did not say

	// Again is set when the vendor shows nothing, but too soon for that to prove anything: from then on it does.
	Again time.Time
}

// Missing is the finding of a lookup that shows nothing at all: proof of absence from the moment on at which the vendor
// shows whatever it took.
func Missing(now, proven time.Time) Finding {
	if now.Before(proven) {
		return Finding{Verdict: Undecided, Again: proven}
	}
	return Finding{Verdict: Absent}
}

// Verdict is what a lookup proved.
type Verdict uint8

// The three verdicts of a lookup.
const (
	Undecided Verdict = iota
	Found
	Absent
)
