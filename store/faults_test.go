package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, store.Options{CacheKB: 256, BusyTimeout: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeAtEnd(t *testing.T, s *store.Store) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// sound fails the test unless the database proves.
func sound(t *testing.T, s *store.Store) {
	t.Helper()
	res, err := s.Check(context.Background(), true)
	if err != nil || len(res.Findings) > 0 {
		t.Errorf("check: %v %v", err, res.Findings)
	}
}

// Another program that sits on the write lock gets a clear error from those who wait, and takes no outcome from those
// who do not: it is written when the lock is gone.
func TestALockedDatabaseLosesNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	c := storetest.Campaign(t, s, 3, nil)
	due, err := s.Fresh(t.Context(), c.ID, 0, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	start := campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "alpha"}
	b, err := s.Begin(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	unlock := storetest.Lock(t, s.Path())
	o := campaign.Outcome{Attempt: b.Attempt, Recipient: due[0].ID, Result: carriers.Accept("id", "HTTP 201"), Next: campaign.Awaiting}
	if err := s.Record(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	start.Recipient = due[1].ID
	if _, err := s.Begin(t.Context(), start); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Begin: %v, want ErrLocked", err)
	}
	rs := []carriers.Receipt{{Ref: b.Ref, State: carriers.ReceiptDelivered}}
	if err := s.ApplyReceipts(t.Context(), "alpha", "webhook", rs); !errors.Is(err, store.ErrLocked) {
		t.Errorf("ApplyReceipts: %v, want ErrLocked: the carrier must not be told that we have it", err)
	}
	if _, err := store.Open(t.Context(), filepath.Join(filepath.Dir(s.Path()), "s.db"), store.Options{BusyTimeout: 10 * time.Millisecond}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Open: %v, want ErrLocked", err)
	}
	if n, err := s.Counts(t.Context(), c.ID); err != nil || n.Sending != 1 {
		t.Errorf("reading goes on: %+v, %v", n, err)
	}
	unlock()
	if _, err := s.Begin(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	n, err := s.Counts(t.Context(), c.ID)
	if err != nil || n.Awaiting != 1 || n.Sending != 1 || n.Queued != 1 || !n.Reconciled() {
		t.Errorf("after the lock: %+v, %v", n, err)
	}
	sound(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Outcomes that cannot be written to the end are named when the store is closed.
func TestCloseNamesWhatItCouldNotWrite(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	c := storetest.Campaign(t, s, 1, nil)
	due, err := s.Fresh(t.Context(), c.ID, 0, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Begin(t.Context(), campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "alpha"})
	if err != nil {
		t.Fatal(err)
	}
	unlock := storetest.Lock(t, s.Path())
	defer unlock()
	if err := s.Record(t.Context(), campaign.Outcome{Attempt: b.Attempt, Recipient: due[0].ID, Result: carriers.Accept("id", ""), Next: campaign.Awaiting}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "1 outcomes could not be written") {
		t.Errorf("Close: %v", err)
	}
}

// A full disk stops sending with a clear error; what was acknowledged stays, the file proves, and with room again the
// campaign goes on.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Run("disk", func(t *testing.T) {
		dir := storetest.SmallDisk(t, "2m")
		if dir == "" {
			t.Skip("no small disk can be mounted here; the limit on pages stands for it")
		}
		ballast := filepath.Join(dir, "ballast")
		s := open(t, filepath.Join(dir, "s.db"))
		fill(t, s, func() {
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		}, func() {
			if err := os.WriteFile(ballast, make([]byte, 600<<10), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("pages", func(t *testing.T) {
		s := open(t, filepath.Join(t.TempDir(), "s.db"))
		fill(t, s, func() { store.LimitPages(t, s, 1<<30) }, func() { store.LimitPages(t, s, 90) })
	})
}

// fill begins attempts with long reasons until the disk that shrink has made small is full, then has room make some.
func fill(t *testing.T, s *store.Store, room, shrink func()) {
	t.Helper()
	c := storetest.Campaign(t, s, 400, nil)
	due, err := s.Fresh(t.Context(), c.ID, 0, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	shrink()
	begun := 0
	start := func(i int) (campaign.Started, error) {
		return s.Begin(t.Context(), campaign.Start{Lease: storetest.Token, Recipient: due[i].ID, Carrier: "alpha", Why: strings.Repeat("x", 8000)})
	}
	var last campaign.Started
	for ; begun < len(due); begun++ {
		b, e := start(begun)
		if err = e; e != nil {
			break
		}
		last = b
	}
	if !errors.Is(err, store.ErrFull) || begun == 0 {
		t.Fatalf("after %d attempts: %v, want ErrFull", begun, err)
	}
	t.Logf("full after %d attempts: %v", begun, err)
	if n, err := s.Counts(t.Context(), c.ID); err != nil || n.Sending != int64(begun) || !n.Reconciled() {
		t.Errorf("%d attempts were committed, the database says %+v, %v", begun, n, err)
	}
	late := campaign.Outcome{Attempt: last.Attempt, Recipient: due[begun-1].ID, Result: carriers.Refuse(carriers.ClassUnknown, "", "", strings.Repeat("y", 8000)), Next: campaign.Failed}
	if err := s.Record(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if _, err := start(begun); !errors.Is(err, store.ErrFull) {
		t.Errorf("still full: %v, want ErrFull", err)
	}
	room()
	if _, err := start(begun); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	n, err := s.Counts(t.Context(), c.ID)
	if err != nil || n.Sending != int64(begun) || n.Failed != 1 || !n.Reconciled() {
		t.Errorf("with room again: %+v, %v", n, err)
	}
	sound(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A file that is none of ours, or was damaged, is refused with a sentence and left as it was.
func TestAForeignFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	s := open(t, whole)
	storetest.Campaign(t, s, 500, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"text":     []byte(strings.Repeat("phone,name\n+447700900123,Ana\n", 100)),
		"beheaded": append(make([]byte, 4096), good[4096:]...),
		"cut":      good[:5000],
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), path, store.Options{})
		if err == nil { // what SQLite finds only when it reads further
			_, err = s.Check(t.Context(), true)
			if e := s.Close(); err == nil {
				err = e
			}
		}
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	// Damage in the middle of a table is what check is for.
	broken := append([]byte{}, good...)
	copy(broken[len(broken)/2:], fmt.Sprintf("%4096s", "damage"))
	path := filepath.Join(dir, "broken")
	if err := os.WriteFile(path, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = store.Open(t.Context(), path, store.Options{})
	if err != nil { // it lies where everybody reads
		if !errors.Is(err, store.ErrCorrupt) {
			t.Error(err)
		}
		return
	}
	closeAtEnd(t, s)
	res, err := s.Check(t.Context(), true)
	if err == nil && len(res.Findings) == 0 {
		t.Error("check finds nothing in a damaged file")
	}
}
