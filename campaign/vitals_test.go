package campaign

import (
	"fmt"
	"log/slog"
	"testing"
	"time"
)

func TestTell(t *testing.T) {
	for _, c := range []struct {
		kind  string
		attrs []slog.Attr
		want  string
		loud  bool
	}{
		{"breaker", []slog.Attr{slog.String("carrier", "alpha"), slog.String("state", "open for 5s: carrier error")}, "breaker alpha open for 5s: carrier error", true},
		{"breaker", []slog.Attr{slog.String("carrier", "alpha"), slog.String("state", "closed")}, "breaker alpha closed", false},
		{"state", []slog.Attr{slog.String("state", "running->paused"), slog.String("reason", "paused by\nana")}, "state running->paused (paused by ana)", true},
		{"guard", []slog.Attr{slog.String("name", "cost"), slog.Int("limit", 3), slog.String("action", "pause")}, "guard cost limit 3 -> pause", true},
		{"drain", []slog.Attr{slog.Int("in_flight", 3)}, "drain in flight 3", false},
	} {
		told := Event{Kind: c.kind, Attrs: c.attrs}.Tell()
		if told.String() != c.want || told.Loud != c.loud {
			t.Errorf("%q, loud %v", told, told.Loud)
		}
	}
}

// The journal keeps the last events, and what it has handed out stays as it was.
func TestJournal(t *testing.T) {
	r := &Runner{Now: time.Now}
	if v := r.Vitals(); len(v.Events) != 0 || len(v.Lines) != 0 {
		t.Errorf("%+v", v)
	}
	var early *Vitals
	for i := range journalLength + 50 {
		if i == 10 {
			early = r.Vitals()
		}
		r.notify("state", slog.Int("n", i))
	}
	v := r.Vitals()
	if len(v.Events) != journalLength || v.Events[0].Text != "n 50" || len(early.Events) != 10 || early.Events[9].Text != "n 9" {
		t.Errorf("%d events from %v, early %v", len(v.Events), v.Events[0], early.Events)
	}
	if last := r.vitals(3); len(last.Events) != 3 || last.Events[2].Text != fmt.Sprint("n ", journalLength+49) {
		t.Errorf("%v", last.Events)
	}
}
