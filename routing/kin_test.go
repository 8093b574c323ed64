package routing

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// taught is a tree that has seen a carrier in twenty countries; rate says how much of a type arrives there.
func taught(rate func(country int, kind uint8) float64, trials [kinds]int) (*tree, []int32) {
	t := newTree(1)
	t.room(20, 20)
	var countryOf []int32
	for k := range 20 {
		countryOf = append(countryOf, int32(k))
	}
	for n := range trials[transactional] + trials[promotional] {
		kind := uint8(transactional)
		if n >= trials[transactional] {
			kind = promotional
		}
		for k := range 20 {
			y := one(float64(draw(9, uint64(n*20+k), int(kind), 0)%10000) < 10000*rate(k, kind))
			t.learn(0, 0, cell{int32(k), int32(k), kind}, y, 0)
		}
	}
	t.updates = refitEach
	t.refit(0, countryOf)
	return t, countryOf
}

func TestTypesLearnFromEachOtherWhereTheyAreAlike(t *testing.T) {
	weak := func(k int, _ uint8) float64 {
		if k == 3 {
			return .7
		}
		return .93
	}
	tr, _ := taught(weak, [kinds]int{20, 1500})
	if m := tr.estimate(0, 0, cell{3, 3, transactional}, levels).mean; m > .78 {
		t.Errorf("a country is weak for promotional messages, and transactional ones are expected to arrive by %.3f", m)
	}
	if m := tr.estimate(0, 0, cell{5, 5, transactional}, levels).mean; m < .88 {
		t.Errorf("%.3f elsewhere", m)
	}
}

func TestTypesKeepApartWhereTheyDiffer(t *testing.T) {
	differ := func(k int, kind uint8) float64 {
		if (k+int(kind))%2 == 0 {
			return .8
		}
		return .95
	}
	alike, _ := taught(func(int, uint8) float64 { return .9 }, [kinds]int{1500, 1500})
	tr, _ := taught(differ, [kinds]int{1500, 1500})
	if tr.kin > alike.kin/3 {
		t.Errorf("the types are worth %.0f trials to each other, %.0f where they are alike", tr.kin, alike.kin)
	}
	for k := range int32(20) {
		for kind := range uint8(kinds) {
			if m, want := tr.estimate(0, 0, cell{k, k, kind}, levels).mean, differ(int(k), kind); math.Abs(m-want) > .05 {
				t.Errorf("country %d, %s: %.3f, the truth is %.3f", k, kindNames[kind], m, want)
			}
		}
	}
}

func TestACountryThatRecoversUnderAWiderSuspicionStaysWell(t *testing.T) {
	s := newStage(2, func(n, _ int, _ Query) fate { return usually(n) })
	s.run(300)
	m := s.r.model
	now, to := m.clock.sec, m.at("GB", "net1", promotional)
	good := m.tree.estimate(now, 0, to, levels).mean
	m.alarmed(now, 0, to.country)
	m.alarmed(now, 0, -1)
	m.settle(now, 0, to.country, &m.ground(0, to).alarm, recovered)
	m.settle(now, 0, -1, &m.per[0].alarm, recovered)
	if x := m.tree.estimate(now, 0, to, levels).mean; math.Abs(x-good) > .03 {
		t.Errorf("%.3f before both suspicions, %.3f after them", good, x)
	}
}

func TestWindowsFollowWhatThereIsToSend(t *testing.T) {
	s := newStage(2, func(int, int, Query) fate { return fate{} })
	held := 0
	for i := range 12000 { // two thousand a second
		now := at.Add(time.Duration(i) * 500 * time.Microsecond)
		c := send(s.r, now, int64(i), Query{Message: uint64(i + 1), Country: "GB", Network: fmt.Sprint(i % 3), Type: "promotional", Segments: 1})
		if c.Carrier < 0 && i > 6000 {
			held++
		}
	}
	if held > 600 {
		t.Errorf("%d of 6,000 messages were held up, and no receipt is late yet", held)
	}
	m := s.r.model
	m.alarmed(m.clock.sec, 0, -1)
	d := &s.r.last
	s.r.Explain(at.Add(6*time.Second), Query{Country: "GB", Type: "promotional"})
	if all, here := s.r.floors(d, 0); all != 0 || here != 0 {
		t.Errorf("a suspect carrier may have %v and %v attempts open", all, here)
	}
}
