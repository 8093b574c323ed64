package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// Each case is a history of receipts, one of which means something else now. Whatever it comes to, the sums hold, it is
// raised or left alone, and the second replay does nothing.
func TestReplayOnlyRaises(t *testing.T) {
	for name, c := range map[string]struct {
		came []carriers.Receipt
		at   int // which one is read anew
		now  carriers.Receipt
		want store.Replayed
		end  campaign.State
		cls  carriers.Class
	}{
		"an unknown word that means delivered": {
			[]carriers.Receipt{{State: carriers.ReceiptUnknown}}, 0, carriers.Receipt{State: carriers.ReceiptDelivered}, store.Raised, campaign.Delivered, "",
		},
		"another reason": {
			[]carriers.Receipt{{State: carriers.ReceiptFailed, Class: carriers.ClassUnknown, Code: "7"}}, 0,
			carriers.Receipt{State: carriers.ReceiptFailed, Class: carriers.ClassContentRejected, Code: "7"}, store.Raised, campaign.Undelivered, carriers.ClassContentRejected,
		},
		"another failure": {
			[]carriers.Receipt{{State: carriers.ReceiptFailed, Class: carriers.ClassUnknown}}, 0,
			carriers.Receipt{State: carriers.ReceiptExpired, Class: carriers.ClassExpired}, store.Raised, campaign.Undelivered, carriers.ClassExpired,
		},
		"less than it meant": {
			[]carriers.Receipt{{State: carriers.ReceiptDelivered}}, 0, carriers.Receipt{State: carriers.ReceiptFailed}, store.Unchanged, campaign.Delivered, "",
		},
		"an early one, that says no more than a later one": {
			[]carriers.Receipt{{State: carriers.ReceiptQueued}, {State: carriers.ReceiptDelivered}}, 0, carriers.Receipt{State: carriers.ReceiptSent},
			store.Retold, campaign.Delivered, "",
		},
		"an early one, that says as much as a later one": {
			[]carriers.Receipt{{State: carriers.ReceiptUnknown}, {State: carriers.ReceiptUndelivered, Class: carriers.ClassUnknown}}, 0,
			carriers.Receipt{State: carriers.ReceiptFailed, Class: carriers.ClassSenderRejected}, store.Raised, campaign.Undelivered, carriers.ClassSenderRejected,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, ctx := storetest.Open(t), t.Context()
			camp := storetest.Campaign(t, s, 1, nil)
			due, err := s.Fresh(ctx, camp.ID, 0, 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			a, err := s.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "alpha"})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.RecordNow(ctx, campaign.Outcome{Attempt: a.Attempt, Recipient: due[0].ID, Result: carriers.Accept("m-1", "200"), Counted: true, Next: campaign.Awaiting}); err != nil {
				t.Fatal(err)
			}
			for _, r := range c.came {
				r.Ref, r.Raw = a.Ref, []byte("payload")
				if err := s.ApplyReceipts(ctx, "alpha", "callback", []carriers.Receipt{r}); err != nil {
					t.Fatal(err)
				}
			}
			var rows []int64
			if err := s.EachReceipt(ctx, time.Time{}, false, func(k *store.Kept) error {
				rows = append(rows, k.Row)
				if string(k.Raw) != "payload" || k.Carrier != "alpha" {
					t.Errorf("%+v", k)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for i, want := range []store.Replayed{c.want, store.Unchanged} {
				if did, err := s.Replay(ctx, rows[c.at], c.now); err != nil || did != want {
					t.Errorf("replay %d: %d and %v, want %d", i+1, did, err, want)
				}
				all, err := s.Messages(ctx, camp, store.Filter{})
				if err != nil || all[0].State != c.end || all[0].Class != c.cls {
					t.Errorf("replay %d: %s %q and %v, want %s %q", i+1, all[0].State, all[0].Class, err, c.end, c.cls)
				}
				found, err := s.Check(ctx, true)
				if err != nil || len(found.Findings) > 0 {
					t.Errorf("db check: %v %v", found.Findings, err)
				}
			}
		})
	}
}

// The id of a receipt is the attempt's in another spelling: it is found as alike, and matched once it is read right.
func TestReplayMatchesOrphans(t *testing.T) {
	s, ctx := storetest.Open(t), t.Context()
	camp := storetest.Campaign(t, s, 1, nil)
	due, err := s.Fresh(ctx, camp.ID, 0, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "gamma", ByID: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RecordNow(ctx, campaign.Outcome{Attempt: a.Attempt, Recipient: due[0].ID, Result: carriers.Accept("f4241", "ESME_ROK"), Counted: true, Next: campaign.Awaiting}); err != nil {
		t.Fatal(err)
	}
	if err := s.ApplyReceipts(ctx, "gamma", "session", []carriers.Receipt{{ID: "1000001", State: carriers.ReceiptDelivered}}); err != nil {
		t.Fatal(err)
	}
	var orphan store.Kept
	if err := s.EachReceipt(ctx, time.Time{}, true, func(k *store.Kept) error { orphan = *k; return nil }); err != nil || !orphan.Orphan {
		t.Fatalf("%+v %v", orphan, err)
	}
	if alike, err := s.Alike(ctx, &orphan); err != nil || !slices.Equal(alike, []string{"f4241"}) {
		t.Errorf("alike: %v %v", alike, err)
	}
	now := orphan.Receipt
	for i, c := range []struct {
		id   string
		want store.Replayed
	}{{"1000001", store.Unchanged}, {"f4241", store.Matched}, {"f4241", store.Unchanged}} {
		now.ID = c.id
		if did, err := s.Replay(ctx, orphan.Row, now); err != nil || did != c.want {
			t.Errorf("replay %d: %d %v", i, did, err)
		}
	}
	n, err := s.Counts(ctx, camp.ID)
	if err != nil || n.Delivered != 1 {
		t.Errorf("%+v %v", n, err)
	}
	if found, err := s.Check(ctx, true); err != nil || len(found.Findings) > 0 {
		t.Errorf("db check: %v %v", found.Findings, err)
	}
}

func TestDrainsAndPriceLists(t *testing.T) {
	s, ctx := storetest.Open(t), t.Context()
	camp := storetest.Campaign(t, s, 1, nil)
	for range 2 {
		if err := s.DrainCarrier(ctx, "alpha", "ann", "maintenance"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Campaign(ctx, camp.ID)
	if err != nil || got.Caps()["alpha"] != 0 || len(got.Caps()) != 1 || len(got.CarrierCaps) != 0 {
		t.Errorf("%v %v %v", got.Caps(), got.CarrierCaps, err)
	}
	if err := s.UndrainCarrier(ctx, "alpha"); err != nil {
		t.Fatal(err)
	}
	if d, err := s.Drains(ctx); err != nil || len(d) != 0 {
		t.Errorf("%v %v", d, err)
	}
	for _, prices := range []map[string]carriers.Price{{"GB": 1, "*": 2}, {"DE": 3}} {
		if err := s.ImportPrices(ctx, store.PriceList{Carrier: "alpha", Source: "a.csv", Currency: "EUR", Actor: "ann", Prices: prices}); err != nil {
			t.Fatal(err)
		}
	}
	lists, err := s.PriceLists(ctx)
	if l := lists["alpha"]; err != nil || len(lists) != 1 || len(l.Prices) != 1 || l.Prices["DE"] != 3 || l.At.IsZero() {
		t.Errorf("%+v %v", lists, err)
	}
}
