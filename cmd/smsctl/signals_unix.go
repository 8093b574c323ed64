//go:build unix

package main

import (
	"os"
	"syscall"
)

// stopSignals drain a running campaign: Ctrl-C, a service manager's stop, and the loss of the terminal.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// statusSignals ask for a line of progress at once.
func statusSignals() []os.Signal { return []os.Signal{syscall.SIGUSR1} }
