package report

import (
	"math"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

func TestPace(t *testing.T) {
	start := time.Date(2026, 10, 9, 12, 0, 0, 0, time.UTC)
	var p Pace
	if p.PerSecond() != 0 || p.Left(10) != 0 {
		t.Error("it knows something before it was told anything")
	}
	for i := range 301 { // a minute at 50 a second, five looks a second
		at := start.Add(time.Duration(i) * 200 * time.Millisecond)
		p.Add(at, int64(10*i))
		if left := p.Left(1000); i < 50 && left != 0 {
			t.Fatalf("after %d looks it says %s", i, left)
		}
		if i > 0 && math.Abs(p.PerSecond()-50) > 0.01 {
			t.Fatalf("look %d: %.2f/s", i, p.PerSecond())
		}
	}
	if left := p.Left(1000); left.Round(time.Second) != 20*time.Second {
		t.Errorf("%s", left)
	}
	at := start.Add(time.Minute)
	for i := range 100 { // then nothing for ten seconds
		p.Add(at.Add(time.Duration(i+1)*100*time.Millisecond), 3000)
	}
	if v := p.PerSecond(); v < 17 || v > 20 {
		t.Errorf("%.2f/s ten seconds after it stopped", v)
	}
	if p.Left(0) != 0 {
		t.Error("nothing takes no time")
	}
}

func TestRecorder(t *testing.T) {
	start := time.Date(2026, 10, 9, 12, 0, 0, 0, time.UTC)
	c := &campaign.Campaign{Name: "spring", StartedAt: start, CreatedAt: start}
	rep := New(c, campaign.Counts{}, start)
	rep.Series = Series{StepS: 10, T0: start.Add(-20 * time.Second), Accepted: []int64{100, 50}, Failed: []int64{0, 10}}
	var r Recorder
	var s *Snapshot
	for i := range 11 {
		n := campaign.Counts{Eligible: 1000, Queued: 1000 - int64(30*i), Awaiting: int64(25 * i), Failed: int64(5 * i)}
		rep := *rep
		rep.GeneratedAt = start.Add(time.Duration(i) * time.Second)
		rep.Carriers = []Carrier{{Name: "alpha", Attempts: int64(40 * i)}}
		v := &campaign.Vitals{Events: []campaign.Told{{At: start.Add(time.Second), Kind: "breaker"}}}
		s = r.Take(start.Add(time.Duration(i)*time.Second), Facts{
			Campaign: c, Counts: n, Report: &rep, Vitals: v, Wishes: []campaign.Told{{At: start, Kind: "pause"}, {At: start.Add(2 * time.Second), Kind: "resume"}},
		})
	}
	if len(s.Samples) != 31 || s.Samples[0].Accepted != 10 || s.Samples[15].Failed != 1 || s.Samples[30] != (Sample{25, 5}) {
		t.Errorf("%d samples: %v", len(s.Samples), s.Samples)
	}
	if math.Abs(s.Rate-30) > 0.01 || math.Abs(s.Speeds["alpha"]-40) > 0.01 || s.Left.Round(time.Second) != 23*time.Second || s.Idle != 0 {
		t.Errorf("rate %.2f, alpha %.2f, left %s, idle %s", s.Rate, s.Speeds["alpha"], s.Left, s.Idle)
	}
	if len(s.Events) != 3 || s.Events[0].Kind != "resume" || s.Events[2].Kind != "pause" {
		t.Errorf("%v", s.Events)
	}
	before := s.Samples[30]
	later := r.Take(start.Add(400*time.Second), Facts{Campaign: c, Counts: s.Counts, Report: rep})
	if len(later.Samples) != sampled || later.Idle != 390*time.Second || s.Samples[30] != before {
		t.Errorf("%d samples, idle %s", len(later.Samples), later.Idle)
	}
}
