package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
)

// What people wait for at every key costs the same whatever the size of a campaign: lists, counts, completion and the
// summary read no row of a recipient, an attempt or a receipt. The proof takes those rows away and asks again.
func TestListsReadNoRows(t *testing.T) {
	s, c := lived(t)
	ctx := t.Context()
	type answers struct {
		Campaigns []*campaign.Campaign
		Names     []store.Name
		Counts    campaign.Counts
		Spent     any
		Report    *report.Report
		Info      *store.Info
	}
	ask := func() (a answers) {
		t.Helper()
		var err error
		must := func(e error) {
			t.Helper()
			if e != nil {
				t.Fatal(e)
			}
		}
		a.Campaigns, err = s.Campaigns(ctx, campaign.Simulated, "default", 0)
		must(err)
		a.Names, err = store.PeekCampaigns(ctx, s.Path(), campaign.Simulated, "default", 100)
		must(err)
		a.Counts, err = s.Counts(ctx, c.ID)
		must(err)
		a.Spent, err = s.Spent(ctx, c.ID)
		must(err)
		a.Report, err = s.Report(ctx, c.ID)
		must(err)
		return a
	}
	before := ask()
	if len(before.Names) != 1 || before.Counts.Eligible != 12 {
		t.Fatalf("%+v", before)
	}
	db, err := sql.Open("sqlite", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"recipients", "contents", "attempts", "receipts", "rejects"} {
		if _, err := db.ExecContext(ctx, `DELETE FROM `+table); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, ask(), cmpopts.IgnoreFields(report.Report{}, "GeneratedAt")); diff != "" {
		t.Errorf("rows are read: %s", diff)
	}
}

// The queries that completion and the page make use an index or the primary key, and never sort a whole table.
func TestPeekAndPageQueriesUseIndexes(t *testing.T) {
	s, _ := lived(t)
	db, err := sql.Open("sqlite", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for query, want := range map[string]string{
		`SELECT count(*) FROM recipients WHERE id > 1 AND id < 2 AND (segments <> 1 OR ucs2 <> 0)`:                     "USING INTEGER PRIMARY KEY",
		`SELECT count(*) FROM attempts WHERE id BETWEEN 1 AND 9 AND recipient_id > 1 AND recipient_id < 2`:             "USING INTEGER PRIMARY KEY",
		`SELECT id, begun_at FROM attempts WHERE id >= 5 ORDER BY id LIMIT 1`:                                          "USING INTEGER PRIMARY KEY",
		`SELECT code, count(*) FROM rejects WHERE campaign_id = 1 GROUP BY code`:                                       "rejects_campaign",
		`SELECT n FROM recipient_counts WHERE campaign_id = 1`:                                                         "USING PRIMARY KEY",
		`SELECT n FROM attempt_counts WHERE campaign_id = 1`:                                                           "USING PRIMARY KEY",
		`SELECT * FROM v_campaign WHERE campaign = 'spring'`:                                                           "recipient_counts",
		`SELECT * FROM v_message WHERE recipient_key BETWEEN 1 AND 2`:                                                  "USING INTEGER PRIMARY KEY",
		`SELECT name, state, created_at FROM campaigns WHERE mode = 'live' AND profile = 'x' ORDER BY id DESC LIMIT 9`: "campaigns",
	} {
		plan := planOf(t, db, query)
		if !strings.Contains(plan, want) || strings.Contains(plan, "SCAN recipients") || strings.Contains(plan, "SCAN attempts") {
			t.Errorf("%s: %s", query, plan)
		}
	}
}

// planOf is how SQLite would answer.
func planOf(t *testing.T, db *sql.DB, query string) (plan string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan += detail + "; "
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}
