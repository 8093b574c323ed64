//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// What an SMPP bind can suffer, through the whole program: two processes, a real database, and the simulator's own truth.
// SMSCTL_TEST_RECIPIENTS is the size of each campaign, SMSCTL_TEST_RESTARTS how often the message center restarts:
//
//	SMSCTL_TEST_RECIPIENTS=50000 SMSCTL_TEST_RESTARTS=10 go test -run TestSMPP -timeout 1h -v ./cmd/smsctl

const smppWindow = 50

// newSMPPStage is a stage whose only carrier is gamma, which speaks SMPP and does what behaviour says.
func newSMPPStage(t testing.TB, behaviour string, edit ...func(*stage)) *stage {
	t.Helper()
	scenario := "seed: 3\ncarriers: {gamma: {dialect: smpp, password: gamma-secret, receipt_delay: 0s..50ms, " + behaviour + "}}\n"
	return newStage(t, scenario, append([]func(*stage){func(s *stage) {
		s.config["carriers"] = tree{"gamma": tree{
			"type": "smpp", "address": s.smpp, "system_id": "gamma", "password": "gamma-secret", "window": smppWindow, "timeout": "3s",
			"price": tree{"*": 0.001},
		}}
		s.config["routing"] = tree{"max_attempts": 20}
	}}, edit...)...)
}

// smppRun sends a campaign and holds what the database says against the truth. doubts is how many messages may stay unknown.
func (s *stage) smppRun(p promise, n, doubts int, args ...string) *process {
	s.Helper()
	send := s.start(append([]string{"send", "--csv", s.list("people.csv", n), "-m", "Hi {{name}}", "--yes", "--json"}, args...)...)
	send.watchPeak()
	if code := send.wait(); code != int(exitOK) && code != int(exitPartial) {
		s.Fatalf("exit %d\n%s", code, tail(send.stderr.String(), 4000))
	}
	sum := send.summary()
	s.Logf("%+v\n%+v", sum.Counts, s.simulated())
	if !sum.Reconciled || sum.Counts.Queued+sum.Counts.Sending+sum.Counts.Awaiting+sum.Counts.Failed > 0 {
		s.Errorf("%+v", sum)
	}
	if sum.Counts.Unknown > int64(doubts) {
		s.Errorf("%d messages are in doubt, %d may be", sum.Counts.Unknown, doubts)
	}
	s.agreesByNumber("people", p)
	s.run(exitOK, "db", "check", "--deep")
	return send
}

// agreesByNumber is agrees for carriers that do not hear our references: what was taken for a number is what its attempts say,
// and as many more as are in doubt at most. The simulator delivers everything and loses no receipt, so every message whose
// answer came is delivered.
func (s *stage) agreesByNumber(name string, p promise) {
	s.Helper()
	j := &judge{stage: s, promise: p, truth: s.truth(), all: s.messages(name), tries: s.attempts(name)}
	for to, m := range j.all {
		j.recipient(to, &m)
		sure, doubtful := 0, 0
		for _, a := range j.tries[m.ID] {
			switch a.Outcome {
			case campaign.AttemptAccepted:
				sure++
			case campaign.AttemptAmbiguous:
				doubtful++
			case campaign.AttemptSending:
				j.complain("%s: attempt %s is still being sent", to, a.Ref)
			}
		}
		if k := j.truth.accepted[to]; k < sure || k > sure+doubtful {
			j.complain("%s was taken %d times, and has %d accepted attempts and %d in doubt", to, k, sure, doubtful)
		}
		if sure > 0 && m.State != campaign.Delivered {
			j.complain("%s is %s, and its receipt was delivered", to, m.State)
		}
	}
	if len(j.all) == 0 || j.wrong > mostComplaints {
		s.Errorf("%d recipients, and %d more complaints", len(j.all), j.wrong-mostComplaints)
	}
}

// TestSMPPRestarts: the message center restarts again and again while a campaign runs.
func TestSMPPRestarts(t *testing.T) {
	t.Parallel()
	n, restarts := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 1000), envNumber(t, "SMSCTL_TEST_RESTARTS", 2)
	var phases []string
	for i := range restarts {
		phases = append(phases, fmt.Sprintf("{after: %d, for: 1, outage: reset}", n/20+i*n/(restarts+1)))
	}
	for _, c := range []struct {
		promise promise
		kind    string
	}{{atMostOnce, "promotional"}, {atLeastOnce, "transactional"}} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			s := newSMPPStage(t, "latency: 0s..4ms, sent_receipts: true, phases: ["+strings.Join(phases, ", ")+"]")
			s.smppRun(c.promise, n, restarts*smppWindow, "--type", c.kind)
			if truth := s.simulated().Carriers["gamma"]; truth.SubmitsLost != int64(restarts) {
				t.Errorf("it restarted %d times", truth.SubmitsLost)
			}
		})
	}
}

// TestSMPPAnswersLost: messages are taken and nobody says so.
func TestSMPPAnswersLost(t *testing.T) {
	t.Parallel()
	n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 300)
	s := newSMPPStage(t, "latency: 0s..4ms, lost_answers: 0.01, lost_by: hang, early_receipts: 0.05", func(s *stage) {
		s.carrier("gamma")["timeout"] = "1s"
	})
	s.smppRun(atMostOnce, n, n/20, "--type", "promotional")
	if truth := s.simulated().Carriers["gamma"]; truth.AnswersLost == 0 {
		t.Errorf("the scenario was too tame: %+v", truth)
	}
}

// TestSMPPFlood: receipts come thrice and out of order, faster than messages go out; memory stays what it was.
func TestSMPPFlood(t *testing.T) {
	t.Parallel()
	n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 5000)
	s := newSMPPStage(t, "latency: 0s, sent_receipts: true, duplicate_receipts: 1, unordered_receipts: 0.2, bad_signatures: 0.1")
	p := s.smppRun(atMostOnce, n, 0, "--type", "promotional")
	truth := s.simulated().Carriers["gamma"]
	if truth.ReceiptsOK < 2*int64(n) { // those that say nothing new are not waited for
		t.Errorf("the flood was none: %+v", truth)
	}
	p.within(256 << 20)
}

// within fails if the process took more memory at its peak.
func (p *process) within(most int64) {
	p.s.Helper()
	if p.peak == nil {
		return
	}
	peak := <-p.peak
	if p.s.Logf("%d MB at its peak", peak>>20); peak > most {
		p.s.Errorf("%d MB at its peak, more than %d", peak>>20, most>>20)
	}
}

// watchPeak reads how much memory the process has taken until it ends, where the system tells. What wait4 says counts the
// test's own memory too, from the moment between fork and exec.
func (p *process) watchPeak() {
	status := fmt.Sprintf("/proc/%d/status", p.Process.Pid)
	if _, err := os.Stat(status); err != nil {
		return
	}
	p.peak = make(chan int64, 1)
	go func() {
		most := int64(0)
		for tick := time.Tick(50 * time.Millisecond); ; {
			select {
			case <-tick:
			case <-p.over:
				p.peak <- most
				return
			}
			b, _ := os.ReadFile(status)
			if _, rest, ok := strings.Cut(string(b), "VmHWM:"); ok {
				var kB int64
				if _, err := fmt.Sscan(rest, &kB); err == nil {
					most = max(most, kB<<10)
				}
			}
		}
	}()
}

// TestSMPPGarbage: on the line from the message center stand, every some PDUs, garbage, lengths that cannot be, halves of
// frames, PDUs that nobody asked for, and ends.
func TestSMPPGarbage(t *testing.T) {
	t.Parallel()
	n := envNumber(t, "SMSCTL_TEST_RECIPIENTS", 1000)
	var line *badLine
	s := newSMPPStage(t, "latency: 0s..4ms", func(s *stage) {
		line = newBadLine(s, s.smpp, n/5)
		s.carrier("gamma")["address"] = line.address
	})
	p := s.smppRun(atMostOnce, n, mostFaults*smppWindow, "--type", "promotional")
	if line.count() < mostFaults-2 {
		t.Errorf("the line was bad only %d times", line.count())
	}
	p.within(256 << 20)
}

// badLine stands between a client and a message center, and spoils what comes from there.
type badLine struct {
	*stage
	address, to string
	every       int // PDUs between two faults

	mu     sync.Mutex
	passed int
	faults int
	dice   *rand.Rand
}

// mostFaults is after how many the line is good: receipts that can never be acknowledged would come again for ever.
const mostFaults = 8

func newBadLine(s *stage, to string, every int) *badLine {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	s.ok(err)
	b := &badLine{stage: s, address: ln.Addr().String(), to: to, every: every, dice: rand.New(rand.NewPCG(1, 2))}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { b.relay(conn) })
		}
	})
	s.Cleanup(func() { _ = ln.Close(); all.Wait() }) // the processes have ended before
	return b
}

func (b *badLine) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults
}

func (b *badLine) relay(client net.Conn) {
	defer client.Close()
	center, err := net.Dial("tcp", b.to)
	if err != nil {
		return
	}
	defer center.Close()
	go func() {
		defer center.Close()
		buf := make([]byte, 32<<10)
		for {
			k, err := client.Read(buf)
			if k > 0 {
				_, _ = center.Write(buf[:k])
			}
			if err != nil {
				return
			}
		}
	}()
	for r := pdu.NewReader(center); ; {
		h, body, err := r.Next()
		if err != nil {
			return
		}
		whole := append(header(h), body...)
		spoilt, last := b.spoil(whole)
		if _, err := client.Write(spoilt); err != nil || last {
			return
		}
	}
}

// spoil is what is written instead of a PDU, and whether the line breaks after it.
func (b *badLine) spoil(whole []byte) (spoilt []byte, last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.passed++; b.passed%b.every != 0 || b.faults == mostFaults {
		return whole, false
	}
	b.faults++
	noise := make([]byte, 20+b.dice.IntN(200))
	for i := range noise {
		noise[i] = byte(b.dice.Uint32())
	}
	switch b.faults % 8 {
	case 0:
		return append(whole, noise...), false // the length will not make sense, or never be reached
	case 1:
		return append(whole, 0x7f, 0xff, 0xff, 0xff, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1), false // two gigabytes
	case 2:
		return append(whole, 0, 0, 0, 3, 0x80, 0, 0, 4), false // shorter than its own header
	case 3:
		return whole[:len(whole)/2], true
	case 4:
		return append(whole, header(pdu.Header{Length: uint32(16 + len(noise)), Command: 0x0777, Sequence: 9})...), true // half a frame of nothing
	case 5:
		spam := append(header(pdu.Header{Length: uint32(16 + len(noise)), Command: pdu.DeliverSM, Sequence: 1 << 30}), noise...)
		return append(whole, spam...), false // a receipt that cannot be read
	case 6:
		return append(append(whole, pdu.AppendAnswer(nil, pdu.SubmitSM, pdu.OK, 1<<29, "nobody", nil)...), whole...), false // answers that nobody awaits
	}
	return pdu.Append(whole, pdu.Unbind, pdu.OK, 77), false
}

func header(h pdu.Header) []byte {
	b := pdu.Append(nil, h.Command, h.Status, h.Sequence)
	b[0], b[1], b[2], b[3] = byte(h.Length>>24), byte(h.Length>>16), byte(h.Length>>8), byte(h.Length)
	return b
}
