package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smsctl/smsctl/campaign"
)

// All that carriers can do wrong at once, for many seeds: whatever happens, every recipient's state agrees with what the
// simulator has taken, the laws hold, and no copy too many is unaccounted for.
//
// SMSCTL_TEST_CHAOS is the number of seeds, SMSCTL_TEST_RECIPIENTS the size of each campaign, SMSCTL_TEST_SEED the first:
//
//	SMSCTL_TEST_CHAOS=20 go test -run TestChaos -timeout 2h -v ./cmd/smsctl
func TestChaos(t *testing.T) {
	t.Parallel()
	scenario, err := os.ReadFile(filepath.Join("..", "..", "testdata", "scenarios", "chaos.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	first := envNumber(t, "SMSCTL_TEST_SEED", newDice(t).IntN(1_000_000))
	for i := range envNumber(t, "SMSCTL_TEST_CHAOS", 1) {
		for _, c := range []struct {
			promise promise
			args    []string
		}{
			{promotional, []string{"--type", "promotional"}},
			{atMostOnce, []string{"--type", "promotional", "--at-most-once"}},
			{atLeastOnce, []string{"--type", "transactional"}},
		} {
			t.Run(fmt.Sprintf("seed %d %s", first+i, strings.Join(c.args, " ")), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, strings.Replace(string(scenario), "seed: 8", fmt.Sprintf("seed: %d", first+i), 1), func(s *stage) {
					s.config["receipts"].(tree)["timeout"] = "5s"
					s.config["routing"] = tree{"max_attempts": 10}
					s.carrier("alpha")["timeout"], s.carrier("delta")["timeout"] = "2s", "2s"
				})
				n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 1000)
				p := s.start(append([]string{"send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--yes", "--json"}, c.args...)...)
				if code := p.wait(); code != int(exitOK) && code != int(exitPartial) {
					t.Fatalf("exit %d\n%s", code, tail(p.stderr.String(), 4000))
				}
				sum := p.summary()
				t.Logf("%+v\n%+v", sum.Counts, s.simulated())
				if !sum.Reconciled || sum.Counts.Queued+sum.Counts.Sending+sum.Counts.Awaiting > 0 {
					t.Errorf("%+v", sum)
				}
				if n := s.doubtful("people"); n > sum.Counts.PossibleDuplicates {
					t.Errorf("%d messages were sent again in doubt, the program counts %d", n, sum.Counts.PossibleDuplicates)
				}
				if st := campaign.Status(sum.Campaign.State); st != campaign.Completed && st != campaign.Incomplete {
					t.Errorf("the campaign is %s", st)
				}
				s.agrees("people", c.promise)
				s.run(exitOK, "db", "check", "--deep")
			})
		}
	}
}
