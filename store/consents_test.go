package store_test

import (
	"errors"
	"testing"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/store"
)

// A campaign that needs consent sends to nobody without one in the moment of the claim; the last word of a person holds.
func TestConsent(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newTown(t, 5, func(c *campaign.Campaign) { c.Settings.RequireConsent = true })
	give := func(i int, class campaign.MessageType, withdrawn bool) {
		t.Helper()
		if err := w.AddConsents(ctx, []store.Consent{{Phone: firstPhone + uint64(i), Class: class, Withdrawn: withdrawn, Method: "web"}}); err != nil {
			t.Fatal(err)
		}
	}
	give(0, campaign.Promotional, false)
	give(1, campaign.Promotional, false)
	give(1, campaign.Promotional, true)
	give(2, campaign.Transactional, false)
	give(3, campaign.Promotional, true)
	give(3, campaign.Promotional, false)
	set, err := w.Consents(ctx, campaign.Promotional)
	if err != nil || set.Oldest.IsZero() {
		t.Fatal(err)
	}
	for i, agreed := range []bool{true, false, false, true, false} {
		if set.Has(firstPhone+uint64(i)) != agreed {
			t.Errorf("at intake, number %d: %v", i, !agreed)
		}
		var want error
		if !agreed {
			want = campaign.ErrOptedOut
		}
		if err := w.begin(i); !errors.Is(err, want) {
			t.Errorf("claim of %d: %v, want %v", i, err, want)
		}
	}
	if state, reason := w.state(1); state != campaign.Suppressed || reason != "no consent" {
		t.Errorf("%s, %s", state, reason)
	}
	w.sound()
}
