package routing

import (
	"fmt"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// market is a router of six carriers that has seen sixty networks in twenty countries.
func market(tb testing.TB, messages int) (r *Router, ask func(i int) Query) {
	tb.Helper()
	var infos []carriers.Info
	for c := range 6 {
		info := carriers.Info{Name: fmt.Sprintf("carrier-%d", c)}
		info.Common.MaxInFlight = 1 << 20
		info.Common.Price = map[string]carriers.Price{"*": carriers.Price(30000 + 1000*c)}
		infos = append(infos, info)
	}
	r = New(infos, Options{Seed: 1})
	var countries, networks [60]string
	for i := range networks {
		countries[i], networks[i] = fmt.Sprintf("C%d", i%20), fmt.Sprintf("network %d", i)
	}
	types := [...]string{"transactional", "promotional"}
	ask = func(i int) Query {
		n := int(draw(1, uint64(i), 0, 0) % 60)
		return Query{Message: uint64(i + 1), Country: countries[n], Network: networks[n], Type: types[i&1], Segments: 1}
	}
	for i := range messages {
		now := at.Add(time.Duration(i) * 30 * time.Millisecond)
		send(r, now, int64(i+1), ask(i))
		if i >= 200 {
			q := ask(i - 200)
			r.Receipt(now, Receipt{
				Attempt: int64(i - 199), Verdict: Verdict(min(draw(2, uint64(i), 0, 0)%20, 2)+1) % 3, Took: 5 * time.Second,
				Country: q.Country, Network: q.Network, Type: q.Type,
			})
		}
	}
	return r, ask
}

func send(r *Router, now time.Time, attempt int64, q Query) Choice {
	c := r.Choose(now, q)
	if c.Carrier >= 0 {
		r.Done(now, c.Carrier, q.Country, carriers.Accept("", ""))
		r.Await(now, attempt, c.Ticket)
	}
	return c
}

func BenchmarkChoose(b *testing.B) {
	r, ask := market(b, 20000)
	now := at.Add(20000 * 30 * time.Millisecond)
	queries := make([]Query, 1024)
	for i := range queries {
		queries[i] = ask(i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		now = now.Add(time.Millisecond)
		if c := r.Choose(now, queries[i&1023]); c.Carrier >= 0 {
			r.Cancel(c.Carrier)
		}
		i++
	}
}

func BenchmarkReceipt(b *testing.B) {
	r, ask := market(b, 20000)
	now := at.Add(20000 * 30 * time.Millisecond)
	b.ReportAllocs()
	b.StopTimer()
	b.ResetTimer()
	for i := 0; i < b.N; {
		const batch = 2000
		for k := range batch {
			send(r, now, int64(1e6+i+k), ask(i+k))
		}
		now = now.Add(2 * time.Second)
		r.Tick(now)
		b.StartTimer()
		for k := range min(batch, b.N-i) {
			r.Receipt(now, Receipt{Attempt: int64(1e6 + i + k), Verdict: Delivered, Took: 2 * time.Second})
		}
		b.StopTimer()
		i += batch
		for range 100 { // let them grow old
			now = now.Add(10 * time.Second)
			r.Tick(now)
		}
	}
}

func BenchmarkWhy(b *testing.B) {
	r, ask := market(b, 5000)
	send(r, at.Add(time.Hour), 1e6, ask(1))
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendWhy(buf[:0])
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

// BenchmarkChooseAlone is the whole of routing where there is a single carrier.
func BenchmarkChooseAlone(b *testing.B) {
	r := New([]carriers.Info{{Name: "a"}}, Options{})
	now := at
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		now = now.Add(time.Millisecond)
		i++
		c := r.Choose(now, Query{Message: i, Country: "GB", Type: "promotional", Segments: 1})
		_ = r.Why()
		r.Done(now, c.Carrier, "GB", taken)
	}
}
