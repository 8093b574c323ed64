package campaign

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// Two carriers claim as many deliveries; the recipients of one do what they were asked to, those of the other hardly ever.
// Its word loses weight: at once, at the next start, and when all is learned anew.
func TestConversionsFeedTrust(t *testing.T) {
	t.Parallel()
	cs := []carriers.Carrier{quiet{name: "honest"}, quiet{name: "forger"}}
	r := &Runner{Carriers: cs, Campaign: &Campaign{}, Callback: func(string, string) string { return "https://example.com" }}
	began := time.Unix(1_800_000_000, 0)
	replay := func(converted bool) (*routing.Router, []routing.Record) {
		router := routing.New(r.infos(), routing.Options{Seed: 1})
		p := NewReplay(router, cs)
		for i := range 2000 {
			at := began.Add(time.Duration(i) * 100 * time.Millisecond)
			p.Add(Taken{
				Attempt: int64(i + 1), Carrier: names(cs)[i%2], Country: "GB", To: "+447700900123", Type: Promotional, At: at,
				State: carriers.ReceiptDelivered, ReceiptAt: at.Add(time.Second), Converted: converted && (i%2 == 0 && i%10 == 0 || i%200 == 1),
			})
		}
		return router, p.End(began.Add(time.Hour))
	}
	trust := func(router *routing.Router) (honest, forger float64) {
		now := began.Add(2 * time.Hour)
		router.Tick(now)
		d := router.Explain(now, routing.Query{Country: "GB", Type: "promotional", Segments: 1})
		return d.Candidates[0].Trust, d.Candidates[1].Trust
	}
	check := func(what string, router *routing.Router) {
		t.Helper()
		if h, f := trust(router); h != 1 || f > .6 {
			t.Errorf("%s: the honest one is trusted %.2f, the forger %.2f", what, h, f)
		}
	}
	rebuilt, _ := replay(true)
	check("rebuilt", rebuilt)

	reported, records := replay(false)
	if h, f := trust(reported); h != 1 || f != 1 {
		t.Errorf("without conversions: %.2f and %.2f", h, f)
	}
	router := routing.New(r.infos(), routing.Options{Seed: 1})
	if err := router.Remember(began.Add(time.Hour), records); err != nil {
		t.Fatal(err)
	}
	var all []Conversion
	for i := range 210 {
		all = append(all, Conversion{Carrier: map[bool]string{true: "honest", false: "forger"}[i < 200], Country: "GB"})
	}
	changed := Convert(router, cs, all, began.Add(time.Hour))
	check("reported", router)
	stored := map[string]routing.Record{}
	for _, rec := range records {
		stored[rec.Key] = rec
	}
	for _, rec := range changed {
		rec.Data = routing.Merge(rec.Key, rec.Base, rec.Data, stored[rec.Key].Data)
		stored[rec.Key] = rec
	}
	records = records[:0]
	for _, rec := range stored {
		records = append(records, rec)
	}
	later := routing.New(r.infos(), routing.Options{Seed: 1})
	if err := later.Remember(began.Add(time.Hour), records); err != nil {
		t.Fatal(err)
	}
	check("at the next start", later)
}
