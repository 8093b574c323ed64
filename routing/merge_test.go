package routing

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// learner is a process that shares the records of others.
type learner struct {
	r     *Router
	known map[string][]byte
	n     int64
}

func newLearner(t *testing.T, now time.Time, shared map[string][]byte) *learner {
	t.Helper()
	var infos []carriers.Info
	for c := range 2 {
		infos = append(infos, carriers.Info{Name: fmt.Sprint("carrier-", c)})
	}
	l := &learner{r: New(infos, Options{Seed: 1}), known: map[string][]byte{}}
	var records []Record
	for k, d := range shared {
		records = append(records, Record{Key: k, Data: d})
	}
	if err := l.r.Remember(now, records); err != nil {
		t.Fatal(err)
	}
	for _, rec := range l.r.Changes(now) {
		l.known[rec.Key] = rec.Data
	}
	return l
}

// learn takes in receipts of one carrier; every fourth says "failed".
func (l *learner) learn(now time.Time, carrier, n int) {
	for range n {
		l.n++
		l.r.Await(now, l.n, l.r.Ticket(carrier, "GB", "Vodafone", "promotional"))
		l.r.Receipt(now, Receipt{Attempt: l.n, Verdict: []Verdict{Delivered, Delivered, Delivered, Undelivered}[l.n%4], Took: time.Second})
	}
}

func (l *learner) save(now time.Time, shared map[string][]byte) {
	for _, rec := range l.r.Changes(now) {
		data := rec.Data
		if theirs, ok := shared[rec.Key]; ok {
			data = Merge(rec.Key, l.known[rec.Key], rec.Data, theirs)
		}
		shared[rec.Key], l.known[rec.Key] = data, rec.Data
	}
}

// What two processes learn at the same time is known afterwards as if one had learned it all, however often each saves.
func TestMergeOfTwoProcesses(t *testing.T) {
	t.Parallel()
	now := at
	before, shared := map[string][]byte{}, map[string][]byte{}
	start := newLearner(t, now, nil)
	start.learn(now, 0, 200)
	start.learn(now, 1, 200)
	start.save(now, before)
	for k, d := range before {
		shared[k] = d
	}
	a, b, all := newLearner(t, now, shared), newLearner(t, now, shared), newLearner(t, now, before)
	for range 20 {
		now = now.Add(2 * time.Second)
		a.learn(now, 0, 40)
		b.learn(now, 1, 20)
		b.learn(now, 0, 20)
		all.learn(now, 0, 60)
		all.learn(now, 1, 20)
		a.save(now, shared)
		b.save(now, shared)
	}
	all.save(now, before)
	for key, want := range before {
		if key == recordModel {
			continue
		}
		x, y := numbers(shared[key]), numbers(want)
		if len(x) != len(y) {
			t.Fatalf("%q: %v, want %v", key, x, y)
		}
		level := key[0] >= '0' && key[0] < '0'+levels
		for i := range y {
			if (level || countsOf(key[0])(i)) && math.Abs(x[i]-y[i]) > .06*math.Abs(y[i])+3 { // each forgets a little less than one would
				t.Errorf("%q[%d]: %.2f, want %.2f", key, i, x[i], y[i])
			}
		}
	}
}

// A process that is alone writes what it knows, bit for bit; what cannot be read is overwritten.
func TestMergeAlone(t *testing.T) {
	t.Parallel()
	s := scribe{r: New([]carriers.Info{{Name: "a"}}, Options{}), wall: 1000}
	s.add("0\x1fa", 10, 20)
	s.add("0\x1fa", 15.5, 27)
	base, mine := s.out[0].Data, s.out[1].Data
	for name, theirs := range map[string][]byte{"the same": base, "cut": base[:12], "empty": {}} {
		if got := Merge("0\x1fa", base, mine, theirs); string(got) != string(mine) {
			t.Errorf("%s: %v", name, numbers(got))
		}
	}
	if got := Merge("0\x1fa", nil, mine, base); string(got) != string(mine) {
		t.Errorf("without a base: %v", numbers(got))
	}
	s.add("0\x1fa", 110, 220)
	if got := numbers(Merge("0\x1fa", base, mine, s.out[2].Data)); got[0] != 115.5 || got[1] != 227 {
		t.Errorf("%v", got)
	}
}
