package routing

import (
	"math"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

func TestWhyIsShortAndTrue(t *testing.T) {
	r, ask := market(t, 20000)
	now := at.Add(20000 * 30 * time.Millisecond)
	var names []string
	for i := range r.lines {
		names = append(names, r.lines[i].info.Name)
	}
	total := 0
	for i := range 500 {
		now = now.Add(50 * time.Millisecond)
		q := ask(i)
		want := r.Explain(now, q)
		c := send(r, now, int64(1e6+i), q)
		s := r.Why()
		total += len(s)
		got, err := ParseWhy(s, names)
		if err != nil || c.Carrier < 0 {
			t.Fatal(err, c)
		}
		if got.Type != want.Type || got.ByNoise != want.ByNoise || math.Abs(got.Margin-want.Margin) > 5e-4*want.Value {
			t.Fatalf("%+v\n%+v", got, want)
		}
		for k, x := range got.Candidates {
			y := want.Candidates[k]
			if x.Carrier != y.Carrier || x.Chosen != y.Chosen || x.Next != y.Next || math.Abs(x.Mean-y.Mean) > 1e-5 ||
				math.Abs(x.Score-y.Score) > 4e-4*want.Value || math.Abs(x.SD/y.SD-1) > .03 || math.Abs(x.Here-y.Here) > .04*(1+y.Here) {
				t.Fatalf("%+v\n%+v", x, y)
			}
		}
	}
	t.Logf("%d bytes an attempt", total/500)
	if total/500 > 120 {
		t.Errorf("a decision takes %d bytes on average", total/500)
	}
}

func TestWhyOutlivesAChangeOfConfig(t *testing.T) {
	r := two(carriers.Common{}, carriers.Common{Countries: []string{"FR"}})
	r.Choose(at, Query{Country: "GB"})
	d, err := ParseWhy(r.Why(), []string{"new", "b"})
	if err != nil || d.Candidates[0].Carrier != "?" || d.Candidates[1].Carrier != "b" || d.Candidates[1].Reason != Excluded {
		t.Fatalf("%v %+v", err, d)
	}
}

func FuzzParseWhy(f *testing.F) {
	r := two(carriers.Common{}, carriers.Common{})
	r.Choose(at, Query{Country: "GB"})
	f.Add(r.Why())
	f.Add("")
	f.Add("EBAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseWhy(s, []string{"a", "b"})
		if err == nil && len(d.Candidates) > whyRows {
			t.Fatalf("%+v", d)
		}
	})
}
