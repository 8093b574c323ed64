package store_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/routing"
	"github.com/smsctl/smsctl/store/storetest"
)

// Outages come with the heartbeats, end with the run or with the last that was heard of it, and are bounded.
func TestOutages(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), storetest.Open(t)
	c := storetest.Campaign(t, s, 1, nil)
	if err := s.Enrol(ctx, []string{"alpha", "beta"}); err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Millisecond).Add(-time.Hour)
	tell := func(lease string, all ...campaign.Outage) {
		t.Helper()
		if err := s.Heartbeat(ctx, c.ID, lease, campaign.Pulse{Until: time.Now().Add(time.Minute), Outages: all}); err != nil {
			t.Fatal(err)
		}
	}
	are := func() []report.Outage {
		t.Helper()
		r, err := s.Report(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return r.Outages
	}
	open := campaign.Outage{Carrier: "alpha", Trouble: routing.TroubleBreaker, Began: at, Times: 1, Why: "carrier error"}
	here := campaign.Outage{Carrier: "beta", Country: "FR", Trouble: routing.TroubleDropped, Began: at.Add(time.Second), Times: 1, Why: "no route"}
	tell(storetest.Token, open, here)
	if got := are(); len(got) != 2 || got[0].Carrier != "alpha" || got[0].Ended != nil || got[1].Country != "FR" || !got[0].Began.Equal(at) {
		t.Fatalf("%+v", got)
	}
	open.Times, open.Ended = 7, at.Add(time.Minute)
	tell(storetest.Token, open)
	if got := are(); len(got) != 2 || got[0].Times != 7 || got[0].Ended == nil || !got[0].Ended.Equal(at.Add(time.Minute)) || got[1].Ended != nil {
		t.Fatalf("%+v", got)
	}
	seen := time.Now().Add(-time.Second)
	gone := func(campaign.Lease) bool { return true }
	if _, err := s.Acquire(ctx, c.ID, campaign.Lease{Token: "next", Host: "test", PID: 2, Until: time.Now().Add(time.Hour)}, gone); err != nil {
		t.Fatal(err)
	}
	if got := are(); got[1].Ended == nil || got[1].Ended.Before(seen) || got[1].Ended.After(time.Now()) {
		t.Fatalf("its holder died: %+v", got)
	}
	if r, err := s.Report(ctx, c.ID); err != nil || r.OutagesDropped != 0 {
		t.Errorf("%d are dropped, %v", r.OutagesDropped, err)
	}
	var many []campaign.Outage
	for i := range 1000 {
		many = append(many, campaign.Outage{Carrier: "beta", Trouble: routing.TroubleSilent, Began: at.Add(time.Duration(2+i) * time.Second), Times: 1, New: true})
	}
	tell("next", many...)
	many[999].Ended, many[999].New = at.Add(time.Hour), false // it was dropped once
	tell("next", many[999])
	if got := are(); len(got) != 300 || got[299].Ended != nil {
		t.Fatalf("%d outages", len(got))
	}
	if r, err := s.Report(ctx, c.ID); err != nil || r.OutagesDropped != 702 { // of 1,002
		t.Errorf("%d are dropped, %v", r.OutagesDropped, err)
	}
	if err := s.Release(ctx, c.ID, "next", campaign.Stopped, ""); err != nil {
		t.Fatal(err)
	}
	if got := are(); got[299].Ended == nil {
		t.Fatal("nobody sends, and it still goes on")
	}
	if err := s.Delete(ctx, []int64{c.ID}, time.Now()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var left int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM outages`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d are left, %v", left, err)
	}
}
