package routing

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/smsctl/smsctl/carriers"
)

// wellThenStalled runs two carriers that are well; from the tenth minute on, our own machine is slow for some seconds: no
// receipt is taken in meanwhile, and then all at once.
func wellThenStalled(stall, deafAfter time.Duration) *stage {
	s := newStage(2, func(n, _ int, _ Query) fate { return usually(n) })
	for i := range s.r.lines {
		s.r.lines[i].info.Common.MaxPerSecond = 6 // so that both have traffic
		s.r.lines[i].limiter.set(s.now, 6)
	}
	s.run(600)
	s.stall(stall, deafAfter)
	s.run(120)
	return s
}

// stall lets time pass in which messages go out and receipts lie about. After a while it is known to be one.
func (s *stage) stall(long, deafAfter time.Duration) {
	held := []Receipt{}
	for range int(long / (100 * time.Millisecond)) {
		held = append(held, s.pending[s.tenth+1]...)
		delete(s.pending, s.tenth+1)
		if deafAfter > 0 && s.tenth%600*100 >= int(deafAfter.Milliseconds()) {
			s.r.Deaf(s.now, true)
		}
		s.step()
	}
	s.r.Deaf(s.now, false)
	for _, rc := range held {
		s.r.Receipt(s.now, rc)
	}
}

func TestOurOwnSlownessIsNoOutage(t *testing.T) {
	t.Parallel()
	twin := wellThenStalled(0, 0)
	for _, c := range []struct{ stall, deafAfter time.Duration }{
		{2 * time.Second, 0}, {5 * time.Second, 0}, {10 * time.Second, 0}, {30 * time.Second, 2 * time.Second},
	} {
		s := wellThenStalled(c.stall, c.deafAfter)
		if s.heard("suspect") {
			t.Errorf("%v of our own: %+v", c.stall, s.events)
		}
		for i, x := range s.r.Snapshot(s.now) {
			y := twin.r.Snapshot(twin.now)[i]
			if math.Abs(x.Mean-y.Mean) > .004 {
				t.Errorf("%v of our own move carrier %s from %.4f to %.4f", c.stall, x.Name, y.Mean, x.Mean)
			}
		}
	}
}

// What a stall hides must still be found out: one falls silent while the other is heard.
func TestSilenceOfOneIsNotOurs(t *testing.T) {
	h := newHush(2)
	h.heard(100, false)
	h.expect(0, 30)
	if h.ours(101, 0, false) {
		t.Error("the other has nothing due")
	}
	h.expect(1, hushOthers+1)
	if !h.ours(101, 0, false) {
		t.Error("nobody is heard")
	}
	if h.ours(100+hushMost, 0, false) {
		t.Error("for too long")
	}
	h.heard(102, false)
	if h.expect(0, 30); h.ours(103, 0, false) {
		t.Error("the other was heard a moment ago")
	}
}

func TestTimeDoesNotPassWhileWeCannotHear(t *testing.T) {
	r := New([]carriers.Info{{Name: "a"}, {Name: "b"}}, Options{})
	r.Tick(at)
	r.Tick(at.Add(time.Second))
	r.Deaf(at.Add(9*time.Second), true)
	r.Tick(at.Add(20 * time.Second))
	r.Deaf(at.Add(29*time.Second), false)
	r.Tick(at.Add(30 * time.Second))
	if got := r.model.clock.sec; got != 2 {
		t.Errorf("%v seconds have passed, of 30", got)
	}
}

// The scan finds the moment since which nothing comes, although most of what is due is from before it.
func TestTheScanIsNotDilutedByWhatWasSentBefore(t *testing.T) {
	var s scan
	for sent := range 40 {
		for range 10 {
			s.expect(100+float64(sent)/2, .5, sent < 30) // twice the receipts: they come before they are due
		}
	}
	if due, came, yes := s.silent(121); !yes || came > .3*due {
		t.Errorf("%v due, %v came: %v", due, came, yes)
	}
	if _, _, yes := s.silent(121.1); yes {
		t.Error("it looks again at once")
	}
	well := scan{}
	for sent := range 40 {
		for range 10 {
			well.expect(100+float64(sent)/2, .5, sent%2 == 0)
		}
	}
	if _, _, yes := well.silent(121); yes {
		t.Error("all is well")
	}
	s.expect(119-scanSpan, 1, true)
	for i := range s.cohorts {
		if s.cohorts[i].second == 119-scanSpan {
			t.Error("an old attempt has taken a new one's place")
		}
	}
}

func TestMemoryIsLosslessWhateverHappened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		infos := drawInfos(t)
		c := &campaign{t: t, now: at, routers: []*Router{New(infos, Options{})}}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			c.step()
		}
		kept := c.routers[0].Changes(c.now)
		again := New(infos, Options{})
		if err := again.Remember(c.now, kept); err != nil {
			t.Fatal(err)
		}
		restored := map[string]string{}
		for _, rec := range again.Changes(c.now) {
			restored[rec.Key] = string(rec.Data)
		}
		for _, rec := range kept {
			if got, ok := restored[rec.Key]; !ok || got != string(rec.Data) {
				t.Fatalf("%q has changed on the way", rec.Key)
			}
		}
	})
}

func TestAbsurdSettingsDoNotGetIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		absurd := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 1e300, 1})
		infos := drawInfos(t)
		for i := range infos {
			w := absurd.Draw(t, "weight")
			infos[i].Common.Weight, infos[i].Common.MaxPerSecond = &w, absurd.Draw(t, "rate")
		}
		lambda := absurd.Draw(t, "latency weight")
		r := New(infos, Options{LatencyWeight: &lambda, Doubt: [2]float64{absurd.Draw(t, "doubt"), absurd.Draw(t, "doubt of ads")}})
		c := &campaign{t: t, now: at, wild: true, routers: []*Router{r}}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "setting") {
			case 0:
				r.SetCap(c.now, absurd.Draw(t, "cap"))
			case 1:
				r.SetCarrierCaps(c.now, map[string]float64{"a": absurd.Draw(t, "cap of a")})
			default:
				c.step()
			}
		}
		for i := range r.lines {
			if l := &r.lines[i].limiter; math.IsNaN(l.rate) || math.IsInf(l.rate, 0) || l.rate < 0 {
				t.Fatalf("a rate of %v", l.rate)
			}
		}
		if math.IsNaN(r.cap.rate) || math.IsInf(r.cap.rate, 0) || r.cap.rate < 0 {
			t.Fatalf("a rate of %v in all", r.cap.rate)
		}
		for _, x := range r.Explain(c.now, c.query()).Candidates {
			if math.IsNaN(x.Score) || math.IsInf(x.Score, 0) {
				t.Fatalf("%+v", x)
			}
		}
	})
}

// Receipts that take minutes are due late, once that is known; until then nobody is held to a guess.
func TestLateReceiptsAreNoOutage(t *testing.T) {
	t.Parallel()
	for _, median := range []float64{60, 240} {
		s := newStage(2, func(n, carrier int, _ Query) fate {
			f := usually(n)
			if carrier == 0 {
				f.after *= median / 6
			}
			return f
		})
		s.run(1500)
		if s.heard("suspect") {
			t.Errorf("%.0f s: %+v", median, s.events)
		}
	}
}
