package store_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/store"
)

// Several programs start at the same moment on a database that is not there yet: none of them is turned away.
func TestManyOpenANewDatabase(t *testing.T) {
	t.Parallel()
	for range 10 {
		path := filepath.Join(t.TempDir(), "smsctl.db")
		ids := make([]string, 8)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				s, err := store.Open(t.Context(), path, store.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = s.ID()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("they do not agree on the database's id: %q", ids)
			}
		}
	}
}
