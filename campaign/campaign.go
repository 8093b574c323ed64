package campaign

import (
	"errors"
	"maps"
	"time"

	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// Campaign is one message to the people of one list.
type Campaign struct {
	ID       int64
	PublicID string // cmp_…
	Name     string
	Mode     Mode
	Profile  string
	Identity string // hash of what makes a second send the same campaign
	Status   Status
	Reason   string // why it is paused or waiting

	Type       MessageType
	Template   string
	Sender     string
	Currency   string
	Source     string // name of the CSV
	SourceSHA  string
	MessageSHA string
	Columns    []string // the CSV's header, as it stands there
	Tags       map[string]string
	Settings   Settings
	Estimate   carriers.Price
	Ceiling    *carriers.Price

	CreatedAt, StartedAt, ValidUntil, FinishedAt, SettledAt time.Time
	Active                                                  time.Duration // time with somebody sending
	Followed                                                int64         // the last receipt row whose consequences are committed

	Desired     Desired
	RateCap     *float64             // segments a second over all carriers
	CarrierCaps map[string]float64   // the same by carrier; 0 drains it
	Drained     []string             // carriers that are out of use in all campaigns
	Resets      map[string]time.Time // when a person last closed a carrier's breaker
	Lease       *Lease               // nil when nobody holds it
}

// Caps are the carriers' limits in force.
func (c *Campaign) Caps() map[string]float64 {
	if len(c.Drained) == 0 {
		return c.CarrierCaps
	}
	caps := maps.Clone(c.CarrierCaps)
	if caps == nil {
		caps = map[string]float64{}
	}
	for _, name := range c.Drained {
		caps[name] = 0
	}
	return caps
}

// Deadline is when the validity of a message ends that was to be sent at a moment; zero is at once, and no deadline.
func (c *Campaign) Deadline(scheduled time.Time) time.Time {
	if own := scheduled.Add(c.Settings.Validity); !scheduled.IsZero() && own.After(c.ValidUntil) {
		return own
	}
	return c.ValidUntil
}

// Settings are the choices of one campaign that do not change while it runs.
type Settings struct {
	Vars           map[string]string `json:"vars,omitempty"`
	Brand          string            `json:"brand,omitempty"`    // in whose name it is sent: a STOP reaches as far
	Carriers       []string          `json:"carriers,omitempty"` // only these
	Rate           float64           `json:"rate,omitempty"`     // segments a second
	Policy         routing.Policy    `json:"policy,omitempty"`   // how carriers are picked; "" = by what was learned
	MaxAttempts    int               `json:"max_attempts"`
	Validity       time.Duration     `json:"validity"`
	GiveUp         time.Duration     `json:"give_up"` // without any carrier that long, pause
	AtMostOnce     bool              `json:"at_most_once,omitempty"`
	HoldAmbiguous  bool              `json:"hold_ambiguous"`   // on_ambiguous: hold
	HoldNoReceipt  bool              `json:"hold_no_receipt"`  // on_no_receipt: hold
	ReceiptWait    time.Duration     `json:"receipt_wait"`     // ceiling of the wait before a re-route
	Doubt          float64           `json:"doubt,omitempty"`  // a silent message is sent again once it was less likely delivered; 0 = by its type
	Strict         bool              `json:"strict,omitempty"` // any failure is a partial result
	MaxFailed      string            `json:"max_failed,omitempty"`
	Rejects        string            `json:"rejects,omitempty"`         // where the rejected rows were written
	Ref            string            `json:"ref,omitempty"`             // of a single message
	RequireConsent bool              `json:"require_consent,omitempty"` // only whoever has agreed is sent to
	SenderGiven    bool              `json:"sender_given,omitempty"`    // the campaign's sender goes before the carriers' own
	Guards         []Guard           `json:"guards,omitempty"`
	GuardsWarn     bool              `json:"guards_warn,omitempty"` // a guard only warns
	Window         string            `json:"window,omitempty"`      // messages are begun and arrive in it, like 08:00-21:00
	WindowZone     string            `json:"window_tz,omitempty"`   // by whose clock: recipient, or a zone
	WindowMargin   time.Duration     `json:"window_margin,omitempty"`
	Compliance     rules.Mode        `json:"compliance,omitempty"` // whose hours promotional messages keep
	Caps           Caps              `json:"caps,omitzero"`        // of messages to a person, from all campaigns
	At             time.Time         `json:"at,omitzero"`          // not before
	Over           time.Duration     `json:"over,omitempty"`       // spread over that time
	Schedule       string            `json:"schedule,omitempty"`   // the schedule that it is a run of
	Slot           string            `json:"slot,omitempty"`       // the time of the run
}

// Pulse is what the holder of a lease tells with every heartbeat.
type Pulse struct {
	Until    time.Time     // the lease holds until then
	Active   time.Duration // time worked since the last
	Followed int64         // the last receipt row whose consequences are committed
	Vitals   *Vitals       // for screens of other processes; nil leaves what is stored
	Outages  []Outage      // that have begun, gone on or ended since the last
}

// Lease says which process works on a campaign.
type Lease struct {
	Token string
	Host  string
	PID   int
	At    time.Time // last heartbeat
	Until time.Time
}

// The ways in which a change is refused because of what the database says.
var (
	ErrNotFound  = errors.New("not found")
	ErrNotDue    = errors.New("the recipient is not queued any more")
	ErrOptedOut  = errors.New("the recipient has opted out, or its reply waits for review")
	ErrLeaseLost = errors.New("another process has taken the campaign over")
	ErrLeased    = errors.New("another process is working on the campaign")
	ErrExists    = errors.New("a campaign of that name exists")
	ErrState     = errors.New("the campaign's state does not allow that")
	ErrAnother   = errors.New("the message belongs to another attempt")
	ErrShut      = errors.New("the window has closed")
	ErrFull      = errors.New("the sender has sent as many segments as its day allows")
	ErrHeld      = errors.New("the recipient has had as many messages as the frequency cap allows")
)
