package main

import (
	"os"
	"syscall"
)

// stopSignals drain a running campaign.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// statusSignals ask for a line of progress at once: there is no such signal here.
func statusSignals() []os.Signal { return nil }
