package store_test

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/store/storetest"
)

// Who shares the carriers' limits: campaigns that send. One with transactional messages only while it has some to send.
func TestSharing(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	ads := storetest.Campaign(t, s, 2, nil)
	urgent := storetest.Campaign(t, s, 1, func(c *campaign.Campaign) { c.Name, c.Identity, c.Type = "codes", "codes", campaign.Transactional })
	is := func(self int64, promotional, transactional int) {
		t.Helper()
		if p, u, err := s.Sharing(t.Context(), self); err != nil || p != promotional || u != transactional {
			t.Errorf("%d and %d, %v; want %d and %d", p, u, err, promotional, transactional)
		}
	}
	is(ads.ID, 0, 0)
	for _, c := range []*campaign.Campaign{ads, urgent} {
		if err := s.SetStatus(t.Context(), c.ID, storetest.Token, campaign.Running, ""); err != nil {
			t.Fatal(err)
		}
	}
	is(ads.ID, 1, 1)
	due, err := s.Fresh(t.Context(), urgent.ID, 0, 0, 10)
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	if _, err := s.Begin(t.Context(), campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "alpha"}); err != nil {
		t.Fatal(err)
	}
	is(ads.ID, 1, 0)
	is(urgent.ID, 1, 1)
	if err := s.Heartbeat(t.Context(), ads.ID, storetest.Token, campaign.Pulse{Until: time.Now().Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
	is(urgent.ID, 0, 1)
}
