package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// A run that is killed with -9 again and again, each time at a random point, and gone on with. Nobody is lost and
// nobody gets it twice, and that by the log of the simulator, which nobody has killed.
//
// SMSCTL_TEST_SEED repeats the points of another run, SMSCTL_TEST_KILLS and SMSCTL_TEST_RECIPIENTS make it longer:
//
//	SMSCTL_TEST_KILLS=50 SMSCTL_TEST_RECIPIENTS=20000 go test -run TestKilled -v ./cmd/smsctl
func TestKilled(t *testing.T) {
	const (
		calm = `
seed: 1
carriers:
  alpha: {dialect: twilio, auth_token: alpha-secret, latency: 2ms..30ms, receipt_delay: 50ms..500ms}
  delta: {dialect: plain, token: delta-secret, latency: 2ms..30ms, receipt_delay: 50ms..500ms}
`
		lost = `
seed: 2
carriers:
  alpha:
    {dialect: twilio, auth_token: alpha-secret, latency: 2ms..30ms, receipt_delay: 50ms..500ms,
     lost_answers: 0.02, lost_receipts: 0.1, accept: 0.97, errors: [{class: throttled}, {class: ambiguous, status: 504}]}
  delta:
    {dialect: plain, token: delta-secret, latency: 2ms..30ms, receipt_delay: 50ms..500ms, poll: false,
     lost_answers: 0.02, lost_receipts: 0.1, accept: 0.97, errors: [{class: carrier_transient}, {class: ambiguous, taken: true}]}
`
	)
	for _, c := range []struct {
		name, scenario string
		recipients     int
		promise        promise
		args           []string
	}{
		{"promotional", calm, 20_000, atMostOnce, []string{"--at-most-once"}},
		{"promotional with lost answers", lost, 10_000, atMostOnce, []string{"--at-most-once"}},
		{"transactional with lost answers", lost, 10_000, atLeastOnce, []string{"--type", "transactional"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dice := newDice(t)
			s := newStage(t, c.scenario, func(s *stage) {
				s.config["receipts"].(tree)["timeout"] = "10s"
				s.config["routing"] = tree{"max_attempts": 10}
			})
			n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", c.recipients)
			send := append([]string{"send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--yes", "--json"}, c.args...)
			s.killedAt(dice.points(envNumber(t, "SMSCTL_TEST_KILLS", 20), n), dice, send)

			p := s.start(send...)
			if code := p.wait(); code != int(exitOK) && code != int(exitPartial) {
				t.Fatalf("exit %d\n%s", code, tail(p.stderr.String(), 4000))
			}
			sum := p.summary()
			if !sum.Reconciled || sum.Counts.Eligible != int64(n) || sum.Counts.Queued+sum.Counts.Sending+sum.Counts.Awaiting > 0 {
				t.Errorf("%+v", sum)
			}
			t.Logf("%d unknown, %d possible duplicates, %+v", sum.Counts.Unknown, sum.Counts.PossibleDuplicates, s.simulated())
			s.agrees("people", c.promise)
		})
	}
}

// killedAt runs the command and kills it when the simulator has got as many submits as the first point says, then runs it
// again up to the next point. Every fifth time the clock decides instead, so that starts are hit as well.
func (s *stage) killedAt(points []int, dice *dice, send []string) {
	s.Helper()
	log := s.followTruth()
	for i, at := range points {
		args := send
		if i%3 == 2 && log.submits() > 0 {
			args = []string{"campaign", "resume", "people", "--yes", "--json"}
		}
		p := s.start(args...)
		moment := time.After(time.Duration(dice.IntN(50)) * time.Millisecond)
		if i%5 == 4 {
			<-time.After(time.Duration(dice.IntN(300)) * time.Millisecond)
		} else {
			s.until("the next point is reached", func() bool { return log.submits() >= at || p.ended() })
			<-moment
		}
		if p.ended() && p.ProcessState.ExitCode() != int(exitOK) && p.ProcessState.ExitCode() != int(exitPartial) {
			s.Fatalf("%v ended by itself with %d\n%s", args, p.ProcessState.ExitCode(), tail(p.stderr.String(), 4000))
		}
		p.kill()
	}
}

// truthLog follows the simulator's log while it grows.
type truthLog struct {
	s *stage
	f *os.File
	n int
}

func (s *stage) followTruth() *truthLog {
	f, err := os.Open(s.truthLog)
	s.ok(err)
	s.Cleanup(func() { _ = f.Close() })
	return &truthLog{s: s, f: f}
}

// submits is how many have come so far.
func (l *truthLog) submits() int {
	b, err := io.ReadAll(l.f)
	l.s.ok(err)
	for _, event := range []string{`"event":"submit_accepted"`, `"event":"submit_refused"`, `"event":"submit_lost"`, `"event":"answer_lost"`} {
		l.n += bytes.Count(b, []byte(event))
	}
	return l.n
}

// dice are a test's chance: the same seed rolls the same.
type dice struct{ *rand.Rand }

func newDice(t testing.TB) *dice {
	seed := envNumber(t, "SMSCTL_TEST_SEED", int(time.Now().UnixNano()&0xffffff))
	t.Logf("SMSCTL_TEST_SEED=%d", seed)
	return &dice{rand.New(rand.NewPCG(uint64(seed), 0))}
}

// points are k numbers below n in ascending order.
func (d *dice) points(k, n int) []int {
	all := make([]int, k)
	for i := range all {
		all[i] = d.IntN(n)
	}
	slices.Sort(all)
	return all
}

// envNumber is a number of the environment, for runs that are longer than usual or repeated.
func envNumber(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, text, err)
	}
	return n
}
