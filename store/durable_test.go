package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A database may be named by a symbolic link: its log lies beside the file, not beside the link.
func TestOpenByALink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(filepath.Join(dir, "s.db"), link); err != nil {
		t.Skip(err)
	}
	for range 2 { // it is made, then found
		s, err := Open(t.Context(), link, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.w.do(t.Context(), opFunc(func(*txn) error { return nil })); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A sync that fails while the next transaction is open is that one's failure too: what a later sync brings to the disk is
// worth nothing without what lies before it.
func TestNothingIsPromisedAfterAFailedSync(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("the disk has failed")
	if err := s.w.do(t.Context(), opFunc(func(*txn) error { s.w.synced(failed); return nil })); !errors.Is(err, failed) {
		t.Errorf("whoever was in the open transaction heard %v", err)
	}
	if err := s.w.do(t.Context(), opFunc(func(*txn) error { return nil })); !errors.Is(err, failed) {
		t.Errorf("whoever came later heard %v", err)
	}
	if err := s.Close(); !errors.Is(err, failed) {
		t.Errorf("Close: %v", err)
	}
}
