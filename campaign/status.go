package campaign

// Status is the state of a whole campaign.
type Status string

// The states of a campaign. Completed needs queued = sending = awaiting = unknown = 0; settling is dispatch done and
// receipts still awaited; incomplete is all that can be done done, with actionable failures or unknown left.
const (
	Importing  Status = "importing"
	Planned    Status = "planned"
	Scheduled  Status = "scheduled"
	Running    Status = "running"
	Draining   Status = "draining"
	Paused     Status = "paused"
	Waiting    Status = "waiting"
	Settling   Status = "settling"
	Completed  Status = "completed"
	Incomplete Status = "incomplete"
	Stopped    Status = "cancelled"
)

// Statuses lists them in the order of a campaign's life.
func Statuses() []Status {
	return []Status{
		Importing, Planned, Scheduled, Running, Draining, Paused, Waiting,
		Settling, Completed, Incomplete, Stopped,
	}
}

// Active says that messages may still leave.
func (s Status) Active() bool {
	switch s {
	case Planned, Scheduled, Running, Draining, Paused, Waiting, Settling, Incomplete:
		return true
	}
	return false
}

// Desired is what a person wants a campaign to do. It is level-triggered: saying it twice changes nothing.
type Desired string

// The wishes.
const (
	WantRun    Desired = "run"
	WantPause  Desired = "pause"
	WantCancel Desired = "cancel"
)

// MessageType decides what happens when an outcome is not known.
type MessageType string

// Promotional messages are sent at most once, transactional ones at least once.
const (
	Promotional   MessageType = "promotional"
	Transactional MessageType = "transactional"
)

// Mode says whether a campaign reaches people.
type Mode string

// The modes. Simulated campaigns live in a database of their own.
const (
	Live      Mode = "live"
	Simulated Mode = "simulated"
)
