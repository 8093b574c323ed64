package routing

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestMemoryIsLossless(t *testing.T) {
	r, ask := market(t, 20000)
	now := at.Add(20000 * 30 * time.Millisecond)
	size := 0
	records := r.Changes(now)
	for _, rec := range records {
		size += len(rec.Data)
	}
	if size > 64_000 {
		t.Errorf("what was learned of 6 carriers and 60 networks takes %d bytes", size)
	}
	t.Logf("%d records, %d bytes", len(records), size)
	again, _ := market(t, 0)
	if err := again.Remember(now, records); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		a, b := r.Explain(now, ask(i)), again.Explain(now, ask(i))
		for c := range a.Candidates {
			x, y := a.Candidates[c], b.Candidates[c]
			x.Queue, y.Queue, x.Wait, y.Wait = 0, 0, 0, 0 // of messages under way
			x.Score, y.Score = x.Score-x.Queue, y.Score-y.Queue
			if x.Mean != y.Mean || x.SD != y.SD || x.Here != y.Here || x.Trust != y.Trust || x.Blind != y.Blind || x.Late != y.Late {
				t.Fatalf("message %d:\n%+v\n%+v", i, x, y)
			}
		}
	}
}

func TestOnlyChangesAreSaved(t *testing.T) {
	r, ask := market(t, 3000)
	now := at.Add(3000 * 30 * time.Millisecond)
	all := len(r.Changes(now))
	now = now.Add(time.Second)
	for range 100 { // what is under way grows old
		now = now.Add(10 * time.Second)
		r.Tick(now)
	}
	r.Changes(now)
	now = now.Add(time.Second)
	few := len(r.Changes(now))
	send(r, now, 1e6, ask(7))
	r.Receipt(now, Receipt{Attempt: 1e6, Verdict: Delivered, Took: time.Second})
	one := r.Changes(now)
	if few > all/3 || len(one) > few+15 || len(one) < 7+levels {
		t.Fatalf("%d records at first, %d when little has happened, %d after one receipt", all, few, len(one))
	}
}

func TestOldMemoryIsAHint(t *testing.T) {
	r, ask := market(t, 20000)
	now := at.Add(20000 * 30 * time.Millisecond)
	again, _ := market(t, 0)
	if err := again.Remember(now.Add(30*24*time.Hour), r.Changes(now)); err != nil {
		t.Fatal(err)
	}
	d := again.Explain(now.Add(30*24*time.Hour), ask(1))
	for _, c := range d.Candidates {
		if c.Above > historyTrials+1 || c.Above == 0 {
			t.Errorf("a month later: %+v", c)
		}
	}
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	r, _ := market(t, 100)
	good := r.Changes(at.Add(time.Minute))
	for _, bad := range []Record{
		{Key: "0\x1fcarrier-0", Data: nil},
		{Key: "0\x1fcarrier-0", Data: make([]byte, 24)},
		{Key: "9\x1fcarrier-0", Data: make([]byte, 20)},
		{Key: "0", Data: make([]byte, 20)},
		{Key: "", Data: make([]byte, 20)},
		{Key: "a\x1fcarrier-0", Data: make([]byte, 20)},
	} {
		again, _ := market(t, 0)
		if err := again.Remember(at, append([]Record{bad}, good...)); err == nil || !strings.Contains(err.Error(), "not a record") {
			t.Errorf("%q: %v", bad.Key, err)
		}
	}
	for _, rec := range good {
		for _, x := range []float64{math.NaN(), math.Inf(1), -1, 1e300} {
			s := scribe{wall: 0}
			s.add(rec.Key, x, x)
			again, ask := market(t, 0)
			_ = again.Remember(at, s.out)
			for _, c := range again.Explain(at, ask(1)).Candidates {
				if math.IsNaN(c.Score) || math.IsInf(c.Score, 0) {
					t.Fatalf("%q let %v in: %+v", rec.Key, x, c)
				}
			}
		}
	}
	gone := Record{Key: "0\x1fsomebody else", Data: good[0].Data}
	again, _ := market(t, 0)
	if err := again.Remember(at, []Record{gone}); err != nil {
		t.Error(err)
	}
}
