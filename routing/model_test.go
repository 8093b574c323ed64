package routing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// fate is what becomes of a message with a carrier: a receipt after so many seconds, or none.
type fate struct {
	verdict Verdict
	after   float64 // 0 = no receipt
}

// stage plays a campaign at a few messages a second in virtual time.
type stage struct {
	r       *Router
	now     time.Time
	n       int
	pending map[int][]Receipt // by tenth of a second
	tenth   int
	sent    map[int]int // by carrier, since it was reset
	onNet0  [2]int      // of those, on one network
	happens func(n, carrier int, q Query) fate
	events  []Event
}

func newStage(names int, happens func(n, carrier int, q Query) fate) *stage {
	infos := make([]carriers.Info, names)
	for i := range infos {
		infos[i].Name, infos[i].Common.MaxInFlight = string(rune('a'+i)), 1000
	}
	return &stage{r: New(infos, Options{}), now: at, pending: map[int][]Receipt{}, sent: map[int]int{}, happens: happens}
}

// run sends ten messages a second.
func (s *stage) run(seconds int) {
	for range seconds * 10 {
		s.step()
	}
}

// step is a tenth of a second.
func (s *stage) step() {
	s.tenth++
	s.now = s.now.Add(100 * time.Millisecond)
	for _, rc := range s.pending[s.tenth] {
		s.r.Receipt(s.now, rc)
	}
	delete(s.pending, s.tenth)
	s.r.Tick(s.now)
	s.n++
	q := Query{Message: uint64(s.n), Country: "GB", Network: fmt.Sprint("net", s.n%3), Type: kindNames[s.n%2], Segments: 1}
	c := send(s.r, s.now, int64(s.n), q)
	if c.Carrier < 0 {
		return
	}
	if s.sent[c.Carrier]++; q.Network == "net0" && c.Carrier < 2 {
		s.onNet0[c.Carrier]++
	}
	if f := s.happens(s.n, c.Carrier, q); f.after > 0 {
		due := s.tenth + int(f.after*10)
		s.pending[due] = append(s.pending[due], Receipt{Attempt: int64(s.n), Verdict: f.verdict, Took: time.Duration(f.after * float64(time.Second))})
	}
	s.events = append(s.events, s.r.Events()...)
}

func (s *stage) heard(part string) bool {
	for _, e := range s.events {
		if strings.Contains(e.Carrier+" "+e.Text, part) {
			return true
		}
	}
	return false
}

// usually delivers 19 of 20 within some seconds.
func usually(n int) fate {
	f := fate{Delivered, 2 + float64(draw(5, uint64(n), 0, 0)%80)/10}
	if draw(6, uint64(n), 0, 0)%20 == 0 {
		f.verdict = Undelivered
	}
	return f
}

func TestAGreyOutageIsNoticedAndForgiven(t *testing.T) {
	ill := -1
	s := newStage(2, func(n, carrier int, _ Query) fate {
		if carrier == ill {
			return fate{}
		}
		return usually(n)
	})
	s.run(300)
	clear(s.sent)
	s.run(5)
	if ill = 0; s.sent[1] > s.sent[0] {
		ill = 1
	}
	clear(s.sent)
	s.run(60)
	if !s.r.Snapshot(s.now)[ill].Suspect || s.sent[ill] > 300 {
		t.Fatalf("a minute of silence: %+v, %v", s.r.Snapshot(s.now), s.sent)
	}
	clear(s.sent)
	s.run(120)
	if n := s.sent[ill]; n == 0 || n > 30 {
		t.Fatalf("%d probes in two minutes", n)
	}
	ill = -1
	s.run(150)
	if s.r.Snapshot(s.now)[0].Suspect || s.r.Snapshot(s.now)[1].Suspect || !s.heard("recovered") {
		t.Fatalf("it has been well for minutes: %+v", s.r.Snapshot(s.now))
	}
}

func TestOneCountryFallsSilent(t *testing.T) {
	s := newStage(2, func(n, carrier int, q Query) fate {
		if n > 6000 && carrier == 0 && q.Country == "GB" {
			return fate{}
		}
		return usually(n)
	})
	s.run(600)
	s.r.SetCarrierCaps(s.now, map[string]float64{"b": 0}) // so that a gets all there is
	s.run(20)
	s.r.SetCarrierCaps(s.now, nil)
	s.run(60)
	if !s.heard("a GB: suspect") && !s.heard("a suspect") {
		t.Fatalf("%+v", s.events)
	}
}

func TestWhenAllAreIllNobodyIsReshuffled(t *testing.T) {
	dead := false
	s := newStage(2, func(n, carrier int, _ Query) fate {
		if dead {
			return fate{}
		}
		if f := usually(n); carrier == 0 || n%3 > 0 {
			return f
		}
		return fate{Undelivered, 3}
	})
	s.run(600)
	dead = true
	s.run(300)
	clear(s.sent)
	s.onNet0 = [2]int{}
	s.run(60)
	if s.onNet0[0] < 180 {
		t.Fatalf("a was the better one on this network before both fell silent: %v", s.onNet0)
	}
}

func TestWithOneCarrierThereIsNothingToDecide(t *testing.T) {
	s := newStage(1, func(int, int, Query) fate { return fate{} })
	s.run(400)
	if s.sent[0] != 4000 {
		t.Fatalf("%d of 4000 messages were sent", s.sent[0])
	}
}

func TestARouteWithoutReceiptsIsNoOutage(t *testing.T) {
	s := newStage(2, func(n, carrier int, q Query) fate {
		if carrier == 0 && q.Network == "net1" {
			return fate{}
		}
		return usually(n)
	})
	s.r.SetCarrierCaps(s.now, map[string]float64{"b": 0})
	s.run(300)
	if !s.heard("a GB: sends no receipts for net1") || s.heard("suspect") {
		t.Fatalf("%+v", s.events)
	}
	d := s.r.Explain(s.now, Query{Country: "GB", Network: "net1", Type: "promotional"}).Candidates[0]
	if !d.Blind || d.Mean < .8 || s.r.Deadline(s.now, Ticket{to: s.r.model.at("GB", "net1", 1)}, time.Hour) != 0 {
		t.Fatalf("%+v", d)
	}
}

func TestWhoCallsDeadNumbersDeliveredIsNotBelieved(t *testing.T) {
	s := newStage(2, func(n, carrier int, _ Query) fate {
		f := usually(n)
		if carrier == 0 {
			f.verdict = Delivered
		} else if n%12 == 0 {
			f.verdict = Recipient
		}
		return f
	})
	s.run(60)
	s.r.SetCarrierCaps(s.now, map[string]float64{"a": 0})
	s.run(120)
	s.r.SetCarrierCaps(s.now, nil)
	s.run(300)
	if !s.heard("a GB: its receipts are not believed") || s.heard("b GB: its receipts") {
		t.Fatalf("%+v", s.events)
	}
}

func TestConversionsShowWhoDelivers(t *testing.T) {
	r := New([]carriers.Info{{Name: "a"}, {Name: "b"}}, Options{})
	for c := range 2 {
		r.model.ground(c, r.model.at("GB", "", 0)).claimed = 2000
	}
	for range 200 {
		r.Converted(0, "GB")
	}
	r.Converted(1, "GB")
	r.model.judgeTrust()
	d := r.Explain(at, Query{Country: "GB", Type: "promotional"})
	if a, b := d.Candidates[0].Trust, d.Candidates[1].Trust; a != 1 || b > .1 {
		t.Fatal(a, b)
	}
}

func TestSilenceIsWaitedForAsLongAsItMeansSomething(t *testing.T) {
	s := newStage(2, func(n, _ int, _ Query) fate { return usually(n) })
	s.run(1200)
	ticket := func(kind uint8) Ticket { return Ticket{to: s.r.model.at("GB", "net1", kind)} }
	fast, slow := s.r.Deadline(s.now, ticket(transactional), time.Hour), s.r.Deadline(s.now, ticket(promotional), time.Hour)
	if fast < 5*time.Second || fast > 45*time.Second || slow < fast {
		t.Fatalf("receipts come within 10 s; given up after %v, advertisements after %v", fast, slow)
	}
	if d := s.r.Deadline(s.now, ticket(promotional), 7*time.Second); d > 7*time.Second {
		t.Fatalf("%v is above the ceiling", d)
	}
}

func TestReceiptsClockTheWindow(t *testing.T) {
	s := newStage(2, func(int, int, Query) fate { return fate{} })
	for i := range 3000 { // at once
		send(s.r, at, int64(i), Query{Message: uint64(i + 1), Country: "GB", Type: "promotional", Segments: 1})
	}
	for i, st := range s.r.Snapshot(at) {
		if st.Awaiting > st.Room || st.Awaiting < 190 {
			t.Errorf("carrier %d: %d of %d", i, st.Awaiting, st.Room)
		}
	}
	if c := s.r.Choose(at, Query{Country: "GB", Type: "promotional", Waited: time.Minute}); c.Carrier < 0 {
		t.Errorf("an advertisement waits for half a minute, not for ever: %+v", c)
	}
	if c := s.r.Choose(at, Query{Country: "GB", Type: "transactional"}); c.Carrier < 0 {
		t.Errorf("what is urgent does not wait: %+v", c)
	}
}

func TestThrottlingLowersTheRateForAWhile(t *testing.T) {
	r := New([]carriers.Info{{Name: "a", Common: carriers.Common{MaxPerSecond: 100}}}, Options{})
	r.Choose(at, Query{Segments: 1})
	r.Done(at, 0, "GB", throttled)
	if rate := r.Snapshot(at)[0].Rate; rate != 70 {
		t.Fatal(rate)
	}
	for i := range 600 {
		now := at.Add(time.Duration(i) * 100 * time.Millisecond)
		if c := r.Choose(now, Query{Segments: 1}); c.Carrier >= 0 {
			r.Done(now, 0, "GB", taken)
		}
	}
	if rate := r.Snapshot(at)[0].Rate; rate != 100 {
		t.Fatalf("a minute later: %v", rate)
	}
}

func TestPlacesWithABusyCarrierGetDear(t *testing.T) {
	slow := carriers.Common{MaxPerSecond: 5, Price: map[string]carriers.Price{"*": 10000}}
	r := two(slow, carriers.Common{Price: map[string]carriers.Price{"*": 11000}})
	backlog, queued, cheap, dear := 0, 0, 0, 0
	for i := range 3000 { // ten a second, and the cheap one takes five
		now := at.Add(time.Duration(i) * 100 * time.Millisecond)
		for backlog++; backlog > 0; backlog-- {
			c := r.Choose(now, Query{Message: uint64(i + 1), Country: "GB", Type: "promotional", Segments: 1, Behind: backlog - 1})
			if c.Carrier < 0 {
				break
			}
			r.Done(now, c.Carrier, "GB", taken)
			cheap, dear = cheap+1-c.Carrier, dear+c.Carrier
		}
		queued += backlog
	}
	if cheap < 1300 || dear < 1300 || queued > 3000 {
		t.Fatalf("%d went cheaply, %d dearly, and %.1f messages waited on average", cheap, dear, float64(queued)/3000)
	}
}
