package store

import (
	"fmt"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// recipients walks a campaign's recipients with their attempts and receipts, checks each and enters it in the books.
func (k *checker) recipients(id int64, name string, nextSeq int64, b *books) error {
	lo, hi := span(id)
	d := row(16)
	return k.c.each(d, func() error {
		r := recipientRow{
			id: integer(d[0]), phone: integer(d[1]), country: text(d[2]), class: text(d[3]), state: campaign.State(text(d[4])),
			segments: integer(d[5]), notBefore: integer(d[6]), tries: integer(d[7]), counted: integer(d[8]), lastAttempt: integer(d[9]),
			accepted: integer(d[10]), open: integer(d[11]), overdue: integer(d[12]),
		}
		k.res.Recipients++
		p := &proof{k: k, name: name, r: &r, line: integer(d[13])}
		p.must(integer(d[14]) == id, "recipient.campaign", "its campaign_id is %d", integer(d[14]))
		p.must(r.id-lo < nextSeq, "recipient.sequence", "its sequence is not below the campaign's next, %d", nextSeq)
		p.must(d[15] != nil, "recipient.content", "it has no text")
		p.must(known(r.state), "recipient.state", "its state is %q", r.state)
		if err := p.walk(b); err != nil {
			return err
		}
		p.judge()
		cell := recipientCell{id, r.country, r.state, r.class}
		a := b.recipients[cell]
		b.recipients[cell] = amount{n: a.n + 1, segments: a.segments + r.segments}
		if p.accepted > 0 && r.state != campaign.Queued && r.state != campaign.Sending && r.state != campaign.Unknown {
			b.taken++
		}
		return k.ctx.Err()
	}, `SELECT r.id, r.phone, r.country, r.class, r.state, r.segments, r.not_before, r.tries, r.counted, r.last_attempt, r.accepted, r.open,
		r.overdue, r.line, r.campaign_id, c.recipient_id FROM recipients r LEFT JOIN contents c ON c.recipient_id = r.id
		WHERE r.id > ? AND r.id < ? ORDER BY r.id`, lo, hi)
}

// proof is one recipient held against its attempts.
type proof struct {
	k    *checker
	name string
	r    *recipientRow
	line int64

	tries, accepted, open, overdue int64 // as the attempts give them
	delivered                      bool
	last                           campaign.AttemptState
}

func (p *proof) must(ok bool, rule, format string, args ...any) {
	if !ok {
		p.k.found(p.name, rule, fmt.Sprintf("recipient on line %d (%s)", p.line, p.r.state), format, args...)
	}
}

// walk follows the attempts from the last back to the first.
func (p *proof) walk(b *books) error {
	d := row(12)
	first, several := int64(0), false
	for id, n := p.r.lastAttempt, p.r.tries; id != 0; n-- {
		found, err := p.k.c.row(d, `SELECT recipient_id, previous, n, carrier_id, state, class, receipt, overdue, last_receipt, segments, cost, begun_at FROM attempts
			WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if !found {
			p.must(false, "attempt.chain", "attempt %d is missing", id)
			break
		}
		a := attemptRow{
			id: id, recipient: integer(d[0]), carrier: integer(d[3]), state: campaign.AttemptState(text(d[4])), class: text(d[5]),
			receipt: text(d[6]), overdue: integer(d[7]), lastReceipt: integer(d[8]), segments: integer(d[9]), cost: integer(d[10]),
			begunAt: integer(d[11]),
		}
		if a.recipient != p.r.id || integer(d[2]) != n || n < 1 {
			p.must(false, "attempt.chain", "attempt %d is number %d of recipient %d, not number %d of this one", id, integer(d[2]), a.recipient, n)
			break
		}
		cell := a.cell(p.r.country)
		sum := b.attempts[cell]
		b.attempts[cell] = amount{sum.n + 1, sum.segments + a.segments, sum.cost + a.cost}
		if first == 0 {
			first = a.carrier
		}
		several = several || a.carrier != first
		p.count(&a)
		seen, err := p.receipts(&a)
		if err != nil {
			return err
		}
		b.receipts += seen
		id = integer(d[1])
	}
	b.walked += p.tries
	if several {
		b.failedOver++
	}
	return nil
}

func (p *proof) count(a *attemptRow) {
	p.tries++
	if p.tries == 1 {
		p.last = a.state
	}
	p.must(p.tries == 1 || a.state != campaign.AttemptSending, "attempt.sending", "attempt %d is still sending though a later one was made", a.id)
	p.delivered = p.delivered || a.receipt == string(carriers.ReceiptDelivered)
	p.must(a.receipt == "" || a.state == campaign.AttemptAccepted, "attempt.receipt", "attempt %d has a receipt and is %s", a.id, a.state)
	p.must(a.overdue == 0 || a.state == campaign.AttemptAccepted && !final(a.receipt), "attempt.overdue",
		"attempt %d is overdue, but %s with receipt %q", a.id, a.state, a.receipt)
	if a.state != campaign.AttemptAccepted {
		return
	}
	p.accepted++
	if !final(a.receipt) {
		p.open++
		p.overdue += a.overdue
	}
}

// receipts follows an attempt's receipts back. From the oldest on, exactly those are applied that rank higher than all
// before, and the last of them is what the attempt says.
func (p *proof) receipts(a *attemptRow) (n int64, err error) {
	type said struct {
		id      int64
		state   carriers.ReceiptState
		applied bool
	}
	var chain []said
	d := row(5)
	for id := a.lastReceipt; id != 0; id = integer(d[0]) {
		found, err := p.k.c.row(d, `SELECT previous, attempt_id, state, applied, carrier_id FROM receipts WHERE id = ?`, id)
		if err != nil {
			return n, err
		}
		if !found || integer(d[1]) != a.id || len(chain) > maxChain {
			p.must(false, "receipt.chain", "receipt %d is missing or not of attempt %d", id, a.id)
			return n, nil
		}
		p.must(integer(d[4]) == a.carrier, "receipt.carrier", "receipt %d of attempt %d came from another carrier", id, a.id)
		chain = append(chain, said{id, carriers.ReceiptState(text(d[2])), integer(d[3]) == 1})
		n++
	}
	best := carriers.ReceiptState("")
	for i := len(chain) - 1; i >= 0; i-- {
		c := chain[i]
		raises := c.state.Rank() > best.Rank()
		p.must(c.applied == raises, "receipt.applied", "receipt %d (%s, after %q) of attempt %d: applied is %v", c.id, c.state, best, a.id, c.applied)
		if raises {
			best = c.state
		}
	}
	p.must(string(best) == a.receipt, "receipt.rank", "attempt %d says %q, its receipts %q", a.id, a.receipt, best)
	return n, nil
}

// judge holds the recipient's own words against what the walk has found.
func (p *proof) judge() {
	r := p.r
	p.must(p.tries == r.tries, "attempt.chain", "it counts %d attempts and has %d", r.tries, p.tries)
	p.must(r.counted <= r.tries, "recipient.counted", "%d of %d attempts are counted", r.counted, r.tries)
	p.must(p.accepted == r.accepted && p.open == r.open && p.overdue == r.overdue, "recipient.sums",
		"accepted %d, open %d, overdue %d; its attempts say %d, %d, %d", r.accepted, r.open, r.overdue, p.accepted, p.open, p.overdue)
	p.must(p.delivered == (r.state == campaign.Delivered), "recipient.delivered", "a delivered receipt among its attempts: %v", p.delivered)
	sending := p.last == campaign.AttemptSending
	switch r.state {
	case campaign.Sending:
		p.must(sending, "recipient.sending", "its last attempt is %q", p.last)
	case campaign.Delivered: // by an earlier attempt, perhaps while the last one is under way
	case campaign.Queued:
		p.must(!sending, "recipient.sending", "its last attempt is sending")
		p.must(r.tries == 0 || r.notBefore > 0, "recipient.not_before", "it was tried and has no time to be tried again")
	case campaign.Unknown:
		p.must(p.last == campaign.AttemptAmbiguous, "recipient.unknown", "its last attempt is %q", p.last)
	case campaign.Failed, campaign.Expired, campaign.Cancelled, campaign.Suppressed:
		p.must(p.accepted == 0, "recipient.accepted", "a carrier took it in %d attempts", p.accepted)
		p.must(!sending, "recipient.sending", "its last attempt is sending")
	default:
		t := campaign.Tries{Accepted: int(p.accepted), Open: int(p.open), Overdue: int(p.overdue)}
		p.must(p.accepted > 0 && t.Rest(r.state) == r.state, "recipient.rest",
			"of its attempts %d are accepted, %d open, %d overdue: it should be %s", p.accepted, p.open, p.overdue, t.Rest(campaign.Failed))
		p.must(!sending, "recipient.sending", "its last attempt is sending")
	}
}
