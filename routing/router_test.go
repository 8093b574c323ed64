package routing

import (
	"slices"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

func two(a, b carriers.Common) *Router {
	return New([]carriers.Info{{Name: "a", Common: a}, {Name: "b", Common: b}}, Options{})
}

func weight(w float64) *float64 { return &w }

var at = time.Date(2026, 10, 9, 13, 0, 0, 0, time.UTC)

var (
	transient = carriers.Refuse(carriers.ClassCarrierTransient, "", "", "")
	throttled = carriers.Refuse(carriers.ClassThrottled, "", "", "")
	taken     = carriers.Accept("1", "")
)

func TestWeightsPrefer(t *testing.T) {
	r := two(carriers.Common{}, carriers.Common{Weight: weight(2)})
	if c := r.Choose(at, Query{Segments: 1}); c.Carrier != 1 {
		t.Fatalf("%+v", c)
	}
	if c := r.Choose(at, Query{Segments: 1, Tried: Set(0).With(1)}); c.Carrier != 0 {
		t.Fatalf("%+v", c)
	}
	d, err := ParseWhy(r.Why(), []string{"a", "b"})
	if err != nil || !d.Candidates[0].Chosen || d.Candidates[1].Reason != Tried {
		t.Fatalf("%v %+v", err, d)
	}
}

func TestFullWindowSpillsOver(t *testing.T) {
	r := two(carriers.Common{MaxInFlight: 2}, carriers.Common{MaxInFlight: 1})
	var got []int
	for range 4 {
		got = append(got, r.Choose(at, Query{Segments: 1}).Carrier)
	}
	slices.Sort(got)
	if !slices.Equal(got, []int{-1, 0, 0, 1}) {
		t.Fatal(got)
	}
	r.Done(at, 0, "GB", taken)
	if c := r.Choose(at, Query{Segments: 1}); c.Carrier != 0 {
		t.Fatalf("%+v", c)
	}
}

func TestWhoMayNotTakeIt(t *testing.T) {
	r := two(carriers.Common{Countries: []string{"GB"}}, carriers.Common{ExcludeCountries: []string{"GB"}, MessageTypes: []string{"promotional"}})
	for _, c := range []struct {
		q    Query
		want int
	}{
		{Query{Country: "GB", Type: "promotional"}, 0},
		{Query{Country: "DE", Type: "promotional"}, 1},
		{Query{Country: "DE", Type: "transactional"}, -1},
		{Query{Country: "GB", Type: "promotional", Barred: Set(0).With(0)}, -1},
	} {
		got := r.Choose(at, c.q)
		if got.Carrier != c.want || (c.want < 0) != got.NoRoute {
			t.Errorf("%+v: %+v", c.q, got)
		}
	}
}

func TestRateCountsSegments(t *testing.T) {
	r := New([]carriers.Info{{Name: "a", Common: carriers.Common{MaxPerSecond: 10, MaxInFlight: 1000}}}, Options{})
	sent := 0
	for now := at; now.Before(at.Add(10 * time.Second)); now = now.Add(time.Millisecond) {
		if c := r.Choose(now, Query{Segments: 2}); c.Carrier == 0 {
			sent += 2
			r.Done(now, 0, "GB", taken)
		}
	}
	if sent < 98 || sent > 104 {
		t.Fatalf("%d segments in 10 s at 10/s", sent)
	}
}

func TestBreakerOpensProbesAndCloses(t *testing.T) {
	r := New([]carriers.Info{{Name: "a"}}, Options{})
	early := r.Choose(at, Query{})
	for range 3 {
		r.Choose(at, Query{})
		r.Done(at, 0, "GB", transient)
	}
	r.Done(at.Add(time.Second), early.Carrier, "GB", taken) // an answer from before says nothing
	if c := r.Choose(at.Add(time.Second), Query{}); c.Carrier >= 0 || c.Wait <= 0 {
		t.Fatalf("open, but %+v", c)
	}
	later := at.Add(6 * time.Second)
	if c := r.Choose(later, Query{}); c.Carrier != 0 {
		t.Fatalf("no probe: %+v", c)
	}
	if c := r.Choose(later, Query{}); c.Carrier >= 0 {
		t.Fatal("a second probe")
	}
	r.Done(later, 0, "GB", transient)
	if c := r.Choose(later.Add(7*time.Second), Query{}); c.Carrier >= 0 {
		t.Fatal("the second opening must be longer")
	}
	last := later.Add(8 * time.Second)
	r.Choose(last, Query{})
	r.Done(last, 0, "GB", taken)
	if s := r.Snapshot(last)[0].Breaker; s != "closed" {
		t.Fatal(s)
	}
}

func TestThrottlingIsNoError(t *testing.T) {
	r := New([]carriers.Info{{Name: "a"}}, Options{})
	for range 10 {
		r.Choose(at, Query{})
		res := throttled
		res.RetryAfter = time.Second
		r.Done(at, 0, "GB", res)
	}
	if s := r.Snapshot(at)[0].Breaker; s != "closed" {
		t.Fatal(s)
	}
	if c := r.Choose(at.Add(900*time.Millisecond), Query{}); c.Carrier >= 0 {
		t.Fatal("it asked to be left alone")
	}
	if c := r.Choose(at.Add(1100*time.Millisecond), Query{}); c.Carrier != 0 {
		t.Fatalf("%+v", c)
	}
}

func TestAccountErrorsWaitForAPerson(t *testing.T) {
	r := two(carriers.Common{}, carriers.Common{})
	r.Choose(at, Query{})
	r.Done(at, 0, "GB", carriers.Refuse(carriers.ClassAccountAuth, "", "", ""))
	if c := r.Choose(at.Add(time.Hour), Query{}); c.Carrier != 1 {
		t.Fatalf("%+v", c)
	}
	r.Done(at, 1, "GB", carriers.Refuse(carriers.ClassAccountAuth, "", "", ""))
	if c := r.Choose(at.Add(time.Hour), Query{}); c.Carrier >= 0 || c.NoRoute || !c.Down || c.Class != carriers.ClassAccountAuth {
		t.Fatalf("the message must be kept: %+v", c)
	}
}

func TestDeadCountry(t *testing.T) {
	r := two(carriers.Common{}, carriers.Common{})
	r.Choose(at, Query{Country: "DE"})
	r.Done(at, 0, "DE", carriers.Refuse(carriers.ClassRouteUnavailable, "", "", ""))
	if c := r.Choose(at, Query{Country: "DE"}); c.Carrier != 1 {
		t.Fatalf("%+v", c)
	}
	if c := r.Choose(at, Query{Country: "GB"}); c.Carrier != 0 {
		t.Fatalf("%+v", c)
	}
}

func TestCapsAndShares(t *testing.T) {
	r := two(carriers.Common{MaxPerSecond: 100, MaxInFlight: 10}, carriers.Common{})
	r.SetCarrierCaps(at, map[string]float64{"b": 0})
	if c := r.Choose(at, Query{Tried: Set(0).With(0)}); c.Carrier == 1 {
		t.Fatal("drained")
	}
	r.SetShare(at, 2)
	if s := r.Snapshot(at)[0]; s.Rate != 50 {
		t.Fatalf("%+v", s)
	}
	r.SetCarrierCaps(at, nil)
	if c := r.Choose(at, Query{Tried: Set(0).With(0)}); c.Carrier != 1 {
		t.Fatalf("%+v", c)
	}
	if e := r.Events(); len(e) != 2 || e[0].Kind != "drain" {
		t.Fatalf("%+v", e)
	}
}

func TestAnIllCarrierIsNotWaitedFor(t *testing.T) {
	r := two(carriers.Common{}, carriers.Common{MaxInFlight: 1})
	for range 3 {
		r.Choose(at, Query{Barred: Set(0).With(1)})
		r.Done(at, 0, "GB", transient)
	}
	q := Query{Tried: Set(0).With(1)}
	if c := r.Choose(at, q); c.Carrier != 1 {
		t.Fatalf("a is ill, so b may have it again: %+v", c)
	}
	if c := r.Choose(at.Add(6*time.Second), q); c.Carrier != 0 {
		t.Fatalf("a may be probed: %+v", c)
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		state carriers.ReceiptState
		class carriers.Class
		want  Verdict
	}{
		{carriers.ReceiptDelivered, "", Delivered},
		{carriers.ReceiptUndelivered, "", Undelivered},
		{carriers.ReceiptUndelivered, carriers.ClassRecipientInvalid, Recipient},
		{carriers.ReceiptRejected, carriers.ClassContentRejected, Recipient},
		{carriers.ReceiptExpired, carriers.ClassExpired, Undelivered},
		{carriers.ReceiptUndelivered, carriers.ClassRecipientUnreachable, Undelivered},
		{carriers.ReceiptFailed, carriers.ClassCarrierTransient, Undelivered},
	} {
		if got := VerdictOf(c.state, c.class); got != c.want {
			t.Errorf("%s %s: %d", c.state, c.class, got)
		}
	}
}

// A person closes a breaker, whatever opened it; the others stay as they are.
func TestReset(t *testing.T) {
	for _, class := range []carriers.Class{carriers.ClassAccountAuth, carriers.ClassQuotaExhausted} {
		r := two(carriers.Common{}, carriers.Common{})
		for i := range 2 {
			r.Done(at, i, "GB", carriers.Refuse(class, "", "", ""))
		}
		r.Events()
		r.Reset(at, "b")
		r.Reset(at, "b") // there is nothing left to close
		got := r.Snapshot(at)
		if got[0].Breaker == "closed" || got[1].Breaker != "closed" || got[1].Reason != "" {
			t.Errorf("%s: %+v", class, got)
		}
		if e := r.Events(); len(e) != 1 || e[0].Carrier != "b" || e[0].Text != "closed by hand" {
			t.Errorf("%s: %+v", class, e)
		}
	}
}
