package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Finding is something in the database that must not be.
type Finding struct {
	Campaign string `json:"campaign"` // its name, "" for the whole file
	Rule     string `json:"rule"`     // which law is broken: a stable word
	Subject  string `json:"subject"`  // what breaks it
	Detail   string `json:"detail"`
}

// String is the finding as a line.
func (f Finding) String() string {
	return strings.TrimSpace(f.Campaign+" "+f.Subject) + ": " + f.Detail + " (" + f.Rule + ")"
}

// CheckResult is what Check looked at and found.
type CheckResult struct {
	Campaigns  int       `json:"campaigns"`
	Recipients int64     `json:"recipients"`
	Attempts   int64     `json:"attempts"`
	Receipts   int64     `json:"receipts"`
	Findings   []Finding `json:"findings"`
	More       int64     `json:"more"` // findings beyond those listed
}

// maxFindings of one rule are listed for a campaign; the rest is counted.
const maxFindings = 20

// Check proves the database: SQLite's own structures, then for every campaign the conservation laws from its rows, the
// rollups against the rows, every recipient against its attempts and every attempt against its receipts. It reads one
// moment and needs the memory of one recipient. deep has SQLite compare its indexes with the tables too.
func (s *Store) Check(ctx context.Context, deep bool) (*CheckResult, error) {
	k := &checker{ctx: ctx, s: s, res: &CheckResult{Findings: []Finding{}}, seen: map[string]int{}}
	err := s.reading(ctx, func(c *conn) error {
		k.c = c
		for _, step := range []func() error{
			func() error { return k.integrity(deep) }, k.totals, k.campaigns, k.optOuts, k.beside,
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	return k.res, err
}

type checker struct {
	ctx      context.Context //nolint:containedctx // lives as long as one call of Check
	s        *Store
	c        *conn
	res      *CheckResult
	seen     map[string]int
	attempts map[int64]int64 // rows by campaign
	receipts map[int64]int64
}

func (k *checker) found(campaignName, rule, subject, format string, args ...any) {
	key := campaignName + "\x00" + rule
	if k.seen[key]++; k.seen[key] > maxFindings {
		k.res.More++
		return
	}
	k.res.Findings = append(k.res.Findings, Finding{campaignName, rule, subject, fmt.Sprintf(format, args...)})
}

func (k *checker) integrity(deep bool) error {
	pragma := `PRAGMA quick_check(20)`
	if deep {
		pragma = `PRAGMA integrity_check(20)`
	}
	d := row(1)
	return k.c.each(d, func() error {
		if text(d[0]) != "ok" {
			k.found("", "sqlite", "file", "%s", text(d[0]))
		}
		return k.ctx.Err()
	}, pragma)
}

// totals counts attempts and receipts by campaign, so that one which hangs on no recipient is missed.
func (k *checker) totals() error {
	k.attempts, k.receipts = map[int64]int64{}, map[int64]int64{}
	d := row(1)
	if err := k.c.each(d, func() error {
		k.attempts[campaignOf(integer(d[0]))]++
		k.res.Attempts++
		return nil
	}, `SELECT recipient_id FROM attempts`); err != nil {
		return err
	}
	d = row(3)
	return k.c.each(d, func() error {
		k.res.Receipts++
		if d[1] != nil {
			k.receipts[integer(d[0])]++
		} else if integer(d[0]) != 0 {
			k.found("", "receipt.parked", fmt.Sprintf("receipt %d", integer(d[2])), "belongs to a campaign but to no attempt")
		}
		return nil
	}, `SELECT campaign_id, attempt_id, id FROM receipts`)
}

func (k *checker) campaigns() error {
	type head struct {
		id                                 int64
		name, state                        string
		rows, invalid, duplicate, optedOut int64
		nextSeq                            int64
	}
	var all []head
	d := row(8)
	if err := k.c.each(d, func() error {
		all = append(all, head{integer(d[0]), text(d[1]), text(d[2]), integer(d[3]), integer(d[4]), integer(d[5]), integer(d[6]), integer(d[7])})
		return nil
	}, `SELECT id, name, state, rows, invalid, duplicate, opted_out, next_seq FROM campaigns ORDER BY id`); err != nil {
		return err
	}
	for _, h := range all {
		k.res.Campaigns++
		b := newBooks(h.id)
		if err := k.recipients(h.id, h.name, h.nextSeq, b); err != nil {
			return err
		}
		k.laws(h.name, campaign.Status(h.state), campaign.Counts{Rows: h.rows, Invalid: h.invalid, Duplicate: h.duplicate, OptedOut: h.optedOut}, b)
		if err := k.rollups(h.id, h.name, b); err != nil {
			return err
		}
		k.strays(h.name, "attempt.stray", "attempts", k.attempts[h.id], b.walked)
		k.strays(h.name, "receipt.stray", "receipts", k.receipts[h.id], b.receipts)
		delete(k.attempts, h.id)
		delete(k.receipts, h.id)
	}
	for id, n := range k.attempts {
		k.found("", "attempt.stray", fmt.Sprintf("campaign %d", id), "%d attempts of a campaign that does not exist", n)
	}
	for id, n := range k.receipts {
		k.found("", "receipt.stray", fmt.Sprintf("campaign %d", id), "%d receipts of a campaign that does not exist", n)
	}
	return nil
}

func (k *checker) strays(name, rule, what string, rows, walked int64) {
	if rows != walked {
		k.found(name, rule, what, "%d rows, of which %d hang on a recipient", rows, walked)
	}
}

// laws evaluates the sums of the architecture from the rows.
func (k *checker) laws(name string, st campaign.Status, n campaign.Counts, b *books) {
	for c, a := range b.recipients {
		n.Eligible += a.n
		n.Add(c.state, a.n)
	}
	for c, a := range b.attempts {
		n.Attempts += a.n
		switch c.state {
		case campaign.AttemptAccepted:
			n.AcceptedAttempts += a.n
		case campaign.AttemptRefused:
			n.RefusedAttempts += a.n
		case campaign.AttemptAmbiguous:
			n.AmbiguousAttempts += a.n
		case campaign.AttemptSending:
			n.SendingAttempts += a.n
		}
	}
	for i, l := range n.Laws() {
		if i == 0 && st == campaign.Importing {
			continue // the rows are counted when the file has been read
		}
		if !l.Holds() {
			k.found(name, "law", "campaign", "%s", l)
		}
	}
	if n.Accepted() != b.taken {
		k.found(name, "law", "campaign", "accepted = delivered + undelivered + awaiting + no_receipt: %d recipients with an accepted attempt that are done, %d in these states",
			b.taken, n.Accepted())
	}
	if st == campaign.Completed && n.Queued+n.Sending+n.Awaiting+n.Unknown > 0 {
		k.found(name, "completed", "campaign", "is completed with queued %d, sending %d, awaiting %d, unknown %d", n.Queued, n.Sending, n.Awaiting, n.Unknown)
	}
}

// books are the rollups as the rows give them.
type books struct {
	campaign   int64
	recipients map[recipientCell]amount
	attempts   map[attemptCell]amount
	walked     int64 // attempts that hang on a recipient
	receipts   int64 // receipts that hang on an attempt
	taken      int64 // recipients with an accepted attempt for whom nothing more is tried
	failedOver int64
}

func newBooks(campaignID int64) *books {
	return &books{campaign: campaignID, recipients: map[recipientCell]amount{}, attempts: map[attemptCell]amount{}}
}

// rollups compares what the writer kept with what the rows say.
func (k *checker) rollups(id int64, name string, b *books) error {
	d := row(5)
	if err := k.c.each(d, func() error {
		c := recipientCell{id, text(d[0]), campaign.State(text(d[1])), text(d[2])}
		k.compare(name, "rollup.recipients", fmt.Sprintf("%s %s %s", c.country, c.state, c.class), amount{integer(d[3]), integer(d[4]), 0}, b.recipients[c])
		delete(b.recipients, c)
		return nil
	}, `SELECT country, state, class, n, segments FROM recipient_counts WHERE campaign_id = ?`, id); err != nil {
		return err
	}
	for c, rows := range b.recipients {
		k.compare(name, "rollup.recipients", fmt.Sprintf("%s %s %s", c.country, c.state, c.class), amount{}, rows)
	}
	d = row(9)
	if err := k.c.each(d, func() error {
		c := attemptCell{id, integer(d[8]), integer(d[0]), text(d[1]), campaign.AttemptState(text(d[2])), text(d[3]), text(d[4])}
		k.compare(name, "rollup.attempts", c.String(), amount{integer(d[5]), integer(d[6]), integer(d[7])}, b.attempts[c])
		delete(b.attempts, c)
		return nil
	}, `SELECT carrier_id, country, state, class, receipt, n, segments, cost, hour FROM attempt_counts WHERE campaign_id = ?`, id); err != nil {
		return err
	}
	for c, rows := range b.attempts {
		k.compare(name, "rollup.attempts", c.String(), amount{}, rows)
	}
	return k.counter(id, name, "failed_over", b.failedOver)
}

func (k *checker) counter(id int64, name, counter string, rows int64) error {
	d := row(1)
	found, err := k.c.row(d, `SELECT n FROM counters WHERE campaign_id = ? AND name = ?`, id, counter)
	if err != nil {
		return err
	}
	if n := integer(d[0]); (found || rows != 0) && n != rows {
		k.found(name, "rollup.counters", counter, "the rollup says %d, the rows %d", n, rows)
	}
	return nil
}

func (c attemptCell) String() string {
	return strings.Join(strings.Fields(fmt.Sprintf("hour %d carrier %d %s %s %s %s", c.hour, c.carrier, c.country, c.state, c.class, c.receipt)), " ")
}

func (k *checker) compare(name, rule, subject string, rollup, rows amount) {
	if rollup != rows {
		k.found(name, rule, subject, "the rollup says n %d, segments %d, cost %d; the rows n %d, segments %d, cost %d",
			rollup.n, rollup.segments, rollup.cost, rows.n, rows.segments, rows.cost)
	}
}

// optOuts proves the list against the events that it follows from.
func (k *checker) optOuts() error {
	d := row(2)
	for _, q := range []struct{ what, query string }{
		{"is on the list without the event that put it there", `SELECT o.phone, o.scope FROM optouts o LEFT JOIN optout_events e ON e.id = o.event_id
			WHERE e.id IS NULL OR e.action <> 'add' OR e.phone <> o.phone OR e.scope <> o.scope`},
		{"was put on the list by its last event and is not there", `SELECT phone, scope FROM (SELECT phone, scope, action, max(id) FROM optout_events
			GROUP BY phone, scope) AS e WHERE action = 'add' AND NOT EXISTS (SELECT 1 FROM optouts o WHERE o.phone = e.phone AND o.scope = e.scope)`},
		{"was taken off the list by its last event and is still there", `SELECT phone, scope FROM (SELECT phone, scope, action, max(id) FROM optout_events
			GROUP BY phone, scope) AS e WHERE action = 'remove' AND EXISTS (SELECT 1 FROM optouts o WHERE o.phone = e.phone AND o.scope = e.scope)`},
	} {
		if err := k.c.each(d, func() error {
			k.found("", "optout", fmt.Sprintf("number ending in %03d, %s", integer(d[0])%1000, text(d[1])), "%s", q.what)
			return k.ctx.Err()
		}, q.query); err != nil {
			return err
		}
	}
	return nil
}

// final says whether a receipt settles an attempt.
func final(receipt string) bool { return carriers.ReceiptState(receipt).Final() }

// known says whether a state is one of the table's; the schema's CHECK says the same, unless somebody got round it.
func known(s campaign.State) bool { return slices.Contains(campaign.States(), s) }
