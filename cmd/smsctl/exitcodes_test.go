package main

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// Each exit code of the table is what a real process ends with, for the reason that the table gives.
func TestEveryExitCodeIsReached(t *testing.T) {
	t.Parallel()
	stories := map[exitCode]func(t *testing.T) *process{
		exitOK: func(t *testing.T) *process {
			v := newVendor(t)
			return v.start(v.sending(v.list("people.csv", 1), "--yes")...)
		},
		exitError: func(t *testing.T) *process {
			s := newStage(t, "")
			return s.start("campaign", "list", "--db", s.write("notes.db", "this is a letter, not a database, and a long one at that"))
		},
		exitUsage: func(t *testing.T) *process { return newStage(t, "").start("send") },
		exitPartial: func(t *testing.T) *process {
			v := newVendor(t, only("delta"))
			v.answers(func(submit) int { return http.StatusInternalServerError }) // taken or not, nobody knows
			return v.start(v.sending(v.list("people.csv", 1), "--yes")...)
		},
		exitConfig: func(t *testing.T) *process {
			s := newStage(t, "", func(s *stage) { s.config["databse"] = "x" })
			return s.start("campaign", "list")
		},
		exitInput: func(t *testing.T) *process {
			s := newVendor(t)
			return s.start(s.sending("nowhere.csv", "--yes")...)
		},
		exitGuard: func(t *testing.T) *process {
			s := newVendor(t)
			return s.start(s.sending(s.list("people.csv", 2), "--yes", "--max-recipients", "1")...)
		},
		exitNoRoute: func(t *testing.T) *process {
			v := newVendor(t)
			v.answers(func(submit) int { return http.StatusServiceUnavailable })
			return v.start(v.sending(v.list("people.csv", 10), "--yes", "--give-up", "100ms", "--max-attempts", "20")...)
		},
		exitPending: func(t *testing.T) *process {
			v := newVendor(t)
			v.run(exitOK, v.sending(v.list("people.csv", 1), "--yes")...)
			return v.start("report", "people", "--final")
		},
		exitUnconfirmed: func(t *testing.T) *process {
			s := newVendor(t)
			return s.start(s.sending(s.list("people.csv", 2))...)
		},
		exitNotFound: func(t *testing.T) *process { return newStage(t, "").start("campaign", "show", "spring") },
		exitLocked: func(t *testing.T) *process {
			v, _ := newGate(t)
			list := v.list("people.csv", 20)
			v.start(v.sending(list, "--yes")...)
			v.until("the window is full", func() bool { return len(v.submits()) == window })
			return v.start("campaign", "retry", "people", "--yes")
		},
		exitState: func(t *testing.T) *process {
			v := newVendor(t)
			v.delivering()
			v.run(exitOK, v.sending(v.list("people.csv", 1), "--yes")...)
			return v.start("campaign", "pause", "people")
		},
		exitInterrupted: func(t *testing.T) *process { return signalled(t, os.Interrupt) },
		exitTerminated:  func(t *testing.T) *process { return signalled(t, syscall.SIGTERM) },
	}
	for _, row := range exitCodes() {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			story, told := stories[row.Code]
			if !told {
				t.Fatal("no story ends with it")
			}
			p := story(t)
			p.expect(row.Code)
			// What the process ends with must stand in the help page of its command.
			declared := false
			for _, cmd := range allCommands(t) {
				if cmd.CommandPath() == commandOf(p) {
					for _, known := range exitCodesOf(cmd) {
						declared = declared || known.Code == row.Code
					}
				}
			}
			if !declared {
				t.Errorf("%s --help does not have exit code %d", commandOf(p), row.Code)
			}
		})
	}
}

// commandOf is the command that a process runs.
func commandOf(p *process) string {
	if p.Args[1] == "send" || p.Args[1] == "report" {
		return "smsctl " + p.Args[1]
	}
	return "smsctl " + p.Args[1] + " " + p.Args[2]
}

func signalled(t *testing.T, sig os.Signal) *process {
	if runtime.GOOS == "windows" {
		t.Skip("no signals from outside")
	}
	v, open := newGate(t)
	p := v.start(v.sending(filepath.Base(v.list("people.csv", 20)), "--yes")...)
	v.until("the window is full", func() bool { return len(v.submits()) == window })
	v.ok(p.Process.Signal(sig))
	open()
	return p
}
