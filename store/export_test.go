package store

import (
	"fmt"
	"testing"
)

// LimitPages has SQLite take the disk for full when the file has that many pages: where no small disk can be mounted.
// The writer must be idle.
func LimitPages(tb testing.TB, s *Store, n int) {
	tb.Helper()
	if _, err := s.w.c.row(row(1), fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
		tb.Fatal(err)
	}
}
