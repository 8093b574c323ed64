package store_test

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// A conversion counts once for each recipient, for the attempt that reached them; whom nothing reached cannot have converted.
func TestConversions(t *testing.T) {
	t.Parallel()
	l := newLong(t, 4)
	for i := range 2 {
		b := l.begin(i)
		l.answer(i, b, "id")
		if i == 0 {
			l.receipt(carriers.Receipt{Ref: b.Ref, State: carriers.ReceiptDelivered})
		}
	}
	number := func(i int) uint64 { return 447_700_900_000 + uint64(i) }
	report := func(want ...store.Converted) {
		t.Helper()
		all := []store.Conversion{
			{Phone: number(0), At: time.Now(), Source: "test"}, {Sequence: l.due[0].ID & (1<<32 - 1), At: time.Now(), Source: "test"},
			{Phone: number(1), At: time.Now(), Source: "test"}, {Phone: number(2), At: time.Now(), Source: "test"}, {Phone: 4912345, At: time.Now()},
			{Sequence: 99, At: time.Now()},
		}
		if err := l.s.Convert(t.Context(), l.c.ID, "ana", all); err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if all[i].Is != want[i] {
				t.Errorf("report %d: %v, want %v", i, all[i].Is, want[i])
			}
		}
	}
	report(store.NewConversion, store.KnownConversion, store.NewConversion, store.UnsentConversion, store.NobodysConversion, store.NobodysConversion)
	report(store.KnownConversion, store.KnownConversion, store.KnownConversion, store.UnsentConversion, store.NobodysConversion, store.NobodysConversion)
	all, last, err := l.s.Conversions(t.Context(), 0)
	if err != nil || len(all) != 1 || all[0] != (campaign.Conversion{Carrier: "gamma", Country: "GB"}) || last != 1 { // no receipt of the other is to be tested
		t.Errorf("%+v up to %d, %v", all, last, err)
	}
	if newest, err := l.s.LastConversion(t.Context()); err != nil || newest != 2 {
		t.Errorf("%d, %v", newest, err)
	}
	replayed := 0
	if err := l.s.EachTaken(t.Context(), time.Time{}, func(a campaign.Taken) error {
		if a.Converted {
			replayed++
		}
		return nil
	}); err != nil || replayed != 2 {
		t.Errorf("%d conversions are replayed, %v", replayed, err)
	}
	sound(t, l.s)
}
