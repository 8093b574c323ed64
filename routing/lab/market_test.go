package lab

import (
	"strings"
	"testing"
)

const twoCarriers = `
seed: 3
messages: 6000
transactional: 0.5
countries: {GB: 3, IE: 1}
carriers:
  a: {deliver: 0.95, delivery: 2s, receipt_delay: 2s, price: {"*": 1}, phases: [{from: 60s, until: 160s, deliver: 0.02, silent_failures: 0.95}]}
  b: {deliver: 0.9, delivery: 2s, receipt_delay: 2s, price: {"*": 1}}
`

func parsed(t *testing.T, text string) *Market {
	t.Helper()
	m, err := ParseMarket([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

func TestAFileIsAWorld(t *testing.T) {
	m := parsed(t, twoCarriers)
	trials := Simulate(func() *World { return m.World("two", Size{}, 0) }, []string{router0}, 2)
	if len(trials) != 3 {
		t.Fatalf("%d policies: static and the oracle are always tried", len(trials))
	}
	static, router, oracle := trials[0], trials[1], trials[2]
	if router.Captured < .7 || static.Captured != 0 || oracle.Captured != 1 {
		t.Errorf("captured %v, %v, %v", static.Captured, router.Captured, oracle.Captured)
	}
	w := m.World("two", Size{}, 0)
	troubles := w.Troubles(&router.Choice)
	if len(troubles) != 1 || troubles[0].Carrier != "a" || !troubles[0].Grey || troubles[0].After < 0 || troubles[0].Messages > 600 {
		t.Errorf("%+v", troubles)
	}
	for _, x := range trials {
		r := &x.Campaign
		if r.OnTime > r.Delivered || r.Delivered > 6000 || r.Accepted < 6000 || r.Cost != float64(r.Accepted) || r.Delivered+r.Duplicates > r.Accepted {
			t.Errorf("%s: %+v", x.Policy, r)
		}
		if x.Choice.Accepted != 6000 || x.Choice.Duplicates != 0 {
			t.Errorf("%s sent again where only first choices count: %+v", x.Policy, x.Choice)
		}
	}
	if router.Campaign.OnTime < static.Campaign.OnTime+300 {
		t.Errorf("%d on time, %d by the static list", router.Campaign.OnTime, static.Campaign.OnTime)
	}
}

func TestWhatAFileSaysHappens(t *testing.T) {
	m := parsed(t, `
countries: {GB: 1, IE: 1}
carriers:
  a: {deliver: 0.9, rate_limit: 5, phases: [{countries: [IE], deliver: 0}, {types: [transactional], outage: refuse}, {after: 10, for: 5, accept: 0}]}
  b: {deliver: 1, handset_off: 0.1, dead_numbers: 0.02, price: {IE: 3}}
`)
	w := m.World("x", Size{Messages: 10}, 7)
	if q := w.quality(0, 0, 0, promotional); q != .9 {
		t.Errorf("a in GB: %v", q)
	}
	if q := w.quality(0, 0, 3, promotional); q != 0 {
		t.Errorf("a in IE: %v", q)
	}
	tx, ad := message{n: 1, kind: transactional}, message{n: 1, kind: promotional}
	if !w.refuses(0, &tx, 0) || w.refuses(0, &ad, 0) || w.refuses(0, &tx, 1) {
		t.Error("a takes nothing transactional")
	}
	if w.scripts[0].count = 12; !w.refuses(0, &ad, 0) {
		t.Error("the submits after the tenth are refused")
	}
	if w.limit[0] != 5 || w.price[1][1] != 3 || w.price[1][0] != 0 || w.networks[0].dead != .02 || w.offShare != .1 || w.Seed != 7 {
		t.Errorf("%+v", w)
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"carriers: {}", "carriers"},
		{"carriers: {a: {deliver: 2}}", "carrier a: deliver"},
		{"carriers: {a: {delivers: 1}}", "delivers"},
		{"carriers: {a: {price: {GB: -1}}}", "carrier a: price"},
		{"carriers: {a: {phases: [{prefixes: [+44], deliver: 0}]}}", "phase 1: prefixes"},
		{"messages: -1\ncarriers: {a: {}}", "messages"},
		{"countries: {GB: 0}\ncarriers: {a: {}}", "countries: GB"},
		{"value: {promotional: .nan}\ncarriers: {a: {}}", "value"},
		{"{", "scenario"},
	} {
		if _, err := ParseMarket([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func FuzzParseMarket(f *testing.F) {
	f.Add([]byte(twoCarriers))
	f.Add([]byte("carriers: {a: {price: {GB: 1}, phases: [{from: 1s, until: 2s}]}}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMarket(b)
		if err == nil && len(m.Carriers) == 0 {
			t.Fatal("no carriers")
		}
	})
}
