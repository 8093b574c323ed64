package store

import (
	"context"
	"fmt"
)

// Enrol makes carriers known by their names, whether or not any attempt is made on them: decisions name those too that
// were passed over.
func (s *Store) Enrol(ctx context.Context, carriers []string) error {
	missing := false
	for _, name := range carriers {
		_, known := s.names.id(name)
		missing = missing || !known
	}
	if !missing {
		return nil
	}
	if err := s.w.do(ctx, opFunc(func(tx *txn) error {
		for _, name := range carriers {
			if _, err := s.carrierID(tx, name); err != nil {
				return err
			}
		}
		return nil
	})); err != nil {
		return fmt.Errorf("enrolling carriers: %w", err)
	}
	return nil
}
