package main

import (
	"os"
	"strconv"
	"time"
)

// clocked is the program with a clock of the test's: it begins at SMSCTL_TEST_CLOCK, in milliseconds since 1970, and goes on
// from there as clocks do.
const clocked = "smsctl-clocked"

func mainByClock() {
	ms, err := strconv.ParseInt(os.Getenv("SMSCTL_TEST_CLOCK"), 10, 64)
	if err != nil {
		panic(err)
	}
	began, a := time.Now(), systemApp()
	a.now = func() time.Time { return time.UnixMilli(ms).Add(time.Since(began)) }
	os.Exit(run(os.Args[1:], a))
}
