package store_test

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

func TestReportFromRollups(t *testing.T) {
	s, c := lived(t)
	r, err := s.Report(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Reconciled || !r.Partial || r.ExitCode != 8 || r.Counts.Delivered != 4 || r.Counts.Rescued != 1 {
		t.Errorf("report %+v", r.Counts)
	}
	// alpha: eight attempts that it did not refuse and two that it did; beta: one
	if len(r.Carriers) != 2 || r.Carriers[0].Name != "alpha" || r.Carriers[1].Name != "beta" {
		t.Fatalf("carriers %+v", r.Carriers)
	}
	a, b := r.Carriers[0], r.Carriers[1]
	if a.Attempts != 10 || a.Accepted != 6 || a.Refused != 2 || a.Ambiguous != 1 || a.Sending != 1 || a.Delivered != 3 || a.Undelivered != 1 || a.Rescued != 0 || a.Cost != 40_000 {
		t.Errorf("alpha %+v", a)
	}
	if b.Attempts != 1 || b.Accepted != 1 || b.Delivered != 1 || b.Rescued != 1 || b.Cost != 5000 || *b.Confirmed.Value != 1 {
		t.Errorf("beta %+v", b)
	}
	if r.Cost.Actual != 45_000 || r.Cost.PerDelivered.String() != "0.01125" || r.Cost.Estimated != 120_000 {
		t.Errorf("cost %+v", r.Cost)
	}
	if len(r.Countries) != 1 || r.Countries[0].Eligible != 12 || r.Countries[0].Cost != 45_000 || r.Countries[0].Delivered != 4 {
		t.Errorf("countries %+v", r.Countries)
	}
	got := map[carriers.Class]int64{}
	for _, e := range r.Errors {
		got[e.Class] = e.Count
	}
	if len(got) != 3 || got[carriers.ClassRecipientInvalid] != 1 || got[carriers.ClassAmbiguous] != 1 || got[carriers.ClassContentRejected] != 1 {
		t.Errorf("errors %v", got)
	}
	if r.Latency.Accept.N != 7 || r.Latency.DLR.N != 5 || r.Latency.DLR.P50 == nil {
		t.Errorf("latency %+v", r.Latency)
	}
	if sum := r.Series.Accepted; len(sum) == 0 || sum[0] == 0 || len(r.Series.ByCarrier["alpha"]) != len(sum) || r.Throughput.Peak == 0 {
		t.Errorf("series %+v, peak %v", r.Series, r.Throughput.Peak)
	}
	if _, err := s.Report(t.Context(), 99); !errors.Is(err, campaign.ErrNotFound) {
		t.Errorf("a campaign that is not there: %v", err)
	}
}

// Quantiles come from buckets that are eight percent wide: they may be off by that, never more.
func TestQuantilesAreNearTheTruth(t *testing.T) {
	clock := time.UnixMilli(1_700_000_000_000)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{CacheKB: 256, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, s)
	c := storetest.Campaign(t, s, 200, nil)
	due, err := s.Fresh(t.Context(), c.ID, 0, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range due { // 10 ms, 20 ms … 2 s
		b, err := s.Begin(t.Context(), campaign.Start{Lease: storetest.Token, Recipient: d.ID, Carrier: "alpha"})
		if err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(time.Duration(10*(i+1)) * time.Millisecond)
		if err := s.RecordNow(t.Context(), campaign.Outcome{Attempt: b.Attempt, Recipient: d.ID, Result: carriers.Accept("x", ""), Next: campaign.Awaiting}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Report(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	q := r.Latency.Accept
	for _, p := range []struct {
		got  *float64
		want float64
	}{{q.P50, 1000}, {q.P90, 1800}, {q.P95, 1900}, {q.P99, 1980}, {q.Max, 2000}} {
		if p.got == nil || math.Abs(*p.got-p.want) > 0.08*p.want {
			t.Errorf("quantile %v, want %v", p.got, p.want)
		}
	}
	if q.N != 200 {
		t.Errorf("n = %d", q.N)
	}
}

func TestMessageRows(t *testing.T) {
	s, c := lived(t)
	all, err := s.Messages(t.Context(), c, store.Filter{})
	if err != nil || len(all) != 12 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	rescued := all[3]
	if rescued.State != campaign.Delivered || rescued.Carrier != "beta" || rescued.Attempts != 2 || !rescued.Rescued || rescued.FinalAt == nil ||
		rescued.DLRMS == nil || rescued.Row != 5 || rescued.To != "+447700900003" || rescued.Class != "" || rescued.Cost != 5000 {
		t.Errorf("the rescued one: %+v", rescued)
	}
	if m := all[4]; m.State != campaign.Failed || m.Class != carriers.ClassRecipientInvalid || m.Code != "21211" || m.Error != "no such number" || m.Actionable {
		t.Errorf("the failed one: %+v", m)
	}
	for name, f := range map[string]struct {
		f    store.Filter
		want int
	}{
		"state":   {store.Filter{States: []campaign.State{campaign.Failed, campaign.Unknown}}, 2},
		"class":   {store.Filter{Class: carriers.ClassAmbiguous}, 1},
		"carrier": {store.Filter{Carrier: "beta"}, 1},
		"country": {store.Filter{Country: "FR"}, 0},
		"number":  {store.Filter{Phone: 447_700_900_003}, 1},
		"limit":   {store.Filter{Limit: 5}, 5},
	} {
		if got, err := s.Messages(t.Context(), c, f.f); err != nil || len(got) != f.want {
			t.Errorf("%s: %d messages, %v, want %d", name, len(got), err, f.want)
		}
	}
	n := 0
	if err := s.EachAttempt(t.Context(), c, store.Filter{}, func(a *report.Attempt) error {
		n++
		if a.Why != a.Carrier+":weight" || a.Ref == "" {
			t.Errorf("attempt %+v", a)
		}
		return nil
	}); err != nil || n != 11 {
		t.Errorf("%d attempts, %v", n, err)
	}
	var failed []string
	if err := s.EachFailure(t.Context(), c, store.Filter{}, func(f *report.Failure) error {
		failed = append(failed, strings.Join(f.Row, ",")+" "+string(f.State))
		return nil
	}); err != nil || strings.Join(failed, "; ") != "+447700900004,Ana failed; +447700900006,Ana undelivered" {
		t.Errorf("failures %q, %v", failed, err)
	}
}

func TestMessageDetail(t *testing.T) {
	s, c := lived(t)
	d, err := s.Message(t.Context(), c, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.History) != 2 || len(d.Receipts) != 3 || d.Text != "Hi Ana" || d.Receipts[2].Applied || !d.Receipts[1].Applied || len(d.Timeline) != 8 {
		t.Errorf("%d attempts, receipts %+v, timeline %+v", len(d.History), d.Receipts, d.Timeline)
	}
	same, err := s.Message(t.Context(), c, 0, 447_700_900_003)
	if err != nil || same.ID != d.ID {
		t.Errorf("by number: %v, %v", same, err)
	}
	for _, none := range []int64{0, 99} {
		if _, err := s.Message(t.Context(), c, none, 33_600_000_000); !errors.Is(err, campaign.ErrNotFound) {
			t.Errorf("sequence %d: %v", none, err)
		}
	}
	if ids, err := s.CampaignsTo(t.Context(), 447_700_900_003); err != nil || len(ids) != 1 || ids[0] != c.ID {
		t.Errorf("campaigns %v, %v", ids, err)
	}
}

// A receipt that came before the answer which names the carrier's id was parked, and the story says so.
func TestDetailShowsParkedReceipts(t *testing.T) {
	clock := time.UnixMilli(1_700_000_000_000)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{CacheKB: 256, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, s)
	c := storetest.Campaign(t, s, 1, nil)
	due, err := s.Fresh(t.Context(), c.ID, 0, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Begin(t.Context(), campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "vonage", ByID: true})
	if err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Second)
	if err := s.ApplyReceipts(t.Context(), "vonage", "webhook", []carriers.Receipt{{ID: "0C000000", State: carriers.ReceiptDelivered}}); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Second)
	o := campaign.Outcome{Attempt: b.Attempt, Recipient: due[0].ID, Result: carriers.Accept("0C000000", "HTTP 200"), Next: campaign.Awaiting}
	if err := s.RecordNow(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	d, err := s.Message(t.Context(), c, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if d.State != campaign.Delivered || len(d.Receipts) != 1 || d.Receipts[0].MatchedAt == nil || !d.Receipts[0].MatchedAt.Equal(clock) {
		t.Errorf("state %s, receipts %+v", d.State, d.Receipts)
	}
}

func TestRejectRows(t *testing.T) {
	s := storetest.Open(t)
	c := &campaign.Campaign{Name: "x", Mode: campaign.Simulated, Type: campaign.Promotional, Columns: []string{"phone"}}
	if err := s.CreateCampaign(t.Context(), c, campaign.Lease{Token: "t", Until: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	rejects := []campaign.Reject{
		{Line: 2, Record: 1, Column: "phone", Code: "phone.too_short", Message: "too few digits", Cells: []string{"12"}},
		{Line: 3, Record: 2, Code: campaign.CodeOptedOut, Message: "opted out", Cells: []string{"+447700900001"}},
	}
	if _, err := s.Importer(c.ID, "t").Import(t.Context(), nil, rejects); err != nil {
		t.Fatal(err)
	}
	for invalid, want := range map[bool]int{true: 2, false: 3} {
		var lines []int
		if err := s.EachReject(t.Context(), c, invalid, func(r *report.Reject) error {
			lines = append(lines, r.Reject.Line)
			return nil
		}); err != nil || len(lines) != 1 || lines[0] != want {
			t.Errorf("invalid %v: lines %v, %v", invalid, lines, err)
		}
	}
}

func TestInfoAndBackup(t *testing.T) {
	s, c := lived(t)
	i, err := s.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i.Schema != store.SchemaVersion() || i.Campaigns != 1 || i.Recipients != 12 || i.Attempts != 11 || i.Receipts != 14 || i.Parked != 1 || i.OptOuts != 1 ||
		i.Size == 0 || i.SQLite == "" {
		t.Errorf("info %+v", i)
	}
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(to); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the copy's mode is %v, %v", st.Mode(), err)
	}
	if err := s.Backup(t.Context(), to); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second backup to the same name: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(to))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the copy there are %v, %v", left, err)
	}
	copied := open(t, to)
	closeAtEnd(t, copied)
	sound(t, copied)
	was, e1 := s.Counts(t.Context(), c.ID)
	is, e2 := copied.Counts(t.Context(), c.ID)
	if errors.Join(e1, e2) != nil || was != is {
		t.Errorf("counts %+v, in the copy %+v", was, is)
	}
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("into no folder: %v", err)
	}
}

func TestPendingMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	p, err := store.PendingMigrations(t.Context(), path)
	if err != nil || p.From != 0 || len(p.Run) == 0 || p.To != store.SchemaVersion() {
		t.Fatalf("no file: %+v, %v", p, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("looking made the file")
	}
	if _, saved, err := store.Migrate(t.Context(), path, store.Options{}); err != nil || saved != "" {
		t.Fatalf("saved %q, %v", saved, err)
	}
	if p, err = store.PendingMigrations(t.Context(), path); err != nil || p.From != store.SchemaVersion() || len(p.Run) != 0 {
		t.Errorf("up to date: %+v, %v", p, err)
	}
	pragma(t, path, fmt.Sprintf(`PRAGMA user_version = %d`, store.SchemaVersion()+1))
	if _, err := store.PendingMigrations(t.Context(), path); !errors.Is(err, store.ErrNewer) {
		t.Errorf("a newer schema: %v", err)
	}
	if _, err := store.Open(t.Context(), path, store.Options{}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("a newer schema: %v", err)
	}
}

func pragma(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); errors.Join(err, db.Close()) != nil {
		t.Fatal(err)
	}
}

// The numbers that leave the store as CSV are those of its rows, at any size of the writer's buffers.
func TestExportedCSV(t *testing.T) {
	s := storetest.Open(t)
	c := storetest.Campaign(t, s, 3000, nil)
	var b bytes.Buffer
	full, err := report.PrivacyOf(report.Full, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := report.NewWriter(&b, report.CSV, report.Messages.Like(nil), report.Options{Privacy: full})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.EachMessage(t.Context(), c, store.Filter{}, func(m *report.Message) error { return w.Write(m) }), w.Close()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 3001 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		seen[r[4]] = true
	}
	if len(seen) != 3000 {
		t.Errorf("%d different numbers", len(seen))
	}
}
