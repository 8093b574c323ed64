package store_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// Where somebody is at work on the file it stays owed to rewrite it, also after the program has ended; once it is, nothing is
// left of what was taken out.
func TestScrubIsOwed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "smsctl.db")
	open := func() *store.Store {
		t.Helper()
		s, err := store.Open(ctx, path, store.Options{BusyTimeout: 30 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	owes := func(s *store.Store, want bool) {
		t.Helper()
		if got, err := s.OwesScrub(ctx); got != want || err != nil {
			t.Fatalf("owed: %v, %v", got, err)
		}
	}
	s := open()
	c := storetest.Campaign(t, s, 3, nil)
	owes(s, false)
	if busy, err := s.Busy(ctx); !busy || err != nil {
		t.Errorf("busy: %v, %v", busy, err)
	}
	if err := s.Release(ctx, c.ID, storetest.Token, campaign.Stopped, ""); err != nil {
		t.Fatal(err)
	}
	if busy, err := s.Busy(ctx); busy || err != nil {
		t.Errorf("busy: %v, %v", busy, err)
	}

	reader, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := reader.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM recipients`).Scan(&n); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	if err := s.Redact(ctx, []int64{c.ID}, time.Now()); err != nil {
		t.Fatal(err)
	}
	owes(s, true)
	if err := s.Scrub(ctx); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("somebody reads: %v", err)
	}
	owes(s, true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer func() { _ = s.Close() }()
	owes(s, true)
	if len(traces(t, path, firstPhone+1)) == 0 {
		t.Error("the search finds nothing where there is something")
	}
	if err := errors.Join(tx.Rollback(), reader.Close(), s.Scrub(ctx)); err != nil {
		t.Fatal(err)
	}
	owes(s, false)
	if left := traces(t, path, firstPhone+1); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
