package campaign

import (
	"time"

	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/carriers"
)

// Recipient is one row of a campaign, ready to be stored: what intake makes of a CSV row.
type Recipient struct {
	Line     int
	Phone    uint64 // the digits of E.164
	Country  string
	Kind     string // number type
	Cells    []string
	Text     string
	UCS2     bool
	Segments int
	AtCap    bool // its person has had as many messages as the caps allow

	Labelled   bool // its text got the sender's wording
	Unlabelled bool // its text does not say all that its country asks for
	Timing
}

// Reject is a row that is not sent to, and why.
type Reject = recipients.RowError

// Due is a recipient that may be sent to now.
type Due struct {
	ID       int64 // of the recipient
	To       string
	Country  string
	Network  string // as far as the number tells; set by the feeder where there is a choice of carriers
	Text     string
	UCS2     bool
	Segments int
	Counted  int      // attempts that max_attempts counts
	Tries    Tries    // of the attempts so far
	Tried    []string // carriers of the attempts so far, oldest first

	Scheduled time.Time // zero: at once
	Zone      string    // where its owner is, if the list says so
}

// Delay is a queued recipient that has to wait.
type Delay struct {
	Recipient int64
	Until     time.Time
	Reason    string
}

// Start is a new attempt, to be committed before its request.
type Start struct {
	Lease     string // token of the campaign's lease
	Recipient int64
	Carrier   string
	ByID      bool // its receipts name only the carrier's own id
	Cost      carriers.Price
	Why       string    // the routing decision, compact
	Before    time.Time // the attempt must begin before that; zero: whenever
	Until     time.Time // the message's validity ends then; zero: never
	Caps      Caps      // of what its person gets
	Quota     *Quota    // of the sender; nil: none
}

// Started is a committed attempt.
type Started struct {
	Attempt int64
	Ref     string
}

// Outcome is what became of an attempt, and of its recipient if no receipt was faster.
type Outcome struct {
	Attempt   int64
	Recipient int64
	Result    carriers.Result
	Counted   bool // max_attempts counts it
	Next      State
	NotBefore time.Time // of Next = queued
	Reason    string    // of Next
	Unused    *Quota    // the sender's, which a refused attempt has not used
	OptOut    bool      // the carrier says that this person has opted out
}

// Settled is a receipt as it was stored, for whoever holds the campaign's lease.
type Settled struct {
	ID        int64 // of the receipt row
	Attempt   int64
	Recipient int64
	Carrier   string
	State     carriers.ReceiptState
	Class     carriers.Class
	Applied   bool
	Latency   time.Duration // since the attempt was begun, until the receipt came
	Took      time.Duration // the same until what it tells had happened, by the carrier's own clock where that can be
	To        string
	Country   string
	Counted   int
	Scheduled time.Time
	Now       State // of the recipient after it
}

// Open is an attempt whose fate is not known yet: accepted without a final receipt, or ambiguous.
type Open struct {
	Attempt   int64
	Recipient int64
	Carrier   string
	State     AttemptState
	BegunAt   time.Time
	Submitted carriers.Submitted
	Country   string
	Now       State // of the recipient
	Last      bool  // no later attempt was made
	Counted   int
	Scheduled time.Time
	Tries     Tries
}

// The codes of rows that are left out for what the list or the database says, not for how they are written.
const (
	CodeDuplicate = "duplicate"
	CodeOptedOut  = "opted_out"
	CodeNoConsent = "no_consent"
)

// The codes of rows whose text cannot be sent.
const (
	CodeTextEmpty   = "text.empty"
	CodeTextLong    = "text.too_long"
	CodeTextMissing = "text.missing"
	CodeTextLabel   = "text.label"
)
