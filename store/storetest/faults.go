package storetest

import (
	"context"
	"database/sql"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Lock holds the write lock of the database at path, as another program would, until the returned function is called.
func Lock(tb testing.TB, path string) (unlock func()) {
	tb.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		tb.Fatal(err)
	}
	c, err := db.Conn(context.Background())
	if err == nil {
		_, err = c.ExecContext(context.Background(), `BEGIN IMMEDIATE`)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return func() {
		tb.Helper()
		_, err := c.ExecContext(context.Background(), `ROLLBACK`)
		for _, e := range []error{err, c.Close(), db.Close()} {
			if e != nil {
				tb.Fatal(e)
			}
		}
	}
}

// SmallDisk is a folder on a disk of its own of that many kilobytes, unmounted at the test's end. "" says that this
// machine does not let us mount one.
func SmallDisk(tb testing.TB, size string) string {
	tb.Helper()
	if runtime.GOOS != "linux" {
		return ""
	}
	dir := filepath.Join(tb.TempDir(), "disk")
	mount := exec.CommandContext(tb.Context(), "sh", "-c", `mkdir "$0" && mount -t tmpfs -o size="$1" tmpfs "$0"`, dir, size)
	if mount.Run() != nil {
		return ""
	}
	tb.Cleanup(func() {
		if out, err := exec.CommandContext(context.Background(), "umount", dir).CombinedOutput(); err != nil {
			tb.Errorf("unmounting: %v: %s", err, out)
		}
	})
	return dir
}
