//go:build !linux && !darwin

package store

// diskFree is the room that is left for us on the disk of dir; nil where it cannot be told.
func diskFree(string) *int64 { return nil }
