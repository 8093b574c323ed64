//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// pruned is a stage with a campaign that was redacted while somebody was at work on the database: its people are still in
// unused parts of the file.
func pruned(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, servedScenario, served)
	s.run(exitOK, "send", "--csv", s.write("old.csv", "phone\n+447499999999\n"), "-m", "Hi", "--campaign", "old", "--yes")
	c, err := s.store().CampaignByName(context.Background(), campaign.Live, "default", "old")
	s.ok(err)
	s.ok(s.store().Redact(context.Background(), []int64{c.ID}, time.Now()))
	if !s.remembers() {
		t.Fatal("the search finds nothing where there is something")
	}
	s.run(exitOK, "doctor", "store").says("db prune or db forget took out")
	return s
}

// remembers says whether the number that was taken out is still somewhere in the file or its log.
func (s *stage) remembers() bool {
	for _, path := range []string{s.db, s.db + "-wal"} {
		b, _ := os.ReadFile(path)
		if bytes.Contains(b, []byte("7499999999")) || bytes.Contains(b, []byte{0x68, 0x31, 0x14, 0x1a, 0xff}) {
			return true
		}
	}
	return false
}

// What db prune could not wipe is wiped by whoever has done with the database next: a send, the service, or prune itself.
func TestScrubByItself(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(s *stage){
		"send": func(s *stage) {
			s.run(exitOK, "send", "--csv", s.list("new.csv", 3), "-m", "Hi {{name}}", "--yes").says("Rewriting the database")
		},
		"serve": func(s *stage) {
			v := s.start("serve")
			s.until("the file is rewritten", func() bool {
				owed, err := s.store().OwesScrub(context.Background())
				s.ok(err)
				return !owed
			})
			s.ok(v.Process.Signal(syscall.SIGTERM))
			v.wait()
		},
		"prune": func(s *stage) {
			s.run(exitOK, "db", "prune", "--older-than", "1000d", "--redact").says("Rewriting the database", "No campaign")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pruned(t)
			if do(s); s.remembers() {
				t.Error("the number is still in the file")
			}
			s.run(exitOK, "doctor", "store")
		})
	}
}
