package store_test

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// However attempts are grouped, each is counted once, and what became of it is where it belongs.
func TestCarrierStats(t *testing.T) {
	t.Parallel()
	l := newLong(t, 6)
	for i, res := range []carriers.Result{
		carriers.Accept("a", ""), carriers.Accept("b", ""), carriers.Accept("c", ""),
		carriers.Refuse(carriers.ClassThrottled, "", "", ""), carriers.Refuse(carriers.ClassCarrierTransient, "", "", ""), carriers.Ambiguous("", "", ""),
	} {
		b := l.begin(i)
		next := map[carriers.Acceptance]campaign.State{carriers.Yes: campaign.Awaiting, carriers.No: campaign.Queued, carriers.Unknown: campaign.Unknown}[res.Accepted]
		if err := l.s.RecordNow(t.Context(), campaign.Outcome{Attempt: b.Attempt, Recipient: l.due[i].ID, Result: res, Next: next}); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			l.receipt(carriers.Receipt{Ref: b.Ref, State: carriers.ReceiptDelivered})
		case 1:
			l.receipt(carriers.Receipt{Ref: b.Ref, State: carriers.ReceiptFailed, Class: carriers.ClassCarrierTransient})
		}
	}
	want := store.CarrierStat{Attempts: 6, Accepted: 3, Refused: 1, Throttled: 1, Ambiguous: 1, Delivered: 1, Undelivered: 1, Segments: 4}
	for by, keys := range map[store.StatsBy]int{
		store.StatsTotal: 1, store.StatsByCountry: 1, store.StatsByNetwork: 1, store.StatsByType: 1, store.StatsByHour: 1, store.StatsByClass: 4,
	} {
		sums, err := l.s.CarrierStats(t.Context(), time.Now().Add(-time.Hour), "gamma", by)
		if err != nil || len(sums) != keys && by != store.StatsByHour { // an hour may end meanwhile
			t.Fatalf("by %s: %d rows, %v", by, len(sums), err)
		}
		var got store.CarrierStat
		for _, x := range sums {
			got.Attempts, got.Accepted, got.Refused, got.Throttled = got.Attempts+x.Attempts, got.Accepted+x.Accepted, got.Refused+x.Refused, got.Throttled+x.Throttled
			got.Ambiguous, got.Delivered, got.Undelivered = got.Ambiguous+x.Ambiguous, got.Delivered+x.Delivered, got.Undelivered+x.Undelivered
			got.Segments, got.Cost = got.Segments+x.Segments, got.Cost+x.Cost
			if x.Carrier != "gamma" || x.Currency != "EUR" {
				t.Errorf("by %s: %+v", by, x)
			}
		}
		if got != want {
			t.Errorf("by %s: %+v, want %+v", by, got, want)
		}
	}
	for _, none := range []struct {
		since   time.Time
		carrier string
	}{{time.Now().Add(2 * time.Hour), ""}, {time.Now().Add(-time.Hour), "alpha"}} {
		for _, by := range []store.StatsBy{store.StatsByCountry, store.StatsByNetwork} {
			if sums, err := l.s.CarrierStats(t.Context(), none.since, none.carrier, by); err != nil || len(sums) != 0 {
				t.Errorf("%+v by %s: %+v, %v", none, by, sums, err)
			}
		}
	}
	sound(t, l.s)
}
