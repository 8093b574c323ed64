package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/smsctl/smsctl/carriers/sim"
)

// event is a line of the truth log.
type event struct {
	Time                                      time.Time
	Carrier, Event, ID, To, Ref, Class, State string
	HTTP                                      int
}

// taken says that the carrier has the message, whatever it answered.
func (e event) taken() bool { return e.Event == "submit_accepted" || e.Event == "answer_lost" }

// truth is the simulator's log: it alone knows what was taken.
type truth struct {
	events   []event
	accepted map[string]int // messages taken, by number
}

// truth reads the log, once everything that the simulator has counted is in it.
func (s *stage) truth() truth {
	s.Helper()
	var found truth
	s.until("the truth is written down", func() bool {
		found = s.readTruth()
		n, want := int64(0), s.simulated()
		for _, k := range found.accepted {
			n += int64(k)
		}
		return n == want.Accepted
	})
	return found
}

func (s *stage) readTruth() truth {
	s.Helper()
	f := truth{accepted: map[string]int{}}
	b, err := os.ReadFile(s.truthLog)
	s.ok(err)
	for line := range bytes.Lines(b) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			break // half written
		}
		f.events = append(f.events, e)
		if e.taken() {
			f.accepted[e.To]++
		}
	}
	return f
}

// simulated is the simulator's own count.
func (s *stage) simulated() (sum sim.Summary) {
	s.Helper()
	resp, err := http.Get("http://" + s.sim + "/truth/summary")
	s.ok(err)
	defer resp.Body.Close()
	s.ok(json.NewDecoder(resp.Body).Decode(&sum))
	return sum
}
