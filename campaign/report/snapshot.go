package report

import (
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Snapshot is what a screen shows of a campaign: one moment, never changed afterwards.
type Snapshot struct {
	At       time.Time
	Campaign *campaign.Campaign
	Alive    bool          // a process works on it
	Idle     time.Duration // since a recipient was last handled, as far as was seen
	Counts   campaign.Counts
	Spent    Money
	Rate     float64       // recipients handled a second, smoothed
	Left     time.Duration // the rest will take that long; 0 = not known
	Report   *Report       // up to a second older than the rest
	Vitals   *campaign.Vitals
	Speeds   map[string]float64 // attempts a second by carrier
	Samples  []Sample           // a second each, newest last
	Events   []campaign.Told    // newest first
}

// Sample is what a second brought.
type Sample struct{ Accepted, Failed float64 }

// sampled is how many seconds a snapshot looks back.
const sampled = 300

// Facts are what a Recorder is told about one moment.
type Facts struct {
	Campaign *campaign.Campaign
	Alive    bool
	Counts   campaign.Counts
	Spent    Money
	Report   *Report
	Vitals   *campaign.Vitals
	Wishes   []campaign.Told // what people have wished, oldest first
}

// Recorder makes snapshots of a campaign and remembers what they need of the past.
type Recorder struct {
	pace     Pace
	carriers map[string]*Pace
	samples  []Sample
	second   int64
	last     campaign.Counts
	moved    time.Time
}

// Take makes the snapshot of a moment.
func (r *Recorder) Take(now time.Time, f Facts) *Snapshot {
	if r.carriers == nil {
		r.carriers = map[string]*Pace{}
		r.recall(now, f.Report)
		r.last, r.moved = f.Counts, now
	}
	r.pace.Add(now, f.Counts.Handled())
	r.sample(now, f.Counts)
	if f.Counts.Handled() != r.last.Handled() {
		r.moved = now
	}
	r.last = f.Counts
	s := &Snapshot{
		At: now, Campaign: f.Campaign, Alive: f.Alive, Idle: now.Sub(r.moved), Counts: f.Counts, Spent: f.Spent,
		Rate: r.pace.PerSecond(), Left: r.pace.Left(f.Counts.Queued + f.Counts.Sending),
		Report: f.Report, Vitals: f.Vitals, Speeds: map[string]float64{}, Samples: slices.Clone(r.samples), Events: events(f),
	}
	for i := range f.Report.Carriers {
		c := &f.Report.Carriers[i]
		p := r.carriers[c.Name]
		if p == nil {
			p = &Pace{}
			r.carriers[c.Name] = p
		}
		p.Add(f.Report.GeneratedAt, c.Attempts)
		s.Speeds[c.Name] = p.PerSecond()
	}
	return s
}

// recall takes the past from the report's series: a screen that is opened late shows it too.
func (r *Recorder) recall(now time.Time, rep *Report) {
	r.second = now.Unix()
	r.samples = []Sample{{}}
	step := rep.Series.StepS
	if step <= 0 || len(rep.Series.Accepted) == 0 {
		return
	}
	first := max(rep.Series.T0.Unix(), r.second-sampled+1)
	r.samples = make([]Sample, max(1, r.second-first+1))
	for i := range r.samples {
		slot := (first + int64(i) - rep.Series.T0.Unix()) / step
		if slot >= 0 && slot < int64(len(rep.Series.Accepted)) {
			r.samples[i] = Sample{float64(rep.Series.Accepted[slot]) / float64(step), float64(rep.Series.Failed[slot]) / float64(step)}
		}
	}
}

func (r *Recorder) sample(now time.Time, n campaign.Counts) {
	for ; r.second < now.Unix(); r.second++ {
		r.samples = append(r.samples, Sample{})
	}
	if len(r.samples) > sampled {
		r.samples = slices.Clone(r.samples[len(r.samples)-sampled:])
	}
	s := &r.samples[len(r.samples)-1]
	s.Accepted += max(0, float64(n.Accepted()-r.last.Accepted()))
	s.Failed += max(0, float64(n.Failed+n.Expired-r.last.Failed-r.last.Expired))
}

// events joins what happened with what people wished, newest first.
func events(f Facts) []campaign.Told {
	all := slices.Clone(f.Wishes)
	if f.Vitals != nil {
		all = append(all, f.Vitals.Events...)
	}
	slices.SortStableFunc(all, func(a, b campaign.Told) int { return b.At.Compare(a.At) })
	return all
}
