package campaign

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/routing"
)

// What lasts is one outage, however often a breaker is opened again; what passes is none.
func TestOutages(t *testing.T) {
	at := time.Date(2026, 10, 9, 13, 0, 0, 0, time.UTC)
	after := func(s int) time.Time { return at.Add(time.Duration(s) * time.Second) }
	opened := func(s int, carrier string) routing.Event {
		return routing.Event{At: after(s), Carrier: carrier, Kind: "breaker", Trouble: routing.TroubleBreaker, Why: "carrier error"}
	}
	closed := func(s int, carrier string) routing.Event {
		e := opened(s, carrier)
		e.Over, e.Why = true, ""
		return e
	}
	var o outages
	o.note(routing.Event{At: at, Carrier: "a", Kind: "breaker", Text: "half-open: one message tries it"})
	o.note(closed(0, "a")) // nothing was open
	if all := o.changed(); len(all) != 0 {
		t.Fatalf("%+v", all)
	}
	for s := 0; s < 86400; s += 60 { // a day
		o.note(opened(s, "a"))
	}
	o.note(opened(5, "b"))
	o.note(closed(9, "b"))
	o.note(routing.Event{At: after(7), Carrier: "a", Country: "FR", Trouble: routing.TroubleDropped, Why: "no route"})
	all := o.changed()
	if len(all) != 3 || !all[0].New || all[0].Times != 1440 || !all[0].Ended.IsZero() || !all[0].Began.Equal(at) || all[0].Why != "carrier error" ||
		!all[1].Ended.Equal(after(9)) || all[2].Country != "FR" {
		t.Fatalf("%+v", all)
	}
	if again := o.changed(); len(again) != 0 {
		t.Fatalf("told twice: %+v", again)
	}
	o.note(closed(86400, "a"))
	o.note(opened(18, "b")) // within ten seconds: the same one
	if all = o.changed(); len(all) != 2 || all[0].New || !all[0].Ended.Equal(after(86400)) || !all[1].Began.Equal(after(5)) || all[1].Times != 2 || !all[1].Ended.IsZero() {
		t.Fatalf("%+v", all)
	}
	o.note(closed(20, "b"))
	o.note(opened(30, "b"))
	if all = o.changed(); len(all) != 2 || all[0].New || !all[1].New || !all[0].Ended.Equal(after(20)) || !all[1].Began.Equal(after(30)) || all[1].Times != 1 {
		t.Fatalf("%+v", all)
	}
}
