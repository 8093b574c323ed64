package main

import "syscall"

// ownSession keeps a worker alive when the console it was started from is closed: DETACHED_PROCESS, in a group of its own.
func ownSession() *syscall.SysProcAttr {
	const detachedProcess = 0x00000008
	return &syscall.SysProcAttr{CreationFlags: detachedProcess | syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}
