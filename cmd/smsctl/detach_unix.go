//go:build unix

package main

import "syscall"

// ownSession keeps a worker alive when the terminal it was started from is closed.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
