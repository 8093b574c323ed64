package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/schedule"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// traced is a town in which the first people have been through everything that leaves a trace of them.
func traced(t *testing.T) *town {
	t.Helper()
	w := newTown(t, 12, func(c *campaign.Campaign) { c.Settings.Rejects = "/tmp/rejects.csv" })
	w.policy.Replies = store.Replies{Stop: "You get no more.", Help: "Write to help@shop.example"}
	ctx := t.Context()
	for i := range 6 {
		started, err := w.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: w.c.ID<<32 | int64(i+1), Carrier: "alpha"})
		if err != nil {
			t.Fatal(err)
		}
		number := "44770090000" + string(rune('0'+i))
		res := carriers.Accept("vendor-"+number, "HTTP 201")
		res.Detail = "queued for " + number
		if err := w.RecordNow(ctx, campaign.Outcome{Attempt: started.Attempt, Recipient: w.c.ID<<32 | int64(i+1), Result: res, Counted: true, Next: campaign.Awaiting}); err != nil {
			t.Fatal(err)
		}
		if err := w.ApplyReceipts(ctx, "alpha", "webhook", []carriers.Receipt{
			{Ref: started.Ref, State: carriers.ReceiptDelivered, At: time.Now(), Raw: []byte(`{"to":"+` + number + `","also":"447700900000"}`)},
			{ID: "parked-" + number, To: "+" + number, State: carriers.ReceiptSent},
		}); err != nil {
			t.Fatal(err)
		}
	}
	w.hears(0, "who is this? I am on 447700900000")
	w.hears(0, "HELP")
	w.hears(0, "STOP")
	w.hears(7, "please cancel my order") // still queued, held for review
	if _, err := w.Importer(w.c.ID, storetest.Token).Import(ctx, nil, nil); !errors.Is(err, campaign.ErrState) {
		t.Fatal(err)
	}
	other := storetest.Campaign(t, w.Store, 0, func(c *campaign.Campaign) { c.Name, c.Identity = "other", "other" })
	_ = other
	return w
}

// traces finds what is left of a number in the files of the database: as digits, as people write it, as SQLite keeps an
// integer.
func traces(t *testing.T, path string, number uint64) (found []string) {
	t.Helper()
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], number)
	for _, file := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		e164 := "447700900000"[:9] + "00" + string(rune('0'+number%10))
		for what, needle := range map[string][]byte{"digits": []byte(e164), "national digits": []byte(e164[2:]), "integer": b[2:]} {
			if bytes.Contains(data, needle) {
				found = append(found, filepath.Base(file)+": "+what)
			}
		}
	}
	return found
}

// A person who is forgotten is in no byte of the file any more; the sums hold, everybody else is untouched, and they are
// never sent to again.
func TestForget(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := traced(t)
	before, err := w.Counts(ctx, w.c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 7} {
		if len(traces(t, w.Path(), firstPhone+uint64(i))) == 0 {
			t.Fatal("the search finds nothing where there is something")
		}
		res, err := w.Forget(ctx, firstPhone+uint64(i), "ana")
		if err != nil {
			t.Fatal(err)
		}
		if res.Recipients != 1 || res.Inbound == 0 || len(res.Campaigns) != 1 || len(res.Files) != 1 || res.Hash == "" {
			t.Errorf("%+v", res)
		}
		if i == 0 && (res.Attempts != 1 || res.Receipts != 2 || res.Replies == 0 || res.Events != 1 || res.Mentions < 5) {
			t.Errorf("%+v", res)
		}
	}
	if err := w.Scrub(ctx); err != nil {
		t.Fatal(err)
	}
	w.sound()
	for i, gone := range map[int]bool{0: true, 7: true, 1: false} {
		if left := traces(t, w.Path(), firstPhone+uint64(i)); (len(left) == 0) != gone {
			t.Errorf("number %d: %v", i, left)
		}
	}
	if after, err := w.Counts(ctx, w.c.ID); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("%+v, before %+v, %v", after, before, err)
	}
	for _, i := range []int{0, 7} {
		entries, err := w.CheckOptOut(ctx, firstPhone+uint64(i))
		if err != nil || len(entries) != 1 || entries[0].Reason != "forgotten" || entries[0].Scope != optout.All {
			t.Errorf("%+v %v", entries, err)
		}
	}
	set, err := w.OptOuts(ctx, optout.Target{Class: "transactional"})
	if err != nil || !set.Has(firstPhone) || !set.Has(firstPhone+7) || set.Has(firstPhone+1) {
		t.Errorf("at intake: %v", err)
	}
	c := storetest.Campaign(t, w.Store, 9, func(c *campaign.Campaign) { c.Name, c.Identity, c.Type = "autumn", "autumn", campaign.Transactional })
	for i, want := range map[int64]error{0: campaign.ErrOptedOut, 7: campaign.ErrOptedOut, 1: nil} {
		if _, err := w.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: c.ID<<32 | (i + 1), Carrier: "alpha"}); !errors.Is(err, want) {
			t.Errorf("a new list, number %d: %v", i, err)
		}
	}
	w.sound()
}

// A redacted campaign says what it said before, and of whom nobody can tell; deleted, it is gone, and none of its ids comes
// again. Opt-outs stay, with what proves them.
func TestPrune(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := traced(t)
	ids := []int64{w.c.ID}
	before, err := w.Report(ctx, w.c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // again, as after a crash
		if err := w.Redact(ctx, ids, time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Scrub(ctx); err != nil {
		t.Fatal(err)
	}
	w.sound()
	after, err := w.Report(ctx, w.c.ID)
	if err != nil {
		t.Fatal(err)
	}
	before.GeneratedAt, after.GeneratedAt = time.Time{}, time.Time{}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("the report was\n%+v\nand is\n%+v", before, after)
	}
	for i, kept := range map[int]bool{0: true, 1: false, 3: false, 7: true, 8: false} { // 0 and 7 are on the opt-out list
		if left := traces(t, w.Path(), firstPhone+uint64(i)); (len(left) > 0) != kept {
			t.Errorf("number %d: %v", i, left)
		}
	}
	if n, err := w.Retry(ctx, w.c.ID, storetest.Token, "ana", []store.Group{{State: campaign.Failed}, {State: campaign.Unknown}}); n != 0 || err != nil {
		t.Errorf("%d are to be sent to again, %v", n, err)
	}
	if err := w.begin(9); !errors.Is(err, campaign.ErrOptedOut) {
		t.Errorf("a redacted recipient is sent to: %v", err)
	}

	if err := w.Delete(ctx, ids, time.Now()); err != nil {
		t.Fatal(err)
	}
	w.sound()
	if _, err := w.Campaign(ctx, w.c.ID); !errors.Is(err, campaign.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	if scopes := w.scopes(0); len(scopes) != 1 {
		t.Errorf("the opt-out went with it: %v", scopes)
	}
	c := storetest.Campaign(t, w.Store, 1, func(c *campaign.Campaign) { c.Name, c.Identity = "autumn", "autumn" })
	started, err := w.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: c.ID<<32 | 1, Carrier: "alpha"})
	if !errors.Is(err, campaign.ErrOptedOut) { // of the first recipient
		t.Errorf("%+v %v", started, err)
	}
}

// Ids are not given out again when the rows that had them are gone: a late receipt would be taken for another message's.
func TestIDsAfterDelete(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newTown(t, 2, nil)
	first, err := w.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: w.c.ID<<32 | 1, Carrier: "alpha"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(ctx, []int64{w.c.ID}, time.Now()); err != nil {
		t.Fatal(err)
	}
	c := storetest.Campaign(t, w.Store, 1, func(c *campaign.Campaign) { c.Name, c.Identity = "autumn", "autumn" })
	second, err := w.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: c.ID<<32 | 1, Carrier: "alpha"})
	if err != nil || second.Attempt <= first.Attempt {
		t.Errorf("attempt %d after %d, %v", second.Attempt, first.Attempt, err)
	}
	if err := w.ApplyReceipts(ctx, "alpha", "webhook", []carriers.Receipt{{Ref: first.Ref, State: carriers.ReceiptDelivered}}); err != nil {
		t.Error(err)
	}
	w.sound()
}

// A number in the flags of a schedule is in no byte of the file any more either; one that sends to nobody else ends, others
// go on. Schedules that were removed long ago are pruned.
func TestSchedulesForget(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newTown(t, 1, nil)
	const number = 447700900001
	for name, flags := range map[string][]string{
		"alone": {"--to=07700 900001", "--message=Pills"}, "other": {"--csv=a.csv", "--message=Ask +447700900001", "--test-to=+447700900001"},
		"else": {"--to=+447700900002"}, "old": {"--to=+447700900003"},
	} {
		sc := &schedule.Schedule{Name: name, Mode: "simulated", Profile: "default", Expr: "@daily", Zone: "UTC", Flags: flags, Overlap: "skip", CatchUp: "none"}
		if err := w.AddSchedule(ctx, sc); err != nil {
			t.Fatal(err)
		}
		if name == "old" {
			if err := w.RemoveSchedule(ctx, sc.ID, "removed"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Forget(ctx, number, "me"); err != nil {
		t.Fatal(err)
	}
	if err := w.Redact(ctx, nil, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := w.Scrub(ctx); err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{number, 447700900003} {
		if found := traces(t, w.Path(), n); len(found) > 0 {
			t.Errorf("%d: %v", n, found)
		}
	}
	if found := traces(t, w.Path(), 447700900002); len(found) == 0 {
		t.Error("somebody else was forgotten")
	}
	all, err := w.Schedules(ctx, "simulated", "default")
	if err != nil || len(all) != 2 {
		t.Errorf("%d schedules are left, %v", len(all), err)
	}
	w.sound()
}
