//go:build linux || darwin

package store

import "syscall"

// diskFree is the room that is left for us on the disk of dir; nil where it cannot be told.
func diskFree(dir string) *int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return nil
	}
	n := int64(st.Bavail) * int64(st.Bsize) //nolint:gosec,unconvert // the types differ between systems
	return &n
}
