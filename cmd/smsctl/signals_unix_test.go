//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
)

// A real signal to this process drains, and after close the process has its default handling back.
func TestWatchSignals(t *testing.T) {
	told := make(chan int, 1)
	in := watchSignals(t.Context(), func(n int, _ os.Signal) { told <- n })
	defer in.close()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-in.drain.Done()
	if n := <-told; n != 1 || in.abort.Err() != nil || in.exitCode() != exitTerminated {
		t.Errorf("told %d, abort %v, exit %d", n, in.abort.Err(), in.exitCode())
	}
}
