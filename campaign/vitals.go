package campaign

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smsctl/smsctl/routing"
)

// Vitals are what only the process that sends knows: where its carriers stand, and what has happened. It is immutable.
// Screens of that process get it from the runner, those of others from the database, where it comes with every heartbeat.
type Vitals struct {
	At     time.Time        `json:"at"`
	Lines  []routing.Status `json:"carriers"`
	Events []Told           `json:"events"` // oldest first
	Share  float64          `json:"share"`  // by how much the carriers' limits are divided among those who send
}

// Told is an event in words, for people.
type Told struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Text string    `json:"text"`
	Loud bool      `json:"loud"` // something that a person should look at

	Fields map[string]any `json:"fields,omitempty"` // the same for programs
}

// Tell puts an event into words.
func (e Event) Tell() Told {
	var words []string
	text, action := "", ""
	for _, a := range e.Attrs {
		v := oneLine(a.Value.Resolve().String())
		switch a.Key {
		case "carrier", "campaign", "name":
			words = append(words, v)
		case "state", "to":
			words, text = append(words, v), v
		case "reason":
			words = append(words, "("+v+")")
		case "action":
			action = v
			words = append(words, "-> "+v)
		default:
			words = append(words, strings.ReplaceAll(a.Key, "_", " ")+" "+v)
		}
	}
	loud := e.Kind == "guard" || action == "pause" || strings.HasPrefix(text, "open") || strings.HasPrefix(text, "down") ||
		strings.HasSuffix(text, "->paused")
	if e.Text != "" {
		words = []string{oneLine(e.Text)}
	}
	return Told{At: e.At, Kind: e.Kind, Text: strings.Join(words, " "), Loud: loud, Fields: e.Fields()}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// journal keeps what screens want to see of a run. Whoever writes to it never waits for who reads.
type journal struct {
	mu    sync.Mutex
	told  []Told
	lines atomic.Pointer[[]routing.Status]
	share atomic.Uint64 // the bits of Vitals.Share

	outages outages
}

const (
	journalLength   = 200
	publishedEvents = 40                     // of those that are stored with every heartbeat
	showEvery       = 200 * time.Millisecond // how often the carriers are looked at
)

func (j *journal) add(t Told) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.told = append(j.told, t); len(j.told) > journalLength {
		j.told = slices.Clone(j.told[len(j.told)-journalLength:])
	}
}

func (j *journal) last(n int) []Told {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.told[max(0, len(j.told)-n):])
}

func (j *journal) divide(by float64) { j.share.Store(math.Float64bits(by)) }
func (j *journal) divisor() float64  { return math.Float64frombits(j.share.Load()) }

// Vitals are where the run stands at the moment. It may be called from any goroutine, before and after the run too.
func (r *Runner) Vitals() *Vitals { return r.vitals(journalLength) }

func (r *Runner) vitals(events int) *Vitals {
	l := &Vitals{At: r.Now(), Events: r.journal.last(events), Share: r.journal.divisor()}
	if lines := r.journal.lines.Load(); lines != nil {
		l.Lines = *lines
	}
	return l
}

// show lets screens see where the carriers stand.
func (d *dispatch) show(now time.Time) {
	if !d.shown.IsZero() && now.Sub(d.shown) < showEvery {
		return
	}
	d.shown = now
	lines := d.router.Snapshot(now)
	d.journal.lines.Store(&lines)
}

func (r *Runner) notify(kind string, attrs ...slog.Attr) { r.pass(Event{Kind: kind, Attrs: attrs}) }

func (r *Runner) pass(e Event) {
	e.At = r.Now()
	r.journal.add(e.Tell())
	if r.Notify != nil {
		r.Notify(e)
	}
}

// String is a line of a log.
func (t Told) String() string { return fmt.Sprintf("%s %s", t.Kind, t.Text) }
