package campaign

import (
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/smsctl/smsctl/routing"
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
		{"breaker", []slog.Attr{slog.String("carrier", "alpha"), slog.String("from", "closed"), slog.String("to", "open")}, "breaker alpha from closed open", true},
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

// A breaker's event says to programs what it says to people: from which state to which, until when, and why.
func TestBreakerEvent(t *testing.T) {
	now := time.Date(2026, 10, 9, 14, 6, 58, 0, time.FixedZone("", 3600))
	e := eventOf(routing.Event{
		Carrier: "alpha", Kind: "breaker", Text: "open for 5s: carrier error", From: "closed", To: "open", RetryAt: now, Trouble: routing.TroubleBreaker, Why: "carrier error",
	})
	want := map[string]any{"carrier": "alpha", "from": "closed", "to": "open", "retry_at": "2026-10-09T13:06:58.000Z", "reason": "carrier error"}
	if told := e.Tell(); told.String() != "breaker alpha open for 5s: carrier error" || !told.Loud || !maps.Equal(told.Fields, want) {
		t.Errorf("%+v", told)
	}
	closed := eventOf(routing.Event{Carrier: "alpha", Kind: "breaker", Text: "closed", From: "half-open", To: "closed", Over: true, Why: "ok"})
	if told := closed.Tell(); told.String() != "breaker alpha closed" || told.Loud || len(told.Fields) != 3 {
		t.Errorf("%+v", told)
	}
}
