package main

import (
	"context"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
)

// promise is what a campaign's type and flags guarantee.
type promise int

const (
	promotional promise = iota // a second copy only after an accepted one without a receipt
	atMostOnce                 // a second copy only when the first has provably not arrived
	atLeastOnce                // nobody is missing
)

// agrees holds every attempt and every recipient against the simulator's log, which alone knows what was taken, and
// against what was promised.
func (s *stage) agrees(name string, p promise) {
	s.Helper()
	j := &judge{stage: s, promise: p, truth: s.truth(), all: s.messages(name), tries: s.attempts(name)}
	j.attempts()
	for to, m := range j.all {
		j.recipient(to, &m)
	}
	for to := range j.truth.accepted {
		if _, known := j.all[to]; !known {
			j.complain("%s was taken and is no recipient", to)
		}
	}
	if j.wrong > mostComplaints {
		s.Errorf("and %d more", j.wrong-mostComplaints)
	}
}

type judge struct {
	*stage
	promise promise
	truth   truth
	all     map[string]report.Message
	tries   map[string][]report.Attempt // by message
	wrong   int
}

const mostComplaints = 20

func (j *judge) complain(format string, args ...any) {
	j.Helper()
	if j.wrong++; j.wrong <= mostComplaints {
		j.Errorf(format, args...)
	}
}

// attempts compares them with the submits that the simulator has seen, by their reference: each submit was announced in
// the database before it was made, and what is said of its outcome is true.
func (j *judge) attempts() {
	j.Helper()
	seen := map[string]bool{} // reference → taken
	for _, e := range j.truth.events {
		if e.Event != "receipt_sent" {
			seen[e.Ref] = e.taken()
		}
	}
	for _, tries := range j.tries {
		spare := map[string]int{} // copies that a carrier has and whose own attempts are still in doubt
		for _, a := range tries {
			if seen[a.Ref] && a.Outcome == campaign.AttemptAmbiguous {
				spare[a.Carrier]++
			}
		}
		for _, a := range tries {
			taken, came := seen[a.Ref]
			switch {
			case a.Outcome == campaign.AttemptAccepted && !taken && spare[a.Carrier] > 0:
				spare[a.Carrier]-- // of two in doubt a lookup cannot tell which one the carrier has
			case a.Outcome == campaign.AttemptAccepted && !taken:
				j.complain("attempt %s is accepted, and was not taken", a.Ref)
			case a.Outcome == campaign.AttemptRefused && taken:
				j.complain("attempt %s is refused by %s (%s), and was taken", a.Ref, a.Carrier, a.Class)
			case a.Outcome == campaign.AttemptSending:
				j.complain("attempt %s is still being sent", a.Ref)
			}
			if came {
				delete(seen, a.Ref)
			}
		}
	}
	for ref := range seen {
		j.complain("submit %q is not in the database", ref)
	}
}

func (j *judge) recipient(to string, m *report.Message) {
	j.Helper()
	k := j.truth.accepted[to]
	switch {
	case m.State.Accepted() && k == 0:
		j.complain("%s is %s, but was never taken", to, m.State)
	case m.State == campaign.Unknown && j.promise == atLeastOnce && k == 0:
		j.complain("%s is unknown, and was never taken", to)
	case m.State == campaign.Queued || m.State == campaign.Sending:
		j.complain("%s is still %s", to, m.State)
	case !m.State.Accepted() && m.State != campaign.Unknown && k > 0:
		j.complain("%s is %s, but was taken %d times", to, m.State, k)
	}
	if j.promise == atLeastOnce {
		return
	}
	tries := j.tries[m.ID]
	for i, a := range tries[:max(0, len(tries)-1)] {
		failed := a.Receipt.Final() && a.Receipt != "delivered"
		switch {
		case a.Outcome == campaign.AttemptRefused || failed:
		case a.Outcome == campaign.AttemptAccepted && j.promise == promotional:
		default:
			j.complain("%s was sent to again after attempt %d of %d: %s, receipt %q", to, i+1, len(tries), a.Outcome, a.Receipt)
		}
	}
}

// doubtful counts the attempts that were followed by another one and of which no receipt says that they failed.
func (s *stage) doubtful(name string) (n int64) {
	s.Helper()
	for _, tries := range s.attempts(name) {
		for _, a := range tries[:len(tries)-1] {
			if a.Outcome != campaign.AttemptRefused && (!a.Receipt.Final() || a.Receipt == "delivered") {
				n++
			}
		}
	}
	return n
}

// attempts are a campaign's, by message.
func (s *stage) attempts(name string) map[string][]report.Attempt {
	s.Helper()
	c, err := s.store().CampaignByName(context.Background(), campaign.Live, "default", name)
	s.ok(err)
	all := map[string][]report.Attempt{}
	s.ok(s.store().EachAttempt(context.Background(), c, store.Filter{}, func(a *report.Attempt) error {
		all[a.MessageID] = append(all[a.MessageID], *a)
		return nil
	}))
	return all
}
