package store_test

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// A receipt that came before the answer which names the carrier's id was passed by whoever follows the receipts. It is
// followed when it finds its message: one that says "failed" sends the message on.
func TestAParkedReceiptIsFollowedWhenItFindsItsMessage(t *testing.T) {
	l := newLong(t, 2)
	b := l.begin(0)
	l.receipt(carriers.Receipt{ID: "x1", State: carriers.ReceiptFailed, Class: carriers.ClassCarrierTransient})
	other := l.begin(1)
	l.answer(1, other, "y1")
	l.receipt(carriers.Receipt{ID: "y1", State: carriers.ReceiptDelivered})
	arrived, cursor, err := l.s.Follow(t.Context(), l.c.ID, 0, 100, true)
	if err != nil || len(arrived) != 1 || arrived[0].Attempt != other.Attempt {
		t.Fatalf("%+v, %v", arrived, err)
	}
	l.answer(0, b, "x1")
	if arrived, _, err = l.s.Follow(t.Context(), l.c.ID, cursor, 100, true); err != nil || len(arrived) != 1 ||
		arrived[0].Attempt != b.Attempt || arrived[0].Now != campaign.Undelivered || arrived[0].State != carriers.ReceiptFailed {
		t.Errorf("%+v, %v", arrived, err)
	}
	sound(t, l.s)
}

// A message that is queued again while its campaign is being ended is seen as something left to do.
func TestReleaseSeesWhatWasQueuedMeanwhile(t *testing.T) {
	l := newLong(t, 1)
	b := l.begin(0)
	o := campaign.Outcome{Attempt: b.Attempt, Recipient: l.due[0].ID, Result: carriers.Refuse(carriers.ClassThrottled, "", "429", ""), Next: campaign.Queued}
	if err := l.s.RecordNow(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := l.s.Release(t.Context(), l.c.ID, storetest.Token, campaign.Completed, ""); err != nil {
		t.Fatal(err)
	}
	c, err := l.s.Campaign(t.Context(), l.c.ID)
	if err != nil || c.Status != campaign.Incomplete {
		t.Errorf("%v, %v", c.Status, err)
	}
	sound(t, l.s)
}

// A refused message that a late receipt proves to be taken is awaited, and its campaign is not completed any more.
func TestALateReceiptOfARefusedMessageUnsettlesItsCampaign(t *testing.T) {
	for _, held := range []bool{false, true} {
		l := newLong(t, 1)
		b := l.begin(0)
		o := campaign.Outcome{
			Attempt: b.Attempt, Recipient: l.due[0].ID, Next: campaign.Failed,
			Result: carriers.Refuse(carriers.ClassRecipientInvalid, "", "400", "no such number"),
		}
		if err := l.s.RecordNow(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		release := func() {
			if err := l.s.Release(t.Context(), l.c.ID, storetest.Token, campaign.Completed, ""); err != nil {
				t.Fatal(err)
			}
		}
		if !held {
			release()
		}
		l.receipt(carriers.Receipt{Ref: b.Ref, State: carriers.ReceiptSent})
		if held { // its holder has read the sums before that receipt came
			release()
		}
		c, err := l.s.Campaign(t.Context(), l.c.ID)
		if err != nil || c.Status != campaign.Settling || !c.SettledAt.IsZero() {
			t.Errorf("held %v: %v, settled at %v, %v", held, c.Status, c.SettledAt, err)
		}
		sound(t, l.s)
	}
}

// A carrier that says "too fast" has refused nothing for good: it is not failing.
func TestThrottlingIsNoFailureOfACarrier(t *testing.T) {
	l := newLong(t, 2)
	for i, class := range []carriers.Class{carriers.ClassThrottled, carriers.ClassCarrierTransient} {
		b := l.begin(i)
		o := campaign.Outcome{Attempt: b.Attempt, Recipient: l.due[i].ID, Result: carriers.Refuse(class, "", "", ""), Next: campaign.Queued}
		if err := l.s.RecordNow(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	all, err := l.s.Traffic(t.Context(), time.Now().Add(-time.Hour))
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	for name, got := range all {
		if got.Failed != 1 || got.Accepted != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	sound(t, l.s)
}

// Whoever sends a campaign reads from it which carriers' breakers a person has closed, and when last.
func TestResetsAreRead(t *testing.T) {
	l := newLong(t, 1)
	for _, name := range []string{"a", "b", "a"} {
		if err := l.s.Wish(t.Context(), l.c.ID, store.Wish{Actor: "ana", Action: store.ResetAction, Detail: name}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := l.s.Campaign(t.Context(), l.c.ID)
	if err != nil || len(c.Resets) != 2 || c.Resets["a"].IsZero() || c.Resets["a"].Before(c.Resets["b"]) {
		t.Errorf("%v, %v", c.Resets, err)
	}
}
