package campaign

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/windows"
)

// The codes of rows whose time is wrong, or does not come.
const (
	CodeTimeZone    = "time.zone"        // the row's time zone is none
	CodeSendAt      = "time.send_at"     // its send_at is no time
	CodeSendAtPast  = "time.past"        // its send_at is over
	CodeNoZone      = "window.no_zone"   // it is not known where the number is, so its hours are not either
	CodeNoOpening   = "window.no_common" // the hours have nothing in common in the zones that the number may be in
	CodeOpensTooFar = "window.too_late"  // the hours come after the message's validity
)

// Timing is when a recipient is to be sent to.
type Timing struct {
	Scheduled time.Time // by the list, or its slot; zero: at once
	NotBefore time.Time // the first attempt; zero: at once
	Zone      string    // where its owner is, if the list says so
	gate      *windows.Gate
}

// AtOnce says that nothing of the recipient's time is to be stored.
func (t *Timing) AtOnce() bool { return t.Scheduled.IsZero() && t.NotBefore.IsZero() && t.Zone == "" }

// sendAtGrace is how late a send_at may be: a list takes a while to be made and read.
const sendAtGrace = 15 * time.Minute

// Schedule decides when the rows of a list are to be sent to. It may be used by many goroutines at once.
type Schedule struct {
	Now      time.Time
	At       time.Time     // not before; zero: at once
	Wall     *windows.Wall // the same by the clock of each recipient
	Zone     *time.Location
	Over     time.Duration // spread over so much time in which recipients may be sent to
	Seed     string        // of the slots: the same for the same campaign
	Validity time.Duration
	Gates    *windows.Gates

	SendAt, TimeZone int // columns of the list, -1 without
}

// of decides about a row.
func (s *Schedule) of(row *recipients.Row, r *Recipient) *timeFault {
	number := "+" + strconv.FormatUint(r.Phone, 10)
	if s.TimeZone >= 0 {
		if r.Zone = strings.TrimSpace(row.Cells[s.TimeZone]); r.Zone != "" {
			if _, err := windows.LoadZone(r.Zone); err != nil {
				return &timeFault{CodeTimeZone, s.TimeZone, err.Error(), "write a name like Europe/London, or leave the cell empty"}
			}
		}
	}
	at, own, fault := s.wanted(row, r, number)
	if fault != nil {
		return fault
	}
	gate, err := s.Gates.Of(number, r.Country, r.Zone)
	if errors.Is(err, windows.ErrNoZone) {
		return &timeFault{CodeNoZone, -1, "it is not known in which time zone the number is, so its hours are not either", "add a column timezone"}
	} else if err != nil {
		return &timeFault{CodeTimeZone, s.TimeZone, err.Error(), "write a name like Europe/London"}
	}
	r.gate = gate
	due, ok := gate.Next(at)
	if s.Over > 0 && !own {
		due, ok = gate.After(at, s.slot(number))
		r.Scheduled = due
	}
	end := later(s.Now, s.At).Add(s.Validity)
	if own := r.Scheduled.Add(s.Validity); !r.Scheduled.IsZero() && own.After(end) {
		end = own
	}
	switch {
	case !ok:
		return &timeFault{CodeNoOpening, -1, "held: there is no time that is in " + gate.Why(), "add a column timezone that says where its owner is, or widen --window"}
	case !due.Before(end):
		return &timeFault{CodeOpensTooFar, -1, fmt.Sprintf("held: %s begins %s, after its validity ends %s", gate.Why(), stamp(due), stamp(end)), "send later, or with a longer --validity"}
	case due.After(s.Now):
		r.NotBefore = due
	}
	return nil
}

// wanted is when a row is to be sent to by what people have written, and whether the row itself says so.
func (s *Schedule) wanted(row *recipients.Row, r *Recipient, number string) (at time.Time, own bool, fault *timeFault) {
	if s.SendAt >= 0 {
		if cell := strings.TrimSpace(row.Cells[s.SendAt]); cell != "" {
			at, fault = s.sendAt(cell, r, number)
			r.Scheduled = at
			return later(at, s.Now), true, fault
		}
	}
	switch {
	case s.Wall != nil:
		at, fault = s.local(*s.Wall, r, number)
		r.Scheduled = at
	case !s.At.IsZero():
		at, r.Scheduled = s.At, s.At
	}
	return later(at, s.Now), false, fault
}

// sendAt reads a cell of the column send_at.
func (s *Schedule) sendAt(cell string, r *Recipient, number string) (time.Time, *timeFault) {
	at, err := time.Parse(time.RFC3339, cell)
	if err != nil {
		wall, err := windows.ParseWall(cell)
		if err != nil {
			return at, &timeFault{CodeSendAt, s.SendAt, err.Error(), "write 2026-10-12T09:00, or with its offset 2026-10-12T09:00:00+01:00"}
		}
		var fault *timeFault
		if at, fault = s.local(wall, r, number); fault != nil {
			return at, fault
		}
	}
	if s.Now.Sub(at) > sendAtGrace {
		return at, &timeFault{CodeSendAtPast, s.SendAt, "its time has passed: " + stamp(at), "write a time to come, or leave the cell empty to send at once"}
	}
	return at, nil
}

// local is the instant of a local time: in the campaign's zone, else where the recipient is. Where that may be several
// zones it has come in all of them.
func (s *Schedule) local(w windows.Wall, r *Recipient, number string) (time.Time, *timeFault) {
	zones := []*time.Location{s.Zone}
	if s.Zone == nil || r.Zone != "" {
		var err error
		if zones, err = windows.Zones(number, r.Country, r.Zone); err != nil {
			return time.Time{}, &timeFault{CodeNoZone, -1, "it is not known in which time zone the number is, so " + w.String() + " is no moment", "add a column timezone, or write the time with its offset"}
		}
	}
	at, err := w.Last(zones)
	if err != nil {
		return at, &timeFault{CodeSendAt, s.SendAt, err.Error(), "write it with its offset, like 2026-10-12T09:00:00+01:00"}
	}
	return at, nil
}

// slot is a recipient's place in --over: the same whenever it is asked for, and the slots of a list are spread evenly.
func (s *Schedule) slot(number string) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Seed + "\x00" + number)) // it never fails
	x := h.Sum64()
	x ^= x >> 33 // the low digits of numbers that follow each other reach the high bits only so
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return time.Duration(float64(x>>11) / (1 << 53) * float64(s.Over))
}

// timeFault is what is wrong with the time of a row.
type timeFault struct {
	code      string
	column    int
	text, fix string
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Waits is how many recipients wait until when.
type Waits struct {
	Now    int64           // at once
	Later  map[int64]int64 // by the minute since 1970 at which their time comes
	groups map[*windows.Gate]Share
}

func (w *Waits) add(r *Recipient, n int64) {
	if w.groups == nil {
		w.groups, w.Later = map[*windows.Gate]Share{}, map[int64]int64{}
	}
	s := w.groups[r.gate]
	w.groups[r.gate] = Share{s.Messages + n, s.Segments + n*int64(r.Segments)}
	if r.NotBefore.IsZero() {
		w.Now += n
		return
	}
	minute := r.NotBefore.Unix() / 60
	if w.Later[minute] += n; w.Later[minute] == 0 {
		delete(w.Later, minute)
	}
}

func (w *Waits) merge(o *Waits) {
	if o.groups == nil {
		return
	}
	if w.groups == nil {
		w.groups, w.Later = map[*windows.Gate]Share{}, map[int64]int64{}
	}
	w.Now += o.Now
	for minute, n := range o.Later {
		w.Later[minute] += n
	}
	for gate, s := range o.groups {
		was := w.groups[gate]
		w.groups[gate] = Share{was.Messages + s.Messages, was.Segments + s.Segments}
	}
}

// Wait is some recipients whose time comes in the same hour.
type Wait struct {
	At       time.Time // the first of them
	Messages int64
}

// ByHour sums up who waits, earliest first.
func (w *Waits) ByHour() (out []Wait) {
	for _, minute := range slices.Sorted(maps.Keys(w.Later)) {
		if n := len(out); n > 0 && out[n-1].At.Unix()/3600 == minute/60 {
			out[n-1].Messages += w.Later[minute]
			continue
		}
		out = append(out, Wait{time.Unix(60*minute, 0), w.Later[minute]})
	}
	return out
}

// Shortage is people for whom there is not enough time.
type Shortage struct {
	Why          string
	Segments     int64
	Needs, Holds time.Duration
}

// Shortage says whether the messages can leave at a rate of segments a second between start and end: all of them, and
// those of each place in its hours. nil: they can.
func (w *Waits) Shortage(rate float64, start, end time.Time) *Shortage {
	if rate <= 0 {
		return nil
	}
	var all int64
	var worst *Shortage
	check := func(why string, segments int64, holds time.Duration) {
		needs := time.Duration(float64(segments) / rate * float64(time.Second))
		if needs > holds && (worst == nil || cmp.Compare(needs-holds, worst.Needs-worst.Holds) > 0) {
			worst = &Shortage{why, segments, needs, holds}
		}
	}
	for gate, s := range w.groups {
		all += s.Segments
		if gate != nil {
			check(gate.Why(), s.Segments, gate.OpenFor(start, end))
		}
	}
	check("the messages' validity", all, end.Sub(start))
	return worst
}
