package report

import (
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Dossier is a report with what only a page has room for: distributions, who failed over to whom, the first failures,
// and who did what when. Every list in it is short, whatever the campaign's size; where one was cut, its total says so.
type Dossier struct {
	*Report
	Template   string
	Settings   campaign.Settings
	Lines      []Line
	Spreads    []Spread // of all carriers first, then by carrier
	Codes      []Code
	CodesCut   bool // there are more
	Moves      []Move
	Spent      []Spent
	Sizes      []Size
	Costly     []Costly // in the first messages that are UCS-2
	CostlyOf   int      // how many those were
	Exclusions []Exclusion
	Excluded   []Reject  // the first of them
	Failures   []Message // the first of them
	History    []Control
}

// Line is what one carrier did over time, in the steps of the report's series.
type Line struct {
	Carrier                     string
	Accepted, Failed, Delivered []int64
	Scores                      []Score
}

// Score is the value by which a carrier was chosen, of one of its attempts.
type Score struct {
	At    time.Time
	Value float64
}

// Spread is how the times of one carrier are distributed.
type Spread struct {
	Carrier     string // "" is all of them
	Accept, DLR []Bucket
}

// Bucket counts the samples up to a number of milliseconds.
type Bucket struct {
	UpTo float64
	N    int64
}

// Code is what a carrier answered to attempts that came to nothing.
type Code struct {
	Carrier string
	Class   carriers.Class
	Code    string
	N       int64
}

// Move counts the attempts that followed one on another carrier, or on the same one.
type Move struct {
	From, To string
	N        int64
	Cost     Money
	Twice    Money // of that, for messages of which an earlier attempt is billed as well
}

// Spent is what the attempts of one carrier to one country cost.
type Spent struct {
	Carrier, Country string
	Segments         int64 // of the attempts that it did not refuse
	Cost             Money
	Wasted           Money // for attempts that did not deliver: undelivered, or with an outcome that is not known
}

// Size counts the recipients whose text takes so many segments.
type Size struct {
	Segments int64
	UCS2     bool
	N        int64
}

// Costly is a character that is not in GSM-7, and how many of the messages that were looked at have it.
type Costly struct {
	Char     rune
	N        int
	Template bool // it stands in the message itself, not in somebody's data
}

// Exclusion counts the rows that were not sent to, by the reason's code.
type Exclusion struct {
	Code string
	N    int64
}

// Control is what somebody did to the campaign.
type Control struct {
	At                    time.Time
	Actor, Action, Detail string
}

// The lengths of a dossier's lists.
const (
	MaxFailures = 200
	MaxExcluded = 100
	MaxCodes    = 40
	MaxScores   = 240 // attempts that are asked for their score, over all carriers
	MaxUCS2     = 200 // messages that are read for the characters that cost
)

// NewScore takes the score out of a stored decision, as a share of what a delivered message is worth; false says that it
// has none.
func NewScore(at time.Time, why, carrier string, names []string) (Score, bool) {
	d := ReadDecision(why, carrier, names)
	if d == nil || d.Value <= 0 {
		return Score{}, false
	}
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.Chosen {
			return Score{At: at, Value: float64(c.Score) / float64(d.Value)}, true
		}
	}
	return Score{}, false
}
