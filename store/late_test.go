package store_test

import (
	"testing"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
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
