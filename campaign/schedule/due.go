package schedule

import (
	"fmt"
	"time"
)

// Schedule is a campaign that repeats: what it sends is the flags of `send`, read anew at each run.
type Schedule struct {
	ID            int64
	Name          string
	Mode, Profile string
	Expr, Zone    string
	Flags         []string // of send, as on the command line; paths are absolute
	Overlap       Overlap
	CatchUp       CatchUp
	Grace         time.Duration // how late a run may begin; 0 with catch-up once: however late
	MaxGrowth     *float64      // how much a list may have grown since the last run, as a share; nil = as it likes
	Expected      int64         // recipients when it was added, 0 if the list was not there
	Paused        string        // why it is paused and by whom, "" if it is not
	Considered    time.Time     // all slots up to here are decided
	CreatedAt     time.Time
	Actor         string // who has added it
}

// Overlap is what becomes of a run that is due while the one before is not done.
type Overlap string

// The overlaps.
const (
	OverlapSkip  Overlap = "skip"  // it is missed
	OverlapQueue Overlap = "queue" // it waits, one at most
)

// CatchUp is what becomes of runs that were due while nobody looked at the clock.
type CatchUp string

// The ways to catch up.
const (
	CatchUpNone CatchUp = "none" // they are missed, unless they are within the grace
	CatchUpOnce CatchUp = "once" // the last of them is run
)

// Timing is when it is due.
func (s *Schedule) Timing() (Timing, error) { return ParseTiming(s.Expr, s.Zone, s.Considered) }

// RunState is what has become of a slot.
type RunState string

// The states of a run. A claimed run has a process that makes its campaign, a started one has its campaign.
const (
	Queued  RunState = "queued"  // waits until the run before is done
	Claimed RunState = "claimed" // a process prepares its campaign
	Started RunState = "started" // its campaign is being sent
	Done    RunState = "done"    // its campaign has ended
	Failed  RunState = "failed"  // nothing was sent, and the reason says why
	Missed  RunState = "missed"  // it was never begun, and the reason says why
)

// Run is what has become of one slot.
type Run struct {
	ID, ScheduleID int64
	Slot           string // its name; with seconds when it was asked for by hand
	DueAt          time.Time
	State          RunState
	Reason         string // why it was missed, failed, is late or waits
	Code           string // of the error that it failed with
	ExitCode       int
	Slots          int // how many this row stands for; more than 1 only of missed ones
	Manual         bool
	CampaignID     int64 // 0 before there is one
	Recipients     int64 // of its campaign
	Token, Host    string
	PID            int       // the process that has claimed it
	BegunAt        time.Time // when it was claimed first
	ClaimedAt      time.Time // and last
	EndedAt        time.Time // zero while it is not decided
}

// CampaignName is the name of a run's campaign.
func CampaignName(schedule, slot string) string { return schedule + "@" + slot }

// Look is what a look at the clock knows of a schedule.
type Look struct {
	Now     time.Time
	Running string // the slot that is not done, "" if there is none
	Waiting string // the slot that is queued
}

// Verdict is what becomes of a slot, or of several that were missed in a row.
type Verdict struct {
	Slot
	State  RunState // Claimed: it is to be run now; Queued, Missed
	Reason string
	Slots  int
}

// loggedMisses is how many missed slots of one look have a row each; earlier ones share one.
const loggedMisses = 100

// Decide says what becomes of the slots that have come since the last look. At most one of them is run: the last.
func (s *Schedule) Decide(t Timing, l Look) []Verdict {
	var due []Slot
	for slot := range t.Between(s.Considered, l.Now) {
		due = append(due, slot)
	}
	if len(due) == 0 {
		return nil
	}
	last := due[len(due)-1]
	verdict := s.judge(last, l)
	reason := fmt.Sprintf("nobody looked at the clock in time; of several runs only the last, %s, is considered", last.Name)
	if s.Paused != "" {
		reason = s.Paused
	}
	return append(missed(due[:len(due)-1], reason), verdict)
}

// missed has a row for each slot, and one for all the oldest of very many.
func missed(slots []Slot, reason string) (all []Verdict) {
	if older := len(slots) - loggedMisses; older > 1 {
		all = append(all, Verdict{Slot: slots[0], State: Missed, Reason: fmt.Sprintf("%s (%d runs, until %s)", reason, older, slots[older-1].Name), Slots: older})
		slots = slots[older:]
	}
	for _, slot := range slots {
		all = append(all, Verdict{Slot: slot, State: Missed, Reason: reason, Slots: 1})
	}
	return all
}

// judge decides about the last slot that has come.
func (s *Schedule) judge(slot Slot, l Look) Verdict {
	v := Verdict{Slot: slot, State: Missed, Slots: 1}
	late := l.Now.Sub(slot.At)
	switch {
	case s.Paused != "":
		v.Reason = s.Paused
	case s.TooLate(late):
		v.Reason = fmt.Sprintf("found %s after its time, the grace is %s", late.Round(time.Second), s.Grace)
	case l.Running != "" && s.Overlap != OverlapQueue:
		v.Reason = fmt.Sprintf("overlap: %s is not done", l.Running)
	case l.Running != "" && l.Waiting != "":
		v.Reason = fmt.Sprintf("overlap: %s is not done, and %s waits already", l.Running, l.Waiting)
	case l.Running != "" || l.Waiting != "":
		v.State, v.Reason = Queued, fmt.Sprintf("waits for %s", l.Running+l.Waiting)
	default:
		v.State, v.Reason = Claimed, slot.Note
		if late > time.Minute {
			v.Reason = fmt.Sprintf("begun %s late", late.Round(time.Second))
		}
	}
	return v
}

// TooLate says that a run must not begin any more.
func (s *Schedule) TooLate(late time.Duration) bool {
	if s.Grace == 0 {
		return s.CatchUp != CatchUpOnce
	}
	return late > s.Grace
}
