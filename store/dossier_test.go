package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

func TestDossier(t *testing.T) {
	s, c := lived(t)
	storetest.Campaign(t, s, 3, func(c *campaign.Campaign) { c.Name, c.Identity = "another", "another" }) // must not be counted
	d, err := s.Dossier(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]report.Move{{From: "alpha", To: "beta", N: 1, Cost: 5000}}, d.Moves); diff != "" {
		t.Errorf("moves %s", diff)
	}
	if diff := cmp.Diff([]report.Code{
		{Carrier: "alpha", Class: carriers.ClassRecipientInvalid, Code: "21211", N: 1},
		{Carrier: "alpha", Class: carriers.ClassCarrierTransient, Code: "500", N: 1},
	}, d.Codes, cmp.Transformer("sorted", func(codes []report.Code) map[report.Code]bool {
		m := map[report.Code]bool{}
		for _, c := range codes {
			m[c] = true
		}
		return m
	})); diff != "" {
		t.Errorf("codes %s", diff)
	}
	if diff := cmp.Diff([]report.Size{{Segments: 1, N: 12}}, d.Sizes); diff != "" {
		t.Errorf("sizes %s", diff)
	}
	var cost, wasted report.Money
	for _, x := range d.Spent {
		cost, wasted = cost+x.Cost, wasted+x.Wasted
	}
	if cost != d.Cost.Actual || wasted != 10_000 { // one undelivered, one unknown
		t.Errorf("spent %v of %v, wasted %v", cost, d.Cost.Actual, wasted)
	}
	if len(d.Failures) != 2 || len(d.History) == 0 || d.History[0].Action != "create" {
		t.Errorf("%d failures, history %+v", len(d.Failures), d.History)
	}
	if len(d.Spreads) != 3 || d.Spreads[0].Carrier != "" || len(d.Lines) != 2 {
		t.Errorf("spreads %+v, lines %+v", d.Spreads, d.Lines)
	}
	r, err := s.Report(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.GeneratedAt = d.GeneratedAt
	if diff := cmp.Diff(r, d.Report); diff != "" {
		t.Errorf("the page and the summary differ: %s", diff)
	}
	if _, err := s.Dossier(t.Context(), 99); !errors.Is(err, campaign.ErrNotFound) {
		t.Errorf("a campaign that is not there: %v", err)
	}
}

// A campaign's attempts lie between those of others, which must not be looked at, nor may any of its own be missed.
func TestDossierFindsItsAttemptsAmongOthers(t *testing.T) {
	clock := time.UnixMilli(1_700_000_000_000)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{CacheKB: 256, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, s)
	var made []*campaign.Campaign
	for k := range 3 {
		c := storetest.Campaign(t, s, 40, func(c *campaign.Campaign) { c.Name = fmt.Sprint("c", k); c.Identity = c.Name })
		made = append(made, c)
		due, err := s.Fresh(t.Context(), c.ID, 0, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range due {
			clock = clock.Add(time.Minute)
			b, err := s.Begin(t.Context(), campaign.Start{Lease: storetest.Token, Recipient: d.ID, Carrier: "alpha", Cost: 5000})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.RecordNow(t.Context(), campaign.Outcome{
				Attempt: b.Attempt, Recipient: d.ID, Result: carriers.Refuse(carriers.ClassRecipientInvalid, fmt.Sprint("E", k), "", ""), Counted: true, Next: campaign.Failed,
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SetStatus(t.Context(), c.ID, storetest.Token, campaign.Completed, ""); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(5 * time.Hour)
	}
	for k, c := range made {
		d, err := s.Dossier(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Codes) != 1 || d.Codes[0].N != 40 || d.Codes[0].Code != fmt.Sprint("E", k) {
			t.Errorf("campaign %d: %+v", k, d.Codes)
		}
	}
}

// What others may read by SQL: the views are there, add up, and agree with the report.
func TestViews(t *testing.T) {
	s, c := lived(t)
	db, err := sql.Open("sqlite", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	number := func(query string) (n int64) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	for query, want := range map[string]int64{
		`SELECT eligible FROM v_campaign WHERE campaign = 'spring'`:                                                          12,
		`SELECT queued + sending + accepted + failed + expired + unknown + cancelled + suppressed FROM v_campaign`:           12,
		`SELECT accepted - delivered - undelivered - awaiting - no_receipt FROM v_campaign`:                                  0,
		`SELECT attempts FROM v_campaign`:                                                                                    11,
		`SELECT cost_micros FROM v_campaign`:                                                                                 45_000,
		`SELECT count(*) FROM v_message`:                                                                                     12,
		`SELECT count(*) FROM v_message WHERE state = 'delivered'`:                                                           4,
		`SELECT count(*) FROM v_attempt`:                                                                                     11,
		`SELECT count(*) FROM v_attempt WHERE carrier = 'beta' AND outcome = 'accepted'`:                                     1,
		`SELECT sum(accepted) FROM v_carrier_minute`:                                                                         7,
		`SELECT sum(recipients) FROM v_error`:                                                                                3,
		`SELECT count(*) FROM v_message m JOIN v_attempt a USING (message_id) WHERE a.attempt = 2 AND m.state = 'delivered'`: 1,
	} {
		if got := number(query); got != want {
			t.Errorf("%s = %d, want %d", query, got, want)
		}
	}
	var id, to string
	if err := db.QueryRowContext(t.Context(), `SELECT message_id, "to" FROM v_message ORDER BY recipient_key LIMIT 1`).Scan(&id, &to); err != nil {
		t.Fatal(err)
	}
	all, err := s.Messages(t.Context(), c, store.Filter{Limit: 1})
	if err != nil || all[0].ID != id || all[0].To != to {
		t.Errorf("view says %s %s, the table %+v, %v", id, to, all, err)
	}
	if got := columnsOf(t, db, "v_message"); !strings.HasPrefix(got, "campaign_id,campaign,message_id,row,to,country,number_type,state,error_class,reason,last_carrier,attempts,") {
		t.Errorf("columns of v_message: %s", got)
	}
}

func columnsOf(t *testing.T, db *sql.DB, view string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+view)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || rows.Err() != nil {
		t.Fatal(err, rows.Err())
	}
	return strings.Join(names, ",")
}
