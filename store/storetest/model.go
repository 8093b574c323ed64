package storetest

import (
	"slices"
	"strconv"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// model is the store as the architecture describes it, in memory. It derives every state from the facts about the
// attempts and from the last decision, where the store keeps sums and moves states: two ways to the same answer.
type model struct {
	people   []*person
	attempts []*attempt
	optOuts  map[uint64]map[string]bool
	parked   []parked
	receipts int64 // rows there must be
	sender   string

	possibleDuplicates, failedOver, rescued int64
}

// person is a recipient.
type person struct {
	id        int64
	phone     uint64
	attempts  []*attempt
	plan      plan
	otherwise campaign.State // of plan rest, if no carrier has taken it
	counted   int            // attempts that max_attempts counts
	over      bool           // counted as failed over
	taken     bool           // some attempt was accepted
}

// GoString names it in the steps that rapid prints.
func (p *person) GoString() string { return "+" + itoa(p.phone) }

// plan is what dispatch has decided about a recipient.
type plan string

const (
	queued  plan = "queued"
	sending plan = "sending"
	unknown plan = "unknown"
	rest    plan = "rest" // nothing more is tried
)

type attempt struct {
	of        *person
	id        int64
	ref       string
	carrier   string
	byID      bool
	messageID string // the carrier's id, as its answer will name it
	named     bool   // the answer came
	state     campaign.AttemptState
	receipt   carriers.ReceiptState
	overdue   bool
}

type parked struct {
	carrier, messageID string
	state              carriers.ReceiptState
	class              carriers.Class
}

func (p *person) last() *attempt {
	if len(p.attempts) == 0 {
		return nil
	}
	return p.attempts[len(p.attempts)-1]
}

func (p *person) state() campaign.State {
	accepted, open, late := 0, 0, 0
	for _, a := range p.attempts {
		if a.receipt == carriers.ReceiptDelivered {
			return campaign.Delivered
		}
		if a.state != campaign.AttemptAccepted {
			continue
		}
		accepted++
		if !a.receipt.Final() {
			open++
			if a.overdue {
				late++
			}
		}
	}
	switch {
	case p.plan == queued:
		return campaign.Queued
	case p.plan == sending:
		return campaign.Sending
	case p.plan == unknown:
		return campaign.Unknown
	case accepted == 0:
		return p.otherwise
	case open == 0:
		return campaign.Undelivered
	case open == late:
		return campaign.NoReceipt
	}
	return campaign.Awaiting
}

func (p *person) open() bool {
	return slices.ContainsFunc(p.attempts, func(a *attempt) bool { return a.state == campaign.AttemptAccepted && !a.receipt.Final() })
}

func (m *model) blocked(p *person) bool {
	for _, s := range []string{"all", "sender:ACME", "sender:acme", "class:promotional", "brand:Shop", "campaign:x"} {
		if m.optOuts[p.phone][s] {
			return true
		}
	}
	return false
}

func (m *model) optOut(phone uint64, scope string) (isNew bool) {
	if m.optOuts[phone][scope] {
		return false
	}
	if m.optOuts[phone] == nil {
		m.optOuts[phone] = map[string]bool{}
	}
	m.optOuts[phone][scope] = true
	for _, p := range m.people {
		if p.phone == phone && p.state() == campaign.Queued && m.blocked(p) {
			p.plan, p.otherwise = rest, campaign.Suppressed
		}
	}
	return true
}

// begin adds an attempt to a queued recipient.
func (m *model) begin(p *person, a *attempt) {
	if p.open() || slices.ContainsFunc(p.attempts, func(a *attempt) bool { return a.state == campaign.AttemptAmbiguous }) {
		m.possibleDuplicates++
	}
	if len(p.attempts) > 0 && p.attempts[0].carrier != a.carrier && !p.over {
		p.over = true
		m.failedOver++
	}
	a.of, a.state = p, campaign.AttemptSending
	p.attempts = append(p.attempts, a)
	p.plan = sending
	m.attempts = append(m.attempts, a)
}

func (m *model) accept(a *attempt) {
	a.state = campaign.AttemptAccepted
	p := a.of
	if p.taken {
		return
	}
	p.taken = true
	for _, before := range p.attempts[:slices.Index(p.attempts, a)] {
		if before.carrier != a.carrier {
			m.rescued++
			return
		}
	}
}

// answer is the outcome of a submit with what dispatch made of it.
func (m *model) answer(a *attempt, accepted carriers.Acceptance, next campaign.State, counted bool) {
	p := a.of
	if counted && a.state == campaign.AttemptSending {
		p.counted++
	}
	decides := p.last() == a && (p.plan == sending || p.plan == unknown)
	if decides {
		p.plan, p.otherwise = rest, next
		switch next {
		case campaign.Queued:
			p.plan = queued
		case campaign.Unknown:
			p.plan = unknown
		}
	}
	switch {
	case a.receipt != "" || a.state == campaign.AttemptAccepted:
		a.named = a.named || accepted == carriers.Yes
	case accepted == carriers.Yes:
		a.named = true
		m.accept(a)
		if decides && next == campaign.NoReceipt {
			a.overdue = true
		}
		m.adopt(a)
	case accepted == carriers.No:
		a.state = campaign.AttemptRefused
	default:
		a.state = campaign.AttemptAmbiguous
	}
}

func (m *model) adopt(a *attempt) {
	if !a.byID {
		return
	}
	m.parked = slices.DeleteFunc(m.parked, func(p parked) bool {
		if p.carrier != a.carrier || p.messageID != a.messageID {
			return false
		}
		m.receipt(a, p.state, p.class)
		return true
	})
}

// receipt applies what a carrier says about an attempt.
func (m *model) receipt(a *attempt, state carriers.ReceiptState, class carriers.Class) {
	if state.Rank() <= a.receipt.Rank() {
		return
	}
	p := a.of
	if class == carriers.ClassRecipientOptedOut {
		m.optOut(p.phone, "all")
	}
	if a.state == campaign.AttemptSending {
		p.counted++
	}
	if a.state != campaign.AttemptAccepted {
		m.accept(a)
	}
	a.receipt = state
	if state.Final() {
		a.overdue = false
	}
	if p.last() == a && (p.plan == sending || p.plan == unknown) {
		p.plan = rest
	}
}

// abandon is what a crash leaves: nobody hears the answers of what was in flight.
func (m *model) abandon() (n int64) {
	for _, a := range m.attempts {
		if a.state == campaign.AttemptSending {
			a.state = campaign.AttemptAmbiguous
			a.of.counted++
			n++
			if a.of.plan == sending && a.of.last() == a {
				a.of.plan = unknown
			}
		}
	}
	return n
}

// counts are the model's numbers.
func (m *model) counts() (n campaign.Counts) {
	n.Eligible = int64(len(m.people))
	for _, p := range m.people {
		n.Add(p.state(), 1)
	}
	for _, a := range m.attempts {
		n.Attempts++
		switch a.state {
		case campaign.AttemptAccepted:
			n.AcceptedAttempts++
		case campaign.AttemptRefused:
			n.RefusedAttempts++
		case campaign.AttemptAmbiguous:
			n.AmbiguousAttempts++
		case campaign.AttemptSending:
			n.SendingAttempts++
		}
	}
	n.PossibleDuplicates, n.FailedOver, n.Rescued = m.possibleDuplicates, m.failedOver, m.rescued
	return n
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
